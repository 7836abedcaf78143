"""The command line as people use it: what it prints where, its status, and that bad input leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

import vrest
from tests.data.test_bad_tables import CELLS, TABLES, table_with
from tests.synthetic import INSIDE, recordings
from vrest.cli import main
from vrest.commands import COMMANDS
from vrest.fitting.results.store import write_tree


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "cell 7.csv"
    vrest.to_frame(recordings()).to_csv(path, index=False)
    return path


LITTLE = ["--law", "ghk", "--inside", INSIDE, "--draws", "300", "--tune", "300", "--no-robustness", "--no-report"]
"""Flags of a fit that is soon written."""


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--seed", "-1"], "--seed -1 is not a whole number of at least 0"),
        (["--seed", "1.5"], "--seed 1.5 is not a whole number"),
        (["--draws", "many"], "--draws 'many' is not a whole number"),
        (["--draws", "10000000"], "--draws 10000000 is not a whole number of at most 1000000"),
        (["--seed", "9" * 5000], "is not a whole number of at most 9223372036854775807"),
        (["--interval", "95"], "--interval 95 is not a number of at most 0.999, such as 0.95"),
        (["--interval", "nan"], "--interval 'nan' is not a number"),
        (["--temperature", "warm"], "--temperature 'warm' is not a number"),
        (["--where", ""], "--where '' is empty"),
        (["--cores", "0"], "--cores 0 is not a whole number of at least 1"),
    ],
)
def test_a_flags_bad_value_is_named_with_the_flag(flags, says, capsys):
    assert main(["fit", "crayfish_muscle", *flags]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.usefixtures("sampled_once", "glanced", "undrawn")
def test_fit_writes_the_folder_and_prints_tables_to_standard_output(table, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["fit", str(table), "--inside", INSIDE, "--seed", "3", "--draws", "500", "--tune", "500"]) == 0
    out, err = capsys.readouterr()
    assert "P_Na/P_K" in out
    assert "Identification:" in out
    assert "89% interval" in out
    assert "known exactly" in err
    assert "Results are in cell 7-ghk-pump" in err
    folder = tmp_path / "cell 7-ghk-pump"
    assert (pd.read_csv(folder / "summary.csv", keep_default_na=False)["group"] == "").all()
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_existing_results_are_refused_before_any_work(table, tmp_path, capsys):
    (tmp_path / "run").mkdir()
    assert main(["fit", str(table), "--inside", INSIDE, "--out", str(tmp_path / "run")]) == 2
    assert "--force" in capsys.readouterr().err


BAD_TABLES = [
    *((table_with(**{column: value}), f"table.csv, row 4, column {column}: {said}") for column, value, said in CELLS),
    *((content, f"table.csv{start}") for content, start, _ in TABLES),
]


@pytest.mark.parametrize(("content", "beginning"), BAD_TABLES)
def test_bad_tables_end_with_status_2_one_message_and_nothing_written(content, beginning, tmp_path, capsys):
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main(["fit", str(path), "--inside", INSIDE, "--out", str(tmp_path / "run")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    faults = [line for line in err.splitlines() if not line.startswith("warning:")]
    assert faults[0].removeprefix("vrest fit: ").startswith(beginning)
    assert "Traceback" not in err
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fit", "crayfish"], "Did you mean 'crayfish_muscle'"),
        (["fit", "no such.csv"], "no such.csv"),
        (["fit"], "no DATA"),
        (["fit", "crayfish_muscle", "--law", "goldman"], "unknown law 'goldman'"),
        (["fit", "crayfish_muscle", "--ions", "K,NA"], "Did you mean 'Na'"),
        (["fit", "crayfish_muscle", "--out", ""], "--out: is empty"),
        (["fit", "crayfish_muscle", "--where", "saline = 'control'"], "Compare with =="),
        (["fit", "crayfish_muscle", "--where", "salin == 'control'"], "Did you mean 'saline'"),
        (["fit", "crayfish_muscle", "--map", "V_m_mV"], "is not NAME=COLUMN"),
        (["fit", "crayfish_muscle", "--config", "absent.toml"], "no such configuration file"),
        (["fit", "crayfish_muscle", "--sampler", "gibbs"], "--sampler gibbs is not one of auto, nutpie"),
    ],
)
def test_bad_usage_is_a_sentence_and_status_2(arguments, says, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert says in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


NUMBERS = [
    *(["explain", f"--{flag}"] for flag in ("K-o", "Na-i", "P-Cl", "temperature", "cool", "Q10-pump", "P-K", "diameter", "pump")),
    ["check", "crayfish_muscle", "--temperature"],
    ["check", "crayfish_muscle", "--seed"],
    ["solutions", "s.toml", "--temperature"],
    ["import", "a.abf", "--temperature"],
    ["import", "a.abf", "--ljp"],
    ["recover", "plan.csv", "--n"],
    ["recover", "plan.csv", "--workers"],
    ["design", "plan.csv", "--recordings"],
    ["design", "plan.csv", "-k"],
]  # fmt: skip


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "-99999", "x"])
@pytest.mark.parametrize("arguments", NUMBERS, ids=lambda a: f"{a[0]} {a[-1]}")
def test_no_flag_takes_what_is_no_number_or_absurd(arguments, value, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*arguments[:-1], f"{arguments[-1]}={value}" if arguments[-1] != "-k" else f"-k{value}"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert value in err or f"{float(value):g}" in err
    assert "No such file" not in err


@pytest.mark.parametrize(
    "line",
    ["temperature_C = nan", "reference = {K_o_mM = inf}", "inside = {K = nan}", "priors = {pump_mV = nan}",
     "priors = {pump_mV = 1e300}", "priors = {pump_mV = 'LogNormal(1e5, 1)'}",
     "inside = {K = '140+-1e-308'}", "sampling = {target_accept = nan}"],
)  # fmt: skip
def test_no_configuration_takes_them_either(line, table, tmp_path, capsys):
    (tmp_path / "c.toml").write_text(line)
    inside = [] if line.startswith("inside") else ["--inside", INSIDE]
    assert main(["check", str(table), *inside, "--config", str(tmp_path / "c.toml")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()[-1]) < 300


TWO_ROWS = "K_o_mM,Na_o_mM,temperature_C,V_m_mV,ljp\n5,140,22,-70,corrected\n9,136,22,-60,corrected\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("robustness = true", "c.toml: robustness = true is not one of on, off, full."),
        ("seed = 1979-05-27", "c.toml: seed = 1979-05-27 is not a whole number of at least 0."),
        ("priors = {sigma_mV = 0}", "c.toml: priors: sigma_mV = 0: it must be above 0."),
        ("priors = {nothing = 1}", "c.toml: priors: the law ghk-pump with ions K, Na has no parameter 'nothing'."),
        ("vary = ['nothing']", "c.toml: vary: 'nothing' is no parameter to vary."),
        ("reference = {K_i_mM = 4}", "c.toml: reference: K_i_mM is not among K_o_mM,"),
        ("spread = 'group'", 'c.toml: spread = "group" needs groups of cells: --by cell_type,'),
        ("offset = ['solution']", "c.toml: an electrode offset for each solution needs a column solution."),
        ("law = 'nothing'", "c.toml: unknown law 'nothing'."),
        ("by = 'nothing'", 't.csv: by = "nothing" in c.toml: there is no column'),
        ("nested_in = ['nothing']", 'nested_in = "nothing" in c.toml: there is no column'),
        ("where = 'nothing > 3'", 'where = "nothing > 3" in c.toml: there is no column'),
    ],
    ids=lambda text: text.partition(" =")[0],
)
def test_faults_of_a_configuration_name_the_file_and_stand_as_the_file_has_them(
    line, said, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TWO_ROWS)
    Path("c.toml").write_text(line)
    assert main(["check", "t.csv", "--inside", "K=140,Na=12", "--config", "c.toml"]) == 2
    assert f"vrest check: {said}" in capsys.readouterr().err


def test_faults_of_flags_do_not_name_the_configuration(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TWO_ROWS)
    Path("c.toml").write_text("by = 'nothing'\nlaw = 'nothing'\n")
    flags = ["--inside", "K=140,Na=12", "--config", "c.toml", "--by", "another", "--law"]
    assert main(["check", "t.csv", *flags, "ghk"]) == 2
    assert "t.csv: --by another: there is no column 'another'" in capsys.readouterr().err
    assert main(["check", "t.csv", *flags, "none"]) == 2
    assert "vrest check: unknown law 'none'" in capsys.readouterr().err


def test_a_saved_fit_with_lost_draws_is_refused_by_name(full_fit, tmp_path, capsys):
    tree = full_fit.tree.copy(deep=True)
    tree["posterior"]["p_Na"].values[0, :7] = float("nan")
    write_tree(tree, tmp_path / "fit.nc")
    (tmp_path / "baths.csv").write_text("K_o_mM,Na_o_mM,Cl_o_mM,temperature_C\n4,145,130,22\n")
    for command in (["predict", str(tmp_path), str(tmp_path / "baths.csv")], ["report", str(tmp_path)]):
        assert main(command) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "fit.nc: 7 of 4000 draws of p_Na are no numbers" in err


def test_listings(capsys):
    assert main(["laws"]) == main(["datasets"]) == main(["datasets", "crayfish_muscle"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in vrest.LAWS)
    assert "Assumed, not published" in out


def test_priors_shows_what_the_configuration_changes(tmp_path, capsys):
    (tmp_path / "mine.toml").write_text("[priors]\n'P_Na/P_K' = 'LogNormal(log 0.01, 0.3)'\nQ10_leak = 1.4\n")
    assert main(["priors", "--config", str(tmp_path / "mine.toml"), "--inside", "K=140+-10"]) == 0
    sure = capsys.readouterr().out.partition("\n\n")[0]
    lines = {line.split()[0]: line for line in sure.splitlines()}
    assert "LogNormal(log 0.01, 0.3)" in lines["P_Na/P_K"]
    assert lines["P_Na/P_K"].endswith("set by the user")
    assert "Fixed(1.4)" in lines["Q10_leak"]
    assert "Normal(140, 10) > 0" in lines["K_i_mM"]


def test_priors_lists_what_only_some_tables_bring_in(tmp_path, capsys):
    (tmp_path / "mine.toml").write_text("[priors]\nC_m_uF_cm2 = 6\n'pump_mV spread' = 'HalfNormal(0.1)'\n")
    assert main(["priors", "--config", str(tmp_path / "mine.toml")]) == 0
    brought = capsys.readouterr().out.partition("What a table may add:")[2].splitlines()
    for start, prior in (
        ("R_in_MOhm and C_m_pF            P_K_cm_s ", "LogNormal(log 1e-06, 2)"),
        ("R_in_MOhm and C_m_pF            C_m_uF_cm2 ", "Fixed(6)"),
        ("R_in_MOhm without C_m_pF        P_K_area_cm3_s ", "LogNormal(log 2e-11, 3)"),
        ("R_in_MOhm without R_in_sd_MOhm  R_in_scatter ", "HalfNormal(0.2)"),
        ("cells told apart                pump_mV spread ", "HalfNormal(0.1)"),
        ("cells told apart                P_K_cm_s spread ", "HalfNormal(1)"),
    ):
        assert any(line.startswith(start) and prior in line for line in brought), start
    assert main(["priors", "--law", "ghk"]) == 0  # which has no Q10_leak of its own
    assert "R_in_MOhm at several temperatures  Q10_leak " in capsys.readouterr().out
    assert main(["priors", "--law", "chord", "--ions", "K"]) == 0
    assert "R_in" not in capsys.readouterr().out


def test_priors_refuses_a_prior_that_no_parameter_has(tmp_path, capsys):
    (tmp_path / "mine.toml").write_text("[priors]\n'P_Na/P_k' = 0.1\n")
    assert main(["priors", "--config", str(tmp_path / "mine.toml")]) == 2
    assert "has no parameter 'P_Na/P_k'. Did you mean 'P_Na/P_K'" in capsys.readouterr().err


def test_check_foresees_without_sampling(table, tmp_path, capsys):
    assert main(["check", str(table), "--inside", INSIDE]) == 0
    out = capsys.readouterr().out
    assert "42 rows" in out
    assert "pump_mV" in out
    assert [p.name for p in tmp_path.iterdir()] == [table.name]


def test_check_takes_a_gamma_prior(table, tmp_path, capsys):
    (tmp_path / "mine.toml").write_text('[priors]\n"P_Na/P_K" = "Gamma(2, 0.1)"\n')
    assert main(["check", str(table), "--inside", INSIDE, "--config", str(tmp_path / "mine.toml")]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("P_Na/P_K"))
    assert 0.8 < float(line.split()[-1]) <= 1


def test_other_peoples_tables(tmp_path, capsys):
    frame = vrest.to_frame(recordings()).rename(columns={"V_m_mV": "RMP (mV)"}).drop(columns="temperature_C")
    frame.to_csv(tmp_path / "t.csv", index=False, sep=";", decimal=",")
    flags = ["--map", "V_m_mV=RMP (mV)", "--temperature", "22", "--delimiter", ";", "--decimal", ","]
    assert main(["check", str(tmp_path / "t.csv"), "--inside", INSIDE, *flags]) == 0
    assert "14 distinct conditions" in capsys.readouterr().out


def test_tidy_writes_the_rows_that_were_asked_for(table, tmp_path):
    assert main(["tidy", str(table), str(tmp_path / "all.csv")]) == 0
    assert main(["tidy", str(table), str(tmp_path / "few.csv"), "--where", "K_o_mM < 10"]) == 0
    every, few = (pd.read_csv(tmp_path / name) for name in ("all.csv", "few.csv"))
    assert len(every) == 42
    pd.testing.assert_frame_equal(few, every[every["K_o_mM"] < 10].reset_index(drop=True))


@pytest.mark.usefixtures("undrawn")
def test_a_saved_fit_can_be_fitted_again(full_fit, tmp_path, capsys):
    full_fit.save(tmp_path / "run")
    assert main(["check", str(tmp_path / "run" / "fit.nc"), "--inside", INSIDE]) == 0
    assert "42 rows of synthetic.csv" in capsys.readouterr().out


def test_help_is_fast():
    """Under 0.3 s of one processor, whatever else the machine does; best of three."""
    times = []
    for _ in range(3):
        before = os.times()
        done = subprocess.run([sys.executable, "-m", "vrest", "--help"], capture_output=True, check=True)
        after = os.times()
        times.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert b"infer a law" in done.stdout
    assert min(times) < 0.3


def test_json_has_no_numbers_that_json_does_not_know(full_fit, tmp_path):
    folder = full_fit.save(tmp_path / "run")
    json.loads((folder / "verdict.json").read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ft"], "there is no command 'ft'. Did you mean 'fit'?"),
        ([], "say what to do"),
        (["fit", "t.csv", "--insde", "K=140"], "--insde: there is no such flag. Did you mean '--inside'?"),
        (["fit", "t.csv", "--in", "K=140"], "--in: there is no such flag."),
        (["recover", "t.csv", "--robustness", "off"], "--robustness: there is no such flag."),
        (["recover", "t.csv", "--cores", "2"], "--cores: there is no such flag."),
        (["fit", "crayfish_muscle", "--each", "muscle", "--robustness", "full"], "--robustness full is for one fit"),
        (["fit", "crayfish_muscle", "--each", "muscle", "--cores", "2"], "--cores 2 is for one fit of all rows"),
        (["compare", "crayfish_muscle", "--laws", "ghk,nernst", "--figure", "svg"], "--figure is for --by"),
        (["recover", "t.csv", "--n", "1_000"], "--n: 1_000 is not a whole number from 20 to 100000."),
        (["explain", "--K-o", "1_0"], "--K-o: '1_0' is not a number."),
        (["predict", "run", "baths.csv", "more"], "more: there is no such argument."),
        (["solutions"], "the following arguments are required: FILE"),
        (["fit", "absent.csv"], "absent.csv: there is no such file in"),
    ],
)
def test_what_cannot_be_read_names_what_was_probably_meant(arguments, says, capsys):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert "Traceback" not in err


def test_every_command_can_be_asked_what_it_takes(capsys):
    for name in COMMANDS:
        with pytest.raises(SystemExit, match="0"):
            main([name, "--help"])
        assert f"usage: vrest {name}" in capsys.readouterr().out
    files = {p.stem.removesuffix("_") for p in Path(vrest.__file__).parent.glob("commands/*.py")} - {"__init_"}
    assert files == set(COMMANDS)


def test_version_and_info_say_what_runs(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"vrest {vrest.__version__}\n"
    assert main(["info"]) == 0
    facts = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert facts["numpy"] == version("numpy")
    assert {"Python", "platform", "pymc", "nutpie"} <= set(facts)


@pytest.mark.thorough
def test_a_process_whose_reader_is_gone_ends_in_silence():
    """What `vrest laws | head -1` does, at its worst: nobody reads a word."""
    command = [sys.executable, "-m", "vrest", "laws"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as gone:
        gone.stdout.close()
        assert gone.stderr.read() == b""
    assert gone.returncode == 0
    code = "import sys, vrest.cli as c, vrest.start as s; c.main = lambda: sys.stderr.close() or 0; s.process()"
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_an_absent_table_is_answered_before_anything_heavy_is_loaded(tmp_path):
    code = (
        "import sys; from vrest.cli import main; status = main(['fit', 'absent.csv', '--inside', 'K=140']);"
        "print(status, *{'numpy', 'pandas', 'scipy', 'pymc'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "2\n"


@pytest.mark.thorough
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals are a POSIX notion")
@pytest.mark.parametrize(
    ("number", "lost"), [(signal.SIGINT, "import"), (signal.SIGINT, "native"), (signal.SIGTERM, "native")]
)
def test_a_process_stops_while_it_starts_and_while_native_code_calls_back(number, lost):
    importing = """
