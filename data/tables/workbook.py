"""Sheets of .xlsx, .xls and .ods files as rows of text, with what a reader of values alone would not see."""

import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import python_calamine as calamine

from ...models.errors import nearest, typed
from .cells import MOST_BYTES, MOST_COLUMNS, Grid
from .faults import Faults, rows_in_words
from .headers import recognised
from .inert import as_written
from .ranges import column_letters, column_number, split_range

_NUMBER = re.compile(r"\s*[-+−]?[0-9]+([.,][0-9]+)?\s*")
_MOST_CELLS = 20_000_000
_LOOKED_AT = 50  # rows of a sheet in which its header is looked for
_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})')
_ROW = re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="([0-9]{1,7})"')
# A cell of an error, or of a formula without a value.
_ERRORS = re.compile(
    r'<(?:\w+:)?c\s(?=[^>]*\bt="e")[^>]*\br="([A-Z]+)([0-9]+)"[^>]*>.*?<(?:\w+:)?v>([^<]*)<', re.DOTALL
)
_EMPTY = re.compile(
    r'<(?:\w+:)?c\s(?![^>]*\bt="str")[^>]*?\br="([A-Z]+)([0-9]+)"[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*'
    r"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_HIDDEN = re.compile(r'<(?:\w+:)?row\s(?=[^>]*\bhidden="(?:1|true)")[^>]*\br="([0-9]+)"')
_HIDDEN_COLUMNS = re.compile(r'<(?:\w+:)?col\s[^>]*\bhidden="(?:1|true)"')
_KEPT_PARTS = re.compile(r".*\.(xml|rels|bin)|mimetype")


def read_workbook(content: bytes, sheet: str | None, faults: Faults) -> Grid:
    """The chosen sheet of a workbook, or the only one that holds a table."""
    parts: dict[str, bytes] = {}
    if content.startswith(b"PK"):
        content, parts = _unpacked(content, faults)
        _refuse_vast_sheets(parts, faults)
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        wanted, _ = split_range(sheet)
        name = _choose(book, wanted, faults)
        opened = book.get_sheet_by_name(name)
        values = opened.to_python(skip_empty_area=False)
        merged = [(top, left, bottom, right) for (top, left), (bottom, right) in opened.merged_cell_ranges or []]
    except calamine.PasswordError:
        faults.stop("is protected by a password; save the sheet without, or as CSV UTF-8.")
    except (calamine.CalamineError, ValueError, OSError) as error:
        faults.stop(
            f"cannot be read as a spreadsheet ({str(error) or type(error).__name__}); save the sheet as CSV UTF-8."
        )
    if not any(any(cell not in ("", None) for cell in row) for row in values):
        faults.stop(f"sheet {name!r} is empty: there is no header and no row.")
    grid = Grid([], sheet=name, merged=merged)
    for k, row in enumerate(values):
        grid.rows.append([_text(value) for value in row])
        for i, value in enumerate(row):
            if type(value) is str and value and _NUMBER.fullmatch(value):
                grid.stored_as_text.add((k, i))
    _see_in_xml(parts, book, name, grid, faults)
    return grid


def _unpacked(content: bytes, faults: Faults) -> tuple[bytes, dict[str, bytes]]:
    """The same archive with its parts stored plainly, none larger than it claims to be, and these parts."""
    parts: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            kept = [item for item in archive.infolist() if _KEPT_PARTS.fullmatch(item.filename)]
            if sum(item.file_size for item in kept) > MOST_BYTES:
                faults.stop(f"is larger than {MOST_BYTES // 2**20} MB when unpacked, and no table is.")
            for item in kept:
                parts[item.filename] = archive.read(item)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError):
        faults.stop("is a damaged spreadsheet or another archive; save the sheet as CSV UTF-8.")
    except zipfile.zlib.error:
        faults.stop("is a damaged spreadsheet; save the sheet as CSV UTF-8.")
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stored.getvalue(), parts


def _refuse_vast_sheets(parts: dict[str, bytes], faults: Faults) -> None:
    """One cell far from the others would make every cell between them."""
    for name, data in parts.items():
        if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
            width = max((column_number(letters.decode()) + 1 for letters in set(_CELL.findall(data))), default=0)
            height = max(map(int, _ROW.findall(data)), default=0)
            if width > MOST_COLUMNS or width * height > _MOST_CELLS:
                faults.stop(
                    f"a sheet reaches to row {height}, column {column_letters(width - 1)}; delete what stands far off."
                )
    repeated = re.findall(rb'number-columns-repeated="([0-9]+)"[^>]*office:value', parts.get("content.xml", b""))
    if any(int(count) > MOST_COLUMNS for count in repeated):
        faults.stop(f"a value is repeated over more than {MOST_COLUMNS} columns; delete what stands far right.")


