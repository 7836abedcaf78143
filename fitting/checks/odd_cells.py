"""Is a cell, or an animal, far from its type? Held against how much the others differ."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import stdtr

from ...models.parameters import Parameter
from ..experiment.experiment import Experiment
from ..model.cells import of_draws
from ..model.draws import group_values, parameter_values, scatter_mV
from ..model.tiers import CELL

NAMED = 0.03
"""What p, over all cells of a fit together, is to be below. Where all are alike one is then named in 2.1 ± 0.9 % of fits (237 of
6 + 6 cells, spreads 0.05 to 0.6; 5.1 ± 1.4 % at 0.05), and one 12 mV above nine others in all of 119."""
FEWEST = 4
"""Cells (or animals) of which one is held against the others."""
_DRAWS = 400


@dataclass(frozen=True)
class Odd:
    """A unit far from what it is one of: its `level` (cell, animal, …), its `name`, by how much (mV, the mean of its
    rows), and its p among all that were looked at.
    """

    level: str
    name: str
    shift_mV: float
    p: float


def odd_cells(posterior: xr.Dataset, experiment: Experiment) -> tuple[Odd, ...]:
    """The cells, and units above, that are too far from their type, or unit above, for the Normal that the others show.

    Each is held against the mean and sd of the others (external studentisation); p-values are multiplied by how many there are.
    """
    levels, found = experiment.levels, []
    if not any(experiment.in_cells(p.name) for p in experiment.parameters):
        return ()
    within = {levels.above[0].column: (levels.above[0].units, levels.above[0].of_cell)} if levels.above else {}
    within |= {CELL: (levels.cells, np.arange(len(levels.cells)))} if levels.distinguished else {}
    for level, (names, of_cell) in within.items():
        group = np.zeros(len(names), int)
        group[of_cell] = levels.group_of_cell
        shift, unknown = _shifts(posterior, experiment, level == CELL, of_cell)
        for k in range(len(group)):
            together = group == group[k] if experiment.config.spread == "group" else group >= 0
            others = together & (np.arange(len(group)) != k)
            alike = others & (group == group[k])
            freedom = int(others.sum()) - len(np.unique(group[others]))
            if int(others.sum()) < FEWEST - 1 or freedom < 2 or not alike.any():
                continue
            centred = shift[others] - _means(shift[others], group[others])
            between = max(float((centred**2).sum() / freedom - unknown[others].mean()), 0.0)
            error = between + unknown[k] + (between + unknown[alike].mean()) / alike.sum()
            p = float(2 * stdtr(freedom, -abs(shift[k] - shift[alike].mean()) / np.sqrt(error))) * len(group)
            if p < NAMED:
                found.append(Odd(level, names[k], float(shift[k] - shift[alike].mean()), p))
    return tuple(sorted(found, key=lambda odd: odd.p))


def _means(x: np.ndarray, group: np.ndarray) -> np.ndarray:
    return (np.bincount(group, x) / np.maximum(np.bincount(group), 1))[group]


def _shifts(
    posterior: xr.Dataset, experiment: Experiment, cells: bool, unit_of_cell: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """By how much (mV) each unit's rows lie above what is expected where it is as its type is (its cells, as their unit above),
    on average, and the variance of that by the scatter of its rows alone.
    """
    thin = max(1, posterior.sizes["chain"] * posterior.sizes["draw"] // _DRAWS)
    few = posterior.isel(draw=slice(None, None, thin))
    values, flat = parameter_values(few, experiment, flat=True), group_values(few, experiment, flat=True)
    for p in (p for p in experiment.parameters if experiment.in_cells(p.name)):
        typical = flat[p.name][:, experiment.levels.group_of_cell] if flat[p.name].ndim > 1 else flat[p.name][:, None]

        def seen(d: str, middle: Any, width: dict[str, Any], p: Parameter = p) -> np.ndarray:
            x = few[p.at(d)].to_numpy()
            if d == CELL and cells:
                whole = np.broadcast_to(p.between.undo(middle), x.shape)
                values[p.name] = whole.reshape(-1, x.shape[-1])
            return p.between.of(x)

        values[p.name] = np.broadcast_to(typical, values[p.name].shape)
        of_draws(few, experiment, p, seen)
    unit = unit_of_cell[experiment.levels.entry_of_row]
    count, sd = np.bincount(unit), scatter_mV(values, experiment).mean(axis=0)
    missed = experiment.recordings["V_m"].to_numpy() - experiment.row_mean(values).mean(axis=0)
    return np.bincount(unit, missed) / count, np.bincount(unit, sd**2) / count**2
