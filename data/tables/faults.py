"""Collects what is wrong with a table, and says it all at once."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from ...models.errors import DataError, DataWarning

MOST_LINES = 25
SHOWN_OF_A_KIND = 3


@dataclass(frozen=True)
class Fault:
    """One fault: the sentence, where it is (row 0: the whole file), and the kind for counting."""

    message: str
    row: int
    column: str
    kind: str


class Faults:
    """The faults and warnings of one table; its `name` opens every sentence."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.own_names: dict[str, str] = {}  # contract name -> the table's own name, where they differ
        self._faults: list[Fault] = []
        self._warnings: list[str] = []

    def add(self, message: str, *, row: int = 0, column: str = "", kind: str = "") -> None:
        """Note a fault; faults of the same column and `kind` are summarised when there are many."""
        self._faults.append(Fault(message, int(row), column, kind or message))

    def warn(self, message: str, *, column: str = "") -> None:
        """Note something that does not stop the work."""
        self._warnings.append(self._place(0, column) + message)

    def stop(self, message: str, *, row: int = 0, column: str = "") -> None:
        """Note a fault that makes any further check noise, and raise."""
        self.add(message, row=row, column=column)
        self.finish()

    def finish(self) -> tuple[str, ...]:
        """Raise DataError if there is any fault, else give the warnings, and return their texts."""
        if self._faults:
            raise DataError("\n".join(self._lines()))
        for text in self._warnings:
            warnings.warn(text, DataWarning, stacklevel=4)
        return tuple(self._warnings)

    def _place(self, row: int, column: str) -> str:
        own = f" (your {self.own_names[column]!r})" if column in self.own_names else ""
        return self.name + (f", row {row}" if row else "") + (f", column {column}{own}" if column else "") + ": "

    def _lines(self) -> list[str]:
        by_row = sorted(self._faults, key=lambda f: f.row)
        if len(by_row) <= MOST_LINES:
            return [self._place(f.row, f.column) + f.message for f in by_row]

        def kind(f: Fault) -> tuple[str, str]:
            return f.column, f.kind

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
