"""Workbooks as rows of text: the sheet that holds the table, its cells, and what is hidden, merged or an error in it."""

from ...models.errors import DataError, nearest, typed
from .cells import Book, Grid
from .faults import Faults
from .headers import recognised
from .inert import as_written
from .ranges import split_range


def read_workbook(content: bytes, sheet: str | None, faults: Faults) -> Grid:
    """The chosen sheet of a workbook, or the only one that holds a table."""
    wanted, _ = split_range(sheet)
    try:
        book = _open(content, wanted, faults)
        name = _choose(book, wanted, faults)
        grid = book.read(name)
    except DataError as error:
        if faults.some:
            raise
        faults.stop(f"cannot be read as a spreadsheet: {error}; save the sheet as CSV UTF-8, without a password.")
    if not any(map(any, grid.rows)):
        faults.stop(f"sheet {name!r} is empty: there is no header and no row.")
    for texts in grid.rows:
        if any(text[:1] == "'" for text in texts):
            texts[:] = map(as_written, texts)
    for what in grid.hidden:
        faults.repair("hidden", f"{what} read like the others.")
    return grid


def _open(content: bytes, wanted: str | None, faults: Faults) -> Book:
    if content.startswith(b"PK"):
        from .zipped import ZippedBook

        return ZippedBook(content, wanted, faults)
    from .xls import OldBook

    try:
        return OldBook(content)
    except Exception as error:  # whatever a damaged file makes of xlrd's code
        said = "it is protected by a password" if "encrypted" in str(error) else f"it is damaged ({error})"
        raise DataError(said) from None


def _choose(book: Book, wanted: str | None, faults: Faults) -> str:
    names = list(book.sheets)
    if not names:
        faults.stop("has no sheet of cells.")
    if wanted is not None:
        if wanted not in names:
            faults.stop(f"has no sheet {wanted!r}.{nearest(wanted, names)} Its sheets: {', '.join(names)}.")
        return wanted
    if len(names) == 1:
        return names[0]
    filled: dict[str, int] = {}
    for name in [name for name in names if book.sheets[name]] or names:
        rows = book.top(name)
        if any(map(any, rows)):
            filled[name] = max(map(recognised, rows))
    tables = [name for name, worth in filled.items() if worth >= 2] or list(filled)
    if len(tables) > 1:
        options = " or ".join(typed("sheet", name) for name in tables)
        faults.stop(f"has several sheets that hold tables; choose one with {options}.")
    chosen = tables[0] if tables else names[0]
    others = [name for name in names if name != chosen]
    faults.repair("sheet", f"sheet {chosen!r} is read; not read: {', '.join(map(repr, others))}.")
    return chosen
