"""Cells that nobody named: rows that belong together as a cell's rows would, in a table without the column `cell`."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from ...data.tables.schema import LABELS
from ...models.errors import typed
from ...models.notes import About, Note

_CHANCE = 0.01  # of an alarm where rows are independent, all columns together
_PERMUTATIONS = 1999
_MOST_VALUES = 4_000_000  # permuted in all; long tables take fewer


def unnamed_cells(recordings: xr.Dataset, groups: np.ndarray) -> tuple[Note, ...]:
    """What rows say of cells that no column names: a caution, where those of different conditions belong together.

    Residuals around each condition's mean are held against permutations within conditions, whatever the law: rows whose
    order, or label, tells nothing are as likely in any other order. Conditions are the table's, also where the law does
    not tell them apart (a blocked pump, to a law without one).

    Parameters
    ----------
    groups : of each row, its group of cells.
    """
    if "cell" in recordings.coords or "V_m" not in recordings:
        return ()
    kind = _kinds(recordings, groups)
    count = np.bincount(kind)
    if len(count) < 2 or len(count) == len(kind):
        return ()
    y = recordings["V_m"].to_numpy()
    residual = y - (np.bincount(kind, y) / count)[kind]
    candidates = {**dict(_columns(recordings, kind, groups)), **dict(_order(y, kind, groups))}
    for column, unit in candidates.items():
        if _chance(residual, kind, unit) * len(candidates) < _CHANCE:
            cells = len(np.unique(unit))
            if column:
                what, how = f"rows of one {column} belong together", typed("columns", {"cell": column})
            else:
                what = f"rows that come first, second{' and so on' if cells > 2 else ''} in their conditions belong together"
                how = f"add a column cell, or name the one that has them with {typed('columns', {'cell': 'COLUMN'})}"
            text = (
                f"No column names the cell, but {what} as those of one cell would. Were they {cells} cells, the intervals"
                " would be too narrow, since rows count as independent."
            )
            return (Note(About.ROWS, text, how),)
    return ()


def _kinds(recordings: xr.Dataset, groups: np.ndarray) -> np.ndarray:
    """Of each row, the number of its bath, temperature, pump, inside and group, all as the table has them."""
    columns = {"group": groups, "blocked": recordings["blocked"], "temperature": recordings["temperature"]}
    for side in ("c_o", "c_i"):
        if side in recordings:
            columns |= {(side, ion): recordings[side].sel(ion=ion) for ion in recordings["ion"].to_numpy()}
    frame = pd.DataFrame({str(name): np.asarray(values) for name, values in columns.items()})
    return frame.groupby(list(frame), dropna=False).ngroup().to_numpy()


def _columns(recordings: xr.Dataset, kind: np.ndarray, groups: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Free columns that may hold names of cells: each label once in a condition, in two of them or more, in one group."""
    for name in map(str, recordings.coords):
        values = recordings[name]
        if name in (*LABELS, "row", "ion") or values.dims != ("obs",) or values.dtype.kind not in "OUSTif":
            continue
        if values.dtype.kind == "f" and not np.all(values.to_numpy() % 1 == 0):
            continue
        label = pd.factorize(values.to_numpy().astype(str))[0]
        frame = pd.DataFrame({"label": label, "kind": kind, "group": groups})
        of_label = frame.groupby("label").agg(
            rows=("kind", "size"), kinds=("kind", "nunique"), groups=("group", "nunique")
        )
        whole = bool(((of_label["rows"] == of_label["kinds"]) & (of_label["groups"] == 1)).all())
        if whole and len(of_label) > 1 and (of_label["kinds"] > 1).mean() > 0.5:
            yield name, label


def _order(y: np.ndarray, kind: np.ndarray, groups: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The order of the rows of each condition, where conditions have as many each, and the table is not sorted by V_m."""
    frame = pd.DataFrame({"y": y, "kind": kind, "group": groups})
    of_kind = frame.groupby("kind")
    numbers = of_kind.agg(rows=("y", "size"), group=("group", "first")).groupby("group")["rows"]
    if (numbers.nunique() > 1).any() or numbers.min().max() < 2:
        return
    for sorted_by in ("is_monotonic_increasing", "is_monotonic_decreasing"):
        if of_kind["y"].agg(lambda x, how=sorted_by: getattr(x, how)).all():
            return
    place = of_kind.cumcount().to_numpy()
    yield "", pd.factorize(pd.MultiIndex.from_arrays([groups, place]))[0]


def _chance(residual: np.ndarray, kind: np.ndarray, unit: np.ndarray) -> float:
    """How often rows permuted within their conditions belong together as much as these: in the squares between units."""
    order = np.argsort(kind, kind="stable")
    z, sorted_kind, unit = residual[order], kind[order].astype(float), unit[order]
    member = np.zeros((len(z), unit.max() + 1))
    member[np.arange(len(z)), unit] = 1 / np.sqrt(np.bincount(unit))[unit]
    rng = np.random.default_rng(0)
    times = int(min(_PERMUTATIONS, max(299, _MOST_VALUES // len(z))))
    between = float(np.sum((z @ member) ** 2))
    beyond = 0
    for _ in range(0, times, 100):  # in pieces, so that long tables take little memory
        shuffled = np.argsort(sorted_kind + rng.random((100, len(z))), axis=1)
        beyond += int(np.sum(np.sum((z[shuffled] @ member) ** 2, axis=1) >= between * (1 - 1e-12)))
    return (1 + beyond) / (1 + 100 * -(-times // 100))
