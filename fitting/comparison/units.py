"""What counts as independent when groups are compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..checks.fitted import Fitted
from ..checks.words import listed
from ..experiment.levels import FEWEST_CELLS

FEW_UNITS = 5


@dataclass(frozen=True)
class Units:
    """What counts as independent in a comparison.

    Attributes
    ----------
    independent : whether anything does. sentence : what it is, and how many there are.
    single : groups with one unit above the cell, of which no direction is claimed.
    """

    independent: bool
    sentence: str
    single: frozenset[str] = frozenset()

    def claimed(self, a: str, b: str) -> bool:
        """Whether a direction may be claimed of two groups."""
        return self.independent and not {a, b} & self.single


def units(fit: Fitted) -> Units:
    """What the groups' differences are held against: the outermost units, cells, rows that are cells, or rows of unknown
    cells.
    """
    levels, recordings = fit.experiment.levels, fit.experiment.recordings
    if levels.top and (levels.cells or len(set(levels.top_of_row.tolist())) in (1, recordings.sizes["obs"])):
        return _outermost(fit)
    if levels.cells:
        counts = np.bincount(levels.group_of_cell, minlength=len(levels.groups))
        return Units(
            True, f"Cells are the units: {_counted(levels.groups, counts)}.{_few(levels.groups, counts, 'cells')}"
        )
    if "cell" not in recordings.coords and not levels.top:
        means = bool((fit.experiment.error_mV > 0).all())
        return Units(
            True,
            "Rows are means with errors of their own: the intervals hold if those errors are of cells or animals, not of"
            " repeats in one of them."
            if means
            else "No column names the cell, so that every row counts as an independent unit: if several are of one cell, the"
            " intervals are too narrow.",
        )
    if not levels.top and pd.Series(recordings["cell"].to_numpy()).is_unique:
        counts = np.bincount(levels.group_of_row, minlength=len(levels.groups))
        return Units(True, f"Each row is another cell, an independent unit: {_counted(levels.groups, counts)}.")
    whose = f"unit of {levels.top}" if levels.top else "cell"
    undistinguished = (
        "could not be told apart" if levels.varying else "were not told apart, as nothing may vary between them"
    )
    return Units(
        False,
        f"Several rows are of one {whose}, and cells {undistinguished} (that takes"
        f" {FEWEST_CELLS} measured in two conditions or more): such rows are not independent, the intervals are too narrow,"
        " and no direction is claimed. Where each cell was measured in one bath, average its rows.",
    )


def _outermost(fit: Fitted) -> Units:
    levels = fit.experiment.levels
    counts, what = levels.top_units(), levels.top
    text = f"What counts as independent is each {what}: {_counted(levels.groups, counts)}."
    if any(a.mixed for a in levels.above[:1]):
        text += (
            f" Where groups share a {what}, their difference is seen within it, and taken to be the same in each {what}:"
            " that it varies is not in these intervals."
        )
    single = frozenset(name for name, n in zip(levels.groups, counts, strict=True) if n < 2)
    if single:
        one = listed([name for name in levels.groups if name in single])
        text += (
            f" Of {one} there is one {what}: what is {what} and what is group cannot be told apart, however many its cells"
            " are, and no direction is claimed."
        )
    return Units(True, text + _few(levels.groups, counts, f"units of {what}", least=2), single)


def _few(groups: Sequence[str], counts: np.ndarray, what: str, least: int = 0) -> str:
    few = [f"{name} ({n})" for name, n in zip(groups, counts, strict=True) if least <= n < FEW_UNITS]
    if not few:
        return ""
    return (
        f" Few {what} in {', '.join(few)}: how much {what} differ is then known mostly from the prior on their spread,"
        f" and so is the width of these intervals. They speak of these {what} first, of their groups with caution."
    )


def _counted(groups: Sequence[str], counts: np.ndarray) -> str:
    return ", ".join(f"{n} in {name}" for name, n in zip(groups, counts, strict=True))
