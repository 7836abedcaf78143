"""Design before the experiment: what it foretells is what fits find, and its advice is the best there is."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import truncnorm

import vrest
from tests.designs import animals, cells
from vrest.cli import main
from vrest.fitting.checks.candidates import rank, variations
from vrest.fitting.checks.identification import RECORDINGS, advise, foresee, left_out, listed, questions
from vrest.fitting.experiment.build import allowing_blocks
from vrest.fitting.experiment.experiment import Experiment
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.model.expected import ExpectedPosterior, expected_posterior
from vrest.fitting.planning.recovery import recover
from vrest.fitting.planning.simulate import stated_population
from vrest.models.errors import ConfigurationError, UnknownNameError
from vrest.models.priors import cut_at_zero


def plan(K_o, temperatures=(22.0,), pump=("on",), sodium=(1.0,), chloride=(1.0,), repeats=1, cells=0) -> pd.DataFrame:
    """Every combination of K_o (mM, replacing Na), temperature (°C), pump, and parts of Na_o and Cl_o left; in each cell."""
    names = ["K_o_mM", "temperature_C", "pump", "sodium", "chloride", "repeat", "cell"]
    levels = [K_o, temperatures, pump, sodium, chloride, range(repeats), [f"c{i}" for i in range(max(cells, 1))]]
    frame = pd.MultiIndex.from_product(levels, names=names).to_frame(index=False)
    frame["Na_o_mM"] = (149 - frame["K_o_mM"]) * frame["sodium"]
    frame["Cl_o_mM"] = 130 * frame["chloride"]
    return frame.drop(columns=["sodium", "chloride", "repeat", *([] if cells else ["cell"])])


def experiment_of(rows: pd.DataFrame, **settings) -> Experiment:
    return prepare(vrest.from_frame(rows, potentials=False), configure(**settings))


def truth_of(experiment: Experiment) -> dict[str, float]:
    return {p.name: TRUTH[p.name] for p in (*experiment.parameters, *experiment.spreads.values())}


def at_the_truth(experiment: Experiment) -> ExpectedPosterior:
    return expected_posterior(experiment, stated_population(experiment, truth_of(experiment)))


def mean_sd(experiment: Experiment) -> pd.Series:
    """Mean posterior sd of every quantity on its own scale, over fits of 20 data sets with the truth."""
    return recover(experiment, 20, truth_of(experiment)).ranks["sd"].mean("simulation").to_series()


TRUTH = {
    "P_Na/P_K": 0.03, "P_Cl/P_K": 0.1, "pump_mV": 5.0, "Q10_pump": 2.52, "Q10_leak": 1.4, "sigma_mV": 1.5, "K_i_mM": 140.0,
    "K_K_mM": 1.5, "n_K": 1.4, "K_Na_mM": 13.0, "n_Na": 2.0,
    "P_Na/P_K spread": 0.25, "P_Cl/P_K spread": 0.25, "pump_mV spread": 0.25,
}  # fmt: skip
SERIES = (2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0)
INSIDE = "K=140+-10,Na=12,Cl=10"
PLANS = {
    "temperature and block": (plan(SERIES, (15.0, 25.0, 35.0), ("on", "blocked")), {"inside": INSIDE}),
    "potassium alone": (plan(SERIES, repeats=3), {"inside": "K=140,Na=12,Cl=10"}),
    "potassium alone, inside uncertain": (plan(SERIES, repeats=3), {"inside": INSIDE}),
    "ghk": (plan(SERIES, repeats=2), {"inside": INSIDE, "law": "ghk"}),
    "low sodium": (plan(SERIES, sodium=(1.0, 0.1), repeats=2), {"inside": INSIDE}),
    "mullins-noda": (plan(SERIES, pump=("on", "blocked"), repeats=2), {"inside": INSIDE, "law": "mullins-noda"}),
    "kinetic": (
        plan((1.0, 2.5, 5.0, 10.0, 20.0, 40.0), (15.0, 25.0, 35.0), ("on", "blocked")),
        {"inside": "K=140,Na=12,Cl=10", "law": "ghk-pump-kinetic"},
    ),
    "few rows": (plan((2.5, 5.0, 10.0, 20.0), (15.0, 25.0)), {"inside": "K=140,Na=12,Cl=10"}),
    "cells": (plan((2.5, 10.0, 40.0), pump=("on", "blocked"), cells=8), {"inside": "K=140,Na=12,Cl=10"}),
}  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore:Baths with Na_o under")


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_foretold_sds_are_those_that_fits_find(name):
    """At a stated truth, within 20 % of the mean over 20 fits, for every parameter that those inform."""
    rows, settings = PLANS[name]
    experiment = experiment_of(rows, **settings)
    wanted = listed(experiment)
    expected = at_the_truth(experiment).expect(wanted)
    sampled = mean_sd(experiment)
    informed = {
        q.name: expected.sd[i] / sampled[q.name]
        for i, q in enumerate(wanted)
        if 1 - (sampled[q.name] / expected.prior_sd[i]) ** 2 > 0.5
    }
    print(name, len(rows), {name: round(float(ratio), 2) for name, ratio in informed.items()})
    assert informed
    assert max(abs(np.log(ratio)) for ratio in informed.values()) < np.log(1.2)


CANDIDATES = pd.concat(
    [
        plan((2.5,), pump=("blocked",)),
        plan((20.0,), pump=("blocked",)),
        plan((2.5,), sodium=(0.1,)),
        plan((2.5,), temperatures=(32.0,)),
        plan((2.5,), temperatures=(12.0,)),
        plan((2.5,), chloride=(0.1,)),
    ],
    ignore_index=True,
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "goal"),
    [
        ("potassium alone", "pump_mV"),
        ("potassium alone", "P_Cl/P_K"),
        ("potassium alone, inside uncertain", "P_Na/P_K"),
    ],
)
def test_the_first_ranked_bath_is_the_best_by_actual_fits(name, goal):
    """Of six candidates, three recordings each, over 20 seeds; best, or within 10 % of the best."""
    rows, settings = PLANS[name]
    experiment = experiment_of(rows, **settings)
    asked = {"add": CANDIDATES, "goal": goal, "recordings": 3, "truth": truth_of(experiment)}
    found = vrest.design(experiment.recordings, **asked, **settings)
    sampled = {}
    for k in range(len(CANDIDATES)):
        longer = experiment_of(pd.concat([rows, *[CANDIDATES.iloc[[k]]] * 3], ignore_index=True), **settings)
        sampled[f"row {k + 2}"] = mean_sd(longer)[goal]
    for p in found.proposals:
        print(name, goal, p.candidate, f"foretold {p.after.sd[0]:.3f}, fits {sampled[p.candidate.name]:.3f}")
    assert sampled[found.proposals[0].candidate.name] < 1.1 * min(sampled.values())


def foreseen(rows: pd.DataFrame, **settings) -> dict[str, float]:
    experiment = experiment_of(rows, **settings)
    expectation = expected_posterior(experiment).expect(questions(experiment))
    return {q.name: sd for q, sd in zip(expectation.quantities, expectation.sd, strict=True)}


def test_a_potassium_series_is_told_to_break_the_pumps_confounding():
    rows, settings = PLANS["potassium alone"]
    found = vrest.design(experiment_of(rows, **settings).recordings, goal="pump_mV", recordings=3, **settings)
    assert ("P_Na/P_K", "pump_mV") in [pair[:2] for pair in found.identification.confounded]
    best = [row.split(" (")[0].split(":")[0] for row in found.table["row"][:4]]
    assert set(best) == {"block the pump", "lower sodium", "warm", "cool"}
    assert (found.table["contraction"][:2] > 0.6).all()
    assert (found.table["sd_before"] == found.table["sd_before"][0]).all()
    assert found.table["sd_after"].is_monotonic_increasing
    assert list(found.table["rank"]) == list(range(1, 8))


@pytest.mark.parametrize("inside", [INSIDE, "K=140,Na=12,Cl=passive"])
def test_what_a_row_is_promised_to_add_is_what_the_longer_plan_has(inside):
    """Passive chloride too, which blocked rows bring back into the model."""
    rows = plan(SERIES, repeats=3)
    found = vrest.design(experiment_of(rows, inside=inside).recordings, add=CANDIDATES, recordings=3, inside=inside)
    for k in range(len(CANDIDATES)):
        longer = foreseen(pd.concat([rows, *[CANDIDATES.iloc[[k]]] * 3], ignore_index=True), inside=inside)
        of_row = found.table[found.table["row"].str.startswith(f"row {k + 2}:")].set_index("parameter")
        for name, sd in of_row["sd_after"].items():
            assert sd == pytest.approx(longer[name], rel=0.2), (k, name)


def test_passive_chloride_that_is_not_known_everywhere_stays_out():
    """Fits do not need it, so their advice must do without it."""
    rows = plan(SERIES)
    rows.loc[3:, "Cl_o_mM"] = np.nan
    assert "block the pump" in foresee(experiment_of(rows, inside="K=140,Na=12,Cl=passive"))[1].advice[0]


def test_next_rows_go_on_from_those_before():
    rows, settings = PLANS["potassium alone"]
    found = vrest.design(experiment_of(rows, **settings).recordings, add=CANDIDATES, next_rows=3, **settings)
    first, second, third = (step.set_index("parameter") for _, step in found.next_rows.groupby("rank"))
    best = found.table[found.table["rank"] == 1]
    assert list(first["row"]) == list(best["row"])
    pd.testing.assert_series_equal(second["sd_before"], first["sd_after"], check_names=False)
    assert (third["sd_after"] < second["sd_after"]).all()


def test_advice_is_the_design_of_the_same_rows():
    rows, settings = PLANS["potassium alone"]
    experiment = experiment_of(rows, **settings)
    advice = foresee(experiment)[1].advice[0]
    found = vrest.design(experiment.recordings, recordings=RECORDINGS, **settings)
    of_row = found.table[found.table["row"].str.startswith("block")].set_index("parameter")
    for name in ("P_Na/P_K", "pump_mV"):
        gain = 1 - of_row["sd_after"][name] / of_row["sd_before"][name]
        assert f"{name} by {gain:.0%}" in advice


def test_candidates_of_a_table_are_its_distinct_conditions():
    rows, settings = PLANS["potassium alone"]
    again = pd.concat([CANDIDATES[:2], CANDIDATES[:2]])
    found = vrest.design(experiment_of(rows, **settings).recordings, add=again, goal="pump_mV", **settings)
    assert sorted(found.table["row"]) == [
        "row 2: K_o 2.5 mM, Na_o 146.5 mM, Cl_o 130 mM, 22 °C, blocked",
        "row 3: K_o 20 mM, Na_o 129 mM, Cl_o 130 mM, 22 °C, blocked",
    ]


def test_cells_count_as_in_the_joint_posterior_of_all_of_them():
    """Against the dense precision of the population's and all cells' parameters together."""
    experiment = experiment_of(*PLANS["cells"][:1], **PLANS["cells"][1])
    expected = at_the_truth(experiment)
    parameters = experiment.inferred
    varying = [k for k, p in enumerate(parameters) if p.name in experiment.spreads]
    to_own = np.array([TRUTH["pump_mV"] if parameters[k].name == "pump_mV" else 1.0 for k in varying])
    size, cells = len(parameters), len(experiment.levels.cells)
    dense = np.diag([1 / p.prior.uncut[1] ** 2 for p in parameters] + list(expected.spread[0, 0] ** -2.0) * cells)
    for cell, information in enumerate(expected.information[0]):
        own = size + len(varying) * cell + np.arange(len(varying))
        to_all = np.zeros((size, len(dense)))
        to_all[:, :size] = np.eye(size)
        to_all[varying, own] = to_own
        dense += to_all.T @ information @ to_all
    precision = expected.of_groups[0][0, 0] + np.diag([1 / p.prior.uncut[1] ** 2 for p in parameters])
    np.testing.assert_allclose(np.linalg.inv(precision), np.linalg.inv(dense)[:size, :size], rtol=1e-6)


def test_groups_have_their_own_parameters_and_share_the_rest():
    rows = plan((2.5, 10.0, 40.0), (15.0, 30.0), ("on", "blocked"), cells=8)
    rows["cell_type"] = np.where(rows["cell"] < "c4", "A", "B")
    names = [
        q.label for q in foresee(experiment_of(rows, inside="K=140+-10,Na=12,Cl=10", by="cell_type"))[0].quantities
    ]
    assert names[:2] == ["P_Na/P_K (A)", "P_Na/P_K (B)"]
    assert "Q10_pump/Q10_leak" in names
    assert "K_i_mM" in names


def test_normals_cut_at_zero():
    for mean, sigma in ((-3.0, 1.0), (0.0, 8.0), (2.0, 1.5), (30.0, 2.0)):
        known = truncnorm(-mean / sigma, np.inf, mean, sigma)
        np.testing.assert_allclose(cut_at_zero(mean, sigma), (known.mean(), known.std()), rtol=1e-6)


def test_a_stated_truth_takes_the_place_of_the_priors():
    rows, settings = PLANS["potassium alone"]
    experiment = experiment_of(rows, **settings)
    found = vrest.design(experiment.recordings, truth=truth_of(experiment), goal="P_Na/P_K", **settings)
    assert "at the stated truth" in str(found)
    assert found.table["sd_before"][0] == pytest.approx(at_the_truth(experiment).expect(listed(experiment)).sd[0])
    leakier = {**truth_of(experiment), "P_Na/P_K": 0.2}
    assert (
        vrest.design(experiment.recordings, truth=leakier, **settings).table["sd_before"][0]
        < 0.8 * found.table["sd_before"][0]
    )


def test_refusals():
    rows, settings = PLANS["potassium alone"]
    recordings = experiment_of(rows, **settings).recordings
    with pytest.raises(UnknownNameError, match=r"goal=.pump_mv.: .* Did you mean 'pump_mV'"):
        vrest.design(recordings, goal="pump_mv", **settings)
    with pytest.raises(ConfigurationError, match="nothing to infer"):
        vrest.design(recordings, "nernst", inside="K=140")
    with pytest.raises(ConfigurationError, match="at least 1"):
        vrest.design(recordings, recordings=0, **settings)


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan(SERIES, repeats=2).to_csv("plan.csv", index=False)
    CANDIDATES.to_csv("add.csv", index=False)
    asked = ["design", "plan.csv", "--inside", INSIDE, "--goal", "pump_mV", "--add", "add.csv", "--choose", "2"]
    assert main(asked) == 0
    out, err = capsys.readouterr()
    assert "1 row 4: K_o 2.5 mM, Na_o 14.65 mM, Cl_o 130 mM, 22 °C" in " ".join(out.split())
    assert "one recording more" in err
    folder = tmp_path / "plan-ghk-pump-design"
    written = pd.read_csv(folder / "design.csv")
    assert list(written) == ["rank", "row", "parameter", "sd_before", "sd_after", "contraction"]
    assert set(written["parameter"]) == {"pump_mV"}
    assert len(pd.read_csv(folder / "next_rows.csv")) == 2
    assert main(asked) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*asked, "--force", "--goal", "pump"]) == 2
    assert "pump_mV" in capsys.readouterr().err


def test_a_row_in_which_the_law_is_doubtful_says_so_and_yields_to_a_sound_one_that_is_nearly_as_good():
    alike = {f"{name} spread": "HalfNormal(0.3)" for name in ("P_Na/P_K", "P_Cl/P_K", "pump_mV")}
    found = vrest.design(plan(SERIES[:3], cells=3), inside="K=140,Na=12,Cl=10", priors=alike)
    low_sodium, sound = found.proposals[1].candidate, found.proposals[0]
    assert (low_sodium.name, sound.candidate.name) == ("lower sodium", "block the pump (ouabain, minutes only)")
    assert np.mean(np.log(found.proposals[1].after.sd / sound.after.sd)) < 0  # by its promise alone it would be first
    assert str(low_sodium).endswith("22 °C; the law is doubtful there")
    assert found.table["row"].str.endswith("doubtful there").sum() == len(sound.after.quantities)
    assert any("within minutes Na_i falls" in note for note in found.notes)
    only = vrest.design(plan(SERIES[:3]), add=plan((2.5,), sodium=(0.1,)), goal="p_Na", inside="K=140,Na=12,Cl=10")
    assert only.proposals[0].after.quantities[0].name == "P_Na/P_K"  # by the tree's name
    assert [p.candidate.doubts != () for p in only.proposals] == [True]


def test_advice_on_cells_promises_what_one_recording_in_every_cell_adds():
    e = experiment_of(plan((2.5, 10.0, 40.0), cells=6), inside=INSIDE)
    expected = expected_posterior(allowing_blocks(e))
    (pump,) = [q for q in questions(e) if q.name == "pump_mV"]
    (sentence, *_) = advise(expected, [pump])
    assert "one recording in every cell" in sentence
    name = sentence.removeprefix("Add rows that ").split(":")[0]
    (proposed,) = [p for p in rank(expected, [pump], variations(e), 1) if p.candidate.name == name]
    assert f"pump_mV by {proposed.narrowing[0]:.0%}" in sentence
    twice = [p for p in rank(expected, [pump], variations(e), 2) if p.candidate.name == name]
    assert f"{twice[0].narrowing[0]:.0%}" != f"{proposed.narrowing[0]:.0%}", "the number of recordings shows"


def test_next_rows_are_printed_only_where_they_were_asked_for():
    rows = vrest.from_frame(plan((2.5, 10.0)), potentials=False)
    asked, unasked = (str(vrest.design(rows, inside=INSIDE, next_rows=n)) for n in (1, 0))
    assert "The next rows, each chosen with those before it made:" in asked
    assert "The next rows" not in unasked


def test_animals_that_hold_several_types_are_said_to_be_left_out_of_the_reckoning():
    assert not left_out(animals())
    (said,) = left_out(animals(mixed=True))
    assert said.startswith("Units of animal hold cells of several levels of cell_type")
    (offsets,) = left_out(cells(offset="cell"))
    assert "Errors of electrodes" in offsets
