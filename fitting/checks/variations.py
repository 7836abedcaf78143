"""What might have been otherwise: other priors, other values of what was held or assumed, rows and cells left out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from ...models.errors import VrestError
from ...models.ions import ion
from ...models.laws.options import WARMING_P_NA
from ...models.parameters import Parameter, Role
from ...models.priors import Prior
from ..experiment.build import build_experiment
from ..experiment.experiment import Experiment
from ..sampling.refits import without_rows
from .identification import questions

SHORT_TABLE = 60
"""Rows up to which each is left out in turn, where no cells can be."""
MOST_UNITS = 60
"""Cells (or rows) that are left out, one after another; of more, those with the most rows."""
_INSIDE = 0.1  # of an inside concentration that nobody vouched for
_UNKNOWN_mV, _GIVEN_mV = 3.0, 1.0  # of a junction potential that nobody mentioned, and of one without an error
_SHUNT = 0.9  # what a usual seal or shunt leaves of V_m
_LOW_K_mM = 3.0  # potassium outside below which the pump's sites for it are far from full


class Kind(StrEnum):
    """What is varied."""

    PRIOR = "prior"
    ASSUMPTION = "assumption"
    LEFT_OUT = "left out"
    STRUCTURE = "structure"


@dataclass(frozen=True)
class Variation:
    """One thing that might have been otherwise.

    Attributes
    ----------
    kind : what is varied.
    changed : the column, the prior's parameter, the option, or what is left out, as in `cell c3`.
    before, after : what stood there, and what is put in its place.
    experiment : the experiment with that in place.
    parameter : of a prior, whose it is.
    rows : of what is left out, which rows.
    """

    kind: Kind
    changed: str
    before: str
    after: str
    experiment: Experiment
    parameter: Parameter | None = None
    rows: np.ndarray | None = None


def variations(experiment: Experiment) -> Iterator[Variation]:
    """Everything that is varied of an experiment, priors first."""
    yield from _priors(experiment)
    yield from _insides(experiment)
    yield from _potentials(experiment)
    yield from _structures(experiment)
    yield from _left_out(experiment)


def varied_parameters(experiment: Experiment) -> tuple[Parameter, ...]:
    """The parameters whose priors act on the questions asked."""
    asked = questions(experiment)
    speeds = any(q.role in (Role.Q10_RATIO, Role.Q10) for q in asked)
    return tuple(p for p in experiment.parameters if p in asked or (speeds and p.role is Role.Q10))


def with_prior(experiment: Experiment, parameter: Parameter, prior: Prior) -> Experiment:
    """The same experiment under another prior of one parameter."""
    changed = replace(parameter, prior=prior)
    return replace(experiment, parameters=tuple(changed if p is parameter else p for p in experiment.parameters))


def _priors(experiment: Experiment) -> Iterator[Variation]:
    for p in varied_parameters(experiment):
        for prior in p.prior.alternatives:
            changed = with_prior(experiment, p, prior)
            yield Variation(Kind.PRIOR, p.name, str(p.prior), str(prior), changed, parameter=p)


def _insides(experiment: Experiment) -> Iterator[Variation]:
    """Inside concentrations that are held and that nobody vouched for: typed as bare numbers, or a column's."""
    current = {s.name for s in experiment.conditions.ions}
    for name, x in experiment.conditions.c_i.items():
        given = experiment.config.inside.get(name)
        if name not in current or (given and given.sd_mM is not None):
            continue
        column, typical = ion(name).inside, float(experiment.reference.c_i[name])
        for factor in (1 - _INSIDE, 1 + _INSIDE):
            conditions = replace(experiment.conditions, c_i={**experiment.conditions.c_i, name: factor * x})
            reference = replace(experiment.reference, c_i={**experiment.reference.c_i, name: factor * typical})
            changed = replace(experiment, conditions=conditions, reference=reference)
            after = f"{factor * typical:.4g} mM"
            yield Variation(Kind.ASSUMPTION, column, f"{typical:.4g} mM", after, changed)


def _potentials(experiment: Experiment) -> Iterator[Variation]:
    recordings = experiment.recordings
    state = recordings.attrs.get("ljp", "unknown")
    if "ljp_sd" not in recordings and state in ("unknown", "subtracted"):
        size = _UNKNOWN_mV if state == "unknown" else _GIVEN_mV
        before = "0 mV" if state == "unknown" else "as given"
        for shift in (-size, size):
            moved = replace(experiment, recordings=recordings.assign(V_m=recordings["V_m"] - shift))
            after = f"{shift:+g} mV" if state == "unknown" else f"{shift:+g} mV more"
            yield Variation(Kind.ASSUMPTION, "ljp_mV", before, after, moved)
    if experiment.resistance is None or experiment.resistance.seal is None:
        unloaded = replace(experiment, recordings=recordings.assign(V_m=recordings["V_m"] / _SHUNT))
        after = f"a {1 - _SHUNT:.0%} shunt"
        yield Variation(Kind.ASSUMPTION, "R_seal_GOhm", "none", after, unloaded)


def _structures(experiment: Experiment) -> Iterator[Variation]:
    """Other laws and options: the model itself changes."""
    at, law, on = experiment.conditions, experiment.law, experiment.config.options
    running = at.c_o["K"][at.blocked == 0]
    changes: list[tuple[str, str, str, dict[str, Any]]] = []
    if WARMING_P_NA in experiment.possible_options:
        changes.append((WARMING_P_NA.name, "off", "on", {"options": (*on, WARMING_P_NA.name)}))
    if law.refined_by and running.size and running.min() < _LOW_K_mM:
        changes.append(("law", law.name, law.refined_by, {"law": law.refined_by}))
    for changed, before, after, settings in changes:
        if other := rebuilt(experiment, **settings):
            yield Variation(Kind.STRUCTURE, changed, before, after, other)


def rebuilt(experiment: Experiment, **settings: Any) -> Experiment | None:
    """The same recordings under other settings; None where they are refused."""
    try:
        return build_experiment(experiment.recordings, replace(experiment.config, **settings))
    except VrestError:  # what cannot be asked of these recordings is nothing to compare
        return None


def units(experiment: Experiment) -> tuple[str, np.ndarray] | None:
    """What is left out one after another: the column and each row's label; None for long tables without cells."""
    recordings, n, levels = experiment.recordings, experiment.recordings.sizes["obs"], experiment.levels
    if levels.top and 1 < len(set(levels.top_of_row.tolist())) < n:
        return levels.top, levels.top_of_row
    if "cell" in recordings.coords:
        cells = recordings["cell"].to_numpy().astype(str)
        if 1 < len(np.unique(cells)) < n:
            return "cell", cells
    wanted = n <= SHORT_TABLE or experiment.config.robustness == "full"
    return ("row", recordings["row"].to_numpy().astype(str)) if wanted else None


def _left_out(experiment: Experiment) -> Iterator[Variation]:
    found = units(experiment)
    if found is None:
        return
    what, labels = found
    names, counts = np.unique(labels, return_counts=True)
    most = len(names) if experiment.config.robustness == "full" else MOST_UNITS
    kept = set(names[np.argsort(-counts, kind="stable")][:most])
    for label in dict.fromkeys(labels.tolist()):
        if label in kept and len(names) > 2:
            rows = labels == label
            without = without_rows(experiment, rows)
            yield Variation(Kind.LEFT_OUT, f"{what} {label}", "there", "left out", without, rows=rows)
