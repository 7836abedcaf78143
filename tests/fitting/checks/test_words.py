"""What a reader of the verdict sees: for every outcome the mark, the sentences, and no contradiction between them."""

import re
from dataclasses import replace
from itertools import product

import pandas as pd
import pytest

from vrest.fitting.checks.identification import Identification
from vrest.fitting.checks.lack_of_fit import Basis, FitCheck, Miss, WorstRow
from vrest.fitting.checks.robustness import COLUMNS, Conflict, Robustness, judge_table
from vrest.fitting.checks.sampling import SamplingCheck
from vrest.fitting.checks.verdict import Verdict
from vrest.fitting.checks.words import Mark, say_fit, say_identification, say_robustness, say_sampling
from vrest.models.notes import About, Note, notes_as_json, notes_from_json

SAMPLED = SamplingCheck(True, 0, 4000, 1.003, 1234.0, 0.91, None)
SHORT = replace(SAMPLED, ok=False, divergences=1)
NEAR = WorstRow(7, -71.0, -72.5, 1.2, "K_o 5 mM, 22 °C")
FAR = WorstRow(9, -60.0, -72.5, 4.2, "K_o 5 mM, 22 °C")
ROBUST = judge_table(pd.DataFrame(columns=[*COLUMNS, "kind", "base", "counts"]))
FITS = FitCheck(True, Basis.REPLICATES, 0.4, 1.1, 5.2, 1.5, 1.6, None, None, (), (NEAR,), (), 0.3, 0.5)
OPEN = replace(FITS, p_value=None, F=None, degrees_of_freedom=None)
SHARED = (Miss("saline 'A'", 1, 3.0), Miss("B", 4, -2.0))

FIT_READS = {
    "agrees": (FITS, Mark.GOOD, """
The law agrees with the conditions' means within the replicates' scatter (F = 1.1 with 5.2 degrees of freedom, p = 0.4)."""),
    "misses": (replace(FITS, ok=False, p_value=0.001, worst_rows=(FAR,), shared=SHARED), Mark.BAD, """
The law misses the conditions' means by more than the replicates' scatter (F = 1.1 with 5.2 degrees of freedom, p = 0.001).
This law does not describe these recordings; its parameters are not to be trusted.
There, the one row of saline 'A' lies 3.0 mV above the law.
There, the 4 rows of B lie 2.0 mV below the law.
Row 9 (K_o 5 mM, 22 °C): -60.0 mV where -72.5 was expected (+4.2 sd)."""),
    "one row decides": (replace(FITS, max_pareto_k=0.9), Mark.CARE, """
The law agrees with the conditions' means within the replicates' scatter (F = 1.1 with 5.2 degrees of freedom, p = 0.4).
A single row may decide much (Pareto k 0.90): robustness="full" leaves out each in turn."""),
    "within own errors": (
        replace(OPEN, basis=Basis.OWN_ERRORS, least_sigma_mV=0.4, own_error_mV=0.5), Mark.GOOD, """
Scatter around the law is within twice the rows' own errors."""),
    "beyond own errors": (
        replace(FITS, ok=False, basis=Basis.OWN_ERRORS, least_sigma_mV=1.4, own_error_mV=0.5), Mark.BAD, """
Rows scatter around the law by at least 1.4 mV (sigma_mV), more than twice the standard error they carry (median 0.5 mV).
This law does not describe these recordings; its parameters are not to be trusted."""),
    "nothing twice": (replace(OPEN, basis=Basis.NO_REPLICATES, replicate_sd_mV=None), Mark.OPEN, """
No condition was measured twice and rows carry no error of their own, so that nothing tells scatter from a wrong law."""),
    "twice the same": (replace(OPEN, basis=Basis.IDENTICAL, replicate_sd_mV=0.0), Mark.OPEN, """
Rows of the same condition are identical, so that they do not show how much recordings scatter."""),
    "saturated and beyond": (
        replace(OPEN, ok=False, basis=Basis.SCATTER, sigma_mV=5.6, replicate_sd_mV=0.81), Mark.BAD, """
Rows scatter around the law by 5.6 mV (sigma_mV), but those of the same condition repeat within 0.81 mV: it misses the \
conditions' means.
This law does not describe these recordings; its parameters are not to be trusted."""),
    "saturated": (replace(OPEN, basis=Basis.SATURATED, max_pareto_k=0.9), Mark.OPEN, """
Rows of the same condition repeat within 1.5 mV, but the law has as many parameters as there are conditions, and passes \
through their means whether it is right or not.
A single row may decide much (Pareto k 0.90): robustness="full" leaves out each in turn."""),
}  # fmt: skip

