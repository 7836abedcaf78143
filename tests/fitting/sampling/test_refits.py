"""Fits without some rows: as if these had not been measured, and nothing is compiled anew."""

from dataclasses import replace

import numpy as np
import pytest

from tests.many_cells import many_cells
from tests.synthetic import INSIDE, recordings
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.model.linear import starting_point
from vrest.fitting.sampling.density import Density
from vrest.fitting.sampling.refits import LOOK, sampled, without_rows
from vrest.models.compiling import machine

UNSURE = "K=140+-10,Na=12,Cl=10"


def slopes(experiment, x=None):
    density = Density(experiment)
    x = density.flatten(starting_point(experiment)) if x is None else x
    return density(x)[2]


def pooled(**settings):
    return prepare(recordings(), configure(**{"inside": UNSURE, **settings}))


def test_rows_left_out_are_as_if_they_had_not_been_measured():
    experiment, out = pooled(), np.arange(42) % 5 == 0
    x = Density(experiment).flatten(starting_point(experiment))
    alone = prepare(recordings().isel(obs=~out), experiment.config)
    alone = replace(alone, reference=experiment.reference)
    assert slopes(without_rows(experiment, out), x) == pytest.approx(slopes(alone, x), rel=1e-6)
    assert slopes(experiment, x) != pytest.approx(slopes(alone, x), rel=1e-3)


def test_resistances_of_rows_left_out_go_with_them():
    rows = recordings().assign(R_in=("obs", np.where(np.arange(42) % 2, 200.0, np.nan)), C_m=("obs", np.full(42, 20.0)))
    experiment = prepare(rows, configure(inside="K=140,Na=12,Cl=passive"))
    out = np.arange(42) < 20
    assert without_rows(experiment, out).resistance.rows.tolist() == list(range(21, 42, 2))
    assert without_rows(experiment, np.arange(42) >= 0).resistance is None


def test_fits_without_a_cell_compile_once_and_draw_what_they_should(monkeypatch):
    rows, _ = many_cells(cells=4, types={"A": {}}, K_o=(2.5, 10, 40), temperatures=(22,))
    experiment = prepare(rows, configure(inside=INSIDE))
    made, compile_now = [], machine.Machine.__init__
    monkeypatch.setattr(machine.Machine, "__init__", lambda self, text: made.append(text) or compile_now(self, text))
    monkeypatch.setattr(machine, "_known", {})
    out = [experiment.levels.entry_of_row == cell for cell in range(3)]
    found = [sampled(without_rows(experiment, x), LOOK, seed)[0]["p_Na_cell"] for seed, x in enumerate([*out, out[0]])]
    assert len([text for text in made if "@vrest_newton" in text]) == 1
    assert [x.sizes["draw"] for x in found] == [LOOK.draws] * 4
    first, other, _, again = (x.isel(cell=0) for x in found)
    assert first.std() > 1.5 * other.std(), "without its rows a cell is known by its population only"
    assert not np.array_equal(first, again), "each seed has random numbers of its own"
