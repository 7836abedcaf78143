"""Recordings and configuration brought together: conditions, reference, ions, inside, and what is refused."""

import numpy as np
import pytest

from tests.synthetic import INSIDE, recordings
from vrest.data import load_data
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.models.errors import ConfigurationError, DataError, DataWarning, UnknownNameError


def experiment(data=None, **settings):
    return prepare(recordings() if data is None else data, configure(**{"inside": INSIDE, **settings}))


def test_conditions_are_solved_once_each():
    e = experiment(recordings(repeats=3))
    assert e.n_conditions == 42
    assert len(e.condition_of_row) == 126
    K_o = e.recordings["c_o"].sel(ion="K").to_numpy()
    assert (e.conditions.c_o["K"][e.condition_of_row] == K_o).all()
    assert (e.conditions.temperature_C[e.condition_of_row] == e.recordings["temperature"].to_numpy()).all()
    assert (e.conditions.blocked[e.condition_of_row] == e.recordings["blocked"].to_numpy()).all()


def test_block_makes_no_condition_of_its_own_for_a_law_without_pump():
    assert experiment(law="ghk").n_conditions == 21


def test_reference_is_the_commonest_running_bath_and_ties_go_to_the_first():
    assert experiment().reference.c_o["K"] == 2.5
    assert experiment().reference.temperature_C == 15.0
    everything = recordings()
    running = np.flatnonzero(
        (everything["c_o"].sel(ion="K") == 10) & (everything["temperature"] == 25) & ~everything["blocked"]
    )
    e = experiment(everything.isel(obs=[*range(42), running[0]]))
    assert (e.reference.c_o["K"], e.reference.temperature_C) == (10.0, 25.0)
    poisoned = np.flatnonzero((everything["c_o"].sel(ion="K") == 40) & everything["blocked"])
    e = experiment(everything.isel(obs=[*range(42), *poisoned, *poisoned]))  # blocked rows do not count
    assert e.reference.c_o["K"] == 2.5


def test_reference_can_be_named_and_need_not_have_been_measured():
    assert experiment(reference={"K_o_mM": 10, "temperature_C": 25}).reference.c_o["K"] == 10
    assert experiment(reference={"temperature_C": 35}).reference.c_o["K"] == 2.5
    unmeasured = {"K_o_mM": 5.5, "Na_o_mM": 145, "Cl_o_mM": 130, "temperature_C": 37}
    assert experiment(reference=unmeasured).reference.temperature_C == 37
    with pytest.raises(ConfigurationError, match="no row of the table has temperature_C = 37"):
        experiment(reference={"temperature_C": 37})
    with pytest.raises(UnknownNameError, match="Did you mean 'K_o_mM'"):
        experiment(reference={"K_o": 5})


def test_missing_inside_lists_what_is_needed_with_typical_values():
    with pytest.raises(ConfigurationError, match=r'missing for Na, Cl.*Na 5–20.*inside="K=140,Na=12,Cl=10"'):
        experiment(inside="K=140")


def test_inside_from_columns_and_not_twice():
    data = recordings()
    data["c_i"] = (("obs", "ion"), np.full((42, 3), np.nan))
    data["c_i"][:, 0] = np.where(np.arange(42) < 20, 140.0, 150.0)
    e = experiment(data, inside="Na=12,Cl=10")
    assert set(np.unique(e.conditions.c_i["K"])) == {140.0, 150.0}
    with pytest.raises(ConfigurationError, match="K inside is given twice"):
        experiment(data)
    data["c_i"][5, 0] = np.nan
    with pytest.raises(DataError, match="row 7, column K_i_mM: empty"):
        experiment(data, inside="Na=12,Cl=10")


def test_uncertain_inside_is_a_parameter():
    e = experiment(inside="K=140+-10,Na=12,Cl=10")
    assert "K_i_mM" in [p.name for p in e.parameters]
    assert "K" not in e.conditions.c_i
    assert e.conditions.inside({"K_i_mM": 133.0})["K"] == 133.0


def test_passive_chloride_leaves_the_model_unless_rows_are_blocked():
    assert "P_Cl/P_K" not in [
        p.name for p in experiment(recordings(pump=[False]), inside="K=140,Na=12,Cl=passive").parameters
    ]
    with_block = experiment(inside="K=140,Na=12,Cl=passive")
    assert "P_Cl/P_K" in [p.name for p in with_block.parameters]
    assert with_block.conditions.passive == ("Cl",)


def test_ions_that_the_table_lacks_or_nobody_knows():
    with pytest.raises(ConfigurationError, match=r'Ca has no column Ca_o_mM.*ions="K,Na"'):
        experiment(ions="K,Na,Ca", inside="K=140,Na=12,Ca=0.0001")
    with pytest.raises(UnknownNameError, match="unknown ion 'Sodium'"):
        experiment(ions="K,Sodium")
    with pytest.raises(ConfigurationError, match="needs K"):
        experiment(ions="Na,Cl")
    with pytest.raises(UnknownNameError, match="Did you mean 'ghk-pump'"):
        experiment(law="ghk-pumps")


def test_a_fixed_parameter_is_not_sampled():
    e = experiment(priors={"Q10_leak": 1.4})
    assert e.fixed == {"Q10_leak": 1.4}
    assert "Q10_leak" not in [p.name for p in e.parameters]
    with pytest.raises(UnknownNameError, match=r"no parameter 'P_Na'. Did you mean 'P_Na/P_K'"):
        experiment(priors={"P_Na": 0.03})


def test_a_bath_with_none_of_the_ions():
    data = recordings(K_o=(5, 0))
    data["c_o"][np.flatnonzero(data["c_o"].sel(ion="K") == 0), :2] = 0.0
    with pytest.raises(DataError, match="the bath holds none of the model's ions"):
        experiment(data, ions="K,Na", law="ghk")


def test_notes_say_what_was_decided():
    notes = " ".join(map(str, experiment().notes))
    assert "known exactly: K 140 mM, Na 12 mM, Cl 10 mM" in notes
    assert "K_o 2.5 mM" in notes
    assert "rows are pooled" in notes
    one = " ".join(map(str, experiment(recordings(temperatures=[22])).notes))
    assert "One temperature only" in one


def test_cautions_name_the_law_that_would_do_better():
    with pytest.warns(DataWarning, match="ghk-pump-kinetic"):
        experiment(recordings(K_o=(0.5, 5)))


def test_a_changed_table_is_pointed_out():
    data = recordings().assign_attrs(sha256="new")
    with pytest.warns(DataWarning, match="has changed since"):
        experiment(data, data_sha256="old")


def test_bundled_set_brings_its_assumed_inside():
    with pytest.warns(DataWarning, match="Na_o under"):
        e = prepare(load_data("crayfish_muscle"), configure())
    assert [p.name for p in e.parameters if p.name.startswith("P_")] == ["P_Na/P_K"]
    assert any("description assumes" in note.text for note in e.notes)


def test_recordings_of_the_wrong_kind():
    with pytest.raises(ConfigurationError, match=r"vrest\.read_csv"):
        prepare("recordings.csv", configure())
