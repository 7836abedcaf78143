"""Ranges of cells as spreadsheets write them: Data!A1:F9."""

import re

from ...models.errors import typed
from .cells import Grid, Range
from .faults import Faults

_RANGE = re.compile(r"(?:(.*)!)?\$?([A-Za-z]{1,3})\$?([0-9]{1,7}):\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


def split_range(sheet: str | None) -> tuple[str | None, Range | None]:
    """The sheet's name and the range in `Data!A1:F9`, `A1:F9` or `Data`."""
    if not (sheet and (match := _RANGE.fullmatch(sheet.strip()))):
        return sheet, None
    name, left, top, right, bottom = match.groups()
    rows, columns = sorted((int(top) - 1, int(bottom) - 1)), sorted((column_number(left), column_number(right)))
    return (name.strip("'") if name else None), (rows[0], columns[0], rows[1], columns[1])


def in_letters(where: Range, sheet: str = "") -> str:
    """A range as it is given to the setting `sheet`."""
    top, left, bottom, right = where
    cells = f"{column_letters(left)}{top + 1}:{column_letters(right)}{bottom + 1}"
    return f"{sheet}!{cells}" if sheet else cells


def column_letters(number: int) -> str:
    """A column's letters, counted from 0: A, B, … Z, AA."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def column_number(letters: str) -> int:
    """The number, from 0, of the column with these letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def cut(grid: Grid, sheet: str | None, faults: Faults) -> None:
    """Blank what lies outside the range that `sheet` names; rows and columns keep their numbers."""
    name, where = split_range(sheet)
    if name is not None and not grid.sheet:
        faults.stop(
            f"is text and has no sheet {name!r}; leave {typed('sheet')} out, or name cells as in {typed('sheet', 'A1:F9')}."
        )
    if where is None:
        return
    top, left, bottom, right = where
    del grid.rows[bottom + 1 :]
    for k, row in enumerate(grid.rows):
        grid.rows[k] = [""] * left + row[left : right + 1] if k >= top else []
