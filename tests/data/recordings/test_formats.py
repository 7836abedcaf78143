"""Each kind of file is read as it was written, or refused by name; intact files are not called damaged."""

import contextlib
import os
import pickle
import struct
import sys
from datetime import datetime, timedelta
from importlib.machinery import ModuleSpec
from pathlib import Path

import h5py
import numpy as np
import pytest

from vrest.data.recordings.baseline import resting_potential
from vrest.data.recordings.formats import read_recording
from vrest.data.recordings.recording import Channel, Source
from vrest.models.errors import DataError

from .signals import RATE, rest_of, stepped, sweeps, trace, with_spikes
from .written import abf1, abf2, atf, ibw, nwb, nwb1, stimfit, write_abf

REAL = Path(os.environ.get("VREST_RECORDINGS", "no such folder"))


@pytest.mark.parametrize(
    ("unit", "read", "factor"),
    [
        ("mV", "mV", 1), ("V", "mV", 1e3), ("uV", "mV", 1e-3), ("\u00b5V", "mV", 1e-3), ("\u03bcV", "mV", 1e-3),
        ("millivolts", "mV", 1), ("Volts", "mV", 1e3), ("microvolt", "mV", 1e-3), ("pA", "pA", 1), ("nA", "pA", 1e3),
        ("\u03bcA", "pA", 1e6), ("\u00b5A", "pA", 1e6), ("Amps", "pA", 1e12), ("nanoamperes", "pA", 1e3), ("mA", "pA", 1e9),
        ("deg. C", "°C", 1), ("°C", "°C", 1), ("n.a.", "n.a.", 1), ("Pa", "pA", 1), ("%", "%", 1), ("", "", 1),
    ],
)  # fmt: skip
def test_units(unit, read, factor):
    """NWB writes n.a. where a signal has no unit; that is no current."""
    channel, found = Channel.of("x", unit)
    assert (channel.unit, found) == (read, pytest.approx(factor))


@pytest.mark.parametrize("unit", ["µV", "μV"])
def test_either_mu_in_a_file(unit, tmp_path):
    v = trace(1, -65) * 1e3
    assert rest_of(stimfit(tmp_path / "x.h5", {"Vm": (unit, [v])})).V_m == pytest.approx(-65, abs=0.3)
    path = nwb1(tmp_path / "x.nwb", [v], [np.zeros(RATE)], (unit, "Amps"))
    with h5py.File(path, "a") as file:
        file["acquisition/timeseries/Sweep_0/data"].attrs["conversion"] = 1e3
    assert rest_of(path).V_m == pytest.approx(-65, abs=0.3)


@pytest.mark.parametrize("write", [abf1, abf2])
@pytest.mark.parametrize("inputs", [1, 2, 3, 5])
def test_any_number_of_inputs(write, inputs, tmp_path):
    """pyABF, which reads these files on its own, is the oracle for the numbers."""
    pyabf = pytest.importorskip("pyabf")
    channels = {f"in{i}": ("mV" if i == 0 else "arb", [v + 7 * i for v in sweeps(3)]) for i in range(inputs)}
    path = write(tmp_path / "x.abf", channels)
    read = read_recording(path)
    assert [c.name for c in read.channels] == list(channels)
    assert [len(c.sweeps) for c in read.channels] == [3] * inputs
    for i, channel in enumerate(read.channels):
        for sweep, (_, stored) in zip(
            channel.sweeps, [(k, channels[channel.name][1][k]) for k in range(3)], strict=True
        ):
            np.testing.assert_allclose(sweep.values, stored, atol=0.04, err_msg=f"in{i}")
    if inputs <= 2 or write is abf2:
        whole = np.concatenate([s.values for s in read.channels[-1].sweeps])
        np.testing.assert_allclose(whole, pyabf.ABF(str(path)).data[-1], atol=1e-3)
    assert rest_of(path).V_m == pytest.approx(-65, abs=0.2)


def test_floating_point_data(tmp_path):
    path = abf2(tmp_path / "x.abf", {"Vm": ("mV", sweeps(3))}, floats=True)
    np.testing.assert_allclose(read_recording(path).channels[0].sweeps[1].values, sweeps(3)[1], atol=1e-4)
    old = bytearray(abf1(tmp_path / "y.abf", {"Vm": ("mV", sweeps(3))}).read_bytes())
    struct.pack_into("<h", old, 100, 1)
    (tmp_path / "y.abf").write_bytes(bytes(old[:6144]) + np.concatenate(sweeps(3)).astype("<f4").tobytes())
    assert rest_of(tmp_path / "y.abf").V_m == pytest.approx(-65, abs=0.2)