ASKED = ("P_Na/P_K", "pump_mV")
KNOWN = Identification(True, ASKED, (), (), ())
APART = (("P_Na/P_K", "pump_mV", 0.9),)

IDENTIFICATION_READS = {
    "answered": (KNOWN, Mark.GOOD, """
Every question asked was answered by the data."""),
    "nothing asked": (replace(KNOWN, asked=()), Mark.GOOD, """
Nothing was asked that could stay open: no permeability ratio and no pump is inferred."""),
    "answered, an inside is not": (replace(KNOWN, uninformed=("K_i_mM",)), Mark.GOOD, """
Every question asked was answered by the data.
K_i_mM, which was not asked for, stayed much as the prior has it."""),
    "answered, no better than an inside": (
        replace(KNOWN, confounded=(("P_Na/P_K", "K_i_mM", -0.92),), advice=("Add rows.",)), Mark.CARE, """
Every question asked was answered by the data.
P_Na/P_K goes with K_i_mM (correlation -0.92): it is known no better than K_i_mM is.
Add rows."""),
    "insides go together": (replace(KNOWN, confounded=(("K_i_mM", "Na_i_mM", 0.85),)), Mark.GOOD, """
Every question asked was answered by the data.
K_i_mM and Na_i_mM, which were not asked for, go together (correlation +0.85)."""),
    "one is the prior": (replace(KNOWN, ok=False, uninformed=("pump_mV",), advice=("Add rows.",)), Mark.WEAK, """
These recordings do not inform pump_mV (contraction under 0.5): what is said of it is largely the prior.
P_Na/P_K was answered by the data.
Add rows."""),
    "all are the prior": (replace(KNOWN, ok=False, uninformed=(*ASKED, "K_i_mM", "Na_i_mM")), Mark.WEAK, """
These recordings do not inform P_Na/P_K and pump_mV (contraction under 0.5): what is said of them is largely the prior.
K_i_mM and Na_i_mM, which were not asked for, stayed much as the prior has it."""),
    "confounded": (replace(KNOWN, ok=False, confounded=APART), Mark.WEAK, """
P_Na/P_K and pump_mV are confounded (correlation +0.90): told apart badly."""),
    "confounded and the prior": (replace(KNOWN, ok=False, uninformed=("pump_mV",), confounded=APART), Mark.WEAK, """
These recordings do not inform pump_mV (contraction under 0.5): what is said of it is largely the prior.
P_Na/P_K and pump_mV are confounded (correlation +0.90): told apart badly."""),
}  # fmt: skip


def read(text: str) -> tuple[str, ...]:
    return tuple(text.strip().splitlines())


@pytest.mark.parametrize("outcome", FIT_READS)
def test_each_outcome_of_the_fit_reads_as_it_is(outcome):
    check, mark, text = FIT_READS[outcome]
    part = say_fit(check)
    assert (part.mark, part.sentences) == (mark, read(text))
    assert str(part).startswith(f"Fit: {mark.word}. {read(text)[0]}")


@pytest.mark.parametrize("outcome", IDENTIFICATION_READS)
def test_each_outcome_of_identification_reads_as_it_is(outcome):
    check, mark, text = IDENTIFICATION_READS[outcome]
    part = say_identification(check, robustness=ROBUST)
    assert (part.mark, part.sentences) == (mark, read(text))


