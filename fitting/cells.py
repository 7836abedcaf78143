"""From sampled coordinates to cells: values of every cell, electrode offsets, and their prior densities."""

from typing import Any, cast

import numpy as np
import xarray as xr

from ..models.parameters import Q10_LEAK, Q10_PUMP, Parameter
from ..models.priors import LogNormal
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
    place = posterior.get(f"{Q10_PUMP.symbol}_place")
    if place is not None:
        posterior = posterior.drop_vars(str(place.name))
        posterior[Q10_PUMP.symbol] = np.exp(place) * posterior[Q10_LEAK.symbol]
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
        width = _offset_width(posterior, experiment, per, parameter)
        weight = xr.DataArray(offset_centring(experiment, per), dims=f"{per}_offset")
        offset = posterior[f"offset_{per}_place"] * width ** (1 - weight)
        posterior = posterior.drop_vars(f"offset_{per}_place")
        posterior[f"offset_{per}_mV"] = offset.transpose("chain", "draw", ...).assign_attrs(units="mV")
    return posterior


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
        width = _offset_width(posterior, experiment, per, parameter)
        found[f"offset_{per}_mV"] = _normal(posterior[f"offset_{per}_mV"] / width) - np.log(width)
    return xr.Dataset(found)


def _normal(z: Any) -> Any:
    return -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
