"""From sampled coordinates to cells: values of every cell, electrode offsets, and their prior densities."""

from typing import Any, cast

import numpy as np
import xarray as xr

from .experiment import Experiment
from .linear import centring, offset_centring


def _given_group(posterior: xr.Dataset, experiment: Experiment, name: str) -> tuple[str, Any, Any]:
    """A varying parameter's symbol, and the log of its group's value and the cells' spread as each cell sees them."""
    symbol = next(p.symbol for p in experiment.parameters if p.name == name)
    spread = experiment.spreads[name]
    width: Any = posterior.get(spread.symbol, xr.DataArray(spread.prior.centre))
    group = xr.DataArray(experiment.levels.group_of_cell, dims="cell")
    middle: Any = np.log(posterior[symbol])

    def of_cells(x: Any) -> Any:
        return x.isel(population=group).drop_vars("population") if "population" in x.dims else x

    return symbol, of_cells(middle), of_cells(width)


def with_cells(posterior: xr.Dataset, experiment: Experiment) -> xr.Dataset:
    """Every cell's values (`p_Na_cell`) and offsets (mV), in place of the coordinates in which they were sampled."""
    weights = centring(experiment) if experiment.spreads else {}
    for name in experiment.spreads:
        symbol, middle, width = _given_group(posterior, experiment, name)
        weight = xr.DataArray(weights[name], dims="cell")
        place = posterior[f"{symbol}_place"].drop_vars("cell", errors="ignore")
        cells = np.exp(middle + width ** (1 - weight) * (place - weight * middle)).transpose("chain", "draw", "cell")
        posterior = posterior.drop_vars(f"{symbol}_place")
        posterior = posterior.drop_vars("cell", errors="ignore").assign_coords(cell=list(experiment.levels.cells))
        posterior[f"{symbol}_cell"] = cells.assign_coords(cell=posterior["cell"])
    for per, parameter in experiment.offsets.items():
        width = posterior.get(parameter.symbol, xr.DataArray(parameter.prior.centre))
        weight = xr.DataArray(offset_centring(experiment, per), dims=f"{per}_offset")
        offset = posterior[f"offset_{per}_place"] * width ** (1 - weight)
        posterior = posterior.drop_vars(f"offset_{per}_place")
        posterior[f"offset_{per}_mV"] = offset.transpose("chain", "draw", ...).assign_attrs(units="mV")
    return posterior


def place_cells(population: xr.Dataset, experiment: Experiment, rng: np.random.Generator) -> xr.Dataset:
    """Populations with cells and electrode offsets drawn from them, named as `with_cells` names them."""
    shape, population = (population.sizes["chain"], population.sizes["draw"]), population.copy()
    for name in experiment.spreads:
        symbol, middle, width = _given_group(population, experiment, name)
        deviation = xr.DataArray(
            rng.normal(size=(*shape, len(experiment.levels.cells))), dims=("chain", "draw", "cell")
        )
        population[f"{symbol}_cell"] = np.exp(middle + width * deviation).transpose("chain", "draw", "cell")
    for per, parameter in experiment.offsets.items():
        width = population.get(parameter.symbol, xr.DataArray(parameter.prior.centre))
        labels = experiment.labels_of(per)[0]
        deviation = xr.DataArray(rng.normal(size=(*shape, len(labels))), dims=("chain", "draw", f"{per}_offset"))
        population[f"offset_{per}_mV"] = (width * deviation).transpose("chain", "draw", ...)
    return population


def log_prior(posterior: xr.Dataset, experiment: Experiment) -> xr.Dataset:
    """Log prior density of everything sampled: populations, spreads, and cells and offsets given those."""
    everything = [*experiment.parameters, *experiment.spreads.values(), *experiment.offsets.values()]
    found: dict[str, Any] = {
        p.symbol: p.prior.log_density(cast(Any, posterior[p.symbol])) for p in everything if p.symbol in posterior
    }
    for name in experiment.spreads:
        symbol, middle, width = _given_group(posterior, experiment, name)
        logs: Any = np.log(posterior[f"{symbol}_cell"])
        found[f"{symbol}_cell"] = _normal((logs - middle) / width) - np.log(width) - logs
    for per, parameter in experiment.offsets.items():
        width = posterior.get(parameter.symbol, xr.DataArray(parameter.prior.centre))
        found[f"offset_{per}_mV"] = _normal(posterior[f"offset_{per}_mV"] / width) - np.log(width)
    return xr.Dataset(found)


def _normal(z: Any) -> Any:
    return -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
