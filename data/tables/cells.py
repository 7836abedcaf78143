"""A table's cells as text, before anything is understood, and what a cell must not hold."""

from dataclasses import dataclass, field
from typing import Protocol

from .faults import rows_in_words

MOST_BYTES = 256 * 2**20
"""Of a table, or of a workbook unpacked; no table of resting potentials comes near it."""
MOST_COLUMNS = 2000
ERROR, NOT_CALCULATED = "#ERROR!", "#NOT CALCULATED!"
"""What a workbook's cells without a value hold instead."""

Range = tuple[int, int, int, int]
"""Top, left, bottom, right, counted from 0, all of them within."""


@dataclass
class Grid:
    """A table's cells as text: every row, blank ones too; the first is row 1 of the spreadsheet."""

    rows: list[list[str]]
    delimiter: str = ""  # of a text file
    sheet: str = ""  # of a workbook
    merged: list[Range] = field(default_factory=list)
    stored_as_text: set[tuple[int, int]] = field(default_factory=set)  # row and column, from 0, of numbers
    hidden: list[str] = field(default_factory=list)  # in words, with their verb

    def put(self, row: int, column: int, text: str) -> None:
        """Set the text of one cell, counted from 0; the table grows to hold it."""
        self.rows += [[] for _ in range(row + 1 - len(self.rows))]
        self.rows[row] += [""] * (column + 1 - len(self.rows[row]))
        self.rows[row][column] = text

    def hide(self, rows: list[int], columns: int) -> None:
        """Note the numbers of hidden rows, and how many columns are hidden."""
        if rows:
            self.hidden.append(f"hidden {rows_in_words(rows, most=8)} {'is' if len(rows) == 1 else 'are'}")
        if columns:
            self.hidden.append(f"hidden columns ({columns}) are")


class Book(Protocol):
    """A workbook of any kind; `sheets` tells by name whether a sheet is visible."""

    sheets: dict[str, bool]

    def top(self, name: str) -> list[list[str]]:
        """The first rows of a sheet."""
        ...

    def read(self, name: str) -> Grid:
        """A sheet whole, from A1 on."""
        ...
