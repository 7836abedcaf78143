"""Where the parameters of each group of cells stand in the arrays of the linearised posterior, and what draws put there."""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from ...models.parameters import SIGMA, Parameter, Role
from ...models.priors import Fixed
from ..experiment.experiment import Experiment, distinct


def levels_of(e: Experiment) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The group of each entry, the entry of each row, the group of each condition; zeros where there are no levels."""
    if not e.levels.entries:
        return np.zeros(1, int), np.zeros(len(e.condition_of_row), int), np.zeros(e.conditions.size, int)
    group = e.levels.group_of_entry
    return group, e.levels.entry_of_row, group[e.entry_of_condition]


def kinds(e: Experiment) -> tuple[np.ndarray, np.ndarray]:
    """Conditions that differ when cells of one group are not told apart: the first of each kind, and the kind of each."""
    kind, first = distinct(e.conditions, levels_of(e)[2])
    return first, kind


def columns_of(e: Experiment) -> np.ndarray:
    """Where each group's parameters, (group, parameter), stand among all groups'."""
    groups = np.arange(max(len(e.levels.groups), 1))
    sizes = [len(groups) if e.varies(p.name) else 1 for p in e.inferred]
    starts = np.cumsum([0, *sizes[:-1]])
    return np.stack([first + groups % size for first, size in zip(starts, sizes, strict=True)], axis=1)


def of_draws(
    population: xr.Dataset, e: Experiment
) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray, tuple[np.ndarray, ...]]:
    """Parameters on their own scales (draw, group, parameter), those of the scatter, spreads (draw, group, parameter), and those
    of the levels above.
    """
    draws, groups = population.sizes["chain"] * population.sizes["draw"], max(len(e.levels.groups), 1)

    def of_groups(p: Parameter) -> np.ndarray:
        if p.symbol in population:
            values = population[p.symbol].to_numpy().reshape(draws, -1)
        elif isinstance(p.prior, Fixed):
            values = np.full((1, 1), p.prior.value)
        else:  # the recordings have said nothing of it
            values = p.prior.draw(np.random.default_rng(e.config.seed), (draws, 1))
        return np.broadcast_to(values, (draws, groups))

    eta = [p.scale.of(of_groups(p)) for p in e.inferred]
    noise = {p.name: of_groups(p)[:, 0] for p in (*e.parameters, *e.held) if p.role is Role.SCATTER}
    if SIGMA.of_levels in population:
        noise[SIGMA.of_levels] = population[SIGMA.of_levels].to_numpy().reshape(draws, -1)

    def of_level(spreads: Iterable[Parameter]) -> np.ndarray:
        found = [of_groups(p) for p in spreads]
        return np.stack(found, axis=-1) if found else np.zeros((draws, groups, 0))

    above = tuple(of_level(level.values()) for level in e.spreads_above)
    return np.stack(eta, axis=-1), noise, of_level(e.spreads.values()), above


def values_of(e: Experiment, eta: np.ndarray) -> dict[str, np.ndarray]:
    """Parameter values by name, from own scales on the last axis."""
    return {p.name: p.scale.undo(eta[..., k]) for k, p in enumerate(e.inferred)}


def theta_of(e: Experiment, eta: np.ndarray) -> dict[str, np.ndarray]:
    """What the law takes; `eta` ends in axes of conditions and parameters."""
    return {name: np.asarray(x) for name, x in e.fixed.items()} | values_of(e, eta)
