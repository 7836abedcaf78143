"""From a column's texts to numbers: what has one reading is read, all else is asked with the option that answers."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...models.errors import typed
from .cells import NOT_CALCULATED
from .faults import Faults, rows_in_words
from .schema import Column
from .units import conversion

_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_MINUS = "−–—‐‑‒﹣-"
_BLANKS = re.compile(r"[\s\u00a0\u2000-\u200b\u202f\u205f\u2060\ufeff]+")
_WIDE = str.maketrans("０１２３４５６７８９．，＋", "0123456789.,+")
_MISSING = {
    "na", "n/a", "n.a.", "nan", "none", "null", "nd", "n.d.", "n. d.", "-", "--", "---", "–", "—", "−", "?", ".", "...", "…",
    "/", "missing", "#n/a", "k.a.", "n.b.",
}  # fmt: skip
_SIGNED = re.compile(rf"(^|[eE])[{_MINUS}]")
_GROUPS = re.compile(r"[-+]?[0-9]{1,3}([ '’][0-9]{3})+([.,][0-9]+)?")
_WITH_UNIT = re.compile(r"([-+]?[0-9][0-9.,' ]*(?:[eE][-+]?[0-9]+)?)\s*([^\s0-9.,'±+\-–—(%][^0-9]*)")
_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}([.,][0-9]{3})+")
_POINTED = re.compile(r"(?<![0-9.])[1-9][0-9]{0,2}\.[0-9]{3}(?![0-9])")
_RANGE = re.compile(rf"([-+]?[0-9.,]+)\s*\D{{0,3}}\s*(?:[{_MINUS}]|to|bis)\s*([-+]?[0-9.,]+)\s*([^0-9]*)")
SPREAD = re.compile(
    r"([^±]*?[0-9][^±]*?)\s*(?:±|\+\s?/\s?[-−–]|\+-)\s*([0-9][0-9.,]*)\s*([^0-9(]*)(?:\(\s*n\s*=\s*([0-9]+)\s*\))?"
)
_MONTHS = {
    name: k + 1
    for k, names in enumerate(
        (
            "jan januar janv ene gen", "feb fév févr", "mar mär mrz mars märz", "apr avr abr", "may mai mag maj", "jun juin giu",
            "jul juil lug", "aug août ago", "sep sept set", "oct okt ott", "nov", "dec dez déc dic",
        )
    )
    for name in names.split()
}  # fmt: skip


@dataclass(frozen=True)
class Spelling:
    """How the numbers of a file are spelled."""

    decimal: str = "."
    stated: bool = False  # the user gave the decimal mark
    local: bool = False  # points may be thousands marks, as in files that are not separated by commas


@dataclass(frozen=True)
class Reading:
    """A text as a number, by which repairs; or NaN, and why it is none."""

    value: float
    codes: tuple[str, ...] = ()
    kind: str = ""
    question: str = ""


def is_missing(text: str) -> bool:
    """Whether a cell is empty or says that there is no value."""
    return not text or text.lower() in _MISSING


def recognise(columns: Sequence[Sequence[str]], stated: str | None, delimiter: str) -> Spelling:
    """How numbers are spelled in these columns: decimal commas, where commas can be nothing else and no point contradicts."""
    local = delimiter not in (",", "")
    if stated:
        return Spelling(stated, True, local)
    commas = points = 0
    for texts in columns:
        joined = " ".join(texts)
        if "," in joined:
            tokens = re.findall(r"[0-9]*,[0-9][0-9.,]*", joined)
            commas += sum("." not in token and not _THOUSANDS.fullmatch(token) for token in tokens)
        if "." in joined:
            points += bool(re.search(r"[0-9]\.[0-9]{1,2}(?![0-9.])|[0-9]\.[0-9]{4}", joined))
    return Spelling("," if commas and not points else ".", False, local)


def to_numbers(
    texts: Sequence[str], column: Column, rows: Sequence[int], faults: Faults, spelling: Spelling, read: Mapping[str, str]
) -> NDArray[np.float64]:  # fmt: skip
    """The column's values as typed; NaN where a cell is empty or faulty."""
    doubtful = spelling.local and spelling.decimal == "." and _POINTED.search(" ".join(texts))
    values = None if read or doubtful else fast_numbers(texts, spelling.decimal)
    if values is not None and np.isfinite(values).all():
        return values
    known: dict[str, Reading] = {}
    asked: dict[str, list[int]] = {}
    result = np.empty(len(texts))
    for k, text in enumerate(texts):
        if text not in known:
            known[text] = _as_stated(text, read[text]) if text in read else read_number(text, column, spelling)
        reading = known[text]
        result[k] = reading.value
        for code in reading.codes:
            faults.mend(code, text, row=rows[k], column=column.name)
        if reading.question:
            asked.setdefault(text, []).append(rows[k])
    for text, where in asked.items():
        also = f" It stands in {rows_in_words(where, most=8)}." if text and len(where) > 1 else ""
        for row in where[:1] if also else where:
            faults.add(known[text].question + also, row=row, column=column.name, kind=known[text].kind)
    return result


