"""Nothing counts as rest unless the injected current is known: every output, stimulus and measured current counts."""

import os
import re
import struct

import numpy as np
import pytest

from vrest.data.recordings.baseline import resting_potential
from vrest.data.recordings.current import Injected, windows
from vrest.data.recordings.recording import Channel, Clamp, Source, Sweep
from vrest.models.errors import DataError

from .signals import RATE, on, recording, rest_of, stepped, sweeps, trace, with_spikes
from .written import abf1, abf2, atf, ibw, nwb, nwb1, stimfit, write_abf

rng = np.random.default_rng(3)


@pytest.mark.parametrize("write", [abf1, abf2])
@pytest.mark.parametrize(
    ("outputs", "epochs"),
    [
        (("mV", "pA"), {1: [(0, 0, 1844), (-20, 0, 8000)]}),
        (("pA", "nA"), {1: [(0.1, 0, 1844), (0.1, 0.01, 8000)], 0: [(0, 0, 1844), (50, 0, 3000)]}),
        (("pA", "V"), {1: [(0, 0, 1844), (5, 0, 8000)]}),
        (("pA",), {0: [(0, 0, 1844), (100, 0, 8000, 2)]}),
        (("pA",), {0: [(0, 0, 1844), (100, 0, 8000, 3)]}),
    ],
    ids=["second", "both", "in volts", "ramp", "train"],
)
def test_every_output_ends_rest(write, outputs, epochs, tmp_path):
    path = write(tmp_path / "x.abf", {"Vm": ("mV", sweeps(4, (2000, 10_000, -9)))}, outputs, epochs=epochs)
    rest = rest_of(path)
    if epochs.get(1, [(0,)])[0][0]:  # an epoch of 100 pA from the 64th of the sweep on
        assert rest.last_s == pytest.approx(156 / RATE)
    else:
        assert rest.last_s == pytest.approx(0.2, abs=0.01)
    assert (rest.current_pA, rest.current_from) == (0, Source.COMMAND)
    assert rest.V_m == pytest.approx(-65, abs=0.2)


def test_an_output_that_ABF1_does_not_have_is_read_from_ABF2(tmp_path):
    path = abf2(tmp_path / "x.abf", {"Vm": ("mV", sweeps(3, (3000, 9000, 12)))}, ("mV", "mV", "mV", "pA"),
                epochs={3: [(0, 0, 2844), (40, 0, 6000)]})  # fmt: skip
    assert rest_of(path).last_s == pytest.approx(0.3)


@pytest.mark.parametrize("write", [abf1, abf2])
def test_a_holding_current_is_what_the_output_holds(write, tmp_path):
    held = {"Vm": ("mV", sweeps(3, (156, 4156, 20), rest=-78))}
    for outputs, holding, expected in ((("pA",), -40.0, -40), (("nA",), -0.25, -250), (("A",), 3e-11, 30)):
        path = write(tmp_path / "x.abf", held, outputs, holding={0: holding}, epochs={0: [(holding * 2, 0, 4000)]})
        rest = rest_of(path)
        assert (rest.current_from, rest.flags) == (Source.COMMAND, [f"held with {expected:+d} pA"])
        assert rest.current_pA == pytest.approx(expected, abs=0.01)
        assert rest.V_m == pytest.approx(-78, abs=0.2)


def test_the_instrument_holds_where_the_output_does_not_and_a_contradiction_is_unknown(tmp_path):
    v = {"Vm": ("mV", sweeps(3))}
    assert rest_of(abf1(tmp_path / "a.abf", v, instrument={0: -35.0})).current_pA == -35
    assert rest_of(abf1(tmp_path / "b.abf", v, instrument={0: -35.0}, holding={0: -35.0})).current_pA == -35
    both = rest_of(abf1(tmp_path / "c.abf", v, instrument={0: -35.0}, holding={0: 20.0}))
    assert both.current_from is Source.UNKNOWN
    assert "two holding levels are given" in both.flags[0]


@pytest.mark.parametrize("epochs", [[(30, 0, 1000)], [(0, 0, 2000), (30, 0, 1000)], [(0, 5, 3000), (-20, 0, 1000)]])
def test_a_level_that_stays_between_sweeps_is_no_rest(epochs, tmp_path):
    """The last epoch's level is held until the next sweep begins: only the first begins at the holding level."""
    v = {"Vm": ("mV", [stepped(1, (0, RATE, 6.0 * (k > 0)), (156, RATE, 1), seed=k) for k in range(5)])}
    rest = rest_of(abf1(tmp_path / "x.abf", v, epochs={0: epochs}, stays=(1, 0)))
    assert (rest.sweeps, rest.current_pA) == (1, 0)
    assert "4 of 5 sweeps left out" in rest.flags[-1]


