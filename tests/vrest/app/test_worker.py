"""What the page is told of tables, plans and potentials; each number is held against another way to it."""

import csv
import json
import os
import re

import numpy as np
import pandas as pd
import pytest

from tests.synthetic import INSIDE, recordings
from vrest.app import worker
from vrest.app.exploring import explore
from vrest.app.showing import fit_of, result
from vrest.cli import main
from vrest.data.tables.inert import write_csv
from vrest.data.tables.table import to_frame
from vrest.models.errors import ConfigurationError, spoken

STATE = {"data": "table.csv", "original": "table.csv", "settings": {}, "more": "", "plan": []}


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Asks as the server does, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    before = spoken.set(None)

    def asked(what, table=None, **given):
        if table is not None:
            (tmp_path / "table.csv").write_text(table, encoding="utf-8")
        found = worker.answer(what, str(tmp_path), **given)
        json.dumps(found, allow_nan=False)
        return found

    yield asked
    spoken.reset(before)


def test_faults_are_marked_at_their_cells(ask):
    found = ask("table", "Notes of May\nRMP (mV),K_o_mM,temperature_C\n-70,5,22\n-72,many,22\n-71,5,295\n", state=STATE)
    assert not found["ok"]
    assert (found["header"], found["rows"]) == (1, 5)
    at = {(fault["row"], fault["place"]): fault["text"] for fault in found["faults"]}
    assert set(at) == {(4, 1), (5, 2)}  # as the spreadsheet numbers rows; columns from 0
    assert "kelvin" in at[5, 2]
    assert found["repairs"][0].startswith("row 1 above the header")
    first = found["columns"][0]
    assert (first["own"], first["name"], first["certain"], first["given"]) == ("RMP (mV)", "V_m_mV", True, False)


def test_a_setting_in_a_sentence_is_marked_for_the_page_and_names_are_not(ask):
    found = ask("table", 'V_m_mV,K_o_mM,note\n-70,5,"⟦x[""law"", ""ghk""]⟧"\n', state=STATE)
    (fault,) = found["faults"]
    (marked,) = re.findall(f"⟦{found['nonce']}(.*?)⟧", fault["text"])
    assert json.loads(marked) == ["temperature_C", 20]
    assert not re.search(f"⟦{found['nonce']}", json.dumps(found["cells"], ensure_ascii=False))


def test_told_columns_and_values_are_obeyed(ask):
    state = STATE | {"settings": {"columns": ["V_m_mV=V"], "temperature_C": "22"}}
    found = ask("table", "V,K_o_mM\n-70,5\n-60,10\n", state=state)
    assert (found["ok"], found["understood"]) == (True, 2)
    assert found["columns"][0]["given"]
    wrong = ask("table", state=STATE | {"settings": {"temperature_C": "warm"}})
    assert "warm" in wrong["error"]


def test_edits_go_to_a_copy_that_reads_as_the_grid_shows(ask, tmp_path):
    text = 'V_m_mV;K_o_mM;temperature_C;cell\n"-70,5";5;22;=c1\n-60;10;295;c2\n'
    found = ask("edit", text, state=STATE, changes=[[2, 2, "22"], [3, 0, "-55,5"], [3, 3, "=1+1"]], copy="copy.csv")
    assert (tmp_path / "table.csv").read_text(encoding="utf-8") == text
    again = ask("table", state=STATE | {"data": found["data"]})
    assert again["cells"][1] == ["-70,5", "5", "22", "=c1"]
    assert again["cells"][2][2] == "22"
    assert again["cells"][3] == ["-55,5", "", "", "=1+1"]
    with (tmp_path / "copy.csv").open(encoding="utf-8", newline="") as file:
        assert [row[3] for row in csv.reader(file, delimiter=";")] == [
            "cell",
            "'=c1",
            "c2",
            "'=1+1",
        ]  # inert in a spreadsheet


def test_an_edited_set_keeps_what_its_description_assumes(ask):
    found = ask("edit", state=STATE | {"data": "crayfish_muscle"}, changes=[[1, 8, "-70"]], copy="copy.csv")
    assert "K=250+-60" in found["settings"]["inside"]


def test_what_is_foreseen_is_what_vrest_check_prints(ask, capsys):
    found = ask("check", state=STATE | {"data": "crayfish_muscle", "settings": {"law": "ghk"}})
    assert main(["check", "crayfish_muscle", "--law", "ghk"]) == 0
    printed = capsys.readouterr().out
    assert f"{found['rows']} rows" in printed
    assert f"Identification: {found['mark']['word']}. {found['sentences'][0]}" in printed
    for line in found["expected"]:
        assert re.search(rf"{re.escape(line['parameter'])} .*{re.escape(line['after'])} ", printed)


