"""Animals, cells and types: which rows belong to which, and which parameters differ between them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import xarray as xr

from ...data.tables.table import to_frame
from ...models.errors import ConfigurationError, UnknownNameError, nearest, typed
from ...models.notes import About, Note, number_of

FEWEST_CELLS = 3
"""Fewer cells than this measured in two conditions or more give no cell level: their spread could not be told."""
ANIMAL = "animal"
"""The column that is a level above the cell unless the configuration says otherwise."""
_MOST_GROUPS = 20
_LEVEL = re.compile(
    r"(animal|mouse|mice|rat|donor|patient|subject|litter|culture|dish|coverslip|slice|date|day|fish|fly|frog|embryo|larva)s?"
    r"([\W_]*(id|no|nr|number|name|code))?\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Above:
    """A level above the cell, as of animals.

    Attributes
    ----------
    column : the column that names its units. units : their names.
    of_cell : for each cell, the index of its unit.
    main_group : for each unit, the index of the group that most of its cells are of.
    mixed : whether some unit holds cells of several groups.
    """

    column: str
    units: tuple[str, ...]
    of_cell: np.ndarray
    main_group: np.ndarray
    mixed: bool


@dataclass(frozen=True)
class Levels:
    """How the rows are grouped.

    Attributes
    ----------
    by : the column that sorts cells into groups; empty without.
    groups : its levels.
    cells : what is partially pooled at the finest level, cells or else animals (in each group); empty where rows are pooled.
    group_of_cell : for each cell, the index of its group.
    entry_of_row : for each row, the index of its cell, else of its group, else 0.
    varying : names of the parameters that differ between entries.
    above : levels above the cell whose units differ too, outermost first.
    distinguished : whether cells differ beyond their units above; if not, `cells` are the units of the innermost of these.
    top : the column of the outermost units, which count as independent; empty where rows or cells do.
    top_of_row : the unit's name in every row.
    """

    by: str = ""
    groups: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    group_of_cell: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    entry_of_row: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    varying: tuple[str, ...] = ()
    above: tuple[Above, ...] = ()
    distinguished: bool = True
    top: str = ""
    top_of_row: np.ndarray = field(default_factory=lambda: np.zeros(0, str))

    @property
    def coords(self) -> dict[str, tuple[str, ...]]:
        """Names along the dims of the posterior: `population`, `level_1` (the outermost), …, and `cell`, where it has them."""
        return {"population": self.groups, **{dim(k): a.units for k, a in enumerate(self.above)}, "cell": self.cells}

    @property
    def finest(self) -> str:
        """What `cells` are, by their column."""
        return "cell" if self.distinguished or not self.above else self.above[-1].column

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

    def top_units(self) -> np.ndarray:
        """How many of the outermost units each group has."""
        rows = pd.DataFrame({"group": self.group_of_row, "unit": self.top_of_row}).drop_duplicates()
        return np.bincount(rows["group"], minlength=max(1, len(self.groups)))


def dim(k: int) -> str:
    """The dimension of the units of the level `k` above the cell, 0 being the outermost."""
    return f"level_{k + 1}"


def unit_of(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """For each inner unit, the index of the outer one, from both indices of every cell."""
    return outer[np.unique(inner, return_index=True)[1]]


def nesting(recordings: xr.Dataset, nested_in: Sequence[str] | None) -> tuple[str, ...]:
    """The columns of levels above the cell, outermost first: as asked, else `animal` where there is such a column."""
    if nested_in is not None:
        return tuple(nested_in)
    return (ANIMAL,) if ANIMAL in recordings.coords else ()


def unused_levels(recordings: xr.Dataset, by: str | None, nested_in: Sequence[str] | None) -> tuple[Note, ...]:
    """What is asked about label columns that look like levels above the cell, where no level is used or ruled out."""
    if nested_in is not None or ANIMAL in recordings.coords:
        return ()
    frame, notes = to_frame(recordings), []
    cells = frame["cell"].astype(str) if "cell" in frame else frame.index.astype(str).to_series()
    for name in frame.columns.difference([*columns_of(by or ""), "cell", "cell_type", "solution"], sort=False):
        labels = frame[name].astype(str).to_numpy()
        pairs = pd.DataFrame({"label": labels, "cell": cells.to_numpy()}).drop_duplicates()
        if _LEVEL.match(name) and 1 < len(set(labels.tolist())) < len(pairs) and pairs["cell"].is_unique:
            text = (
                f"Several cells are of one {name}, by the column of that name: if those are more alike than others, cells are"
                f" no independent units. Say {typed('nested_in', name)}, or {typed('nested_in', 'none')} if they are not."
            )
            notes.append(Note(About.ROWS, text))
    return tuple(notes)


def with_cells_by_unit(recordings: xr.Dataset, columns: Sequence[str]) -> tuple[xr.Dataset, Note | None]:
    """The recordings with cells that share a name, but not the unit above, under names of their own; and what was done."""
    if "cell" not in recordings.coords or not columns or "cell" in columns:
        return recordings, None
    names = recordings["cell"].to_numpy().astype(str)
    own = _crossed(names, _unit_labels(recordings, columns)[-1])
    if np.array_equal(own, names):
        return recordings, None
    renamed = list(dict.fromkeys(own[own != names].tolist()))
    text = (
        f"Cells of one name in several units of {columns[-1]} are taken for different cells: {', '.join(renamed[:4])}"
    )
    note = Note(About.ROWS, f"{text}{', …' if len(renamed) > 4 else ''}.")
    return recordings.assign_coords(cell=("obs", own)), note


def find_levels(
    recordings: xr.Dataset,
    by: str | None,
    conditions: np.ndarray,
    varying: Sequence[str],
    nested_in: Sequence[str] = (),
) -> tuple[Levels, Note]:
    """Group the rows, and say what was done.

    Parameters
    ----------
    by : column (or several, joined by commas: their levels are crossed) that sorts the rows into groups.
    conditions : index of each row's condition, cells apart.
    varying : names of the parameters that may differ.
    nested_in : columns of levels above the cell, outermost first.
    """
    n = recordings.sizes["obs"]
    labels = row_labels(recordings, "by", by) if by else np.full(n, "")
    groups = tuple(dict.fromkeys(labels.tolist())) if by else ()
    if len(groups) > _MOST_GROUPS:
        raise ConfigurationError(
            f"{typed('by', by)} has {len(groups)} levels, more than {_MOST_GROUPS}: choose another column."
        )
    if len(groups) == 1:
        raise ConfigurationError(f"{typed('by', by)}: all rows have the same value there, {groups[0]!r}. Leave it out.")
    group_of_row = pd.Index(groups).get_indexer(labels) if by else np.zeros(n, int)
    units = _unit_labels(recordings, nested_in)
    base = Levels(by or "", groups, entry_of_row=group_of_row, varying=tuple(varying))
    if units:
        base = replace(base, top=nested_in[0], top_of_row=units[0])
    if "cell" not in recordings.coords:
        names, why = None, "no column names the cell"
    else:
        names = _crossed(recordings["cell"].to_numpy().astype(str), labels)
        frame = pd.DataFrame({"cell": names, "condition": conditions}).drop_duplicates()
        several = int((frame.groupby("cell").size() > 1).sum())
        why = _not_distinguished(several, varying)
    if names is None or why:
        kept = _levels(base, units, nested_in, None) if varying else None
        if kept is not None and kept.above:
            return kept, Note(About.ROWS, f"{_in_words(kept)} Cells are not told apart: {why}.")
        levels = replace(base, varying=base.varying if by else ())
        if names is None:
            return levels, Note(About.ROWS, f"The {number_of(n, 'row')} {'is' if n == 1 else 'are'} pooled: {why}.")
        cells = len(set(names.tolist()))
        if cells == 1:
            return levels, Note(About.ROWS, f"All {n} rows are of one cell.")
        return levels, Note(About.ROWS, f"The {n} rows of {cells} cells are pooled: {why}.")
    levels = _levels(base, units, nested_in, names)
    return levels, Note(About.ROWS, _in_words(levels))


def _not_distinguished(several: int, varying: Sequence[str]) -> str:
    """Why cells are not told apart, `several` being measured in two conditions or more; empty where they are."""
    if several >= FEWEST_CELLS and varying:
        return ""
    verb = "is among them" if several == 1 else "are among them"
    if not varying:
        return "differences between cells count as scatter"
    if several:
        return f"only {several} measured in two conditions or more {verb}, too few to tell their spread"
    return "each was measured in one condition only, so differences between cells count as scatter"


def _levels(base: Levels, units: Sequence[np.ndarray], columns: Sequence[str], names: np.ndarray | None) -> Levels:
    """The levels of rows that `base` groups: `names` of their cells, or None where cells are not told apart."""
    groups, group_of_row = base.groups, base.entry_of_row
    finer = len(group_of_row) if names is None else len(set(names.tolist()))
    kept: list[tuple[str, tuple[str, ...], np.ndarray]] = []
    for column, labels in zip(reversed(columns), reversed(units), strict=True):
        own = tuple(dict.fromkeys(labels.tolist()))
        # A single one differs from none, and of as many as there are below each is one of these.
        if 1 < len(own) < finer:
            kept.insert(0, (column, own, labels))
            finer = len(own)
    if names is None and not kept:
        return base
    distinguished = names is not None
    if names is None:
        names = _crossed(kept[-1][2], np.array(groups)[group_of_row] if groups else group_of_row)
    cells = tuple(dict.fromkeys(names.tolist()))
    entry = pd.Index(cells).get_indexer(names)
    group_of_cell = np.zeros(len(cells), int)
    group_of_cell[entry] = group_of_row
    above = []
    for column, own, labels in kept:
        of_cell = np.zeros(len(cells), int)
        of_cell[entry] = pd.Index(own).get_indexer(labels)
        count = np.zeros((len(own), max(1, len(groups))), int)
        np.add.at(count, (of_cell, group_of_cell), 1)
        above.append(Above(column, own, of_cell, count.argmax(axis=1), bool(((count > 0).sum(axis=1) > 1).any())))
    return replace(
        base,
        cells=cells,
        group_of_cell=group_of_cell,
        entry_of_row=entry,
        above=tuple(above),
        distinguished=distinguished,
    )


def _in_words(levels: Levels) -> str:
    counts = [f"{len(levels.cells)} cells"] if levels.distinguished else []
    columns = [a.column for a in levels.above]
    counts += [f"{len(a.units)} units of {a.column}" for a in reversed(levels.above)]
    within = f" within {len(levels.groups)} levels of {levels.by}" if levels.by else ""
    between = " and between ".join([*(f"units of {c}" for c in columns), *(["cells"] if levels.distinguished else [])])
    what = f"{' in '.join(counts)} are partially pooled{within}"
    return f"{what}: {', '.join(levels.varying)} differ between {between}, all else is shared."


def _crossed(names: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Names, with what they lie within in brackets where one name lies within several."""
    pairs = pd.DataFrame({"name": names, "within": within}).drop_duplicates().groupby("name").size()
    several = set(pairs.index[pairs > 1])
    return np.array([f"{name} ({w})" if name in several else name for name, w in zip(names, within, strict=True)])


