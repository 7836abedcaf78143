"""A saved configuration repeats the analysis, from wherever it is run."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import vrest
from tests.synthetic import recordings
from vrest.cli import main, parser_of
from vrest.data.tables.table import to_frame
from vrest.fitting.experiment.command import Command
from vrest.fitting.experiment.config import Config, parse_config, read_config
from vrest.fitting.experiment.prepare import configure
from vrest.flags import settings_from
from vrest.models.errors import VrestWarning

pytestmark = pytest.mark.usefixtures("sampled_once", "undrawn")

FLAGS = [
    "--delimiter", ";", "--decimal", ",", "--encoding", "cp1252", "--map", "V_m_mV=Spannung für V_m",
    "--inside", "K=140.123456789+-10.987654321,Na=12.3456789012,Cl=passive", "--where", "K_o_mM < 100", "--option", "davies",
    "--interval", "0.95", "--draws", "200", "--tune", "200", "--chains", "3", "--target-accept", "0.91", "--seed", "12345678901",
]  # fmt: skip
BARE = ["--no-report", "--no-robustness"]


@pytest.fixture
def table(tmp_path, monkeypatch) -> str:
    """A table as a German spreadsheet writes it, in the folder where the commands run."""
    monkeypatch.chdir(tmp_path)
    frame = to_frame(recordings()).rename(columns={"V_m_mV": "Spannung für V_m"})
    Path("data").mkdir()
    frame.to_csv("data/messung.csv", index=False, sep=";", decimal=",", encoding="cp1252")
    return "data/messung.csv"


def test_a_saved_configuration_gives_the_same_summary_byte_for_byte(table, tmp_path, monkeypatch, capsys):
    beside = tmp_path / "priors.toml"
    beside.write_text('[priors]\n"P_Na/P_K" = "LogNormal(-3.2, 0.987654321)"\n')
    assert main(["fit", table, *FLAGS, "--law", "ghk", "--config", str(beside), *BARE, "--out", "runs/first"]) == 0
    assert "lower and upper are the 95% interval" in capsys.readouterr().out
    first = tmp_path / "runs/first"

    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["fit", "--config", str(first / "config.toml"), "--no-report", "--out", "again"]) == 0
    assert Path("again/summary.csv").read_bytes() == (first / "summary.csv").read_bytes()
    assert Path("again/verdict.json").read_bytes() == (first / "verdict.json").read_bytes()
    assert read_config("again/config.toml").data_sha256 == read_config(first / "config.toml").data_sha256
    assert "again" not in capsys.readouterr().err.replace("Results are in again", "")

    loaded = vrest.load(first)
    row = loaded.summary().set_index("parameter").loc["P_Na/P_K"]
    draws = xr.open_datatree(first / "fit.nc", engine="h5netcdf")["posterior"]["p_Na"].to_numpy()
    assert (row["lower"], row["upper"]) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])))
    for text in (repr(loaded), loaded.summary("markdown"), str(loaded.methods()), loaded.page()):
        assert "95% interval" in text
        assert "89%" not in text
    assert "95% interval" in loaded.plot_series().get_title()
    assert parse_config(loaded.tree.attrs["config"]).data == "../../data/messung.csv"
    loaded.save("copied")  # of a run made in another folder
    assert (Path("copied") / str(parse_config(Path("copied/config.toml").read_text()).data)).resolve() == (
        tmp_path / table
    )


def test_predictions_have_the_runs_interval(full_fit):
    from dataclasses import replace

    from vrest.fitting.fit import Fit

    def width(probability: float) -> np.ndarray:
        config = replace(full_fit.experiment.config, interval=probability)
        fit = Fit(full_fit.tree, replace(full_fit.experiment, config=config))
        table = fit.predict(full_fit.experiment.recordings.isel(obs=[0, 9]))
        return (table["upper"] - table["lower"]).to_numpy()

    assert (width(0.5) < 0.6 * width(0.89)).all()
    assert (width(0.99) > 1.3 * width(0.89)).all()


@pytest.mark.parametrize(
    ("command", "result"),
    [
        (["design", "--add", "data/more.csv", "--truth", "truth.toml", "--goal", "P_Na/P_K", "-k", "1"], "design.csv"),
        (["design", "-k2", "--recordings", "2"], "next_rows.csv"),
        (["fit", *BARE], "summary.csv"),
        (["fit", "--each", "cell"], "summary.csv"),
        (["compare", "--laws", "ghk,ghk-pump", "--no-robustness"], "comparison.csv"),
        (["recover", "--n", "21"], "recovery.csv"),
    ],
)
def test_a_configuration_repeats_what_its_command_was_asked_and_knows_its_table(
    command, result, table, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("vrest.fitting.report.law_report.law_report_html", lambda found: "a report")
    monkeypatch.setattr("vrest.fitting.sampling.workers.available_cores", lambda: 1)  # no further processes
    frame = to_frame(recordings()).rename(columns={"V_m_mV": "Spannung für V_m"}).assign(cell=["a"] * 21 + ["b"] * 21)
    frame.to_csv(table, index=False, sep=";", decimal=",", encoding="cp1252")
    frame[::5].to_csv("data/more.csv", index=False, sep=";", decimal=",", encoding="cp1252")
    Path("truth.toml").write_text('"P_Na/P_K" = 0.02\nsigma_mV = 1.5\nK_i_mM = 141\n')
    sampling = FLAGS[: FLAGS.index("--interval")] if command[0] == "design" else FLAGS
    status = main([*command, table, *sampling, "--law", "ghk", "--out", "first"])
    err = capsys.readouterr().err
    assert status in (0, 3), err
    assert "has changed since" not in err
    config, sha256 = tmp_path / "first/config.toml", hashlib.sha256(Path(table).read_bytes()).hexdigest()
    text = config.read_text(encoding="utf-8")
    assert sha256 in text
    config.write_text(text.replace(sha256, "0" * 64), encoding="utf-8")  # as of another table
    monkeypatch.chdir(tmp_path / "data")
    main([command[0], *{"--no-report"}.intersection(command), "--config", "../first/config.toml", "--out", "../again"])
    assert "messung.csv has changed since the configuration was written" in capsys.readouterr().err
    assert sha256 in Path("../again/config.toml").read_text(encoding="utf-8")
    assert Path("../again/calibration.png").exists() == (command[0] == "recover")  # truths drawn from the priors
    assert Path("../again", result).read_bytes() == Path("../first", result).read_bytes()


WRITTEN = 'data = "crayfish_muscle"\nions = ["K", "Na"]\nlaw = "ghk"\n[command]\n'


@pytest.mark.parametrize(
    ("by", "to", "says"),
    [
        (
            'name = "fit"\neach = "muscle"',
            "check",
            "was written by vrest fit --each muscle: its settings are taken, and not",
        ),
        (
            'name = "compare"\nlaws = "ghk,nernst"',
            "check",
            "written by vrest compare --laws ghk,nernst: its settings are taken, and not",
        ),
        ('name = "compare"', "check", "c.toml was written by vrest compare: its settings are taken."),
        ('name = "check"', "check", ""),
        ("", "check", ""),
        ('name = "fit"\neach = "muscle"', "compare", "say what to compare"),
        ('name = "compare"', "compare", "say what to compare"),
        ('name = "check"\nlaws = "ghk,nernst"', "check", "c.toml: command.laws: vrest check is not asked that"),
        ('laws = "ghk,nernst"', "check", "c.toml: [command] does not say which"),
        ('name = "fit"\neahc = "muscle"', "fit", "unknown setting command.eahc. Did you mean 'each'?"),
        ('name = "recover"\nn = 3', "recover", "command.n = 3 is not a whole number of at least 20"),
    ],
)
def test_what_another_command_was_asked_is_not_passed_over_in_silence(by, to, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("c.toml").write_text(WRITTEN + by)
    status = main([to, "--config", "c.toml"])
    assert status == (0 if to == "check" and (not says or "written by" in says) else 2)
    err = capsys.readouterr().err
    assert says in err
    assert ("was written by" in err) == (says != "" and f'"{to}"' not in by and "name" in by)


def test_what_is_typed_wins_over_what_the_file_asks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()
    Path("there/c.toml").write_text('[command]\nname = "design"\nchoose = 3\nadd = "more.csv"\ntruth = "t.toml"\n')
    config = settings_from(parser_of("design").parse(["--config", "there/c.toml", "-k", "1", "--add", "own.csv"]))
    assert config.command == Command("design", choose=1, add="own.csv", truth="there/t.toml")
    assert parse_config(config.seen_from("out").to_toml()).command.truth == "../there/t.toml"


def test_a_verb_says_which_arguments_of_a_command_it_leaves():
    config = Config(command=Command("fit", each="cell"), law="ghk")
    with pytest.warns(VrestWarning, match='by vrest fit each="cell": its settings are taken, and not each="cell"'):
        assert configure(config, seed=2) == Config(law="ghk", seed=2)


def test_paths_are_seen_from_the_folder_and_names_of_bundled_sets_are_not_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = Config(data="a/r.csv", solutions=str(tmp_path / "b/baths.toml"))
    seen = config.seen_from("out/run")
    assert (seen.data, seen.solutions) == ("../../a/r.csv", "../../b/baths.toml")
    back = seen.beside(tmp_path / "out/run")
    assert Path(str(back.data)).resolve() == tmp_path / "a/r.csv"
    assert Config(data="crayfish_muscle").seen_from("out").beside("elsewhere").data == "crayfish_muscle"
    Path("crayfish_muscle").mkdir()  # of the same name: what is there comes first, as for the commands
    assert Config(data="crayfish_muscle").seen_from("out").data == "../crayfish_muscle"


def test_a_configuration_beside_a_missing_table_names_the_path_that_it_means(tmp_path, monkeypatch, capsys):
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "there/c.toml").write_text('data = "r.csv"')
    (tmp_path / "here/r.csv").write_text("another table of that name\n")
    monkeypatch.chdir(tmp_path / "here")
    assert main(["check", "--config", "../there/c.toml"]) == 2
    assert f"r.csv: there is no such file in {tmp_path / 'there'}" in capsys.readouterr().err
