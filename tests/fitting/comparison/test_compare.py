"""Contrasts of groups, predictions, and laws compared by what they predict."""

from dataclasses import replace

import arviz as az
import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp
from scipy.stats import norm, ttest_ind

from tests.many_cells import many_cells
from tests.synthetic import INSIDE, recordings
from vrest.cli import main
from vrest.data.tables.table import to_frame
from vrest.fitting.comparison import elpd
from vrest.fitting.comparison.contrasts import COLUMNS, _contrast
from vrest.fitting.comparison.units import units
from vrest.fitting.comparison.words import contrasts_in_words, potentials_in_words
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.experiment.interval import bounds
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.fit import Fit, fit
from vrest.fitting.report.pictures import contrast_kinds, contrasts_figure
from vrest.fitting.sampling.sampling import draw
from vrest.models.errors import ConfigurationError, UnknownNameError
from vrest.models.ions import ion
from vrest.models.parameters import PUMP, RECTIFICATION, permeability_ratio

BATHS = pd.DataFrame(
    {"K_o_mM": [4.0, 40.0], "Na_o_mM": [145.0, 109.0], "Cl_o_mM": 130.0, "temperature_C": 22.0, "pump": "on"}
)


def test_contrasts_find_the_difference_that_is_there(typed_fit, full_fit):
    result, _ = typed_fit
    table = result.contrasts()
    assert list(table.columns) == COLUMNS
    assert (table["parameter"][0], table["kind"][0]) == ("V_m_mV", "difference")
    row = table.set_index("parameter").loc["P_Na/P_K"]
    assert (row["kind"], row["a"], row["b"]) == ("ratio", "A", "B")
    assert row["lower"] < 0.5 < row["upper"]
    assert row["p_direction"] > 0.95
    assert row["p_rope"] < 0.1
    p_Na = result.tree["posterior"]["p_Na"].to_numpy()
    assert row["median"] == pytest.approx(np.median(p_Na[..., 0] / p_Na[..., 1]))
    pump = table.set_index("parameter").loc["pump_mV"]
    assert pump["kind"] == "difference"
    assert pump["lower"] < 0 < pump["upper"]  # there is none in the truth
    assert "Q10_pump" not in set(table["parameter"])  # shared by both
    assert [axes.get_xlabel().split("\n")[0] for axes in contrasts_figure(result).axes] == [
        "difference (mV)", "ratio (logarithmic)",
    ]  # fmt: skip
    axes = result.plot_contrasts(kind="ratio")
    words = [label.get_text() for label in axes.get_yticklabels()]
    assert words == ["P_Na/P_K: A / B", "P_Cl/P_K: A / B", "pump_current_mM: A / B"]
    assert axes.collections[1].get_offsets()[0, 0] == pytest.approx(row["median"])
    with pytest.raises(UnknownNameError, match="Kinds: difference, ratio"):
        result.plot_contrasts(kind="rations")
    with pytest.raises(ConfigurationError, match="no groups to compare"):
        full_fit.contrasts()


def test_contrasts_have_the_interval_that_was_asked_for(typed_fit):
    result = typed_fit[0]
    config = replace(result.experiment.config, interval=0.5)
    narrow = Fit(result.tree, replace(result.experiment, config=config))
    row = narrow.contrasts().set_index("parameter").loc["P_Na/P_K"]
    p_Na = result.tree["posterior"]["p_Na"].to_numpy()
    quartiles = np.quantile(p_Na[..., 0] / p_Na[..., 1], [0.25, 0.75])
    assert (row["lower"], row["upper"]) == pytest.approx(tuple(quartiles))
    assert "50% interval" in narrow.plot_contrasts(kind="ratio").get_xlabel()


def test_the_first_contrast_is_V_m_of_each_group_as_predict_has_it(typed_fit):
    result, _ = typed_fit
    first, here = result.contrasts().iloc[0], result.experiment.reference
    bath = {f"{name}_o_mM": [x] for name, x in here.c_o.items()} | {"temperature_C": [here.temperature_C]}
    predicted = result.predict(pd.DataFrame(bath)).set_index("cell_type")["median"]
    # the median of a difference of skewed draws is near the difference of their medians, and no more
    assert first["median"] == pytest.approx(
        predicted["A"] - predicted["B"], abs=0.1 * (first["upper"] - first["lower"])
    )
    words = potentials_in_words(result)
    assert words.startswith("In the reference bath (K_o 2.5 mM")
    assert f"{predicted['A']:.1f} mV in A (89% interval" in words
    said = contrasts_in_words(result, result.contrasts())
    assert said[0].startswith(
        f"V_m of A lies {-first['median']:.1f} mV below that of B (89% interval of the difference -"
    )
    probability = float(said[0].rstrip(".").split("lower with probability ")[1].removeprefix("above "))
    assert probability == pytest.approx(first["p_direction"], abs=1e-3)
    assert probability > 0.98


