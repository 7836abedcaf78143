"""`vrest import`: many recordings into one table, with the evidence for each row."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vrest.cli import main
from vrest.data import read_csv
from vrest.evidence import COLUMNS

from .signals import trace, with_spikes
from .test_formats import damaged
from .written import abf1, ibw, write_abf


def known(path: Path, rest: float, seconds: float = 2, seed: int = 1) -> Path:
    return abf1(path, {"Vm": ("mV", [trace(seconds, rest, seed=seed)])}, mode=3)


def test_nothing_readable_is_status_2_and_writes_pictures_only(tmp_path, capsys):
    bad = tmp_path / "bad"
    bad.mkdir()
    files = damaged(bad)
    assert main(["import", *map(str, files.values()), "--out", str(tmp_path / "out.csv")]) == 2
    said = capsys.readouterr().err
    assert all(f"{name}: " in said for name in files)
    assert "Traceback" not in said
    assert f"none of {len(files)} files gave a resting potential; no table was written." in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad", "out-pictures"]
    assert len(list((tmp_path / "out-pictures").glob("*.png"))) == len(files)


def test_a_name_that_is_no_text_is_shown_by_its_bytes(tmp_path, capsys):
    """As a disk of another system has them; a line break in a name is shown, too."""
    for name in ("gr\udcf6sse.abf", "a\nb.abf"):
        known(tmp_path / name, -70, seed=len(name))
    assert main(["import", str(tmp_path), "--out", str(tmp_path / "out.csv")]) == 0
    capsys.readouterr()
    assert sorted(pd.read_csv(tmp_path / "out.csv")["cell"]) == [r"a\nb", r"gr\udcf6sse"]
    pictures = sorted(p.name for p in (tmp_path / "out-pictures").glob("*.png"))
    assert pictures == [r"a\nb.png", r"gr\udcf6sse.png"]


def test_many_files_make_one_table_that_can_be_read(tmp_path, capsys):
    folder = tmp_path / "rig"
    folder.mkdir()
    for i, rest in enumerate((-70, -66, -62)):
        known(folder / f"cell{i}.abf", rest, seed=i)
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
    assert [p.name for p in pictures] == ["cell0.png", "cell1.png", "cell2.png", "cell9.png"]
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in pictures)
    table = pd.read_csv(out)
    assert table["V_m_mV"].tolist() == pytest.approx([-70, -66, -62], abs=0.3)
    recordings = read_csv(out, solutions=tmp_path / "baths.toml", pipette="pipette")
    np.testing.assert_allclose(recordings["V_m"] + recordings["ljp"], table["V_m_mV"])
    assert main(arguments) == 2  # what exists is refused
    assert "--force" in capsys.readouterr().err


def test_an_absent_reader_says_what_to_install(tmp_path, monkeypatch, capsys):
    path = known(tmp_path / "a.abf", -65)
    monkeypatch.setitem(sys.modules, "neo.rawio.axonrawio", None)
    assert main(["import", str(path), "--out", str(tmp_path / "a.csv")]) == 2
    assert 'needs neo, which is not installed: pip install "vrest[recordings]".' in capsys.readouterr().err


def test_reading_tables_loads_no_reader_of_recordings():
    code = "import sys, vrest.data; print(sorted({'neo', 'h5py', 'matplotlib', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_that_look_the_same_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("a\x01.abf", "a\\x01.abf"):
        Path(name).touch()
    assert main(["import", "a\x01.abf", "a\\x01.abf", "--out", "t.csv"]) == 2
    assert "two recordings have this name, as it can be shown; rename one" in capsys.readouterr().err
    assert not Path("t.csv").exists()


def test_two_cells_are_never_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rests = {"a/x/f.abf": -70, "b/x/f.abf": -66, "g.abf": -62, "x-f.abf": -58, "X-F.abf": -54}
    for n, (name, rest) in enumerate(rests.items()):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        known(Path(name), rest, seed=n)
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


def test_a_row_carries_its_evidence_and_the_help_explains_every_column(tmp_path, capsys):
    v = with_spikes(trace(4, -65), [1.0, 2.5])
    path = abf1(tmp_path / "c.abf", {"Vm": ("mV", [v])}, holding={0: -20.0}, mode=3)
    out = tmp_path / "t.csv"
    arguments = ["import", str(path), "--solution", "bath", "--temperature", "22", "--ljp", "4", "--out", str(out)]
    assert main(arguments) == 0
    row = pd.read_csv(out).iloc[0]
    assert list(row.index) == list(COLUMNS)
    assert (row["current_pA"], row["current_from"], row["spikes"], row["first_s"], row["last_s"]) == (
        -20,
        "command",
        2,
        0,
        4,
    )
    assert row["flags"] == "held with -20 pA"
    with pytest.raises(SystemExit):
        main(["import", "--help"])
    explained = capsys.readouterr().out
    assert all(f"\n  {name} " in explained for name in COLUMNS)


def test_what_is_not_known_stays_empty_until_it_is_assumed(tmp_path, capsys):
    known(tmp_path / "a.abf", -70)
    write_abf(tmp_path / "b.abf", trace(2, -60))
    out = tmp_path / "t.csv"
    arguments = ["import", str(tmp_path), "--temperature", "22", "--out", str(out)]
    assert main(arguments) == 0
    said = capsys.readouterr().err
    assert "1 of them has no V_m_mV, since the injected current is not known" in said
    assert "--assume-no-current fills it in" in said
    table = pd.read_csv(out).set_index("cell")
    assert np.isnan(table.loc["b", "V_m_mV"])
    assert table.loc["b", "current_from"] == "unknown"
    assert "V_m is -60." in table.loc["b", "flags"]
    assert main([*arguments, "--force", "--assume-no-current"]) == 0
    filled = pd.read_csv(out).set_index("cell")
    assert filled["V_m_mV"].tolist() == pytest.approx([-70, -60], abs=0.3)
    assert filled["current_from"].tolist() == ["command", "assumed"]


def test_a_table_of_unknowns_still_has_its_column(tmp_path):
    write_abf(tmp_path / "b.abf", trace(2, -60))
    assert main(["import", str(tmp_path / "b.abf"), "--out", str(tmp_path / "t.csv")]) == 0
    assert pd.read_csv(tmp_path / "t.csv")["V_m_mV"].isna().all()


def test_clamp_current_overrules_the_amplifier(tmp_path, capsys):
    quiet = {"Vm": ("mV", [trace(2, -60, noise=0.05)])}
    path = abf1(tmp_path / "a.abf", quiet, ("mV",), telegraph={0: 0}, mode=3)
    arguments = ["import", str(path), "--out", str(tmp_path / "t.csv")]
    assert main(arguments) == 2
    assert "the amplifier reported voltage clamp). --clamp current overrules this." in capsys.readouterr().err
    assert main([*arguments, "--force", "--clamp", "current", "--assume-no-current"]) == 0
    assert pd.read_csv(tmp_path / "t.csv")["V_m_mV"][0] == pytest.approx(-60, abs=0.1)


def test_companion_waves_are_one_row(tmp_path, capsys):
    for k in range(2):
        ibw(tmp_path / f"cell_{k}_Ch0.ibw", trace(2, -63, seed=k))
        ibw(tmp_path / f"cell_{k}_Ch1.ibw", trace(2, 0, noise=1, seed=9 + k), unit="A")
    assert main(["import", str(tmp_path), "--out", str(tmp_path / "t.csv")]) == 0
    table = pd.read_csv(tmp_path / "t.csv")
    assert table["cell"].tolist() == ["cell_0_Ch0", "cell_1_Ch0"]
    assert table["current_from"].tolist() == ["measured", "measured"]
    assert table["V_m_mV"].tolist() == pytest.approx([-63, -63], abs=0.3)


def test_nothing_a_library_prints_reaches_the_terminal(tmp_path, monkeypatch, capfd):
    import logging
    import warnings

    from vrest.data.recordings import abf

    known(tmp_path / "细胞 $^.abf", -70)  # no font here has these letters, and matplotlib warns of each
    (tmp_path / "空.abf").touch()
    read = abf.read_abf

    def loud(path):
        print("read by a stranger")
        print("and again", file=sys.stderr)
        logging.getLogger("neo").error("logged by a stranger")
        warnings.warn("warned by a stranger", UserWarning, stacklevel=1)
        return read(path)

    monkeypatch.setattr(abf, "read_abf", loud)
    assert main(["import", str(tmp_path), "--out", str(tmp_path / "t.csv")]) == 0
    out, err = capfd.readouterr()
    assert "Glyph" not in out + err
    assert not [line for line in (out + err).splitlines() if "stranger" in line or "again" in line]
