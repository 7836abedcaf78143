"""No file of the user's is lost: what `--force` replaces, what it leaves, and what happens to two runs at once."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import vrest
from tests.synthetic import INSIDE, recordings
from vrest.cli import main
from vrest.fitting.results.outputs import ResultsFile, ResultsFolder
from vrest.fitting.results.written import LIST
from vrest.models.errors import FileWarning
from vrest.shared import writing


def state(folder: Path) -> dict[str, str | bytes]:
    """Everything below a folder: what links point to, and what files hold."""
    return {
        str(p.relative_to(folder)): os.readlink(p) if p.is_symlink() else p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_symlink() or p.is_file()
    }


def write(folder: Path, **files: str) -> None:
    with ResultsFolder(folder, force=True, writes=["a.csv", "b.csv", "cells/1.csv"]).writing() as aside:
        for name, text in files.items():
            path = aside / (name.replace("_", "/") + ".csv")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)


@pytest.fixture
def results(tmp_path) -> Path:
    """A folder that vrest wrote, one folder in it."""
    write(tmp_path / "run", a="one", b="two", cells_1="three")
    return tmp_path / "run"


def test_the_list_is_one_that_sha256sum_checks(results):
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", LIST], cwd=results, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("OK") == 3
    listed = (results / LIST).read_text().splitlines()[1:]
    assert f"{hashlib.sha256(b'two').hexdigest()}  b.csv" in listed


def test_force_replaces_what_is_listed_and_leaves_the_rest(results):
    (results / "notes.txt").write_text("mine")
    (results / "cells/drawing.svg").write_text("mine")
    (results / "raw").mkdir()
    (results / "raw/a.csv").write_text("mine")
    (results / "b.csv").unlink()
    with pytest.warns(FileWarning, match=r"notes\.txt, raw"):
        write(results, a="new")
    assert {n: s for n, s in state(results).items() if n != LIST} == {
        "a.csv": b"new", "notes.txt": b"mine", "cells/drawing.svg": b"mine", "raw/a.csv": b"mine"
    }  # fmt: skip
    assert [p.name for p in results.parent.iterdir()] == ["run"]
    with pytest.warns(FileWarning, match="stays"):
        write(results, a="newer")  # which knows that it wrote a.csv


def _lab(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/design.csv").write_text("mine")


def _old_results(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/fit.nc").write_text("of a version without lists")


def _edited(tmp_path):
    write(tmp_path / "out", a="one")
    (tmp_path / "out/a.csv").write_text("annotated")


def _own_file_of_our_name(tmp_path):
    write(tmp_path / "out", a="one")
    (tmp_path / "out/b.csv").write_text("mine")


def _link_in_place_of_a_file(tmp_path):
    write(tmp_path / "out", a="one")
    (tmp_path / "thesis.csv").write_text("one")
    (tmp_path / "out/a.csv").unlink()
    (tmp_path / "out/a.csv").symlink_to(tmp_path / "thesis.csv")


def _linked_folder(tmp_path):
    write(tmp_path / "out", cells_1="one")
    (tmp_path / "out/cells").rename(tmp_path / "mine")
    (tmp_path / "out/cells").symlink_to(tmp_path / "mine")


def _list_that_points_outside(tmp_path):
    (tmp_path / "thesis.csv").write_text("mine")
    write(tmp_path / "out", a="one")
    digest = hashlib.sha256(b"mine").hexdigest()
    with (tmp_path / "out" / LIST).open("a") as file:
        file.write(f"{digest}  ../thesis.csv\n")


def _list_of_someone_else(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.csv").write_text("mine")
    (tmp_path / "out" / LIST).write_text(f"{hashlib.sha256(b'mine').hexdigest()}  a.csv\n")


def _file(tmp_path):
    (tmp_path / "out").write_text("mine")


def _link_to_nothing(tmp_path):
    (tmp_path / "out").symlink_to("nowhere")


def _list_that_is_a_link(tmp_path):
    write(tmp_path / "out", a="one")
    (tmp_path / "out" / LIST).rename(tmp_path / "mine")
    (tmp_path / "out" / LIST).symlink_to(tmp_path / "mine")


def _folder_in_place_of_the_list(tmp_path):
    (tmp_path / "out" / LIST).mkdir(parents=True)


def _cut_list(tmp_path):
    write(tmp_path / "out", a="one", b="two")
    (tmp_path / "out" / LIST).write_text((tmp_path / "out" / LIST).read_text()[:130])


def _list_of_bytes(tmp_path):
    write(tmp_path / "out", a="one")
    (tmp_path / "out" / LIST).write_bytes(bytes(range(256)))


def _no_list(tmp_path):
    write(tmp_path / "out", a="one")
    (tmp_path / "out" / LIST).unlink()


def _link_to_a_lab(tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/a.csv").write_text("mine")
    (tmp_path / "out").symlink_to("lab")


def _repository(tmp_path):
    (tmp_path / "out/.git").mkdir(parents=True)
    (tmp_path / "out/.git/config").write_text("mine")


def _folder_in_place_of_a_file(tmp_path):
    write(tmp_path / "out", b="two")
    (tmp_path / "out/a.csv").mkdir()


def _copied_results(tmp_path):
    write(tmp_path / "run", a="one")
    (tmp_path / "run").rename(tmp_path / "out")
    (tmp_path / "out/b.csv").write_text("mine")


def _pipe(tmp_path):
    os.mkfifo(tmp_path / "out")


TARGETS = [
    _lab, _old_results, _edited, _own_file_of_our_name, _link_in_place_of_a_file, _linked_folder,
    _list_that_points_outside, _list_of_someone_else, _file, _link_to_nothing, _pipe, _list_that_is_a_link,
    _folder_in_place_of_the_list, _cut_list, _list_of_bytes, _no_list, _link_to_a_lab, _repository,
    _folder_in_place_of_a_file, _copied_results,
]  # fmt: skip


@pytest.mark.parametrize("make", TARGETS)
def test_a_folder_with_anything_of_the_users_in_the_way_is_refused_before_the_work(make, tmp_path):
    make(tmp_path)
    before = state(tmp_path) if make is not _pipe else None
    with pytest.raises(vrest.ConfigurationError, match=r"another name|Move it away"):
        ResultsFolder(tmp_path / "out", force=True, writes=["a.csv", "b.csv"])
    assert before == (state(tmp_path) if make is not _pipe else None)


@pytest.mark.parametrize(
    "place",
    ["data.csv", "link.csv", "hard.csv", ".", "..", "folder", "data.csv/run", "no\0name", "n" * 300, "a\nb", "\udcff"],
)
def test_an_input_and_an_impossible_place_are_refused(place, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    Path("data.csv").write_text("mine")
    Path("link.csv").symlink_to("data.csv")
    os.link("data.csv", "hard.csv")
    Path("folder").symlink_to(".")
    before = state(tmp_path)
    for kind in (ResultsFolder, ResultsFile):
        with pytest.raises(vrest.ConfigurationError, match="another"):
            kind(place, force=True, inputs=["data.csv"])
    assert state(tmp_path) == before


def test_a_place_where_nothing_may_be_made_is_refused_before_the_work(tmp_path, monkeypatch):
    def refuse(*_, **more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    for kind in (ResultsFolder, ResultsFile):
        with pytest.raises(vrest.ConfigurationError, match="cannot be written: Permission denied"):
            kind(tmp_path / "deep/run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("before", [False, True])
def test_of_two_runs_into_one_folder_the_second_is_told_and_neither_is_lost(before, tmp_path):
    if before:
        write(tmp_path / "run", a="old")
    first, second = (ResultsFolder(tmp_path / "run", force=before) for _ in range(2))

    def overlap() -> None:
        with second.writing() as aside:
            (aside / "a.csv").write_text("second")
            with first.writing() as other:
                (other / "a.csv").write_text("first")

    with pytest.raises(vrest.ConfigurationError, match=r"stays as it is\. These results are in .*run-2"):
        overlap()
    assert (tmp_path / "run/a.csv").read_text() == "first"
    assert (tmp_path / "run-2/a.csv").read_text() == "second"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run", "run-2"]
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["a.csv", LIST]


def test_what_the_user_puts_there_while_a_run_works_stays(results):
    run = ResultsFolder(results, force=True, writes=["a.csv"])

    def overlap() -> None:
        with run.writing() as aside:
            (aside / "a.csv").write_text("new")
            (aside / "c.csv").write_text("new")
            (results / "c.csv").write_text("mine")

    with pytest.raises(vrest.ConfigurationError, match="run-2"):
        overlap()
    assert (results / "c.csv").read_text() == "mine"
    assert (results / "a.csv").read_text() == "one"
    assert (results.parent / "run-2/a.csv").read_text() == "new"
    write(results.parent / "run-2", a="again")


def test_a_failure_while_writing_leaves_everything_as_it_was(results, tmp_path):
    before = state(tmp_path)

    def stop(place: ResultsFolder | ResultsFile) -> None:
        with place.writing() as aside:
            (aside / "a.csv" if aside.is_dir() else aside).write_text("half")
            raise KeyboardInterrupt

    for place in (ResultsFolder(results, force=True), ResultsFolder(tmp_path / "new"), ResultsFile(tmp_path / "x.csv")):
        with pytest.raises(KeyboardInterrupt):
            stop(place)
    assert state(tmp_path) == before


def test_what_a_killed_run_left_is_removed_after_a_day_and_said(tmp_path):
    old, young, mine = (
        tmp_path / name for name in (".run-unfinished-abcd1234", ".run-unfinished-efgh5678", ".run-unfinished")
    )
    for folder in (old, young, mine):
        folder.mkdir()
        (folder / "fit.nc").write_text("half")
    for folder in (old, mine):
        os.utime(folder, (0, 0))
    with pytest.warns(FileWarning, match="abcd1234, left by a run that was killed, is removed"):
        write(tmp_path / "run", a="one")
    assert sorted(p.name for p in tmp_path.iterdir()) == [mine.name, young.name, "run"]


def put(path: Path, text: str, force: bool = False) -> None:
    with ResultsFile(path, force).writing() as aside:
        aside.write_text(text)


def test_a_single_file_is_replaced_only_as_vrest_wrote_it(tmp_path):
    path = tmp_path / "baths.csv"
    put(path, "one")
    with pytest.raises(vrest.ConfigurationError, match="force=True"):
        ResultsFile(path)
    put(path, "two", force=True)
    assert path.read_text() == "two"
    path.write_text("two, and a column of mine")
    with pytest.raises(vrest.ConfigurationError, match="not as vrest wrote it"):
        ResultsFile(path, force=True)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(vrest.ConfigurationError, match="not written by vrest"):
        ResultsFile(tmp_path / "notes.txt", force=True)
    with pytest.raises(vrest.ConfigurationError, match="not written by vrest"):
        ResultsFile(tmp_path, force=True)


def test_a_link_in_place_of_the_hidden_list_does_not_lead_to_the_users_own_file(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / f".{LIST}").symlink_to("mine.txt")
    with pytest.raises(vrest.ConfigurationError, match="is a link or a folder"):
        ResultsFile(tmp_path / "p.csv")
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("before", [False, True])
def test_of_two_runs_into_one_file_the_second_is_told_and_neither_is_lost(before, tmp_path):
    if before:
        put(tmp_path / "p.csv", "old")
    second = ResultsFile(tmp_path / "p.csv", force=before)

    def overlap() -> None:
        with second.writing() as aside:
            aside.write_text("second")
            put(tmp_path / "p.csv", "first", force=before)

    with pytest.raises(vrest.ConfigurationError, match=r"These results are in .*p-2\.csv"):
        overlap()
    assert (tmp_path / "p.csv").read_text() == "first"
    assert (tmp_path / "p-2.csv").read_text() == "second"


COMMANDS = [
    ("fit", ["--inside", INSIDE]),
    ("compare", ["--laws", "ghk,ghk-pump"]),
    ("design", ["--inside", INSIDE]),
    ("recover", ["--inside", INSIDE]),
    ("simulate", ["--inside", INSIDE, "--truth", "truth.toml"]),
    ("solutions", []),
]


@pytest.mark.parametrize(("command", "flags"), COMMANDS, ids=lambda x: x if isinstance(x, str) else "")
def test_no_command_replaces_a_file_of_the_users(command, flags, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    vrest.to_frame(recordings()).to_csv("data.csv", index=False)
    for name in ("notes.txt", "truth.toml", "mine.csv"):
        Path(name).write_text("a = 1\n")
    Path("lab").mkdir()
    Path("lab/design.csv").write_text("years of work")
    Path("s.toml").write_text("[control]\nNaCl = 140\n")
    Path("settings.toml").write_text("seed = 2\n")
    given = "s.toml" if command == "solutions" else "data.csv"
    config = [] if command == "solutions" else ["--config", "settings.toml"]
    before = state(tmp_path)
    for out in (given, *config[1:], "notes.txt", "mine.csv", "lab", ".", "notes.txt/x", *flags[3:]):
        assert main([command, given, *flags, *config, "--force", "--out", out]) == 2, out
        said = capsys.readouterr()
        assert said.out == ""
        assert f"vrest {command}: {out} " in said.err
        assert state(tmp_path) == before


@pytest.mark.usefixtures("undrawn")
def test_predictions_pictures_and_reports_replace_their_own_alone(full_fit, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("vrest.fitting.report.report.report_html", lambda fit: "a report")
    run = full_fit.save(tmp_path / "run", picture=False)
    baths, out = tmp_path / "baths.csv", tmp_path / "p.csv"
    baths.write_text("K_o_mM,Na_o_mM,Cl_o_mM,temperature_C\n4,145,130,22\n")
    asked = ["predict", str(run), str(baths), "--out", str(out), "--force"]
    assert main(asked) == main(asked) == 0
    out.write_bytes(out.read_bytes() + b"mine\n")
    assert main(asked) == 2
    assert out.read_bytes().endswith(b"mine\n")
    for place in (baths, run / "fit.nc", run / "summary.csv"):
        assert main(["predict", str(run), str(baths), "--out", str(place), "--force"]) == 2
    assert main(["report", str(run)]) == main(["report", str(run)]) == 0
    full_fit.save(run, force=True, report=True, picture=False)  # the report is one of its own
    (run / "report.html").write_text("mine")
    assert main(["report", str(run)]) == 2
    assert (run / "report.html").read_text() == "mine"
    picture = tmp_path / "rest.png"
    assert main(["explain", "--plot", str(picture)]) == main(["explain", "--plot", str(picture), "--force"]) == 0
    assert main(["explain", "--plot", str(baths), "--force"]) == 2
    capsys.readouterr()


SMALL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
from vrest.cli import main
for line in sys.stdin:
    print("status", main(line.split()), file=sys.stderr)
"""
"""Commands, one a line, in a process whose files cannot grow beyond 200 bytes, as on a disk that is full."""