def _as_stated(text: str, meant: str) -> Reading:
    if _NUMBER.fullmatch(meant) and math.isfinite(float(meant)):
        return Reading(float(meant), ("stated",))
    return _no_number("stated", f"{typed('texts', {text: meant})} gives no number; give one, with a point.")


def fast_numbers(texts: Sequence[str], decimal: str) -> NDArray[np.float64] | None:
    """All texts as numbers, empty ones as NaN, or None where any is not a plain number."""
    joined = " ".join(texts)
    if "_" in joined or not joined.isascii() or (decimal == "," and "." in joined):  # float() would take 1_000
        return None
    if decimal == ",":
        texts = [text.replace(",", ".") for text in texts]
    try:
        return np.array([float(text) if text else math.nan for text in texts], dtype=float)
    except ValueError:
        return None


def read_number(text: str, column: Column, spelling: Spelling) -> Reading:
    """One text of a number column."""
    if is_missing(text):
        if not column.filled:
            return Reading(math.nan, ("missing",) if text and text.lower() != "nan" else ())
        return _absent(text, column)
    plain, codes = _without_marks(text)
    if with_unit := _WITH_UNIT.fullmatch(plain):
        own = conversion(with_unit[2], column.unit)
        bare = read_number(with_unit[1].strip(), column, spelling)
        if own and not bare.question and own.changes:
            value = own.factor * (bare.value + own.offset)
            return _ask("unit", text, f"holds another unit than the column, {column.shown_unit}", value)
        if own and not bare.question:
            return replace(bare, codes=(*codes, *bare.codes, "unit"))
    if _GROUPS.fullmatch(plain):
        plain, codes = re.sub(r"[ '’]", "", plain), (*codes, "blank")
    if "," in plain or (spelling.local and "." in plain) or spelling.decimal == ",":
        unmarked = _with_point(plain, text, column, spelling)
        if isinstance(unmarked, Reading):
            return unmarked
        codes += ("comma",) if "," in plain and spelling.decimal == "." else ()
        plain = unmarked
    if _NUMBER.fullmatch(plain) and math.isfinite(value := float(plain)):
        return Reading(value, codes)
    return explain(text, column)


def _without_marks(text: str) -> tuple[str, tuple[str, ...]]:
    """A text with plain figures, signs and blanks, and the repairs that this took."""
    plain = text.translate(_WIDE)
    codes: tuple[str, ...] = ()
    if plain != text:
        codes += ("width",)
    plain = _BLANKS.sub(" ", plain).strip()
    signed = _SIGNED.sub(r"\1-", plain)
    if signed != plain:
        codes += ("minus",)
    closed = re.sub(r"^([-+]) (?=[0-9.])", r"\1", signed)
    return closed, codes if closed == signed else (*codes, "blank")


def _with_point(plain: str, text: str, column: Column, spelling: Spelling) -> str | Reading:
    """A number with a decimal point, or a question where comma and point leave two readings."""
    if "," in plain and "." in plain:
        mark, other = (",", ".") if plain.rindex(",") > plain.rindex(".") else (".", ",")
        if not re.fullmatch(rf"[-+]?[0-9]{{1,3}}(\{other}[0-9]{{3}})+\{mark}[0-9]+", plain):
            return explain(text, column)
        if spelling.stated and spelling.decimal == mark:
            return plain.replace(other, "").replace(",", ".")
        return _no_number("thousands", f"{text!r} has a thousands mark; read it with {typed('decimal', mark)}.")
    mark = "," if "," in plain else "."
    if mark not in plain:
        return plain
    if plain.count(mark) > 1 or plain.endswith(","):
        return explain(text, column)
    decimal, whole = plain.replace(",", "."), plain.replace(mark, "")
    if mark == spelling.decimal and (spelling.stated or mark == "," or not spelling.local):
        return decimal
    if _THOUSANDS.fullmatch(plain) and _plausible(whole, column):
        ways = f"{typed('texts', {text: decimal})} or {typed('texts', {text: whole})}"
        return _no_number("thousands", f"{text!r} may be {decimal} or {whole}; say which, with {ways}.")
    if spelling.stated and spelling.decimal == "," and _NUMBER.fullmatch(decimal):
        meant = typed("texts", {text: plain})
        said = f"{text!r} has a point although {typed('decimal', ',')} was given; type a comma, or say {meant}."
        return _no_number("point", said)
    return decimal


def _plausible(text: str, column: Column) -> bool:
    value = float(text)
    return column.low <= value <= column.high and not (column.positive and value <= 0)