def _unit_labels(recordings: xr.Dataset, columns: Sequence[str]) -> list[np.ndarray]:
    """The unit of each row in each level above the cell, outermost first."""
    found: list[np.ndarray] = []
    for column in columns:
        own = _filled(recordings, [column], typed("nested_in", column))[column].astype(str).to_numpy()
        found.append(_crossed(own, found[-1]) if found else own)
    return found


def row_labels(recordings: xr.Dataset, setting: str, by: str) -> np.ndarray:
    """The label of each row in the column, or columns, that a `setting` names."""
    said = f"{recordings.attrs['source']}: {typed(setting, by)}"
    return group_labels(_filled(recordings, columns_of(by), said), by)


def _filled(recordings: xr.Dataset, columns: Sequence[str], said: str) -> pd.DataFrame:
    """The table, if it has the columns that a setting, as `said`, names, and those in every row."""
    frame = to_frame(recordings)
    for name in columns:
        if name not in frame:
            raise UnknownNameError(
                f"{said}: there is no column {name!r}.{nearest(name, frame.columns)} Columns: {', '.join(frame.columns)}."
            )
        if frame[name].isna().any() or (frame[name].astype(str) == "").any():
            raise ConfigurationError(f"{said}: the column {name} is empty in some rows; fill it in, or leave them out.")
    return frame


def columns_of(by: str) -> list[str]:
    """The columns that sort into groups."""
    return [name.strip() for name in by.split(",")]


def group_labels(frame: pd.DataFrame, by: str) -> np.ndarray:
    """The group of each row of a table: its label, or the labels of several columns crossed."""
    return np.array([" / ".join(parts) for parts in frame[columns_of(by)].astype(str).to_numpy()])