CONTRADICTIONS = [
    (r"(was|were) answered by the data\.", "not to be trusted"),
    ("Every question asked was answered", "largely the prior"),
    ("Every question asked was answered", "told apart badly"),
    (r"Identification: ok\.", "told apart badly|known no better"),
    ("Do not use", "Fit: ok|Identification: ok|was answered|agrees"),
    ("No condition was measured twice", "repeat within|agrees|misses"),
    ("not judged", "agrees with|misses the|cannot be judged"),
    (r"\b1 rows|\b1 divergences|\bthe 1 row", ""),
]


def contradictions(text: str) -> list[tuple[str, str]]:
    return [(a, b) for a, b in CONTRADICTIONS if re.search(a, text) and re.search(b, text)]


def test_no_verdict_contradicts_itself_whatever_its_parts_say():
    seen = set()
    for sampling, fit, identification in product((SAMPLED, SHORT), FIT_READS.values(), IDENTIFICATION_READS.values()):
        text = str(Verdict(sampling, fit[0], identification[0], robustness=ROBUST))
        assert contradictions(text) == [], text
        seen.add(text)
    assert len(seen) == 83  # a failed sampling hides the rest but for its advice
    both = f"{say_fit(FIT_READS['misses'][0])}\n{say_identification(KNOWN, robustness=ROBUST)}"  # the negative control
    assert contradictions(both) == [CONTRADICTIONS[0]]


def test_under_a_wrong_law_questions_would_be_answered():
    wrong = Verdict(SAMPLED, FIT_READS["misses"][0], KNOWN, robustness=ROBUST).parts[2]
    assert wrong.mark is Mark.CARE
    assert wrong.sentences == ("Every question asked would be answered by the data, were the law right.",)


def test_before_recording_questions_would_be_answered():
    assert say_identification(KNOWN, foreseen=True).sentences == (
        "Every question asked would be answered by the data.",
    )
    weak = say_identification(replace(KNOWN, ok=False, uninformed=("pump_mV",)), foreseen=True).sentences
    assert weak[0].startswith("These recordings would not inform pump_mV")
    assert weak[1] == "P_Na/P_K would be answered by the data."


def test_where_the_sampling_fell_short_nothing_else_is_judged_and_the_advice_stays():
    verdict = Verdict(SHORT, FITS, replace(KNOWN, ok=False, confounded=APART, advice=("Add rows.",)))
    assert [part.mark for part in verdict.parts] == [Mark.BAD, Mark.OPEN, Mark.OPEN]
    assert verdict.parts[2].sentences[1:] == ("Add rows.",)


def test_sampling_that_fell_short_says_do_not_use():
    assert str(say_sampling(SAMPLED)) == (
        "Sampling: ok. 0 divergences, R-hat at most 1.003, effective draws at least 1234, E-BFMI at least 0.91."
    )
    failed = say_sampling(replace(SAMPLED, ok=False, divergences=1))
    assert failed.mark is Mark.BAD
    assert "1 divergence," in str(failed)
    assert "Do not use these numbers (0.03% of the draws diverged)" in str(failed)


@pytest.mark.parametrize(
    ("changed", "blemished"),
    [
        ({"divergences": 2, "apart_sd": 0.08}, True),
        ({"divergences": 2, "apart_sd": 0.6}, False),
        ({"divergences": 2, "apart_sd": None}, False),
        ({"divergences": 400, "apart_sd": 0.08}, False),
        ({"max_r_hat": 1.02, "apart_sd": 0.08}, True),
        ({"max_r_hat": 1.4, "apart_sd": 0.08}, False),
        ({"min_ess": 12.0, "apart_sd": 0.08}, False),
    ],
)
def test_a_blemish_is_told_from_a_sampling_that_failed(changed, blemished):
    failed = replace(SAMPLED, ok=False, **changed)
    assert failed.nearly_ok == blemished
    told = str(say_sampling(failed))
    assert ("About right, but not to be published so" in told, "Do not use these numbers" in told) == (
        blemished,
        not blemished,
    )
    assert ("repeated runs differ by up to" in told) == (failed.apart_sd is not None)
    assert not replace(failed, ok=True).nearly_ok


