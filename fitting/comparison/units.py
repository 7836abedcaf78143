"""What counts as independent when groups are compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..checks.fitted import Fitted
from ..experiment.levels import FEWEST_CELLS

FEW_CELLS = 5


@dataclass(frozen=True)
class Units:
    """What counts as independent in a comparison: whether it may, and the sentence that says so."""

    independent: bool
    sentence: str


def units(fit: Fitted) -> Units:
    """What the groups' differences are held against: cells, rows that are cells of their own, or rows of unknown cells."""
    levels, recordings = fit.experiment.levels, fit.experiment.recordings
    if levels.cells:
        counts = np.bincount(levels.group_of_cell, minlength=len(levels.groups))
        few = [f"{name} ({n})" for name, n in zip(levels.groups, counts, strict=True) if n < FEW_CELLS]
        known = f"Cells are the units: {_counted(levels.groups, counts)}."
        if few:
            known += (
                f" Few cells in {', '.join(few)}: how much cells differ is then known mostly from the prior on their spread,"
                " and so is the width of these intervals. They speak of these cells first, of their groups with caution."
            )
        return Units(True, known)
    if "cell" not in recordings.coords:
        means = bool((fit.experiment.error_mV > 0).all())
        return Units(
            True,
            "Rows are means with errors of their own: the intervals hold if those errors are of cells or animals, not of"
            " repeats in one of them."
            if means
            else "No column names the cell, so that every row counts as an independent unit: if several are of one cell, the"
            " intervals are too narrow.",
        )
    if pd.Series(recordings["cell"].to_numpy()).is_unique:
        counts = np.bincount(levels.group_of_row, minlength=len(levels.groups))
        return Units(True, f"Each row is another cell, an independent unit: {_counted(levels.groups, counts)}.")
    return Units(
        False,
        "Several rows are of one cell, and cells could not be told apart (that takes"
        f" {FEWEST_CELLS} measured in two conditions or more): such rows are not independent, the intervals are too narrow,"
        " and no direction is claimed. Where each cell was measured in one bath, average its rows.",
    )


def _counted(groups: Sequence[str], counts: np.ndarray) -> str:
    return ", ".join(f"{n} in {name}" for name, n in zip(groups, counts, strict=True))