def one_bath(scatter: float = 4.0, repeats: int = 1, **columns) -> pd.DataFrame:
    """Two genotypes of ten cells in one bath, 5 mV apart."""
    rng = np.random.default_rng(4)
    genotype = np.repeat(["WT", "KO"], 10 * repeats)
    table = pd.DataFrame({"Genotype": genotype, "cell": np.repeat([f"c{i}" for i in range(20)], repeats)})
    V_m = np.where(genotype == "WT", -70.0, -65.0) + rng.normal(0, scatter, len(table))
    bath = {"K_o_mM": 2.5, "Na_o_mM": 150.0, "Cl_o_mM": 135.0, "temperature_C": 32.0, "ljp": "corrected"}
    return table.assign(**bath, V_m_mV=V_m, **columns)


def compared(table: pd.DataFrame):
    few = Sampling(chains=2, draws=500, tune=500)
    settings = {"ions": "K,Na", "inside": "K=140,Na=12", "by": "Genotype", "sampling": few, "robustness": "off"}
    return fit(table, "ghk", progress=False, **settings)


def test_two_groups_in_one_bath_are_compared_as_a_t_test_would():
    table = one_bath()
    result = compared(table)
    row = result.contrasts().iloc[0]
    WT, KO = (table["V_m_mV"][table["Genotype"] == name] for name in ("WT", "KO"))
    welch = ttest_ind(WT, KO, equal_var=False).confidence_interval(0.89)
    assert row["median"] == pytest.approx(WT.mean() - KO.mean(), abs=0.2)
    assert (row["lower"], row["upper"]) == pytest.approx((welch.low, welch.high), abs=0.7)
    assert result.tree["posterior"]["population"].attrs["long_name"] == "Genotype"
    assert result.tree["posterior"]["p_Na"].attrs["long_name"].startswith("P_Na/P_K: ")
    assert units(result).sentence == "Each row is another cell, an independent unit: 10 in WT, 10 in KO."
    check = result.verdict().fit
    assert check.replicate_sd_mV == pytest.approx(np.sqrt((WT.var() + KO.var()) / 2))
    assert "repeat within" in str(result.verdict())
    assert list(result.predict(table.drop(columns=["V_m_mV", "Genotype"]).head(1)).columns[-4:]) == [
        "Genotype", "median", "lower", "upper",
    ]  # fmt: skip


def test_rows_of_one_cell_are_not_taken_for_independent():
    result = compared(one_bath(repeats=3))
    assert not units(result).independent
    assert "average its rows" in units(result).sentence
    table = result.contrasts()
    assert table["p_direction"].isna().all()
    assert contrasts_in_words(result, table)[0].endswith("; no direction is claimed.")


def test_what_counts_as_a_unit_is_said(typed_fit):
    assert units(typed_fit[0]).sentence == "Cells are the units: 6 in A, 6 in B."
    nameless = compared(one_bath().drop(columns="cell"))
    assert "No column names the cell" in units(nameless).sentence
    means = compared(one_bath(V_m_sem_mV=1.0, n=6).drop(columns="cell"))
    assert "Rows are means" in units(means).sentence


def test_a_group_that_was_not_in_the_reference_bath_is_said_to_be_predicted():
    table = one_bath()
    KO = table["Genotype"] == "KO"
    result = compared(table.assign(K_o_mM=np.where(KO, 5.0, 2.5), Na_o_mM=np.where(KO, 147.5, 150.0)))
    assert "No row of KO is of that bath: there V_m is what the law predicts." in potentials_in_words(result)


def test_leaving_rows_out_is_arviz_where_its_diagnostic_is_good(full_fit):
    left = elpd.leave_rows_out(full_fit, lambda mask: pytest.fail("no refit is needed here"))
    theirs = az.loo(full_fit.tree, pointwise=True)
    assert left.elpd.sum() == pytest.approx(float(theirs.elpd), abs=0.05)
    assert left.refits == 0


