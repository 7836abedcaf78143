"""Cells and types: which rows belong to which, and which parameters differ between them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from ...data.tables.table import to_frame
from ...models.errors import ConfigurationError, UnknownNameError, nearest, typed
from ...models.notes import About, Note

FEWEST_CELLS = 3
"""Fewer cells than this measured in two conditions or more give no cell level: their spread could not be told."""
_MOST_GROUPS = 20


@dataclass(frozen=True)
class Levels:
    """How the rows are grouped.

    Attributes
    ----------
    by : the column that sorts cells into groups; empty without.
    groups : its levels.
    cells : the cells that are partially pooled; empty where rows are pooled.
    group_of_cell : for each cell, the index of its group.
    entry_of_row : for each row, the index of its cell, else of its group, else 0.
    varying : names of the parameters that differ between entries.
    """

    by: str = ""
    groups: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    group_of_cell: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    entry_of_row: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    varying: tuple[str, ...] = ()

    @property
    def coords(self) -> dict[str, tuple[str, ...]]:
        """Names along the dims `population` and `cell` of the posterior, where it has them."""
        return {"population": self.groups, "cell": self.cells}

    @property
    def entries(self) -> tuple[str, ...]:
        """The units with parameters of their own: cells, else groups, else none."""
        return self.cells or self.groups

    @property
    def group_of_entry(self) -> np.ndarray:
        """For each entry, the index of its group."""
        return self.group_of_cell if self.cells else np.arange(len(self.groups))

    @property
    def group_of_row(self) -> np.ndarray:
        """For each row, the index of its group; 0 where there are none."""
        return self.group_of_entry[self.entry_of_row] if self.entries else self.entry_of_row


def find_levels(
    recordings: xr.Dataset, by: str | None, conditions: np.ndarray, varying: Sequence[str]
) -> tuple[Levels, Note]:
    """Group the rows, and say what was done.

    Parameters
    ----------
    by : column (or several, joined by commas: their levels are crossed) that sorts the rows into groups.
    conditions : index of each row's condition, cells apart.
    varying : names of the parameters that may differ.

    Raises
    ------
    UnknownNameError, ConfigurationError
        There is no such column, it has an empty cell, or far too many levels.
    """
    n = recordings.sizes["obs"]
    labels = _group_labels(recordings, by) if by else np.full(n, "")
    groups = tuple(dict.fromkeys(labels.tolist())) if by else ()
    if len(groups) == 1:
        raise ConfigurationError(f"{typed('by', by)}: all rows have the same value there, {groups[0]!r}. Leave it out.")
    group_of_row = pd.Index(groups).get_indexer(labels) if by else np.zeros(n, int)
    if "cell" not in recordings.coords:
        levels = Levels(by or "", groups, entry_of_row=group_of_row, varying=tuple(varying) if by else ())
        return levels, Note(About.ROWS, f"The {n} rows are pooled: no column names the cell.")

    names = recordings["cell"].to_numpy().astype(str)
    if by:  # a cell recorded in two groups (before and after a drug) is an entry in each
        crossed = pd.DataFrame({"cell": names, "group": labels}).drop_duplicates().groupby("cell").size()
        twice = set(crossed.index[crossed > 1])
        names = np.array([f"{c} ({g})" if c in twice else c for c, g in zip(names, labels, strict=True)])
    frame = pd.DataFrame({"cell": names, "condition": conditions}).drop_duplicates()
    several = int((frame.groupby("cell").size() > 1).sum())
    cells = tuple(dict.fromkeys(names.tolist()))
    if several < FEWEST_CELLS or not varying:
        verb = "is among them" if several == 1 else "are among them"
        reason = (
            "differences between cells count as scatter"
            if not varying
            else f"only {several} measured in two conditions or more {verb}, too few to tell their spread"
            if several
            else "each was measured in one condition only, so differences between cells count as scatter"
        )
        levels = Levels(by or "", groups, entry_of_row=group_of_row, varying=tuple(varying) if by else ())
        if len(cells) == 1:
            return levels, Note(About.ROWS, f"All {n} rows are of one cell.")
        return levels, Note(About.ROWS, f"The {n} rows of {len(cells)} cells are pooled: {reason}.")
    entry = pd.Index(cells).get_indexer(names)
    group_of_cell = np.zeros(len(cells), int)
    group_of_cell[entry] = group_of_row
    what = f"{len(cells)} cells are partially pooled" + (f" within {len(groups)} levels of {by}" if by else "")
    text = f"{what}: {', '.join(varying)} differ between cells, all else is shared."
    return Levels(by or "", groups, cells, group_of_cell, entry, tuple(varying)), Note(About.ROWS, text)


def row_labels(recordings: xr.Dataset, setting: str, by: str) -> np.ndarray:
    """The label of each row in the column, or columns, that a `setting` names.

    Raises
    ------
    UnknownNameError, ConfigurationError
        There is no such column, or it is empty in some rows.
    """
    frame, option = to_frame(recordings), f"{recordings.attrs['source']}: {typed(setting, by)}"
    for name in columns_of(by):
        if name not in frame:
            raise UnknownNameError(
                f"{option}: there is no column {name!r}.{nearest(name, frame.columns)} Columns: {', '.join(frame.columns)}."
            )
        if frame[name].isna().any() or (frame[name].astype(str) == "").any():
            raise ConfigurationError(
                f"{option}: the column {name} is empty in some rows; fill it in, or leave them out."
            )
    return group_labels(frame, by)


def _group_labels(recordings: xr.Dataset, by: str) -> np.ndarray:
    labels = row_labels(recordings, "by", by)
    if len(np.unique(labels)) > _MOST_GROUPS:
        raise ConfigurationError(
            f"{typed('by', by)} has {len(np.unique(labels))} levels, more than {_MOST_GROUPS}: choose another column."
        )
    return labels


def columns_of(by: str) -> list[str]:
    """The columns that sort into groups."""
    return [name.strip() for name in by.split(",")]


def group_labels(frame: pd.DataFrame, by: str) -> np.ndarray:
    """The group of each row of a table: its label, or the labels of several columns crossed."""
    return np.array([" / ".join(parts) for parts in frame[columns_of(by)].astype(str).to_numpy()])
