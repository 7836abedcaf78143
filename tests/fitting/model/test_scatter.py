"""Scatter that differs between levels of a column."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

import vrest
from tests.synthetic import INSIDE, TRUTH, recordings
from vrest.fitting.comparison.elpd import _integrated, _proposal, leave_rows_out
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.experiment.scatter import find_scatter
from vrest.fitting.model.draws import draw_prior, parameter_values, row_distribution
from vrest.fitting.model.expected import linearised_posterior
from vrest.fitting.planning.simulate import draw_truth, simulate, truth_in_toml
from vrest.models.errors import VrestError

pytestmark = pytest.mark.usefixtures("sampled_once")

LOW, HIGH = 4.0, 1.0


def rows(seed: int = 3):
    """Recordings that scatter by 4 mV in baths of low K_o, and by 1 mV elsewhere."""
    table = recordings(sigma=0.0)
    low = table["c_o"].sel(ion="K").to_numpy() < 10
    V_m = table["V_m"].to_numpy() + np.random.default_rng(seed).normal(0, np.where(low, LOW, HIGH))
    return table.assign(V_m=("obs", V_m)).assign_coords(solution=("obs", np.where(low, "low", "high")))


@pytest.fixture(scope="module")
def fits():
    settings = {"inside": INSIDE, "seed": 1, "robustness": "off", "draws": 500, "tune": 500}
    return [vrest.fit(rows(), scatter_by=by, **settings) for by in (None, "solution")]


def test_each_levels_scatter_is_found_and_the_answers_gain_by_it(fits):
    shared, apart = (f.summary().set_index(["parameter", "group"]) for f in fits)
    of_levels = apart.loc["sigma_mV"]
    # Known to 1 / sqrt(2 n): 18 and 24 rows.
    assert of_levels.loc["low", "median"] == pytest.approx(LOW, rel=0.5)
    assert of_levels.loc["high", "median"] == pytest.approx(HIGH, rel=0.4)
    assert of_levels.loc["low", "lower"] > of_levels.loc["high", "upper"]
    assert apart.loc[("sigma_mV spread", ""), "median"] > 0.3
    assert apart.loc[("P_Na/P_K", ""), "sd"] < 0.9 * shared.loc[("P_Na/P_K", ""), "sd"]
    assert apart.loc[("P_Na/P_K", ""), "median"] == pytest.approx(TRUTH["P_Na/P_K"], rel=0.2)
    assert not any(f.verdict().sampling.divergences for f in fits)


def test_the_tree_says_for_each_row_what_its_level_scatters(fits):
    tree, e = fits[1].tree, fits[1].experiment
    posterior = tree["posterior"].to_dataset().isel(chain=0, draw=[0, 7])
    assert posterior["sigma_mV_level"].dims == ("chain", "draw", "scatter_level")[1:]
    sigma = posterior["sigma_mV_level"].sel(scatter_level=e.recordings["solution"].to_numpy()).to_numpy()
    values = {p.name: posterior[p.symbol].to_numpy() for p in e.parameters}
    expected = norm(e.row_mean(values), sigma).logpdf(e.recordings["V_m"].to_numpy())
    found = tree["log_likelihood"]["V_m"].isel(chain=0, draw=[0, 7]).to_numpy()
    assert found == pytest.approx(expected, rel=1e-9)
    # The predictive scatter of a row is its level's: 4 times as large in one as in the other.
    spread = (tree["posterior_predictive"]["V_m"].std(("chain", "draw"))).to_numpy()
    low = e.recordings["solution"].to_numpy() == "low"
    assert 2.5 < np.median(spread[low]) / np.median(spread[~low]) < 7
    assert "sigma_mV_spread" in tree["log_prior"]


def test_leaving_rows_out_and_what_rows_teach_go_by_their_own_scatter(fits):
    posteriors = [f.tree["posterior"].to_dataset() for f in fits]
    worse, better = (leave_rows_out(f, lambda without, x=x: x) for f, x in zip(fits, posteriors, strict=True))
    assert better.elpd.sum() > worse.elpd.sum() + 5
    e, posterior = fits[1].experiment, posteriors[1]
    information = linearised_posterior(e, posterior).information[0, 0]
    as_one = posterior.drop_vars("sigma_mV_level")
    plain = linearised_posterior(replace(e, scatter=None), as_one.assign(sigma_mV=as_one["sigma_mV"] * 0 + HIGH))
    assert np.all(np.diag(information) < np.diag(plain.information[0, 0]))  # rows of 4 mV tell less than ones of 1 mV


def test_levels_of_one_scatter_are_as_no_levels_at_all():
    """Negative control: rows of equal scatter, at draws whose levels agree, give what rows without levels give."""
    plain, levelled = (prepare(rows(), configure(inside=INSIDE, scatter_by=by)) for by in (None, "solution"))
    draws = draw_prior(plain, 5, np.random.default_rng(0))
    same = draws.assign(sigma_mV_level=draws["sigma_mV"].expand_dims(scatter_level=2, axis=-1))
    y = plain.recordings["V_m"].to_numpy()
    densities = [
        row_distribution(parameter_values(x, e, flat=True), e).logpdf(y) for x, e in ((draws, plain), (same, levelled))
    ]
    assert densities[0] == pytest.approx(densities[1], rel=1e-12)


def test_what_is_simulated_scatters_as_its_level_says():
    e = prepare(recordings(repeats=40).pipe(_with_baths), configure(inside=INSIDE, scatter_by="solution"))
    rng = np.random.default_rng(2)
    stated = {**TRUTH, "sigma_mV": 2.0, "sigma_mV spread": 0.7}
    truth = draw_truth(e, rng, stated)
    of_levels = dict(zip(e.scatter.levels, truth["sigma_mV_level"].to_numpy().ravel(), strict=True))
    made = simulate(e, truth, rng)
    residual = made.recordings["V_m"].to_numpy() - e.row_mean({name: np.asarray(v) for name, v in TRUTH.items()})
    for level, sigma in of_levels.items():
        of_level = residual[e.recordings["solution"].to_numpy() == level]
        assert of_level.std() == pytest.approx(sigma, rel=4 / np.sqrt(2 * len(of_level)))
    assert len(set(of_levels.values())) == 2
    assert "[drawn.sigma_mV]" in truth_in_toml(e, truth)


def _with_baths(table):
    low = table["c_o"].sel(ion="K").to_numpy() < 10
    return table.assign_coords(solution=("obs", np.where(low, "low", "high")))


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("soluton", r"synthetic.csv: scatter_by=\"soluton\": there is no column 'soluton'. Did you mean 'solution'"),
        ("pump,side", "there is no column 'side'"),
        ("one", "all rows have the same value there. Leave it out."),
        ("V_m_mV", "42 levels for 42 rows. The scatter of a level takes two rows or more"),
        ("gap", "the column gap is empty in some rows"),
    ],
)
def test_columns_that_sort_no_rows_are_refused(by, said):
    table = rows().assign_coords(one=("obs", ["a"] * 42), gap=("obs", ["a", ""] * 21))
    with pytest.raises(VrestError, match=said):
        prepare(table, configure(inside=INSIDE, scatter_by=by))


def test_scatter_that_changes_is_seen_and_its_option_is_named(fits):
    table = recordings(sigma=0.0, K_o=np.geomspace(2, 80, 13))
    low = table["c_o"].sel(ion="K").to_numpy() < 12
    V_m = table["V_m"].to_numpy() + np.random.default_rng(1).normal(0, np.where(low, 5.0, 0.7))
    table = table.assign(V_m=("obs", V_m)).pipe(_with_baths)
    settings = {"inside": INSIDE, "robustness": "off", "draws": 300, "tune": 400}
    seen = vrest.fit(table, **settings).verdict()
    assert not seen.fit.ok
    assert seen.fit.scatter_by == "solution"
    assert 'scatter_by="solution" lets each level have its own.' in str(seen)
    cured = vrest.fit(table, scatter_by="solution", **settings).verdict()
    assert cured.fit.ok
    assert "lets each level" not in str(cured)


def test_cells_are_left_out_by_the_scatter_of_their_own_rows(typed_fit):
    """Where every level has the scatter that all share, leaving a cell out costs exactly what it costs without levels."""
    plain, posterior = typed_fit[0].experiment, typed_fit[0].tree["posterior"].to_dataset().isel(chain=[0])
    apart = replace(plain, scatter=find_scatter(plain.recordings.pipe(_with_baths), "solution"))
    same = posterior.assign(sigma_mV_level=posterior["sigma_mV"].expand_dims(scatter_level=2, axis=-1))
    wide = same.assign(sigma_mV_level=3 * same["sigma_mV_level"])
    proposal = _proposal(posterior, plain, 3)
    densities = [
        _integrated(draws, e, 3, proposal, np.random.default_rng(1))
        for draws, e in ((posterior, plain), (same, apart), (wide, apart))
    ]
    assert densities[1] == pytest.approx(densities[0], rel=1e-9)
    assert np.mean(densities[2]) < np.mean(densities[0]) - 2  # negative control
