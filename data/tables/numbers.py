"""From a column's texts to numbers; a text that is none gets a sentence saying why and what to type."""

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .faults import Faults
from .schema import Column

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_MINUS = str.maketrans(dict.fromkeys("−–—‐‑‒﹣-", "-"))
_MISSING = {"na", "n/a", "n.a.", "nan", "none", "null", "nd", "n.d.", "-", "--", "–", "—", "?", ".", "missing", "#n/a"}


def to_numbers(
    texts: Sequence[str], column: Column, rows: Sequence[int], faults: Faults, decimal: str = "."
) -> NDArray[np.float64]:
    """The column's values in its unit; NaN where a cell is empty or faulty."""
    values = fast_numbers(texts, decimal)
    if values is None:
        values = np.array([_number(text, decimal) for text in texts])
    for k in np.flatnonzero(~np.isfinite(values)).tolist():
        text = texts[k]
        if text or column.filled:
            kind, sentence = explain(text, column, decimal)
            # A missing value may say so in a column that can do without.
            if text.lower() != "nan" or column.filled:
                faults.add(sentence, row=rows[k], column=column.name, kind=kind)
        values[k] = np.nan
    return values


def fast_numbers(texts: Sequence[str], decimal: str = ".") -> NDArray[np.float64] | None:
    """All texts as numbers, empty ones as NaN, or None where any is not a number."""
    joined = " ".join(texts)
    if "_" in joined or (decimal == "," and "." in joined):  # float() would take 1_000
        return None
    if decimal == ",":
        texts = [text.replace(",", ".") for text in texts]
    try:
        return np.array([float(text) if text else math.nan for text in texts], dtype=float)
    except ValueError:
        return None


def explain(text: str, column: Column, decimal: str = ".") -> tuple[str, str]:
    """What kind of fault a text in a number column is, and the sentence about it."""
    unit = "" if column.unit == "1" else f" in {column.unit.replace('degC', '°C')}"
    remove = "type the value, or delete the row" if column.filled else "leave it empty where there is none"
    if not text:
        zero = f" (0 for a bath without {column.name.split('_')[0]})" if column.name.endswith("_o_mM") else ""
        zero = " (0 where nothing is to be subtracted)" if column.name == "ljp_mV" else zero
        return "empty", f"empty; a number{unit} is needed in every row{zero}: {remove}."
    if text.startswith("#") and text.lower() != "#n/a":
        return "error", f"{text!r} is a spreadsheet's error message; repair the formula and export the table again."
    if text.lower() in _MISSING:
        return "missing", f"{text!r} stands for a missing value; {remove}."
    if re.fullmatch(r"[-+]?inf(inity)?", text, re.IGNORECASE):
        return "infinite", f"{text!r} is not a finite number; {remove}."
    plain = text.translate(_MINUS)
    if "," in plain and decimal == "." and _NUMBER.fullmatch(plain.replace(",", ".")):
        point = plain.replace(",", ".")
        return "comma", f"{text!r} has a decimal comma; read the table with --decimal , or type {point}."
    if decimal == "," and "." in plain:
        return "point", f"{text!r} has a point although --decimal , was given; type a comma, and no thousands mark."
    if decimal == ",":
        plain = plain.replace(",", ".")
    if plain != text and _NUMBER.fullmatch(plain):
        return "minus", f"{text!r} has a typographic minus sign; type {plain}."
    if re.fullmatch(r"\d[\d ,]*\d", plain) or re.fullmatch(r"[-+] +[\d.]+", plain):
        return "space", f"{text!r} has a space or a thousands mark in it; type {re.sub(r'[ ,]', '', plain)}."
    if re.match(r"[<>≤≥~≈]|ca\b", plain):
        zero = " (0 for a nominally ion-free bath)" if column.name.endswith("_o_mM") else ""
        return "inequality", f"{text!r} is not one number; type the best single value{zero}."
    if spread := re.fullmatch(r"([-+]?[\d.]+)\s*(?:±|\+/?-)\s*([\d.]+).*", plain):
        where = " in V_m_sd_mV or V_m_sem_mV, with n" if column.name == "V_m_mV" else " elsewhere"
        return "spread", f"{text!r} holds a mean and its error; type {spread[1]} here and {spread[2]}{where}."
    if with_unit := re.fullmatch(r"([-+]?(?:\d+\.?\d*|\.\d+))\s*([^\d\s.,][^\d]*)", plain):
        number, own = with_unit.groups()
        same = own.strip().lower().replace("°", "deg").replace("ω", "ohm") in (column.unit.lower(), "c")
        what = (
            f"type {number}: the unit is in the column's name"
            if same
            else f"type the number alone,{unit or ' as a count'}"
        )
        return "unit", f"{text!r} holds more than a number; {what}."
    return "text", f"{text!r} is not a number; {remove}."


def _number(text: str, decimal: str) -> float:
    if decimal == ",":
        text = "x" if "." in text else text.replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) else math.nan
