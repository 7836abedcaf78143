"""Every cell by itself, and the doors from Python to many fits."""

import json

import numpy as np
import pandas as pd
import pytest

import vrest
from tests.many_cells import many_cells
from vrest.cli import main
from vrest.fitting.experiment.command import Command
from vrest.fitting.experiment.config import Sampling, read_config
from vrest.fitting.planning.single_cells import table_of_each
from vrest.models.errors import ConfigurationError, UnknownNameError

pytestmark = pytest.mark.usefixtures("sampled_once")

SETTINGS = {"law": "ghk", "ions": "K,Na", "inside": "K=140,Na=12", "sampling": Sampling(2, 500, 500)}


def three_cells():
    rows, truth = many_cells(
        cells=3, types={"A": {}}, K_o=(2.5, 5, 10, 40), temperatures=(22,), pump=(True,), sigma=0.5
    )
    return rows, truth


@pytest.fixture(scope="module")
def each():
    return vrest.fit_each(three_cells()[0], **SETTINGS)


def test_every_cell_is_fitted_as_if_it_were_alone(each):
    rows, _ = three_cells()
    assert list(each) == ["A0", "A1", "A2"]
    alone = vrest.fit(rows, where="cell == 'A1'", vary=[], progress=False, **SETTINGS).summary().set_index("parameter")
    mine = each["A1"].summary().set_index("parameter")
    assert mine.loc["P_Na/P_K", "mean"] == pytest.approx(
        alone.loc["P_Na/P_K", "mean"], abs=0.2 * alone.loc["P_Na/P_K", "sd"]
    )
    assert [fit.experiment.recordings.sizes["obs"] for fit in each.values()] == [4, 4, 4]


def test_all_cells_refer_to_one_condition():
    rows, _ = many_cells(cells=3, types={"A": {}}, K_o=(2.5, 5, 10), temperatures=(22,), drop=2)
    fits = vrest.fit_each(rows, "ghk-pump", inside="K=140,Na=12,Cl=10", sampling=Sampling(2, 100, 100))
    assert len({str(fit.experiment.reference) for fit in fits.values()}) == 1


def test_a_cell_that_cannot_be_fitted_does_not_stop_the_others():
    rows, _ = three_cells()
    frame = vrest.to_frame(rows)
    frame.loc[frame["cell"] == "A1", "Na_o_mM"] = np.nan
    with pytest.raises(vrest.DataError):
        vrest.from_frame(frame)  # the reader's own rule: K and Na are known in every row
    frame = vrest.to_frame(rows).assign(Ca_o_mM=2.0)
    frame.loc[frame["cell"] == "A1", "Ca_o_mM"] = np.nan
    settings = {**SETTINGS, "ions": "K,Na,Ca", "inside": "K=140,Na=12,Ca=0.0001", "sampling": Sampling(2, 100, 100)}
    with pytest.raises(vrest.VrestError, match="Ca_o_mM"):
        vrest.fit(vrest.from_frame(frame), **settings)
    with pytest.warns(vrest.DataWarning, match="A1 was not fitted"):
        fits = vrest.fit_each(vrest.from_frame(frame), **settings)
    assert list(fits) == ["A0", "A2"]


def test_what_each_cannot_do_is_refused():
    rows, _ = three_cells()
    with pytest.raises(UnknownNameError, match=r"no column 'sell'\. Did you mean 'cell'"):
        vrest.fit_each(rows, column="sell", **SETTINGS)
    with pytest.raises(ConfigurationError, match="by=… and vary"):
        vrest.fit_each(rows, by="cell_type", **SETTINGS)


@pytest.mark.usefixtures("repeated")
def test_the_command_writes_a_folder_for_each(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows, _ = three_cells()
    frame = vrest.to_frame(rows)
    frame["cell"] = frame["cell"].map({"A0": "../up", "A1": "a b", "A2": "A2"})
    frame.to_csv("cells.csv", index=False)
    command = ["fit", "cells.csv", "--each", "cell", "--law", "ghk", "--ions", "K,Na", "--inside", "K=140,Na=12"]
    assert main([*command, "--out", "out"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[1].split()[:3] == ["cell", "rows", "P_Na/P_K"]
    assert printed.err.count("Inside concentrations taken as known exactly: K 140 mM, Na 12 mM") == 1  # of all, once
    assert [line[:4] for line in printed.err.splitlines() if "repeated" in line] == ["../u", "a b:", "A2: "]
    assert sorted(p.name for p in (tmp_path / "out").iterdir() if p.is_dir()) == ["001-up", "002-a-b", "003-A2"]
    summary = pd.read_csv("out/summary.csv")
    assert set(summary["group"]) == {"../up", "a b", "A2"}
    assert set(json.loads((tmp_path / "out/verdict.json").read_text())) == {"../up", "a b", "A2"}
    one = vrest.load("out/002-a-b")
    assert (one.experiment.config.command, read_config("out/config.toml").command.each) == (Command("fit"), "cell")
    assert one.experiment.recordings.sizes["obs"] == 4
    assert main([*command, "--out", "out"]) == 2
    assert "--force" in capsys.readouterr().err


def test_simulated_recordings_are_those_of_the_command(tmp_path, capsys):
    rows, _ = three_cells()
    truth = {"P_Na/P_K": 0.03, "sigma_mV": 1.0, "P_Na/P_K spread": 0.2}
    made = vrest.simulate(rows, truth, law="ghk", ions="K,Na", inside="K=140,Na=12", seed=4)
    vrest.to_frame(rows).drop(columns="V_m_mV").to_csv(tmp_path / "plan.csv", index=False)
    (tmp_path / "truth.toml").write_text('"P_Na/P_K" = 0.03\nsigma_mV = 1.0\n"P_Na/P_K spread" = 0.2\n')
    options = ["--law", "ghk", "--ions", "K,Na", "--inside", "K=140,Na=12", "--seed", "4"]
    out = tmp_path / "sim.csv"
    assert (
        main(
            [
                "simulate",
                str(tmp_path / "plan.csv"),
                "--truth",
                str(tmp_path / "truth.toml"),
                *options,
                "--out",
                str(out),
            ]
        )
        == 0
    )
    assert pd.read_csv(out)["V_m_mV"].to_numpy() == pytest.approx(made["V_m"].to_numpy(), abs=6e-4)
    assert (tmp_path / "sim.truth.toml").exists()
    assert main(["simulate", str(tmp_path / "plan.csv"), "--truth", str(tmp_path / "truth.toml"), *options]) == 0
    assert capsys.readouterr().out == out.read_text()


def test_a_cell_whose_sampling_fell_short_is_not_judged_in_the_table(full_fit, failed):
    table = table_of_each({"a": full_fit, "b": failed(full_fit)})
    marks = table[["sampling", "fit", "identification"]].to_numpy().tolist()
    assert marks[0][0].startswith("ok")
    assert marks[1] == ["NOT OK", "not judged", "not judged"]
