"""An experiment: what was measured, brought together with what is asked of it.

Everything that PyMC and NumPy both need stands here once: the law, its parameters, the distinct conditions in which the
resting potential must be solved, and the condition to which pump and Q10s refer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ...data.tables.table import numbers_of, require_outside
from ...models.arrays import Array
from ...models.conditions import Conditions
from ...models.conductance import current_per_mM
from ...models.laws.law import Law
from ...models.laws.options import Option, possible_options
from ...models.notes import Note
from ...models.parameters import (
    C_M,
    JUNCTION,
    P_K,
    P_K_AREA,
    PUMP,
    PUMP_CURRENT,
    PUMP_CURRENT_DENSITY,
    PUMP_CURRENT_PA,
    Parameter,
    Quantity,
    Role,
    offset,
)
from ...models.priors import Fixed
from .bath_errors import BathError
from .config import Config
from .interval import interval_name
from .levels import Levels
from .resistance import Resistance, log_MOhm
from .scatter import DIM as SCATTER_DIM
from .scatter import Scatter


@dataclass(frozen=True)
class Experiment:
    """Recordings and a configuration, ready to be modelled.

    Attributes
    ----------
    config : what was asked, with inside concentrations that the recordings' own description gives.
    recordings : the rows used.
    law : the membrane law.
    conditions : the distinct conditions of the table, arrays of one axis.
    condition_of_row : for each row, the index of its condition.
    reference : the condition to which `pump_mV` and the Q10s refer, numbers.
    parameters : what is sampled, in order. held : those that the user holds at a value.
    levels : cells and groups, and which parameters differ between them.
    entry_of_condition : for each condition, the index of its entry (cell, else group) in `levels`.
    spreads : by varying parameter, how much its cells differ; empty where cells are not told apart.
    spreads_above : the same of the units of each level above the cell, outermost first.
    offsets : by `cell` or `solution`, how much electrode offsets differ.
    scatter : levels of a column between which the scatter differs, if any.
    bath_errors : errors of the baths' concentrations and of the temperature, one for each condition that shares it.
    resistance : the input resistances that make currents absolute, if any.
    dormant : names of passive ions that are left out of the model because no row is blocked.
    notes : what was decided on the user's behalf.
    cautions : what makes the answer doubtful: a law in baths where it is known to be wrong, a table that leaves things open.
    """

    config: Config
    recordings: xr.Dataset
    law: Law
    conditions: Conditions
    condition_of_row: np.ndarray
    reference: Conditions
    parameters: tuple[Parameter, ...]
    held: tuple[Parameter, ...] = ()
    levels: Levels = field(default_factory=Levels)
    entry_of_condition: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    spreads: Mapping[str, Parameter] = field(default_factory=dict)
    spreads_above: tuple[Mapping[str, Parameter], ...] = ()
    offsets: Mapping[str, Parameter] = field(default_factory=dict)
    scatter: Scatter | None = None
    bath_errors: tuple[BathError, ...] = ()
    resistance: Resistance | None = None
    notes: tuple[Note, ...] = ()
    cautions: tuple[Note, ...] = ()
    dormant: tuple[str, ...] = ()

    @property
    def fixed(self) -> dict[str, float]:
        """The values of the parameters that are held, by name."""
        return {p.name: p.prior.centre for p in self.held}

    @property
    def possible_options(self) -> tuple[Option, ...]:
        """The law's options that are off, and that these recordings allow, and could ask for."""
        return possible_options(self.law, self.conditions, self.reference, self.config.options)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Everything a fit reports, in the order of the summary: the law's parameters, what derives from them, noise."""
        scatter = tuple(p for p in self.parameters if p.role is Role.SCATTER)
        return (*self.inferred, *self.derived_quantities, *scatter)

    @property
    def inferred(self) -> tuple[Parameter, ...]:
        """The parameters that the law's potential depends on: all that are sampled but those of the scatter."""
        return tuple(p for p in self.parameters if p.role is not Role.SCATTER)

    @property
    def derived_quantities(self) -> tuple[Quantity, ...]:
        """What `derived` returns: the law's own, and the pump's current in absolute units where P_K is known."""
        if self.resistance is None or PUMP_CURRENT not in self.law.quantities or self.fixed.get(PUMP.name) == 0:
            return self.law.quantities
        density = () if self.resistance.C_m_uF is None else (PUMP_CURRENT_DENSITY,)
        return (*self.law.quantities, PUMP_CURRENT_PA, *density)

    @property
    def ions(self) -> tuple[str, ...]:
        """Names of the model's ions."""
        return tuple(s.name for s in self.conditions.ions)

    @property
    def interval_name(self) -> str:
        """The interval that was asked for, in words: `89% interval`."""
        return interval_name(self.config.interval)

    @property
    def n_conditions(self) -> int:
        """How many distinct conditions were recorded in, as a person counts: the same bath in two cells is one."""
        return len(distinct(self.conditions.unsealed())[1])

    @property
    def error_mV(self) -> np.ndarray:
        """The standard error that each row carries of its own (0 for single recordings), mV."""
        if "V_m_error" not in self.recordings:
            return np.zeros(self.recordings.sizes["obs"])
        return np.nan_to_num(self.recordings["V_m_error"].to_numpy())

    def value(self, values: Mapping[str, np.ndarray], name: str) -> np.ndarray:
        """One parameter's values, whether sampled or held fixed."""
        return np.asarray(values[name] if name in values else self.fixed[name])

    @property
    def widths(self) -> tuple[Parameter, ...]:
        """What is sampled beside the law's parameters and the scatter: spreads between cells, or levels, and sds of offsets."""
        levels = (self.scatter.spread,) if self.scatter else ()
        return (*self.every_spread, *levels, *self.offsets.values())

    @property
    def errors(self) -> dict[Quantity, tuple[str, tuple[str, ...]]]:
        """What is inferred of single electrodes and baths: offsets and errors, each kind with its dimension and labels."""
        offsets = {offset(per): (f"{per}_offset", self.labels_of(per)[0]) for per in self.offsets}
        return offsets | {e.quantity: (e.dim, e.labels) for e in self.bath_errors}

    def varies(self, name: str) -> bool:
        """Whether each entry (cell, else group) has its own value of a parameter, on the last axis of its values."""
        return bool(self.levels.entries) and name in self.levels.varying

    def in_cells(self, name: str) -> bool:
        """Whether a parameter differs between the cells (or the units above) of a group."""
        return bool(self.levels.cells) and name in self.levels.varying

    @property
    def every_spread(self) -> tuple[Parameter, ...]:
        """How much units of every level differ, the outermost first."""
        return tuple(p for of_level in (*self.spreads_above, self.spreads) for p in of_level.values())

    def by_group(self, spread: Parameter) -> bool:
        """Whether each group has its own value of a spread: not where units hold cells of several groups."""
        if self.config.spread != "group" or not self.levels.groups or isinstance(spread.prior, Fixed):
            return False
        if spread not in self.every_spread:
            return False
        above = zip(self.levels.above, self.spreads_above, strict=True)
        return not any(level.mixed and spread in of_level.values() for level, of_level in above)

    def pooled(self) -> "Experiment":
        """The same experiment as if all rows came from one cell."""
        return replace(self, levels=Levels(), spreads={}, spreads_above=(), offsets={})

    def population(self) -> "Experiment":
        """The same experiment with groups as its entries, for the parameters of populations rather than of cells."""
        levels = replace(self.levels, cells=(), above=())
        return replace(self, levels=levels, spreads={}, spreads_above=(), offsets={})

    def theta(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Parameter values by name, with a last axis that runs over (or broadcasts against) the conditions."""
        everything = {name: np.asarray(value) for name, value in {**self.fixed, **values}.items()}
        found = {
            name: value[..., self.entry_of_condition] if self.varies(name) and name in values else value[..., None]
            for name, value in everything.items()
        }
        names = {e.quantity.name: e for e in self.bath_errors}
        return found | {name: values[name][..., e.index] for name, e in names.items() if name in values}

    def true_conditions(self, theta: Mapping[str, np.ndarray]) -> Conditions:
        """The conditions as the errors in `theta` make them; as the table gives them where it holds none."""
        arrays = self.conditions.arrays
        for e in (e for e in self.bath_errors if e.quantity.name in theta):
            arrays[e.column] = e.shifted(arrays[e.column], theta[e.quantity.name], e.there)
        return self.conditions.with_arrays(arrays)

    def potential(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """V_m in mV for each condition (last axis), from parameter values by name (leading axes: draws)."""
        theta = self.theta(values)
        if PUMP.name in theta and PUMP_CURRENT in self.law.quantities:  # once a cell, not once a condition
            current = self.law.derived(self._by_entry(values), self.reference)[PUMP_CURRENT.name]
            theta[PUMP_CURRENT.name] = current[..., self.entry_of_condition] if current.shape[-1] > 1 else current
        return self.law.potential(theta, self.true_conditions(theta), self.reference)

    def row_mean(self, values: Mapping[str, np.ndarray], rows: Any = ...) -> np.ndarray:
        """Expected recording in mV for each row (last axis), or those of `rows`: V_m of its condition, and offsets."""
        mean = self.potential(values)[..., self.condition_of_row[rows]]
        for per in self.offsets:
            mean = mean + np.asarray(values[offset(per).name])[..., self.labels_of(per)[1][rows]]
        return mean

    def labels_of(self, per: str) -> tuple[tuple[str, ...], np.ndarray]:
        """The table's cells or solutions, and the index of each row's.

        A junction potential's error is one for all rows of a solution (of the table, without that column) and sd.
        """
        if per == JUNCTION:
            sds = self.recordings["ljp_sd"].to_numpy()
            baths = (
                self.recordings["solution"].to_numpy() if "solution" in self.recordings else ["all baths"] * len(sds)
            )
            labels = np.array([f"{bath} ± {sd:g} mV" for bath, sd in zip(baths, sds, strict=True)])
        else:
            labels = self.recordings[per].to_numpy().astype(str)
        names = tuple(dict.fromkeys(labels.tolist()))
        return names, pd.Index(names).get_indexer(labels)

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Labels along each dimension that parameters may have."""
        levels = {SCATTER_DIM: self.scatter.levels} if self.scatter else {}
        return {**self.levels.coords, **levels, **dict(self.errors.values())}

    def offset_sd(self, per: str, width: Array) -> Array:
        """Standard deviation (mV) of each offset: `width`, but for junction potentials what the table says."""
        if per != JUNCTION:
            return width
        index = self.labels_of(per)[1]
        return self.recordings["ljp_sd"].to_numpy()[np.unique(index, return_index=True)[1]]

    def derived(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What the law derives from parameter values, by name; a last axis of entries only where they differ."""
        entries, theta = len(self.levels.entries), self._by_entry(values)
        derived = self.law.derived(theta, self.reference)
        if PUMP_CURRENT_PA in self.derived_quantities:
            C_m_uF = self._capacitance_uF()
            P = theta[P_K_AREA.name if C_m_uF is None else P_K.name]
            current = current_per_mM(P) * derived[PUMP_CURRENT.name]  # A/cm², or A where the area is unknown
            derived[PUMP_CURRENT_DENSITY.name] = 1e6 * current
            derived[PUMP_CURRENT_PA.name] = 1e12 * current * (1.0 if C_m_uF is None else C_m_uF / theta[C_M.name])
        return {name: x if entries > 1 and x.shape[-1] == entries else x[..., 0] for name, x in derived.items()}

    def _by_entry(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Parameter values by name, with a last axis of entries, of length 1 where they are shared."""
        return {
            name: np.asarray(value) if self.varies(name) and name in values else np.asarray(value)[..., None]
            for name, value in {**self.fixed, **values}.items()
        }

    def _capacitance_uF(self) -> np.ndarray | None:
        """The mean cell's capacitance, of each group where there are groups; None where it is unknown."""
        levels, group = self.levels, np.zeros(self.recordings.sizes["obs"], int)
        if levels.groups:
            group = levels.group_of_cell[levels.entry_of_row] if len(levels.group_of_cell) else levels.entry_of_row
        known = self.resistance is not None and self.resistance.C_m_uF is not None
        return self.resistance.capacitance_of(group) if self.resistance and known else None

    def log_R_in(self, theta: Mapping[str, np.ndarray]) -> np.ndarray:
        """Expected log(R_in / MΩ) of the rows that have one (last axis), from values as `theta` gives them."""
        at = self.true_conditions(theta)
        V_m = self.law.potential(theta, at, self.reference)
        assert self.resistance is not None, "asked only of tables with input resistances"
        rows, C_m_uF = self.resistance.rows, self.resistance.C_m_uF
        capacitance = None if C_m_uF is None else C_m_uF[rows]
        return log_MOhm(self.law, theta, at, self.reference, V_m, self.condition_of_row[rows], capacitance)


def distinct(at: Conditions, *beside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which kind of condition each is, in order of appearance, and the first of each kind; `beside` tells more apart."""
    columns = dict(enumerate([*at.arrays.values(), *beside]))
    kind = pd.DataFrame(columns).groupby(list(columns), sort=False).ngroup().to_numpy()
    return kind, np.unique(kind, return_index=True)[1]


def in_words(at: Conditions, inside: bool = False) -> str:
    """A single condition in words: `K_o 5 mM, Na_o 145 mM, 22 °C, blocked`."""
    parts = [f"{name}_o {float(x):.4g} mM" for name, x in at.c_o.items()]
    if inside:
        parts += [f"{name}_i {float(x):.4g} mM" for name, x in at.c_i.items()]
    parts.append(f"{float(at.temperature_C):.4g} °C")
    parts += [f"{name} {float(x):.4g}" for name, x in at.columns.items()]
    return ", ".join([*parts, *(["blocked"] if at.blocked else [])])


def conditions_of(experiment: Experiment, baths: xr.Dataset) -> Conditions:
    """Other baths as conditions; inside concentrations are the table's, else those of the reference condition."""
    require_outside(baths, experiment.ions)
    given = {s.outside: baths["c_o"].sel(ion=s.name).to_numpy() for s in experiment.conditions.ions}
    given |= {"temperature_C": baths["temperature"].to_numpy()}
    given |= {"blocked": baths["blocked"].to_numpy().astype(float) * experiment.law.has_pump}
    given |= numbers_of(baths, experiment.law.columns, f"the law {experiment.law.name}")
    for s in experiment.conditions.ions:
        if "c_i" in baths and s.name in baths["ion"]:
            column, known = baths["c_i"].sel(ion=s.name).to_numpy(), experiment.reference.c_i.get(s.name)
            given[s.inside] = column if known is None else np.where(np.isnan(column), known, column)
    everywhere = experiment.reference.map(lambda x: np.full(baths.sizes["obs"], x))
    return everywhere.with_arrays({**everywhere.arrays, **given})
