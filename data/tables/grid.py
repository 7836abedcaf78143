"""From a file's bytes to rows of cells: the file is read once, bounded, and its form is recognised by looking."""

import csv
import io
import re
from collections import Counter
from itertools import islice
from pathlib import Path

from ...models.errors import ConfigurationError, DataError, no_such_file, typed
from .cells import MOST_BYTES, MOST_COLUMNS, Grid
from .faults import Faults
from .inert import as_written
from .options import ReadOptions

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "the sign |"}
_LOOKED_AT = 100  # records from which the form of a text is recognised


def read_bytes(path: Path, most: int = -1) -> bytes:
    """The file's content, or its first bytes; a missing file, a folder or a locked file becomes a sentence."""
    if path.is_dir():
        tables = sorted(p.name for p in path.glob("*.csv"))[:5]
        inside = f" It holds {', '.join(tables)}." if tables else ""
        raise DataError(f"{path.name or path}: is a folder; give the path of a table in it.{inside}")
    if not path.exists():
        raise DataError(no_such_file(path))
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read: {error.strerror}.") from None


def read_grid(content: bytes, options: ReadOptions, faults: Faults) -> Grid:
    """The cells of a file, whatever kind of table it is."""
    if len(content) > MOST_BYTES:
        faults.stop(f"is larger than {MOST_BYTES // 2**20} MB, and no table is; give one measured potential a row.")
    if content.startswith(b"\x89HDF"):
        faults.stop("is a netCDF or HDF5 file, not a table; open it with xarray and pass the table to from_frame.")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        from .workbook import read_workbook  # brings python-calamine

        return read_workbook(content, options.sheet, faults)
    if content.startswith(b"%PDF"):
        faults.stop("is a PDF, not a table; export the table as CSV.")
    text, encoding = _decode(content, options.encoding, faults)
    grid = _split(text, options.delimiter, faults)
    said = [] if options.delimiter or grid.delimiter == "," else [f"separated by {_DELIMITERS[grid.delimiter]}"]
    said += [] if options.encoding or encoding == "utf-8" else [f"encoded as {encoding}"]
    if said:
        faults.repair("layout", f"read as {' and '.join(said)}.")
    return grid


def _decode(content: bytes, encoding: str | None, faults: Faults) -> tuple[str, str]:
    """The text of a file and its encoding: as given, else by byte order mark, zero bytes, UTF-8 or Windows' own."""
    given, encoding = encoding, encoding or _encoding(content, faults)
    try:
        text = content.decode("utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding)
    except LookupError:
        said = "no such encoding; utf-8, cp1252 and utf-16 are usual."
        raise ConfigurationError(f"{typed('encoding', encoding)}: {said}") from None
    except UnicodeError:
        name = typed("encoding")
        hint = f"leave {name} out" if given else f"save the table as CSV UTF-8, or give its {name}"
        faults.stop(f"is not encoded as {encoding}; {hint}.")
    if "\x00" in text:
        faults.stop("holds binary data, not text; give a CSV file or a spreadsheet.")
    return text, encoding


def _encoding(content: bytes, faults: Faults) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    odd, even = content[1:400:2].count(0), content[0:400:2].count(0)
    if max(odd, even) > 0.3 * min(len(content), 400) / 2:
        return "utf-16-le" if odd > even else "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        if re.search(rb"[\xc2-\xdf][\x80-\xbf]|[\xe2-\xef][\x80-\xbf]{2}", content):
            mixed = f"mixes encodings: UTF-8, and the byte 0x{content[error.start]:02x} that is none; "
            way = f"save it as CSV UTF-8, or say which one holds with {typed('encoding', 'cp1252')}."
            faults.stop(mixed + way, row=content.count(b"\n", 0, error.start) + 1)
        return "cp1252"
    return "utf-8"


def _split(text: str, given: str | None, faults: Faults) -> Grid:
    """Cut the text into rows of cells."""
    first, _, rest = text.partition("\n")
    if marked := re.fullmatch(r"sep=(.)\r?", first.strip("\ufeff ")):  # Excel's own first line
        given, text = given or marked[1], "\n" + rest
    delimiter = {"tab": "\t", "\\t": "\t"}.get(given, given) if given else _delimiter(text)
    records: list[list[str]] = []
    quoted = "'" in text
    try:
        # newline="" leaves line breaks to csv, so that a quoted one stays within its cell
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            records.append([cell.strip() for cell in record])
            if quoted:
                records[-1] = [as_written(cell) for cell in records[-1]]
    except csv.Error:
        faults.stop('a quotation mark (") here is never closed, or text follows it; remove it.', row=len(records) + 1)
    if not any(any(record) for record in records):
        faults.stop("is empty: there is no header and no row.")
    if (widest := max(map(len, records))) > MOST_COLUMNS:
        faults.stop(f"has {widest} columns; more than {MOST_COLUMNS} are not read.")
    return Grid(records, delimiter)


def _delimiter(text: str) -> str:
    """The mark that gives the most known column names, then the most regular rows, then the most columns."""
    from .headers import recognised

    def worth(delimiter: str) -> tuple[int, float, int]:
        try:
            reader = csv.reader(io.StringIO(text[: 2**18], newline=""), delimiter=delimiter)
            records = [record for record in islice(reader, _LOOKED_AT) if any(cell.strip() for cell in record)]
        except csv.Error:
            return 0, 0.0, 0
        if not records or (width := Counter(map(len, records)).most_common(1)[0][0]) == 1:
            return 0, 0.0, 0
        known = max(recognised([cell.strip() for cell in record[:MOST_COLUMNS]]) for record in records)
        return known, sum(len(record) == width for record in records) / len(records), width

    return max(_DELIMITERS, key=worth)
