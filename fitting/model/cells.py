"""From sampled coordinates to cells: values of every cell, electrode offsets, and their prior densities."""

from typing import Any, cast

import numpy as np
import xarray as xr

from ...models.parameters import Q10_LEAK, Q10_PUMP, SIGMA, Parameter, offset
from ...models.priors import LogNormal
from ..experiment.experiment import Experiment
from ..experiment.scatter import DIM as SCATTER_DIM
from .linear import bath_variance, offset_variance, scatter_alone
from .tiers import deviations, from_place, index_data, of_levels, seen_from, tail, tier_data, tiers


def _given_levels(posterior: xr.Dataset, experiment: Experiment, spread: Parameter) -> tuple[Any, Any]:
    """Logarithm of the typical scatter, and the spread of the levels' around it."""
    width: Any = posterior.get(spread.symbol, xr.DataArray(spread.prior.centre))
    typical: Any = posterior.get(SIGMA.symbol, xr.DataArray(experiment.fixed.get(SIGMA.name)))
    return np.log(typical), width


def speeds_tied(experiment: Experiment) -> bool:
    """Whether Q10_pump is sampled as its ratio to Q10_leak: in hierarchies, whose metric cannot follow that ridge."""
    sampled = {p.name: p.prior for p in experiment.parameters if not experiment.varies(p.name)}
    names = (Q10_PUMP.name, Q10_LEAK.name)
    return bool(experiment.levels.cells) and all(isinstance(sampled.get(name), LogNormal) for name in names)


def of_draws(group: xr.Dataset, experiment: Experiment, p: Parameter, value: Any) -> dict[str, np.ndarray]:
    """`of_levels` of draws (chain, draw)."""
    data = {name: x for name, (x, _) in index_data(experiment).items()}
    width = {d: _last(group.get(spread.symbol, spread.prior.centre)) for d, spread in tiers(experiment, p.name).items()}
    return of_levels(experiment, p, data, _last(group[p.symbol]), width, value)


def _last(x: Any) -> np.ndarray:
    """Draws (chain, draw) with a last axis, of length 1 where they have none."""
    x = np.asarray(x)
    return x if x.ndim > 2 else x[..., None]


def _with_levels(group: xr.Dataset, experiment: Experiment, p: Parameter, found: dict[str, np.ndarray]) -> xr.Dataset:
    """Draws with a parameter's values in the units of every level, and in cells."""
    shape = group.sizes["chain"], group.sizes["draw"]
    for d, x in found.items():
        labels = list(experiment.levels.coords[d])
        values = np.broadcast_to(p.between.undo(x), (*shape, len(labels)))
        group = group.assign_coords({d: labels})
        group[p.at(d)] = (("chain", "draw", d), values)
    return group


def _in_cells(experiment: Experiment) -> list[Parameter]:
    return [p for p in experiment.parameters if experiment.in_cells(p.name)]


def _offset_width(posterior: xr.Dataset, experiment: Experiment, per: str, parameter: Parameter) -> Any:
    width = experiment.offset_sd(per, posterior.get(parameter.symbol, xr.DataArray(parameter.prior.centre)))
    return xr.DataArray(width, dims=f"{per}_offset") if isinstance(width, np.ndarray) else width


