"""Configuration: TOML there and back, inside concentrations, and sentences for what cannot be read."""

import pytest

from vrest.fitting.experiment.config import Config, Sampling, parse_config, read_config
from vrest.fitting.experiment.inside import Inside, parse_inside, parse_insides
from vrest.fitting.experiment.prepare import configure
from vrest.models.errors import ConfigurationError, UnknownNameError
from vrest.models.priors import LogNormal

FULL = Config(
    data="recordings.csv",
    law="ghk",
    ions=("K", "Na"),
    inside={"K": Inside(140.0, 10.0), "Na": Inside(12.0), "Cl": Inside(passive=True)},
    priors={"P_Na/P_K": LogNormal(0.02, 0.5)},
    reference={"K_o_mM": 5.0, "temperature_C": 22.0},
    where="K_o_mM > 2",
    temperature_C=22.0,
    columns={"V_m_mV": "RMP (mV)"},
    robust=True,
    robust_cells=True,
    seed=7,
    sampling=Sampling(draws=500, sampler="pymc"),
)


def test_toml_reads_back_to_the_same_configuration():
    assert parse_config(FULL.to_toml()) == FULL
    assert parse_config("") == Config()
    assert parse_config(Config().to_toml()) == Config()


def test_inside_as_typed():
    assert parse_insides("K=140+-10, Na=12,Cl=passive") == {
        "K": Inside(140.0, 10.0), "Na": Inside(12.0), "Cl": Inside(passive=True),
    }  # fmt: skip
    assert parse_inside("K", "140±10") == parse_inside("K", "140 +/- 10 mM") == Inside(140.0, 10.0)
    assert parse_insides({"K": 140, "Na": "12+-2"}) == {"K": Inside(140.0), "Na": Inside(12.0, 2.0)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("K:140", "'K:140'"),
        ("K=about 140", "Write K=140, K=140\\+-10 or K=passive"),
        ("K=0.14", "if it is molar, type K=140"),
        ("K=0", "above 0"),
        ("K=2000", "at most 1000"),
        ("K=140+-200", "smaller than the value"),
        ("K=passive", "K cannot be passive"),
        ("K=140,K=150", "gives K twice"),
    ],
)
def test_unreadable_inside(text, says):
    with pytest.raises(ConfigurationError, match=says):
        parse_insides(text)


def test_unknown_ion_inside():
    with pytest.raises(UnknownNameError, match="Did you mean 'Na'"):
        parse_insides("NA=12")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lawe = 'ghk'", "unknown setting lawe. Did you mean 'law'"),
        ("[sampling]\ntunes = 100", "unknown setting sampling.tunes. Did you mean 'tune'"),
        ("law = ghk", "not readable as TOML"),
        ("ions = 'K'", 'is not a list such as \\["K", "Na"\\]'),
        ("seed = 1.5", "is not a whole number"),
        ("robust = 1", "is not true or false"),
        ("[priors]\n'P_Na/P_K' = 'small'", "cannot read the prior 'small'"),
        ("[sampling]\nchains = 1", "sampling.chains = 1 is not a whole number of at least 2"),
        ("[sampling]\ntarget_accept = 1.2", "target_accept = 1.2 is not a number of at most 0.9999"),
        ("[sampling]\nsampler = 'nutpy'", "Did you mean 'nutpie'"),
    ],
)
def test_bad_configuration_names_file_and_setting(tmp_path, text, says):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=says) as caught:
        read_config(path)
    assert str(caught.value).startswith("mine.toml: ")


def test_missing_configuration(tmp_path):
    with pytest.raises(ConfigurationError, match="no such configuration file"):
        read_config(tmp_path / "absent.toml")


def test_data_is_taken_from_the_files_folder(tmp_path):
    (tmp_path / "r.csv").write_text("V_m_mV\n")
    (tmp_path / "c.toml").write_text("data = 'r.csv'")
    assert read_config(tmp_path / "c.toml").data == str(tmp_path / "r.csv")


def test_settings_are_laid_over_a_configuration_and_merged_by_name():
    config = configure(FULL, law="ghk-pump", inside="Na=15", priors={"P_Na/P_K": 0.03}, ions="K,Na,Cl")
    assert (config.law, config.ions) == ("ghk-pump", ("K", "Na", "Cl"))
    assert config.inside == {**FULL.inside, "Na": Inside(15.0)}
    assert str(config.priors["P_Na/P_K"]) == "Fixed(0.03)"
    assert config.where == FULL.where