def test_a_user_list_leaves_only_what_is_before_the_epochs(tmp_path):
    v = {"Vm": ("mV", sweeps(3, (400, 10_000, 10)))}
    for write, more in ((abf1, {"user_list": 1}), (abf2, {"user_list": True})):
        rest = rest_of(write(tmp_path / f"{write.__name__}.abf", v, epochs={0: [(0, 0, 5000), (50, 0, 100)]}, **more))
        assert rest.last_s == pytest.approx(156 / RATE)


def old_version(path):
    """Before ABF 1.6 there was one waveform, in another place of the header."""
    content = bytearray(abf1(path, {"Vm": ("mV", sweeps(3, (5156, 8156, 10)))}).read_bytes())
    struct.pack_into("<f", content, 4, 1.5)
    struct.pack_into("<4h", content, 1438, 1, 0, 0, 1)
    struct.pack_into("<h", content, 1446, 1)
    struct.pack_into("<2f", content, 1464, 0.0, 25.0)
    struct.pack_into("<2h", content, 1544, 5000, 3000)
    path.write_bytes(content)
    return path


def test_headers_before_version_1_6(tmp_path):
    assert rest_of(old_version(tmp_path / "x.abf")).last_s == pytest.approx(5156 / RATE)


@pytest.mark.parametrize(
    ("write", "why"),
    [
        (lambda p: write_abf(p / "x.abf", *sweeps(3)), "no output in a unit of current is described"),
        (lambda p: abf1(p / "x.abf", {"Vm": ("mV", sweeps(3))}, ("mV", "V")), "no output in a unit of current"),
        (lambda p: abf1(p / "x.abf", {"Vm": ("mV", sweeps(3))}, telegraph={}), r"no telegraph says .*--clamp current says so"),
        (lambda p: abf2(p / "x.abf", {"Vm": ("mV", sweeps(3))}, telegraph={}), "no telegraph says"),
        (lambda p: abf1(p / "x.abf", {"Vm": ("mV", sweeps(3))}, files={0: "a/zap.atf"}), r"output 0 played zap\.atf"),
        (lambda p: abf2(p / "x.abf", {"Vm": ("mV", sweeps(3))}, ("mV", "pA"), files={1: "D:\\x\\zap.abf"}),
         r"output 1 played zap\.abf"),
        (lambda p: abf1(p / "x.abf", {"A": ("mV", sweeps(3)), "B": ("mV", sweeps(3))}, ("pA", "pA"), holding={1: -50.0},
                        telegraph={0: 1, 1: 1}), "outputs hold different currents"),
        (lambda p: nwb(p / "x.nwb", sweeps(3)), "no stimulus is stored beside the sweeps"),
        (lambda p: nwb(p / "x.nwb", sweeps(3), bias=-12.0), "no stimulus is stored"),
        (lambda p: nwb1(p / "x.nwb", sweeps(3), None), "no stimulus is stored"),
        (lambda p: atf(p / "x.atf", [("Vm", "mV", v) for v in sweeps(3)]), "Axon text files do not describe it"),
        (lambda p: stimfit(p / "x.h5", {"Vm": ("mV", sweeps(3))}), "stimfit's files do not describe it"),
        (lambda p: ibw(p / "x.ibw", sweeps(1)[0]), "no companion wave with the current of this sweep"),
    ],
    ids=["undescribed", "volts only", "silent 1", "silent 2", "file 1", "file 2", "two cells", "no stimulus", "bias alone",
         "nwb 1", "atf", "stimfit", "igor"],
)  # fmt: skip
def test_what_is_not_known_is_said_and_assumed_only_when_told(write, why, tmp_path):
    path = write(tmp_path)
    rest = rest_of(path)
    assert rest.current_from is Source.UNKNOWN
    assert np.isnan(rest.current_pA)
    flag = next(f for f in rest.flags if f.startswith("injected current unknown"))
    assert re.search(why, flag)
    assert f"V_m is {rest.V_m:.1f} mV: --assume-no-current" in flag
    told = rest_of(path, assume_no_current=True)
    assert (told.current_from, told.current_pA) == (Source.ASSUMED, 0)
    assert "assumed that no current was injected" in told.flags
    assert told.V_m == pytest.approx(-65, abs=0.2)


