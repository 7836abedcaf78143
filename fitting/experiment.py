"""An experiment: what was measured, brought together with what is asked of it.

Everything that PyMC and NumPy both need stands here once: the law, its parameters, the distinct conditions in which the
resting potential must be solved, and the condition to which pump and Q10s refer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ..data.table import require_outside
from ..models.conditions import Conditions
from ..models.conductance import current_per_mM
from ..models.errors import ConfigurationError, DataError, UnknownNameError, nearest
from ..models.ions import Ion, ions
from ..models.law import Law
from ..models.options import OPTIONS, option_parameters
from ..models.parameters import (
    C_M,
    JUNCTION,
    NU,
    P_K,
    P_K_AREA,
    PUMP,
    PUMP_CURRENT,
    PUMP_CURRENT_DENSITY,
    PUMP_CURRENT_PA,
    Q10_PUMP,
    SCATTER,
    SIGMA,
    Parameter,
    Quantity,
    between_cells,
    electrode_offset,
    inside_concentration,
)
from ..models.presets import preset
from ..models.priors import Fixed
from ..models.registry import law as law_named
from .config import Config
from .inside import TYPICAL, Inside, parse_insides
from .levels import Levels, find_levels
from .resistance import BROUGHT_BY, Resistance, find_resistance, resistance_notes

DEFAULT_IONS = ("K", "Na", "Cl")


@dataclass(frozen=True)
class Experiment:
    """Recordings and a configuration, ready to be modelled.

    Attributes
    ----------
    config : the configuration, with its ions filled in.
    recordings : the rows used.
    law : the membrane law.
    conditions : the distinct conditions of the table, arrays of one axis.
    condition_of_row : for each row, the index of its condition.
    reference : the condition to which `pump_mV` and the Q10s refer, numbers.
    parameters : what is sampled, in order; `fixed` holds the values of those that the user holds fixed.
    levels : cells and groups, and which parameters differ between them.
    entry_of_condition : for each condition, the index of its entry (cell, else group) in `levels`.
    spreads : by varying parameter, how much its cells differ.
    offsets : by `cell` or `solution`, how much electrode offsets differ.
    resistance : the input resistances that make currents absolute, if any.
    dormant : names of passive ions that are left out of the model because no row is blocked.
    notes : what was decided on the user's behalf, as sentences; `cautions` are those that question the law itself.
    """

    config: Config
    recordings: xr.Dataset
    law: Law
    conditions: Conditions
    condition_of_row: np.ndarray
    reference: Conditions
    parameters: tuple[Parameter, ...]
    fixed: Mapping[str, float]
    levels: Levels = field(default_factory=Levels)
    entry_of_condition: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    spreads: Mapping[str, Parameter] = field(default_factory=dict)
    offsets: Mapping[str, Parameter] = field(default_factory=dict)
    resistance: Resistance | None = None
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = field(default=())
    dormant: tuple[str, ...] = ()

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Everything a fit reports, in the order of the summary: the law's parameters, what derives from them, noise."""
        sampled = [p for p in self.parameters if p.name not in SCATTER]
        return (*sampled, *self.derived_quantities, *(p for p in self.parameters if p.name in SCATTER))

    @property
    def derived_quantities(self) -> tuple[Quantity, ...]:
        """What `derived` returns: the law's own, and the pump's current in absolute units where P_K is known."""
        if self.resistance is None or PUMP_CURRENT not in self.law.quantities or self.fixed.get(PUMP.name) == 0:
            return self.law.quantities
        density = () if self.resistance.C_m_uF is None else (PUMP_CURRENT_DENSITY,)
        return (*self.law.quantities, PUMP_CURRENT_PA, *density)

    @property
    def n_conditions(self) -> int:
        """How many distinct conditions were recorded in, as a person counts: the same bath in two cells is one."""
        at = self.conditions
        columns = [*at.c_o.values(), *at.c_i.values(), at.temperature_C, at.blocked]
        return len(np.unique(np.column_stack(columns), axis=0))

    @property
    def error_mV(self) -> np.ndarray:
        """The standard error that each row carries of its own (0 for single recordings), mV."""
        if "V_m_error" not in self.recordings:
            return np.zeros(self.recordings.sizes["obs"])
        return np.nan_to_num(self.recordings["V_m_error"].to_numpy())

    def value(self, values: Mapping[str, np.ndarray], name: str) -> np.ndarray:
        """One parameter's values, whether sampled or held fixed."""
        return np.asarray(values[name] if name in values else self.fixed[name])

    def varies(self, name: str) -> bool:
        """Whether each entry (cell, else group) has its own value of a parameter, on the last axis of its values."""
        return bool(self.levels.entries) and name in self.levels.varying

    def pooled(self) -> "Experiment":
        """The same experiment as if all rows came from one cell."""
        return replace(self, levels=Levels(), spreads={}, offsets={})

    def population(self) -> "Experiment":
        """The same experiment with groups as its entries, for the parameters of populations rather than of cells."""
        return replace(self, levels=replace(self.levels, cells=()), spreads={}, offsets={})

    def theta(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Parameter values by name, with a last axis that runs over (or broadcasts against) the conditions."""
        everything = {name: np.asarray(value) for name, value in {**self.fixed, **values}.items()}
        return {
            name: value[..., self.entry_of_condition] if self.varies(name) and name in values else value[..., None]
            for name, value in everything.items()
        }

    def potential(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """V_m in mV for each condition (last axis), from parameter values by name (leading axes: draws)."""
        theta = self.theta(values)
        if PUMP.name in theta and PUMP_CURRENT in self.law.quantities:  # once a cell, not once a condition
            current = self.law.derived(self._by_entry(values), self.reference)[PUMP_CURRENT.name]
            theta[PUMP_CURRENT.name] = current[..., self.entry_of_condition] if current.shape[-1] > 1 else current
        return self.law.potential(theta, self.conditions, self.reference)

    def row_mean(self, values: Mapping[str, np.ndarray], rows: Any = ...) -> np.ndarray:
        """Expected recording in mV for each row (last axis), or those of `rows`: V_m of its condition, and offsets."""
        mean = self.potential(values)[..., self.condition_of_row[rows]]
        for per in self.offsets:
            mean = mean + np.asarray(values[f"offset_{per}_mV"])[..., self.labels_of(per)[1][rows]]
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
        return {**self.levels.coords, **{f"{per}_offset": self.labels_of(per)[0] for per in self.offsets}}

    def dims_of(self, symbol: str) -> tuple[str, ...]:
        """The dimension of something sampled, by its tree name: of groups, of cells or of offsets, or none."""
        levels, spreads = self.levels, [p.symbol for p in self.spreads.values()]
        symbol = symbol.removesuffix("_signed")
        if symbol.startswith("offset_") and symbol.endswith("_place"):
            return (symbol.removesuffix("_place").removeprefix("offset_") + "_offset",)
        if symbol.endswith("_place"):
            cells = any(f"{p.symbol}_place" == symbol and p.name in self.spreads for p in self.parameters)
            return ("cell",) if cells else ()
        varying = any(p.symbol == symbol and self.varies(p.name) for p in self.parameters)
        grouped = varying or (symbol in spreads and self.config.spread == "group")
        return ("population",) if grouped and levels.groups else ()

    def offset_sd(self, per: str, width):
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
        V_m = self.law.potential(theta, self.conditions, self.reference)
        assert self.resistance is not None, "asked only of tables with input resistances"
        return self.resistance.log_MOhm(self.law, theta, self.conditions, self.reference, V_m, self.condition_of_row)

    def words(self, index: int) -> str:
        """One of the conditions in words: `K_o 5 mM, Na_o 145 mM, 22 °C, blocked`."""
        return in_words(at_index(self.conditions, index))


def at_index(at: Conditions, index: int | np.ndarray) -> Conditions:
    """Those of the conditions that `index` names."""
    return replace(
        at,
        c_o={name: x[index] for name, x in at.c_o.items()},
        c_i={name: x[index] for name, x in at.c_i.items()},
        temperature_C=at.temperature_C[index],
        blocked=at.blocked[index],
        seal=at.seal[index] if np.ndim(at.seal) else at.seal,
    )


def in_words(at: Conditions, inside: bool = False) -> str:
    """A single condition in words, for messages and tables."""
    parts = [f"{name}_o {float(x):.4g} mM" for name, x in at.c_o.items()]
    if inside:
        parts += [f"{name}_i {float(x):.4g} mM" for name, x in at.c_i.items()]
    return ", ".join([*parts, f"{float(at.temperature_C):.4g} °C", *(["blocked"] if at.blocked else [])])


def conditions_of(experiment: Experiment, baths: xr.Dataset) -> Conditions:
    """Other baths as conditions; inside concentrations are the table's, else those of the reference condition.

    Raises
    ------
    DataError
        A bath lacks an ion of the model.
    """
    require_outside(baths, experiment.config.ions)
    reference, c_i = experiment.reference, {}
    for name, known in reference.c_i.items():
        has_column = "c_i" in baths and name in baths["ion"]
        column = baths["c_i"].sel(ion=name).to_numpy() if has_column else np.full(baths.sizes["obs"], np.nan)
        c_i[name] = np.where(np.isnan(column), known, column)
    return replace(
        reference,
        c_o={name: baths["c_o"].sel(ion=name).to_numpy() for name in reference.c_o},
        c_i=c_i,
        temperature_C=baths["temperature"].to_numpy(),
        blocked=baths["blocked"].to_numpy().astype(float) * experiment.law.has_pump,
    )


def build_experiment(recordings: xr.Dataset, config: Config, blocks: bool = False) -> Experiment:
    """Bring recordings and configuration together.

    Parameters
    ----------
    blocks : whether rows with the pump blocked may follow: passive ions, which act only there, stay in the model.

    Raises
    ------
    ConfigurationError, UnknownNameError, DataError
        What is asked cannot be asked of these recordings; the message says what is missing and what to type.
    """
    law = law_named(config.law)
    chosen = _ions(recordings, config, law)
    assumed = {
        name: known
        for name, known in parse_insides(recordings.attrs.get("inside", "")).items()
        if name not in config.inside and name in [s.name for s in chosen]
    }
    config = config.updated(inside=assumed)
    inside = _inside(recordings, config, chosen, law)
    blocked = recordings["blocked"].to_numpy().astype(float) * law.has_pump
    passive = tuple(s.name for s in chosen if (known := inside[s.name]) and known.passive)
    resistance = find_resistance(recordings, law)
    dormant: tuple[str, ...] = ()
    if (
        not (blocked.any() or blocks) and not resistance
    ):  # with the pump running a passive ion carries no current: the model is the others'
        dormant, passive = passive, ()
        chosen = tuple(s for s in chosen if s.name not in dormant)

    require_outside(recordings, [s.name for s in chosen])

    everything = _every_row(recordings, config, chosen, inside, passive, blocked)
    if resistance and resistance.seal is not None:
        everything = replace(everything, seal=resistance.seal)
    added = resistance.parameters(recordings, law.parameters(chosen)) if resistance else ()
    declared = declared_parameters(law, chosen, inside, config, added)
    vary = varying_parameters(declared, config)
    levels, grouping = find_levels(recordings, config.by, _distinct(everything)[0], vary)
    index, first = _distinct(everything, levels.entry_of_row)
    conditions = at_index(everything, first)
    _refuse_empty_baths(conditions, recordings["row"].to_numpy()[first])
    reference = _reference(everything, config)
    reason = law.refusal(conditions, reference, config.options)
    if reason:
        raise ConfigurationError(reason)

    spreads = {name: between_cells(p) for p in declared if levels.cells and (name := p.name) in levels.varying}
    junction = (JUNCTION,) if "ljp_sd" in recordings else ()
    offsets = {per: electrode_offset(per) for per in (*config.offset, *junction)}
    for per in config.offset:
        if per not in recordings.coords:
            raise ConfigurationError(f"an electrode offset for each {per} needs a column {per}.")
    beyond = _with_priors([*spreads.values(), *offsets.values()], config)
    _refuse_unknown_priors([*declared, *beyond.values()], config, law, chosen)
    return Experiment(
        config=replace(config, ions=tuple(s.name for s in chosen)),
        recordings=recordings,
        law=law,
        conditions=conditions,
        condition_of_row=index,
        reference=reference,
        parameters=tuple(p for p in declared if not isinstance(p.prior, Fixed)),
        fixed={p.name: p.prior.value for p in declared if isinstance(p.prior, Fixed)},
        levels=levels,
        entry_of_condition=levels.entry_of_row[first],
        spreads={name: beyond[p.name] for name, p in spreads.items()},
        offsets={per: beyond[p.name] for per, p in offsets.items()},
        resistance=resistance,
        notes=(
            *grouping,
            *_notes(conditions, reference, inside, assumed, law),
            *resistance_notes(
                resistance,
                recordings,
                law,
                () if blocked.any() else passive,
                {p.name: p.prior for p in declared}.get(C_M.name, C_M.prior),
            ),
            *(f"Option {name}: {OPTIONS[name].meaning}." for name in config.options),
        ),
        cautions=law.cautions(conditions, config.options),
        dormant=dormant,
    )


def allowing_blocks(experiment: Experiment) -> Experiment:
    """The same rows in the model that they take once rows with the pump blocked follow: dormant ions come back."""
    outside = experiment.recordings["c_o"].sel(ion=list(experiment.dormant))
    if not experiment.dormant or not experiment.law.has_pump or bool(outside.isnull().any()):
        return experiment
    config = replace(experiment.config, ions=(*experiment.config.ions, *experiment.dormant))
    return build_experiment(experiment.recordings, config, blocks=True)


def _ions(recordings: xr.Dataset, config: Config, law: Law) -> tuple[Ion, ...]:
    present = [str(name) for name in recordings["ion"].to_numpy()]
    names = config.ions or tuple(name for name in DEFAULT_IONS if name in present)
    chosen = law.usable(ions(names))
    for s in chosen:
        if s.name not in present:
            raise ConfigurationError(
                f"the model's ion {s.name} has no column {s.name}_o_mM in {recordings.attrs['source']}."
                f" Add it, or leave the ion out: --ions {','.join(n for n in names if n in present)}."
            )
    return chosen


def _inside(recordings: xr.Dataset, config: Config, chosen: Sequence[Ion], law: Law) -> dict[str, Inside | None]:
    """Each ion's inside concentration from the configuration; None where the table has it row by row."""
    inside: dict[str, Inside | None] = {}
    missing = []
    for s in chosen:
        if law.at_equilibrium and s.name not in ("K", "Na"):
            inside[s.name] = Inside(passive=True)
            continue
        column = "c_i" in recordings and bool(recordings["c_i"].sel(ion=s.name).notnull().any())
        if column and s.name in config.inside:
            raise ConfigurationError(
                f"{s.name} inside is given twice: by the column {s.name}_i_mM and by --inside {s.name}="
                f"{config.inside[s.name]}. Keep one."
            )
        if column:
            values = recordings["c_i"].sel(ion=s.name).to_numpy()
            if np.isnan(values).any():
                row = recordings["row"].to_numpy()[np.isnan(values)][0]
                raise DataError(
                    f"{recordings.attrs['source']}, row {row}, column {s.name}_i_mM: empty, though other rows have it."
                    f" Fill it in every row, or remove the column and type --inside {s.name}=…"
                )
            inside[s.name] = None
        elif s.name in config.inside:
            inside[s.name] = config.inside[s.name]
        else:
            missing.append(s.name)
            continue
        known = inside[s.name]
        if known and known.passive and s.name in law.needs:
            raise ConfigurationError(
                f"the law {law.name} pumps {s.name}, so {s.name} cannot be passive: give its mM inside."
            )
    if missing:
        given = [f"{name}={config.inside[name]}" for name in config.inside]
        example = {"K": "140+-10", "Na": "12", "Cl": "10"}
        example_text = ",".join([*given, *(f"{name}={example.get(name, '1')}" for name in missing)])
        typical = "; ".join(f"{name} {TYPICAL.get(name, 'look it up for your cell')}" for name in missing)
        raise ConfigurationError(
            f"the concentration inside the cell is missing for {', '.join(missing)}. Typical values in mM: {typical}."
            f" Type for example --inside {example_text}, or add columns such as {missing[0]}_i_mM."
        )
    unknown = [name for name in config.inside if name not in [s.name for s in chosen]]
    if unknown and config.ions:
        for name in unknown:
            ions([name])  # a misspelt ion is an error; one that this law or choice leaves out is not
    return inside


def _every_row(recordings, config, chosen, inside, passive, blocked) -> Conditions:
    n = recordings.sizes["obs"]
    c_i = {}
    for s in chosen:
        known = inside[s.name]
        if known is None:
            c_i[s.name] = recordings["c_i"].sel(ion=s.name).to_numpy()
        elif not known.sd_mM and not known.passive:
            c_i[s.name] = np.full(n, known.mean_mM)
    return Conditions(
        ions=tuple(chosen),
        c_o={s.name: recordings["c_o"].sel(ion=s.name).to_numpy() for s in chosen},
        c_i=c_i,
        temperature_C=recordings["temperature"].to_numpy(),
        blocked=blocked,
        passive=passive,
        davies="davies" in config.options,
    )


def _bath(at: Conditions) -> dict[str, np.ndarray]:
    return {f"{name}_o_mM": x for name, x in at.c_o.items()} | {"temperature_C": at.temperature_C}


def _distinct(at: Conditions, entry_of_row: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Index of each row's condition (entries apart), in order of first appearance, and each condition's first row."""
    columns = {
        **({} if entry_of_row is None else {"entry": entry_of_row}),
        **_bath(at),
        "blocked": at.blocked,
        "seal": at.seal,
        **{f"{name}_i_mM": x for name, x in at.c_i.items()},
    }
    index = pd.DataFrame(columns).groupby(list(columns), sort=False).ngroup().to_numpy()
    return index, np.unique(index, return_index=True)[1]


def _refuse_empty_baths(at: Conditions, rows: np.ndarray) -> None:
    inward = sum(x for name, x in at.c_o.items() if ions([name])[0].valence > 0)
    anions = any(s.valence < 0 for s in at.ions)
    if not anions and np.any(inward == 0):
        row = rows[np.argmax(inward == 0)]
        raise DataError(
            f"row {row}: the bath holds none of the model's ions ({', '.join(at.c_o)}), so the law predicts minus infinity."
            " Name the ion that replaces them with --ions, or leave the row out with --where."
        )


def _reference(at: Conditions, config: Config) -> Conditions:
    """The commonest unblocked bath and temperature (ties: the first in the table), or the one that is asked for."""
    bath = _bath(at)
    names = list(bath)
    usable = np.ones(len(at.temperature_C), bool)
    for name, value in config.reference.items():
        if name not in bath:
            raise UnknownNameError(f"reference: {name} is not among {', '.join(names)}.{nearest(name, names)}")
        usable &= np.isclose(bath[name], float(value))
    if not usable.any():
        complete = set(config.reference) == set(names)
        if not complete:
            raise ConfigurationError(
                "reference: no row of the table has "
                + ", ".join(f"{name} = {value:g}" for name, value in config.reference.items())
                + f". To refer to a condition that was not measured, give all of {', '.join(names)}."
            )
        return replace(
            at,
            c_o={name: float(config.reference[f"{name}_o_mM"]) for name in at.c_o},
            c_i={name: float(x.mean()) for name, x in at.c_i.items()},
            temperature_C=float(config.reference["temperature_C"]),
            blocked=0.0,
            seal=0.0,
        )
    running = usable & (at.blocked == 0)
    usable = running if running.any() else usable
    group = pd.DataFrame(bath)[usable].groupby(names, sort=False).ngroup()
    rows = np.flatnonzero(usable)[group.to_numpy() == group.value_counts(sort=False).sort_index().to_numpy().argmax()]
    return replace(
        at,
        c_o={name: float(x[rows[0]]) for name, x in at.c_o.items()},
        c_i={name: float(x[rows].mean()) for name, x in at.c_i.items()},
        temperature_C=float(at.temperature_C[rows[0]]),
        blocked=0.0,
        seal=0.0,
    )


def declared_parameters(
    law: Law,
    chosen: Sequence[Ion],
    inside: Mapping[str, Inside | None],
    config: Config,
    added: Sequence[Parameter] = (),
) -> tuple[Parameter, ...]:
    """Every parameter of a law under a configuration, with the prior it gets: defaults, and those set by the user.

    `added` are those that the recordings call for beside the law's own.
    """
    uncertain = [
        inside_concentration(s, known.mean_mM, known.sd_mM) for s in chosen if (known := inside[s.name]) and known.sd_mM
    ]
    active = [s for s in chosen if not ((known := inside[s.name]) and known.passive)]
    optional = option_parameters(law, config.options, active)
    declared = (*law.parameters(chosen), *optional, *added, *uncertain, SIGMA, *((NU,) if config.robust else ()))
    return tuple(_with_priors([preset(p, config.preset) for p in declared], config).values())


def foreseen_parameters(
    law: Law, chosen: Sequence[Ion], config: Config
) -> tuple[tuple[Parameter, ...], list[tuple[str, Parameter]]]:
    """A law's parameters with no table at hand: those sure to be there, and those that a table may add, with what adds it.

    Raises
    ------
    UnknownNameError
        The configuration sets the prior of a parameter that no table could bring in.
    """
    sure = declared_parameters(law, chosen, {s.name: config.inside.get(s.name) for s in chosen}, config)
    names = [p.name for p in sure]
    brought = [(why, p) for p, why in BROUGHT_BY.items() if law.conductance and p.name not in names]
    vary = varying_parameters([*sure, *(p for _, p in brought)], config)
    spreads = [between_cells(p) for p in (*sure, *(p for _, p in brought)) if p.name in vary]
    brought += [("cells told apart", p) for p in spreads]
    offsets = [electrode_offset(per) for per in config.offset]
    sure = (*sure, *_with_priors(offsets, config).values())
    _refuse_unknown_priors([*sure, *(p for _, p in brought)], config, law, chosen)
    return sure, [(why, _with_priors([p], config)[p.name]) for why, p in brought]


def _with_priors(parameters: Sequence[Parameter], config: Config) -> dict[str, Parameter]:
    """Parameters by name, with the priors that the user sets."""
    return {p.name: p.with_prior(config.priors[p.name]) if p.name in config.priors else p for p in parameters}


def _refuse_unknown_priors(parameters: Sequence[Parameter], config: Config, law: Law, chosen: Sequence[Ion]) -> None:
    names = [p.name for p in parameters]
    for name in config.priors:
        if name not in names:
            raise UnknownNameError(
                f"priors: the law {law.name} with ions {', '.join(s.name for s in chosen)} has no parameter {name!r}."
                f"{nearest(name, names)} Its parameters: {', '.join(names)}."
            )


def varying_parameters(declared: Sequence[Parameter], config: Config) -> tuple[str, ...]:
    """Names of the parameters that differ between cells, if cells there are: by default ratios and the pump."""
    names = [p.name for p in declared if p.name not in SCATTER and not isinstance(p.prior, Fixed)]
    if config.vary is None:
        sizes = (PUMP.name, P_K.name, P_K_AREA.name)
        return tuple(name for name in names if name.endswith(("/P_K", "/g_K")) or name in sizes)
    for name in config.vary:
        if name not in names:
            raise UnknownNameError(
                f"vary: {name!r} is no parameter to vary.{nearest(name, names)} There are {', '.join(names)}."
            )
    return config.vary


def _notes(at: Conditions, reference: Conditions, inside, assumed, law: Law) -> Iterator[str]:
    if assumed:
        described = ", ".join(f"{name}={known}" for name, known in assumed.items())
        yield f"Inside concentrations as the data set's description assumes them: {described} (change with --inside)."
    exact = [
        f"{name} {known.mean_mM:g} mM" for name, known in inside.items() if known and not (known.sd_mM or known.passive)
    ]
    if exact:
        yield f"Inside concentrations taken as known exactly: {', '.join(exact)} (write K=140+-10 for an uncertain one)."
    dropped = [name for name, known in inside.items() if known and known.passive and name not in at.passive]
    if dropped:
        yield f"{', '.join(dropped)} is passive, so with the pump running it does not act on V_m: it is left out of the model."
    if law.has_pump:
        yield f"Reference condition of pump_mV and Q10s: {in_words(reference.steady(), inside=True)}."
        if len(np.unique(at.temperature_C)) == 1 and Q10_PUMP in law.parameters(at.ions):
            yield "One temperature only: the Q10s are what the priors say, and matter only for predictions elsewhere."
