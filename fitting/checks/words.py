"""The verdict in words: each part's mark and its sentences, made last, from codes and numbers."""

from dataclasses import dataclass
from enum import Enum

from ...models.parameters import SIGMA
from .identification import UNINFORMED, Identification
from .lack_of_fit import GOOD_K, Basis, FitCheck
from .sampling import MAX_R_HAT, MIN_BFMI, MIN_ESS, SamplingCheck


class Mark(Enum):
    """How a part of the verdict ended: the `word` for it, and the `colour` of a traffic light."""

    GOOD = ("ok", "good")
    CARE = ("ok, with care", "amber")
    OPEN = ("not judged", "amber")
    WEAK = ("NOT OK", "amber")
    BAD = ("NOT OK", "bad")

    def __init__(self, word: str, colour: str):
        self.word, self.colour = word, colour


@dataclass(frozen=True)
class Part:
    """One part of the verdict: its name, its mark, and its sentences; prints as lines of text."""

    name: str
    mark: Mark
    sentences: tuple[str, ...]

    def __str__(self):
        first, *rest = self.sentences or ("",)
        return "\n".join([f"{self.name.capitalize()}: {self.mark.word}. {first}".rstrip(), *(f"  {s}" for s in rest)])


def _many(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def say_sampling(s: SamplingCheck) -> Part:
    """The first part of the verdict in words."""
    sentences = [
        f"{_many(s.divergences, 'divergence')}, R-hat at most {s.max_r_hat:.3f},"
        f" effective draws at least {s.min_ess:.0f}, E-BFMI at least {s.min_bfmi:.2f}."
    ]
    if not s.ok:
        sentences.append(
            f"Do not use these numbers: it takes 0 divergences, R-hat below {MAX_R_HAT}, {MIN_ESS} effective draws and"
            f" E-BFMI of {MIN_BFMI}. Try more draws or narrower priors ([sampling] and [priors] in the configuration)."
        )
    return Part("sampling", Mark.GOOD if s.ok else Mark.BAD, tuple(sentences))


def reason(f: FitCheck) -> str:
    """What the judgement of the fit rests on, as a clause."""
    if f.basis is Basis.OWN_ERRORS:
        if f.ok:
            return "scatter around the law is within twice the rows' own errors"
        return (
            f"rows scatter around the law by at least {f.least_sigma_mV:.2g} mV ({SIGMA.name}), more than twice the"
            f" standard error they carry (median {f.own_error_mV:.2g} mV)"
        )
    if f.basis is Basis.NOTHING or f.p_value is None:
        return (
            "no condition was measured twice and rows carry no error of their own (or the law has as many parameters as"
            " there are conditions)"
        )
    verb = "agrees with the conditions' means within" if f.ok else "misses the conditions' means by more than"
    return (
        f"the law {verb} the replicates' scatter (F = {f.F:.2g} with {f.degrees_of_freedom:.1f} degrees of freedom,"
        f" p = {f.p_value:.2g})"
    )


def say_fit(f: FitCheck) -> Part:
    """The second part of the verdict in words."""
    why = reason(f)
    sentences = [f"{why[:1].upper()}{why[1:]}."]
    if not f.ok:
        sentences.append("This law does not describe these recordings; its parameters are not to be trusted.")
        sentences += [
            f"There, the {_many(m.rows, 'row')} of {m.what} {'lies' if m.rows == 1 else 'lie'} {abs(m.miss_mV):.1f} mV"
            f" {'above' if m.miss_mV > 0 else 'below'} the law."
            for m in f.shared
        ]
    sentences += [
        f"Row {w.row} ({w.condition}): {w.V_m_mV:.1f} mV where {w.expected_mV:.1f} was expected ({w.z:+.1f} sd)."
        for w in f.worst_rows
        if abs(w.z) > 3
    ]
    mark = Mark.OPEN if f.basis is Basis.NOTHING else Mark.GOOD if f.ok else Mark.BAD
    if f.max_pareto_k > GOOD_K:
        sentences.append(f"A single row decides much of the result (Pareto k {f.max_pareto_k:.2f}).")
        mark = Mark.CARE if mark is Mark.GOOD else mark
    return Part("fit", mark, tuple(sentences))


def say_identification(i: Identification) -> Part:
    """The third part of the verdict in words."""
    sentences = ["Every question asked was answered by the data."] if i.ok else []
    if i.uninformed:
        sentences.append(
            f"Not informed by these recordings (contraction under {UNINFORMED}): {', '.join(i.uninformed)};"
            " what stands in the table is largely the prior."
        )
    sentences += [f"{a} and {b} are confounded (correlation {r:+.2f}): told apart badly." for a, b, r in i.confounded]
    return Part("identification", Mark.GOOD if i.ok else Mark.WEAK, (*sentences, *i.advice))
