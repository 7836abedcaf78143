"""The tutorial's law: its file runs, in under 40 lines, and finds what the root cells show."""

import runpy
from pathlib import Path

import pytest

import vrest
from vrest.models.laws import registry

TUTORIAL = Path(__file__).parents[1] / "docs/tutorial_own_law.py"


@pytest.fixture(scope="module")
def ran():
    yield runpy.run_path(str(TUTORIAL))
    registry.LAWS.pop("proton-pump", None)


def test_the_tutorial_runs_and_is_short(ran):
    assert len(TUTORIAL.read_text(encoding="utf-8").splitlines()) < 40
    verdict = ran["fit"].verdict()
    assert verdict.sampling.ok
    assert verdict.fit.ok


def test_the_law_tells_what_those_that_come_with_vrest_do_not(ran):
    found = ran["fit"].summary().set_index(["parameter", "group"])["median"]
    assert -140 < found["E_pump_mV", ""] < -115
    assert 2 * found["pump_g_mM", "NH4"] < found["pump_g_mM", "NO3"]
    without = vrest.fit(vrest.load_data("root_cells"), law="ghk", ions="K", robustness="off", draws=400, tune=400)
    assert not without.verdict().fit.ok
    assert "K_o 0.1 mM" in str(without.verdict())
