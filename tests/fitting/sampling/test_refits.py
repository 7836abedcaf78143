"""Refits under other assumptions: each the fit that the changed configuration or table would give, and nothing compiled."""

from dataclasses import replace

import numpy as np
import pytest

from tests.many_cells import many_cells
from tests.synthetic import INSIDE, recordings
from vrest.fitting.experiment.inside import parse_insides
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.model.linear import starting_point
from vrest.fitting.sampling.density import Density
from vrest.fitting.sampling.refits import LOOK, Variation, refits, varied, without_rows
from vrest.models.compiling import machine
from vrest.models.priors import HalfNormal

UNSURE = "K=140+-10,Na=12,Cl=10"


def slopes(experiment, x=None):
    density = Density(experiment)
    x = density.flatten(starting_point(experiment)) if x is None else x
    return density(x)[2]


def pooled(**settings):
    return prepare(recordings(), configure(**{"inside": UNSURE, **settings}))


def test_a_variation_is_what_the_configuration_would_say():
    experiment = pooled()
    x = Density(experiment).flatten(starting_point(experiment))
    for variation, other in (
        (Variation(priors={"pump_mV": HalfNormal(2.0)}), pooled(priors={"pump_mV": "HalfNormal(2)"})),
        (Variation(inside=parse_insides("K=120+-5")), pooled(inside="K=120+-5,Na=12,Cl=10")),
    ):
        assert np.array_equal(slopes(varied(experiment, variation), x), slopes(other, x))
        assert not np.array_equal(slopes(experiment, x), slopes(other, x))
    assert varied(experiment, Variation()) is experiment
    shifted = varied(experiment, Variation(shift_mV=-3.0))
    assert shifted.recordings["V_m"].to_numpy() == pytest.approx(experiment.recordings["V_m"].to_numpy() - 3)


def test_the_reference_stays_where_it_was():
    """Without the rows of the commonest bath, another would be the reference."""
    rows = recordings()
    first = rows["c_o"].sel(ion="K").to_numpy() == 2.5
    experiment = prepare(rows, configure(inside=INSIDE))
    assert varied(experiment, Variation(without=first, shift_mV=1.0)).reference == experiment.reference


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


def test_refits_of_cells_compile_once_and_draw_what_they_should(monkeypatch):
    rows, _ = many_cells(cells=4, types={"A": {}}, K_o=(2.5, 10, 40), temperatures=(22,))
    experiment = prepare(rows, configure(inside=INSIDE))
    made, compile_now = [], machine.Machine.__init__
    monkeypatch.setattr(machine.Machine, "__init__", lambda self, text: made.append(text) or compile_now(self, text))
    monkeypatch.setattr(machine, "_known", {})
    out = [experiment.levels.entry_of_row == cell for cell in range(3)]
    found = list(refits(experiment, [*(Variation(without=x) for x in out), Variation(without=out[0])], LOOK, seed=3))
    assert len([text for text in made if "@vrest_newton" in text]) == 1
    assert [f.posterior.sizes["draw"] for f in found] == [LOOK.draws] * 4
    assert {"p_Na_cell", "pump_current_mM", "Q10_ratio"} & set(found[0].posterior) >= {"p_Na_cell", "pump_current_mM"}
    first, again = found[0].posterior["p_Na_cell"], found[3].posterior["p_Na_cell"]
    assert (
        first.isel(cell=0).std() > 1.5 * found[1].posterior["p_Na_cell"].isel(cell=0).std()
    )  # known by its population only
    assert not np.array_equal(first, again), "each refit has random numbers of its own"
