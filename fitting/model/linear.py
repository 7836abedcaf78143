"""The law's exact derivatives on the parameters' own scales, and the mode that they lead to, without any sampling."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...models.conditions import Conditions, Theta
from ...models.laws.jacobian import derivatives, jacobian
from ...models.parameters import Q10_LEAK, Q10_PUMP, R_IN_SCATTER, SIGMA, Quantity
from ...models.priors import Scale
from ..experiment.bath_errors import BathError
from ..experiment.experiment import Experiment


def sensitivity(experiment: Experiment, theta: Theta, at: Conditions) -> np.ndarray:
    """dV_m / dη in mV, η the inferred parameters on their own scales; shape (…draws, condition, parameter).

    `theta` is what the law takes: its last axis runs over, or broadcasts against, the conditions.
    """
    parameters = experiment.inferred
    J = jacobian(experiment.law, theta, at, experiment.reference, [p.name for p in parameters])
    return J * np.stack(np.broadcast_arrays(*(p.scale.slope(theta[p.name]) for p in parameters)), axis=-1)


def resistance_slopes(experiment: Experiment, theta: Theta) -> np.ndarray:
    """d log R_in / dη of the rows that have one; shape (…draws, row, parameter). `theta` as for the experiment's conditions."""
    assert experiment.resistance is not None, "asked only of tables with input resistances"
    parameters = experiment.inferred
    J = derivatives(experiment.log_R_in, theta, [p.name for p in parameters])
    rows = experiment.condition_of_row[experiment.resistance.rows]
    stretches = np.stack(np.broadcast_arrays(*(p.scale.slope(theta[p.name]) for p in parameters)), axis=-1)
    return J * (stretches[..., rows, :] if stretches.shape[-2] > 1 else stretches)


