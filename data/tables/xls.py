"""Sheets of old Excel workbooks, .xls: their values, errors, and what is hidden or merged."""

import io
from typing import Any

import xlrd

from .calamined import LOOKED_AT, stored_as_text, text_of
from .cells import ERROR, Grid


class OldBook:
    """A workbook that xlrd reads; `sheets` tells by name whether a sheet is visible."""

    def __init__(self, content: bytes) -> None:
        self._book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO(), formatting_info=True)
        self.sheets = {sheet.name: sheet.visibility == 0 for sheet in self._book.sheets()}

    def top(self, name: str) -> list[list[str]]:
        """The first rows of a sheet."""
        return [list(map(text_of, row)) for row in self._values(name, LOOKED_AT)]

    def read(self, name: str) -> Grid:
        """A sheet whole."""
        sheet = self._book.sheet_by_name(name)
        merged = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
        hidden = [k + 1 for k, row in sheet.rowinfo_map.items() if row.hidden and k < sheet.nrows]
        columns = sum(bool(column.hidden) for k, column in sheet.colinfo_map.items() if k < sheet.ncols)
        values = self._values(name, sheet.nrows)
        texts = [list(map(text_of, row)) for row in values]
        grid = Grid(texts, sheet=name, merged=merged, stored_as_text=set(stored_as_text(values)))
        grid.hide(sorted(hidden), columns)
        return grid

    def _values(self, name: str, rows: int) -> list[list[Any]]:
        sheet = self._book.sheet_by_name(name)
        return [[self._value(cell) for cell in sheet.row(k)] for k in range(min(rows, sheet.nrows))]

    def _value(self, cell: Any) -> Any:
        if cell.ctype == xlrd.XL_CELL_DATE:
            return xlrd.xldate_as_datetime(cell.value, self._book.datemode)
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(cell.value, ERROR)
        return bool(cell.value) if cell.ctype == xlrd.XL_CELL_BOOLEAN else cell.value
