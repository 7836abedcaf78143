"""What a measured table must satisfy: ranges, units mistaken for others, and columns that must agree."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...models.errors import nearest, typed
from ...models.ions import IONS
from ...models.limits import NEGLIGIBLE, MOLAR_mM, kelvin_as_celsius
from .faults import Faults, rows_in_words
from .schema import COLUMNS, OUTSIDE, Column

SEM_TOLERANCE = 0.05
IMBALANCE = 0.10
_OTHER_WORDS = {
    "blocked": ("off", "block", "blocker", "inhibited", "poisoned", "ouabain", "strophanthidin", "digoxin"),
    "on": ("normal", "active", "running", "intact", "none", "control", "yes"),
    "sharp": ("microelectrode", "intracellular", "sharp electrode", "sharp microelectrode"),
    "patch": ("whole-cell", "whole cell", "perforated", "pipette", "patch clamp", "patch pipette"),
    "AgCl": ("ag/agcl", "ag-agcl", "wire", "pellet", "bare wire", "ag/agcl wire", "ag/agcl pellet"),
    "bridge": ("agar", "salt bridge", "agar bridge", "kcl bridge", "kcl-agar", "3 m kcl"),
}


@dataclass
class Sheet:
    """A table whose columns have the contract's names."""

    rows: NDArray[np.int64]  # as the spreadsheet numbers them
    cells: dict[str, list[str]]  # the texts of every column
    numbers: dict[str, NDArray[np.float64]]  # NaN where a cell is empty or faulty
    allowed: frozenset[str] = frozenset()  # columns whose limits of plausibility are lifted
    weighed: NDArray[np.bool_] | None = None  # rows with the bath of a recipe, neutral with ions that have no column

    def put(self, name: str, values: NDArray[np.float64]) -> None:
        """Give the table a column of numbers, in place of one that it may have."""
        self.numbers[name] = values
        self.cells[name] = [f"{value:g}" for value in values]


@np.errstate(over="ignore", invalid="ignore")  # what is beyond all range is named, and may overflow meanwhile
def check(sheet: Sheet, faults: Faults, *, potentials: bool) -> None:
    """Note everything that is wrong with the values of `sheet`."""
    for name in sheet.numbers:
        if name in sheet.allowed:
            _check_possible(sheet, COLUMNS[name], faults)
            continue
        if name == "V_m_mV" and (_looks_like_volts(sheet, faults) or _all_positive(sheet, potentials, faults)):
            continue
        if name in MOLAR_mM and _looks_molar(sheet, name, faults):
            continue
        _check_range(sheet, COLUMNS[name], faults)
    for column in (c for name in sheet.numbers if (c := COLUMNS[name]).positive or c.error_of):
        values = sheet.numbers[column.name]
        tiny = (values > 0) & (values < NEGLIGIBLE)
        _add_by_row(sheet, tiny, column.name, f"is next to nothing in {column.unit}; check the number.", faults)
    _check_words(sheet, faults)
    _check_cells(sheet, faults)
    _warn_of_gaps(sheet, faults)
    _check_means(sheet, faults)
    if "ljp_mV" in sheet.cells and "ljp" in sheet.cells:
        faults.add("contradicts column ljp (already corrected); keep the one that holds.", column="ljp_mV")
    if "ljp_sd_mV" in sheet.cells and not {"ljp_mV", "ljp"} & set(sheet.cells):
        faults.add("has no column ljp_mV beside it: the value whose error this is.", column="ljp_sd_mV")
    _check_baths(sheet, faults)
    if "R_in_sd_MOhm" in sheet.numbers:
        alone = ~np.isnan(sheet.numbers["R_in_sd_MOhm"]) & np.isnan(_values(sheet, "R_in_MOhm"))
        _add_by_row(sheet, alone, "R_in_sd_MOhm", "has no R_in_MOhm beside it; add that, or leave this empty.", faults)
    _warn_of_imbalance(sheet, faults)
    if potentials:
        _warn_of_repeats(sheet, faults)
        if "ljp_mV" not in sheet.cells and "ljp" not in sheet.cells:
            faults.warn(
                "nothing is said about the liquid junction potential, and an uncorrected one shifts every V_m. "
                "Add a column ljp_mV with the value to subtract (V_m = measured - ljp), or a column ljp with the word "
                f"compute (with {typed('solutions')} and {typed('pipette')}) or, where that was done, corrected."
            )


