"""Baths that might be recorded next, and what each would add to what is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...models.conditions import Conditions
from ...models.parameters import Quantity
from ..experiment.experiment import Experiment, in_words
from ..model.expected import Expectation, ExpectedPosterior

_RAISED_K_mM, _LEAST_K_mM = 10.0, 1.0
"""To what potassium is raised at least, and lowered at most."""
NEARLY = 1.2
"""A sound bath after which sds are up to so many times as wide goes before one in which the law is doubtful."""


@dataclass(frozen=True)
class Candidate:
    """A bath, temperature and pump state (numbers in `at`), under the name by which it is offered.

    `doubts` say why the law itself is wrong there, whatever is expected under it.
    """

    name: str
    at: Conditions
    doubts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}: {in_words(self.at)}{'; the law is doubtful there' if self.doubts else ''}"


@dataclass(frozen=True)
class Proposal:
    """A candidate, what is expected to be known of the wanted quantities with it, and without it."""

    candidate: Candidate
    expected: ExpectedPosterior
    before: Expectation
    after: Expectation

    @property
    def narrowing(self) -> np.ndarray:
        """By how much of itself each quantity's sd shrinks."""
        return 1 - self.after.sd / self.before.sd

    @property
    def score(self) -> float:
        """Mean logarithm of the narrowing, less what doubt of the law takes: the lower, the better."""
        return float(np.mean(np.log(self.after.sd / self.before.sd))) + np.log(NEARLY) * bool(self.candidate.doubts)


def rank(
    expected: ExpectedPosterior, wanted: Sequence[Quantity], candidates: Sequence[Candidate], recordings: float
) -> list[Proposal]:
    """Every candidate, recorded so many times in every cell (group, experiment), best first for `wanted`."""
    groups = max(len(expected.experiment.levels.groups), 1)
    together = _stacked([c.at for c in candidates])
    of_groups = together.take(np.repeat(np.arange(len(candidates)), groups))
    slopes = expected.slopes(of_groups, np.tile(np.arange(groups), len(candidates)))
    slopes = slopes.reshape(len(slopes), len(candidates), groups, -1)
    before, proposals = expected.expect(wanted), []
    for k, candidate in enumerate(candidates):
        with_it = expected.with_recordings(slopes[:, k], recordings)
        proposals.append(Proposal(candidate, with_it, before, with_it.expect(wanted)))
    return sorted(proposals, key=lambda p: p.score)


def choose(
    expected: ExpectedPosterior,
    wanted: Sequence[Quantity],
    candidates: Sequence[Candidate],
    recordings: float,
    steps: int,
) -> list[Proposal]:
    """The best next baths one after another, each given those before it; a bath may come again."""
    chosen: list[Proposal] = []
    for _ in range(steps):
        chosen.append(rank(expected, wanted, candidates, recordings)[0])
        expected = chosen[-1].expected
    return chosen


def variations(experiment: Experiment) -> list[Candidate]:
    """Baths that tell parameters apart, as variations of the reference condition; the names say what to do."""
    at, found = experiment.reference, []
    if experiment.law.has_pump and np.all(experiment.conditions.blocked > 0):
        found.append(Candidate("leave out the blocker", at))
        at = replace(at, blocked=1.0)  # or what each bath adds would be what the pump adds
    elif experiment.law.has_pump:
        found.append(Candidate("block the pump (ouabain, minutes only)", replace(at, blocked=1.0)))
    for name, what in (("Na", "lower sodium"), ("Cl", "lower chloride (with a salt bridge)")):
        if name in at.c_o and at.c_o[name] > 20:
            found.append(Candidate(what, replace(at, c_o={**at.c_o, name: 0.1 * at.c_o[name]})))
    for name, x in at.c_o.items():
        if name not in ("K", "Na", "Cl") and x > 0:
            word, factor = ("lower", 0.1) if x > 20 else ("raise", 5.0)
            found.append(Candidate(f"{word} {name}", replace(at, c_o={**at.c_o, name: factor * x})))
    for word, degrees in (("warm", 10.0), ("cool", -10.0)):
        if experiment.law.has_pump and 4 <= at.temperature_C + degrees <= 40:
            found.append(Candidate(word, replace(at, temperature_C=at.temperature_C + degrees)))
    K_o = float(at.c_o["K"])
    much = min(max(10 * K_o, _RAISED_K_mM), K_o + 0.9 * float(at.c_o.get("Na", np.inf)))
    for word, to in (("lower potassium", 0.5 * K_o), ("raise potassium", much)):
        if to < _LEAST_K_mM or K_o <= to < 1.2 * K_o:  # hardly another bath
            continue
        c_o = {**at.c_o, "K": to}
        if "Na" in c_o:  # potassium replaces sodium, as in practice
            c_o["Na"] = c_o["Na"] - (to - K_o)
        found.append(Candidate(word, replace(at, c_o=c_o)))
    return judged(experiment, found)


def judged(experiment: Experiment, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates, each with what the law is known to be wrong about in its bath."""
    law, options = experiment.law, experiment.config.options
    return [replace(c, doubts=law.cautions(_stacked([c.at]), options)) for c in candidates]


def _stacked(several: Sequence[Conditions]) -> Conditions:
    """Conditions of numbers as one of arrays."""
    arrays = [at.unsealed().arrays for at in several]
    stacked = {name: np.array([float(one[name]) for one in arrays]) for name in arrays[0]}
    return several[0].unsealed().with_arrays(stacked)