class Slow:
    def find_spec(name, *more):
        if name == "vrest.cli":
            print("there", flush=True), time.sleep(20)
sys.meta_path.insert(0, Slow)"""
    calling = """
import ctypes, vrest.commands.laws as command
called = ctypes.CFUNCTYPE(None)(lambda: (print("there", flush=True), time.sleep(20)))  # what it raises is let go
command.run = lambda options: (called(), time.sleep(20))"""
    code = f"import sys, time{importing if lost == 'import' else calling}\nfrom vrest.start import process; process()"
    command = [sys.executable, "-c", code, "laws"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "there\n"
        child.send_signal(number)
        assert child.communicate(timeout=15)[1] == "stopped; nothing was written.\n"
    assert child.returncode == 128 + number


@pytest.mark.thorough
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals are a POSIX notion")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_fit_that_is_ended_as_it_writes_leaves_nothing_that_looks_finished(number, table, tmp_path):
    code = (
        "import sys, time, vrest.fitting.results.store as s\n"
        "s.plain_json = lambda *_: (print('saving', flush=True), time.sleep(60))\n"
        "from vrest.cli import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", code, "fit", str(table), *LITTLE, "--out", str(tmp_path / "run")]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "saving\n"  # in the middle of writing
    child.send_signal(number)
    _, said = child.communicate(timeout=30)
    left = {p for p in tmp_path.iterdir() if p != table}
    if number == signal.SIGKILL:
        assert all(p.name.startswith(".run-unfinished") for p in left)
        return
    assert left == set()
    assert child.returncode == 128 + number
    assert said.endswith("stopped; nothing was written.\n")
    assert "Traceback" not in said
