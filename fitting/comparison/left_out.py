"""Leaving out the outermost units, as of animals: what a law predicts of all rows of a new one."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from ...models.conditions import Conditions
from ...models.parameters import NU, Parameter
from ..experiment.experiment import Experiment
from ..experiment.levels import dim
from ..model.draws import around, group_values, parameter_values, scatter_mV
from ..model.tiers import (
    CELL,
    deviations,
    from_place,
    of_levels,
    parent_of,
    place_prior,
    seen_from,
    tail,
    tier_data,
    tiers,
)

_DRAWS, _UNITS, _CELLS = 300, 8, 16
"""Draws of the population, places of the unit (with those between it and its cells), and of each cell given these."""
_WIDER = 1.2  # places are drawn so much wider than what the cells' rows say, of which the truth is wider in turn


def unit_density(posterior: xr.Dataset, experiment: Experiment, unit: int, rng: np.random.Generator) -> float:
    """Log predictive density of all rows of an outermost unit, under a posterior without them.

    What the unit, its cells and units between them have of their own is integrated over by importance sampling, in the
    coordinates of the sampler: each cell's integral apart, given the units above it.
    """
    within, data = _of_unit(experiment, unit)
    cells = np.flatnonzero(within[CELL])
    thin = slice(None, None, max(1, posterior.sizes["chain"] * posterior.sizes["draw"] // _DRAWS))
    values = {name: x[thin] for name, x in group_values(posterior, experiment, flat=True).items()}
    values = {name: x[:, None, None, :] if x.ndim > 1 else x[:, None, None, None] for name, x in values.items()}
    draws = len(next(iter(values.values())))
    above, own = np.zeros((draws, _UNITS)), np.zeros((draws, _UNITS, _CELLS, len(cells)))
    theta: dict[str, Any] = {name: np.asarray(x) for name, x in experiment.fixed.items()}
    group = experiment.levels.group_of_cell[cells]
    theta |= {name: x[..., group] if x.shape[-1] > 1 else x for name, x in values.items()}
    for p in (p for p in experiment.parameters if experiment.in_cells(p.name)):

        def drawn(d: str, middle: Any, width: dict[str, Any], p: Parameter = p) -> np.ndarray:
            given = seen_from(p, d, data, middle, width)
            shape = (draws, _UNITS, _CELLS if d == CELL else 1, int(within[d].sum()))
            nu = tail(experiment, d, values)
            place = _WIDER * deviations(rng, nu, shape)
            weight = around(*place_prior(*given, nu), nu).logpdf(place) - around(0, _WIDER, nu).logpdf(place)
            if d == CELL:
                own[...] += weight
            else:
                above[...] += weight.sum(axis=(2, 3))
            return from_place(place, *given, nu)

        widths = {d: spread_values(posterior, s)[thin, None, None] for d, s in tiers(experiment, p.name).items()}
        found = of_levels(experiment, p, data, values[p.name], widths, drawn)
        theta[p.name] = np.broadcast_to(p.between.undo(found[CELL]), own.shape)
    flat = {name: x[thin] for name, x in parameter_values(posterior, experiment, flat=True).items()}
    errors = {e.quantity.name: flat[e.quantity.name][:, None, None, e.index] for e in experiment.bath_errors}
    at, scale = experiment.true_conditions(errors), scatter_mV(flat, experiment)
    of_rows = []
    for k, cell in enumerate(cells):
        rows = np.flatnonzero(experiment.levels.entry_of_row == cell)
        of_cell = {name: x[..., [k]] if np.ndim(x) and x.shape[-1] > 1 else x for name, x in theta.items()}
        of_rows.append(rows_density(experiment, rows, of_cell, at, scale[:, None, None, rows]))
    density = own + np.stack(np.broadcast_arrays(*of_rows), axis=-1)
    total = above + (logsumexp(density, axis=2) - np.log(_CELLS)).sum(axis=-1)
    return float(logsumexp(total) - np.log(total.size))


def spread_values(posterior: xr.Dataset, spread: Parameter) -> np.ndarray:
    """How much units differ, (draw, group): a single draw where that is held, a single group where it is one for all."""
    if spread.symbol not in posterior:
        return np.full((1, 1), spread.prior.centre)
    x = posterior[spread.symbol].to_numpy()
    return x.reshape(x.shape[0] * x.shape[1], -1)


def rows_density(
    experiment: Experiment, rows: np.ndarray, theta: dict[str, Any], at: Conditions, scale: np.ndarray
) -> np.ndarray:
    """Log density of some rows together, of values and a `scale` of the scatter (mV) that lead; `at`: the table's conditions."""
    conditions, of_row = np.unique(experiment.condition_of_row[rows], return_inverse=True)
    V_m = experiment.law.potential(theta, at.take(conditions), experiment.reference)[..., of_row]
    y = experiment.recordings["V_m"].to_numpy()[rows]
    return around(V_m, scale, theta.get(NU.name)).logpdf(y).sum(axis=-1)


def _of_unit(experiment: Experiment, unit: int) -> tuple[dict[str, np.ndarray], Mapping[str, np.ndarray]]:
    """Which units of each level, and cells, lie within an outermost one, and the arrays of `tier_data` of these alone."""
    levels, inside = experiment.levels, experiment.levels.above[0].of_cell == unit
    within = {dim(k): np.isin(np.arange(len(a.units)), a.of_cell[inside]) for k, a in enumerate(levels.above)}
    within[CELL] = inside
    parents, data = {parent_of(d): within[outer] for outer, d in pairwise(within)}, {}
    for name, (x, d) in tier_data(experiment).items():
        data[name] = x if d is None else x[within[d]]
        if name in parents:
            data[name] = (np.cumsum(parents[name]) - 1)[data[name]]
    return within, data
