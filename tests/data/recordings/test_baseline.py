"""What is taken for rest: noise, spikes and drift leave it alone, and what is none is flagged or refused."""

import re

import numpy as np
import pytest

from vrest.data.recordings.baseline import resting_potential
from vrest.data.recordings.formats import read_recording
from vrest.data.recordings.pictures import save_picture, save_refusal
from vrest.data.recordings.recording import Channel, Clamp, Recording, Source, Sweep
from vrest.models.colours import COLOURS
from vrest.models.errors import ConfigurationError, DataError

from .signals import RATE, recording, trace, with_spikes
from .written import abf1, nwb


def test_noise_spikes_and_drift_leave_the_baseline(tmp_path):
    v = with_spikes(trace(20, -65, drift=1.5), [1, 2.5, 4, 4.2, 9, 11, 16])
    rest = resting_potential(read_recording(abf1(tmp_path / "gapfree.abf", {"Vm": ("mV", [v])}, mode=3)))
    assert rest.V_m == pytest.approx(-65, abs=0.3)
    assert rest.drift == pytest.approx(1.5, abs=0.3)
    assert rest.spikes == 7
    assert 0.3 < rest.noise_sd < 0.8
    assert 10 < rest.duration < 20
    assert rest.flags == []


def test_frequent_spikes_with_deep_after_potentials_would_bias_a_plain_median():
    v = with_spikes(trace(20, -60), list(np.arange(0.3, 19.5, 0.35)), after=-14)
    assert abs(np.median(v) + 60) > 0.5  # what is left out matters
    assert resting_potential(recording(v)).V_m == pytest.approx(-60, abs=0.3)


def test_sweeps_before_a_step_in_abf_and_nwb(tmp_path):
    sweeps = [trace(1, -70 + 0.1 * i, seed=i) for i in range(5)]
    stepped = []
    for v in sweeps:
        v = v.copy()
        v[4000:8000] += 25
        stepped.append(with_spikes(v, [0.5, 0.6, 0.7]))
    current = np.where(np.arange(RATE) < 4000, 0.0, 50.0)
    rest = resting_potential(read_recording(nwb(tmp_path / "a.nwb", stepped, currents=[current] * 5, bias=-12)))
    assert rest.V_m == pytest.approx(-69.8, abs=0.3)
    assert (rest.first_s, rest.last_s) == (0, pytest.approx(0.4))
    assert rest.duration == pytest.approx(5 * 0.4, abs=1e-6)
    assert (rest.sweeps, rest.spikes) == (5, 0)
    assert rest.current_pA == pytest.approx(-12)
    assert rest.flags == ["held with -12 pA"]
    path = abf1(tmp_path / "a.abf", {"Vm": ("mV", stepped)}, epochs={0: [(0, 0, 4000 - 156), (50, 0, 4000)]})
    written = resting_potential(read_recording(path))
    assert written.V_m == pytest.approx(-69.8, abs=0.3)
    assert (written.sweeps, written.last_s, written.flags) == (5, pytest.approx(0.4), [])


def test_units_decide_and_the_signal_has_the_last_word():
    flat = Channel("membrane potential", "mV", [Sweep(np.full(RATE, -0.01) + 1e-3 * np.arange(RATE) / RATE, RATE)])
    current = Channel("Vm", "pA", [Sweep(trace(1, -2), RATE)])
    good = Channel("IN 7", "mV", [Sweep(trace(1, -71), RATE)])
    rest = resting_potential(Recording("r", [flat, current, good]))
    assert rest.channel is good
    assert rest.flags == []
    chosen = resting_potential(Recording("r", [flat, current, good]), "1")
    assert chosen.V_m == pytest.approx(-2, abs=0.3)
    assert chosen.flags[0] == "chosen although its unit is pA"
    with pytest.raises(
        ConfigurationError, match=r"--channel 5: r has these channels: 0: membrane potential \(mV\), 1: Vm"
    ):
        resting_potential(Recording("r", [flat, current, good]), "5")


