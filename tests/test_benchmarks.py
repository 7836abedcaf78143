"""The benchmarks' own arithmetic, on timings and posteriors that are made up: nothing is measured here."""

import json
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import cases, stages, table
from benchmarks.data import one_cell, plan_of_42, write_csv
from benchmarks.process import PYTHON, Run, measure
from benchmarks.table import Figure, disagreement, exponent, judged, markdown, write_json
from vrest.fitting.sampling import sampling

MACHINE = {
    "processor": "a processor", "cores": 2, "system": "Linux 6", "python": "3.13.0", "load": 0.5, "versions": {"vrest": "0"},
}  # fmt: skip
RNG = np.random.default_rng(1)


def posterior(shift: float = 0.0, stretch: float = 1.0) -> dict[str, np.ndarray]:
    return {name: 3 + shift + stretch * RNG.normal(size=(4, 1000)) for name in cases.PARAMETERS}


def test_ratios_are_medians_of_ratios_within_a_repeat():
    figure = Figure("single", "a peer", [10.0, 40.0, 6.0], against=[1.0, 2.0, 3.0], versus="vrest, warm")
    assert figure.median == 10
    assert figure.ratio == 10
    assert Figure("single", "nothing").ratio is None


def test_one_table_and_json(tmp_path):
    figures = [
        Figure("single", "vrest, warm", [5.0, 4.0, 6.0], peak_MB=412.3, min_ess=1520.0),
        Figure("single", "a peer", [50.0, 41.0, 66.0], against=[5.0, 4.0, 6.0], versus="vrest, warm"),
        Figure("single", "another", remark="skipped: a | reason\nof two lines"),
    ]
    lines = markdown(figures, MACHINE).splitlines()
    header, rule, mine, other, none = lines[:5]
    assert [line.count("|") for line in (header, rule, mine, other, none)] == [10] * 5
    assert [cell.strip() for cell in other.split("|")][3:7] == ["50", "s", "10.2", "vrest, warm"]
    assert "| –" in none
    assert "a / reason of two lines" in none
    assert lines[6] == "a processor, 2 cores, Linux 6, Python 3.13.0, load 0.5 at the start. vrest 0."
    write_json(tmp_path / "figures.json", figures, MACHINE)
    found = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert found["machine"] == MACHINE
    assert found["figures"][1]["values"] == [50.0, 41.0, 66.0]
    assert found["figures"][1]["ratio"] == pytest.approx(10.25)


def test_equal_posteriors_agree_and_get_their_time():
    figure = judged(Figure("single", "a peer", [1.0]), posterior(), posterior())
    assert figure.values == [1.0]
    assert figure.min_ess > 3000


@pytest.mark.parametrize(
    ("draws", "fault"),
    [
        (posterior(shift=0.4), "mean"),
        (posterior(stretch=1.5), "sd"),
        ({"p_Na": np.zeros((4, 1000))}, "has no p_Cl"),
        ({name: np.array([4.0, 1.0]) for name in cases.PARAMETERS}, "mean"),
        ({name: np.full((4, 1000), np.nan) for name in cases.PARAMETERS}, "mean"),
    ],
)
def test_a_peer_that_disagrees_gets_no_time(draws, fault):
    """Negative control."""
    figure = judged(Figure("single", "a peer", [1.0]), draws, posterior())
    assert figure.values == []
    assert figure.ratio is None
    assert "DISAGREES" in figure.remark
    assert fault in figure.remark


def test_a_point_estimate_is_named_as_such():
    point = {name: np.array([3.1, 0.95]) for name in cases.PARAMETERS}
    assert disagreement(point, posterior()) == ""
    assert judged(Figure("single", "lmfit", [1.0]), point, posterior()).remark == "point and standard errors only"


def test_a_race_holds_every_contender_against_the_first(tmp_path, monkeypatch):
    def go(self, *where):
        self.draws = posterior(shift=2.0 if self.name == "wrong" else 0.0)
        status = 1 if self.name == "broken" else 0
        seconds = {"right": 2.0, "slow": 300.0}.get(self.name, 1.0)
        slow = self.name == "slow"
        return Run(seconds, 100.0, -9 if slow else status, "", "Traceback\nValueError: no", stopped=slow)

    monkeypatch.setattr(cases.Contender, "go", go)
    names = ("vrest", "right", "wrong", "broken", "slow")
    contenders = [cases.Contender(name, [], cold=name == "right") for name in names]
    contenders.append(cases.Contender("absent", [], trouble="no environment"))
    settings = cases.Settings(tmp_path)
    first, right, wrong, broken, slow, absent = cases.race("single", tmp_path, tmp_path, contenders, settings, 3)
    assert (first.median, first.ratio) == (1, None)
    assert (right.median, right.ratio, right.versus) == (2, 2, "vrest")
    assert (wrong.values, broken.values) == ([], [])
    assert broken.remark == "status 1: ValueError: no"
    assert (slow.values, slow.ratio, slow.remark) == ([300], 300, "at least: stopped without a posterior")
    assert (absent.values, absent.remark) == ([], "no environment")


def test_exponent():
    sizes = [10, 100, 1000]
    assert exponent(sizes, [n**1.3 for n in sizes]) == pytest.approx(1.3)


def test_a_process_is_measured_and_stopped():
    run = measure([*PYTHON, "-c", "x = bytearray(200_000_000); print('done')"])
    assert (run.status, run.output.strip(), run.complaint) == (0, "done", "")
    assert 190 < run.peak_MB < 400
    late = measure([*PYTHON, "-c", "import time; time.sleep(60)"], limit=0.5)
    assert late.seconds < 20
    assert late.complaint.endswith("stopped after 0 s")
    assert measure([*PYTHON, "-c", "raise SystemExit(2)"]).complaint == "status 2: no message"


def test_the_rows_of_one_cell():
    recordings, data = one_cell(600, distinct=False)
    assert len(np.unique(recordings["temperature"])) == 200
    assert data["V_m"].shape == (600,)
    assert len(np.unique(one_cell(600, distinct=True)[0]["temperature"])) == 600
    assert plan_of_42(1).sizes["obs"] == 42


@pytest.mark.slow
def test_the_sampling_of_a_fit_is_timed_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(sampling, "draw", sampling.draw)  # so that it is put back
    write_csv(plan_of_42(1), tmp_path / "rows.csv")
    found = stages.main(str(tmp_path / "rows.csv"), str(tmp_path / "run"))
    assert found["runs"] == 1
    assert found["sampling"] > 0.05


@pytest.mark.thorough
def test_help_names_the_cases():
    shown = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"], cwd=cases.ROOT, capture_output=True, text=True, check=True
    ).stdout
    unwrapped = "".join(shown.split())
    assert [name for name in cases.CASES if name not in unwrapped] == []


def test_numbers_are_short():
    assert [table._number(x) for x in (None, 0.012345, 12.345, 1234.5, 1e6)] == [
        "–",
        "0.0123",
        "12.3",
        "1,234",
        "1,000,000",
    ]
