"""The linearised posterior: what a set of conditions would teach, from the law's exact derivatives and no sampling.

Around any parameter values the law is nearly linear in the parameters on their priors' own scales, so precision adds
up: that of the priors (or of a posterior at hand), plus J'J / sigma² for each recording.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..models.conditions import Conditions
from ..models.jacobian import jacobian
from ..models.parameters import NU, SIGMA, Parameter, Quantity
from ..models.priors import LogNormal
from .experiment import Experiment


def inferred(experiment: Experiment) -> tuple[Parameter, ...]:
    """The parameters that the law's potential depends on: all but those of the scatter."""
    return tuple(p for p in experiment.parameters if p.name not in (SIGMA.name, NU.name))


def sensitivity(experiment: Experiment, values: dict[str, np.ndarray], at: Conditions) -> np.ndarray:
    """dV_m / dη in mV, η the inferred parameters on their own scales; shape (…draws, condition, parameter)."""
    parameters = inferred(experiment)
    theta = experiment.theta(values)
    J = jacobian(experiment.law, theta, at, experiment.reference, [p.name for p in parameters])
    return J * np.stack([_stretch(p, np.asarray(values[p.name]))[..., None] for p in parameters], axis=-1)


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


def _stretch(parameter: Parameter, values: np.ndarray) -> np.ndarray:
    """d(parameter)/dη: the value itself where the own scale is logarithmic."""
    return values if isinstance(parameter.prior, LogNormal) else np.ones_like(values)


def information(experiment: Experiment, values: dict[str, np.ndarray]) -> np.ndarray:
    """Precision of the linearised posterior around `values`: what the priors and all rows of the experiment say of η."""
    J = sensitivity(experiment, values, experiment.conditions)[..., experiment.condition_of_row, :]
    sigma = experiment.value(values, SIGMA.name)
    weight = np.broadcast_to(1 / (sigma[..., None] ** 2 + experiment.error_mV**2), J.shape[:-1])
    prior = np.diag([1 / p.prior.sd**2 for p in inferred(experiment)])
    return np.einsum("...rp,...r,...rq->...pq", J, weight, J) + prior


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
