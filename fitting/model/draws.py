"""Draws of the free parameters, and what follows from them in NumPy: rows' distributions, derived quantities, the prior."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from ...models.parameters import NU, R_IN_SCATTER, SIGMA, Parameter, Quantity, Role
from ..experiment.experiment import Experiment


@dataclass(frozen=True)
class Draws:
    """Draws of the free parameters: `posterior` and `sample_stats` with dims chain and draw, and the `sampler` used."""

    posterior: xr.Dataset
    sample_stats: xr.Dataset
    sampler: str


def parameter_values(group: xr.Dataset, experiment: Experiment, flat: bool = False) -> dict[str, np.ndarray]:
    """What acts on the rows, by public name: parameters, in each cell where cells differ, and electrode offsets.

    Arrays are (chain, draw), or (draw) if `flat`, with a last axis of cells (else groups) for those that vary, of levels
    for scatter that differs between levels.
    """
    symbols = {p.name: p.of_cells if experiment.in_cells(p.name) else p.symbol for p in experiment.parameters}
    symbols |= {q.name: q.symbol for q in experiment.errors}
    symbols |= {SIGMA.name: SIGMA.of_levels} if experiment.scatter else {}
    values = {name: group[symbol].to_numpy() for name, symbol in symbols.items()}
    return {name: x.reshape(-1, *x.shape[2:]) for name, x in values.items()} if flat else values


def group_values(group: xr.Dataset, experiment: Experiment, flat: bool = False) -> dict[str, np.ndarray]:
    """The parameters of the population (of each group, on the last axis, where there are groups), by public name."""
    values = {p.name: group[p.symbol].to_numpy() for p in experiment.parameters}
    return {name: x.reshape(-1, *x.shape[2:]) for name, x in values.items()} if flat else values


def reported(
    draws: xr.Dataset, experiment: Experiment, all_cells: bool = False
) -> dict[str, tuple[Quantity, np.ndarray]]:
    """Everything that a fit reports, by label, as arrays (chain, draw).

    Of cells, and of offsets, the first stands for all, as they are exchangeable; with `all_cells`, each, and the offsets' mean.
    """
    draws = with_derived(draws, experiment)
    wanted = [(q, q.symbol) for q in (*experiment.quantities, *experiment.widths, *experiment.errors)]
    wanted += [(q, q.at(d)) for q in experiment.parameters for d in experiment.levels.coords]
    wanted += [(SIGMA, SIGMA.of_levels)]
    found: dict[str, tuple[Quantity, np.ndarray]] = {}
    for q, symbol in wanted:
        if symbol not in draws or draws[symbol].dims[:2] != ("chain", "draw"):
            continue
        x = draws[symbol]
        labels = experiment.labels[str(x.dims[2])] if x.ndim > 2 else ("",)
        for i, label in enumerate(labels if all_cells or "population" in x.dims else labels[:1]):
            own = replace(q, group=label)
            found.setdefault(own.label, (own, x.to_numpy()[..., i] if x.ndim > 2 else x.to_numpy()))
        if all_cells and q.role in (Role.OFFSET, Role.BATH_ERROR) and x.ndim > 2:
            mean = replace(q, group="mean")
            found.setdefault(mean.label, (mean, x.to_numpy().mean(axis=-1)))
    return found


def scatter_mV(values: dict[str, np.ndarray], experiment: Experiment, rows: Any = ...) -> np.ndarray:
    """Standard deviation of each row around the law (mV), the row's own error included; draws lead, rows last."""
    sigma, scatter = experiment.value(values, SIGMA.name), experiment.scatter
    of_rows = sigma[..., scatter.of_row[rows]] if scatter else sigma[..., None]
    return np.hypot(of_rows, experiment.error_mV[rows])


def around(mean: Any, scale: Any, nu: Any = None):
    """SciPy's Normal, or Student t of `nu` degrees of freedom where these are given."""
    from scipy.stats import norm, t

    return norm(mean, scale) if nu is None else t(nu, mean, scale)


def row_distribution(values: dict[str, np.ndarray], experiment: Experiment, rows: Any = ...):
    """SciPy distribution of every row (last axis), or those of `rows`, under every draw (leading axes), in mV."""
    nu = experiment.value(values, NU.name)[..., None] if experiment.config.robust else None
    return around(experiment.row_mean(values, rows), scatter_mV(values, experiment, rows), nu)


def resistance_distribution(values: dict[str, np.ndarray], experiment: Experiment):
    """SciPy distribution of the input resistance (MΩ) of every row that has one, as `row_distribution` for V_m."""
    from scipy.stats import lognorm

    assert experiment.resistance is not None, "asked only of tables with input resistances"
    known = R_IN_SCATTER.name in values or R_IN_SCATTER.name in experiment.fixed
    scatter = experiment.value(values, R_IN_SCATTER.name)[..., None] if known else 1.0
    return lognorm(experiment.resistance.sd(scatter), scale=np.exp(experiment.log_R_in(experiment.theta(values))))


def with_derived(group: xr.Dataset, experiment: Experiment) -> xr.Dataset:
    """Draws with what follows from them (currents, ratios of Q10s) beside them, units and meaning on everything."""
    derived = experiment.population().derived(group_values(group, experiment))
    for q in experiment.derived_quantities:
        x = derived[q.name]
        if x.ndim > 1:  # without draws where all that it derives from is held fixed
            group[q.symbol] = (("chain", "draw", "population")[: x.ndim], x)
    for q in experiment.quantities:
        for symbol in (q.symbol, q.of_cells, q.of_levels):
            if symbol in group:
                group[symbol].attrs.update(units=q.unit, long_name=f"{q.name}: {q.meaning}")
    if "population" in group.coords:
        group["population"].attrs["long_name"] = experiment.levels.by
    return group


def draw_prior(experiment: Experiment, n: int, rng: np.random.Generator) -> xr.Dataset:
    """`n` draws of the populations' parameters, spreads and sds of offsets from their priors, in one chain."""
    levels = experiment.levels
    groups = len(levels.groups)

    def draws(p: Parameter, grouped: bool) -> tuple[tuple[str, ...], np.ndarray]:
        dims, shape = (
            (("chain", "draw", "population"), (1, n, groups)) if grouped and groups else (("chain", "draw"), (1, n))
        )
        return dims, p.prior.draw(rng, shape)

    found = {p.symbol: draws(p, experiment.varies(p.name)) for p in experiment.parameters}
    found |= {p.symbol: draws(p, experiment.by_group(p)) for p in experiment.widths}
    return xr.Dataset(
        found, {"chain": [0], "draw": np.arange(n), **({"population": list(levels.groups)} if groups else {})}
    )
