"""Sheets of .xlsx and .ods files: their values, and what a reader of values alone would not see."""

import io
import json
import re
import subprocess
import sys
import zipfile
import zlib
from html import unescape
from typing import Any

from ...models.errors import DataError
from . import calamined
from .cells import ERROR, MOST_BYTES, MOST_COLUMNS, NOT_CALCULATED, Grid
from .faults import Faults
from .ranges import column_letters, column_number

_SECONDS = 60
_MOST_CELLS = 20_000_000
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
_ODS_HIDDEN = re.compile(rb'<table:table-row[^>]*table:visibility="(?:collapse|filter)"')
_HIDDEN_COLUMNS = re.compile(r'<(?:\w+:)?col\s[^>]*\bhidden="(?:1|true)"')
_ODS_ERROR = re.compile(rb'(<table:table-cell\b[^>]*)office:string-value=""(?=[^>]*calcext:value-type="error")')
_KEPT_PARTS = re.compile(r".*\.(xml|rels|bin)|mimetype")


class ZippedBook:
    """A workbook that calamine reads; `sheets` tells by name whether a sheet is visible."""

    def __init__(self, content: bytes, wanted: str | None, faults: Faults) -> None:
        self._content, self._parts = _unpacked(content, faults)
        _refuse_vast_sheets(self._parts, faults)
        self._read = self._ask(wanted or "")
        self.sheets: dict[str, bool] = self._read["sheets"]

    def top(self, name: str) -> list[list[str]]:
        """The first rows of a sheet."""
        return self._read["tops"][name]

    def read(self, name: str) -> Grid:
        """A sheet whole."""
        found = self._read if "rows" in self._read else self._ask(name)
        grid = Grid(found["rows"], sheet=name, merged=[tuple(where) for where in found["merged"]])
        grid.stored_as_text = {(row, column) for row, column in found["stored_as_text"]}
        if "content.xml" in self._parts:
            marks = _ODS_HIDDEN.findall(self._parts["content.xml"])
            grid.hidden += [f"hidden rows ({len(marks)} in the file) are"] * bool(marks)
        elif (xml := _xml_of(self._parts, name)) is not None:
            grid.hide(sorted({int(row) for row in _HIDDEN.findall(xml)}), len(_HIDDEN_COLUMNS.findall(xml)))
            for letters, row, text in _ERRORS.findall(xml) if 't="e"' in xml else []:
                grid.put(int(row) - 1, column_number(letters), text or ERROR)
            for letters, row in _EMPTY.findall(xml) if re.search(r"<(?:\w+:)?f\b", xml) else []:
                grid.put(int(row) - 1, column_number(letters), NOT_CALCULATED)
        return grid

    def _ask(self, name: str) -> dict[str, Any]:
        """What `calamined` says of the workbook."""
        command = [sys.executable, "-I", calamined.__file__, name]
        try:
            done = subprocess.run(command, input=self._content, capture_output=True, timeout=_SECONDS, check=True)
        except subprocess.TimeoutExpired:
            raise DataError(f"it takes longer than {_SECONDS} s") from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode("utf-8", "replace")
            raise DataError("it is protected by a password" if "PasswordError" in said else "it is damaged") from None
        return json.loads(done.stdout)


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
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, EOFError, RuntimeError):
        faults.stop("is a damaged spreadsheet or another archive; save the sheet as CSV UTF-8.")
    except zlib.error:
        faults.stop("is a damaged spreadsheet; save the sheet as CSV UTF-8.")
    if "content.xml" in parts:  # an error's text stands beside an empty value, which would be read
        parts["content.xml"] = _ODS_ERROR.sub(rb"\1", parts["content.xml"])
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
                end = f"row {height}, column {column_letters(width - 1)}"
                faults.stop(f"a sheet reaches to {end}; delete what stands far off.")
    repeated = re.findall(rb'number-columns-repeated="([0-9]+)"[^>]*office:value', parts.get("content.xml", b""))
    if any(int(count) > MOST_COLUMNS for count in repeated):
        faults.stop(f"a value is repeated over more than {MOST_COLUMNS} columns; delete what stands far right.")


def _xml_of(parts: dict[str, bytes], name: str) -> str | None:
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