def test_a_plan_is_the_design_commands(ask, tmp_path, capsys):
    rows = [["K_o_mM", "Na_o_mM", "temperature_C"], ["2.5", "140", "22"], ["20", "120", "22"]]
    found = ask("plan", state=STATE | {"settings": {"inside": "K=140+-10,Na=12", "law": "ghk-pump"}}, rows=rows)
    assert main([*found["argv"], "--out", str(tmp_path / "design")]) == 0
    with (tmp_path / "design/design.csv").open(encoding="utf-8", newline="") as file:
        ranked = list(dict.fromkeys(row["row"] for row in csv.DictReader(file)))
    assert [one["words"] for one in found["proposals"]] == ranked[: len(found["proposals"])]
    assert found["proposals"][0]["row"]["pump"] in ("on", "blocked")


def test_an_explanation_says_what_the_command_says(ask):
    found = ask(
        "explain",
        c_o={"K": 5, "Na": 150, "Cl": 120},
        c_i={"K": 140, "Na": 15, "Cl": 10},
        p={"Na": 0.04, "Cl": 0.45},
        pump_mV=0,
    )
    assert round(found["nernst"]["K"]) == -89
    assert found["V_m"] == pytest.approx(-67.6, abs=0.05)  # the textbook's GHK potential
    refused = ask(
        "explain", c_o={"K": 0, "Na": 150, "Cl": 120}, c_i={"K": 140, "Na": 15, "Cl": 10}, p={"Na": 0.04, "Cl": 0.45}
    )
    assert "K outside" in refused["error"]


@pytest.fixture(scope="module")
def saved(full_fit, tmp_path_factory):
    """A finished run's folder, in the folder of its analysis."""
    folder = tmp_path_factory.mktemp("analysis")
    full_fit.save(folder / "run", picture=False)
    before = os.getcwd()
    os.chdir(folder)
    yield full_fit
    os.chdir(before)


def test_a_result_is_the_folders(saved):
    found = result("run")
    summary = saved.summary().set_index("parameter")
    (ratio,) = [q for q in found["answers"] if q["name"] == "P_Na/P_K"]
    assert float(ratio["median"]) == pytest.approx(summary.loc["P_Na/P_K", "median"], rel=5e-3)
    assert [part["name"] for part in found["parts"]] == ["sampling", "fit", "identification", "robustness"]
    assert " ".join(found["parts"][1]["sentences"]) in " ".join(str(saved.verdict()).split())
    assert found["methods"] == str(saved.methods())
    assert (found["kind"], found["believable"]) == ("fit", True)
    assert not {"differences", "table"} & set(found)  # of groups, of which it has none


def test_the_explored_potential_is_the_predicted_one(saved):
    start = explore("run")["start"]
    at = start | {"K_o_mM": 12.0, "temperature_C": 30.0}
    lower, middle, upper = explore("run", at=at)["here"]
    bath = {name: [x] for name, x in at.items() if name != "blocked"}
    (row,) = saved.predict(pd.DataFrame(bath | {"Cl_o_mM": [120.0]})).to_dict("records")
    assert [lower, middle, upper] == pytest.approx(
        [row["lower"], row["median"], row["upper"]], abs=0.35
    )  # thinned draws
    poisoned = explore("run", at=at | {"blocked": 1.0})["here"][1]
    assert poisoned > middle + 1


def test_another_ratio_fits_worse_and_the_fitted_one_as_well(saved):
    first = explore("run")
    median = saved.summary().set_index("parameter").loc["P_Na/P_K", "median"]
    same = explore("run", at=first["start"], what_if={"P_Na/P_K": median})
    assert same["other_misfit"] == pytest.approx(first["misfit"], rel=0.05)
    assert same["other"] == pytest.approx(same["band"][1], abs=0.5)
    assert explore("run", at=first["start"], what_if={"P_Na/P_K": 10 * median})["other_misfit"] > 2 * first["misfit"]
    assert np.diff(first["band"][1]).min() > 0  # more potassium outside depolarises


def test_a_run_that_is_not_there_is_a_sentence(saved):
    with pytest.raises(ConfigurationError, match="no finished fit"):
        fit_of("none")


def test_a_written_table_is_read_as_it_was(ask, tmp_path):
    write_csv(to_frame(recordings(seed=1)), tmp_path / "table.csv")
    found = ask(
        "table",
        state=STATE | {"settings": {"inside": INSIDE}},
    )
    assert (found["ok"], found["faults"]) == (True, [])
    assert found["understood"] == recordings(seed=1).sizes["obs"]
