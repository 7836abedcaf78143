"""V_m in baths that were not measured: of the population, of a new cell, of a cell that was recorded."""

import warnings

import numpy as np
import pandas as pd
import xarray as xr

from ...data.tables.reader import from_frame
from ...data.tables.table import to_frame
from ...models.conditions import Conditions
from ...models.errors import ConfigurationError, DataWarning, UnknownNameError, nearest, typed
from ...models.ions import ion
from ..checks.fitted import Fitted
from ..experiment.bath_errors import find_bath_errors
from ..experiment.build import allowing_blocks
from ..experiment.experiment import Experiment, conditions_of
from ..experiment.interval import bounds
from ..experiment.levels import columns_of, group_labels
from ..model.draws import group_values, parameter_values
from ..model.tiers import deviations, tail, tiers
from .left_out import spread_values

POPULATION_OR_NEW = ("population", "new")


def predict(fit: Fitted, baths: xr.Dataset | pd.DataFrame, cell: str = "population") -> pd.DataFrame:
    """Mean V_m (mV) with its interval in baths, temperatures and pump states of one's choice.

    Parameters
    ----------
    fit : a fitted law.
    baths : a table without V_m_mV, as from `read_csv(…, potentials=False)`, or a DataFrame of its columns.
    cell : `population` for the typical cell of each group (uncertainty of the group's parameters only), `new` for a cell
        not yet seen (the spread between cells comes on top, and that between animals: it is one of a new animal), or the name
        of a recorded cell.

    Returns
    -------
    pandas.DataFrame
        The baths' columns, then the column of the fit's groups where it has some (a row for each bath and group, or for each
        bath where the baths name their own), then median, lower, upper. Scatter of single recordings is not included;
        errors of the baths are, where they have columns such as K_o_sd_mM.

    Raises
    ------
    UnknownNameError, ConfigurationError, DataError
        No such cell (the nearest is named), no cells told apart, or a bath that lacks what the law needs.

    Warns
    -----
    DataWarning
        A blocked bath, in which passive ions act that the fit left out.
    """
    if isinstance(baths, pd.DataFrame):
        baths = from_frame(baths, name="baths", potentials=False)
    experiment, levels = fit.experiment, fit.experiment.levels
    values, names = _values_of(fit, cell)
    if experiment.dormant and experiment.law.has_pump and bool(baths["blocked"].any()):
        experiment, values = _with_dormant(experiment, baths, values, cell)
    at = _as_made(experiment, baths, max(map(len, values.values())))
    V_m = potentials(experiment, values, at)  # draw, group (or cell), bath
    frame = to_frame(baths)
    own = group_labels(frame, levels.by) if levels.groups and set(columns_of(levels.by)) <= set(frame) else None
    frame = frame.drop(columns=levels.by) if own is not None and levels.by in frame else frame
    parts = []
    for k, name in enumerate(names):
        chosen = np.arange(len(frame)) if own is None else np.flatnonzero(own == name)
        lower, upper = bounds(V_m[:, k, chosen], experiment.config.interval, axis=0)
        part = frame.iloc[chosen].copy()
        if name:
            part[levels.by] = name
        parts.append(part.assign(median=np.median(V_m[:, k, chosen], axis=0), lower=lower, upper=upper))
    if own is not None and set(own) - set(names):
        unknown = sorted(set(own) - set(names))[0]
        raise UnknownNameError(
            f"the baths name the {levels.by} {unknown!r}.{nearest(unknown, names)} The fit has {', '.join(names)}."
        )
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def _as_made(experiment: Experiment, baths: xr.Dataset, draws: int) -> Conditions:
    """The baths as conditions; where they carry errors of their own, with a true bath for every draw (draw, 1, bath)."""
    at = conditions_of(experiment, baths)
    rng = np.random.default_rng(np.random.SeedSequence(experiment.config.seed, spawn_key=(97,)))
    arrays = at.arrays
    for e in find_bath_errors(baths, experiment.conditions.ions):
        error = (e.sd * rng.standard_normal((draws, 1, len(e.labels))))[..., e.index]
        arrays[e.column] = e.shifted(arrays[e.column], error, e.there)
    return at.with_arrays(arrays)


