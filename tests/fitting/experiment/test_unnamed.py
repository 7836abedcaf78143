"""Cells that no column names are noticed, and rows that are independent are not taken for cells."""

import numpy as np
import pytest

from tests.many_cells import many_cells
from tests.synthetic import INSIDE, recordings
from vrest.fitting.experiment.prepare import configure, prepare

PLAN = {"K_o": (2.5, 5, 10, 20, 40), "temperatures": (22,), "pump": (False,)}


def crossed(seed: int, spread: float = 0.3):
    """Six cells, each in five baths."""
    return many_cells(seed, 6, {"A": {}}, spread, **PLAN)[0].drop_vars("cell_type")


def independent(seed: int):
    return recordings(seed, repeats=6, **PLAN)


def said(rows) -> list[str]:
    """The cautions on cells that nobody named."""
    notes = prepare(rows, configure(inside=INSIDE, law="ghk")).cautions
    return [str(note) for note in notes if "No column names the cell" in str(note)]


@pytest.mark.filterwarnings("ignore:No column names the cell")
def test_crossed_cells_are_noticed_by_their_order_or_by_the_column_that_names_them():
    rows = crossed(1)
    assert not said(rows), "negative control: they are named"
    (by_order,) = said(rows.drop_vars("cell"))
    assert "intervals would be too narrow" in by_order
    (by_column,) = said(rows.drop_vars("cell").assign_coords(fish=("obs", rows["cell"].to_numpy())))
    assert "rows of one fish" in by_column
    assert 'columns={"cell": "fish"}' in by_column


def test_a_row_a_cell_and_a_table_sorted_by_potential_are_not_taken_for_cells():
    rows = independent(1)
    assert not said(recordings(1, **PLAN))
    assert not said(rows.assign_coords(cell=("obs", [f"c{k}" for k in range(30)])))
    K_o = rows["c_o"].sel(ion="K").to_numpy()
    assert not said(rows.isel(obs=np.lexsort((rows["V_m"].to_numpy(), K_o))))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:No column names the cell")
def test_how_often_cells_are_noticed_and_how_often_there_are_none():
    found = np.mean([bool(said(crossed(seed).drop_vars("cell"))) for seed in range(100)])
    false = np.mean([bool(said(independent(seed))) for seed in range(100)])
    print(f"noticed {found:.2f}, false alarms {false:.2f}")
    assert found >= 0.75  # cells that differ by 30 % in each ratio, in scatter of 1.2 mV
    assert false <= 0.04  # 1 in 100 expected
