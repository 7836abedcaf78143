"""What the recordings can and cannot tell, and which further bath would tell it.

Judged on the questions that resting potentials are asked: permeability ratios, the pump, and how the pump's speed
changes with temperature relative to the leak's. The two Q10s apart are not in a steady potential: they are judged only
where input resistances were measured at several temperatures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr

from ...models.parameters import PUMP, Q10_LEAK, Q10_PUMP, Q10_RATIO, SIGMA, Quantity, Role, offset
from ..experiment.build import allowing_blocks
from ..experiment.experiment import Experiment, in_words
from ..model.expected import Expectation, ExpectedPosterior, expected_posterior, linearised_posterior
from ..results.summary import labelled_draws
from .candidates import rank, variations

UNINFORMED = 0.5
"""Contraction below which the data are said not to have informed a parameter."""
CONFOUNDED = 0.8
"""Absolute posterior correlation above which two parameters are said to be confounded."""
RECORDINGS = 5
"""How many recordings in a proposed bath the advice assumes."""
_WORTHWHILE = 0.1  # relative narrowing below which a bath is not worth proposing
_MOST = 3  # baths that the advice names


def questions(experiment: Experiment) -> tuple[Quantity, ...]:
    """The quantities on which identification is judged."""
    T = experiment.conditions.temperature_C
    with_R_in = experiment.condition_of_row[experiment.resistance.rows] if experiment.resistance else []
    several = len(np.unique(T[with_R_in])) > 1
    speeds = Role.Q10 if several else Role.Q10_RATIO if len(np.unique(T)) > 1 else None
    quantities = experiment.quantities
    return (*(q for q in quantities if q.judged), *(q for q in quantities if q.role is speeds))


def listed(experiment: Experiment) -> tuple[Quantity, ...]:
    """The questions, and what else is worth naming when it is uninformed or confounded, such as inside concentrations."""
    asked = questions(experiment)
    return (*asked, *(p for p in experiment.inferred if p.role is not Role.Q10 and p not in asked))


@dataclass(frozen=True)
class Identification:
    """Third part of the verdict.

    Attributes
    ----------
    ok : every question is informed and none is confounded with another.
    asked : the questions by name, in each group where groups have their own.
    uninformed : names with contraction below UNINFORMED.
    confounded : pairs and their correlation on the natural scale.
    advice : sentences, best first.
    """

    ok: bool
    asked: tuple[str, ...]
    uninformed: tuple[str, ...]
    confounded: tuple[tuple[str, str, float], ...]
    advice: tuple[str, ...]


_NOTHING = Identification(True, (), (), (), ())
"""Of laws without a parameter, such as nernst."""


def draws_of(quantities: Sequence[Quantity], posterior: xr.Dataset) -> dict[Quantity, np.ndarray]:
    """Draws of each quantity that a posterior has, in each group where groups have their own."""
    return {
        replace(q, group=group): x.ravel()
        for q in quantities
        if q.symbol in posterior
        for group, x in labelled_draws(posterior[q.symbol])
    }


def identify(tree: xr.DataTree, experiment: Experiment, summary: pd.DataFrame) -> Identification:
    """Judge a posterior: what was learned, what is confounded, and which bath would help most."""
    if not experiment.inferred:
        return _NOTHING
    posterior = tree["posterior"].to_dataset()
    table = summary.set_index(["parameter", "group"])["contraction"]
    draws = draws_of(listed(experiment), posterior)
    with np.errstate(invalid="ignore", divide="ignore"):  # draws that never moved correlate with nothing
        together = np.corrcoef(np.stack([*draws.values()])) if len(draws) > 1 else np.eye(1)
    return _judge(
        experiment,
        tuple(draws),
        [float(table[q.name, q.group]) for q in draws],
        together,
        linearised_posterior(allowing_blocks(experiment), posterior),
        tuple(_offsets_like(posterior, experiment, {q.label: x for q, x in draws.items()})),
    )


def _offsets_like(
    posterior: xr.Dataset, experiment: Experiment, draws: dict[str, np.ndarray]
) -> Iterator[tuple[str, str, float]]:
    """Each quantity that is confounded with an electrode's offset, or with their mean: with the offset most like it."""
    for q, (_, labels) in experiment.errors.items():
        offsets = posterior[q.symbol].to_numpy().reshape(-1, len(labels))
        own = {replace(q, group=label).label: x for label, x in zip(labels, offsets.T, strict=True)}
        mean = {replace(q, group="mean").label: offsets.mean(axis=1)} if len(labels) > 1 else {}
        asked = {quantity: (x, own | mean) for quantity, x in draws.items()}
        for p in experiment.parameters if q == offset("cell") else ():
            if experiment.in_cells(p.name):  # a cell's own value against its own offset
                for cell, x in zip(experiment.levels.cells, posterior[p.of_cells].to_numpy().T, strict=True):
                    label = replace(q, group=cell).label
                    if label in own:
                        asked[replace(p, group=cell).label] = (x.T.ravel(), {label: own[label]})
        for quantity, (x, among) in asked.items():
            r = {label: float(np.corrcoef(x, of_offset)[0, 1]) for label, of_offset in among.items()}
            most = max(r, key=lambda label: abs(r[label]))
            if abs(r[most]) > CONFOUNDED:
                yield quantity, most, round(r[most], 3)


