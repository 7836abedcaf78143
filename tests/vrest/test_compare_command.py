"""`vrest compare` on the command line: what it prints first, and what it leaves in its folder."""

import pandas as pd
import pytest
from matplotlib import pyplot

import vrest
from tests.many_cells import many_cells
from vrest.cli import main
from vrest.data.tables.table import to_frame

FEW = ["--inside", "K=140,Na=12", "--ions", "K,Na", "--law", "ghk", "--draws", "300", "--tune", "300", "--chains", "2"]


@pytest.fixture
def table(tmp_path):
    data, _ = many_cells(seed=3, cells=4, K_o=(2.5, 10, 40), temperatures=(22,), pump=(False,))
    frame = to_frame(data).rename(columns={"cell_type": "Genotype"})
    frame.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


def names(folder) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"written-by-vrest.sha256"}


@pytest.mark.usefixtures("glanced", "undrawn", "repeated")
def test_groups_begin_with_their_difference_in_mV(table, tmp_path, capsys):
    main(["compare", str(table), "--by", "Genotype", *FEW, "--figure", "svg", "--out", str(tmp_path / "by")])
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err.splitlines().count("It was repeated.") == 1
    assert lines[2].startswith("In the reference bath (K_o 2.5 mM")
    assert lines[3].startswith("V_m of A lies")
    kept = {
        "fit.nc",
        "summary.csv",
        "robustness.csv",
        "verdict.json",
        "config.toml",
        "report.html",
        "figure.png",
        "figure.svg",
    }
    assert names(tmp_path / "by") == kept | {"contrasts.csv", "contrasts.png"}
    contrasts = pd.read_csv(tmp_path / "by" / "contrasts.csv")
    assert (contrasts["parameter"][0], contrasts["kind"][0]) == ("V_m_mV", "difference")
    assert (
        main(["compare", str(table), "--by", "Genotype", *FEW, "--figure", "gif", "--out", str(tmp_path / "no")]) == 2
    )
    assert "figure: there is no format 'gif'" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


@pytest.mark.usefixtures("undrawn")
def test_groups_are_not_said_to_differ_where_the_sampling_fell_short(
    table, tmp_path, capsys, monkeypatch, typed_fit, failed
):
    monkeypatch.setattr("vrest.fitting.fit.fit_experiment", lambda experiment: failed(typed_fit[0]))
    monkeypatch.setattr("vrest.fitting.results.store.write_fit", lambda *of, **settings: None)
    monkeypatch.setattr("vrest.fitting.report.pictures.contrasts_figure", lambda fit: pyplot.figure())
    assert main(["compare", str(table), "--by", "Genotype", *FEW, "--out", str(tmp_path / "by")]) == 3
    printed = capsys.readouterr().out
    assert printed.splitlines()[2] == "Whether they differ cannot be told: the sampling fell short."
    assert "V_m of A lies" not in printed
    assert "Fit: not judged." in printed


@pytest.mark.usefixtures("sampled_once", "undrawn", "repeated")
def test_laws_leave_a_report(table, tmp_path, capsys, monkeypatch):
    asked = ["compare", str(table), "--laws", "ghk,nernst", *FEW, "--out", str(tmp_path / "laws")]
    main([*asked, "--keep", "--no-robustness"])
    out, err = capsys.readouterr()
    assert "Leaving out a row: ghk predicts better than nernst" in out
    assert [line for line in err.splitlines() if "repeated" in line] == [
        "ghk: It was repeated.",
        "nernst: It was repeated.",
    ]
    assert names(tmp_path / "laws") == {"comparison.csv", "config.toml", "report.html", "ghk", "nernst"}
    for law in ("ghk", "nernst"):
        assert vrest.load(tmp_path / "laws" / law).experiment.law.name == law
    (tmp_path / "laws/ghk/mine.txt").write_text("mine")
    monkeypatch.setattr("vrest.fitting.report.law_report.law_report_html", lambda found: "another report")
    main([*asked, "--force", "--no-robustness"])
    assert (tmp_path / "laws/ghk/mine.txt").read_text() == "mine"
    assert names(tmp_path / "laws") == {"comparison.csv", "config.toml", "report.html", "ghk"}
    assert main(["compare", str(table), "--laws", "ghk", *FEW, "--out", str(tmp_path / "one")]) == 2
    assert "laws: ghk. Name two or more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "compared"),
    [
        ([], "ghk,nernst"),
        (["--by", "Genotype"], None),
        (["--by", "Genotype", "--laws", "ghk,ghk-pump"], "ghk,ghk-pump"),
    ],
)
def test_what_is_typed_is_compared_whatever_the_configuration_compared(typed, compared, table, tmp_path, monkeypatch):
    (tmp_path / "c.toml").write_text('[command]\nname = "compare"\nlaws = "ghk,nernst"\n')
    seen = []
    monkeypatch.setattr("vrest.commands.compare._laws", lambda options, config, laws: seen.append(laws) or 0)
    monkeypatch.setattr("vrest.commands.compare._groups", lambda options, config: seen.append(config.command.laws) or 0)
    assert main(["compare", str(table), *typed, "--config", str(tmp_path / "c.toml")]) == 0
    assert seen == [compared]