def test_a_silent_telegraph_is_answered_by_clamp_current(tmp_path):
    v = {"Vm": ("mV", sweeps(3, (2156, 5156, 9)))}
    path = abf1(tmp_path / "x.abf", v, telegraph={}, epochs={0: [(-30, 0, 2000), (60, 0, 3000)]}, holding={0: -30.0})
    rest = rest_of(path, clamp=Clamp.CURRENT)
    assert (rest.current_from, rest.current_pA, rest.flags) == (Source.COMMAND, -30, ["held with -30 pA"])
    assert rest.last_s == pytest.approx(2156 / RATE)
    told = rest_of(path, assume_no_current=True)
    assert told.flags == ["assumed that no current was injected, though outputs commanded -30 pA"]
    assert (told.current_pA, told.last_s) == (0, pytest.approx(2156 / RATE))


def test_a_small_holding_is_a_flag_where_it_was_commanded_and_none_where_it_is_an_offset(tmp_path):
    still = [np.full(RATE, 1.5)] * 3
    assert rest_of(nwb(tmp_path / "a.nwb", sweeps(3), currents=still)).flags == ["held with +2 pA"]
    noisy = [1.5 + rng.normal(0, 1, RATE) for _ in range(3)]
    assert rest_of(nwb(tmp_path / "b.nwb", sweeps(3), currents=noisy)).flags == []