def test_cautions_and_repairs_travel_with_the_verdict():
    caution = Note(About.TABLE, "No junction potential.", "write ljp_mV")
    assert notes_from_json(notes_as_json([caution])) == (caution,)
    verdict = Verdict(SAMPLED, FITS, KNOWN, (caution,), ("13 typographic minus signs read as −.",))
    assert str(verdict).endswith("Caution: No junction potential (write ljp_mV).")
    found = verdict.to_dict()
    assert found["cautions"] == ["No junction potential (write ljp_mV)."]
    assert found["repairs"] == ["13 typographic minus signs read as −."]
    assert (found["fit"]["basis"], found["fit"]["p_value"]) == ("replicates", 0.4)
    assert found["fit"]["reason"].startswith("the law agrees")


def shifted(*rows) -> Robustness:
    """The judgement on rows of: answer, group, changed, from, to, shift, median, base, kind, counts."""
    columns = ["answer", "group", "changed", "from", "to", "shift_sd", "median", "base", "kind", "counts"]
    return judge_table(pd.DataFrame(rows, columns=columns).assign(lower=0.0, upper=1.0))


def test_what_answers_rest_on_is_said_with_both_values():
    found = shifted(
        ["P_Na/P_K", "", "K_i_mM", "140 mM", "126 mM", -2.0, 0.022, 0.030, "assumption", True],
        ["P_Na/P_K", "", "K_i_mM", "140 mM", "154 mM", 1.5, 0.040, 0.030, "assumption", True],
        ["P_Na/P_K", "A", "cell c3", "there", "left out", 1.2, 0.040, 0.030, "left out", True],
        ["pump_mV", "", "pump_mV", "HalfNormal(8)", "HalfNormal(16)", 0.7, 9.0, 8.0, "prior", True],
        ["pump_mV", "", "ljp_mV", "not subtracted", "+3 mV", 0.3, 8.1, 8.0, "assumption", False],
    )
    assert found.rests_on == (
        ("P_Na/P_K", "K_i_mM", -2.0), ("P_Na/P_K (A)", "cell c3", 1.2), ("pump_mV", "pump_mV", 0.7),
    )  # fmt: skip
    part = say_robustness(found)
    assert part.mark is Mark.WEAK
    assert part.sentences == (
        "P_Na/P_K rests on K_i_mM: were it 126 mM and not 140 mM, P_Na/P_K would be 0.0220 and not 0.0300 (-2.0 sd).",
        "P_Na/P_K in A rests on cell c3: without it, P_Na/P_K in A would be 0.0400 and not 0.0300 (+1.2 sd).",
        "pump_mV rests on the prior of pump_mV: under HalfNormal(16) and not HalfNormal(8), pump_mV would be 9.00 and not"
        " 8.00 (+0.7 sd).",
    )
    told = say_identification(KNOWN, robustness=found)
    assert "answered by the data" not in str(told)
    assert "rest on more than the data" in str(told)


def test_robust_answers_and_contradicted_priors_are_said():
    calm = shifted(["pump_mV", "", "ljp_mV", "not subtracted", "+3 mV", 0.3, 8.1, 8.0, "assumption", False])
    assert (calm.ok, say_robustness(calm).mark) == (True, Mark.GOOD)
    assert "None of 1 other priors and assumptions moves an answer by much." in str(say_robustness(calm))
    assert "No cell or row was left out" in str(say_robustness(calm))
    rows = shifted(["pump_mV", "", "row 3", "there", "left out", 0.3, 8.1, 8.0, "left out", False])
    assert "nor any of 1 cells or rows left out, moves" in str(say_robustness(rows))
    assert "No cell or row was left out" not in str(say_robustness(rows))
    conflict = Conflict("pump_mV", "HalfNormal(8)", 20.0, "HalfNormal(16)", 26.0, 22.0, 30.0)
    fought = replace(calm, conflicts=(conflict,))
    assert say_robustness(fought).mark is Mark.WEAK
    assert "under HalfNormal(16) it is 26.0 (22.0 to 30.0)" in str(say_robustness(fought))
    assert "answered by the data" in str(say_identification(KNOWN, robustness=calm))
    assert "was not looked at" in str(say_identification(KNOWN))
