"""Recordings written here, with known rest, spikes, drift and noise, are read back as a person would read them."""

import os
import pickle
import struct
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vrest.cli import main
from vrest.data import read_csv
from vrest.data.recordings.baseline import resting_potential
from vrest.data.recordings.formats import Channel, Recording, Sweep, read_recording
from vrest.data.recordings.pictures import save_picture
from vrest.models.errors import ConfigurationError, DataError

pyabf = pytest.importorskip("pyabf")
RATE = 10_000
REAL = Path(os.environ.get("VREST_RECORDINGS", "no such folder"))


def trace(seconds: float, rest: float = -65.0, noise: float = 0.4, drift: float = 0.0, seed: int = 1) -> np.ndarray:
    """A membrane at rest in mV, with slow and fast noise and a linear drift (mV from beginning to end)."""
    generator = np.random.default_rng(seed)
    count = int(seconds * RATE)
    slow = np.convolve(generator.normal(size=count + 200), np.ones(201) / np.sqrt(201), "valid")
    return rest + noise * (generator.normal(size=count) + 0.5 * slow) + drift * np.linspace(-0.5, 0.5, count)


def with_spikes(v: np.ndarray, times: list[float], after: float = -10.0, tau_s: float = 0.06) -> np.ndarray:
    """Action potentials of 2 ms to +30 mV, each with a decaying after-potential."""
    v = v.copy()
    t = np.arange(len(v)) / RATE
    for at in times:
        since = t - at
        v += np.where(since > 0.002, after * np.exp(-(since - 0.002) / tau_s), 0)
        v += 95 * np.exp(-0.5 * ((since - 0.001) / 0.0004) ** 2)
    return v


def recording(*sweeps: np.ndarray, unit: str = "mV", stimulus: int | None = None, **more) -> Recording:
    channel = Channel("Vm", unit, [Sweep(v, RATE, 5.0 * i, stimulus) for i, v in enumerate(sweeps)])
    return Recording("r.abf", [channel], **more)


def write_abf(path: Path, *sweeps: np.ndarray, unit: str = "mV") -> Path:
    from pyabf.abfWriter import writeABF1

    writeABF1(np.array(sweeps), str(path), RATE, units=unit)
    return path


def write_nwb(
    path: Path, sweeps: list[np.ndarray], kind: str = "CurrentClampSeries", step_at: int | None = None
) -> Path:
    from pynwb import NWBHDF5IO, NWBFile, icephys

    file = NWBFile("written by a test", "it", datetime(2024, 1, 1, tzinfo=UTC))
    electrode = file.create_icephys_electrode("e0", description="patch", device=file.create_device("amplifier"))
    shared = {"electrode": electrode, "gain": 1.0, "rate": float(RATE)}
    for i, v in enumerate(sweeps):
        more = {"bias_current": -12e-12} if kind == "CurrentClampSeries" else {}
        series = getattr(icephys, kind)(
            name=f"sweep{i}", data=np.float32(v), starting_time=3.0 * i, conversion=1e-3, sweep_number=np.uint32(i),
            **shared, **more,
        )  # fmt: skip
        file.add_acquisition(series)
        if step_at is not None:
            current = np.zeros(len(v), dtype=np.float32)
            current[step_at:] = 50e-12
            file.add_stimulus(
                icephys.CurrentClampStimulusSeries(
                    name=f"step{i}", data=current, starting_time=3.0 * i, sweep_number=np.uint32(i), **shared
                )
            )
    with NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


def write_ibw(path: Path, v: np.ndarray) -> Path:
    """Igor's binary wave, version 2, in volts: a header whose 16-bit words sum to zero, and the data."""
    data = np.asarray(v * 1e-3, dtype="<f4").tobytes()
    zeros = [0] * 3 + [0.0, 0.0] + [0] * 5
    wave = struct.pack("<hI20shhI4s4sihddhhhddbbIiI2sII", 2, 0, b"Vm", 0, 0, 0, b"V", b"s", len(v), 0, 1 / RATE, 0.0,
                       *zeros, b"", 0, 0)  # fmt: skip
    head = struct.pack("<hiii", 2, len(wave) + 16 + len(data), 0, 0)
    words = sum(np.frombuffer(head + b"\0\0" + wave, dtype="<i2").tolist())
    path.write_bytes(head + struct.pack("<h", (2**15 - words) % 2**16 - 2**15) + wave + bytes(16) + data)
    return path


def test_what_neo_reads(tmp_path):
    rest = resting_potential(read_recording(write_ibw(tmp_path / "wave.ibw", with_spikes(trace(5, -63), [1, 3]))))
    assert rest.V_m == pytest.approx(-63, abs=0.3)
    assert (rest.spikes, rest.channel.name, rest.flags) == (2, "Vm", [])


