"""Every sentence that the verdict can say, said by the package itself: a real verdict whose numbers are changed."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pandas as pd

import vrest
from vrest.fitting.checks.cures import Cure
from vrest.fitting.checks.lack_of_fit import Basis, Miss, WorstRow
from vrest.fitting.checks.odd_cells import Odd
from vrest.fitting.checks.patterns import Pattern, Trace
from vrest.fitting.checks.robustness import Conflict
from vrest.fitting.checks.variations import Kind
from vrest.fitting.checks.verdict import Verdict
from vrest.fitting.checks.words import (
    Part,
    say_fit,
    say_identification,
    say_nothing_of,
    say_robustness,
    say_sampling,
    with_cures,
    with_odd_cells,
)
from vrest.flags import as_flag
from vrest.models.errors import spoken

PUMP, P_NA, K_I = "pump_mV", "P_Na/P_K", "K_i_mM"


@cache
def a_verdict() -> Verdict:
    """The verdict on the simulated series."""
    return vrest.fit(vrest.load_data("simulated_series"), seed=1).verdict()


def sampling() -> Iterator[tuple[str, Part]]:
    found = a_verdict().sampling
    yield "sampling-ok", say_sampling(found)
    nearly = replace(found, ok=False, divergences=2, max_r_hat=1.008, min_ess=620.0, apart_sd=0.04)
    yield "sampling-blemished", say_sampling(nearly)
    short = replace(nearly, divergences=140, max_r_hat=1.034, min_ess=180.0, min_bfmi=0.21, apart_sd=0.9)
    yield "sampling-short", say_sampling(short)
    yield "sampling-short-rest", say_nothing_of(say_fit(a_verdict().fit))


def fit() -> Iterator[tuple[str, Part]]:
    plain = replace(a_verdict().fit, worst_rows=(), shared=(), max_pareto_k=0.3, patterns=())
    quiet = tuple(Pattern(trace, 0.4) for trace in Trace)
    yield "fit-REPLICATES-ok", say_fit(replace(plain, ok=True, basis=Basis.REPLICATES, F=1.1, p_value=0.44))
    rejected = replace(plain, ok=False, basis=Basis.REPLICATES, F=9.4, p_value=1e-6)
    yield "fit-REPLICATES-rejected", say_fit(rejected)
    errors = replace(plain, basis=Basis.OWN_ERRORS, least_sigma_mV=3.1, own_error_mV=0.73)
    yield "fit-OWN_ERRORS-ok", say_fit(replace(errors, ok=True))
    yield "fit-OWN_ERRORS-rejected", say_fit(replace(errors, ok=False))
    yield "fit-PATTERNS-ok", say_fit(replace(plain, ok=True, basis=Basis.PATTERNS, patterns=quiet))
    for trace in Trace:
        seen = replace(plain, ok=False, basis=Basis.PATTERNS, patterns=(Pattern(trace, 0.0005),))
        yield f"fit-{trace.name}", say_fit(seen)
    scatter = replace(plain, ok=False, basis=Basis.SCATTER, sigma_mV=6.2, replicate_sd_mV=0.8)
    yield "fit-SCATTER", say_fit(scatter)
    by = replace(plain, ok=False, basis=Basis.PATTERNS, patterns=(Pattern(Trace.SCATTER_WITH_K, 0.0005),))
    yield "fit-scatter-by", say_fit(replace(by, scatter_by="solution"))
    for basis in (Basis.NO_REPLICATES, Basis.IDENTICAL, Basis.SATURATED):
        yield f"fit-{basis.name}", say_fit(replace(plain, ok=True, basis=basis, replicate_sd_mV=0.8))
    row = WorstRow(11, -144.2, -190.6, 3.4, "addition NMDG; K_o 0.1 mM, Na_o 0 mM, 35 °C")
    shared = (Miss("saline 'Na-free'", 17, 16.2),)
    yield "fit-where", say_fit(replace(rejected, worst_rows=(row,), shared=shared))
    yield "fit-one-row", say_fit(replace(plain, ok=True, basis=Basis.REPLICATES, max_pareto_k=0.81))
    odd = (Odd("cell", "c7", 8.3, 0.002),)
    yield "fit-odd-cell", with_odd_cells(say_fit(replace(plain, ok=True, basis=Basis.REPLICATES)), odd)
    mends = Cure("--option rectification", 25.0, 6.0, mends=True)
    tied = Cure("--law ghk-pump-kinetic", 23.0, 6.0, mends=True, tied=True)
    half = Cure("--robust", 9.0, 3.0, mends=False)
    yield "cure-helps", with_cures(say_fit(rejected), (mends, tied, half))
    yield "cure-none", with_cures(say_fit(rejected), (replace(half, gain=1.0),))


def identification() -> Iterator[tuple[str, Part]]:
    plain = replace(a_verdict().identification, ok=True, asked=(P_NA, PUMP), uninformed=(), confounded=(), advice=())
    open_ = replace(plain, ok=False)
    unmoved = replace(a_verdict().robustness, ok=True, rests_on=(), conflicts=(), sensitivities=(), not_run=())
    resting = replace(unmoved, ok=False, rests_on=((P_NA, "ljp_mV", 1.9),))
    yield "identification-answered", say_identification(plain, robustness=unmoved)
    yield "identification-rests", say_identification(plain, robustness=resting)
    yield "identification-not-looked", say_identification(plain)
    yield "identification-nothing-asked", say_identification(replace(plain, asked=()), robustness=unmoved)
    yield "identification-uninformed", say_identification(replace(open_, uninformed=(PUMP,)), robustness=unmoved)
    yield (
        "identification-confounded",
        say_identification(replace(open_, confounded=((P_NA, PUMP, 0.91),)), robustness=unmoved),
    )
    yield (
        "identification-goes-with",
        say_identification(replace(plain, confounded=((P_NA, K_I, 0.95),)), robustness=unmoved),
    )
    yield "identification-beside", say_identification(replace(plain, uninformed=(K_I,)), robustness=unmoved)
    yield "identification-were-the-law-right", say_identification(plain, law_holds=False, robustness=unmoved)
    yield "identification-foreseen", say_identification(replace(open_, uninformed=(PUMP,)), foreseen=True)


_SHIFTS = {
    Kind.PRIOR: (PUMP, "pump_mV", "HalfNormal(8)", "HalfNormal(16)", 0.7, 5.1, 7.1),
    Kind.ASSUMPTION: (P_NA, "ljp_mV", "0 mV", "-3 mV", 1.9, 0.0029, 0.0042),
    Kind.LEFT_OUT: (P_NA, "cell c3", "", "", -1.2, 0.043, 0.029),
    Kind.STRUCTURE: (P_NA, "law", "ghk-pump", "ghk-pump-kinetic", -1.2, 0.046, 0.0295),
}


def robustness() -> Iterator[tuple[str, Part]]:
    plain = a_verdict().robustness
    unmoved = plain.table.assign(counts=False)
    nothing = replace(plain, ok=True, rests_on=(), conflicts=(), sensitivities=(), not_run=(), table=unmoved)
    for kind, (answer, changed, before, after, shift, base, median) in _SHIFTS.items():
        line = {
            "answer": answer, "group": "", "changed": changed, "from": before, "to": after, "shift_sd": shift,
            "median": median, "lower": median * 0.7, "upper": median * 1.4, "kind": str(kind), "base": base, "counts": True,
        }  # fmt: skip
        table = pd.DataFrame([line])
        yield f"robustness-{kind.name}", say_robustness(replace(nothing, ok=False, table=table))
    clash = Conflict(P_NA, "LogNormal(log 0.04, 1)", 0.0029, "LogNormal(log 0.04, 2)", 0.0028, 0.0023, 0.0038)
    yield "robustness-conflict", say_robustness(replace(nothing, conflicts=(clash,)))
    weighed = replace(nothing, ok=False, sensitivities=((PUMP, "Q10_pump", 0.09),))
    yield "robustness-sensitive", say_robustness(weighed)
    yield "robustness-unmoved", say_robustness(nothing)
    yield "robustness-not-run", say_robustness(replace(nothing, not_run=("law: ghk-pump-kinetic",)))


@cache
def cases() -> dict[str, Part]:
    """Each case's name, and what the verdict says in it on the command line."""
    before = spoken.set(as_flag)
    try:
        return {name: part for of in (sampling, fit, identification, robustness) for name, part in of()}
    finally:
        spoken.reset(before)
