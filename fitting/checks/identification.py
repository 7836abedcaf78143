"""What the recordings can and cannot tell, and which further bath would tell it.

Judged on the questions that resting potentials are asked: permeability ratios, the pump, and how the pump's speed
changes with temperature relative to the leak's. The two Q10s apart are not in a steady potential: they are judged only
where input resistances were measured at several temperatures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from ...models.parameters import PUMP, Q10_LEAK, Q10_PUMP, Q10_RATIO, SIGMA, Quantity, Role, offset
from ..experiment.build import allowing_blocks
from ..experiment.experiment import Experiment, in_words
from ..model.expected import Expectation, Outlook, look_ahead, look_back
from .candidates import is_doubtful, rank, variations

UNINFORMED = 0.5
"""Contraction below which the data are said not to have informed a parameter."""
CONFOUNDED = 0.8
"""Absolute posterior correlation above which two parameters are said to be told apart badly."""
RECORDINGS = 5
"""How many recordings in a proposed bath the advice reckons with."""
_WORTHWHILE = 0.1  # relative narrowing below which a bath is not worth proposing


def questions(experiment: Experiment) -> tuple[Quantity, ...]:
    """The quantities on which identification is judged."""
    T = experiment.conditions.temperature_C
    with_R_in = experiment.condition_of_row[experiment.resistance.rows] if experiment.resistance else []
    apart = len(np.unique(T[with_R_in])) > 1
    speeds = Role.Q10 if apart else Role.Q10_RATIO if len(np.unique(T)) > 1 else None
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


def identify(tree: xr.DataTree, experiment: Experiment, summary: pd.DataFrame) -> Identification:
    """Judge a posterior: what was learned, what is confounded, and which bath would help most."""
    if not experiment.inferred:
        return _NOTHING
    posterior = tree["posterior"].to_dataset()
    quantities, asked = listed(experiment), {q.name for q in questions(experiment)}
    table = summary.set_index(["parameter", "group"])["contraction"]
    names, questioned, contraction, draws = [], set(), [], []
    for q in quantities:
        x = posterior[q.symbol].to_numpy()
        for i, group in enumerate(experiment.levels.groups if x.ndim > 2 else ("",)):
            names.append(f"{q.name} ({group})" if group else q.name)
            questioned |= {names[-1]} if q.name in asked else set()
            contraction.append(float(table[q.name, group]))
            draws.append((x[..., i] if x.ndim > 2 else x).ravel())
    correlation = np.corrcoef(np.stack(draws)) if len(draws) > 1 else np.eye(1)
    return _judge(
        experiment,
        names,
        questioned,
        contraction,
        correlation,
        look_back(allowing_blocks(experiment), posterior),
        tuple(_offsets_like(posterior, experiment, dict(zip(names, draws, strict=True)))),
    )


def _offsets_like(
    posterior: xr.Dataset, experiment: Experiment, draws: dict[str, np.ndarray]
) -> Iterator[tuple[str, str, float]]:
    """Each quantity that cannot be told from an electrode's offset, or from their mean, with the offset most like it."""
    for per in experiment.offsets:
        name = offset(per).name
        labels = posterior[f"{per}_offset"].to_numpy().astype(str)
        offsets = posterior[name].to_numpy().reshape(-1, len(labels))
        candidates = {f"{name} ({label})": x for label, x in zip(labels, offsets.T, strict=True)}
        candidates |= {f"{name} (mean)": offsets.mean(axis=1)} if len(labels) > 1 else {}
        asked = {quantity: (x, candidates) for quantity, x in draws.items()}
        for p in experiment.parameters if per == "cell" else ():
            if p.name in experiment.spreads:  # a cell's own value against its own offset
                for cell, x in zip(experiment.levels.cells, posterior[p.of_cells].to_numpy().T, strict=True):
                    own = f"{name} ({cell})"
                    asked |= {f"{p.name} ({cell})": (x.T.ravel(), {own: candidates[own]})} if own in candidates else {}
        for quantity, (x, among) in asked.items():
            r = {label: float(np.corrcoef(x, offset)[0, 1]) for label, offset in among.items()}
            most = max(r, key=lambda label: abs(r[label]))
            if abs(r[most]) > CONFOUNDED:
                yield quantity, most, round(r[most], 3)