def _values(sheet: Sheet, name: str) -> NDArray[np.float64]:
    return sheet.numbers.get(name, np.full(len(sheet.rows), np.nan))


def _add_by_row(sheet: Sheet, at: NDArray[np.bool_], name: str, sentence: str, faults: Faults) -> None:
    for k in np.flatnonzero(at):
        faults.add(f"{sheet.cells[name][k]!r} {sentence}", row=sheet.rows[k], column=name, kind=sentence)


def _check_range(sheet: Sheet, column: Column, faults: Faults) -> None:
    values = sheet.numbers[column.name]
    low = values <= 0 if column.positive else values < column.low
    for k in np.flatnonzero(low | (values > column.high)):
        text = f"{sheet.cells[column.name][k]!r} {_out_of_range(values[k], column)}"
        faults.add(text, row=sheet.rows[k], column=column.name, kind=f"range {low[k]}")
    if column.name == "n":
        whole = np.isnan(values) | (values % 1 == 0)
        _add_by_row(sheet, ~whole & (values > 0), "n", "is not a whole number; type how many were measured.", faults)
    if column.name in MOLAR_mM:
        others = np.unique(values[(values > 1e-6) & (values <= column.high)].round(6))
        slip = (values > 1e-6) & (values < 1) & np.isin(np.round(np.clip(values, 0, 1) * 1000, 6), others)
        sentence = "is exactly a thousandth of a value in another row; if it is in M, multiply it by 1000."
        _add_by_row(sheet, slip, column.name, sentence, faults)
    if column.name == "V_m_mV":
        tens = values[np.abs(values) >= 10]
        # In a bath nearly as rich in K as the cell, a potential near 0 mV is genuine.
        small = (values != 0) & (np.abs(values) < 0.15) & ~(_values(sheet, "K_o_mM") > 50)
        if len(tens) > len(values) / 2:
            _add_by_row(sheet, small, "V_m_mV", "looks like volts among millivolts; multiply it by 1000.", faults)


def _check_possible(sheet: Sheet, column: Column, faults: Faults) -> None:
    values, (low, high) = sheet.numbers[column.name], column.possible
    impossible = (values < low) | (values > high) | (column.positive & (values <= 0))
    sentence = f"is outside {low:g} to {high:g} {column.shown_unit}, where nothing lies; check the number."
    _add_by_row(sheet, impossible, column.name, sentence, faults)


def _out_of_range(value: float, column: Column) -> str:
    if column.name == "temperature_C":
        if (celsius := kelvin_as_celsius(value)) is not None:
            return f"looks like kelvin; type {celsius:.4g} (in °C)."
        if column.high < value < 1.8 * column.high + 32:
            return f"is above {column.high:g} °C; if it is in °F, type {(value - 32) / 1.8:.3g} (in °C)."
        return f"is outside {column.low:g} to {column.high:g} °C; check the number, or delete the row."
    if column.name == "V_m_mV":
        minus = f" Is the minus sign missing? Then type {-value:g}." if column.high < value <= -column.low else ""
        minus = minus or " Check its decimal point and its unit (mV)."
        lift = f" If it is right, read the table with {typed('allow', ['V_m_mV'])}."
        return f"is outside {column.low:g} to {column.high:g} mV, where resting potentials lie.{minus}{lift}"
    if column.unit == "mM":
        if value > column.high:
            return f"is above {column.high:g} mM; check the decimal point, or divide by 1000 if it is in µM."
        if value == 0:
            return "is impossible inside a cell; type the concentration, or leave it empty if it is not known."
        return "is negative; a concentration is 0 or more."
    if column.positive and value <= 0:
        return f"is not above zero; type the {column.meaning}, or leave it empty if it is not known."
    low = max(column.low, 0) if column.positive else column.low
    return f"is outside {low:g} to {column.high:g} {column.shown_unit}; check its unit."


def _looks_like_volts(sheet: Sheet, faults: Faults) -> bool:
    values = sheet.numbers["V_m_mV"]
    known = values[~np.isnan(values)]
    if not known.any() or np.abs(known).max() > 0.2:
        return False
    span = f"{known.min():g} to {known.max():g}" if len(known) > 1 else f"{known[0]:g}"
    faults.add(f"the values ({span}) look like volts; multiply the column by 1000.", column="V_m_mV")
    return True


