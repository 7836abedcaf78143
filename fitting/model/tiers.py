"""From a population to its cells through the levels between: the coordinates in which all of them are sampled.

Written once for numbers, PyMC's graphs and the compiled density's: what stands for a value is indexed as `x[..., index]`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...models.parameters import NU_CELLS, Parameter
from ..experiment.experiment import Experiment
from ..experiment.levels import Levels, dim, unit_of
from .linear import cells_alone

CELL = "cell"
Arrays = dict[str, tuple[np.ndarray, str | None]]


def place_prior(middle: Any, width: Any, estimate: Any, variance: Any, nu: Any = None) -> tuple[Any, Any]:
    """Mean and sd of `place`, the coordinate in which x ~ Normal(middle, width) is sampled.

    Did a cell's own rows say Normal(estimate, variance) of x, then x given its population would be Normal with mean
    middle + w (estimate - middle) and variance w·variance, w = width² / (width² + variance). `place` is x in units of
    that: about standard Normal whatever middle and width are, for cells that tell all and for cells that tell nothing,
    where x itself makes a funnel as width goes to 0, and (x - middle) / width a ridge as the cells tell more.

    With `nu`, x ~ Student t, and it is place's location and scale: width is then what a Normal would need to reach the
    estimate as that does.
    """
    more = _reach(middle, width, estimate, variance, nu)
    total = (width * more) ** 2 + variance
    return (middle - estimate) * width * more / (variance * total) ** 0.5, (total / variance) ** 0.5 / more


def from_place(place: Any, middle: Any, width: Any, estimate: Any, variance: Any, nu: Any = None) -> Any:
    """x from its coordinate; see `place_prior`."""
    width = width * _reach(middle, width, estimate, variance, nu)
    total = width**2 + variance
    return middle + width**2 / total * (estimate - middle) + width * (variance / total) ** 0.5 * place


def _reach(middle: Any, width: Any, estimate: Any, variance: Any, nu: Any) -> Any:
    """How many times its scale the sd of a Normal would be that reaches so far as a Student t does."""
    if nu is None:
        return 1.0
    return ((nu + (estimate - middle) ** 2 / (width**2 + variance)) / (nu + 1.0)) ** 0.5


def tiers(experiment: Experiment, name: str) -> dict[str, Parameter]:
    """How much units of each level differ in a parameter, by the level's dimension, outermost first."""
    every = [*((dim(k), of) for k, of in enumerate(experiment.spreads_above)), (CELL, experiment.spreads)]
    return {d: of_level[name] for d, of_level in every if name in of_level}


def tail(experiment: Experiment, d: str, values: Mapping[Any, Any]) -> Any:
    """Degrees of freedom of the Student t that units of a level scatter by; None where they are Normal."""
    return values.get(NU_CELLS.name, experiment.fixed.get(NU_CELLS.name)) if d == CELL else None


def deviations(rng: np.random.Generator, nu: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Standard Normal, or Student t of `nu` degrees of freedom, which lead the shape."""
    if nu is None:
        return rng.standard_normal(shape)
    nu = np.asarray(nu)
    return rng.standard_t(nu.reshape(nu.shape + (1,) * (len(shape) - nu.ndim)), shape)


def of_levels(
    experiment: Experiment,
    parameter: Parameter,
    data: Mapping[str, Any],
    mean: Any,
    width: Mapping[str, Any],
    value: Callable[[str, Any, dict[str, Any]], Any],
) -> dict[str, Any]:
    """A parameter's value in the units of every level and in every cell, on the scale on which cells differ.

    Parameters
    ----------
    data : the arrays of `tier_data`. mean : of each group, or of all. width : spreads by dimension.
    value : from a dimension, what its units differ around, and the spreads there and at finer levels as each unit has them,
        to the units' values.

    Returns
    -------
    By dimension; a unit that holds cells of several groups has the value of its main one, and others differ from it there as
    their groups do.
    """
    found, shift, everywhere = dict[str, Any](), None, parameter.between.of(mean)
    by_group = {d for d, spread in tiers(experiment, parameter.name).items() if experiment.by_group(spread)}
    for d in [*map(dim, range(len(experiment.levels.above))), CELL]:
        group = data.get(f"group_of_{d}")
        middle = base = everywhere if group is None else everywhere[..., group]
        if shift is not None:
            middle = base + shift[..., data[parent_of(d)]]
        if d not in width:  # cells that are as their units
            return found | {d: middle}
        own = {level: w[..., group] if level in by_group else w for level, w in width.items()}
        found[d] = value(d, middle, own)
        shift = found[d] - base
    return found


def seen_from(
    parameter: Parameter, d: str, data: Mapping[str, Any], middle: Any, width: Mapping[str, Any]
) -> tuple[Any, Any, Any, Any]:
    """What `place_prior` and `from_place` take for the units of a level: what their cells' own rows say of them depends on how
    much cells, and units between, differ.
    """
    variance = data[f"{parameter.at(d)}_variance"]
    for finer in dict.fromkeys((CELL, *reversed(list(width)))):
        if f"{finer}_per_{d}" not in data:
            continue
        if finer in width:
            variance = width[finer] ** 2 + variance
        variance = variance / data[f"{finer}_per_{d}"]
    return middle, width[d], data[f"{parameter.at(d)}_alone"], variance


def _units(levels: Levels) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Of each level, outermost first: its dimension, the unit of every cell, and the group of every unit."""
    above = [(dim(k), a.of_cell, a.main_group) for k, a in enumerate(levels.above)]
    return [*above, (CELL, np.arange(len(levels.cells)), levels.group_of_cell)] if levels.cells else []


def parent_of(d: str) -> str:
    """The name of the array that holds, for each unit of a level, the index of the one that it lies within."""
    return f"parent_of_{d}"


def index_data(experiment: Experiment) -> Arrays:
    """Which unit lies within which, and the group of each."""
    levels, found = experiment.levels, Arrays()
    for k, (d, of_cell, group) in enumerate(_units(levels)):
        if levels.groups:
            found[f"group_of_{d}"] = (group, d)
        if k:
            found[parent_of(d)] = (unit_of(levels.above[k - 1].of_cell, of_cell), d)
    return found


def tier_data(experiment: Experiment) -> Arrays:
    """The same, how many units each holds, and what each one's own rows say of its parameters: estimate and variance."""
    found, units, group = index_data(experiment), _units(experiment.levels), experiment.levels.group_of_cell
    if not units:
        return found
    for k, (d, outer, _) in enumerate(units[:-1]):
        within = [np.bincount(unit_of(outer, inner), minlength=outer.max() + 1) for _, inner, _ in units[k:]]
        for j, (finer, _, _) in enumerate(units[k + 1 :], 1):
            found[f"{finer}_per_{d}"] = (within[j] / within[j - 1], d)
    for name, (estimate, variance) in cells_alone(experiment).items():
        p = next(p for p in experiment.parameters if p.name == name)
        found[f"{p.at(CELL)}_alone"], found[f"{p.at(CELL)}_variance"] = (estimate, CELL), (variance, CELL)
        weight = 1 / (variance + sum(spread.prior.centre**2 for spread in tiers(experiment, name).values()))
        of_group = np.bincount(group, weight * estimate) / np.bincount(group, weight)
        for d, unit, group_of_unit in units[:-1]:
            beside = np.bincount(unit, weight * (estimate - of_group[group])) / np.bincount(unit, weight)
            found[f"{p.at(d)}_alone"] = (of_group[group_of_unit] + beside, d)
            found[f"{p.at(d)}_variance"] = (np.bincount(unit) / np.bincount(unit, 1 / variance), d)
    return found
