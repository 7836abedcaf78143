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
    """A table's cells as text, row by row, the first of them the file's own.

    Attributes
    ----------
    rows : every row, blank ones too; the first is row 1 of the spreadsheet.
    delimiter, sheet : what separated the cells of a text; the name of a workbook's sheet.
    merged : ranges of merged cells.
    stored_as_text : row and column, from 0, of the numbers that a workbook keeps as text.
    hidden : what a workbook hides, in words with their verb.
    """

    rows: list[list[str]]
    delimiter: str = ""
    sheet: str = ""
    merged: list[Range] = field(default_factory=list)
    stored_as_text: set[tuple[int, int]] = field(default_factory=set)
    hidden: list[str] = field(default_factory=list)

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