def _all_positive(sheet: Sheet, potentials: bool, faults: Faults) -> bool:
    """Whether every potential is positive and some are far from zero: a sign was left out, or turned."""
    values = sheet.numbers["V_m_mV"]
    known = values[~np.isnan(values)]
    if not potentials or not len(known) or known.min() <= 0 or known.max() < 10:
        return False
    own = faults.own_names.get("V_m_mV", "V_m_mV")
    faults.add(
        f"every value is positive ({known.min():g} to {known.max():g}). If the minus signs were left out, read the table with "
        f"{typed('columns', {'V_m_mV': f'-{own}'})}; if the cells are so, with {typed('allow', ['V_m_mV'])}.",
        column="V_m_mV",
    )
    return True


def _looks_molar(sheet: Sheet, name: str, faults: Faults) -> bool:
    values = sheet.numbers[name]
    known = values[~np.isnan(values)]
    if not (0 < known.max(initial=0) < MOLAR_mM[name]):
        return False
    faults.add(f"no value exceeds {known.max():g}: they look like M; multiply the column by 1000.", column=name)
    return True


def _check_words(sheet: Sheet, faults: Faults) -> None:
    for name in ("pump", "ljp", "electrode", "bath_electrode"):
        words = COLUMNS[name].words
        for text in set(sheet.cells.get(name, ())) - set(words):
            sentence = _wrong_word(name, text)
            for k in (k for k, cell in enumerate(sheet.cells[name]) if cell == text):
                faults.add(sentence, row=sheet.rows[k], column=name)


def _wrong_word(name: str, text: str) -> str:
    words = COLUMNS[name].words
    legal = " or ".join(words)
    if text.lower() in words:
        return f"{text!r}: write it in lower case, {text.lower()}."
    if name == "ljp":
        return f"{text!r} is not the word {legal}; for values to subtract use a column ljp_mV (0 where there is none)."
    if not text:
        return f"empty; type {legal} in every row, or delete the column{' if the pump always ran' if name == 'pump' else ''}."
    meant = [word for word in words if text.lower() in _OTHER_WORDS.get(word, ())]
    say = f"type {(meant or [legal])[0]}, or say {typed('texts', {text: (meant or words[-1:])[0]})}."
    return f"{text!r} is not one of the words {legal}; {say}{'' if meant else nearest(text, words)}"


def _check_cells(sheet: Sheet, faults: Faults) -> None:
    for name in ("cell", "cell_type"):
        for k, text in enumerate(sheet.cells.get(name, ())):
            if not text:
                what = f"empty; type the {COLUMNS[name].meaning} in every row, or delete the column."
                faults.add(what, row=sheet.rows[k], column=name, kind="empty")
    if "cell" not in sheet.cells or "cell_type" not in sheet.cells:
        return
    first: dict[str, tuple[str, int]] = {}
    for cell, kind, row in zip(sheet.cells["cell"], sheet.cells["cell_type"], sheet.rows.tolist(), strict=True):
        known, where = first.setdefault(cell, (kind, row))
        if cell and kind and known and kind != known:
            text = f"cell {cell!r} is {kind!r} here and {known!r} in row {where}; correct the type, "
            text += "or give the two cells different names."
            faults.add(text, row=row, column="cell_type", kind="two types")


def _warn_of_gaps(sheet: Sheet, faults: Faults) -> None:
    """Labels typed once for several rows, as spreadsheets show merged cells, leave the others without."""
    for name, texts in sheet.cells.items():
        if name in COLUMNS or not texts[0] or all(texts) or re.match("comment|note|remark", name, re.IGNORECASE):
            continue
        typed_once = [text for text in texts if text]
        if len(typed_once) < 2 or len(set(typed_once)) < len(typed_once) or texts[0][:1].isdigit():
            continue
        rows = rows_in_words([row for row, text in zip(sheet.rows, texts, strict=True) if not text], most=8)
        faults.warn(f"is empty in {rows}: these rows have no such label. Type it in every row.", column=name)


