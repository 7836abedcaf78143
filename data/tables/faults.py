"""Collects what is wrong with a table, and what was repaired in it, and says it all at once."""

import warnings
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from ...models.errors import DataError, DataWarning, RepairWarning, typed, visible
from ...models.notes import number_of

MOST_LINES = 25
SHOWN_OF_A_KIND = 3

# What was done to single numbers, by code; how many and where comes before and after it.
_OF_NUMBERS = {
    "minus": "with a typographic minus sign read with -",
    "unit": "with their unit beside them read without it",
    "blank": "with blanks or apostrophes between figures, or after the sign, read without them",
    "width": "in full-width figures read as plain ones",
    "comma": "with a decimal comma read with a point",
    "missing": "missing, so marked, read as empty",
    "text": "stored as text read as numbers",
    "case": "in other letters than the contract's read as its word",
    "stated": "read as told",
}
# What the user asked for, so that `strict` allows it.
_ASKED_FOR = ("stated", "temperature", "error", "blocked", "allow", "constant")


class Repair(NamedTuple):
    """Something in a table that was read otherwise than it stands there: what kind of repair, and the sentence."""

    code: str
    text: str


class Fault(NamedTuple):
    """One fault: the sentence, where it is (row 0: the whole file), and the kind for counting."""

    message: str
    row: int
    column: str
    kind: str


class Faults:
    """The faults, repairs and warnings of one table; its `name` opens every sentence."""

    def __init__(self, name: str, strict: bool = False) -> None:
        self.name = name
        self.strict = strict
        self.own_names: dict[str, str] = {}  # contract name -> the table's own name, where they differ
        self.faults: list[Fault] = []
        self._warnings: list[str] = []
        self._repairs: list[Repair] = []
        self._mended: dict[str, list[tuple[str, int, str]]] = {}

    def add(self, message: str, *, row: int = 0, column: str = "", kind: str = "") -> None:
        """Note a fault; faults of the same column and `kind` are summarised when there are many."""
        self.faults.append(Fault(visible(message), int(row), column, kind or message))

    def warn(self, message: str, *, column: str = "") -> None:
        """Note something that does not stop the work."""
        self._warnings.append(self._place(0, column) + visible(message))

    def repair(self, code: str, sentence: str) -> None:
        """Note that something about the whole table was read otherwise than it stands there."""
        self._repairs.append(Repair(code, visible(sentence)))

    def mend(self, code: str, text: str, *, row: int, column: str) -> None:
        """Note that one cell was read otherwise than it stands there; those of a kind make one line."""
        self._mended.setdefault(code, []).append((text, int(row), column))

    def stop(self, message: str, *, row: int = 0, column: str = "") -> None:
        """Note a fault that makes any further check noise, and raise."""
        self.add(message, row=row, column=column)
        self.finish()

    @property
    def some(self) -> bool:
        """Whether anything is wrong so far."""
        return bool(self.faults)

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """All repairs, a sentence a kind."""
        return (*self._repairs, *(Repair(code, self._counted(code, cells)) for code, cells in self._mended.items()))

    def finish(self) -> tuple[str, ...]:
        """Raise DataError if there is any fault, else give the warnings, and return their texts."""
        if self.strict:
            for repair in (repair for repair in self.repairs if repair.code not in _ASKED_FOR):
                self.add(f"{repair.text} With {typed('strict')} nothing is repaired.")
        if self.faults:
            raise DataError("\n".join(self._lines()), self)
        for repair in self.repairs:
            warnings.warn(f"{self.name}: {repair.text}", RepairWarning, stacklevel=4)
        for text in self._warnings:
            warnings.warn(text, DataWarning, stacklevel=4)
        return tuple(self._warnings)

    def _counted(self, code: str, cells: list[tuple[str, int, str]]) -> str:
        columns = list(dict.fromkeys(column for _, _, column in cells))
        where = f"column{'s' if len(columns) > 1 else ''} {', '.join(columns)}"
        rows = rows_in_words(sorted({row for _, row, _ in cells}), most=8)
        counted = number_of(len(cells), {"case": "word", "stated": "cell"}.get(code, "number"))
        return f"{counted} {_OF_NUMBERS[code]} ({cells[0][0]!r}; {where}, {rows})."

    def _place(self, row: int, column: str) -> str:
        own = f" (your {self.own_names[column]!r})" if column in self.own_names else ""
        where = self.name + (f", row {row}" if row else "") + (f", column {column}{own}" if column else "")
        return visible(where) + ": "

    def _lines(self) -> list[str]:
        by_row = sorted(self.faults, key=lambda f: f.row)
        if len(by_row) <= MOST_LINES:
            return [self._place(f.row, f.column) + f.message for f in by_row]
        kind = attrgetter("column", "kind")
        shown: list[Fault] = []
        summaries: list[str] = []
        for (column, _), group in groupby(sorted(by_row, key=kind), key=kind):
            faults = list(group)
            shown += faults[:SHOWN_OF_A_KIND]
            if more := faults[SHOWN_OF_A_KIND:]:
                rows = rows_in_words([f.row for f in more])
                summaries.append(f"{self._place(0, column)}… and {len(more)} more of the same kind, {rows}.")
        shown.sort(key=lambda f: f.row)
        lines = [self._place(f.row, f.column) + f.message for f in shown[:MOST_LINES]]
        if left := len(shown) - len(lines):
            summaries.append(f"{self._place(0, '')}… and {left} more faults of other kinds.")
        return lines + summaries


def rows_in_words(rows: Iterable[int], most: int = 20) -> str:
    """'row 3', 'rows 3, 4 and 9', or 'rows 3, 4, 5, … 900'."""
    numbers = [str(row) for row in rows]
    if len(numbers) == 1:
        return f"row {numbers[0]}"
    if len(numbers) > most:
        return f"rows {', '.join(numbers[:most])}, … {numbers[-1]}"
    return f"rows {', '.join(numbers[:-1])} and {numbers[-1]}"