def _values_of(fit: Fitted, cell: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """Parameter values with a last axis of groups (or one cell), and the name of the group of each."""
    experiment, levels = fit.experiment, fit.experiment.levels
    posterior = fit.tree["posterior"].to_dataset()
    if cell in POPULATION_OR_NEW:
        values = group_values(posterior, experiment, flat=True)
        names = list(levels.groups) or [""]
        values = {name: x if x.ndim > 1 else x[:, None] for name, x in values.items()}
        return (_new_cells(fit, values, posterior), names) if cell == "new" else (values, names)
    if cell not in levels.cells:
        known = (*POPULATION_OR_NEW, *levels.cells)
        none = "" if levels.cells else " In this fit cells were not told apart."
        raise UnknownNameError(
            f"unknown cell {cell!r}.{nearest(cell, known)}{none} Choose population, new or a recorded cell."
        )
    k = levels.cells.index(cell)
    values = parameter_values(posterior, experiment, flat=True)
    values = {
        p.name: values[p.name][:, [k]] if experiment.varies(p.name) else values[p.name][:, None]
        for p in experiment.parameters
    }
    return values, [levels.groups[levels.group_of_cell[k]] if levels.groups else ""]


def _with_dormant(
    experiment: Experiment, baths: xr.Dataset, values: dict[str, np.ndarray], cell: str
) -> tuple[Experiment, dict[str, np.ndarray]]:
    """The model that blocked baths take, in which passive ions act: no row informed their permeabilities, so prior draws."""
    names, beyond = ", ".join(experiment.dormant), allowing_blocks(experiment)
    outside = baths["c_o"].reindex(ion=list(experiment.dormant))
    unknown = [ion(name).outside for name in experiment.dormant if outside.sel(ion=name).isnull().any()]
    left_out = f"{names} is passive, and the fit left it out since no row was blocked"
    if unknown or beyond is experiment:
        lacking = "not every recorded row has its bath concentration"
        lacking = f"the baths lack {', '.join(unknown)}" if unknown else lacking
        what = f"{left_out}; {lacking}: blocked baths are predicted as if no {names} crossed the membrane."
        warnings.warn(what, DataWarning, stacklevel=4)
        return experiment, values
    rng = np.random.default_rng(np.random.SeedSequence(experiment.config.seed, spawn_key=(98,)))
    n, added = max(len(x) for x in values.values()), {}
    for p in (p for p in beyond.parameters if p.name not in values):
        added[p.name] = p.prior.draw(rng, (n, 1))
        for d, spread in tiers(beyond, p.name).items() if cell != POPULATION_OR_NEW[0] else ():
            nu = tail(experiment, d, {name: x[:, 0] for name, x in values.items()})
            deviation = spread.prior.draw(rng, (n, 1)) * deviations(rng, nu, (n, 1))
            added[p.name] = p.between.undo(p.between.of(added[p.name]) + deviation)
    new = [p for p in (*beyond.parameters, *beyond.held) if p.name not in {**values, **experiment.fixed}]
    what = f"{left_out}: in blocked baths it acts, with {', '.join(f'{p.name} ~ {p.prior}' for p in new)}"
    warnings.warn(f"{what}, the prior, which no recording has informed.", DataWarning, stacklevel=4)
    return beyond, values | added


def _new_cells(fit: Fitted, values: dict[str, np.ndarray], posterior: xr.Dataset) -> dict[str, np.ndarray]:
    experiment = fit.experiment
    if not experiment.levels.cells:
        raise ConfigurationError(
            f"in this fit cells were not told apart, so nothing is known of how a new one differs:"
            f" use {typed('cell', 'population')}."
        )
    rng = np.random.default_rng(np.random.SeedSequence(experiment.config.seed, spawn_key=(99,)))
    new = dict(values)
    shape = (max(len(x) for x in values.values()), max(x.shape[1] for x in values.values()))
    for p in (p for p in experiment.parameters if experiment.in_cells(p.name)):
        new[p.name] = p.between.of(values[p.name])
        for d, spread in tiers(experiment, p.name).items():
            nu = tail(experiment, d, {name: x[:, 0] for name, x in values.items()})
            new[p.name] = new[p.name] + spread_values(posterior, spread) * deviations(rng, nu, shape)
        new[p.name] = p.between.undo(new[p.name])
    return new


def potentials(experiment: Experiment, values: dict[str, np.ndarray], at: Conditions) -> np.ndarray:
    """V_m in mV, (draw, group, condition), of parameter values with a last axis of groups."""
    theta = {name: np.asarray(x)[..., None] for name, x in {**experiment.fixed, **values}.items()}
    V_m = experiment.law.potential(theta, at, experiment.reference)
    groups = max(x.shape[1] for x in values.values())
    return np.broadcast_to(V_m, (max(len(x) for x in values.values()), groups, V_m.shape[-1]))