def _choose(book: calamine.CalamineWorkbook, wanted: str | None, faults: Faults) -> str:
    names = [m.name for m in book.sheets_metadata if m.typ == calamine.SheetTypeEnum.WorkSheet]
    if wanted is not None:
        if wanted in names:
            return wanted
        faults.stop(f"has no sheet {wanted!r}.{nearest(wanted, names)} Its sheets: {', '.join(names)}.")
    visible = [
        m.name for m in book.sheets_metadata if m.name in names and m.visible == calamine.SheetVisibleEnum.Visible
    ]
    if len(names) == 1:
        return names[0]
    worth = {}
    for name in visible or names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=_LOOKED_AT)
        worth[name] = max((recognised([_text(value) for value in row]) for row in rows), default=0), any(map(any, rows))
    filled = [name for name, (_, some) in worth.items() if some]
    tables = [name for name in filled if worth[name][0] >= 2] or filled
    if len(tables) > 1:
        options = " or ".join(typed("sheet", name) for name in tables)
        faults.stop(f"has several sheets that hold tables; choose one with {options}.")
    chosen = tables[0] if tables else names[0]
    others = [name for name in names if name != chosen]
    faults.repair("sheet", f"sheet {chosen!r} is read; not read: {', '.join(map(repr, others))}.")
    return chosen


def _text(value: Any) -> str:
    if type(value) is str:
        return as_written(value.strip())
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


def _see_in_xml(
    parts: dict[str, bytes], book: calamine.CalamineWorkbook, name: str, grid: Grid, faults: Faults
) -> None:
    """Errors and formulas never calculated, which a reader of values gives as empty cells, and what is hidden."""
    if "content.xml" in parts:
        hidden = len(re.findall(rb'<table:table-row[^>]*table:visibility="(?:collapse|filter)"', parts["content.xml"]))
        if hidden:
            faults.repair("hidden", f"hidden rows ({hidden} in the file) are read like the others.")
        return
    xml = _sheet_xml(parts, name)
    if xml is None:
        return
    if hidden := sorted({int(row) for row in _HIDDEN.findall(xml)}):
        faults.repair(
            "hidden",
            f"hidden {rows_in_words(hidden, most=8)} {'is' if len(hidden) == 1 else 'are'} read like the others.",
        )
    if columns := len(_HIDDEN_COLUMNS.findall(xml)):
        faults.repair("hidden", f"hidden columns ({columns}) are read like the others.")
    for letters, row, text in _ERRORS.findall(xml) if 't="e"' in xml else ():
        _put(grid, int(row) - 1, column_number(letters), text or "#ERROR!")
    for letters, row in _EMPTY.findall(xml) if re.search(r"<(?:\w+:)?f\b", xml) else ():
        _put(grid, int(row) - 1, column_number(letters), "#NOT CALCULATED!")


def _put(grid: Grid, row: int, column: int, text: str) -> None:
    grid.rows += [[] for _ in range(row + 1 - len(grid.rows))]
    grid.rows[row] += [""] * (column + 1 - len(grid.rows[row]))
    grid.rows[row][column] = text


def _sheet_xml(parts: dict[str, bytes], name: str) -> str | None:
    from html import unescape

    book = parts.get("xl/workbook.xml", b"").decode("utf-8", "replace")
    links = parts.get("xl/_rels/workbook.xml.rels", b"").decode("utf-8", "replace")
    for tag in re.findall(r"<(?:\w+:)?sheet\s[^>]*>", book):
        attributes = dict(re.findall(r'([\w:]+)="([^"]*)"', tag))
        if unescape(attributes.get("name", "")) != name:
            continue
        key = next((value for key, value in attributes.items() if key.endswith(":id")), "")
        for link in re.findall(r"<(?:\w+:)?Relationship\s[^>]*>", links):
            target = dict(re.findall(r'(\w+)="([^"]*)"', link))
            if target.get("Id") == key:
                path = target.get("Target", "").lstrip("/")
                data = parts.get(path if path.startswith("xl/") else f"xl/{path}")
                return data.decode("utf-8", "replace") if data is not None else None
    return None
