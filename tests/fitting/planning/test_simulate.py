"""Recordings with a known truth are what the truth says they are."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from tests.many_cells import many_cells
from tests.synthetic import INSIDE, TRUTH, recordings
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.planning.simulate import draw_truth, read_truth, simulate, truth_in_toml
from vrest.models.errors import ConfigurationError, UnknownNameError

STATED = {**TRUTH, "sigma_mV": 1.5}


def plan(rows=None, **settings):
    rows = recordings(repeats=50) if rows is None else rows
    return prepare(rows.drop_vars("V_m"), configure(inside=INSIDE, **settings))


def simulated(experiment, truth, seed=1):
    rng = np.random.default_rng(seed)
    drawn = draw_truth(experiment, rng, truth)
    return drawn, simulate(experiment, drawn, rng)


def test_recordings_scatter_around_the_law_as_stated():
    noiseless = recordings(repeats=50, sigma=0)["V_m"].to_numpy()
    _, made = simulated(plan(), STATED)
    z = (made.recordings["V_m"].to_numpy() - noiseless) / 1.5
    assert kstest(z, norm.cdf).pvalue > 0.01
    assert kstest(z / 0.7, norm.cdf).pvalue < 1e-6  # the test would notice another scatter


def test_robust_scatter_has_the_tails_that_nu_says():
    _, made = simulated(plan(robust=True), {**STATED, "nu": 2.5})
    z = (made.recordings["V_m"].to_numpy() - recordings(repeats=50, sigma=0)["V_m"].to_numpy()) / 1.5
    assert np.mean(np.abs(z) > 4) > 0.01  # a Normal has 6e-5 of them


def test_cells_differ_from_their_type_by_the_spread():
    rows, _ = many_cells(cells=150, K_o=(5,), temperatures=(22,))
    experiment = plan(rows, by="cell_type", vary=["P_Na/P_K"])
    truth = {**STATED, "P_Na/P_K": {"A": 0.03, "B": 0.06}, "P_Na/P_K spread": 0.2}
    drawn, made = simulated(experiment, truth)
    cells, group = drawn["p_Na_cell"].to_numpy().ravel(), experiment.levels.group_of_cell
    z = (np.log(cells) - np.log(np.array([0.03, 0.06]))[group]) / 0.2
    assert kstest(z, norm.cdf).pvalue > 1e-3
    law = experiment.potential({**{n: np.asarray(x) for n, x in TRUTH.items()}, "P_Na/P_K": cells})
    left = made.recordings["V_m"].to_numpy() - law[experiment.condition_of_row]
    assert kstest(left / 1.5, norm.cdf).pvalue > 1e-3


def test_the_same_seed_gives_the_same_recordings():
    first, second, other = (simulated(plan(), STATED, seed)[1].recordings["V_m"] for seed in (1, 1, 2))
    assert (first == second).all()
    assert (first != other).all()


def test_input_resistances_are_simulated_where_the_plan_has_them():
    rows = recordings()
    R_in = np.where(np.arange(rows.sizes["obs"]) % 2, 200.0, np.nan)
    rows = rows.assign(R_in=("obs", R_in), R_in_sd=("obs", 0.1 * R_in), C_m=("obs", np.full(len(R_in), 20.0)))
    _, made = simulated(plan(rows), {**STATED, "P_K_cm_s": 1e-6})
    found = made.recordings["R_in"].to_numpy()
    assert (np.isnan(found) == np.isnan(R_in)).all()
    assert (made.resistance.R_in_MOhm == found[1::2]).all()
    assert len(np.unique(found[1::2])) == len(found) // 2


def test_a_truth_that_was_written_reads_back(tmp_path):
    rows, _ = many_cells(cells=3, K_o=(2.5, 5), temperatures=(22,))
    experiment = plan(rows, by="cell_type", offset="cell")
    drawn = draw_truth(experiment, np.random.default_rng(3))
    (tmp_path / "truth.toml").write_text(truth_in_toml(experiment, drawn))
    again = draw_truth(experiment, np.random.default_rng(4), read_truth(tmp_path / "truth.toml"))
    assert (again["p_Na"] == drawn["p_Na"]).all()
    assert (again["pump_mV_spread"] == drawn["pump_mV_spread"]).all()
    assert (again["p_Na_cell"] != drawn["p_Na_cell"]).all()


@pytest.mark.parametrize(
    ("truth", "error", "says"),
    [
        ({**STATED, "P_Na": 0.03}, UnknownNameError, r"'P_Na'\. Did you mean 'P_Na/P_K'\?"),
        ({"P_Na/P_K": 0.03}, ConfigurationError, r'"pump_mV" = 6.38'),
        ({}, ConfigurationError, r'"P_Na/P_K" = 0.04'),
        ({**STATED, "pump_mV": -3}, ConfigurationError, "pump_mV = -3 is impossible"),
        ({**STATED, "pump_mV": {"A": 3.0}}, ConfigurationError, "one value for all"),
    ],
)
def test_a_truth_that_the_model_cannot_have_is_refused(truth, error, says):
    with pytest.raises(error, match=says):
        simulated(plan(recordings()), truth)


@pytest.mark.parametrize("text", ["pump_mV = 'five'", "pump_mV = true", "pump_mV = {}", "pump_mV =", "P_Na/P_K = 0.03"])
def test_a_file_that_holds_no_truth_is_refused(tmp_path, text):
    (tmp_path / "truth.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"truth\.toml"):
        read_truth(tmp_path / "truth.toml")


def test_an_unquoted_name_is_answered_with_quotes(tmp_path):
    (tmp_path / "truth.toml").write_text("P_Na/P_K = 0.03")
    with pytest.raises(ConfigurationError, match=r'stand in quotes, as in "P_Na/P_K" = 0\.03'):
        read_truth(tmp_path / "truth.toml")
