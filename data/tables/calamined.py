"""A workbook as texts, by calamine, in a process of its own: a damaged file may end that, but not the caller.

Run as a script it reads the workbook from standard input and writes JSON: every sheet's name and whether it is visible, and
of the only sheet, or the one named as argument, its cells; of several sheets their first rows.
"""

import io
import json
import re
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

LOOKED_AT = 50  # rows of a sheet in which its header is looked for
_MEMORY = 4 * 2**30
_NUMBER = re.compile(r"\s*[-+−]?[0-9]+([.,][0-9]+)?\s*")


def text_of(value: Any) -> str:
    """A cell's value as a text file would have it."""
    if type(value) is str:
        return value.strip()
    if type(value) is float:
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value.total_seconds() / 86400) if isinstance(value, timedelta) else str(value)


def stored_as_text(values: list[list[Any]]) -> list[tuple[int, int]]:
    """Row and column, from 0, of the numbers that are kept as text."""
    return [
        (k, i)
        for k, row in enumerate(values)
        for i, value in enumerate(row)
        if type(value) is str and value and _NUMBER.fullmatch(value)
    ]


def _main(wanted: str) -> None:
    import python_calamine as calamine

    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except (ImportError, ValueError, OSError):
        pass  # not everywhere; the caller bounds the time, and what it passes on
    book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    visible = {
        sheet.name: sheet.visible == calamine.SheetVisibleEnum.Visible
        for sheet in book.sheets_metadata
        if sheet.typ == calamine.SheetTypeEnum.WorkSheet
    }
    answer: dict[str, Any] = {"sheets": visible}
    if wanted in visible or len(visible) == 1:
        sheet = book.get_sheet_by_name(wanted if wanted in visible else next(iter(visible)))
        values = sheet.to_python(skip_empty_area=False)
        answer["rows"] = [list(map(text_of, row)) for row in values]
        answer["stored_as_text"] = stored_as_text(values)
        answer["merged"] = [(*start, *end) for start, end in sheet.merged_cell_ranges or []]
    elif not wanted:
        sheets = {name: book.get_sheet_by_name(name) for name in visible}
        tops = {name: sheet.to_python(skip_empty_area=False, nrows=LOOKED_AT) for name, sheet in sheets.items()}
        answer["tops"] = {name: [list(map(text_of, row)) for row in rows] for name, rows in tops.items()}
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    _main(sys.argv[1])
