"""From sampled coordinates to cells: values of every cell, electrode offsets, and their prior densities."""

from typing import Any, cast

import numpy as np
import xarray as xr

from ...models.parameters import Q10_LEAK, Q10_PUMP, SIGMA, Parameter, offset
from ...models.priors import LogNormal
from ..experiment.experiment import Experiment
from ..experiment.scatter import DIM as SCATTER_DIM
from .linear import cells_alone, offset_variance, scatter_alone


def place_prior(middle: Any, width: Any, estimate: Any, variance: Any) -> tuple[Any, Any]:
    """Mean and sd of `place`, the coordinate in which x ~ Normal(middle, width) is sampled.

    Did a cell's own rows say Normal(estimate, variance) of x, then x given its population would be Normal with mean
    middle + w (estimate - middle) and variance w·variance, w = width² / (width² + variance). `place` is x in units of
    that: about standard Normal whatever middle and width are, for cells that tell all and for cells that tell nothing,
    where x itself makes a funnel as width goes to 0, and (x - middle) / width a ridge as the cells tell more.
    """
    total = width**2 + variance
    return (middle - estimate) * width / (variance * total) ** 0.5, (total / variance) ** 0.5


def from_place(place: Any, middle: Any, width: Any, estimate: Any, variance: Any) -> Any:
    """x from its coordinate; see `place_prior`. Works on numbers and on graphs, as that does."""
    total = width**2 + variance
    return middle + width**2 / total * (estimate - middle) + width * (variance / total) ** 0.5 * place


def _given_group(posterior: xr.Dataset, experiment: Experiment, name: str) -> tuple[Parameter, Any, Any]:
    """A varying parameter, its group's value on the scale on which cells differ, and their spread, as each cell sees them."""
    parameter = next(p for p in experiment.parameters if p.name == name)
    spread = experiment.spreads[name]
    width: Any = posterior.get(spread.symbol, xr.DataArray(spread.prior.centre))
    group = xr.DataArray(experiment.levels.group_of_cell, dims="cell")
    middle: Any = parameter.between.of(posterior[parameter.symbol])

    def of_cells(x: Any) -> Any:
        return x.isel(population=group).drop_vars("population") if "population" in x.dims else x

    return parameter, of_cells(middle), of_cells(width)


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
    alone = cells_alone(experiment) if experiment.spreads else {}
    for name in experiment.spreads:
        p, middle, width = _given_group(posterior, experiment, name)
        estimate, variance = (xr.DataArray(x, dims="cell") for x in alone[name])
        place = posterior[p.place].drop_vars("cell", errors="ignore")
        cells = p.between.undo(from_place(place, middle, width, estimate, variance)).transpose("chain", "draw", "cell")
        posterior = posterior.drop_vars(p.place)
        posterior = posterior.drop_vars("cell", errors="ignore").assign_coords(cell=list(experiment.levels.cells))
        posterior[p.of_cells] = cells.assign_coords(cell=posterior["cell"])
    for per, parameter in experiment.offsets.items():
        width = _offset_width(posterior, experiment, per, parameter)
        variance = xr.DataArray(offset_variance(experiment, per), dims=f"{per}_offset")
        of_each = from_place(posterior[offset(per).place], 0.0, width, 0.0, variance)
        posterior = posterior.drop_vars(offset(per).place)
        posterior[offset(per).symbol] = of_each.transpose("chain", "draw", ...).assign_attrs(units="mV")
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
    for name in experiment.spreads:
        p, middle, width = _given_group(population, experiment, name)
        deviation = xr.DataArray(
            rng.normal(size=(*shape, len(experiment.levels.cells))), dims=("chain", "draw", "cell")
        )
        population[p.of_cells] = p.between.undo(middle + width * deviation).transpose("chain", "draw", "cell")
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
    return population


def log_prior(posterior: xr.Dataset, experiment: Experiment) -> xr.Dataset:
    """Log prior density of the populations' parameters, spreads, and sds of offsets: of what has a prior of its own.

    Cells and offsets are left out, which are drawn from their population: scaling their density would be another model.
    """
    everything = [*experiment.parameters, *experiment.widths]
    return xr.Dataset(
        {p.symbol: p.prior.log_density(cast(Any, posterior[p.symbol])) for p in everything if p.symbol in posterior}
    )