@pytest.mark.thorough
def test_a_full_disk_is_a_sentence_with_the_path_and_leaves_nothing(tmp_path):
    plan = vrest.to_frame(recordings(K_o=(2.5, 10, 40), temperatures=(22,))).drop(columns="V_m_mV")
    plan.to_csv(tmp_path / "plan.csv", index=False)
    (tmp_path / "truth.toml").write_text(
        '"P_Na/P_K" = 0.03\n"P_Cl/P_K" = 0.1\npump_mV = 5\nQ10_pump = 2.4\nQ10_leak = 1.4\nsigma_mV = 1.5\n'
    )
    before = state(tmp_path)
    commands = {
        "x.csv": f"simulate plan.csv --truth truth.toml --inside {INSIDE} --out x.csv",
        "plan-design": f"design plan.csv --inside {INSIDE} --out plan-design",
        "x.png": "explain --plot x.png",
    }
    done = subprocess.run(
        [sys.executable, "-c", SMALL_DISK], input="\n".join(commands.values()), capture_output=True, text=True,
        check=True, cwd=tmp_path,
    )  # fmt: skip
    for (out, command), said in zip(commands.items(), done.stderr.split("status 2\n"), strict=False):
        assert said.splitlines()[-1] == f"vrest {command.split()[0]}: {tmp_path.resolve() / out}: File too large."
    assert done.stderr.count("status 2\n") == len(commands)
    assert state(tmp_path) == before