@pytest.mark.parametrize("mode", [1, 2, 5])
@pytest.mark.parametrize(
    ("write", "more"),
    [(abf1, {"synch": (20_000, 0), "synch_unit": 100.0}), (abf1, {"synch": (4 * RATE, 0)}), (abf2, {})],
    ids=["abf1", "abf1 in samples of both channels", "abf2"],
)
def test_sweeps_keep_their_own_lengths_and_times(write, more, mode, tmp_path):
    lengths = (3000, 7000, 1200) if mode == 1 else (5000, 5000, 5000)
    sweeps = [trace(n / RATE, -60 - k, noise=0.1, seed=k) for k, n in enumerate(lengths)]
    channels = {"Vm": ("mV", sweeps), "aux": ("V", [np.zeros(n) for n in lengths])}
    channel = read_recording(write(tmp_path / "x.abf", channels, mode=mode, **more)).channels[0]
    assert [len(s.values) for s in channel.sweeps] == list(lengths)
    assert [s.start_s for s in channel.sweeps] == pytest.approx([0, 2, 4])
    assert [np.median(s.values) for s in channel.sweeps] == pytest.approx([-60, -61, -62], abs=0.1)


def test_event_driven_files_play_no_epochs(tmp_path):
    path = abf1(tmp_path / "x.abf", {"Vm": ("mV", sweeps(3))}, mode=2, epochs={0: [(80, 0, 3000)]}, holding={0: -5.0})
    rest = rest_of(path)
    assert (rest.duration, rest.current_pA) == (pytest.approx(3), -5)


def test_a_short_header_is_no_damage(tmp_path):
    short = write_abf(tmp_path / "x.abf", trace(0.02))
    assert short.stat().st_size < 6144
    assert rest_of(short, assume_no_current=True).V_m == pytest.approx(-65, abs=0.5)


def test_names_with_a_foreign_byte(tmp_path):
    read = read_recording(abf1(tmp_path / "x.abf", {"Vm\xb5": ("\xb5V", [np.full(RATE, -65.0)])}))
    assert (read.channels[0].name, read.channels[0].unit) == ("Vmµ", "mV")


@pytest.mark.parametrize("units", [("Volts", "Amps"), ("V", "A"), ("volts", "amperes")])
def test_nwb_1(units, tmp_path):
    step = np.where((np.arange(RATE) > 3000) & (np.arange(RATE) < 8000), 30.0, 0.0)
    sweeps = [stepped(1, (3001, 8000, 9), rest=-70, seed=k) for k in range(4)]
    rest = rest_of(nwb1(tmp_path / "x.nwb", sweeps, [step * (k + 1) for k in range(4)], units))
    assert rest.V_m == pytest.approx(-70, abs=0.2)
    assert (rest.channel.name, rest.current_from, rest.flags) == ("Electrode 1", Source.STIMULUS, [])


def test_an_nwb_without_a_series_says_which_version_it_is(tmp_path):
    with h5py.File(tmp_path / "x.nwb", "w") as file:
        file["nwb_version"] = b"NWB-1.0.6"
        file["units/spike_times"] = np.arange(5.0)
    with pytest.raises(DataError, match=r"x\.nwb: holds no series of one signal in volts or amperes \(NWB 1\.0\.6\)"):
        read_recording(tmp_path / "x.nwb")


def test_two_electrodes_have_their_own_stimuli(tmp_path):
    path = nwb(tmp_path / "x.nwb", sweeps(3), currents=[np.zeros(RATE)] * 3)
    with h5py.File(path, "a") as file:
        for k in range(3):  # another cell, stimulated throughout the same sweeps
            name = f"stimulus/presentation/other{k}"
            file.copy(f"stimulus/presentation/step{k}", name)
            del file[name]["electrode"]
            file[name]["electrode"] = h5py.SoftLink("/general/intracellular_ephys/e1")
            file[name]["data"][...] = 80e-12
        file.copy("general/intracellular_ephys/e0", "general/intracellular_ephys/e1")
    assert rest_of(path).current_pA == 0


@pytest.mark.parametrize("ms", [False, True])
def test_atf(ms, tmp_path):
    quiet = [np.random.default_rng(k).normal(0, 1, RATE) for k in range(3)]
    columns = [c for v, i in zip(sweeps(3), quiet, strict=True) for c in (("Vm", "mV", v), ("Im", "pA", i))]
    path = atf(tmp_path / "x.atf", columns, "0.000,2500.000,5000.000", ms)
    read = read_recording(path)
    assert [(c.name, c.unit, len(c.sweeps)) for c in read.channels] == [("Vm", "mV", 3), ("Im", "pA", 3)]
    assert [s.start_s for s in read.channels[0].sweeps] == [0, 2.5, 5]
    assert read.channels[0].sweeps[0].rate_Hz == pytest.approx(RATE, rel=1e-4)
    rest = rest_of(path)
    assert (rest.current_from, rest.V_m) == (Source.MEASURED, pytest.approx(-65, abs=0.2))


