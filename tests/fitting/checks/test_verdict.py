"""The verdict's own arithmetic: lack of fit is calibrated and has power, linearised expectations come true."""

import warnings
from dataclasses import replace

import arviz as az
import numpy as np
import pandas as pd
import pytest

from tests.synthetic import INSIDE, recordings
from vrest.fitting.checks.identification import foresee
from vrest.fitting.checks.lack_of_fit import Basis, check_fit, lack_of_fit
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.fit import fit
from vrest.fitting.model.expected import expected_posterior, linearised_posterior
from vrest.fitting.results.summary import contraction
from vrest.models.errors import DataWarning

pytestmark = pytest.mark.usefixtures("sampled_once")


def straight_line(rng, bend: float = 0.0, replicates: int = 4):
    """Posterior (flat prior, known scatter) of a straight line through eight replicated conditions."""
    x = np.repeat(np.linspace(-1, 1, 8), replicates)
    y = 2 + 3 * x + bend * x**2 + rng.normal(0, 1.5, len(x))
    X = np.stack([np.ones_like(x), x], axis=1)
    covariance = np.linalg.inv(X.T @ X) * 1.5**2
    beta = rng.multivariate_normal(covariance @ X.T @ y / 1.5**2, covariance, 2000)
    index = np.repeat(np.arange(8), replicates)
    return lack_of_fit(beta @ X.T, np.full((2000, len(x)), 1.5), y, index)


def test_lack_of_fit_spends_the_degrees_of_freedom_of_the_parameters():
    _, _, left = straight_line(np.random.default_rng(1))
    assert left == pytest.approx(8 - 2, abs=0.15)


def test_lack_of_fit_is_calibrated_when_the_law_is_right():
    rng = np.random.default_rng(2)
    p = np.array([straight_line(rng)[1] for _ in range(300)])
    assert 0.4 < p.mean() < 0.6
    assert 0.005 < (p < 0.05).mean() < 0.1


def test_lack_of_fit_finds_a_wrong_law():
    """Negative control: a bend of three scatter sd is found nearly always."""
    rng = np.random.default_rng(3)
    p = np.array([straight_line(rng, bend=4.5)[1] for _ in range(50)])
    assert (p < 0.01).mean() > 0.9


def test_lack_of_fit_needs_replicates_and_spare_conditions():
    y = np.arange(4.0)
    mu, sigma = np.tile(y, (10, 1)), np.ones((10, 4))
    assert lack_of_fit(mu, sigma, y, np.arange(4)) is None
    wandering = mu + np.random.default_rng(1).normal(size=(10, 1)) * 3
    assert lack_of_fit(wandering, sigma, y, np.array([0, 0, 0, 0])) is None


