"""What a series of recordings teaches, computed without sampling: the linearised posterior and its hierarchy of cells.

On their priors' own scales the parameters act nearly linearly on V_m, so precisions add up: the prior's, and J'J / σ² for
each recording. What is known of a cell counts for its population less the spread between cells. Three corrections bring
the result near to what sampling gives, few recordings and wide posteriors included: J is the mean slope over the expected
posterior, not that at one point; a prior that ends at 0 cuts the Normal posterior off there; and scatter and spreads are
known only as well as the recordings tell them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr
from numpy.polynomial.hermite_e import hermegauss
from scipy.sparse import csr_array

from ...models.conditions import Conditions
from ...models.errors import ConfigurationError
from ...models.parameters import NU, NU_CELLS, R_IN_SCATTER, SIGMA, Parameter, Quantity
from ...models.priors import Scale, cut_at_zero
from ..experiment.experiment import Experiment
from ..experiment.levels import unit_of
from .draws import draw_prior
from .groups import columns_of, kinds, levels_of, of_draws, theta_of, values_of
from .linear import reported_gradient, resistance_slopes, sensitivity

DRAWS = 60
"""Draws of the prior that an expectation is averaged over; fewer for large tables."""
_POTENTIALS = 200_000  # that may be solved for each step
_STEPS = 2  # further ones change the expected sds by a few percent
_NODES, _WEIGHTS = hermegauss(9)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True)
class Expectation:
    """What a series of recordings is expected to teach.

    Attributes
    ----------
    quantities : what is asked about, once for each group that has its own.
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