def _check_means(sheet: Sheet, faults: Faults) -> None:
    sd, sem, n = (_values(sheet, name) for name in ("V_m_sd_mV", "V_m_sem_mV", "n"))
    lone = ~np.isnan(sd) & np.isnan(n) & np.isnan(sem)
    if "n" not in sheet.numbers and lone.any():
        faults.add("needs a column n: the error of a mean is sd / sqrt(n).", column="V_m_sd_mV")
    else:
        _add_by_row(sheet, lone, "V_m_sd_mV", "has no n beside it: the error of a mean is sd / sqrt(n). Add n.", faults)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = sd / np.sqrt(n)
        off = (sd > 0) & (sem > 0) & (n > 0) & (np.abs(sem - expected) > SEM_TOLERANCE * expected)
        larger = np.isnan(n) & (sem > sd)
    for k in np.flatnonzero(off | larger):
        text = sheet.cells["V_m_sem_mV"][k]
        should = f"V_m_sd_mV / sqrt(n) is {expected[k]:.3g}" if off[k] else "a standard error cannot exceed the sd"
        text = f"{text!r} contradicts V_m_sd_mV ({sd[k]:g}): {should}. Are the two swapped? Keep one of them."
        faults.add(text, row=sheet.rows[k], column="V_m_sem_mV", kind="contradiction")
    unused = (n > 1) & np.isnan(sd) & np.isnan(sem)
    if unused.any():
        where = "" if unused.all() else f" ({rows_in_words(sheet.rows[unused])})"
        faults.warn(f"is not used{where}: a mean's weight needs V_m_sd_mV or V_m_sem_mV beside it.", column="n")


def _check_baths(sheet: Sheet, faults: Faults) -> None:
    """Errors of concentrations: each needs its concentration, and seldom exceeds half of it."""
    errors = {c.error_of: c.name for name in sheet.numbers if (c := COLUMNS[name]).error_of in OUTSIDE.values()}
    for of, name in errors.items():
        if of not in sheet.numbers:
            faults.add(f"has no column {of} beside it: the value whose error this is.", column=name)
            continue
        sd, value = sheet.numbers[name], sheet.numbers[of]
        large = (sd > value / 2) & (value > 0)
        if large.any():
            k = int(np.argmax(large))
            faults.warn(
                f"is {sd[k]:g} mM in row {sheet.rows[k]}, more than half of {of} ({value[k]:g}). If it was meant in percent,"
                f" type {sd[k] * value[k] / 100:.3g}.",
                column=name,
            )


def _warn_of_repeats(sheet: Sheet, faults: Faults) -> None:
    if len(set(zip(*sheet.cells.values(), strict=True))) == len(sheet.rows):
        return
    groups: dict[tuple[str, ...], list[int]] = {}
    for line, row in zip(zip(*sheet.cells.values(), strict=True), sheet.rows.tolist(), strict=True):
        groups.setdefault(line, []).append(row)
    repeats = [rows for rows in groups.values() if len(rows) > 1]
    shown = "; ".join(rows_in_words(rows) for rows in repeats[:5])
    more = f"; and {len(repeats) - 5} more such groups" if len(repeats) > 5 else ""
    faults.warn(
        f"rows are identical in every column including V_m_mV: {shown}{more}. All are used. "
        "If they are copies of one measurement, keep one of each; if not, a column cell tells them apart."
    )


def _warn_of_imbalance(sheet: Sheet, faults: Faults) -> None:
    outside = {ion: values for name, values in sheet.numbers.items() if (ion := COLUMNS[name].outside)}
    if not {"K", "Na", "Cl"} <= set(outside) or not {"Ca", "Mg", "HCO3"} & set(outside):
        return  # K, Na and Cl alone are never the whole recipe
    charge = np.sum([IONS[ion].valence * values for ion, values in outside.items()], axis=0)
    total = np.sum([abs(IONS[ion].valence) * values for ion, values in outside.items()], axis=0)
    off = np.abs(charge) > IMBALANCE * total
    if sheet.weighed is not None:
        off &= ~sheet.weighed
    if np.any(off):
        k = int(np.flatnonzero(off)[0])
        faults.warn(
            f"baths that are not electroneutral: {rows_in_words(sheet.rows[off])}. In row {sheet.rows[k]} the listed "
            f"ions sum to {charge[k]:+.0f} mM of charge. Check the recipe; an ion that has no column (gluconate, a "
            "buffer) may explain it."
        )