def left_out(experiment: Experiment) -> list[str]:
    """What the expectation takes no account of, as sentences."""
    levels, notes = experiment.levels, []
    if experiment.errors:
        notes.append("Errors of electrodes and baths are left out of account: the expected sds are somewhat too small.")
    if passed := ", ".join(a.column for a in levels.above if a.mixed):
        notes.append(
            f"Units of {passed} hold cells of several levels of {levels.by}: how much these units differ is left out of"
            f" account, so the expected sds of each level of {levels.by} are too small."
        )
    return notes


def foresee(experiment: Experiment, expected: ExpectedPosterior | None = None) -> tuple[Expectation, Identification]:
    """Judge the experiment before any sampling, from its expected posterior; by default the average over the priors."""
    if not experiment.inferred:
        return Expectation((), *np.zeros((3, 0))), _NOTHING
    expected = expected or expected_posterior(allowing_blocks(experiment))
    found = expected.expect(listed(experiment))
    return found, _judge(experiment, found.quantities, found.contraction, found.correlation, expected)


def _judge(
    experiment: Experiment,
    quantities: Sequence[Quantity],
    contraction: Sequence[float] | np.ndarray,
    correlation: np.ndarray,
    expected: ExpectedPosterior,
    offsets: Sequence[tuple[str, str, float]] = (),
) -> Identification:
    """Judge `quantities`, of each group that has its own; `offsets` are further pairs: what is confounded with an offset."""
    asked = {q.name for q in questions(experiment)}
    named = {q.label: q for q in quantities if q.name in asked}
    uninformed = tuple(q.label for q, c in zip(quantities, contraction, strict=True) if c < UNINFORMED)
    confounded = tuple(
        (a.label, b.label, round(float(correlation[i, j]), 3))
        for (i, a), (j, b) in combinations(enumerate(quantities), 2)
        if abs(correlation[i, j]) > CONFOUNDED
    )
    confounded += tuple(offsets)
    open_pairs = [(named[a], named[b]) for a, b, _ in confounded if a in named and b in named]
    troubled = {*uninformed, *(label for pair in confounded for label in pair[:2])}
    weak = [q for q in questions(experiment) if q.name in {named[label].name for label in troubled & set(named)}]
    advice = advise(expected, weak)
    if any(Role.PUMP in (a.role, b.role) and {a.role, b.role} & {Role.Q10, Role.Q10_RATIO} for a, b in open_pairs):
        advice = [*_middle_temperature(experiment), *advice]
    advice += _measure_resistance(experiment)
    return Identification(
        ok=not open_pairs and not set(named) & set(uninformed),
        asked=tuple(named),
        uninformed=uninformed,
        confounded=confounded,
        advice=tuple(advice),
    )


def _middle_temperature(experiment: Experiment) -> list[str]:
    temperatures, quoted = np.unique(experiment.conditions.temperature_C), float(experiment.reference.temperature_C)
    middle = temperatures[np.argmin(np.abs(temperatures - temperatures.mean()))]
    if middle == quoted:
        return []
    return [
        f"{PUMP.name} is quoted at {quoted:g} °C, so an error in its Q10 tilts it: quote it in the middle of the series,"
        f" with temperature_C = {middle:g} under [reference] in the configuration."
    ]


def _measure_resistance(experiment: Experiment) -> list[str]:
    """The one measurement that parts the two Q10s, where a table of several temperatures lacks it."""
    if Q10_RATIO not in questions(experiment) or experiment.law.conductance is None:
        return []
    return [
        f"{Q10_PUMP.name} and {Q10_LEAK.name} act on V_m by their ratio alone: measure input resistance at two temperatures"
        " or more (R_in_MOhm) to tell them apart, and to have the pump in pA."
    ]


def advise(expected: ExpectedPosterior, weak: Sequence[Quantity]) -> list[str]:
    """Sentences that name the baths which would narrow `weak` most, with the narrowing expected of each."""
    if not weak:
        return []
    experiment = expected.experiment
    cells = len(experiment.levels.cells)
    recordings = 1 if cells else RECORDINGS
    amount = "one recording in every cell," if cells else f"{RECORDINGS} recordings"
    proposals = rank(expected, weak, variations(experiment), recordings)
    # A bath in which the law itself is doubtful comes after those in which it is not, whatever it promises.
    proposals.sort(key=lambda proposal: bool(proposal.candidate.doubts))
    sentences = []
    for proposal in proposals[:_MOST]:
        gains = [
            f"{q.label} by {gain:.0%}"
            for q, gain in zip(proposal.after.quantities, proposal.narrowing, strict=True)
            if gain >= _WORTHWHILE
        ]
        if gains:
            sentences.append(
                f"Add rows that {proposal.candidate.name}: {amount} in {in_words(proposal.candidate.at)} would narrow"
                f" {', '.join(gains)}{'; the law is doubtful there' if proposal.candidate.doubts else ''}."
            )
    if not sentences:
        sigma = float(np.median(expected.noise[SIGMA.name]))
        sentences.append(
            f"No single further bath narrows {', '.join(q.name for q in weak)} by {_WORTHWHILE:.0%}:"
            f" more recordings, or less scatter than {sigma:.2g} mV, are needed."
        )
    return sentences