def test_atf_without_signal_names_and_with_sweeps_of_their_own_lengths(tmp_path):
    columns = [("Vm", "V", sweeps(3)[0] / 1e3), ("Vm", "V", sweeps(3)[1][:6000] / 1e3)]
    read = read_recording(atf(tmp_path / "x.atf", columns, signals=False))
    assert [(c.name, c.unit) for c in read.channels] == [("Trace", "mV")]
    assert [len(s.values) for s in read.channels[0].sweeps] == [RATE, 6000]


def test_stimfit(tmp_path):
    measured = [np.random.default_rng(k).normal(0, 1, RATE) for k in range(3)]
    for xunits in ("ms", "s"):
        path = stimfit(tmp_path / f"{xunits}.h5", {"Vm": ("mV", sweeps(3)), "Im": ("pA", measured)}, xunits)
        rest = rest_of(path)
        assert (rest.current_from, rest.duration, rest.sweeps) == (Source.MEASURED, pytest.approx(3), 3)
        assert rest.V_m == pytest.approx(-65, abs=0.2)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.arange(3)
    with pytest.raises(DataError, match=r"other\.h5: is HDF5, but not from stimfit"):
        read_recording(tmp_path / "other.h5")


NAMES = [
    ("cell1_Ch0_3.ibw", "cell1_Ch1_3.ibw"),
    ("RecordA7.ibw", "RecordB7.ibw"),
    ("2024-ad0-12.ibw", "2024-ad2-12.ibw"),
]


@pytest.mark.parametrize(("potential", "current"), [*NAMES, *((b, a) for a, b in NAMES)])
def test_companion_waves_are_read_together(potential, current, tmp_path):
    step = np.where(np.arange(RATE) > 4000, 35.0, 0.0) + np.random.default_rng(1).normal(0, 1, RATE)
    ibw(tmp_path / potential, stepped(1, (4000, RATE, 9), rest=-71))
    ibw(tmp_path / current, step, unit="A")
    for one in (potential, current):
        recording = read_recording(tmp_path / one)
        assert {p.name for p in recording.files} == {potential, current}
        rest = resting_potential(recording)
        assert (rest.V_m, rest.last_s) == (pytest.approx(-71, abs=0.2), pytest.approx(0.4, abs=0.003))
        assert rest.current_from is Source.MEASURED


def test_two_potentials_of_one_sweep_stay_two_recordings(tmp_path):
    for k in range(2):
        ibw(tmp_path / f"pair_Ch{k}.ibw", trace(1, -60 - 5 * k))
    for k in range(2):
        rest = rest_of(tmp_path / f"pair_Ch{k}.ibw")
        assert rest.V_m == pytest.approx(-60 - 5 * k, abs=0.3)
        assert rest.current_from is Source.UNKNOWN


def test_what_neo_reads(tmp_path):
    rest = rest_of(ibw(tmp_path / "wave.ibw", with_spikes(trace(5, -63), [1, 3])))
    assert rest.V_m == pytest.approx(-63, abs=0.3)
    assert (rest.spikes, rest.channel.name) == (2, "wave")


class Told:
    """What myokit calls label(), value_unit() and so on: no real HEKA file is at hand, so its reader is played."""

    def __init__(self, label, children=(), **values):
        self.children = children
        for name, value in {"label": label, **values}.items():
            setattr(self, name, lambda value=value: value)

    def __iter__(self):
        return iter(self.children)

    def __getitem__(self, k):
        return self.children[k]

    def __len__(self):
        return RATE


def heka(mode: str, level: float) -> Told:
    def sweep(k):
        v = Told("V-mon", value_unit="V", values=stepped(1, rest=level, seed=k) / 1e3, duration=1.0)
        i = Told("I-mon", value_unit="A", values=np.random.default_rng(k).normal(-20, 1, RATE) * 1e-12, duration=1.0)
        return Told("", [v, i], time=datetime(2024, 1, 1) + timedelta(seconds=3 * k))

    return Told("rest", [sweep(k) for k in range(3)], stimulus=[Told("", amplifier_mode=mode)])


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """A bundle of three series, of which the first was recorded in voltage clamp."""
    series = [heka("voltage clamp", -60), heka("current clamp", -71), heka("current clamp", -67)]
    reader = type(sys)("myokit.formats.heka")
    reader.PatchMasterFile = lambda path: contextlib.nullcontext([Told("E-1", series)])
    for name, module in (("myokit", type(sys)("myokit")), ("myokit.formats.heka", reader)):
        module.__spec__ = ModuleSpec(name, None)
        monkeypatch.setitem(sys.modules, name, module)
    (tmp_path / "day.dat").write_bytes(b"DAT2")
    return tmp_path / "day.dat"


