"""The verdict in words: each part's mark and its sentences, made last, from codes and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ...models.errors import typed
from ...models.notes import number_of
from ...models.parameters import SIGMA
from ..results.loo import GOOD_K
from ..results.text import digits
from .cures import Cure
from .identification import UNINFORMED, Identification
from .lack_of_fit import Basis, FitCheck
from .odd_cells import Odd
from .patterns import REJECTED as PATTERN_REJECTED
from .patterns import SIZES, Trace
from .power_scaling import SENSITIVE
from .robustness import Conflict, Robustness, label
from .sampling import MAX_R_HAT, MIN_BFMI, MIN_ESS, SamplingCheck
from .variations import Kind

UNTOLD = "The sampling fell short, so that this cannot be told from its draws."
_SHOWN = 5  # sentences on what answers rest on; the table has all


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
    """One part of the verdict: its name, its mark, its sentences, and which of them says why; prints as lines of text."""

    name: str
    mark: Mark
    sentences: tuple[str, ...]
    decisive: int = 0

    @property
    def reason(self) -> str:
        """The sentence that says why the mark is what it is."""
        return self.sentences[self.decisive] if self.sentences else ""

    def __str__(self) -> str:
        first, *rest = self.sentences or ("",)
        return "\n".join([f"{self.name.capitalize()}: {self.mark.word}. {first}".rstrip(), *(f"  {s}" for s in rest)])


def say_sampling(s: SamplingCheck) -> Part:
    """The first part of the verdict in words."""
    sentences = [
        f"{number_of(s.divergences, 'divergence')}, R-hat at most {s.max_r_hat:.3f},"
        f" effective draws at least {s.min_ess:.0f}, E-BFMI at least {s.min_bfmi:.2f}."
    ]
    if not s.ok:
        needed = f"it takes 0 divergences, R-hat below {MAX_R_HAT}, {MIN_ESS} effective draws and E-BFMI of {MIN_BFMI}"
        share = f"{s.divergences / s.draws:.2%} of the draws diverged"
        runs = "" if s.apart_sd is None else f", and repeated runs differ by up to {s.apart_sd:.2f} sd"
        if s.nearly_ok:
            sentences.append(
                f"About right, but not to be published so ({share}{runs}): {needed}. More draws ([sampling] in the"
                " configuration), narrower priors or more rows will do."
            )
        else:
            sentences.append(
                f"Do not use these numbers ({share}{runs}): {needed}. More draws alone will hardly do, since the law may not"
                " describe these rows, or they tell too little of it: narrow the priors ([priors] in the configuration),"
                " hold what is known, or add rows."
            )
    return Part("sampling", Mark.GOOD if s.ok else Mark.BAD, tuple(sentences))


_TRACES = {
    Trace.ALONG_K: "neighbours in K_o miss the law to the same side",
    Trace.ALONG_T: "neighbours in temperature miss the law to the same side",
    Trace.CELLS: "cells miss the law as wholes, each to its own side",
    Trace.RECTIFIES: "residuals are as rectification would make them",
    Trace.WARMS: "residuals are as a Q10 of P_Na/P_K would make them",
    Trace.SCATTER_WITH_K: "scatter changes with K_o",
    Trace.SCATTER_WITH_V: "scatter changes with V_m",
}


def reason(f: FitCheck) -> str:
    """What the judgement of the fit rests on, or why there is none, as a clause."""
    if f.basis is Basis.PATTERNS:
        seen = [one for one in f.patterns if one.p < PATTERN_REJECTED]
        if seen:
            return "; ".join(f"{_TRACES[one.trace]} (p = {one.p:.2g})" for one in seen)
        looked = ", ".join(str(one.trace) for one in f.patterns)
        return f"without replicates, by the residuals: they have no pattern ({looked})"
    if f.basis is Basis.OWN_ERRORS:
        if f.ok:
            return "scatter around the law is within twice the rows' own errors"
        return (
            f"rows scatter around the law by at least {f.least_sigma_mV:.2g} mV ({SIGMA.name}), more than twice the"
            f" standard error they carry (median {f.own_error_mV:.2g} mV)"
        )
    if f.basis is Basis.NO_REPLICATES:
        return (
            "no condition was measured twice and rows carry no error of their own, so that nothing tells scatter from a"
            " wrong law"
        )
    if f.basis is Basis.IDENTICAL:
        return "rows of the same condition are identical, so that they do not show how much recordings scatter"
    if f.basis is Basis.SATURATED:
        return (
            f"rows of the same condition repeat within {f.replicate_sd_mV:.2g} mV, but the law has as many parameters as"
            " there are conditions, and passes through their means whether it is right or not"
        )
    if f.basis is Basis.SCATTER:
        return (
            f"rows scatter around the law by {f.sigma_mV:.2g} mV ({SIGMA.name}), but those of the same condition repeat"
            f" within {f.replicate_sd_mV:.2g} mV: it misses the conditions' means"
        )
    verb = "agrees with the conditions' means within" if f.ok else "misses the conditions' means by more than"
    return (
        f"the law {verb} the replicates' scatter (F = {f.F:.2g} with {f.degrees_of_freedom:.1f} degrees of freedom,"
        f" p = {f.p_value:.2g})"
    )


def say_fit(f: FitCheck, left_out: bool = False) -> Part:
    """The second part of the verdict in words; `left_out`: cells or rows were left out, and the fourth part says which count."""
    why = reason(f)
    sentences = [f"{why[:1].upper()}{why[1:]}."]
    if not f.ok:
        sentences.append("This law does not describe these recordings; its parameters are not to be trusted.")
        sentences += [
            f"There, the {'one row' if m.rows == 1 else f'{m.rows} rows'} of {m.what}"
            f" {'lies' if m.rows == 1 else 'lie'} {abs(m.miss_mV):.1f} mV"
            f" {'above' if m.miss_mV > 0 else 'below'} the law."
            for m in f.shared
        ]
    if any(one.trace in SIZES and one.p < PATTERN_REJECTED for one in f.patterns):
        option = typed("scatter_by", f.scatter_by or "solution")
        first = "" if f.scatter_by else "add a column such as solution that sorts the rows by it: "
        sentences.append(f"Where scatter differs, not the law, {first}{option} lets each level have its own.")
    sentences += [
        f"Row {w.row} ({w.condition}): {w.V_m_mV:.1f} mV where {w.expected_mV:.1f} was expected ({w.z:+.1f} sd)."
        for w in f.worst_rows
        if abs(w.z) > 3
    ]
    mark = (Mark.GOOD if f.ok else Mark.BAD) if f.basis.judged else Mark.OPEN
    decisive = 0
    if f.max_pareto_k > GOOD_K and not left_out:
        full = typed("robustness", "full")
        sentences.append(
            f"A single row may decide much (Pareto k {f.max_pareto_k:.2f}): {full} leaves out each in turn."
        )
        if mark is Mark.GOOD:
            mark, decisive = Mark.CARE, len(sentences) - 1
    return Part("fit", mark, tuple(sentences), decisive)


def with_odd_cells(part: Part, odd: Sequence[Odd]) -> Part:
    """A part with the cells, and animals, that are far from their type."""
    added = [
        f"{o.level.capitalize()} {o.name} lies {abs(o.shift_mV):.1f} mV {'above' if o.shift_mV > 0 else 'below'} its type in"
        f" the mean of its rows, farther than the others let expect (p = {min(o.p, 1.0):.2g} among all): look at its recordings."
        for o in odd
    ]
    mark = Mark.CARE if added and part.mark is Mark.GOOD else part.mark
    decisive = len(part.sentences) if mark is not part.mark else part.decisive
    return replace(part, mark=mark, sentences=(*part.sentences, *added), decisive=decisive)


def with_cures(part: Part, cures: Sequence[Cure]) -> Part:
    """A part that ended badly, with what would mend it, one line each."""
    if part.mark is not Mark.BAD:
        return part
    helping = [c for c in cures if c.helps]
    added = [
        f"{c.typed} would gain {c.gain:.0f} ± {c.se:.0f} in log predictive density"
        f"{'' if c.mends else ', and the law would still miss'}"
        f"{', and these recordings do not tell it from ' + helping[0].typed if c.tied else ''}."
        for c in helping
    ]
    if cures and not helping:
        added = [f"None of these would mend it: {', '.join(c.typed for c in cures)}."]
    return replace(part, sentences=(*part.sentences, *added))


def say_identification(
    i: Identification, foreseen: bool = False, law_holds: bool = True, robustness: Robustness | None = None
) -> Part:
    """The third part of the verdict in words.

    `foreseen`: before anything was recorded; `law_holds`: as the second part says; `robustness`: the fourth part, since only
    what rests on nothing else was answered by the data.
    """
    resting = {name for name, _, _ in robustness.rests_on} if robustness else set()
    pairs = {frozenset(pair[:2]) for pair in i.confounded if set(pair[:2]) <= set(i.asked)}
    unsettled = {*i.uninformed, *(name for pair in pairs for name in pair)}
    answered = [name for name in i.asked if name not in unsettled | resting]
    largely = [name for name in i.asked if name in i.uninformed]
    beside = [name for name in i.uninformed if name not in i.asked]
    would, under = foreseen or not law_holds, "" if law_holds else ", were the law right"
    sentences = []
    if not i.asked:
        sentences.append("Nothing was asked that could stay open: no permeability ratio and no pump is inferred.")
    elif i.ok and (resting or not (robustness or foreseen)):
        beyond = "but some answers rest on more than the data" if resting else "what answers rest on was not looked at"
        sentences.append(
            f"Every question asked {'would be' if would else 'was'} informed by the data{under}; {beyond}."
        )
    elif i.ok:
        sentences.append(f"Every question asked {'would be' if would else 'was'} answered by the data{under}.")
    if largely:
        sentences.append(
            f"These recordings {'would not' if foreseen else 'do not'} inform {listed(largely)} (contraction under"
            f" {UNINFORMED}): what is said of {'it' if len(largely) == 1 else 'them'} is largely the prior."
        )
    weakly = 0
    for a, b, r in i.confounded:
        if frozenset((a, b)) in pairs:
            sentences.append(f"{a} and {b} are confounded (correlation {r:+.2f}): told apart badly.")
        elif a in i.asked or b in i.asked:
            asked, other = (a, b) if a in i.asked else (b, a)
            sentences.append(
                f"{asked} goes with {other} (correlation {r:+.2f}): it is known no better than {other} is."
            )
            weakly = weakly or len(sentences) - 1
        else:
            sentences.append(f"{a} and {b}, which were not asked for, go together (correlation {r:+.2f}).")
    if answered and not i.ok:
        sentences.append(f"{listed(answered)} {'would be' if would else _was(answered)} answered by the data{under}.")
    if beside:
        sentences.append(f"{listed(beside)}, which {_was(beside)} not asked for, stayed much as the prior has it.")
    mark = Mark.WEAK if not i.ok else Mark.CARE if weakly or (i.asked and not law_holds) else Mark.GOOD
    decisive = weakly if mark is Mark.CARE and law_holds else 0
    return Part("identification", mark, (*sentences, *i.advice), decisive)


def say_nothing_of(part: Part, advice: tuple[str, ...] = ()) -> Part:
    """What stands in a part's place where the sampling fell short: draws that miss the posterior judge nothing."""
    return Part(part.name, Mark.OPEN, (UNTOLD, *advice))


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _was(names: Sequence[str]) -> str:
    return "was" if len(names) == 1 else "were"