@dataclass(frozen=True)
class ExpectedPosterior:
    """What is known after a series of recordings, for each of several draws of what the membrane may truly be like.

    Attributes
    ----------
    experiment : what is planned, or was recorded.
    true_parameters : (draw, group, parameter) on the parameters' own scales.
    cloud : (draw, point, group, parameter) points that stand for the posterior of each draw.
    noise : what describes the scatter, by name, for each draw.
    spread : (draw, group, varying parameter) sd between cells of the logarithm.
    information : (draw, entry, parameter, parameter) information in the recordings of each entry (cell, else group, else all).
    above : the same as `spread` of the units of each level above the cell, outermost first.
    added : (draw, group, parameter, parameter) information of further recordings in every entry of a group.
    """

    experiment: Experiment
    true_parameters: np.ndarray
    cloud: np.ndarray
    noise: dict[str, np.ndarray]
    spread: np.ndarray
    information: np.ndarray
    above: tuple[np.ndarray, ...] = ()
    added: np.ndarray | float = 0.0

    def slopes(self, at: Conditions, group: np.ndarray) -> np.ndarray:
        """Mean dV_m / dη in mV over the cloud, (draw, condition, parameter), with the parameters of each one's `group`."""
        e = self.experiment
        return sensitivity(e, theta_of(e, self.cloud[:, :, group]), at).mean(axis=1)

    def with_recordings(self, slopes: np.ndarray, recordings: float) -> "ExpectedPosterior":
        """The same after so many more recordings in every entry, of slopes (draw, group, parameter)."""
        added = recordings * slopes[..., :, None] * slopes[..., None, :] * self._weight(0.0)[..., None, None]
        return replace(self, added=self.added + added)

    def expect(self, wanted: Sequence[Quantity]) -> Expectation:
        """Expected posterior of `wanted`: medians over the draws."""
        (quantities, gradient), covariance = self._gradient(wanted), self.posterior[1]
        unmeasured = self._after(np.zeros_like(covariance))[1]
        (sd, correlation), (prior_sd, _) = (_sd_and_correlation(gradient, x) for x in (covariance, unmeasured))
        return Expectation(quantities, *(np.median(x, axis=0) for x in (sd, prior_sd, correlation)))

    def _weight(self, error_mV, level: np.ndarray | None = None) -> np.ndarray:
        """Information of single recordings with errors of their own, 1/mV²; (draw, recording).

        Each has the scatter of its `level`, where levels are known to differ, else the typical one.
        """
        nu, of_levels = self.noise.get(NU.name), self.noise.get(SIGMA.of_levels)
        sigma = self.noise[SIGMA.name][:, None] if of_levels is None or level is None else of_levels[:, level]
        variance = sigma**2 + np.square(np.atleast_1d(error_mV))
        return np.reshape(_share_of_normal(nu), (-1, 1)) / variance

    @cached_property
    def of_groups(self) -> tuple[np.ndarray, np.ndarray]:
        """What the recordings tell of the groups, once the deviations of cells, and of units above, are integrated out.

        Levels whose units hold cells of several groups are passed over.

        Returns
        -------
        Information on each group's parameters, (draw, group, parameter, parameter), and how many of the entries' deviations
        the recordings determine, (draw, varying parameter).
        """
        e, group_of_entry, groups = self.experiment, levels_of(self.experiment)[0], len(columns_of(self.experiment))
        added = np.broadcast_to(self.added, (len(self.true_parameters), groups, *self.information.shape[2:]))
        width = self.spread / np.reshape(_share_of_normal(self.noise.get(NU_CELLS.name)), (-1, 1, 1)) ** 0.5
        levels = [x for x in zip(e.levels.above, e.spreads_above, self.above, strict=False) if not x[0].mixed]
        of_groups, determined = [], []
        for d in range(len(self.true_parameters)):  # a draw at a time, which stays in the processor's cache
            information, group = self.information[d] + added[d][group_of_entry], group_of_entry
            shown, of_cell = self._integrate(information, d, width, group, e.spreads), np.arange(len(group))
            for level, names, spread in reversed(levels):
                information = _summed(information, unit_of(level.of_cell, of_cell), len(level.units))
                of_cell, group = level.of_cell, level.main_group
                self._integrate(information, d, spread, group, names)
            of_groups.append(_summed(information, group, groups))
            determined.append(shown)
        return np.stack(of_groups), np.stack(determined)

    def _integrate(
        self, information: np.ndarray, draw: int, spread: np.ndarray, group: np.ndarray, names: Iterable[str]
    ) -> np.ndarray:
        """Take from what units tell, (unit, parameter, parameter), that they deviate by `spread` in some parameters.

        Returns how many of these deviations the recordings determine, of each parameter.
        """
        variances = list[tuple[int, np.ndarray]]()
        for k, p in enumerate(self.experiment.inferred):
            if p.name in names:  # spreads are on the scale on which cells differ, information on the parameters' own
                slope = p.cell_slope(p.scale.undo(self.true_parameters[draw, :, k]))
                variances.append((k, ((spread[draw, :, len(variances)] * slope) ** 2)[group]))
        for k, variance in variances:  # (information⁻¹ + variances)⁻¹, one variance after the other
            row = information[:, k].copy()
            left = row / (1 + variance * row[:, k])[:, None]
            information -= (variance[:, None] * row)[:, :, None] * left[:, None, :]
            information[:, k] = information[:, :, k] = left  # the difference would round it off
        return np.array([np.sum(variance * information[:, k, k]) for k, variance in variances])

    @cached_property
    def posterior(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean and covariance of all groups' parameters by draw, and how many of them the recordings determine."""
        columns = columns_of(self.experiment)
        size = int(columns.max(initial=-1)) + 1
        information = np.zeros((len(self.true_parameters), size, size))
        for group, own in enumerate(columns):
            information[:, own[:, None], own] += self.of_groups[0][:, group]
        return self._after(information)

    def _after(self, information: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`posterior`, given the information on all groups' parameters."""
        columns, size = columns_of(self.experiment), information.shape[-1]
        true, (centre, width), cut = np.zeros((len(information), size)), np.ones((2, size)), np.zeros(size, bool)
        for i, p in enumerate(self.experiment.inferred):
            true[:, columns[:, i]], cut[columns[:, i]] = self.true_parameters[..., i], p.prior.ends_at_zero
            centre[columns[:, i]], width[columns[:, i]] = p.prior.uncut
        # In units of the priors, the matrix to be inverted is never worse than the identity.
        covariance = np.linalg.inv(np.eye(size) + information * width * width[:, None]) * width * width[:, None]
        kept = covariance / width**2  # what of the posterior's mean comes from the prior
        mean = true + (kept @ (centre - true)[..., None])[..., 0]
        between = covariance - kept @ covariance  # of the mean, from one set of recordings to another
        determined = size - np.trace(kept, axis1=-2, axis2=-1)
        for k in np.flatnonzero(cut):
            variance = covariance[:, k, k, None]
            possible = mean[:, k, None] + np.sqrt(np.maximum(between[:, k, k, None], 0.0)) * _NODES
            middle, sd = (x @ _WEIGHTS for x in cut_at_zero(possible, np.sqrt(variance)))
            line = covariance[:, :, k] / variance
            mean = mean + line * (middle - mean[:, k])[:, None]
            covariance = covariance - line[:, :, None] * line[:, None, :] * (variance - sd[:, None] ** 2)[..., None]
        return mean, covariance, determined

    def _gradient(self, wanted: Sequence[Quantity]) -> tuple[tuple[Quantity, ...], np.ndarray]:
        """Each group's quantities, and their mean derivatives by all groups' parameters, (draw, quantity, parameter)."""
        e, columns = self.experiment, columns_of(self.experiment)
        slope = reported_gradient(e.pooled(), values_of(e, self.cloud), wanted).mean(axis=1)
        varying = [k for k, p in enumerate(e.inferred) if e.varies(p.name)]
        quantities, rows = [], []
        for i, q in enumerate(wanted):
            group_names = e.levels.groups if np.any(slope[:, :, i, varying]) else ()
            for group, name in enumerate(group_names or ("",)):
                quantities.append(replace(q, group=name))
                rows.append(np.zeros((len(slope), columns.max() + 1)))
                rows[-1][:, columns[group]] = slope[:, group, i]
        return tuple(quantities), np.stack(rows, axis=1)


def expected_posterior(experiment: Experiment, population: xr.Dataset | None = None) -> ExpectedPosterior:
    """What the experiment's rows are expected to teach, whatever was measured in them.

    Parameters
    ----------
    population : draws, in the posterior's layout, of what the membrane may be like; default: from the prior.
    """
    columns, parameters = columns_of(experiment), experiment.inferred
    if population is None:
        n = _draws(experiment, 2 * columns.size)
        population = draw_prior(experiment, n, np.random.default_rng(experiment.config.seed))
    true, noise, spread, above = of_draws(population, experiment)
    sigma = next((p for p in experiment.parameters if p.name == SIGMA.name), None)
    found = _with_rows(ExpectedPosterior(experiment, true, true[:, None], noise, spread, np.zeros(0), above))
    for _ in range(_STEPS):
        mean, covariance, determined = found.posterior
        shown = found.of_groups[1]
        spare = len(experiment.condition_of_row) - determined - shown.sum(axis=1)
        scatter = {SIGMA.name: _expected_size(sigma, noise[SIGMA.name], spare)}
        widths = [
            _expected_size(p, spread[..., i], shown[:, i, None] - len(columns))
            for i, p in enumerate(experiment.spreads.values())
        ]
        cloud = np.stack([mean[:, None, c] + _sigma_points(covariance[:, c[:, None], c]) for c in columns], axis=2)
        for k, p in enumerate(parameters):
            if p.prior.scale is Scale.NATURAL and not p.prior.reaches_below_zero:
                cloud[..., k] = np.maximum(cloud[..., k], 0.02 * p.prior.sd)
        spreads = np.stack(widths, axis=-1) if widths else spread
        found = _with_rows(replace(found, cloud=cloud, noise=noise | scatter, spread=spreads))
    return found


def linearised_posterior(experiment: Experiment, posterior: xr.Dataset) -> ExpectedPosterior:
    """What the experiment's rows have taught, around the posterior that sampling found (a single draw)."""
    total = posterior.sizes["chain"] * posterior.sizes["draw"]
    thin = max(1, total // _draws(experiment, 1))
    cloud, noises, spread, above = of_draws(posterior.isel(draw=slice(None, None, thin)), experiment)
    noise = {name: _size(x) for name, x in noises.items()}
    typical = tuple(_size(x) for x in above)
    middle = cloud.mean(axis=0)[None]
    return _with_rows(ExpectedPosterior(experiment, middle, cloud[None], noise, _size(spread), np.zeros(0), typical))


def _share_of_normal(nu: np.ndarray | None) -> float | np.ndarray:
    """The information in something of a Student t, as a share of that in a Normal of the same scale."""
    return 1.0 if nu is None else (nu + 1) / (nu + 3)


def _size(draws: np.ndarray) -> np.ndarray:
    """The root mean square of widths over their draws, as a single one."""
    return np.sqrt(np.mean(draws**2, axis=0, keepdims=True))


def _with_rows(expected: ExpectedPosterior) -> ExpectedPosterior:
    """The same with the information of the experiment's own rows, slopes taken over its cloud."""
    e = expected.experiment
    group_of_entry, entry_of_row, group_of_condition = levels_of(e)
    first, kind_of_condition = kinds(e)
    J = expected.slopes(e.conditions.take(first), group_of_condition[first])
    level_of_row = e.scatter.of_row if e.scatter else np.zeros(len(entry_of_row), int)
    rows = np.stack([kind_of_condition[e.condition_of_row], level_of_row, e.error_mV])
    (kind, level, error), sort = np.unique(rows, axis=1, return_inverse=True)  # rows of one sort say the same
    J, weight = J[:, kind.astype(int)], expected._weight(error, level.astype(int))
    if e.resistance:
        slopes = resistance_slopes(e, theta_of(e, expected.cloud[:, :, group_of_condition])).mean(axis=1)
        own = e.resistance.sd(expected.noise.get(R_IN_SCATTER.name, np.ones(1))[:, None]) ** -2.0
        sort = np.concatenate([sort, weight.shape[1] + np.arange(slopes.shape[1])])
        J, weight = np.concatenate([J, slopes], axis=1), np.concatenate([weight, own + 0 * weight[:, :1]], axis=1)
        entry_of_row = np.concatenate([entry_of_row, entry_of_row[e.resistance.rows]])
    shape = len(group_of_entry), weight.shape[1]
    rows_of = csr_array((np.ones(len(sort)), (entry_of_row, sort)), shape)
    squares = ((w[:, None] * j)[:, :, None] * j[:, None, :] for j, w in zip(J, weight, strict=True))
    information = [(rows_of @ x.reshape(len(x), -1)).reshape(len(group_of_entry), *x.shape[1:]) for x in squares]
    return replace(expected, information=np.stack(information))


def _summed(information: np.ndarray, index: np.ndarray, n: int) -> np.ndarray:
    """The information of units together, by the index of what they lie within."""
    found = np.zeros((n, *information.shape[1:]))
    np.add.at(found, index, information)
    return found


def _draws(e: Experiment, points: int) -> int:
    """How many draws can be afforded, with so many points around each."""
    return int(np.clip(_POTENTIALS // (points * len(kinds(e)[0])), 5, DRAWS))


def _expected_size(parameter: Parameter | None, size: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Root of the posterior mean square of an sd, where so many degrees of freedom show `size`; as given where fixed."""
    if parameter is None or not parameter.prior.sd:
        return size
    x = np.geomspace(1e-3, 1e3, 300) * parameter.prior.sd
    size, freedom = np.maximum(size, 1e-6)[..., None], np.maximum(freedom, 0.0)[..., None]
    log_density = parameter.prior.log_density(x) + np.log(x) - freedom * (np.log(x / size) + 0.5 * (size / x) ** 2)
    weight = np.exp(log_density - log_density.max(axis=-1, keepdims=True))
    return np.sqrt((weight * x**2).sum(axis=-1) / weight.sum(axis=-1))


def _sigma_points(covariance: np.ndarray) -> np.ndarray:
    """Points around 0, (draw, point, parameter), whose mean square is `covariance`: two along each principal axis."""
    if not np.isfinite(covariance).all():
        raise ConfigurationError(
            "with these priors V_m cannot be computed in these baths: is one of them, or a value held fixed, out of range? "
            "vrest priors lists them."
        )
    squares, axes = np.linalg.eigh(covariance)
    root = np.swapaxes(axes * np.sqrt(np.maximum(squares, 0.0) * squares.shape[-1])[:, None], -1, -2)
    return np.concatenate([root, -root], axis=1)


def _sd_and_correlation(gradient: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    covariance = gradient @ covariance @ np.swapaxes(gradient, -1, -2)
    sd = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    return sd, covariance / (sd[:, :, None] * sd[:, None, :])
