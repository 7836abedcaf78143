"""What recordings teach, computed without sampling: the information in rows whose electrodes seal differently."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.integrate import quad
from scipy.stats import t

import vrest
from tests.false_differences import plan, planned
from vrest.fitting.checks.identification import foresee, questions
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.model.expected import expected_posterior, linearised_posterior
from vrest.fitting.planning.simulate import stated_population

K_o = np.repeat([2.0, 4.0, 10.0, 40.0], 4)


def sealed(**columns):
    """Four baths, pump on and blocked, each recorded with a seal of 2 and of 3 GOhm, as single rows."""
    frame = pd.DataFrame({
        "K_o_mM": K_o, "Na_o_mM": 149 - K_o, "Cl_o_mM": 130.0, "temperature_C": 22.0, "ljp": "corrected",
        "pump": ["on", "on", "blocked", "blocked"] * 4, "V_m_mV": 25 * np.log((K_o + 4) / 150), "C_m_pF": 30.0,
        "R_in_MOhm": 100.0 + np.arange(16), "R_seal_GOhm": [2.0, 3.0] * 8, **columns,
    })  # fmt: skip
    return prepare(vrest.from_frame(frame), configure(inside="K=138,Na=11,Cl=9"))


@pytest.mark.parametrize("columns", [{}, {"cell": [f"c{k}" for k in range(16)]}], ids=["pooled", "a cell each"])
def test_rows_whose_seals_differ_count_each_with_its_own_slopes(columns):
    e = sealed(**columns)
    assert (e.conditions.size, e.n_conditions) == (16, 8), "a person counts baths, not electrodes"
    truth = {p.name: np.asarray(p.prior.typical) for p in e.parameters}
    draws = {p.symbol: (("chain", "draw"), np.full((2, 10), truth[p.name])) for p in e.parameters}
    information = linearised_posterior(e, xr.Dataset(draws)).information[0, 0]

    def moved(p, step):
        values = {**truth, p.name: p.scale.undo(p.scale.of(truth[p.name]) + step)}
        return np.concatenate(
            [e.row_mean(values) / truth["sigma_mV"], e.log_R_in(e.theta(values)) / truth["R_in_scatter"]]
        )

    slopes = np.stack([(moved(p, 1e-5) - moved(p, -1e-5)) / 2e-5 for p in e.inferred])
    assert information == pytest.approx(slopes @ slopes.T, rel=1e-5, abs=1e-6)
    apart = e.potential(truth)
    assert np.ptp(apart[:2]) > 0.1, "the seals matter"
    expectation, _ = foresee(e)
    assert np.isfinite(expectation.sd).all()


def rows(robust=False, **columns):
    frame = pd.DataFrame({
        "K_o_mM": K_o, "Na_o_mM": 149 - K_o, "temperature_C": 22.0, "ljp": "corrected",
        "V_m_mV": 25 * np.log((K_o + 4) / 150) + np.tile([-0.3, 0.1, 0.4, 0.2], 4) * np.repeat([1, -1], 8), **columns,
    })  # fmt: skip
    return prepare(vrest.from_frame(frame), configure(law="ghk", inside="K=138,Na=11", robust=robust))


def information_of(e, **changed):
    typical = {p.symbol: p.prior.typical for p in e.parameters} | changed
    draws = {name: (("chain", "draw"), np.full((2, 10), x)) for name, x in typical.items()}
    return float(linearised_posterior(e, xr.Dataset(draws)).information[0, 0].item())


def test_a_student_t_recording_says_less_than_a_normal_one():
    """Fisher information of a t distribution's place, by integration: (nu + 1) / (nu + 3) of the Normal's."""
    normal = information_of(rows(), sigma_mV=2.0)
    for nu in (2.0, 7.0):

        def score_squared(x, nu=nu):
            return ((nu + 1) * x / (nu + x**2)) ** 2 * t(nu).pdf(x)

        share = quad(score_squared, -np.inf, np.inf)[0]
        assert share < 1
        assert information_of(rows(robust=True), sigma_mV=2.0, nu=nu) / normal == pytest.approx(share, rel=1e-6)


def test_rows_with_errors_of_their_own_weigh_by_both():
    normal = information_of(rows(), sigma_mV=2.0)
    with_error = information_of(rows(V_m_sem_mV=1.5), sigma_mV=2.0)
    assert with_error / normal == pytest.approx(2.0**2 / (2.0**2 + 1.5**2))
    assert information_of(rows(), sigma_mV=4.0) / normal == pytest.approx(1 / 4)


def test_cells_of_more_animals_are_expected_to_teach_more_than_more_cells_of_the_same():
    """Animals that differ more than their cells: another animal is worth more than another cell of each."""
    sds = {}
    for name, animals, number in (("plan", 3, 2), ("more cells", 3, 4), ("more animals", 6, 2)):
        experiment = planned(plan(animals, number, "A", K_o=(2.5, 40)), by=None)
        given = {p.name: p.prior.typical for p in experiment.parameters} | {"sigma_mV": 1.2}
        given |= {p.name: 0.5 if "animal" in p.name else 0.1 for p in experiment.every_spread}
        expected = expected_posterior(experiment, stated_population(experiment, given))
        sds[name] = expected.expect(questions(experiment)).sd[0]
    assert sds["more animals"] < sds["more cells"] <= sds["plan"]
    assert sds["more animals"] / sds["plan"] == pytest.approx(0.5**0.5, abs=0.1)
    assert sds["more cells"] / sds["plan"] > 0.9