def _absent(text: str, column: Column) -> Reading:
    unit = "" if column.unit == "1" else f" in {column.shown_unit}"
    remove = "type the value, or delete the row"
    if text:
        meant = typed("texts", {text: "20"}) if column.name == "temperature_C" else ""
        meant = f", or say what it means, as in {meant}" if meant else ""
        return _no_number("missing", f"{text!r} stands for a missing value; {remove}{meant}.")
    zero = f" (0 for a bath without {column.outside})" if column.outside else ""
    zero = " (0 where nothing is to be subtracted)" if column.name == "ljp_mV" else zero
    zero = f", or give {typed('temperature_C')} for the rows without one" if column.name == "temperature_C" else zero
    return _no_number("empty", f"empty; a number{unit} is needed in every row{zero}: {remove}.")


def is_room(text: str) -> bool:
    """Whether a text says that the bath was at the room's temperature."""
    return text.lower().replace(".", "").replace(" ", "") in ("rt", "room", "roomtemp", "roomtemperature", "ambient")


def _no_number(kind: str, question: str) -> Reading:
    return Reading(math.nan, (), kind, question)


def _ask(kind: str, text: str, sentence: str, *values: float) -> Reading:
    options = " or ".join(typed("texts", {text: f"{value:.10g}"}) for value in values)
    return _no_number(kind, f"{text!r} {sentence}: {options}.")


def explain(text: str, column: Column) -> Reading:
    """The question about a text in a number column that has no certain reading."""
    remove = "type the value, or delete the row" if column.filled else "leave it empty where there is none"
    plain, _ = _without_marks(text)
    if text == NOT_CALCULATED:
        said = (
            "holds a formula that was never calculated; open the file in the spreadsheet, save it, and read it again."
        )
        return _no_number("formula", said)
    if text.startswith("#"):
        said = f"{text!r} is a spreadsheet's error message; repair the formula and export the table again."
        return _no_number("error", said)
    if re.fullmatch(r"[-+]?(inf(inity)?|[0-9.]+e\+?[0-9]+)", plain, re.IGNORECASE):
        return _no_number("infinite", f"{text!r} is not a finite number; {remove}.")
    if (number := _of_date(plain)) is not None:
        said = "is a date, which spreadsheets make of numbers; if it was one, say which, as in"
        return _ask("date", text, said, *number)
    if is_room(plain):
        ways = f"{typed('temperature_C', 22)} or {typed('texts', {text: '22'})}"
        return _no_number("room", f"{text!r} is not a number; if the room was at 22 °C, say so with {ways}.")
    if spread := SPREAD.fullmatch(plain):
        mean = typed("texts", {text: spread[1].replace(",", ".")})
        said = f"{text!r} holds a mean and its error, which belongs into a column of its own; say the mean alone with "
        return _no_number("spread", f"{said}{mean}.")
    if between := _RANGE.fullmatch(plain.replace(",", ".")):
        ends = [float(end) for end in between.groups()[:2] if _NUMBER.fullmatch(end)]
        if len(ends) == 2:
            return _ask("range", text, "is a range; type one value, or say which, as in its middle", sum(ends) / 2)
    near = re.fullmatch(r"(?:[<>≤≥~≈]|ca\.?|about|approx\.?)\s*=?\s*([-+]?[0-9.,]+)\D*", plain.replace(",", "."))
    if near and _NUMBER.fullmatch(near[1]):
        said = "is not one number; type the best single value, or say it, as in"
        return _ask("inequality", text, said, float(near[1]))
    if column.outside and re.search(r"free|^0\s*[a-z]|none|zero|nominal", plain, re.IGNORECASE):
        return _ask("free", text, f"is not a number; if the bath has no {column.outside}, say so with", 0)
    as_said = typed("texts", {text: "NUMBER"})
    return _no_number("text", f"{text!r} is not a number; {remove}, or say what it means with {as_said}.")


def _of_date(plain: str) -> tuple[float, ...] | None:
    """What a spreadsheet may have made a date of: 2.5 became 2 May; empty where that cannot be told."""
    if whole := re.fullmatch(r"[0-9]{4}-([0-9]{2})-([0-9]{2})( [0-9:.]+)?", plain):
        return (float(f"{int(whole[2])}.{int(whole[1])}"),)
    if re.fullmatch(r"[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}", plain):
        return (float(".".join(str(int(part)) for part in re.split(r"[./]", plain)[:2])),)
    if named := re.fullmatch(r"(?:([0-9]{1,2})[.\- /]+)?([^\W\d_]+)\.?(?:[.\- /]+([0-9]{1,4}))?", plain):
        month = _MONTHS.get(named[2].lower()) or _MONTHS.get(named[2].lower()[:3])
        if month and named[1]:
            return (float(f"{int(named[1])}.{month}"),)
        if month and named[3]:
            return (float(f"{month}.{named[3]}"), float(f"{int(named[3])}.{month}"))
    return None
