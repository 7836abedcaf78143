"""What recordings teach, computed without sampling: the information in rows whose electrodes seal differently."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.integrate import quad
from scipy.stats import t

import vrest
from tests import designs
from tests.false_differences import plan, planned
from tests.synthetic import INSIDE
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
    true_parameters = {p.name: np.asarray(p.prior.typical) for p in e.parameters}
    draws = {p.symbol: (("chain", "draw"), np.full((2, 10), true_parameters[p.name])) for p in e.parameters}
    information = linearised_posterior(e, xr.Dataset(draws)).information[0, 0]

    def moved(p, step):
        values = {**true_parameters, p.name: p.scale.undo(p.scale.of(true_parameters[p.name]) + step)}
        return np.concatenate(
            [
                e.row_mean(values) / true_parameters["sigma_mV"],
                e.log_R_in(e.theta(values)) / true_parameters["R_in_scatter"],
            ]
        )

    slopes = np.stack([(moved(p, 1e-5) - moved(p, -1e-5)) / 2e-5 for p in e.inferred])
    assert information == pytest.approx(slopes @ slopes.T, rel=1e-5, abs=1e-6)
    apart = e.potential(true_parameters)
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


LEVELS = {
    "animals": lambda: designs.animals(spread="group"),
    "litters": lambda: prepare(designs.animals().recordings, configure(inside=INSIDE, nested_in="litter,animal")),
    "on the natural scale": lambda: designs.cells(options="rectification", vary=["rectification", "pump_mV"]),
}


@pytest.mark.parametrize("design", LEVELS)
def test_cells_and_the_units_above_are_integrated_out_as_from_one_large_matrix(design):
    """Every row in turn adds its slopes to a precision over populations, units and cells, which is then marginalised."""
    e = LEVELS[design]()
    given = {p.name: p.prior.typical for p in e.parameters}
    given |= {p.name: 0.3 + 0.1 * k for k, p in enumerate(e.every_spread)}
    expected, group_of_cell = expected_posterior(e, stated_population(e, given)), e.levels.group_of_cell
    J, sigma = expected.slopes(e.conditions, group_of_cell[e.entry_of_condition])[0], expected.noise["sigma_mV"][0]
    plain = np.zeros(expected.information.shape[1:])
    for cell, condition in zip(e.levels.entry_of_row, e.condition_of_row, strict=True):
        plain[cell] += np.outer(J[condition], J[condition]) / sigma**2
    np.testing.assert_allclose(expected.information[0], plain, rtol=1e-10, atol=1e-12)

    groups, size = max(len(e.levels.groups), 1), len(e.inferred)
    n = groups * size
    to_cell = [np.eye(n).reshape(groups, size, n)[group_of_cell]]  # every group with parameters of its own
    levels = [(a.of_cell, s, w[0]) for a, s, w in zip(e.levels.above, e.spreads_above, expected.above, strict=True)]
    for of_cell, spreads, width in [*levels, (np.arange(len(group_of_cell)), e.spreads, expected.spread[0])]:
        for i, (k, p) in enumerate((k, p) for k, p in enumerate(e.inferred) if p.name in spreads):
            sd = width[:, i] * p.cell_slope(p.scale.undo(expected.true_parameters[0, :, k]))
            deviations = np.zeros((len(of_cell), size, of_cell.max() + 1))
            deviations[np.arange(len(of_cell)), k, of_cell] = sd[group_of_cell]
            to_cell.append(deviations)
    to_cells = np.concatenate(to_cell, axis=-1)
    precision = np.einsum("cia,cij,cjb->ab", to_cells, plain, to_cells)
    whole, across, within = precision[:n, :n], precision[:n, n:], precision[n:, n:]
    left = whole - across @ np.linalg.solve(within + np.eye(len(within)), across.T)
    found = np.zeros((groups, size, groups, size))
    found[np.arange(groups), :, np.arange(groups)] = expected.of_groups[0][0]
    np.testing.assert_allclose(found.reshape(n, n), left, rtol=1e-10, atol=1e-10 * np.abs(left).max())
    assert np.abs(left - whole).max() > 0.1 * np.abs(left).max(), "levels matter"
    cells = within[-len(group_of_cell) * len(e.spreads) :, -len(group_of_cell) * len(e.spreads) :]
    known = 1 - np.diag(np.linalg.inv(cells + np.eye(len(cells)))).reshape(len(e.spreads), -1).T
    np.testing.assert_allclose(expected.of_groups[1][0], known.sum(axis=0), rtol=1e-10)
