"""Patterns of residuals: found where they are, and p-values uniform where they are not."""

import numpy as np
import pytest

from tests.synthetic import INSIDE, TRUTH, recordings
from vrest.fitting.checks.patterns import REJECTED, Trace, _directions, patterns
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.experiment.prepare import configure, prepare

K_o = tuple(np.geomspace(1.5, 80, 26).round(2))


def looked_for(y, experiment, mu=None, sigma=1.5, n=400):
    """Patterns under a posterior that is a point, or has the given expectations (draw, row)."""
    mu = np.zeros((n, len(y))) if mu is None else mu
    values = {p.name: np.full(len(mu), TRUTH.get(p.name, p.prior.typical)) for p in experiment.parameters}
    return {p.trace: p.p for p in patterns(experiment, y, mu, sigma + np.zeros_like(mu), values, seed=1)}


@pytest.fixture(scope="module")
def experiment():
    return prepare(recordings(K_o=K_o, temperatures=(22,), pump=(False,)), configure(inside=INSIDE))


def test_each_pattern_is_found_where_it_is(experiment):
    level = np.log(np.array(K_o))
    level = (level - level.mean()) / level.std()
    noise = 1.5 * np.random.default_rng(3).standard_normal(len(level))
    assert looked_for(noise + 4 * (level**2 - 1), experiment)[Trace.ALONG_K] < REJECTED
    assert looked_for(noise * np.exp(1.2 * level), experiment)[Trace.SCATTER_WITH_K] < REJECTED
    assert looked_for(noise, experiment)[Trace.ALONG_K] > 0.02


def test_p_is_uniform_under_a_right_law_that_was_fitted_to_the_rows(experiment):
    """Least squares on three columns in place of a fit: its residuals are (1 - H) times the scatter, exactly.

    Each p is already that of the least of all that are looked for, so that the least of them is uniform.
    """
    rng, level = np.random.default_rng(5), np.log(np.array(K_o))
    X = np.vander(level - level.mean(), 3)
    H = X @ np.linalg.solve(X.T @ X, X.T)
    root = np.linalg.cholesky(1.5**2 * np.linalg.inv(X.T @ X))
    found = []
    for _ in range(120):
        y = 1.5 * rng.standard_normal(len(level))
        mu = H @ y + (X @ root @ rng.standard_normal((3, 400))).T
        found.append(looked_for(y, experiment, mu))
    p = np.array([min(one.values()) for one in found])
    assert len(found[0]) == 4
    assert abs(p.mean() - 0.5) < 4 / np.sqrt(12 * len(p))
    assert np.mean(p < 0.1) == pytest.approx(0.1, abs=0.085)


@pytest.mark.parametrize(
    ("trace", "parameter", "without"), [(Trace.RECTIFIES, "rectification", 0.0), (Trace.WARMS, "Q10_P_Na/P_K", 1.0)]
)
def test_what_an_option_would_add_is_found_in_the_direction_in_which_it_moves_the_law(trace, parameter, without):
    plan = {"K_o": K_o[::2], "temperatures": (15, 22, 35), "pump": (False,), "sigma": 0.0}
    base, moved = (recordings(**plan, theta={**TRUTH, parameter: without + x})["V_m"].to_numpy() for x in (0.0, 0.05))
    e = prepare(recordings(**plan), configure(inside=INSIDE))
    noise = 1.5 * np.random.default_rng(4).standard_normal(len(base))
    bent = (moved - base) / np.linalg.norm(moved - base) * 1.5 * 7
    found = looked_for(noise + bent, e)
    assert found[trace] < REJECTED
    assert found[trace] == min(found.values())
    assert min(looked_for(noise, e).values()) > 0.02


def test_cells_that_miss_as_wholes_are_found():
    table = recordings(K_o=K_o, temperatures=(22,), pump=(False,))
    e = prepare(table.assign_coords(cell=("obs", np.tile(["a", "b"], 13))), configure(inside=INSIDE))
    noise = 1.5 * np.random.default_rng(3).standard_normal(26)
    apart = np.where(np.tile(["a", "b"], 13) == "a", 2.0, -2.0)
    assert looked_for(noise + apart, e)[Trace.CELLS] < REJECTED
    assert looked_for(noise, e)[Trace.CELLS] > 0.02


def test_p_does_not_depend_on_the_draws_where_the_fit_takes_nearly_all_of_a_direction(experiment):
    """Two directions that the posterior takes whole, of which one is nearly what rectification does; the scatter uncertain."""
    rng, level = np.random.default_rng(6), np.log(np.array(K_o))
    values = {p.name: np.full(1, TRUTH.get(p.name, p.prior.typical)) for p in experiment.parameters}
    bends = next(d for trace, d in _directions(experiment, values) if trace is Trace.RECTIFIES)
    X = np.linalg.qr(np.stack([np.ones_like(level), bends / np.linalg.norm(bends) + 0.03 * np.sin(9 * level)], axis=1))[
        0
    ]
    y = 1.5 * rng.standard_normal(len(level))
    y = y - X @ (X.T @ y)
    found = []
    for _ in range(4):
        sigma = 1.5 * np.exp(0.4 * rng.standard_normal((600, 1)))
        mu = sigma * rng.standard_normal((600, 2)) @ X.T
        mu = mu - mu.mean(axis=0) + 0.1 * rng.standard_normal(2) @ X.T  # as far off as few draws leave a mean
        found.append(looked_for(y, experiment, mu, sigma, n=600))
    assert Trace.RECTIFIES in found[0]
    for trace in found[0]:
        assert np.ptp([one[trace] for one in found]) < 0.02


def test_few_rows_are_not_looked_at(experiment):
    few = prepare(recordings(K_o=(2.5, 5, 10), temperatures=(22,), pump=(False,)), configure(inside=INSIDE))
    assert patterns(few, np.zeros(3), np.zeros((10, 3)), np.ones((10, 3)), {}, 1) == ()


@pytest.mark.usefixtures("glanced")
def test_a_bent_law_is_seen_without_replicates(monkeypatch):
    """How far the refits that look after it are is told of all of them, after the draws."""
    from vrest.fitting.fit import fit

    told = []
    monkeypatch.setattr("vrest.fitting.sampling.progress.listener", lambda *step: told.append(step))
    bent = recordings(K_o=K_o, temperatures=(22,), theta={**TRUTH, "rectification": 0.6})
    few = Sampling(chains=2, draws=500, tune=500)
    found = fit(bent, inside=INSIDE, sampling=few, seed=1).verdict()
    assert list(dict.fromkeys(what for _, _, what in told)) == ["draws", "variations", "additions", "shunts"]
    assert {what for done, of, what in told if done == of} >= {"variations", "additions", "shunts"}
    assert not found.fit.ok
    assert min(p.p for p in found.fit.patterns) < REJECTED
    assert found.cures[0].typed == "--option rectification"
    assert "--option rectification would gain" in str(found)


def test_residuals_far_within_their_errors_are_no_misfit(experiment):
    level = np.log(np.array(K_o))
    level = (level - level.mean()) / level.std()
    assert looked_for(0.2 * (level**2 - 1), experiment)[Trace.ALONG_K] > REJECTED
    assert looked_for(4.0 * (level**2 - 1), experiment)[Trace.ALONG_K] < REJECTED
