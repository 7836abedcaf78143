"""A table's cells as text, before anything is understood, and what a cell must not hold."""

from dataclasses import dataclass, field
from typing import Protocol

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
    merged : ranges of merged cells: top, left, bottom, right, counted from 0.
    stored_as_text : row and column, from 0, of the numbers that a workbook keeps as text.
    """

    rows: list[list[str]]
    delimiter: str = ""
    sheet: str = ""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    stored_as_text: set[tuple[int, int]] = field(default_factory=set)


@dataclass
class Sheet:
    """A sheet's cells as texts, from A1 on.

    Attributes
    ----------
    rows : row by row.
    merged : ranges of merged cells.
    stored_as_text : row and column, from 0, of the numbers that are kept as text.
    hidden_rows, hidden_columns : the numbers of the rows, how many columns; `hidden`, where no numbers are known.
    put : row, column (from 0) and text of cells whose values are not what they hold.
    """

    rows: list[list[str]]
    merged: list[Range]
    stored_as_text: set[tuple[int, int]]
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: int = 0
    hidden: str = ""
    put: list[tuple[int, int, str]] = field(default_factory=list)


class Book(Protocol):
    """A workbook of any kind; `sheets` tells by name whether a sheet is visible."""

    sheets: dict[str, bool]

    def top(self, name: str) -> list[list[str]]:
        """The first rows of a sheet."""
        ...

    def read(self, name: str) -> Sheet:
        """A sheet whole."""
        ...