def test_noise_spikes_and_drift_leave_the_baseline(tmp_path):
    v = with_spikes(trace(20, -65, drift=1.5), [1, 2.5, 4, 4.2, 9, 11, 16])
    rest = resting_potential(read_recording(write_abf(tmp_path / "gapfree.abf", v)))
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
    rest = resting_potential(read_recording(write_nwb(tmp_path / "a.nwb", stepped, step_at=4000)))
    assert rest.V_m == pytest.approx(-69.8, abs=0.3)
    assert rest.duration == pytest.approx(5 * 0.4, abs=1e-6)
    assert (rest.sweeps, rest.spikes) == (5, 0)
    assert rest.holding_pA == pytest.approx(-12)
    assert rest.flags == ["held with -12 pA"]
    written = resting_potential(read_recording(write_abf(tmp_path / "a.abf", *sweeps)))
    assert written.V_m == pytest.approx(-69.8, abs=0.3)
    assert written.sweeps == 5


def test_a_current_channel_shows_the_stimulus_where_no_command_is_stored():
    v, current = trace(2, -62), np.random.default_rng(2).normal(0, 2, 2 * RATE)
    v[5000:] += 30
    current[5000:] += 80
    both = recording(v)
    both.channels.append(Channel("Im", "pA", [Sweep(current, RATE)]))
    rest = resting_potential(both)
    assert rest.V_m == pytest.approx(-62, abs=0.3)
    assert rest.duration == pytest.approx(0.5, abs=0.01)
    assert rest.holding_pA == pytest.approx(0, abs=1)


def test_current_clamp_without_current_in_nwb(tmp_path):
    rest = resting_potential(read_recording(write_nwb(tmp_path / "zero.nwb", [trace(5, -58)], "IZeroClampSeries")))
    assert rest.V_m == pytest.approx(-58, abs=0.3)
    assert rest.holding_pA == 0


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
    with pytest.raises(ConfigurationError, match=r"--channel 5: r has 0: membrane potential \(mV\), 1: Vm \(pA\), 2"):
        resting_potential(Recording("r", [flat, current, good]), "5")


def test_two_cells_in_one_file_are_pointed_out():
    both = recording(trace(1, -64))
    both.channels.append(Channel("Vm 2", "mV", [Sweep(trace(1, -70), RATE)]))
    assert resting_potential(both).flags == ["Vm 2 (mV) would do as well: --channel chooses"]


@pytest.mark.parametrize("unit", ["mV", "V", "uV", "µV"])
def test_units_of_potential(unit):
    channel, factor = Channel.of("x", unit)
    assert (channel.unit, factor) == ("mV", {"mV": 1, "V": 1e3}.get(unit, 1e-3))


def test_temperature_comes_from_its_channel():
    both = recording(trace(1))
    both.channels.append(Channel("bath", "°C", [Sweep(np.full(RATE, 31.04), RATE)]))
    assert resting_potential(both).temperature_C == 31.0
    assert np.isnan(resting_potential(recording(trace(1))).temperature_C)


def test_what_has_no_unit_is_no_current():
    """NWB writes n.a. where a signal has no unit."""
    assert Channel.of("lick", "n.a.")[0].unit == "n.a."
    assert Channel.of("Im", "nA")[0].unit == "pA"
    assert Channel.of("bath", "deg. C")[0].unit == "°C"


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
    assert {line.get_color() for line in traces.lines} == {"tab:blue", "tab:red"}  # nothing grey below what was taken
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
        (recording(trace(10), holding_pA=-50.0), "held with -50 pA"),
    ],
    ids=["drift", "unstable", "left", "offset", "held"],
)
def test_what_is_not_at_rest_is_flagged(made, flag):
    flags = resting_potential(made).flags
    assert len(flags) == 1
    assert pytest.importorskip("re").match(flag, flags[0])


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (
            recording(trace(10, drift=30)),
            r"r\.abf: Vm \(mV\) drifts by \+(29|30)\.\d mV in 10 s: there is no one resting",
        ),
        (
            recording(trace(1), unit="pA"),
            r"r\.abf: no channel is in mV \(channels: Vm \(pA\)\): voltage clamp, or no memb",
        ),
        (
            recording(trace(1), voltage_clamp="it says so"),
            r"r\.abf: no resting potential in voltage clamp \(it says so\)",
        ),
        (recording(trace(1, -650)), r"r\.abf: no channel looks like a membrane potential: Vm \(mV\) lies at -650 mV"),
        (recording(np.zeros(RATE)), r"r\.abf: no channel looks like .* stays at 0\.00 mV, as an unused input"),
        (recording(trace(1), stimulus=0), r"r\.abf: Vm \(mV\) has no 5 ms of baseline before stimulation"),
        (recording(with_spikes(trace(2), list(np.arange(0.005, 2, 0.02)))), r"fires all the time \(\d+ action"),
        (recording(lost), r"jumps about \(± \d\d mV\): there is no one resting"),
        (Recording("r.abf", []), r"r\.abf: no channel is in mV \(channels: none\)"),
    ],
    ids=["drift", "current", "clamp", "gain", "flat", "stimulus", "firing", "lost", "nothing"],
)
def test_what_holds_no_resting_potential_is_refused(made, reason):
    with pytest.raises(DataError, match=reason):
        resting_potential(made)


