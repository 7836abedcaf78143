"""The linearised posterior: what a set of conditions would teach, from the law's exact derivatives and no sampling.

Around any parameter values the law is nearly linear in the parameters on their priors' own scales, so precision adds
up: that of the priors (or of a posterior at hand), plus J'J / sigma² for each recording.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..models.conditions import Conditions
from ..models.jacobian import derivatives, jacobian
from ..models.parameters import Q10_LEAK, Q10_PUMP, R_IN_SCATTER, SCATTER, SIGMA, Parameter, Quantity
from ..models.priors import LogNormal
from .experiment import Experiment


def inferred(experiment: Experiment) -> tuple[Parameter, ...]:
    """The parameters that the law's potential depends on: all but those of the scatter."""
    return tuple(p for p in experiment.parameters if p.name not in SCATTER)


def sensitivity(experiment: Experiment, values: dict[str, np.ndarray], at: Conditions) -> np.ndarray:
    """dV_m / dη in mV, η the inferred parameters on their own scales; shape (…draws, condition, parameter)."""
    parameters = inferred(experiment)
    theta = experiment.theta(values)
    J = jacobian(experiment.law, theta, at, experiment.reference, [p.name for p in parameters])
    return J * _stretches(parameters, values)


def resistance_rows(experiment: Experiment, values: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """d log R_in / dη of the rows that have one, shape (…draws, row, parameter), and the sd of their logarithms."""
    parameters = inferred(experiment)
    if experiment.resistance is None:
        return np.zeros((0, len(parameters))), np.zeros(0)
    J = derivatives(experiment.log_R_in, experiment.theta(values), [p.name for p in parameters])
    usual = np.asarray(
        values.get(R_IN_SCATTER.name, experiment.fixed.get(R_IN_SCATTER.name, R_IN_SCATTER.prior.typical))
    )
    return J * _stretches(parameters, values), experiment.resistance.sd(usual[..., None])


def reported_gradient(experiment: Experiment, values: dict[str, np.ndarray], wanted: Sequence[Quantity]) -> np.ndarray:
    """d(quantity)/dη on the quantity's own scale, by the complex step; shape (…draws, quantity, parameter)."""
    parameters = inferred(experiment)
    step = 1e-30
    columns = []
    for p in parameters:
        shifted = {**values, p.name: np.asarray(values[p.name]) + 1j * step * _stretch(p, np.asarray(values[p.name]))}
        everything = {**shifted, **experiment.derived(shifted)}
        columns.append(np.stack([np.imag(q.own_scale(everything[q.name] + 0j)) / step for q in wanted], axis=-1))
    return np.stack(np.broadcast_arrays(*columns), axis=-1)


def _stretches(parameters: Sequence[Parameter], values: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([_stretch(p, np.asarray(values[p.name]))[..., None] for p in parameters], axis=-1)


def _stretch(parameter: Parameter, values: np.ndarray) -> np.ndarray:
    """d(parameter)/dη: the value itself where the own scale is logarithmic."""
    return values if isinstance(parameter.prior, LogNormal) else np.ones_like(values)


def information(experiment: Experiment, values: dict[str, np.ndarray]) -> np.ndarray:
    """Precision of the linearised posterior around `values`: what the priors and all rows of the experiment say of η."""
    J = sensitivity(experiment, values, experiment.conditions)[..., experiment.condition_of_row, :]
    sigma = experiment.value(values, SIGMA.name)
    weight = np.broadcast_to(1 / (sigma[..., None] ** 2 + experiment.error_mV**2), J.shape[:-1])
    prior = np.diag([1 / p.prior.sd**2 for p in inferred(experiment)])
    precision = np.einsum("...rp,...r,...rq->...pq", J, weight, J) + prior
    if experiment.resistance:
        J, sd = resistance_rows(experiment, values)
        precision = precision + np.einsum("...rp,...r,...rq->...pq", J, np.broadcast_to(sd**-2.0, J.shape[:-1]), J)
    return precision


@dataclass(frozen=True)
class Expectation:
    """What a series of recordings is expected to teach.

    Attributes
    ----------
    quantities : what is asked about.
    sd : expected posterior sd of each on its own scale; `prior_sd` before any recording.
    correlation : expected posterior correlations between them.
    """

    quantities: tuple[Quantity, ...]
    sd: np.ndarray
    prior_sd: np.ndarray
    correlation: np.ndarray

    @property
    def contraction(self) -> np.ndarray:
        return 1 - (self.sd / self.prior_sd) ** 2


def expect(experiment: Experiment, wanted: Sequence[Quantity], seed: int, n: int = 200) -> Expectation:
    """Expected posterior of `wanted` for the experiment's own rows, averaged over `n` draws from the prior."""
    rng = np.random.default_rng(seed)
    values = {p.name: p.prior.draw(rng, n) for p in experiment.parameters}
    precision = information(experiment, values)
    G = reported_gradient(experiment, values, wanted)
    covariance = G @ np.linalg.inv(precision) @ np.swapaxes(G, -1, -2)
    sd = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    before = G @ np.diag([p.prior.sd**2 for p in inferred(experiment)]) @ np.swapaxes(G, -1, -2)
    return Expectation(
        tuple(wanted),
        np.sqrt(np.median(sd**2, axis=0)),
        np.sqrt(np.median(np.diagonal(before, axis1=-2, axis2=-1), axis=0)),
        np.median(covariance / (sd[:, :, None] * sd[:, None, :]), axis=0),
    )


def mode(experiment: Experiment, steps: int = 40) -> tuple[dict[str, np.ndarray], float]:
    """Most probable parameters of the pooled experiment, by damped Gauss–Newton steps, and the scatter left (mV).

    Good enough to start chains from and to linearise around; nothing is reported from it.
    """
    pooled, parameters = experiment.pooled(), inferred(experiment)
    eta = np.array([p.prior.centre for p in parameters])
    before, width = eta.copy(), np.array([p.prior.sd for p in parameters])
    y = experiment.recordings["V_m"].to_numpy()

    def at(eta: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        values = {p.name: np.asarray(p.prior.from_own_scale(e)) for p, e in zip(parameters, eta, strict=True)}
        return values, y - pooled.row_mean(values)

    sigma = 3.0
    for _ in range(steps):
        values, residual = at(eta)
        sigma = float(np.clip(np.sqrt(np.mean(residual**2)), 0.3, 20.0))
        J = sensitivity(pooled, values, pooled.conditions)[pooled.condition_of_row]
        weight = 1 / (sigma**2 + experiment.error_mV**2)
        precision, pull = (J.T * weight) @ J + np.diag(1 / width**2), (J.T * weight) @ residual
        if pooled.resistance:
            J, sd = resistance_rows(pooled, values)
            missed = np.log(pooled.resistance.R_in_MOhm) - pooled.log_R_in(pooled.theta(values))
            precision, pull = precision + (J.T / sd**2) @ J, pull + (J.T / sd**2) @ missed
        step = np.linalg.solve(precision, pull + (before - eta) / width**2)
        eta = eta + step * min(1.0, 1.0 / np.max(np.abs(step) / width, initial=1e-9))
        for k, p in enumerate(parameters):  # positive parameters on the natural scale stay off their boundary
            if p.prior.scale == "natural" and p.prior.typical > 0:
                eta[k] = max(eta[k], 0.05 * p.prior.typical)
        if np.max(np.abs(step) / width, initial=0.0) < 1e-3:
            break
    return at(eta)[0], sigma


def centring(experiment: Experiment) -> dict[str, np.ndarray]:
    """Where between non-centred (0) and centred (1) each cell's varying parameters are best sampled.

    The weight is spread² / (spread² + s²): s the sd of the parameter's logarithm from that cell's rows alone, and the
    spread between cells as one linear step from the pooled mode shows it (what cells differ by, beyond their s).
    """
    pooled, parameters, levels = experiment.pooled(), inferred(experiment), experiment.levels
    values, sigma = mode(experiment)
    entry = experiment.entry_of_condition[experiment.condition_of_row]
    residual = experiment.recordings["V_m"].to_numpy() - pooled.row_mean(values)
    varying = [k for k, p in enumerate(parameters) if experiment.varies(p.name)]
    logarithmic = [1.0 if parameters[k].prior.scale == "log" else float(values[parameters[k].name]) for k in varying]
    J = sensitivity(pooled, values, pooled.conditions)[pooled.condition_of_row][:, varying] * logarithmic
    J_R, sd_R = resistance_rows(pooled, values)
    J_R, R = J_R[:, varying] * logarithmic / sd_R[:, None], pooled.resistance
    missed_R = (np.log(R.R_in_MOhm) - pooled.log_R_in(pooled.theta(values))) / sd_R if R else np.zeros(0)
    everywhere = np.concatenate([entry, entry[R.rows] if R else np.zeros(0, int)])
    cells, free = len(levels.cells), max(len(residual) - len(levels.cells) * len(varying), len(residual) / 4)
    variance, deviation = np.empty((2, cells, len(varying)))
    for _ in range(3):  # the scatter that is left once every cell has its own parameters
        scaled, missed, left = np.concatenate([J / sigma, J_R]), np.concatenate([residual / sigma, missed_R]), 0.0
        for cell in range(cells):
            own, rows = everywhere == cell, entry == cell
            covariance = np.linalg.inv(scaled[own].T @ scaled[own] + np.eye(len(varying)) / 2.0**2)
            variance[cell] = np.diag(covariance)
            deviation[cell] = covariance @ scaled[own].T @ missed[own]
            left += np.sum((residual[rows] - J[rows] @ deviation[cell]) ** 2)
        sigma = float(np.clip(np.sqrt(left / free), 0.3, sigma))
    means = np.stack([deviation[levels.group_of_cell == g].mean(axis=0) for g in levels.group_of_cell])
    spread = np.mean((deviation - means) ** 2, axis=0) - variance.mean(axis=0)
    spread = np.clip(spread, 0.03**2, 0.5**2)
    return {parameters[k].name: spread[i] / (spread[i] + variance[:, i]) for i, k in enumerate(varying)}


def offset_centring(experiment: Experiment, per: str, spread_mV: float = 2.0) -> np.ndarray:
    """The same for electrode offsets, each known from its rows' mean; half the rows are reckoned to go into the law."""
    _, sigma = mode(experiment)
    variance = 2 * sigma**2 / np.bincount(experiment.labels_of(per)[1])
    return spread_mV**2 / (spread_mV**2 + variance)


def starting_point(experiment: Experiment) -> dict[str, np.ndarray]:
    """A plausible value of everything that is sampled, by tree name: the pooled mode, shared by all groups and cells."""
    levels = experiment.levels
    values, sigma = mode(experiment)
    start = {
        p.symbol: np.asarray(p.prior.typical) for p in (*experiment.spreads.values(), *experiment.offsets.values())
    }
    if experiment.config.spread == "group" and levels.groups:
        start |= {p.symbol: np.full(len(levels.groups), p.prior.typical) for p in experiment.spreads.values()}
    start |= {f"offset_{per}_place": np.zeros(len(experiment.labels_of(per)[0])) for per in experiment.offsets}
    weights = centring(experiment) if experiment.spreads else {}
    for p in experiment.parameters:
        value = values.get(p.name, np.asarray(sigma if p.name == SIGMA.name else p.prior.typical))
        start[p.symbol] = np.full(len(levels.groups), value) if experiment.varies(p.name) and levels.groups else value
        if p.name in experiment.spreads:
            start[f"{p.symbol}_place"] = weights[p.name] * np.log(value)
    if {Q10_PUMP.symbol, Q10_LEAK.symbol} <= set(start):
        start[f"{Q10_PUMP.symbol}_place"] = np.log(start[Q10_PUMP.symbol] / start[Q10_LEAK.symbol])
    return start