def test_the_answer_depends_on_no_neighbouring_file_and_no_working_directory(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    path = abf2(tmp_path / "x.abf", {"Vm": ("mV", sweeps(3, (1000, 10_000, 15)))}, files={0: "zap.abf"})
    alone = rest_of(path)
    abf1(tmp_path / "zap.abf", {"Cmd": ("pA", sweeps(3))})
    for folder in (tmp_path, tmp_path / "elsewhere"):
        monkeypatch.chdir(folder)
        rest = rest_of(path)
        assert (rest.V_m, rest.flags) == (alone.V_m, alone.flags)
    assert os.getcwd().endswith("elsewhere")


def test_where_nothing_tells_the_current_what_all_sweeps_do_together_is_a_stimulus(tmp_path):
    rest = rest_of(write_abf(tmp_path / "x.abf", *sweeps(5, (2000, 9000, 14))), assume_no_current=True)
    assert rest.V_m == pytest.approx(-65, abs=0.2)
    assert "changes 200 ms into every sweep" in rest.flags[0]
    apart = [stepped(1, (3000 + 1200 * k, 3700 + 1200 * k, 8), seed=k) for k in range(5)]  # each at its own time
    assert rest_of(write_abf(tmp_path / "y.abf", *apart)).duration == pytest.approx(5)


@pytest.mark.parametrize("step", [9.0, 30.0, -200.0])
def test_a_measured_current_ends_rest_where_no_command_does(step):
    for noise in (0.3, 1.5, 0.0):
        v = recording(*sweeps(3, (4000, 9000, 11)), current=None)
        v.channels.append(Channel("Im", "pA", [Sweep(on(4000, 9000, step) + rng.normal(0, noise, RATE), RATE, 5.0 * i)
                                               for i in range(3)]))  # fmt: skip
        rest = resting_potential(v)
        assert rest.last_s == pytest.approx(0.4, abs=0.002)
        assert rest.current_from is Source.MEASURED
        assert rest.V_m == pytest.approx(-65, abs=0.2)


def test_a_current_that_no_output_commanded_is_seen_where_it_is_measured(tmp_path):
    """The amplifier's own holding, and a stimulator of its own."""
    v = sweeps(3, (6000, 8000, 10), rest=-75)
    i = [on(6000, 8000, 40, base=-45) + rng.normal(0, 1, RATE) for _ in range(3)]
    rest = rest_of(abf1(tmp_path / "x.abf", {"Vm": ("mV", v), "Im": ("pA", i)}))
    assert rest.current_pA == pytest.approx(-45, abs=1)
    assert (rest.current_from, rest.flags) == (Source.MEASURED, ["held with -45 pA"])
    assert rest.last_s == pytest.approx(0.6, abs=0.002)


def test_a_floating_input_is_no_current(tmp_path):
    """It neither follows the command nor has a name; a level that means something is pointed out."""
    v = sweeps(3, (5156, 8156, 8))
    hum = [0.2 + 0.02 * np.sin(np.arange(RATE) / 30) + rng.normal(0, 0.01, RATE) for _ in range(3)]
    last_bit = [-0.0305 * rng.integers(3, 5, RATE) for _ in range(3)]
    for unused, flags in ((hum, [r"IN 3 \(pA\) reads \+(19|2[01])\d pA: an unused input, or"]), (last_bit, [])):
        path = abf1(
            tmp_path / "x.abf", {"Vm": ("mV", v), "IN 3": ("nA", unused)}, epochs={0: [(0, 0, 5000), (40, 0, 3000)]}
        )
        rest = rest_of(path)
        assert (rest.current_pA, rest.current_from) == (0, Source.COMMAND)
        assert len(rest.flags) == len(flags)
        assert all(re.match(*pair) for pair in zip(flags, rest.flags, strict=True))
        assert rest.last_s == pytest.approx(5156 / RATE)


def test_an_input_without_a_name_that_follows_the_command_is_the_current(tmp_path):
    i = [on(5156, 8156, 40.0 * k, base=-20) + rng.normal(0, 1, RATE) for k in range(3)]
    path = abf1(
        tmp_path / "x.abf", {"Vm": ("mV", sweeps(3)), "IN 3": ("pA", i)}, epochs={0: [(0, 0, 5000), (0, 40, 3000)]}
    )
    rest = rest_of(path)
    assert rest.current_from is Source.MEASURED
    assert rest.current_pA == pytest.approx(-20, abs=1)


def test_the_amplifier_said_that_it_injects_nothing(tmp_path):
    assert (
        rest_of(abf1(tmp_path / "x.abf", {"Vm": ("mV", sweeps(2))}, ("mV",), telegraph={0: 2})).current_from
        is Source.AMPLIFIER
    )
    zero = rest_of(nwb(tmp_path / "x.nwb", sweeps(2), "IZeroClampSeries"))
    assert (zero.current_from, zero.current_pA, zero.flags) == (Source.AMPLIFIER, 0, [])


@pytest.mark.parametrize(
    ("currents", "V_m", "level", "swept"),
    [
        ([on(3000, 9000, 20.0 * k - 50) for k in range(5)], -65, 0, 5),
        ([on(3000, 9000, 25, base=10.0 * k) for k in range(5)], -65, 0, 1),
        ([on(3000, 9000, 80, base=10.0 * (k + 1)) for k in range(5)], -65, 10, 1),
        ([on(3000, 9000, 60, base=25.0)] * 5, -65, 25, 5),
        ([np.linspace(0, 50, RATE)] + [np.linspace(50 * k, 50 * k + 50, RATE) for k in range(1, 5)], None, None, None),
    ],
    ids=["steps", "staircase", "staircase without a zero", "held", "ramps"],
)
def test_stimulus_series(currents, V_m, level, swept, tmp_path):
    path = nwb(tmp_path / "x.nwb", sweeps(5, (3000, 9000, 9)), currents=currents)
    if V_m is None:
        with pytest.raises(DataError, match="has no 5 ms of baseline before or well after stimulation"):
            rest_of(path)
        return
    rest = rest_of(path)
    assert (rest.sweeps, rest.current_pA) == (swept, pytest.approx(level, abs=0.01))
    assert rest.V_m == pytest.approx(V_m, abs=0.25)
    assert any("left out" in f for f in rest.flags) == (swept < 5)
    assert any("held" in f for f in rest.flags) == (level != 0)


def test_bias_and_stimulus_add_up(tmp_path):
    rest = rest_of(nwb(tmp_path / "x.nwb", sweeps(3), currents=[on(5000, 9000, 30, base=5)] * 3, bias=-12.0))
    assert (rest.current_pA, rest.current_from) == (pytest.approx(-7, abs=0.01), Source.STIMULUS)


def test_sweeps_without_a_stimulus_are_left_out_beside_those_that_have_one(tmp_path):
    path = nwb(tmp_path / "x.nwb", [*sweeps(3), stepped(1, rest=-50)], currents=[np.zeros(RATE)] * 4)
    import h5py

    with h5py.File(path, "a") as file:
        del file["stimulus/presentation/step3"]
    rest = rest_of(path)
    assert (rest.sweeps, rest.current_from) == (3, Source.STIMULUS)
    assert rest.V_m == pytest.approx(-65, abs=0.2)
    assert "1 of 4 sweeps left out" in rest.flags[0]


def test_a_noisy_stimulus_does_not_excuse_itself(tmp_path):
    frozen = [on(0, 0, 0) for _ in range(3)]
    for f in frozen:
        f[2000:] = rng.normal(0, 40, RATE - 2000)
    rest = rest_of(nwb(tmp_path / "x.nwb", sweeps(3, (2000, 10_000, 4)), currents=frozen))
    assert rest.last_s == pytest.approx(0.2, abs=0.005)


@pytest.mark.parametrize(("start", "stop"), [(20, 120), (40, 1040), (0, 200)])
def test_rest_behind_a_test_pulse(start, stop, tmp_path):
    pulse = [on(start, stop, -50.0)] * 4
    rest = rest_of(nwb(tmp_path / "x.nwb", sweeps(4, (start, stop, -7)), currents=pulse))
    gap = max(0.1, (stop - start) / RATE)
    assert rest.first_s == pytest.approx(stop / RATE + gap, abs=1e-3)
    assert (rest.last_s, rest.current_pA) == (pytest.approx(1), 0)
    assert f"behind a stimulus: {1 - rest.first_s:.2g} s, from {1e3 * rest.first_s:.0f} ms" in rest.flags[0]
    assert rest.V_m == pytest.approx(-65, abs=0.1)


@pytest.mark.parametrize(("held_s", "level", "window"), [(0.3, -20, (0, 0.3)), (0.2, 0, (0.4, 3))])
def test_rest_at_less_current_is_taken_where_it_is_ten_times_longer(held_s, level, window):
    """2.4 s behind 0.3 s, or 2.6 s behind 0.2 s: what is left once the cell has had as long to settle as it was held."""
    current = np.where(np.arange(3 * RATE) < held_s * RATE, -20.0, 0.0)
    found = windows(Injected([current], Source.COMMAND), Channel("Vm", "mV", [Sweep(trace(3), RATE)]))
    assert found.level == level
    assert [tuple(np.array(bound) / RATE) for bound in found.bounds] == [pytest.approx(window)]


def test_a_pulse_that_leaves_no_time_to_settle_leaves_no_rest(tmp_path):
    short = [on(40, 140, -50.0, count=1100)] * 4
    path = nwb(tmp_path / "x.nwb", [trace(0.11, seed=k) for k in range(4)], currents=short)
    with pytest.raises(DataError, match="no 5 ms of baseline before or well after"):
        rest_of(path)


def test_spikes_leave_traces_in_a_measured_current_of_long_sweeps():
    """What a 2 ms action potential couples into the current channel does not end a minute's rest."""
    times = list(np.arange(1.0, 19.5, 2.5))
    v = recording(with_spikes(trace(20), times), current=None)
    i = rng.normal(0, 1, 20 * RATE)
    for at in times:
        i[int(at * RATE) : int(at * RATE) + 15] += 60
    v.channels.append(Channel("Im", "pA", [Sweep(i, RATE)]))
    rest = resting_potential(v)
    assert (rest.spikes, rest.current_from) == (len(times), Source.MEASURED)
    assert rest.duration > 12


def test_a_wandering_offset_of_the_reading_does_not_hide_rest():
    """The command is known to be none all the while."""
    v = recording(trace(30))
    v.channels.append(Channel("Im", "pA", [Sweep(np.linspace(-3, 3, 30 * RATE) + rng.normal(0, 0.3, 30 * RATE), RATE)]))
    rest = resting_potential(v)
    assert (rest.duration, rest.current_from) == (pytest.approx(30), Source.MEASURED)
    assert rest.current_pA == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize("steps", [[9.0] * 5, [4.0, 8.0, 12.0, 16.0, 20.0], [-7.0] * 3])
def test_what_no_output_commands_and_comes_in_every_sweep_is_a_stimulus_too(steps, tmp_path):
    """A light, a drug puff, a stimulator of its own: the current is known to be none, and this is no rest all the same."""
    v = [stepped(1, (4000, 9000, h), seed=k) for k, h in enumerate(steps)]
    none = {"Im": ("pA", [rng.normal(0, 1, RATE) for _ in steps])}
    for more in ({}, none):
        rest = rest_of(abf1(tmp_path / "x.abf", {"Vm": ("mV", v)} | more))
        assert rest.last_s == pytest.approx(0.4, abs=0.02)
        assert rest.V_m == pytest.approx(-65, abs=0.2)
        assert "into every sweep: only what is before is taken" in rest.flags[0]


def test_slow_changes_and_spikes_are_no_stimulus(tmp_path):
    v = [
        with_spikes(stepped(1, seed=k) + np.linspace(0, 2.5, RATE), [0.12 + 0.1 * k, 0.55 + 0.1 * k]) for k in range(4)
    ]
    assert rest_of(abf1(tmp_path / "x.abf", {"Vm": ("mV", v)})).last_s == pytest.approx(1, abs=0.05)