def test_two_cells_in_one_file_are_pointed_out():
    both = recording(trace(1, -64))
    both.channels.append(Channel("Vm 2", "mV", [Sweep(trace(1, -70), RATE)]))
    assert resting_potential(both).flags == ["Vm 2 (mV) would do as well: --channel chooses"]


def test_temperature_comes_from_its_channel():
    both = recording(trace(1))
    both.channels.append(Channel("bath", "°C", [Sweep(np.full(RATE, 31.04), RATE)]))
    assert resting_potential(both).temperature_C == 31.0
    assert np.isnan(resting_potential(recording(trace(1))).temperature_C)


def test_pictures_are_drawn_quickly_whatever_files_are_called(tmp_path, monkeypatch):
    """Drawing takes its time by the point, and names with dollar signs are no formulas."""
    from matplotlib.figure import Figure

    drawn, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, path: (drawn.append(figure), save(figure, path)))
    many = recording(*[trace(5, seed=i) for i in range(30)])
    many.channels[0].name = "V $^ {"
    save_picture(tmp_path / "x.png", "cell $^ {", resting_potential(many))
    traces = drawn[0].axes[0]
    assert sum(len(line.get_xdata()) for line in traces.lines) < 10_000
    assert {line.get_color() for line in traces.lines} == {COLOURS[0], COLOURS[1]}  # nothing grey below what was taken
    assert "-65.0 mV in 150 s of 30 sweeps" in traces.get_title(loc="left")


jumping = trace(20)
left_for_a_while, lost = trace(20), trace(20)
left_for_a_while[len(jumping) // 2 : -len(jumping) // 5] += 9
lost[len(lost) * 3 // 5 :] += 65
jumping[np.arange(len(jumping)) // (2 * RATE) % 2 == 0] += 9


@pytest.mark.parametrize(
    ("made", "flag"),
    [
        (recording(trace(10, drift=6)), r"drifts by \+[56]\.\d mV in 10 s"),
        (recording(jumping), r"wanders by ± \d"),
        (recording(left_for_a_while), r"wanders by ± \d"),
        (recording(trace(10, -5)), "no usual resting potential"),
        (recording(trace(10), current=-50.0), "held with -50 pA"),
    ],
    ids=["drift", "unstable", "left", "offset", "held"],
)
def test_what_is_not_at_rest_is_flagged(made, flag):
    flags = resting_potential(made).flags
    assert len(flags) == 1
    assert re.match(flag, flags[0])


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (
            recording(trace(10, drift=30)),
            r"r\.abf: Vm \(mV\) drifts by \+(29|30)\.\d mV in 10 s: there is no one resting",
        ),
        (
            recording(trace(1), unit="pA"),
            r"r\.abf: no channel is in mV \(channels: 0: Vm \(pA\)\): voltage clamp, or .* --channel N takes one all the same",
        ),
        (
            recording(trace(1), voltage_clamp="it says so"),
            r"r\.abf: no resting potential in voltage clamp \(it says so\)\. --clamp current overrules this\.",
        ),
        (recording(trace(1, -650)), r"r\.abf: no channel looks like a membrane potential: Vm \(mV\) lies at -650 mV"),
        (recording(np.zeros(RATE)), r"r\.abf: no channel looks like .* stays at 0\.00 mV, as an unused input"),
        (
            recording(trace(1), current=np.arange(RATE)),
            r"r\.abf: Vm \(mV\) has no 5 ms of baseline before or well after stim",
        ),
        (recording(with_spikes(trace(2), list(np.arange(0.005, 2, 0.02)))), r"fires all the time \(\d+ action"),
        (recording(lost), r"jumps about \(± \d\d mV\): there is no one resting"),
        (Recording("r.abf", []), r"r\.abf: no channel is in mV \(channels: none\)"),
    ],
    ids=["drift", "current", "clamp", "gain", "flat", "stimulus", "firing", "lost", "nothing"],
)
def test_what_holds_no_resting_potential_is_refused(made, reason):
    with pytest.raises(DataError, match=reason):
        resting_potential(made)


def test_a_refused_file_gets_its_picture_with_the_reason(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    drawn, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, path: (drawn.append(figure), save(figure, path)))
    lying = recording(trace(1, -650))
    lying.channels.append(Channel("Im", "pA", [Sweep(trace(1, 0), RATE)]))
    save_refusal(tmp_path / "a.png", "a.abf: Vm lies at -650 mV $^.", lying)
    save_refusal(tmp_path / "b.png", "b.abf: is empty (0 bytes).", None)
    assert [[axes.get_ylabel() for axes in figure.axes] for figure in drawn] == [["Vm (mV)", "Im (pA)"], [""]]
    assert [figure.texts[0].get_text().replace("\n", " ") for figure in drawn] == [
        "nothing taken: a.abf: Vm lies at -650 mV $^.", "nothing taken: b.abf: is empty (0 bytes)."
    ]  # fmt: skip
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in ("a.png", "b.png"))