def say_robustness(r: Robustness) -> Part:
    """The fourth part of the verdict in words: what each answer rests on, the largest shift first."""
    table = r.table.assign(size=r.table["shift_sd"].abs())[r.table["counts"].astype(bool)]
    worst = table.sort_values("size", ascending=False).drop_duplicates(["answer", "group", "changed"])
    sentences = [_say_conflict(one) for one in r.conflicts]
    sentences += [_say_shift(row) for row in worst[:_SHOWN].to_dict("records")]
    if len(worst) > _SHOWN:
        sentences.append(f"The table of robustness has {len(worst) - _SHOWN} more.")
    shifted = {(label(row["answer"], row["group"]), row["changed"]) for row in worst.to_dict("records")}
    for prior in dict.fromkeys(prior for _, prior, _ in r.sensitivities):
        alone = {a: x for a, p, x in r.sensitivities if p == prior and x > SENSITIVE and (a, prior) not in shifted}
        if alone:
            sentences.append(
                f"{listed([*alone])} {'rests' if len(alone) == 1 else 'rest'} on the prior of {prior}: to weigh it a little"
                f" more or less moves {'it' if len(alone) == 1 else 'them'} (power-scaling sensitivity up to"
                f" {max(alone.values()):.2g}; above {SENSITIVE} counts)."
            )
    if not sentences:
        assumed = len(r.table.drop_duplicates(["changed", "to"])) - r.left_out
        also = f", nor any of {r.left_out} cells or rows left out," if r.left_out else ""
        sentences.append(f"None of {assumed} other priors and assumptions{also} moves an answer by much.")
        if not r.left_out:
            full = typed("robustness", "full")
            sentences.append(f"No cell or row was left out in turn: {full} does that in longer tables.")
    if r.not_run:
        sentences.append(f"Not computed: {', '.join(r.not_run)}.")
    return Part("robustness", Mark.GOOD if r.ok and not r.conflicts else Mark.WEAK, tuple(sentences))


def _say_conflict(c: Conflict) -> str:
    wide = f"under {c.wider} it is {digits(c.wider_median)} ({digits(c.wider_lower)} to {digits(c.wider_upper)})"
    aside = f", {wide}" if c.wider_lower == c.wider_lower else ""
    return (
        f"{c.parameter}: the data contradict its prior {c.prior}: under it, it is {digits(c.median)}{aside}."
        f" Widen that prior, or ask what else could have moved V_m."
    )


def _say_shift(row: dict) -> str:
    name = f"{row['answer']} in {row['group']}" if row["group"] else row["answer"]
    moved = f"{name} would be {digits(row['median'])} and not {digits(row['base'])} ({row['shift_sd']:+.1f} sd)"
    match Kind(row["kind"]):
        case Kind.PRIOR:
            return f"{name} rests on the prior of {row['changed']}: under {row['to']} and not {row['from']}, {moved}."
        case Kind.LEFT_OUT:
            return f"{name} rests on {row['changed']}: without it, {moved}."
        case Kind.STRUCTURE:
            return f"{name} rests on {row['changed']} ({row['from']}): were it {row['to']}, {moved}."
    return f"{name} rests on {row['changed']}: were it {row['to']} and not {row['from']}, {moved}."
