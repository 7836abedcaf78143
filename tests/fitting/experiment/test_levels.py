"""Levels above the cell: which rows belong to which animal, what is told apart, and what is asked about."""

import warnings

import numpy as np
import pytest

from tests.false_differences import plan
from tests.synthetic import INSIDE
from vrest.fitting.checks.variations import units as left_out
from vrest.fitting.experiment.levels import unit_of
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.models.errors import ConfigurationError, DataWarning, UnknownNameError

SHORT = {"K_o": (2.5, 40), "pump": (False,)}


def levels(rows, **settings):
    return prepared(rows, **settings).levels


def prepared(rows, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return prepare(rows, configure(**{"inside": INSIDE, "by": "cell_type", **settings}))


def relabelled(rows, **labels):
    return rows.assign_coords({name: ("obs", np.asarray(x).astype(str)) for name, x in labels.items()})


@pytest.fixture(scope="module")
def rows():
    return plan(2, 3, **SHORT)


def test_a_column_animal_is_a_level_above_the_cell_and_another_is_where_it_is_named(rows):
    found = levels(rows)
    assert [(a.column, a.units) for a in found.above] == [("animal", ("A0", "A1", "B0", "B1"))]
    assert found.above[0].of_cell.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert found.above[0].main_group.tolist() == [0, 0, 1, 1]
    assert not found.above[0].mixed
    assert found.top_units().tolist() == [2, 2]
    assert levels(rows, nested_in="none").above == ()
    mice = rows.rename(animal="mouse")
    assert levels(mice).above == ()
    assert levels(mice, nested_in="mouse").above[0].units == found.above[0].units


def test_what_is_done_is_said(rows):
    note = str(prepared(rows).notes[0])
    assert note.startswith("12 cells in 4 units of animal are partially pooled within 2 levels of cell_type")
    assert "differ between units of animal and between cells" in note


def test_an_animal_may_hold_several_types():
    found = levels(plan(3, 2, mixed=True, **SHORT))
    assert (found.above[0].units, found.above[0].mixed) == (("0", "1", "2"), True)
    assert found.top_units().tolist() == [3, 3]


def test_levels_nest_the_outermost_first_and_labels_that_repeat_are_told_apart(rows):
    kind, animal = rows["cell_type"].to_numpy(), rows["animal"].to_numpy()
    numbered = relabelled(rows, litter=kind, mouse=[name[1] for name in animal])  # mouse 0 and 1 in either litter
    found = levels(numbered, nested_in="litter,mouse")
    assert [a.units for a in found.above] == [("A", "B"), ("0 (A)", "1 (A)", "0 (B)", "1 (B)")]
    assert unit_of(found.above[0].of_cell, found.above[1].of_cell).tolist() == [0, 0, 1, 1]
    assert (found.top, found.top_units().tolist()) == ("litter", [1, 1])


def test_cells_of_one_name_in_several_animals_are_different_cells(rows):
    numbered = relabelled(rows, cell=[name.split(".")[1] for name in rows["cell"].to_numpy()])
    experiment = prepared(numbered)
    assert len(experiment.levels.cells) == 12
    assert "0 (A0)" in experiment.levels.cells
    assert set(experiment.recordings["cell"].to_numpy()) == set(experiment.levels.cells)
    assert any("taken for different cells: 0 (A0)" in str(note) for note in experiment.notes)


def test_units_that_hold_one_each_are_one_level_and_a_single_unit_is_none(rows):
    one_each = levels(relabelled(rows, animal=rows["cell"].to_numpy()))
    assert (one_each.above, one_each.top_units().tolist()) == ((), [6, 6])
    single = levels(relabelled(rows, animal=["m"] * rows.sizes["obs"]))
    assert (single.above, single.top_units().tolist()) == ((), [1, 1])


def test_animals_of_cells_with_a_row_each_are_what_is_told_apart():
    rows = plan(3, 4, K_o=(5,), pump=(False,))
    found = levels(rows)
    assert (found.distinguished, found.finest, found.cells) == (False, "animal", ("A0", "A1", "A2", "B0", "B1", "B2"))
    experiment = prepared(rows)
    assert (experiment.spreads, [*experiment.spreads_above[0]]) == ({}, ["P_Na/P_K", "P_Cl/P_K", "pump_mV"])
    assert "Cells are not told apart: each was measured in one condition only" in str(experiment.notes[0])


def test_rows_that_are_animals_each_are_pooled():
    assert levels(plan(6, 1, K_o=(5,), pump=(False,))).above == ()


def test_groups_have_spreads_of_their_own_unless_animals_hold_several(rows):
    apart, mixed = prepared(rows, spread="group"), prepared(plan(2, 2, mixed=True, **SHORT), spread="group")
    assert [apart.by_group(p) for p in apart.every_spread] == [True] * 6
    assert [mixed.by_group(p) for p in mixed.every_spread] == [False] * 3 + [True] * 3


def test_faults_name_the_option_and_the_nearest_column(rows):
    with pytest.raises(UnknownNameError, match='nested_in="mouse": there is no column'):
        levels(rows, nested_in="mouse")
    gaps = relabelled(rows, mouse=["", *["m"] * (rows.sizes["obs"] - 1)])
    with pytest.raises(ConfigurationError, match="mouse is empty in some rows"):
        levels(gaps, nested_in="mouse")


@pytest.mark.parametrize("name", ["mouse", "Rat ID", "donor", "culture_no", "slice", "date"])
def test_a_repeated_label_that_looks_like_a_level_is_asked_about(rows, name):
    asked = rows.rename(animal=name)
    with pytest.warns(DataWarning, match=f"Several cells are of one {name}.*Say nested_in"):
        prepare(asked, configure(inside=INSIDE, by="cell_type"))
    for answer in (name, "none"):
        assert not prepared(asked, nested_in=answer).cautions


def test_other_labels_are_not_asked_about(rows):
    cells = rows["cell"].to_numpy()
    for column in (
        {"mouse": cells}, {"mouse": np.arange(len(cells))}, {"mouse": ["m"] * len(cells)}, {"category": rows["cell_type"]},
        {"date": np.arange(len(cells)) % 2},
    ):  # fmt: skip
        assert not prepared(relabelled(rows.drop_vars("animal"), **column)).cautions


def test_the_outermost_units_are_what_is_left_out(rows):
    column, labels = left_out(prepared(rows))
    assert (column, set(labels)) == ("animal", {"A0", "A1", "B0", "B1"})
    assert left_out(prepared(rows, nested_in="none"))[0] == "cell"