def strange(seed: int) -> Recording:
    """Channels of any length, with values missing, infinite, coarse or constant, and any word about current and clamp."""
    r = np.random.default_rng(seed)
    lengths = [int(r.choice([1, 2, 5, 49, 1000])) for _ in range(r.integers(1, 5))]

    def values(n: int, base: float) -> np.ndarray:
        v = base + r.normal(0, r.choice([0.0, 0.1, 1.0, 30.0]), n)
        v[r.random(n) < r.choice([0.0, 0.5, 1.0])] = r.choice([np.nan, np.inf, 0.0])
        return np.round(v / 0.5) * 0.5 if r.random() < 0.2 else v

    def current(n: int, k: int) -> np.ndarray | None:
        return [None, np.zeros(n), np.full(n, 10.0 * k), values(n, 0), np.full(n, np.nan)][r.integers(5)]

    channels, rate = [], float(r.choice([10, 1000]))
    for c, (unit, base) in enumerate([("mV", -65), ("mV", -40), ("pA", 0), ("°C", 30), ("V?", 1)]):
        sweeps = [Sweep(values(n, base), rate, 2.0 * k, current(n, k)) for k, n in enumerate(lengths)]
        commands = [[values(n, -60) for n in lengths]] if r.random() < 0.3 else []
        channels += [Channel(f"c{c}", unit, sweeps, r.choice(list(Clamp)), commands)] * int(r.random() < 0.7)
    return Recording("x", channels, r.choice(list(Source)), "why", "a sign" if r.random() < 0.2 else "")


@pytest.mark.parametrize("seed", range(5))
def test_whatever_a_file_holds_gives_a_number_or_a_sentence(seed):
    """Warnings are errors here: nothing of NumPy's reaches the terminal either."""
    found = {"number": 0, "sentence": 0}
    for k in range(30):
        for how in ({}, {"choice": "0"}, {"clamp": Clamp.CURRENT}, {"assume_no_current": True}):
            try:
                rest = resting_potential(strange(1000 * seed + k), **how)
            except (ConfigurationError, DataError) as error:
                found["sentence"] += str(error).startswith(("x: ", "--channel 0: x "))
            else:
                found["number"] += bool(
                    np.isfinite(rest.V_m) and (rest.current_from is not Source.UNKNOWN or rest.flags)
                )
    assert sum(found.values()) == 120
    assert min(found.values()) > 5


def test_short_baselines_far_apart_have_no_drift_of_their_own():
    """Slopes within some milliseconds are noise, and are not drawn out over minutes."""
    current = np.zeros(RATE)
    current[400:] = 50
    sweeps = [trace(1, -65, noise=0.6, seed=k) for k in range(3)]
    made = recording(*sweeps, current=current)
    for k, stop in enumerate((130, 450, 170)):
        made.channels[0].sweeps[k].current[stop:] = 50
    assert abs(resting_potential(made).drift) < 1
