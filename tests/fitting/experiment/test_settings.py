"""Settings are declared once: what each declaration serves agrees with it, and whatever a file holds, no traceback."""

import argparse
import inspect
import math
from dataclasses import fields

import pytest
import tomli_w
from hypothesis import example, given
from hypothesis import strategies as st

import vrest
from vrest.cli import main
from vrest.data.tables.table import to_frame
from vrest.fitting.experiment.build import build_experiment
from vrest.fitting.experiment.command import Command
from vrest.fitting.experiment.config import Config, Sampling, parse_config
from vrest.fitting.experiment.inside import Inside
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.experiment.settings import MODEL, ONE_FIT, SAMPLING, TABLE, declaration, form, settings
from vrest.flags import add_setting_flags, as_flag, settings_from
from vrest.models.errors import ConfigurationError, DataWarning, VrestError, typed
from vrest.models.ions import IONS
from vrest.models.priors import Fixed, Gamma, HalfNormal, LogNormal, Normal, parse_prior

NAMES = [f.name for f in fields(Config)]
NESTED = [f.name for f in fields(Sampling)]
TABLES = {"": Config, "sampling": Sampling, "command": Command}
numbers = st.floats(1e-6, 1e5)
widths = st.floats(1e-3, 5)
priors = st.one_of(
    st.builds(LogNormal, numbers, widths),
    st.builds(HalfNormal, numbers),
    numbers.flatmap(
        lambda x: st.builds(Normal, st.sampled_from([x, -x, 0.0]), widths.map(lambda w: w * x), st.just(False))
    ),
    numbers.flatmap(lambda x: st.builds(Normal, st.just(x), widths.map(lambda w: w * x))),
    st.floats(0.01, 100.0).flatmap(lambda x: st.builds(Gamma, st.just(x), st.floats(x / 1e4, 1e4))),
    st.builds(Fixed, st.floats(1e-6, 1e6) | st.just(0.0)),
)
insides = st.one_of(
    st.just(Inside(passive=True)),
    st.builds(Inside, st.floats(1.0, 1000.0)),
    st.floats(1.0, 1000.0).flatmap(lambda x: st.builds(Inside, st.just(x), st.floats(x / 1e5, x * 0.9))),
    st.builds(Inside, st.floats(1.0, 1000.0), st.just(0.0)),
)
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip)
configs = st.builds(
    Config,
    data=st.none() | words,
    delimiter=st.sampled_from(["", ";", "tab", "\t"]),
    decimal=st.sampled_from(["", ",", "."]),
    columns=st.dictionaries(words, words, max_size=3),
    temperature_C=st.none() | st.floats(-2, 50),
    where=st.none() | words,
    ions=st.lists(st.sampled_from([*IONS]), unique=True, max_size=3).map(tuple),
    inside=st.dictionaries(st.sampled_from(["Na", "Cl", "Ca"]), insides, max_size=3),
    priors=st.dictionaries(words, priors, max_size=3),
    reference=st.dictionaries(words, st.floats(-1e6, 1e6), max_size=2),
    vary=st.none() | st.just(()) | st.just(("pump_mV",)),
    offset=st.sampled_from([(), ("cell",), ("solution", "cell")]),
    robust=st.booleans(),
    robust_cells=st.booleans(),
    interval=st.floats(0.5, 0.999),
    seed=st.integers(0, 2**63 - 1),
    command=st.builds(
        Command, words, each=st.none() | words, add=st.none() | words, n=st.none() | st.integers(20, 100_000)
    ),
    sampling=st.builds(Sampling, draws=st.integers(50, 10**6), target_accept=st.floats(0.5, 0.999)),
)
anything = st.recursive(
    st.one_of(
        st.text(max_size=8),
        st.booleans(),
        st.integers(),
        st.sampled_from([2**63, 2**64, 10**400, -1, 0, 1]),
        st.floats(),
        st.dates(),
        st.datetimes(),
        st.times(),
        st.sampled_from(["K=140", "passive", "LogNormal(800, 1)", "Fixed(1e999)", "140+-1e999", "cell", "0x10"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from([*NAMES, *NESTED, "name", "each", "lawe", "", "P_Na/P_K"]) | st.text(max_size=6)


@given(configs)
def test_what_is_written_reads_back_to_the_same_configuration_to_the_last_digit(config):
    assert parse_config(config.to_toml()) == config


@given(st.dictionaries(keys, anything | st.dictionaries(keys | st.sampled_from(["K", "K_o_mM"]), anything, max_size=3)))
@example({"x": [[[[[[[[1]]]]]]]]})
@example({"sampling": 3})
@example({"sampling": []})
@example({"sampling": {"target_accept": "high"}})
@example({"seed": -1})
@example({"reference": {"K_o_mM": "five"}})
@example({"sampling.draws": 3})
def test_whatever_a_file_holds_is_read_or_refused_in_a_sentence(table):
    refusal, config = "mine.toml: ", Config()
    try:
        config = parse_config(tomli_w.dumps(table), "mine.toml")
    except VrestError as error:
        refusal = str(error)
    assert refusal.startswith("mine.toml: ")
    assert len(refusal) < 1500
    assert parse_config(config.to_toml()) == config


@given(
    st.dictionaries(
        st.sampled_from([*NAMES, *NESTED, "lawe"]), anything | st.none() | st.binary() | st.complex_numbers()
    )
)
@example({"ions": 3})
@example({"columns": 3})
@example({"columns": ["a", 3]})
@example({"inside": [("K", 140)]})
@example({"priors": "P_Na/P_K=1"})
@example({"offset": "cel"})
@example({"texts": False})
def test_whatever_a_keyword_is_given_is_read_or_refused_in_a_sentence(keywords):
    try:
        config = configure(**keywords)
    except VrestError as error:
        refusal = str(error)
        assert len(refusal) < 1500
    else:
        assert parse_config(config.to_toml()) == config


@pytest.mark.parametrize(("table", "name"), [(table, f.name) for table, of in TABLES.items() for f in fields(of)])
@pytest.mark.parametrize(
    "value", [{"a": {"b": 1}}, [[1]], math.nan, math.inf, True, 10**30, -(10**30), "", "\0"], ids=repr
)
def test_each_setting_refuses_what_it_cannot_be_by_its_name(table, name, value):
    f = settings(TABLES[table])[name]
    legal = {
        "robust": [True],
        "robust_cells": [True],
        "strict": [True],
        "temperature_C": [10**30, -(10**30)],
    }  # the reader of the table knows what is too hot
    if value in legal.get(f.name, []) or value == f.default == "":
        return
    with pytest.raises(VrestError, match=f"{table}.?{f.name}"):
        parse_config(tomli_w.dumps({table: {f.name: value}} if table else {f.name: value}))


@pytest.mark.parametrize("text", ["x = " + "[" * 3000, "seed = " + "9" * 5000, "a = 1\na = 2", "[sampling\n", "\0"])
def test_a_file_that_is_no_toml_is_a_sentence(text):
    with pytest.raises(ConfigurationError, match="not readable as TOML"):
        parse_config(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("draws = 500", "unknown setting draws. It stands under \\[sampling\\]"),
        ("tunes = 500", "Did you mean 'tune'"),
        ("offset = ['cel']", "offset = \\['cel'\\] is not a list of some of cell, solution. Did you mean 'cell'"),
        ("spread = 'grup'", "spread = 'grup' is not one of auto, shared, group. Did you mean 'group'"),
        ("[reference]\nK_o_mM = 'five'", "reference.K_o_mM = 'five' is not a number"),
        ("[columns]\nV_m_mV = 3", "columns.V_m_mV = 3 is not text in quotes"),
        ("[inside]\nK = {a = 1}", "cannot read K="),
        ("[inside]\nNA = 12", "unknown ion 'NA'. Did you mean 'Na'"),
        ("interval = 95", "interval = 95 is not a number of at most 0.999, such as 0.95"),
        ("seed = 2026-01-01", "seed = 2026-01-01 is not"),
        ("where = ' '", "where = ' ' is empty"),
    ],
)
def test_refusals_name_the_key_and_what_it_may_be(text, says):
    with pytest.raises(VrestError, match=f"^configuration: {says}|{says}"):
        parse_config(text)


def test_every_flag_serves_its_setting_and_every_keyword_is_listed():
    parser = argparse.ArgumentParser()
    add_setting_flags(parser, TABLE, MODEL, SAMPLING, ONE_FIT)
    signature, doc, shown = inspect.signature(vrest.fit), vrest.fit.__doc__, " ".join(parser.format_help().split())
    for f in (*settings(Config).values(), *settings(Sampling).values()):
        s = declaration(f)
        assert (f.name in signature.parameters) == s.keyword
        assert not s.keyword or f"{f.name} : {s.meaning}" in doc or f.name == "law"
        assert not s.flag or f"{s.flag} {s.metavar}".strip() in shown
    typed = parser.parse_args(["--option", "davies", "--option", "rectification,pump_ratio", "--target-accept", ".9"])
    config = settings_from(typed)
    assert config.options == ("davies", "rectification", "pump_ratio")
    assert config.sampling == Sampling(target_accept=0.9)
    assert settings_from(parser.parse_args([])) == Config()


def test_keywords_are_read_as_a_file_is_and_take_what_arrays_hold():
    import numpy as np

    config = configure(seed=np.int64(3), reference={"K_o_mM": np.float64(5)}, ions=np.array(["K", "Na"]), draws=200)
    assert config == configure(seed=3, reference={"K_o_mM": 5.0}, ions="K, Na", sampling=Sampling(draws=200))
    assert configure(inside={"K": (140, 10), "Na": 12}).inside == {"K": Inside(140.0, 10.0), "Na": Inside(12.0)}
    for wrong, says in (
        ({"seed": "1"}, "seed = '1' is not a whole number"),
        ({"robust": 1}, "robust = 1 is not true or false"),
        ({"draw": 200}, "unknown setting draw. Did you mean 'draws'"),
        ({"inside": {"K": (140, 10, 1)}}, "cannot read K="),
    ):
        with pytest.raises(ConfigurationError, match=says):
            configure(**wrong)


@given(priors)
def test_priors_read_back_to_the_same(prior):
    assert parse_prior(str(prior)) == prior


@pytest.mark.parametrize(
    "text",
    [
        "LogNormal(log 1e-300, 1)", "LogNormal(log 0.02, 1e6)", "LogNormal(log 0.02, 1e-300)", "LogNormal(100, 1)",
        "Normal(0, 1e-300)", "Normal(140, 1e-6)", "Normal(-1e6, 1) > 0", "HalfNormal(1e-300)", "Gamma(1e6, 1e-300)",
        "Gamma(1e-300, 1)", "Fixed(1e999)", "HalfNormal(1e999)", "Fixed(1e300)",
    ],
)  # fmt: skip
def test_priors_that_nothing_can_be_computed_with_are_refused(text):
    with pytest.raises(ConfigurationError, match=r"out of all proportion|no parameter has"):
        parse_prior(text)


def test_a_Q10_that_is_none_is_refused():
    for prior in (1e6, 0, "HalfNormal(1e6)"):
        with pytest.raises(ConfigurationError, match=r"priors: Q10_pump = .* lies between 0.1 and 100"):
            build_experiment(vrest.load_data("crayfish_muscle"), configure(ions="K,Na", priors={"Q10_pump": prior}))


@pytest.mark.parametrize("text", ["Normal(log 140, 10)", "HalfNormal(log 8)", True, [1], {"a": 1}, ""])
def test_what_would_be_read_otherwise_than_it_is_written_is_no_prior(text):
    with pytest.raises(ConfigurationError, match="cannot read the prior"):
        parse_prior(text)


def test_the_number_of_processors_is_no_part_of_the_analysis():
    config = configure(cores=3)
    assert config.sampling.cores == 3
    assert config == Config()
    assert "cores" not in config.to_toml()


def test_forms_in_words():
    assert form(settings(Config)["ions"]) == 'a list such as ["K", "Na"]'
    assert form(settings(Sampling)["draws"], 10**9) == "a whole number of at most 1000000"


def test_hints_are_keywords_in_python_and_flags_on_the_command_line(capsys):
    recordings = vrest.load_data("crayfish_muscle").assign_attrs(inside="")
    with pytest.raises(ConfigurationError, match='Type for example inside="K=140\\+-10,Na=12", or add'):
        vrest.fit(recordings, ions="K,Na")
    with pytest.raises(VrestError, match="by=\"cell_typ\": there is no column 'cell_typ'"):
        vrest.fit(recordings, ions="K,Na", inside="K=140,Na=12", by="cell_typ")
    assert (
        main(["check", "crayfish_muscle", "--ions", "K,Na,Cl", "--inside", "Cl=5"]) == 2
    )  # chloride is not known in all baths
    assert "leave Cl out of --ions" in capsys.readouterr().err
    assert main(["check", "crayfish_muscle", "--ions", "K,Na,Ca", "--inside", "Ca=1"]) == 2
    assert "leave the ion out: --ions K,Na." in capsys.readouterr().err
    with pytest.raises(ConfigurationError, match='leave the ion out: ions="K,Na"'):
        vrest.fit(recordings, ions="K,Na,Ca", inside="K=140,Na=12,Ca=1")


def test_how_settings_are_typed():
    assert as_flag("inside", "K=140+-10") == "--inside K=140+-10"
    assert as_flag("columns", {"V_m_mV": "RMP (mV)"}) == '--map V_m_mV="RMP (mV)"'
    assert as_flag("options", ["davies", "rectification"]) == "--option davies,rectification"
    assert as_flag("where", "drug == 'none'") == "--where \"drug == 'none'\""
    assert as_flag("vary", ["pump_mV"]) == 'vary = ["pump_mV"] in the configuration'
    assert (as_flag("force", True), as_flag("where"), as_flag("temperature_C", 22)) == (
        "--force",
        "--where",
        "--temperature 22",
    )
    assert typed("temperature_C", 22) == "temperature_C=22"
    assert typed("columns", {"V_m_mV": "RMP (mV)"}) == 'columns={"V_m_mV": "RMP (mV)"}'
    assert (typed("force", True), typed("where")) == ("force=True", "where=…")


def test_priors_go_by_either_name_but_not_by_both():
    recordings = vrest.load_data("crayfish_muscle")

    def prior(**priors):
        experiment = build_experiment(recordings, configure(ions="K,Na", law="ghk", priors=priors))
        assert set(experiment.config.priors) == {"P_Na/P_K"}
        return str({p.name: p.prior for p in experiment.parameters}["P_Na/P_K"])

    assert prior(p_Na="LogNormal(log 0.02, 0.5)") == prior(**{"P_Na/P_K": "LogNormal(log 0.02, 0.5)"})
    assert prior(p_Na="LogNormal(log 0.02, 0.5)") == "LogNormal(log 0.02, 0.5)"
    with pytest.raises(ConfigurationError, match="p_Na and P_Na/P_K are one parameter"):
        prior(**{"p_Na": 0.1, "P_Na/P_K": 0.1})
    with pytest.raises(VrestError, match="no parameter 'p_K'"):
        prior(p_K=0.1)


@pytest.mark.parametrize(("name", "value"), [("K_o_mM", -5), ("temperature_C", 295), ("Na_o_mM", 1e6)])
def test_a_reference_that_no_bath_can_be_is_refused(name, value):
    reference = {"K_o_mM": 5.0, "Na_o_mM": 140.0, "temperature_C": 20.0, name: value}
    with pytest.raises(ConfigurationError, match=f"reference.{name} = .* is not between"):
        build_experiment(vrest.load_data("crayfish_muscle"), configure(ions="K,Na", reference=reference))


def test_a_data_frame_is_read_as_a_table_is():
    frame = to_frame(vrest.load_data("crayfish_muscle")).drop(columns="temperature_C").rename(columns={"V_m_mV": "RMP"})
    settings = {
        "ions": "K,Na",
        "law": "ghk",
        "inside": "K=250,Na=20",
        "columns": {"V_m_mV": "RMP"},
        "temperature_C": 20,
    }
    with pytest.warns(DataWarning):  # of the junction potential
        experiment = prepare(frame, configure(**settings))
    assert experiment.recordings["V_m"].to_numpy() == pytest.approx(frame["RMP"].to_numpy())
    assert (experiment.conditions.temperature_C == 20).all()
    with pytest.raises(ConfigurationError, match="be a pandas DataFrame, not a dict"):
        vrest.fit({"V_m_mV": [-70]})


def test_a_spread_for_each_group_needs_groups():
    with pytest.raises(ConfigurationError, match='needs groups of cells: by="cell_type"'):
        build_experiment(vrest.load_data("crayfish_muscle"), configure(ions="K,Na", spread="group"))
