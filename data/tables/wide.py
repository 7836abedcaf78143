"""Wide tables, a column a cell or a column a bath, made long: one row per potential."""

import re
from collections.abc import Callable, Sequence

from ...models.errors import typed
from .faults import Faults
from .headers import meaning
from .layout import Body, is_statistic
from .numbers import is_missing
from .schema import COLUMNS, NUMBERS

_NUMBER = r"([0-9]+(?:[.,][0-9]+)?)"
_K = r"\[?K\+?\]?\s*_?(?:o|out|e)?"
_POTASSIUM = re.compile(rf"(?:{_K}|potassium)\s*[=:]?\s*{_NUMBER}\s*(?:mM)?|{_NUMBER}\s*(?:mM)?\s*{_K}", re.IGNORECASE)
_DEGREES = re.compile(rf"(?:T\s*=\s*)?{_NUMBER}\s*(?:°\s*C|degC)")
_ANY_NUMBER = re.compile(rf"\D*?{_NUMBER}\D*")
# A name with a running number, and no word for a measurement or a point of time in it.
_CELL = re.compile(
    r"(?!.*(?:vm|rmp|mv|volt|pot|time|min|sec|after|before|pre|post|test|trial|sweep))[^\W\d]*[\s_.#\-]*\d[\w.\-]*",
    re.IGNORECASE,
)


# A column, of the contract or the user's, and what gives its value from a header.
_Shape = tuple[str, Callable[[str], str | None]]


def make_long(
    table: Body, names: list[str], wide: str | None, given: Sequence[str], solutions: Sequence[str], faults: Faults
) -> tuple[Body, list[str]]:
    """A table whose potentials stand in several columns as one row a potential; any other table as it is.

    `names` are the resolved names, `given` the columns whose values are given for the whole file.
    """
    if "V_m_mV" in names:
        if wide:
            said = "the table has a column of potentials, and is not wide."
            faults.add(f"{typed('wide', wide)}: {said}", column="V_m_mV")
        return table, names
    at = _potentials(table, names)
    if len(at) < 2 and not wide:
        return table, names
    headers = [names[i] for i in at]
    has = {*names, *given}
    shape = _shape_of(wide) if wide else _recognised(headers, has, solutions)
    if shape is None:
        _ask(headers, has, faults)
        return table, names
    column, value_of = shape
    values = [value_of(header) for header in headers]
    if missing := [header for header, value in zip(headers, values, strict=True) if value is None]:
        faults.stop(f"{typed('wide', column)}: the column {missing[0]!r} does not name one value of it.")
    if column in has:
        faults.stop(f"{typed('wide', column)}: there is a column {column} besides.")
    if len(set(values)) < len(values):
        faults.stop(f"two columns stand for the same {column}: {', '.join(headers)}; rename one of them.")
    keep = [i for i in range(len(names)) if i not in set(at)]
    groups = _groups(table, at)
    rows, cells = [], []
    for number, row in zip(table.rows, table.cells, strict=True):
        ids = [row[i] for i in keep]
        for i, value, group in zip(at, values, groups or [""] * len(at), strict=True):
            rows.append(number)
            cells.append([*ids, *([group] if groups else []), value or "", row[i]])
    shown = ", ".join(map(str, values[:4])) + (", …" if len(values) > 4 else "")
    faults.repair("wide", f"{len(at)} columns of potentials made long: their headers are {column} ({shown}).")
    if groups:
        shown = ", ".join(dict.fromkeys(groups))
        faults.repair("wide", f"what stands above their headers is the column group ({shown}).")
    long = [*(names[i] for i in keep), *(["group"] if groups else []), column, "V_m_mV"]
    units = {keep.index(i): unit for i, unit in table.units.items() if i in keep}
    if unit := next((table.units[i] for i in at if i in table.units), None):
        units[len(long) - 1] = unit
    return Body(long, rows, cells, units, [*(table.places[i] for i in keep), *[-1] * (len(long) - len(keep))]), long


def _groups(table: Body, at: Sequence[int]) -> list[str]:
    """The groups that stand above the headers, each over its first column; none where there are fewer than two."""
    above = [table.above[i] for i in at] if table.above else []
    if not above or not above[0] or len(set(filter(None, above))) < 2 or "group" in table.header:
        return []
    filled: list[str] = []
    for text in above:
        filled.append(text or filled[-1])
    return filled


def _potentials(table: Body, names: Sequence[str]) -> list[int]:
    """Columns of free names that hold nothing but numbers as potentials are, at least one of them negative."""
    found = []
    for i, name in enumerate(names):
        if name in COLUMNS or not name or is_statistic(name):
            continue
        texts = [cells[i] for cells in table.cells if not is_missing(cells[i])]
        values = [value for text in texts if (value := _roughly(text)) is not None]
        if texts and len(values) == len(texts) and -150 <= min(values) < 0 and max(values) <= 60:
            found.append(i)
    return found


def _roughly(text: str) -> float | None:
    match = re.fullmatch(r"([-+−–]?)\s?([0-9]+(?:[.,][0-9]+)?)\s*(?:mV)?", text.strip())
    return float(match[2].replace(",", ".")) * (1 if match[1] in ("", "+") else -1) if match else None


def _number_in(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    def value(header: str) -> str | None:
        match = pattern.fullmatch(header.strip())
        return next(filter(None, match.groups())).replace(",", ".") if match else None

    return value


def _shape_of(wide: str) -> _Shape:
    column = wide if wide in COLUMNS else (found.name if (found := meaning(wide)) else wide)
    if column in NUMBERS:
        return column, _number_in(_ANY_NUMBER)
    return column, str.strip


def _recognised(headers: Sequence[str], has: set[str], solutions: Sequence[str]) -> _Shape | None:
    if solutions and "solution" not in has and all(header in solutions for header in headers):
        return "solution", str.strip
    for column, pattern in (("K_o_mM", _POTASSIUM), ("temperature_C", _DEGREES)):
        if column not in has and all(pattern.fullmatch(header.strip()) for header in headers):
            return column, _number_in(pattern)
    if "cell" not in has and has & {"K_o_mM", "solution"} and all(_CELL.fullmatch(header) for header in headers):
        return "cell", str.strip
    return None


def _ask(headers: Sequence[str], has: set[str], faults: Faults) -> None:
    columns = [name for name in ("cell", "K_o_mM", "temperature_C") if name not in has]
    numbered = all(_ANY_NUMBER.fullmatch(header) for header in headers)
    options = [typed("wide", name) for name in columns if name == "cell" or numbered]
    shown = ", ".join(map(repr, headers[:4]))
    mapping = typed("columns", {"V_m_mV": headers[0]})
    faults.stop(
        f"several columns may hold V_m_mV ({shown}). If each is a cell or a bath, say what their headers are: "
        f"{' or '.join([*options, typed('wide', 'NAME')])}; if only one holds it, {mapping}."
    )
