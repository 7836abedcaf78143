"""A table's cells as text, before anything is understood, and what a cell must not hold."""

from dataclasses import dataclass, field

MOST_BYTES = 256 * 2**20
"""Of a table, or of a workbook unpacked; no table of resting potentials comes near it."""
MOST_COLUMNS = 2000


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