@pytest.mark.parametrize(
    ("repeats", "scatter", "basis"),
    [(1, 1.0, Basis.NO_REPLICATES), (3, 0.0, Basis.IDENTICAL), (3, 1.0, Basis.SATURATED)],
)
def test_why_a_fit_is_not_judged(repeats, scatter, basis):
    """Two conditions and two parameters: nothing can miss them, whether or not they were measured several times."""
    K_o, V_m = np.repeat([5.0, 50.0], repeats), np.repeat([-70.0, -25.0], repeats)
    table = pd.DataFrame({"K_o_mM": K_o, "Na_o_mM": 150 - K_o, "temperature_C": 37.0, "ljp": "corrected"})
    table["V_m_mV"] = V_m + scatter * np.resize([0.0, -1.0, 1.0], len(V_m)) * (repeats > 1)
    few = Sampling(chains=2, draws=200, tune=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # of identical rows
        found = fit(table, "ghk", inside="K=140+-10,Na=10", sampling=few, progress=False, robustness="off")
        check = found.verdict().fit
    assert (check.basis, check.ok, check.p_value) == (basis, True, None)
    assert check.replicate_sd_mV == (None if repeats == 1 else pytest.approx(scatter))


@pytest.mark.usefixtures("glanced")
def test_as_many_parameters_as_conditions_that_miss_the_means_are_no_fit_and_the_cure_is_named(monkeypatch):
    """Warming depolarises by 9 mV: more than pump and leak can do, and far more than rows of one condition differ."""
    table = pd.DataFrame(
        {"K_o_mM": 3.0, "Na_o_mM": 145.0, "temperature_C": np.repeat([24.0, 33.0], 4), "ljp": "corrected"}
    )
    table["V_m_mV"] = np.repeat([-68.0, -59.0], 4) + np.tile([0.8, -0.9, 0.5, -0.4], 2)
    monkeypatch.setattr(
        "vrest.fitting.sampling.progress.listener", lambda *step: pytest.fail("nobody asked for progress")
    )
    verdict = fit(table, inside="K=130+-0,Na=12+-0", seed=1, progress=False).verdict()
    assert (verdict.fit.basis, verdict.fit.ok) == (Basis.SCATTER, False)
    assert verdict.fit.sigma_mV > 3 * verdict.fit.replicate_sd_mV
    assert verdict.cures[0].typed == "--option Q10_P_Na"
    assert "--option Q10_P_Na would gain" in str(verdict)


def test_a_fit_of_few_draws_is_judged_too(full_fit):
    few = check_fit(full_fit.tree["posterior"].to_dataset().isel(draw=slice(0, None, 40)), full_fit.experiment)
    assert few.ok
    assert few.sigma_mV == pytest.approx(full_fit.verdict().fit.sigma_mV, rel=0.1)


def test_rows_of_two_groups_in_one_bath_are_no_replicates_of_each_other():
    table = pd.DataFrame({"Genotype": list("aabb"), "K_o_mM": 5.0, "Na_o_mM": 145.0, "temperature_C": 37.0})
    table = table.assign(ljp="corrected", V_m_mV=[-71.0, -69.0, -61.0, -59.0])
    few = Sampling(chains=2, draws=200, tune=200)
    check = (
        fit(table, "ghk", inside="K=140,Na=10", by="Genotype", sampling=few, progress=False, robustness="off")
        .verdict()
        .fit
    )
    assert (check.basis, check.replicate_sd_mV) == (Basis.SATURATED, pytest.approx(2**0.5))


def test_contraction():
    rng = np.random.default_rng(1)
    assert contraction(rng.normal(0, 0.5, 50_000), rng.normal(0, 1, 50_000)) == pytest.approx(0.75, abs=0.01)


def known_sd(fit, sigma=1.0) -> np.ndarray:
    """Sd of each parameter around the fit's posterior by the linearised law, with its scatter times `sigma`."""
    expected = linearised_posterior(fit.experiment, fit.tree["posterior"].to_dataset())
    noise = {name: sigma * x for name, x in expected.noise.items()}
    told = expected.information / sigma**2
    return np.sqrt(np.diag(replace(expected, noise=noise, information=told).posterior[1][0]))


def sampled_sd(fit) -> np.ndarray:
    posterior = fit.tree["posterior"].to_dataset()
    return np.array([p.scale.of(posterior[p.symbol].to_numpy()).std() for p in fit.experiment.inferred])


def test_linearised_posterior_matches_the_sampled_one(full_fit):
    np.testing.assert_allclose(known_sd(full_fit), sampled_sd(full_fit), rtol=0.1)


def test_foresight_knows_that_a_potassium_series_alone_confounds():
    def foreseen(**design):
        e = prepare(recordings(**design), configure(inside=INSIDE, priors={"sigma_mV": 1.5}))
        expectation, verdict = foresee(e)
        names = [q.name for q in expectation.quantities]
        return dict(zip(names, expectation.contraction, strict=True)), verdict

    alone, verdict = foreseen(temperatures=[22], pump=[False], repeats=3)
    assert {"P_Na/P_K", "pump_mV"} in [set(pair[:2]) for pair in verdict.confounded]
    assert "block the pump" in verdict.advice[0]
    blocked, _ = foreseen(temperatures=[22], pump=[False, True])
    assert alone["pump_mV"] < 0.7 < 0.9 < blocked["pump_mV"]


def test_the_pump_is_advised_to_be_quoted_elsewhere_only_if_elsewhere_is_better():
    def advice(T):
        config = configure(inside="K=140,Na=12,Cl=passive", reference={"temperature_C": T}, priors={"sigma_mV": 1.5})
        verdict = foresee(prepare(recordings(), config))[1]
        assert {"pump_mV", "Q10_pump/Q10_leak"} in [set(pair[:2]) for pair in verdict.confounded] or T == 25
        return " ".join(verdict.advice)

    assert "with temperature_C = 25" in advice(15)
    assert "quote it in the middle" not in advice(25)


def test_expectation_without_rows_that_matter_is_the_prior():
    e = prepare(recordings(temperatures=[22], pump=[True]), configure(inside=INSIDE))
    expectation = expected_posterior(e).expect([p for p in e.parameters if p.name == "pump_mV"])
    assert expectation.contraction[0] == pytest.approx(0.0, abs=1e-9)


def test_information_of_another_size_would_be_noticed(full_fit):
    """Negative control of the comparison above: twice the scatter misses by more than it allows."""
    assert abs(known_sd(full_fit, sigma=2.0) / sampled_sd(full_fit) - 1).max() > 0.1


def test_pareto_k_and_leave_one_out_ranks_are_arviz(full_fit):
    theirs = az.loo(full_fit.tree, pointwise=True)
    check = full_fit.verdict().fit
    assert check.max_pareto_k == pytest.approx(float(theirs.pareto_k.max()), abs=1e-6)
    assert 0.01 < check.loo_pit_p <= 1  # the model is right, so ranks are uniform


def test_a_large_table_is_judged_by_draws_enough(full_fit, monkeypatch):
    """Rows evenly spaced stand for all where all would take too much memory; the judgement stays."""
    whole = check_fit(full_fit.tree["posterior"].to_dataset(), full_fit.experiment)
    monkeypatch.setattr("vrest.fitting.checks.lack_of_fit.MOST_VALUES", 8000)
    spared = check_fit(full_fit.tree["posterior"].to_dataset(), full_fit.experiment)
    assert np.isfinite(spared.max_pareto_k)
    assert spared.ok == whole.ok
    assert len({row.row for row in spared.worst_rows} & {row.row for row in whole.worst_rows}) >= 4
