"""Where the table stands on its sheet: header, rows, and what is around them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ...models.errors import typed
from ...models.notes import number_of
from .cells import Grid
from .faults import Faults, rows_in_words
from .headers import meaning, recognised
from .ranges import cut, in_letters
from .schema import COLUMNS, NUMBERS
from .units import conversion, may_head_a_column

_LOOKED_AT = 50
_STATISTIC = (
    r"(?:mean|average|avg|median|total|sum|n|s\.?d\.?|s\.?e\.?m?\.?|st\.?dev\.?|std|max|min|mittelwert|moyenne)"
)
_IN_WORDS = re.compile(r"(?:mean|average|avg|median|s\.?e\.?m|s\.?d|st\.?dev|mittelwert|moyenne)\b", re.IGNORECASE)
_SUMMARY = re.compile(rf"{_STATISTIC}(?![\w.])(?:[\s:=±+\-/(]+{_STATISTIC}(?![\w.]))*[\s:=)]*", re.IGNORECASE)
_FIGURES = "0123456789-+.−–"
_NOTE = re.compile(r"\s*(notes?|nb|n\.b\.|remarks?|comments?|legend|source|\*|#|†)", re.IGNORECASE)


@dataclass
class Body:
    """A table as text: column names, spreadsheet numbers of the rows (the first line is 1), and their cells."""

    header: list[str]
    rows: list[int]
    cells: list[list[str]]
    units: dict[int, str]  # by column number, a unit that stood in a row of its own below the header
    places: list[int]  # by column number of this table, the column number on the sheet
    above: list[str] = field(default_factory=list)  # what stands in the row above the header, by column number
    remarks: list[str] = field(default_factory=list)  # every text that was left out around the table


def lay_out(grid: Grid, sheet: str | None, faults: Faults) -> Body:
    """Find the table in a grid of cells, and leave out what is around it."""
    cut(grid, sheet, faults)
    filled = [(number, cells) for number, cells in enumerate(grid.rows, 1) if any(cells)]
    if not filled:
        faults.stop("is empty: there is no header and no row.")
    at = header_at([cells for _, cells in filled])
    top, header = filled[at]
    above, body = filled[:at], filled[at + 1 :]
    if above:
        shown = "; ".join(" ".join(filter(None, cells))[:60] for _, cells in above[:3])
        numbers = rows_in_words([number for number, _ in above], most=8)
        faults.repair("title", f"{numbers} above the header left out of the table ({shown!r}).")
    if not any(meaning(name) for name in header if name) and len(header) > 1 and all(map(_is_number, header)):
        faults.stop("holds numbers where the column names belong; add a header such as V_m_mV,K_o_mM.", row=top)
    if not body:
        faults.stop("has a header but no rows; add one row per measured potential.")
    places = _columns(grid, header, [cells for _, cells in body], (top, body[-1][0]), faults)
    names = [header[i] if i < len(header) else "" for i in places]
    over = above[-1][1] if above and above[-1][0] == top - 1 else []
    table = Body(names, [], [], {}, places, [over[i] if i < len(over) else "" for i in places])
    _fill_merged(grid, top, faults)
    body, sparse = _without_others(grid, table, header, body, top, faults)
    kept = _without_notes(header, body, faults)
    left_out = [cells for _, cells in (*above, *body[len(kept) :])]
    table.remarks = [grid.sheet, *(text for cells in left_out for text in cells if text)]
    width = places[-1] + 1
    beside: list[str] = []
    for number, cells in kept:
        # a text under an empty header cell is a remark; where the header ends before it, a row that has slipped
        if any(extra := cells[width:]) and len(cells) <= len(header) and not any(map(_is_number, extra)):
            beside += filter(None, extra)
            del cells[width:]
        if number in sparse:
            said = f"holds only {next(filter(None, cells))!r}; if it heads the rows below, type it in a column of its own in"
            faults.add(f"{said} each of them, and delete this row.", row=number, kind="alone")
        elif len(cells) < width:
            faults.add(_short(cells, header[:width]), row=number, kind="short")
        elif len(cells) > width and any(cells[width:]):
            faults.add(_long(cells, header[:width]), row=number, kind="long")
        else:
            table.rows.append(number)
            table.cells.append([cells[i] for i in places] if len(places) < len(cells) else cells)
    if beside:
        table.remarks += beside
        shown = "; ".join(beside)[:60]
        faults.repair("beside", f"{number_of(len(beside), 'remark')} right of the table left out ({shown!r}).")
    if not table.rows:
        faults.stop("has a header but no rows; add one row per measured potential.")
    return table


def header_at(rows: Sequence[Sequence[str]]) -> int:
    """The row that names the most columns beyond doubt; else the first with two texts and no number; else the first."""
    scores = [recognised(cells) for cells in rows[:_LOOKED_AT]]
    if max(scores) > 0:
        return scores.index(max(scores))
    texts = (sum(map(bool, cells)) > 1 and not any(map(_is_number, cells)) for cells in rows[:_LOOKED_AT])
    return next((k for k, all_texts in enumerate(texts) if all_texts), 0)


def _columns(
    grid: Grid, header: Sequence[str], body: Sequence[Sequence[str]], rows: tuple[int, int], faults: Faults
) -> list[int]:
    """The columns that hold anything; two tables beside each other are asked about."""
    last = max(i for i, name in enumerate(header) if name)
    # beyond the last name, cells make a row too long, which is said of the row
    places = [i for i in range(last + 1) if header[i] or any(i < len(cells) and cells[i] for cells in body)]
    blocks: list[list[int]] = []
    for i in places:
        if blocks and i == blocks[-1][-1] + 1:
            blocks[-1].append(i)
        else:
            blocks.append([i])
    tables = [block for block in blocks if recognised([header[i] for i in block]) >= 2]
    if len(tables) > 1:
        top, bottom = rows[0] - 1, rows[1] - 1
        ranges = [typed("sheet", in_letters((top, block[0], bottom, block[-1]), grid.sheet)) for block in tables]
        faults.stop(
            f"holds {len(tables)} tables beside each other; choose one with {' or '.join(ranges)}; or, where they are one table,"
            " name or delete the empty columns between them.",
            row=rows[0],
        )
    if len(blocks) > 1:
        faults.repair("empty", f"{places[-1] + 1 - places[0] - len(places)} empty columns left out.")
    return places


def _fill_merged(grid: Grid, top: int, faults: Faults) -> None:
    """A cell merged over several rows holds its value in each of them."""
    count = 0
    for first, column, last, right in grid.merged:
        if first < top or last == first or right != column or column >= len(grid.rows[first]):
            continue
        for row in range(first + 1, min(last + 1, len(grid.rows))):
            grid.rows[row][column] = grid.rows[first][column]
        count += 1
    if count:
        faults.repair("merged", f"{number_of(count, 'cell')} merged over several rows: each of these has the value.")


def _without_others(
    grid: Grid, table: Body, header: Sequence[str], body: list[tuple[int, list[str]]], top: int, faults: Faults
) -> tuple[list[tuple[int, list[str]]], set[int]]:
    """Leave out a row of units, repeated headers and rows of means; another header begins another table.

    Returns the rest, and the numbers of those rows that hold a single text.
    """
    names = [i for i in table.places if header[i]]
    meant = {i: found.name for i in names if (found := meaning(header[i]))}
    bath = next((i for i, name in meant.items() if name == "K_o_mM"), None)
    telling = bath if bath is not None else next((i for i, name in meant.items() if name in NUMBERS), names[-1])
    label = next((i for i, name in meant.items() if name == "cell"), -1)
    kept, again, means, sparse = [], [], [], set()
    if label >= 0 and 2 * sum(is_statistic(cells[label]) for _, cells in body if label < len(cells)) > len(body):
        label = -1  # a table of means
    for k, (number, cells) in enumerate(body):
        text = cells[telling] if telling < len(cells) else ""
        if text[:1] in _FIGURES and text and (label < 0 or not is_statistic(cells[label])):
            kept.append((number, cells))
            continue
        cell = [cells[i] if i < len(cells) else "" for i in names]
        first = next(filter(None, cells))
        if k == 0 and any(map(_some_unit, cell)) and all(map(may_head_a_column, cell)):
            table.units = {table.places.index(i): cells[i] for i in names if i < len(cells) and _some_unit(cells[i])}
            faults.repair("units", f"row {number} is a row of units: {', '.join(filter(None, cell))}.")
        elif sum(text == header[i] for text, i in zip(cell, names, strict=True) if text) * 2 > len(names):
            again.append(number)
            if k and sum(map(bool, body[k - 1][1])) == 1 and kept and kept[-1][0] == body[k - 1][0]:
                _stop_at_second_table(grid, (top, number), names, cells, body[-1][0], faults)
        elif first[:1].isalpha() and (recognised(cell) >= 3 or sum(text in COLUMNS for text in cell) >= 2):
            _stop_at_second_table(grid, (top, number), names, cells, body[-1][0], faults)
        elif (0 <= label < len(cells) and is_statistic(cells[label])) or (
            bath is not None and not text and _SUMMARY.match(first)
        ):
            means.append(number)
        else:
            kept.append((number, cells))
            if len(names) > 2 and sum(map(bool, cells)) == 1 and not _is_number(first):
                sparse.add(number)
    if again:
        faults.repair("header", f"the header stands again in {rows_in_words(again, most=8)}; left out.")
    if means:
        faults.repair("summary", f"{rows_in_words(means, most=8)} left out: a mean or total, not a recording.")
    return kept, sparse


def _stop_at_second_table(
    grid: Grid, headers: tuple[int, int], names: Sequence[int], cells: Sequence[str], bottom: int, faults: Faults
) -> None:
    filled = [i for i, text in enumerate(cells) if text]
    top, number = headers
    first = in_letters((top - 1, names[0], number - 2, names[-1]), grid.sheet)
    second = in_letters((number - 1, filled[0], bottom - 1, filled[-1]), grid.sheet)
    choice = f"{typed('sheet', first)} or {typed('sheet', second)}"
    faults.stop(f"begins a second table; choose one with {choice}.", row=number)


def _without_notes(
    header: Sequence[str], body: list[tuple[int, list[str]]], faults: Faults
) -> list[tuple[int, list[str]]]:
    """Leave out what stands below the table in single cells."""
    kept = list(body)
    notes: list[tuple[int, str]] = []
    while kept:
        number, cells = kept[-1]
        some = [text for text in cells if text]
        alone = len(some) == 1 and not _is_number(some[0]) and len(header) > 2
        if not (alone or (_NOTE.match(some[0]) and not any(map(_is_number, some)))):
            break
        notes.insert(0, (number, some[0]))
        kept.pop()
    if notes:
        shown = "; ".join(text[:60] for _, text in notes[:3])
        faults.repair("notes", f"{rows_in_words([n for n, _ in notes], most=8)} below the table left out ({shown!r}).")
    return kept


@lru_cache(maxsize=10_000)
def is_statistic(text: str) -> bool:
    """Whether a cell's name is that of a statistic: a cell may be called N, but not Mean."""
    return _SUMMARY.fullmatch(text) is not None and _IN_WORDS.search(text) is not None


def _some_unit(text: str) -> bool:
    bare = text.strip("()[]").strip()
    return bool(bare) and any(conversion(bare, unit) for unit in ("mV", "mM", "degC", "MOhm", "pF"))


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+−]?[0-9]*[.,]?[0-9]+", text) is not None


def _short(cells: Sequence[str], header: Sequence[str]) -> str:
    return (
        f"has {number_of(len(cells), 'value')}, the header names {len(header)} columns; "
        f"the row ends before column {header[len(cells)]}. Type what is missing, or delete the row."
    )


def _long(cells: Sequence[str], header: Sequence[str]) -> str:
    return (
        f"has {len(cells)} values, the header names {len(header)} columns. A decimal comma, or a comma within a text? "
        "Type numbers with a point (-65.3) and texts in quotation marks."
    )