def resistance_rows(experiment: Experiment, values: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """`resistance_slopes` of parameter values (none without resistances), and the sd of each row's logarithm."""
    if experiment.resistance is None:
        return np.zeros((0, len(experiment.inferred))), np.zeros(0)
    usual = values.get(R_IN_SCATTER.name, experiment.fixed.get(R_IN_SCATTER.name, R_IN_SCATTER.prior.typical))
    sd = experiment.resistance.sd(np.asarray(usual)[..., None])
    return resistance_slopes(experiment, experiment.theta(values)), sd


def reported_gradient(experiment: Experiment, values: dict[str, np.ndarray], wanted: Sequence[Quantity]) -> np.ndarray:
    """d(quantity)/dη on the quantity's own scale, by the complex step; shape (…draws, quantity, parameter)."""
    parameters = experiment.inferred
    step = 1e-30
    columns = []
    for p in parameters:
        x = np.asarray(values[p.name])
        shifted = {**values, p.name: x + 1j * step * p.scale.slope(x)}
        everything = {**shifted, **experiment.derived(shifted)}
        columns.append(np.stack([np.imag(q.scale.of(everything[q.name] + 0j)) / step for q in wanted], axis=-1))
    return np.stack(np.broadcast_arrays(*columns), axis=-1)


def mode(experiment: Experiment, steps: int = 40) -> tuple[dict[str, np.ndarray], float]:
    """Most probable parameters of the pooled experiment, by damped Gauss–Newton steps, and the scatter left (mV).

    Good enough to start chains from and to linearise around; nothing is reported from it.
    """
    pooled, parameters = experiment.pooled(), experiment.inferred
    eta = np.array([p.prior.centre for p in parameters])
    before, width = eta.copy(), np.array([p.prior.sd for p in parameters])
    y, condition = experiment.recordings["V_m"].to_numpy(), pooled.condition_of_row

    def at(eta: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        values = {p.name: np.asarray(p.scale.undo(e)) for p, e in zip(parameters, eta, strict=True)}
        return values, y - pooled.row_mean(values)

    sigma = 3.0
    for _ in range(steps):
        values, residual = at(eta)
        sigma = float(np.clip(np.sqrt(np.mean(residual**2)), 0.3, 20.0))
        if not parameters:  # as of nernst with K_i known: nothing is to be found but the scatter
            break
        J = sensitivity(pooled, pooled.theta(values), pooled.conditions)
        weight = 1 / (sigma**2 + experiment.error_mV**2)
        # Rows of a condition share their slopes: what they weigh, and pull, together.
        weights, pulls = (np.bincount(condition, x, len(J)) for x in (weight, weight * residual))
        precision, pull = (J.T * weights) @ J + np.diag(1 / width**2), J.T @ pulls
        if pooled.resistance:
            J, sd = resistance_rows(pooled, values)
            missed = np.log(pooled.resistance.R_in_MOhm) - pooled.log_R_in(pooled.theta(values))
            precision, pull = precision + (J.T / sd**2) @ J, pull + (J.T / sd**2) @ missed
        step = np.linalg.solve(precision, pull + (before - eta) / width**2)
        eta = eta + step * min(1.0, 1.0 / np.max(np.abs(step) / width, initial=1e-9))
        for k, p in enumerate(parameters):  # positive parameters on the natural scale stay off their boundary
            if p.scale is Scale.NATURAL and not p.signed and p.prior.typical > 0:
                eta[k] = max(eta[k], 0.05 * p.prior.typical)
        if np.max(np.abs(step) / width, initial=0.0) < 1e-3:
            break
    return at(eta)[0], sigma


def cells_alone(experiment: Experiment) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What each cell's own rows say of its varying parameters: estimate and variance, on the scale on which cells differ.

    One linear step from the pooled mode; good enough to choose coordinates by (see cells.py), and used for nothing else.
    """
    pooled, parameters, levels = experiment.pooled(), experiment.inferred, experiment.levels
    values, sigma = mode(experiment)
    entry = experiment.entry_of_condition[experiment.condition_of_row]
    residual = experiment.recordings["V_m"].to_numpy() - pooled.row_mean(values)
    varying = [k for k, p in enumerate(parameters) if experiment.varies(p.name)]
    unit = np.array([p.prior.sd if p.signed else 1.0 for p in (parameters[k] for k in varying)])
    slope = unit * [float(parameters[k].cell_slope(values[parameters[k].name])) for k in varying]
    J = sensitivity(pooled, pooled.theta(values), pooled.conditions)[pooled.condition_of_row][:, varying] * slope
    J_R, sd_R = resistance_rows(pooled, values)
    J_R, R = J_R[:, varying] * slope / sd_R[:, None], pooled.resistance
    missed_R = (np.log(R.R_in_MOhm) - pooled.log_R_in(pooled.theta(values))) / sd_R if R else np.zeros(0)
    everywhere = np.concatenate([entry, entry[R.rows] if R else np.zeros(0, int)])
    by_cell = np.argsort(everywhere, kind="stable")
    cells, free = len(levels.cells), max(len(residual) - len(levels.cells) * len(varying), len(residual) / 4)
    variance, deviation = np.empty((2, cells, len(varying)))
    for _ in range(3):  # the scatter that is left once every cell has its own parameters
        scaled, missed, left = np.concatenate([J / sigma, J_R]), np.concatenate([residual / sigma, missed_R]), 0.0
        for cell, own in enumerate(np.split(by_cell, np.cumsum(np.bincount(everywhere, minlength=cells))[:-1])):
            rows = own[own < len(entry)]
            covariance = np.linalg.inv(scaled[own].T @ scaled[own] + np.eye(len(varying)) / 2.0**2)
            variance[cell] = np.diag(covariance)
            deviation[cell] = covariance @ scaled[own].T @ missed[own]
            left += np.sum((residual[rows] - J[rows] @ deviation[cell]) ** 2)
        sigma = float(np.clip(np.sqrt(left / free), 0.3, sigma))
    deviation = np.clip(deviation, -1.0, 1.0)  # farther away the straight line means nothing
    return {
        p.name: (p.between.of(values[p.name]) + unit[i] * deviation[:, i], unit[i] ** 2 * variance[:, i])
        for i, p in enumerate(parameters[k] for k in varying)
    }


def offset_variance(experiment: Experiment, per: str) -> np.ndarray:
    """Variance (mV²) of each electrode offset from its rows' mean alone; half the rows are taken to be spent on the law."""
    return 2 * mode(experiment)[1] ** 2 / np.bincount(experiment.labels_of(per)[1])


def bath_variance(experiment: Experiment, error: BathError) -> np.ndarray:
    """Variance of each bath's error from its rows alone, in the column's unit squared; as `offset_variance`."""
    (values, sigma), pooled, width = mode(experiment), experiment.pooled(), float(error.sd.min())
    ends = []
    for sign in (-1, 1):
        arrays = pooled.conditions.arrays
        arrays[error.column] = error.shifted(arrays[error.column], sign * width / 10, error.there)
        shifted = replace(pooled, conditions=pooled.conditions.with_arrays(arrays))
        ends.append(shifted.potential(values))
    slope = (ends[1] - ends[0]) / (width / 5)
    rows = np.bincount(experiment.condition_of_row, minlength=len(slope))
    information = np.bincount(error.index, error.there * rows * slope**2, len(error.labels)) / (2 * sigma**2)
    return 1 / (information + 1e-6 / error.sd**2)


def scatter_alone(experiment: Experiment) -> tuple[np.ndarray, np.ndarray]:
    """What each level's rows say of the logarithm of its scatter, around the pooled mode: estimate and variance."""
    assert experiment.scatter is not None, "asked only where scatter differs"
    (values, sigma), of_row = mode(experiment), experiment.scatter.of_row
    square = (experiment.recordings["V_m"].to_numpy() - experiment.pooled().row_mean(values)) ** 2
    count = np.bincount(of_row)
    own = np.bincount(of_row, experiment.error_mV**2) / count
    estimate = np.maximum(np.bincount(of_row, square) / count - own, (0.2 * sigma) ** 2)
    # A logarithm of n squares is known to 1 / 2n; what rows' own errors cover says nothing of the scatter.
    return 0.5 * np.log(estimate), (1 + own / estimate) ** 2 / (2 * count)


def starting_point(experiment: Experiment) -> dict[str, np.ndarray]:
    """A plausible value of everything that is sampled, by tree name: the pooled mode, shared by all groups and cells."""
    levels = experiment.levels
    values, sigma = mode(experiment)
    start: dict[str, np.ndarray] = {}
    for p in experiment.widths:
        start[p.symbol] = np.full(len(levels.groups) if experiment.by_group(p) else (), p.prior.typical)
        start[p.either_sign] = np.ones_like(start[p.symbol])  # in units of the prior's
    start |= {SIGMA.place: np.zeros(len(experiment.scatter.levels))} if experiment.scatter else {}
    start |= {q.place: np.zeros(len(labels)) for q, (_, labels) in experiment.errors.items()}
    for p in experiment.parameters:
        value = values.get(p.name, np.asarray(sigma if p.name == SIGMA.name else p.prior.typical))
        start[p.symbol] = np.full(len(levels.groups), value) if experiment.varies(p.name) and levels.groups else value
        start |= {p.place_at(d): np.zeros(len(units)) for d, units in levels.coords.items()}
    if {Q10_PUMP.symbol, Q10_LEAK.symbol} <= set(start):
        start[Q10_PUMP.place] = np.log(start[Q10_PUMP.symbol] / start[Q10_LEAK.symbol])
    return start