def test_a_fit_that_finds_the_disk_full_keeps_its_draws_elsewhere(full_fit, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    place = ResultsFolder(tmp_path / "run")

    def fail() -> None:
        with writing(place, full_fit):
            full()

    with pytest.raises(OSError, match="No space left") as caught:
        fail()
    assert caught.value.filename == str(tmp_path / "run")
    kept = next((tmp_path / "home").iterdir())
    assert f"The draws are in {kept}" in caught.value.__notes__[0]
    assert vrest.load(kept).summary().equals(full_fit.summary())
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="it is Linux that has a device that is always full")
@pytest.mark.parametrize("command", [["laws"], ["--help"], ["fit", "--help"], ["ft"]], ids=" ".join)
def test_output_that_cannot_be_printed_is_a_sentence(command):
    with open("/dev/full", "w") as full:
        where = {"stderr" if command == ["ft"] else "stdout": full}
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **where}
        done = subprocess.run([sys.executable, "-m", "vrest", *command], text=True, check=False, **streams)
    assert done.returncode == 2
    if command != ["ft"]:
        assert done.stderr.endswith(": standard output: No space left on device.\n")


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """A file as disks, cables and editors damage it."""
    at, length = int(rng.integers(len(content) - 1)), int(rng.choice([1, 8, 600]))
    match int(rng.integers(5)):
        case 0:
            return content[:at] + bytes([content[at] ^ (1 << int(rng.integers(8)))]) + content[at + 1 :]
        case 1:
            return content[:at]
        case 2:
            return content[:at] + bytes(length) + content[at + length :]
        case 3:
            return content[:at] + rng.bytes(length) + content[at:]
        case _:
            return content[:at] + rng.bytes(64) + content[at + 64 :]


