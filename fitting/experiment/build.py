"""From recordings and a configuration to an experiment: ions, insides, conditions, reference, priors, and what is refused."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from ...data.tables.schema import COLUMNS
from ...data.tables.table import numbers_of, require_outside
from ...models.conditions import Conditions
from ...models.errors import ConfigurationError, DataError, UnknownNameError, nearest, typed
from ...models.ions import Ion, ions
from ...models.laws.law import Law
from ...models.laws.options import DAVIES, OPTIONS
from ...models.laws.registry import law as law_named
from ...models.notes import About, Note
from ...models.parameters import C_M, JUNCTION, Q10_PUMP, between_cells, offset_sd
from ...models.priors import Fixed
from .bath_errors import bath_notes, find_bath_errors
from .config import Config
from .declared import declared_parameters, priors_by_name, varying_parameters, with_priors
from .experiment import Experiment, distinct, in_words
from .inside import TYPICAL, Inside, parse_insides
from .levels import dim, find_levels, nesting, unused_levels, with_cells_by_unit
from .resistance import find_resistance, resistance_notes
from .scatter import find_scatter
from .unnamed import unnamed_cells

DEFAULT_IONS = ("K", "Na", "Cl")


def build_experiment(
    recordings: xr.Dataset, config: Config, blocks: bool = False, law: Law | None = None
) -> Experiment:
    """Bring recordings and configuration together.

    Parameters
    ----------
    blocks : whether rows with the pump blocked may follow: passive ions, which act only there, stay in the model.
    law : the law itself, where it is not to be looked up by the configuration's name.
    """
    law = law or law_named(config.law)
    nested_in = nesting(recordings, config.nested_in)
    recordings, renamed = with_cells_by_unit(recordings, nested_in)
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
    if not (blocked.any() or blocks or resistance):
        # With the pump running a passive ion carries no current: the model is the others'.
        dormant, passive = passive, ()
        chosen = tuple(s for s in chosen if s.name not in dormant)

    require_outside(recordings, [s.name for s in chosen])

    everything = _every_row(recordings, config, law, chosen, inside, passive, blocked)
    if resistance and resistance.seal is not None:
        everything = replace(everything, seal=resistance.seal)
    added = resistance.parameters(recordings, law.parameters(chosen)) if resistance else ()
    declared = declared_parameters(law, chosen, inside, config, added)
    vary = varying_parameters(declared, config)
    levels, grouping = find_levels(recordings, config.by, distinct(everything.unsealed())[0], vary, nested_in)
    if config.spread == "group" and not levels.groups:
        raise ConfigurationError(
            f'spread = "group" needs groups of cells: {typed("by", "cell_type")}, or another column.',
            setting="spread",
        )
    errors = find_bath_errors(recordings, chosen)
    index, first = distinct(everything, levels.entry_of_row, *(e.of_row for e in errors))
    conditions = everything.take(first)
    _refuse_empty_baths(conditions, recordings["row"].to_numpy()[first])
    reference = _reference(everything, config)
    if reason := law.refusal(conditions, reference, config.options):
        raise ConfigurationError(reason)

    varying = [p for p in declared if levels.cells and p.name in levels.varying]
    spreads = {p.name: between_cells(p, robust=config.robust_cells) for p in varying if levels.distinguished}
    if config.robust_cells and not spreads:
        raise ConfigurationError(f"{typed('robust_cells')} is about how cells differ. {grouping.text}")
    above = [{p.name: between_cells(p, a.column, dim(k)) for p in varying} for k, a in enumerate(levels.above)]
    junction = (JUNCTION,) if "ljp_sd" in recordings else ()
    offsets = {per: offset_sd(per) for per in (*config.offset, *junction)}
    for per in config.offset:
        if per not in recordings.coords:
            raise ConfigurationError(f"an electrode offset for each {per} needs a column {per}.", setting="offset")
    every_spread = [p for of_level in (*above, spreads) for p in of_level.values()]
    scatter = find_scatter(recordings, config.scatter_by)
    beyond = with_priors([*every_spread, *offsets.values(), *([scatter.spread] if scatter else [])], config)
    held = tuple(p for p in declared if isinstance(p.prior, Fixed))
    if len(held) == len(declared):
        raise ConfigurationError(
            f"every parameter of {law.name} is held at a value: nothing is left to infer.", setting="priors"
        )
    priors = priors_by_name([*declared, *beyond.values()], config, law, chosen)
    C_m = next((p.prior for p in declared if p.name == C_M.name), C_M.prior)
    silent = () if blocked.any() else passive  # on V_m
    return Experiment(
        config=replace(config, priors=priors),
        recordings=recordings,
        law=law,
        conditions=conditions,
        condition_of_row=index,
        reference=reference,
        parameters=tuple(p for p in declared if p not in held),
        held=held,
        levels=levels,
        entry_of_condition=levels.entry_of_row[first],
        spreads={name: beyond[p.name] for name, p in spreads.items()},
        spreads_above=tuple({name: beyond[p.name] for name, p in of_level.items()} for of_level in above),
        offsets={per: beyond[p.name] for per, p in offsets.items()},
        scatter=scatter and replace(scatter, spread=beyond[scatter.spread.name]),
        bath_errors=tuple(replace(e, of_row=e.of_row[first]) for e in errors),
        resistance=resistance,
        notes=(
            grouping,
            *([renamed] if renamed else []),
            *([scatter.note] if scatter else []),
            *_notes(conditions, reference, inside, assumed, law),
            *bath_notes(errors, recordings),
            *(Note(About.RESISTANCE, text) for text in resistance_notes(resistance, recordings, law, silent, C_m)),
            *(Note(About.OPTION, f"Option {name}: {OPTIONS[name].meaning}.") for name in config.options),
        ),
        cautions=(
            # what names the cells comes before what may stand above them
            *(unnamed_cells(recordings, levels.group_of_row) or unused_levels(recordings, config.by, config.nested_in)),
            *(Note(About.LAW, text) for text in law.cautions(conditions, config.options)),
            *(Note(About.TABLE, text) for text in json.loads(recordings.attrs.get("cautions", "[]"))),
        ),
        dormant=dormant,
    )


def allowing_blocks(experiment: Experiment) -> Experiment:
    """The same rows in the model that they take once rows with the pump blocked follow: dormant ions come back."""
    outside = experiment.recordings["c_o"].sel(ion=list(experiment.dormant))
    if not experiment.dormant or not experiment.law.has_pump or bool(outside.isnull().any()):
        return experiment
    return build_experiment(experiment.recordings, experiment.config, blocks=True, law=experiment.law)


def _ions(recordings: xr.Dataset, config: Config, law: Law) -> tuple[Ion, ...]:
    present = [str(name) for name in recordings["ion"].to_numpy()]
    names = config.ions or tuple(name for name in DEFAULT_IONS if name in present)
    chosen = law.usable(ions(names))
    for s in chosen:
        if s.name not in present:
            raise ConfigurationError(
                f"the model's ion {s.name} has no column {s.outside} in {recordings.attrs['source']}."
                f" Add it, or leave the ion out: {typed('ions', ','.join(n for n in names if n in present))}."
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
                f"{s.name} inside is given twice: by the column {s.inside} and by"
                f" {typed('inside', f'{s.name}={config.inside[s.name]}')}. Keep one."
            )
        if column:
            values = recordings["c_i"].sel(ion=s.name).to_numpy()
            if np.isnan(values).any():
                row = recordings["row"].to_numpy()[np.isnan(values)][0]
                raise DataError(
                    f"{recordings.attrs['source']}, row {row}, column {s.inside}: empty, though other rows have it."
                    f" Fill it in every row, or remove the column and type {typed('inside', s.name + '=…')}"
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
            f" Type for example {typed('inside', example_text)}, or add columns such as {missing[0]}_i_mM."
        )
    unknown = [name for name in config.inside if name not in [s.name for s in chosen]]
    if unknown and config.ions:
        for name in unknown:
            ions([name])  # a misspelt ion is an error; one that this law or choice leaves out is not
    return inside


def _every_row(recordings, config, law, chosen, inside, passive, blocked) -> Conditions:
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
        davies=DAVIES.name in config.options,
        columns=numbers_of(recordings, law.columns, f"the law {law.name}"),
    )


def _refuse_empty_baths(at: Conditions, rows: np.ndarray) -> None:
    inward = sum(x for name, x in at.c_o.items() if ions([name])[0].valence > 0)
    anions = any(s.valence < 0 for s in at.ions)
    if not anions and np.any(inward == 0):
        row = rows[np.argmax(inward == 0)]
        raise DataError(
            f"row {row}: the bath holds none of the model's ions ({', '.join(at.c_o)}), so the law predicts minus infinity."
            f" Name the ion that replaces them with {typed('ions')}, or leave the row out with {typed('where')}."
        )


def _reference(at: Conditions, config: Config) -> Conditions:
    """The commonest unblocked bath and temperature (ties: the first in the table), or the one that is asked for."""
    bath = at.bath
    names = list(bath)
    usable = np.ones(len(at.temperature_C), bool)
    for name, value in config.reference.items():
        if name not in bath:
            raise UnknownNameError(
                f"reference: {name} is not among {', '.join(names)}.{nearest(name, names)}", setting="reference"
            )
        column = COLUMNS.get(name)
        if column and not column.low <= value <= column.high:
            ends = f"between {column.low:g} and {column.high:g} {column.unit}"
            raise ConfigurationError(f"reference.{name} = {value:g} is not {ends}.", setting="reference")
        usable &= np.isclose(bath[name], value)
    if not usable.any():
        complete = set(config.reference) == set(names)
        if not complete:
            raise ConfigurationError(
                "reference: no row of the table has "
                + ", ".join(f"{name} = {value:g}" for name, value in config.reference.items())
                + f". To refer to a condition that was not measured, give all of {', '.join(names)}.",
                setting="reference",
            )
        given = {name: float(value) for name, value in config.reference.items()}
        return _unblocked(at.map(lambda x: float(x.mean())), **given)
    running = usable & (at.blocked == 0)
    usable = running if running.any() else usable
    group = pd.DataFrame(bath)[usable].groupby(names, sort=False).ngroup()
    rows = np.flatnonzero(usable)[group.to_numpy() == group.value_counts(sort=False).sort_index().to_numpy().argmax()]
    first = {name: float(x[rows[0]]) for name, x in bath.items()}
    return _unblocked(at.map(lambda x: float(x[rows].mean())), **first)


def _unblocked(at: Conditions, **bath: float) -> Conditions:
    """A condition in that bath with the pump running, and no seal."""
    return replace(at.with_arrays({**at.arrays, **bath}), blocked=0.0, seal=0.0)


def _notes(at: Conditions, reference: Conditions, inside, assumed, law: Law) -> Iterator[Note]:
    if assumed:
        described = ", ".join(f"{name}={known}" for name, known in assumed.items())
        yield Note(
            About.INSIDE,
            f"Inside concentrations as the data set's description assumes them: {described}.",
            f"change with {typed('inside')}",
        )
    exact = [
        f"{name} {known.mean_mM:g} mM"
        for name, known in inside.items()
        if known and known.sd_mM is None and not known.passive
    ]
    if exact:
        text = f"Inside concentrations taken as known exactly: {', '.join(exact)}."
        yield Note(About.INSIDE, text, "write K=140+-10 for an uncertain one")
    dropped = [name for name, known in inside.items() if known and known.passive and name not in at.passive]
    if dropped:
        text = "is passive, so with the pump running it does not act on V_m: it is left out of the model."
        yield Note(About.INSIDE, f"{', '.join(dropped)} {text}")
    if law.has_pump:
        text = f"Reference condition of pump_mV and Q10s: {in_words(reference.steady(), inside=True)}."
        yield Note(About.REFERENCE, text)
        if len(np.unique(at.temperature_C)) == 1 and Q10_PUMP in law.parameters(at.ions):
            text = "One temperature only: the Q10s are what the priors say, and matter only for predictions elsewhere."
            yield Note(About.TEMPERATURE, text)