def with_cells(posterior: xr.Dataset, experiment: Experiment) -> xr.Dataset:
    """Q10_pump, every cell's values (`p_Na_cell`) and offsets (mV), in place of what stood for them in the sampling."""
    place = posterior.get(Q10_PUMP.place)
    if place is not None:
        posterior = posterior.drop_vars(str(place.name))
        posterior[Q10_PUMP.symbol] = np.exp(place) * posterior[Q10_LEAK.symbol]
    widths = [p for p in experiment.widths if p.either_sign in posterior]
    for p in widths:
        posterior[p.symbol] = p.prior.uncut[1] * posterior[p.either_sign]
    data = {name: x for name, (x, _) in tier_data(experiment).items()}
    for p in _in_cells(experiment):
        places = {d: posterior[p.place_at(d)].to_numpy() for d in tiers(experiment, p.name)}

        def placed(
            d: str, middle: Any, own: Any, p: Parameter = p, places: Any = places, given: Any = posterior
        ) -> np.ndarray:
            nu = tail(experiment, d, given)
            return from_place(places[d], *seen_from(p, d, data, middle, own), nu if nu is None else _last(nu))

        found = of_draws(posterior, experiment, p, placed)
        posterior = _with_levels(posterior.drop_vars([p.place_at(d) for d in places]), experiment, p, found)
    for per, parameter in experiment.offsets.items():
        width = _offset_width(posterior, experiment, per, parameter)
        variance = xr.DataArray(offset_variance(experiment, per), dims=f"{per}_offset")
        of_each = from_place(posterior[offset(per).place], 0.0, width, 0.0, variance)
        posterior = posterior.drop_vars(offset(per).place)
        posterior[offset(per).symbol] = of_each.transpose("chain", "draw", ...).assign_attrs(units="mV")
    for e in experiment.bath_errors:
        width, variance = (xr.DataArray(x, dims=e.dim) for x in (e.sd, bath_variance(experiment, e)))
        of_each = from_place(posterior[e.quantity.place], 0.0, width, 0.0, variance)
        posterior = posterior.drop_vars(e.quantity.place)
        posterior[e.quantity.symbol] = of_each.transpose("chain", "draw", ...).assign_attrs(units=e.quantity.unit)
    if experiment.scatter:
        alone = (xr.DataArray(x, dims=SCATTER_DIM) for x in scatter_alone(experiment))
        of_each = np.exp(
            from_place(posterior[SIGMA.place], *_given_levels(posterior, experiment, experiment.scatter.spread), *alone)
        )
        posterior = posterior.drop_vars(SIGMA.place)
        posterior[SIGMA.of_levels] = of_each.transpose("chain", "draw", ...).assign_attrs(units="mV")
    for p in widths:
        posterior[p.symbol] = abs(posterior[p.symbol])
    return posterior.drop_vars([p.either_sign for p in widths])


def place_cells(population: xr.Dataset, experiment: Experiment, rng: np.random.Generator) -> xr.Dataset:
    """Populations with cells and electrode offsets drawn from them, named as `with_cells` names them."""
    shape, population = (population.sizes["chain"], population.sizes["draw"]), population.copy()
    for p in _in_cells(experiment):

        def drawn(d: str, middle: Any, own: dict[str, Any], given: xr.Dataset = population) -> np.ndarray:
            units = (*shape, len(experiment.levels.coords[d]))
            return middle + own[d] * deviations(rng, tail(experiment, d, given), units)

        population = _with_levels(population, experiment, p, of_draws(population, experiment, p, drawn))
    if experiment.scatter:
        middle, width = _given_levels(population, experiment, experiment.scatter.spread)
        levels = list(experiment.scatter.levels)
        deviation = xr.DataArray(
            rng.normal(size=(*shape, len(levels))), {SCATTER_DIM: levels}, ("chain", "draw", SCATTER_DIM)
        )
        population[SIGMA.of_levels] = np.exp(middle + width * deviation).transpose("chain", "draw", ...)
    for per, parameter in experiment.offsets.items():
        width = _offset_width(population, experiment, per, parameter)
        labels = experiment.labels_of(per)[0]
        deviation = xr.DataArray(rng.normal(size=(*shape, len(labels))), dims=("chain", "draw", f"{per}_offset"))
        population[offset(per).symbol] = (width * deviation).transpose("chain", "draw", ...)
    for e in experiment.bath_errors:
        error = e.sd * rng.normal(size=(*shape, len(e.labels)))
        population[e.quantity.symbol] = (("chain", "draw", e.dim), error)
    return population


def log_prior(posterior: xr.Dataset, experiment: Experiment) -> xr.Dataset:
    """Log prior density of the populations' parameters, spreads, and sds of offsets: of what has a prior of its own.

    Cells and offsets are left out, which are drawn from their population: scaling their density would be another model.
    """
    everything = [*experiment.parameters, *experiment.widths]
    return xr.Dataset(
        {p.symbol: p.prior.log_density(cast(Any, posterior[p.symbol])) for p in everything if p.symbol in posterior}
    )
