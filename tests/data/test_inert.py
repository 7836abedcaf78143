"""No name that vrest writes is a formula, and every name comes back as it was."""

import csv

import pandas as pd
import pytest

import vrest
from tests.synthetic import INSIDE
from vrest.cli import main
from vrest.data.tables.inert import as_written, csv_text, inert, write_csv

NAMES = ['=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(1)", "'quoted'", "'=x", "a=b", "−65", "c 1", "'", "0"]


@pytest.mark.parametrize("name", [*NAMES, "\tx", "\rx", "", "'+"])
def test_a_name_is_inert_and_comes_back(name):
    assert not str(inert(name)).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert as_written(str(inert(name))) == name


def test_numbers_stay_numbers():
    frame = pd.DataFrame({"-x": [-1.5, 2.0], "cell": ["-2+3", "c"]})
    assert csv_text(frame).splitlines() == ["'-x,cell", "-1.5,'-2+3", "2.0,c"]


def test_names_survive_simulation_and_reading(tmp_path, capsys):
    rows = [
        {"cell": name, "K_o_mM": K, "Na_o_mM": 150 - K, "Cl_o_mM": 130, "temperature_C": 22, "ljp": "corrected"}
        for name in NAMES
        for K in (2.5, 10)
    ]
    write_csv(pd.DataFrame(rows), tmp_path / "plan.csv")
    (tmp_path / "truth.toml").write_text(
        '"P_Na/P_K" = 0.03\n"P_Cl/P_K" = 0.1\npump_mV = 5\nQ10_pump = 2.4\nQ10_leak = 1.4\nsigma_mV = 1.5\n'
        '"P_Na/P_K spread" = 0.1\n"P_Cl/P_K spread" = 0.1\n"pump_mV spread" = 0.1\n'
    )
    asked = ["simulate", str(tmp_path / "plan.csv"), "--inside", INSIDE, "--truth", str(tmp_path / "truth.toml")]
    assert main([*asked, "--out", str(tmp_path / "s.csv")]) == 0, capsys.readouterr().err
    lines = (tmp_path / "s.csv").read_text().splitlines()
    written = [row["cell"] for row in csv.DictReader(lines)]
    assert not [name for name in written if name.startswith(("=", "+", "-", "@"))]
    assert list(dict.fromkeys(vrest.read_csv(tmp_path / "s.csv")["cell"].values.tolist())) == NAMES