def foresee(experiment: Experiment, outlook: Outlook | None = None) -> tuple[Expectation, Identification]:
    """Judge the experiment before any sampling, from its outlook; by default the average over the priors."""
    if not experiment.inferred:
        return Expectation((), *np.zeros((3, 0))), _NOTHING
    outlook, asked = outlook or look_ahead(allowing_blocks(experiment)), {q.name for q in questions(experiment)}
    expectation = outlook.expect(listed(experiment))
    names = [q.name for q in expectation.quantities]
    questioned = {name for name in names if _bare(name) in asked}
    return expectation, _judge(experiment, names, questioned, expectation.contraction, expectation.correlation, outlook)


def _bare(name: str) -> str:
    """The name without its group."""
    return name.split(" (")[0]


def _judge(
    experiment: Experiment,
    names: list[str],
    asked: set[str],
    contraction,
    correlation,
    outlook: Outlook,
    offsets: Sequence[tuple[str, str, float]] = (),
) -> Identification:
    """`names` may carry a group in brackets; `asked` are those of them on which identification is judged.

    `offsets` are further pairs: what cannot be told from an electrode's offset.
    """
    uninformed = tuple(name for name, c in zip(names, contraction, strict=True) if c < UNINFORMED)
    confounded = tuple(
        (names[i], names[j], round(float(correlation[i, j]), 3))
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if abs(correlation[i, j]) > CONFOUNDED
    )
    confounded += tuple(offsets)
    open_pairs = [set(pair[:2]) for pair in confounded if set(pair[:2]) <= asked]
    troubled = asked & {*uninformed, *(name for pair in confounded for name in pair[:2])}
    weak = [q for q in questions(experiment) if any(_bare(name) == q.name for name in troubled)]
    advice = advise(outlook, weak)
    if {PUMP.name, Q10_RATIO.name} in open_pairs or {PUMP.name, Q10_PUMP.name} in open_pairs:
        advice = [*_middle_temperature(experiment), *advice]
    advice += _measure_resistance(experiment)
    return Identification(
        ok=not open_pairs and not asked & set(uninformed),
        asked=tuple(name for name in names if name in asked),
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
    asked = {q.name for q in questions(experiment)}
    if Q10_RATIO.name not in asked or experiment.law.conductance is None:
        return []
    return [
        f"{Q10_PUMP.name} and {Q10_LEAK.name} act on V_m by their ratio alone: measure input resistance at two temperatures"
        " or more (R_in_MOhm) to tell them apart, and to have the pump in pA."
    ]


def advise(outlook: Outlook, weak: Sequence[Quantity], most: int = 3) -> list[str]:
    """Sentences that name the baths which would narrow `weak` most, with the narrowing expected of each."""
    if not weak:
        return []
    experiment = outlook.experiment
    cells = len(experiment.levels.cells)
    recordings = 1 if cells else RECORDINGS
    amount = "one recording in every cell," if cells else f"{RECORDINGS} recordings"
    proposals = rank(outlook, weak, variations(experiment), recordings)
    # A bath in which the law itself is doubtful comes after those in which it is not, whatever it promises.
    proposals.sort(key=lambda proposal: is_doubtful(experiment, proposal.candidate))
    sentences = []
    for proposal in proposals[:most]:
        gains = [
            f"{q.name} by {gain:.0%}"
            for q, gain in zip(proposal.after.quantities, proposal.narrowing, strict=True)
            if gain >= _WORTHWHILE
        ]
        if gains:
            sentences.append(
                f"Add rows that {proposal.candidate.name}: {amount} in {in_words(proposal.candidate.at)} would narrow"
                f" {', '.join(gains)}."
            )
    if not sentences:
        sigma = float(np.median(outlook.noise[SIGMA.name]))
        sentences.append(
            f"No single further bath narrows {', '.join(q.name for q in weak)} by {_WORTHWHILE:.0%}:"
            f" more recordings, or less scatter than {sigma:.2g} mV, are needed."
        )
    return sentences