def test_heka_is_read_by_myokit_and_marked_as_never_tried(bundle):
    rest = rest_of(bundle)
    assert (rest.channel.name, rest.current_from, rest.sweeps) == ("1/2/V-mon", Source.MEASURED, 3)
    assert rest.V_m == pytest.approx(-71, abs=0.2)
    assert rest.current_pA == pytest.approx(-20, abs=1)
    assert rest.flags[0] == "1/3/V-mon (mV) would do as well: --channel chooses"
    assert rest.flags[1].startswith("HEKA's .dat is read by myokit, and was never tried on a real file here")
    assert rest_of(bundle, choice="1/3/V-mon").V_m == pytest.approx(-67, abs=0.2)


def test_heka_without_myokit_is_a_hint(tmp_path, monkeypatch):
    (tmp_path / "day.dat").write_bytes(b"DAT2")
    monkeypatch.setitem(sys.modules, "myokit", None)
    with pytest.raises(DataError, match=r'HEKA\'s \.dat is read after an export .* by pip install "vrest\[heka\]"'):
        read_recording(tmp_path / "day.dat")


def test_what_is_read_of_myokit_is_there():
    heka = pytest.importorskip("myokit.formats.heka")
    used = {
        "PatchMasterFile": "__enter__",
        "Series": "stimulus",
        "Sweep": "time",
        "Trace": "duration label value_unit values",
    }
    assert all(hasattr(getattr(heka, kind), name) for kind, names in used.items() for name in names.split())


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"echo run > {self.path}",)


def damaged(folder: Path) -> dict[str, Path]:
    good = write_abf(folder / "good.abf", trace(2)).read_bytes()
    corrupted = bytearray(good)
    struct.pack_into("i", corrupted, 10, 2**31 - 1)
    struct.pack_into("i", corrupted, 138, -5)
    files = {
        "empty.abf": b"",
        "text.abf": b"time,V\n0,-65\n",
        "cut.abf": good[:700],
        "short.abf": good[:4],
        "corrupted.abf": bytes(corrupted),
        "abf2.abf": b"ABF2" + b"\xff" * 600,
        "text.nwb": b"not HDF5 at all",
        "broken.nwb": b"\x89HDF\r\n\x1a\n" + b"\x07" * 900,
        "noise.wcp": b"\x13\x37" * 900,
        "noise.ibw": b"\x13\x37" * 900,
        "noise.smr": b"\x13\x37" * 900,
        "noise.axgx": b"axgx" + b"\x13\x37" * 900,
        "patchmaster.dat": b"DAT2" + b"\x00" * 900,
        "notes.docx": b"PK\x03\x04",
    }
    for name in ("pickle.abf", "pickle.nwb", "pickle.pkl", "pickle.wcp", "pickle.ibw", "pickle.smr", "pickle.h5"):
        files[name] = pickle.dumps(Bomb(folder / "ran"))
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "good.abf").unlink()
    with h5py.File(folder / "spikes_only.nwb", "w") as file:
        file["units/spike_times"] = np.arange(5.0)
    return {name: folder / name for name in [*files, "spikes_only.nwb"]}


def test_damaged_and_hostile_files_are_a_sentence_each(tmp_path):
    files = damaged(tmp_path)
    for name, path in files.items():
        with pytest.raises(DataError) as caught:
            resting_potential(read_recording(path))
        sentence = str(caught.value)
        assert sentence.startswith(f"{name}: ")
        assert "\n" not in sentence
        assert len(sentence) < 300
    assert not (tmp_path / "ran").exists()
    pickle.loads((tmp_path / "pickle.abf").read_bytes())  # the bomb is live: unpickling does run it
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("name", "expected", "within"),
    [("2020_07_29_0062", -45.8, 0.1), ("18711001", -67.9, 0.5), ("190619B_0003", -68.0, 1.0)],
)
def test_real_recordings(name, expected, within):
    path = REAL / f"{name}.abf"
    if not path.exists():
        pytest.skip("set VREST_RECORDINGS to a folder with pyABF's sample files")
    assert resting_potential(read_recording(path)).V_m == pytest.approx(expected, abs=within)
