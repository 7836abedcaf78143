"""Twelve files that once gave a wrong number without a word, or none: what is right for each, and why."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from .signals import RATE, on, rest_of, stepped, sweeps
from .written import abf1, nwb, nwb1

rng = np.random.default_rng(7)


def charging(height: float) -> np.ndarray:
    """A cell charged with a time constant of 15 ms by a current from 100 to 800 ms."""
    t = np.arange(RATE) / RATE
    return stepped(1, rest=-60) + height * (t > 0.1) * (t < 0.8) * (1 - np.exp(-np.clip(t - 0.1, 0, None) / 0.015))


def ramp(k: int) -> np.ndarray:
    return np.concatenate([np.full(200, 10.0 * k), 10 * k + np.linspace(0, 9, RATE - 200)])


@dataclass
class Case:
    write: Callable[[Path], Path]
    V_m: float
    current_pA: float
    known_from: str
    flag: str
    why: str


CASES = {
    "three_inputs": Case(
        lambda p: abf1(p / "x.abf", {"Vm": ("mV", sweeps(3)), "Im": ("pA", [rng.normal(0, 1, RATE) for _ in range(3)]),
                                     "Aux": ("V", [rng.normal(0, 1, RATE) for _ in range(3)])}, telegraph={}),
        -65, 0, "measured", "", "more inputs than outputs is no damage; the current was recorded, and is none",
    ),
    "telegraph_zero": Case(
        lambda p: abf1(p / "x.abf", {"Imemb": ("pA", [on(1000, 8000, 20.0 * k) + rng.normal(0, 1, RATE) for k in range(4)]),
                                     "Vm": ("mV", [charging(4 * k) for k in range(4)])}, ("mV",), telegraph={0: 0},
                       epochs={0: [(0, 0, 844), (0, 2, 7000)]}),
        -60, 0, "measured", "reported voltage clamp, but the potential moves freely",
        "a potential that charges to twice its 'command' is not clamped, whatever the telegraph says",
    ),
    "measured_stimulus": Case(
        lambda p: nwb(p / "x.nwb", sweeps(5, (1000, 5000, 8), rest=-70),
                      currents=[on(1000, 5000, 20) + rng.normal(0, 0.03, RATE) for _ in range(5)]),
        -70, 0, "stimulus", "", "a stimulus that was measured is noisy: its noise is no onset",
    ),
    "staircase": Case(
        lambda p: nwb(p / "x.nwb", [stepped(1, rest=-62 + k, seed=k) for k in range(11)], currents=[ramp(k) for k in range(11)]),
        -62, 0, "stimulus", "10 of 11 sweeps left out", "only the first sweep begins without current",
    ),
    "unused_input": Case(
        lambda p: abf1(p / "x.abf", {"Vm": ("mV", sweeps(3, rest=-60)),
                                     "IN 1": ("nA", [-0.0305 * rng.integers(1, 3, RATE) for _ in range(3)])}),
        -60, 0, "command", "", "an input without a name that flickers by its last bit is not connected",
    ),
    "holding_in_nA": Case(
        lambda p: abf1(p / "x.abf", {"Vm": ("mV", sweeps(3, rest=-80))}, ("nA",), holding={0: -0.1}),
        -80, -100, "command", "held with -100 pA", "the output commands nA",
    ),
    "first_epoch": Case(
        lambda p: abf1(p / "x.abf", {"Vm": ("mV", sweeps(3, (156, 4156, -20)))}, epochs={0: [(-100, 0, 4000)]}),
        -65, 0, "command", "", "-100 pA is the epoch's level, the holding level is 0",
    ),
    "step_on_output_1": Case(
        lambda p: abf1(p / "x.abf", {"Vm": ("mV", sweeps(5, (2000, 10_000, -4)))}, ("mV", "pA"),
                       epochs={1: [(0, 0, 1844), (-20, 0, 8000)]}),
        -65, 0, "command", "", "the second output stimulates after 200 ms",
    ),
    "stimulus_file_gone": Case(
        lambda p: abf1(p / "x.abf", {"Vm": ("mV", sweeps(5, (1000, 10_000, 15)))}, files={0: r"C:\rig\zap.atf"}),
        -65, np.nan, "unknown", r"output 0 played zap\.atf, which is not part of the recording.*V_m is -65\.\d mV",
        "what the file held is not known, so V_m stays empty and the potential stands in the flag",
    ),
    "early_test_pulse": Case(
        lambda p: nwb(p / "x.nwb", sweeps(5, (40, 140, -5), rest=-70), currents=[on(40, 140, -50)] * 5),
        -70, 0, "stimulus", r"behind a stimulus: 0\.89 s, from 114 ms", "4 ms are no baseline, the second after the pulse is",
    ),
    "held_by_stimulus": Case(
        lambda p: nwb(p / "x.nwb", sweeps(5, rest=-82), currents=[np.full(RATE, -60.0)] * 5),
        -82, -60, "stimulus", "held with -60 pA", "a constant stimulus is a holding current",
    ),
    "nwb_1_0": Case(
        lambda p: nwb1(p / "x.nwb", sweeps(5, (1000, 5000, 8), rest=-70), [on(1000, 5000, 20.0 + k) for k in range(5)]),
        -70, 0, "stimulus", "", "version 1 keeps the same series elsewhere",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_gives_the_right_number_or_the_right_flag(name, tmp_path):
    case = CASES[name]
    rest = rest_of(case.write(tmp_path))
    assert rest.V_m == pytest.approx(case.V_m, abs=0.2), case.why
    assert rest.current_pA == pytest.approx(case.current_pA, abs=1, nan_ok=True), case.why
    assert rest.current_from == case.known_from, case.why
    if case.flag:
        assert re.search(case.flag, "; ".join(rest.flags)), case.why
    else:
        assert rest.flags == [], case.why
