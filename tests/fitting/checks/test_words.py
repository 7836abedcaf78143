"""What a reader of the verdict sees: for every outcome the mark, the sentences, and no contradiction between them."""

from dataclasses import replace

import pytest

from vrest.fitting.checks.identification import Identification
from vrest.fitting.checks.lack_of_fit import Basis, FitCheck, Miss, WorstRow
from vrest.fitting.checks.sampling import SamplingCheck
from vrest.fitting.checks.verdict import Verdict
from vrest.fitting.checks.words import Mark, say_fit, say_identification, say_sampling
from vrest.models.notes import About, Note, notes_as_json, notes_from_json

SAMPLED = SamplingCheck(True, 0, 1.003, 1234.0, 0.91)
NEAR = WorstRow(7, -71.0, -72.5, 1.2, "K_o 5 mM, 22 °C")
FAR = WorstRow(9, -60.0, -72.5, 4.2, "K_o 5 mM, 22 °C")
FITS = FitCheck(True, Basis.REPLICATES, 0.4, 1.1, 5.2, None, None, (NEAR,), (), 0.3, 0.5)
KNOWN = Identification(True, (), (), ())


@pytest.mark.parametrize(
    ("check", "mark", "says", "never"),
    [
        (FITS, Mark.GOOD, ["agrees with the conditions' means within the replicates' scatter (F = 1.1 with 5.2"], ["Row"]),
        (
            replace(FITS, ok=False, p_value=0.001, worst_rows=(FAR,), shared=(Miss("saline 'A'", 1, 3.0), Miss("B", 4, -2.0))),
            Mark.BAD,
            ["misses the conditions' means by more than", "not to be trusted", "the 1 row of saline 'A' lies 3.0 mV above",
             "the 4 rows of B lie 2.0 mV below", "Row 9 (K_o 5 mM, 22 °C): -60.0 mV where -72.5 was expected (+4.2 sd)"],
            ["agrees", "1 rows"],
        ),
        (replace(FITS, max_pareto_k=0.9), Mark.CARE, ["agrees", "A single row decides much of the result (Pareto k 0.90)"], []),
        (
            replace(FITS, basis=Basis.NOTHING, p_value=None, F=None, degrees_of_freedom=None),
            Mark.OPEN, ["no condition was measured twice"], ["agrees", "misses"],
        ),
        (
            replace(FITS, basis=Basis.OWN_ERRORS, p_value=None, least_sigma_mV=0.4, own_error_mV=0.5),
            Mark.GOOD, ["within twice the rows' own errors"], ["at least"],
        ),
        (
            replace(FITS, ok=False, basis=Basis.OWN_ERRORS, least_sigma_mV=1.4, own_error_mV=0.5),
            Mark.BAD, ["by at least 1.4 mV", "(median 0.5 mV)", "not to be trusted"], ["within"],
        ),
    ],
)  # fmt: skip
def test_each_outcome_of_the_fit_reads_as_it_is(check, mark, says, never):
    part = say_fit(check)
    assert part.mark is mark
    assert str(part).startswith(f"Fit: {mark.word}. ")
    assert all(text.lower() in str(part).lower() for text in says), str(part)
    assert not any(text in str(part) for text in never), str(part)


def test_sampling_that_fell_short_says_do_not_use():
    assert str(say_sampling(SAMPLED)) == (
        "Sampling: ok. 0 divergences, R-hat at most 1.003, effective draws at least 1234, E-BFMI at least 0.91."
    )
    failed = say_sampling(replace(SAMPLED, ok=False, divergences=1))
    assert failed.mark is Mark.BAD
    assert "1 divergence," in str(failed)
    assert "Do not use these numbers" in str(failed)


def test_identification_never_says_answered_beside_uninformed():
    assert "Every question asked was answered" in str(say_identification(KNOWN))
    weak = say_identification(Identification(False, ("pump_mV",), (("P_Na/P_K", "pump_mV", 0.9),), ("Add rows.",)))
    assert (weak.mark.word, weak.mark.colour) == ("NOT OK", "amber")
    assert "Every question" not in str(weak)
    assert "pump_mV; what stands in the table is largely the prior" in str(weak)
    assert "P_Na/P_K and pump_mV are confounded (correlation +0.90)" in str(weak)
    assert str(weak).endswith("\n  Add rows.")


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
