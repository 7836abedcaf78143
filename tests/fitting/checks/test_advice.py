"""What advice may say, whatever the table: tables of every kind, drawn at random, and no sampling."""

import warnings

import numpy as np
import pytest

from tests.synthetic import INSIDE, recordings
from vrest.fitting.checks.candidates import variations
from vrest.fitting.checks.identification import foresee
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.models.errors import DataWarning


def tables(n: int):
    """Experiments of few or many baths, K-free and K-rich, cold and warm, with the pump running, blocked or both."""
    for seed in range(n):
        rng = np.random.default_rng(seed)
        K_o = tuple(
            sorted(rng.choice([0.0, 0.5, 1.0, 2.5, 5.0, 20.0, 100.0, 140.0], rng.integers(1, 4), replace=False))
        )
        T = tuple(sorted(rng.choice([5.0, 15.0, 22.0, 37.0], rng.integers(1, 3), replace=False)))
        pump = ((False,), (True,), (False, True))[seed % 3]
        law = ("ghk-pump", "ghk", "ghk-pump-kinetic", "mullins-noda")[seed // 3 % 4]
        if (law == "ghk" and True in pump) or (law == "ghk-pump-kinetic" and 0.0 in K_o):
            continue
        inside = INSIDE if law != "mullins-noda" else "K=140,Na=12"
        yield prepare(recordings(K_o=K_o, temperatures=T, pump=pump), configure(law=law, inside=inside))


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DataWarning)  # of K-free baths, which are wanted here
    EXPERIMENTS = [*tables(48)]


def bath(at):
    return (*(round(float(x), 6) for x in at.c_o.values()), float(at.temperature_C), float(at.blocked))


def test_each_bath_offered_is_another_possible_bath():
    assert len(EXPERIMENTS) > 30
    for e in EXPERIMENTS:
        offered = variations(e)
        baths = [bath(c.at) for c in offered]
        assert len(set(baths)) == len(baths), [str(c) for c in offered]
        assert all(x >= 0 for one in baths for x in one)


def test_potassium_is_lowered_and_raised_as_the_words_say():
    seen = set()
    for e in EXPERIMENTS:
        K_o = float(e.reference.c_o["K"])
        for c in variations(e):
            to = float(c.at.c_o["K"])
            if c.name == "lower potassium":
                assert 1.0 <= to < K_o
            elif c.name == "raise potassium":
                assert to >= max(1.2 * K_o, 1.0)
            else:
                assert to == K_o
            seen.add(c.name)
    assert {"lower potassium", "raise potassium"} <= seen


def test_the_blocker_is_offered_where_rows_are_without_and_left_out_where_all_are_with():
    for e in EXPERIMENTS:
        names = {c.name.split(" (")[0] for c in variations(e)}
        everywhere = bool(np.all(e.conditions.blocked > 0))
        assert ("block the pump" in names) == (e.law.has_pump and not everywhere)
        assert ("leave out the blocker" in names) == (e.law.has_pump and everywhere)
        running = [c.name for c in variations(e) if not c.at.blocked]
        assert not everywhere or not e.law.has_pump or running == ["leave out the blocker"]


@pytest.mark.parametrize("e", EXPERIMENTS[::8], ids=lambda e: e.law.name)
def test_what_the_law_doubts_is_said_and_comes_last(e):
    advice = [line for line in foresee(e)[1].advice if line.startswith("Add rows that")]
    doubted = []
    for line in advice:
        candidate = next(c for c in variations(e) if line.startswith(f"Add rows that {c.name}:"))
        assert ("the law is doubtful there" in line) == bool(candidate.doubts)
        doubted.append(bool(candidate.doubts))
    assert doubted == sorted(doubted)
    assert len(set(advice)) == len(advice)
