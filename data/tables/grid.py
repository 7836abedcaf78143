"""From a file's bytes to rows of cells, numbered as a spreadsheet numbers them."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from ...models.errors import ConfigurationError, DataError, no_such_file
from .faults import Faults
from .inert import as_written
from .schema import COLUMNS

_SIGNATURES = {
    b"PK\x03\x04": "is a spreadsheet workbook (.xlsx, .ods), not CSV; in the spreadsheet, save the sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook (.xls), not CSV; in Excel, save the sheet as CSV UTF-8",
    b"\x89HDF": "is a netCDF or HDF5 file, not CSV; open it with xarray and pass the table to from_frame",
}
_DELIMITERS = {";": '";"', "\t": "tab", "|": '"|"', ",": ","}
_UNITS = {"mv", "mm", "c", "degc", "°c", "mohm", "mω", "gohm", "pf", "", "1", "-", "v", "m", "k"}


@dataclass
class Grid:
    """A table as text: column names, spreadsheet numbers of the rows (the file's first line is 1), and their cells."""

    header: list[str]
    rows: list[int]
    cells: list[list[str]]


def read_bytes(path: Path, most: int = -1) -> bytes:
    """The file's content, or its first bytes; a missing file, a folder or a locked file becomes a sentence."""
    if path.is_dir():
        tables = sorted(p.name for p in path.glob("*.csv"))[:5]
        inside = f" It holds {', '.join(tables)}." if tables else ""
        raise DataError(f"{path.name}: is a folder; give the path of a table in it.{inside}")
    if not path.exists():
        raise DataError(no_such_file(path))
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read: {error.strerror}.") from None


def decode(content: bytes, encoding: str, faults: Faults) -> str:
    """The text of a file, or a sentence that names what else the file is."""
    for signature, sentence in _SIGNATURES.items():
        if content.startswith(signature):
            faults.stop(f"{sentence}, and read that.")
    utf8 = encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    if utf8 and content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        faults.stop("is encoded as UTF-16; read it with --encoding utf-16.")
    try:
        text = content.decode("utf-8-sig" if utf8 else encoding)
    except LookupError:
        raise ConfigurationError(
            f"--encoding {encoding}: no such encoding; utf-8, cp1252 and utf-16 are usual."
        ) from None
    except UnicodeError as error:
        if utf8 and isinstance(error, UnicodeDecodeError):
            row = content.count(b"\n", 0, error.start) + 1
            shown = content[error.start : error.start + 1].decode("cp1252", "replace")
            faults.stop(
                f"is not UTF-8 (byte 0x{content[error.start]:02x}, {shown!r} in Windows' encoding); "
                "read it with --encoding cp1252, or save it as CSV UTF-8.",
                row=row,
            )
        faults.stop(f"is not encoded as {encoding}; leave --encoding out for UTF-8, or try --encoding cp1252.")
    if "\x00" in text:
        faults.stop("holds binary data, not text; give a CSV file.")
    return text


def split(text: str, delimiter: str, faults: Faults) -> Grid:
    """Cut the text into rows of cells; blank rows count in the numbering and are left out."""
    delimiter = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ConfigurationError(f"--delimiter {delimiter!r}: give one character, or the word tab.")
    records: list[list[str]] = []
    try:
        # newline="" leaves line breaks to csv, so that a quoted one stays within its cell
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            records.append([as_written(cell.strip()) for cell in record])
    except csv.Error:
        faults.stop('a quotation mark (") here is never closed, or text follows it; remove it.', row=len(records) + 1)
    filled = [(number, record) for number, record in enumerate(records, 1) if any(record)]
    if not filled:
        faults.stop("is empty: there is no header and no row.")
    (top, header), *body = filled
    _refuse_other_shapes(header, top, body, delimiter, faults)
    if not body:
        faults.stop("has a header but no rows; add one row per measured potential.")

    header, body = _without_empty_margin(header, body)
    kept: list[tuple[int, list[str]]] = []
    for number, cells in body:
        if len(cells) == len(header):
            kept.append((number, cells))
        else:
            faults.add(_wrong_length(cells, header), row=number, kind="short" if len(cells) < len(header) else "long")
    return Grid(header, [number for number, _ in kept], [cells for _, cells in kept])


def drop_repeated_headers(grid: Grid, names: list[str], faults: Faults) -> Grid:
    """Note a second header row or a row of units, and go on without it."""
    at = [i for i, name in enumerate(names) if name in COLUMNS and COLUMNS[name].kind == "number"]
    if not at:
        return grid
    first = at[0]
    # Only rows whose first number starts with a letter need the closer look.
    suspects = [k for k, cells in enumerate(grid.cells) if cells[first][:1].isalpha() or cells[first][:1] in "([°"]
    bad = set()
    for k in suspects:
        cells = grid.cells[k]
        if cells[first] and sum(cells[i] == grid.header[i] for i in at) * 2 > len(at):
            faults.add("is the header again; delete this row.", row=grid.rows[k], kind="header")
            bad.add(k)
        elif cells[first] and all(cells[i].strip("()[]").lower() in _UNITS for i in at):
            faults.add("is a row of units; delete it: the units are in the column names.", row=grid.rows[k])
            bad.add(k)
    keep = [k for k in range(len(grid.rows)) if k not in bad]
    return Grid(grid.header, [grid.rows[k] for k in keep], [grid.cells[k] for k in keep]) if bad else grid


def _without_empty_margin(
    header: list[str], body: list[tuple[int, list[str]]]
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Spreadsheets export empty cells right of the table: cut them off, and only them."""
    width = len(header)
    while width and not header[width - 1]:
        width -= 1
    trimmed = [
        (number, cells[:width]) if len(cells) > width and not any(cells[width:]) else (number, cells)
        for number, cells in body
    ]
    return header[:width], trimmed


def _wrong_length(cells: list[str], header: list[str]) -> str:
    have, need = len(cells), len(header)
    if have < need:
        return (
            f"has {have} {'value' if have == 1 else 'values'}, the header names {need} columns; "
            f"the row ends before column {header[have]}. Type what is missing, or delete the row."
        )
    return (
        f"has {have} values, the header names {need} columns. A decimal comma, or a comma within a text? "
        "Type numbers with a point (-65.3) and texts in quotation marks."
    )


def _refuse_other_shapes(
    header: list[str], top: int, body: list[tuple[int, list[str]]], delimiter: str, faults: Faults
) -> None:
    if len(header) == 1:
        for other, option in _DELIMITERS.items():
            if other != delimiter and other in header[0]:
                comma = other != "," and any(re.search(r"\d,\d", " ".join(cells)) for _, cells in body[:5])
                comma = comma or (other == ";" and any(len(cells) > 1 for _, cells in body[:5]))
                decimal = " --decimal ," if comma else ""
                faults.stop(f"is not separated by {delimiter!r}; read it with --delimiter {option}{decimal}.")
    if any(name in COLUMNS for name in header):
        return
    for number, cells in body[:30]:
        if sum(cell in COLUMNS for cell in cells) >= 2:
            faults.stop(f"looks like the header; delete the lines above it, from row {top} on.", row=number)
    if len(header) > 1 and all(_is_number(name) for name in header):
        faults.stop("holds numbers where the column names belong; add a header such as V_m_mV,K_o_mM.", row=top)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