def test_a_damaged_fit_is_refused_in_a_line_however_it_is_damaged(potassium_fit, tmp_path):
    """No bit may change in silence: the file ends in a checksum of itself."""
    whole = (potassium_fit.save(tmp_path / "run", picture=False) / "fit.nc").read_bytes()
    rng, path = np.random.default_rng(1), tmp_path / "fit.nc"
    for _ in range(60):
        path.write_bytes(content := damaged(whole, rng))
        if content == whole:
            continue
        with pytest.raises(vrest.ConfigurationError, match=r"damaged|not a fit that vrest wrote") as caught:
            vrest.load(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    path.write_bytes(whole)
    assert vrest.load(path).summary().equals(potassium_fit.summary())
    assert vrest.load(path).tree.identical(xr.open_datatree(path, engine="h5netcdf").load())  # as others read it


def test_a_fit_that_something_else_saved_is_read_with_a_warning(potassium_fit, tmp_path):
    potassium_fit.save(tmp_path / "run", picture=False)
    with xr.open_datatree(tmp_path / "run/fit.nc", engine="h5netcdf") as tree:
        tree.load().to_netcdf(tmp_path / "again.nc", engine="h5netcdf")
    with pytest.warns(FileWarning, match="no checksum of vrest's"):
        again = vrest.load(tmp_path / "again.nc")
    assert again.summary().equals(potassium_fit.summary())
    del tree["prior"]
    tree.to_netcdf(tmp_path / "less.nc", engine="h5netcdf")
    with pytest.raises(vrest.ConfigurationError, match="prior is missing"):
        vrest.load(tmp_path / "less.nc")