def test_a_cells_integrated_likelihood_against_brute_force(typed_fit):
    """Importance sampling against 200,000 cells drawn from the population, for four draws of it; and how much it scatters."""
    result, _ = typed_fit
    e, full = result.experiment, result.tree["posterior"].to_dataset()
    posterior = full.isel(chain=[0], draw=slice(0, None, full.sizes["draw"] // 40))
    cell = e.levels.cells.index("B1")
    rng = np.random.default_rng(1)
    proposal = elpd._proposal(full, e, cell)
    repeats = np.array([elpd._integrated(posterior, e, cell, proposal, rng) for _ in range(30)])
    assert np.median(repeats.std(axis=0)) < 0.2
    fast = logsumexp(repeats, axis=0) - np.log(30)
    values, middle, width = elpd._population(posterior, e, cell)
    rows = np.flatnonzero(e.levels.entry_of_row == cell)
    for d in range(4):
        places = middle[d] + width[d] * rng.standard_normal((200_000, len(e.spreads)))
        theta = {name: x[d] for name, x in values.items()} | {
            name: np.exp(places[:, i])[:, None] for i, name in enumerate(e.spreads)
        }
        V_m = e.law.potential(theta, e.conditions.take(e.condition_of_row[rows]), e.reference)
        density = norm(V_m, theta["sigma_mV"]).logpdf(e.recordings["V_m"].to_numpy()[rows]).sum(axis=1)
        brute = np.log(np.mean(np.exp(density - density.max()))) + density.max()
        assert fast[d] == pytest.approx(brute, abs=0.15)


def test_stacking_gives_all_weight_to_the_law_that_predicts_everything_better():
    rng = np.random.default_rng(1)
    good = rng.normal(-2, 0.3, 200)
    assert elpd.stacking(np.stack([good, good - 1], axis=1)) == pytest.approx([1, 0], abs=1e-3)
    mixed = np.where(np.arange(200) < 140, 0.0, -5.0)
    assert elpd.stacking(np.stack([mixed, -5 - mixed], axis=1))[0] == pytest.approx(0.7, abs=0.02)


def left_out(law, shift, scheme="row", n=50):
    return elpd.LeftOut(law, scheme, np.random.default_rng(1).normal(-2, 0.5, n) + shift, 0)


def test_the_table_and_its_words():
    table = elpd.comparison([left_out("ghk", 0.0), left_out("ghk-pump", 0.2)])
    assert list(table.columns) == elpd.COLUMNS
    assert list(table["law"]) == ["ghk-pump", "ghk"]
    assert table["elpd_diff"].tolist() == pytest.approx([0.0, -10.0])
    assert "ghk-pump predicts better than ghk" in next(elpd.judgement(table, {}))
    close = elpd.comparison([left_out("ghk", 0.0), left_out("ghk-pump", 0.05)])
    assert "undecided between ghk-pump and ghk" in next(elpd.judgement(close, {}))


@pytest.mark.slow
def test_laws_that_cannot_be_told_apart_are_declared_so():
    data = recordings(pump=[False], temperatures=[22], repeats=3)
    fits = {law: fit(data, law, ions="K,Na", inside="K=140,Na=12", progress=False) for law in ("ghk", "mullins-noda")}
    left = [elpd.leave_rows_out(one, elpd.refit_of(one, 2)) for one in fits.values()]
    assert "cannot be told apart" in next(elpd.judgement(elpd.comparison(left), fits))


@pytest.mark.slow
def test_leaving_a_cell_out_by_refit_is_the_integrated_estimate():
    data, _ = many_cells(seed=6, cells=6, types={"A": {}}, K_o=(2.5, 10, 40), temperatures=(22,))
    result = fit(data, inside=INSIDE, progress=False)
    refit = elpd.refit_of(result, 2)
    importance = elpd.leave_cells_out(result, refit)
    posterior = result.tree["posterior"].to_dataset()
    rng = np.random.default_rng(1)
    for cell in (0, 3):
        draws = refit(result.experiment.levels.entry_of_row == cell).posterior
        density = elpd._integrated(
            draws, result.experiment, cell, elpd._proposal(posterior, result.experiment, cell), rng
        )
        exact = np.log(np.mean(np.exp(density - density.max()))) + density.max()
        assert importance.elpd[cell] == pytest.approx(exact, abs=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("truth", ["ghk", "ghk-pump", "mullins-noda"])
def test_recordings_are_attributed_to_the_law_they_came_from_where_rows_are_blocked_in_several_baths(truth, tmp_path):
    data, laws = recordings(seed=9, law=truth, repeats=2, sigma=0.7), ["ghk", "ghk-pump", "mullins-noda"]
    to_frame(data).to_csv(tmp_path / "table.csv", index=False)
    out = tmp_path / "laws"
    options = ["--laws", ",".join(laws), "--inside", INSIDE, "--out", str(out)]
    assert main(["compare", str(tmp_path / "table.csv"), *options]) == 0
    table = pd.read_csv(out / "comparison.csv").set_index("law")
    behind = table["elpd_diff"] < -np.maximum(4, 2 * table["dse"])
    assert not behind[truth]
    # A pump that may be 0 contains the law without one, and predicts as well: nothing speaks for it either.
    assert set(behind.index[~behind]) <= ({"ghk", "ghk-pump"} if truth == "ghk" else {truth})


@pytest.mark.slow
@pytest.mark.parametrize(("changed", "least"), [({"P_Na/P_K": 0.06}, 17), ({}, 14)], ids=["twofold", "none"])
def test_a_twofold_difference_is_found_and_none_is_not_invented(changed, least):
    """8 cells of each type, 4 baths × 2 temperatures × block, over 20 seeds, through one compiled density."""
    sampling, right = Sampling(chains=2, draws=500, tune=500), 0
    for seed in range(20):
        types = {"A": {}, "B": changed}
        data, _ = many_cells(seed=200 + seed, types=types, cells=8, K_o=(2.5, 5, 10, 40), temperatures=(22, 32))
        e = prepare(data, configure(inside=INSIDE, by="cell_type"))
        p_Na = draw(e, sampling, seed).posterior["p_Na"].to_numpy().reshape(-1, 2)
        ratio = p_Na[:, 0] / p_Na[:, 1]
        lower, upper = bounds(ratio, 0.89)
        right += np.mean(ratio < 1) > 0.95 if changed else lower < 1 < upper
    assert right >= least


def _claimed(a: str, b: str) -> bool:
    return True


def test_contrasts_of_what_can_be_negative_are_differences_without_a_range_of_equality():
    q = replace(RECTIFICATION, name="leak_shift")
    a, b = np.array([-0.3, -0.2, -0.1, 0.4]), np.array([0.1, 0.2, 0.0, 0.3])
    row = _contrast(q, "A", "B", a, b, 0.89, _claimed)
    assert (row["kind"], row["median"], row["p_direction"]) == ("difference", pytest.approx(-0.25), 0.75)
    assert np.isnan([row["p_rope"], row["rope_low"], row["rope_high"]]).all()
    in_mV = _contrast(replace(q, name="pump_mV", unit="mV"), "A", "B", a, b, 0.89, _claimed)
    assert (in_mV["p_rope"], in_mV["rope_low"], in_mV["rope_high"]) == (1.0, -1.0, 1.0)
    ratio = _contrast(
        permeability_ratio(ion("Na")),
        "A",
        "B",
        np.array([0.02, 0.03]),
        np.array([0.04, 0.03]),
        0.89,
        lambda a, b: False,
    )
    assert np.isnan(ratio["p_direction"])
    assert (ratio["kind"], ratio["median"], ratio["p_rope"]) == ("ratio", pytest.approx(0.75), 0.5)
    kinds = contrast_kinds(pd.DataFrame([row, in_mV, ratio]))
    assert {kind: list(part["parameter"]) for kind, part in kinds.items()} == {
        "difference": ["pump_mV"], "ratio": ["P_Na/P_K"], "leak_shift": ["leak_shift"],
    }  # fmt: skip


def test_where_groups_share_a_value_neither_is_higher():
    """Equal in every draw: the probability of either direction is 0, not 1."""
    same = np.array([5.0, 6.0, 7.0])
    row = _contrast(PUMP, "A", "B", same, same, 0.89, _claimed)
    assert (row["median"], row["p_direction"], row["p_rope"]) == (0.0, 0.0, 1.0)
    mixed = _contrast(PUMP, "A", "B", same, np.array([5.0, 7.0, 6.0]), 0.89, _claimed)
    assert mixed["p_direction"] == pytest.approx(1 / 3)