def test_voltage_clamp_in_nwb(tmp_path):
    path = write_nwb(tmp_path / "vc.nwb", [trace(1, -300)], "VoltageClampSeries")
    with pytest.raises(
        DataError, match=r"vc\.nwb: no resting potential in voltage clamp \(VoltageClampSeries, and no other"
    ):
        resting_potential(read_recording(path))


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
    import h5py

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


def test_nothing_readable_is_status_2_and_writes_nothing(tmp_path, capsys):
    bad = tmp_path / "bad"
    bad.mkdir()
    files = damaged(bad)
    assert main(["import", *map(str, files.values()), "--out", str(tmp_path / "out.csv")]) == 2
    said = capsys.readouterr().err
    assert all(f"{name}: " in said for name in files)
    assert "Traceback" not in said
    assert f"none of {len(files)} files gave a resting potential; nothing was written." in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad"]


def test_many_files_make_one_table_that_can_be_read(tmp_path, capsys):
    folder = tmp_path / "rig"
    folder.mkdir()
    for i, rest in enumerate((-70, -66, -62)):
        write_abf(folder / f"cell{i}.abf", trace(3, rest, seed=i))
    (folder / "cell9.abf").write_bytes(b"")
    (tmp_path / "baths.toml").write_text("[control]\nNaCl = 140\nKCl = 5\n[pipette]\nKCl = 140\n")
    out = tmp_path / "rig.csv"
    arguments = ["import", str(folder), "--solution", "control", "--temperature", "22", "--out", str(out)]
    assert main([*arguments, "--ljp", "compute"]) == 0
    printed, said = capsys.readouterr()
    assert "cell9.abf: is empty (0 bytes)." in said
    assert "3 of 4 files read, 0 of them flagged" in said
    assert [line.split()[0] for line in printed.splitlines()] == ["cell", "cell0", "cell1", "cell2"]
    pictures = sorted((tmp_path / "rig-pictures").glob("*.png"))
    assert [p.name for p in pictures] == ["cell0.png", "cell1.png", "cell2.png"]
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in pictures)
    table = pd.read_csv(out)
    assert table["V_m_mV"].tolist() == pytest.approx([-70, -66, -62], abs=0.3)
    recordings = read_csv(out, solutions=tmp_path / "baths.toml", pipette="pipette")
    np.testing.assert_allclose(recordings["V_m"] + recordings["ljp"], table["V_m_mV"])
    assert main(arguments) == 2  # what exists is refused
    assert "--force" in capsys.readouterr().err


def test_an_absent_reader_says_what_to_install(tmp_path, monkeypatch, capsys):
    path = write_abf(tmp_path / "a.abf", trace(1))
    monkeypatch.setitem(sys.modules, "pyabf", None)
    assert main(["import", str(path), "--out", str(tmp_path / "a.csv")]) == 2
    assert 'needs pyabf, which is not installed: pip install "vrest[recordings]".' in capsys.readouterr().err


def test_reading_tables_loads_no_reader_of_recordings():
    code = "import sys, vrest.data; print(sorted({'pyabf', 'neo', 'h5py', 'matplotlib', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "expected", "within"),
    [("2020_07_29_0062", -45.8, 0.1), ("18711001", -67.9, 0.5), ("190619B_0003", -68.0, 1.0)],
)
def test_real_recordings(name, expected, within):
    path = REAL / f"{name}.abf"
    if not path.exists():
        pytest.skip("set VREST_RECORDINGS to a folder with pyABF's sample files")
    assert resting_potential(read_recording(path)).V_m == pytest.approx(expected, abs=within)


def test_two_cells_are_never_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rests = {"a/x/f.abf": -70, "b/x/f.abf": -66, "g.abf": -62, "x-f.abf": -58, "X-F.abf": -54}
    for n, (name, rest) in enumerate(rests.items()):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        write_abf(Path(name), trace(2, rest, seed=n))
    Path("copy.abf").write_bytes(Path("g.abf").read_bytes())
    files = [*rests, "./g.abf", "copy.abf"]
    assert main(["import", *files, "--temperature", "22", "--out", "t.csv"]) == 0
    said = capsys.readouterr().err
    assert "told apart by their folders: a/x/f.abf, b/x/f.abf." in said
    assert "g.abf: is named twice" in said
    assert "copy.abf: holds the same bytes as g.abf, and is left out" in said
    table = pd.read_csv("t.csv").set_index("cell")
    expected = {"a/x/f.abf": -70, "b/x/f.abf": -66, "g": -62, "x-f": -58, "X-F": -54}
    assert table["V_m_mV"].to_dict() == pytest.approx(expected, abs=0.3)
    pictures = [p.name for p in Path("t-pictures").glob("*.png")]
    assert len({name.casefold() for name in pictures}) == 5
    assert main(["import", *files, "--out", "t.csv", "--force"]) == 0
    recording = Path("g.abf").read_bytes()
    assert main(["import", *files, "--out", "g.abf", "--force"]) == 2
    assert Path("g.abf").read_bytes() == recording
