"""Reads a table of resting potentials, checks it, and returns an xarray Dataset with units."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ...models.errors import ConfigurationError, typed, visible
from ...models.limits import TEMPERATURE_C, kelvin_as_celsius
from ...models.notes import number_of
from ..solutions.recipes import read_solutions
from . import blockers
from . import grid as grids
from .baths import common_temperature, fill_baths
from .cells import MOST_BYTES, Grid
from .checks import Sheet, check
from .faults import Faults, rows_in_words
from .headers import Heads, require, resolve
from .junctions import subtract_junctions
from .layout import Body, lay_out
from .means import split_errors
from .numbers import Spelling, fast_numbers, is_missing, is_room, recognise, to_numbers
from .options import ReadOptions
from .schema import COLUMNS, INSIDE, LABELS, NUMBERS, OUTSIDE, QUANTITIES
from .units import conversion, split_unit
from .wide import make_long

_FIRST_IONS = ("K", "Na", "Cl")


def read_csv(path: str | Path, options: ReadOptions | None = None, **settings: Any) -> xr.Dataset:
    """Read a table of resting potentials, one row per measured potential, from a text file or a spreadsheet.

    What has one reading is read, and a RepairWarning says what was repaired; what has several is asked, by a
    DataError that names the setting that answers.

    Parameters
    ----------
    path : str or Path
        A .csv, .tsv, .xlsx, .xls or .ods file.
    options : ReadOptions, optional
        All settings in one.
    **settings
        Single ones, as in ``temperature_C=22, columns={"V_m_mV": "RMP (mV)"}``; see `ReadOptions`.

    Returns
    -------
    xarray.Dataset
        Dims ``obs`` and ``ion``; ``V_m`` and ``V_m_error`` in mV, ``c_o`` and ``c_i`` in mM,
        ``temperature`` in °C, ``blocked``; labels and spreadsheet row numbers as coordinates; the attribute ``repairs``,
        where something was repaired, lists it a line a kind.

    Raises
    ------
    DataError
        Listing every fault of the file by row and column.
    """
    path, options = Path(path), replace(options or ReadOptions(), **settings)
    content = grids.read_bytes(path, MOST_BYTES + 1)
    faults = Faults(path.name, options.strict)
    recordings = _recordings(grids.read_grid(content, options, faults), options, faults)
    return recordings.assign_attrs(source=visible(str(path)), sha256=hashlib.sha256(content).hexdigest())


def from_frame(
    frame: pd.DataFrame, options: ReadOptions | None = None, *, name: str = "table", **settings: Any
) -> xr.Dataset:
    """Check a pandas table as `read_csv` checks a file, and return the same Dataset.

    A named index counts as columns. Messages call the table `name`, and number its rows as a spreadsheet would: the
    first is row 2. Settings are as for `read_csv`.
    """
    if any(level is not None for level in frame.index.names):
        frame = frame.reset_index()
    text = frame.to_csv(index=False, lineterminator="\n")
    options = replace(options or ReadOptions(), **settings)
    options = replace(options, delimiter=",", encoding="utf-8", decimal=options.decimal or ".")
    faults = Faults(name, options.strict)
    recordings = _recordings(grids.read_grid(text.encode(), options, faults), options, faults)
    return recordings.assign_attrs(source=name, sha256=hashlib.sha256(text.encode()).hexdigest())


def _recordings(grid: Grid, options: ReadOptions, faults: Faults) -> xr.Dataset:
    baths = options.solutions
    baths = read_solutions(baths) if isinstance(baths, str | Path) else baths
    table = _without_row_numbers(lay_out(grid, options.sheet, faults), faults)
    remarks = table.remarks
    heads = resolve(table.header, options.columns, faults, table.units)
    given = [*options.constants, *["temperature_C"] * (options.temperature_C is not None)]
    if options.potentials and not faults.some:
        table, heads.names = make_long(table, heads.names, options.wide, given, list(baths or ()), faults)
    spare = [*given, *heads.asked]
    spare += [] if options.potentials else ["V_m_mV"]
    spare += [] if baths is None else OUTSIDE.values()
    require(heads.names, spare, faults, potentials=options.potentials)
    _note_units(table, heads, faults)
    _drop_rows_without_potential(table, heads.names, options, faults)
    cells = _cells(table, heads.names)
    if not options.potentials and "V_m_mV" in cells:
        del cells["V_m_mV"]
        faults.warn("is ignored: this table is read as a plan.", column="V_m_mV")
    split_errors(cells, table.rows, options.error, heads.error, faults)

    sheet = Sheet(np.array(table.rows, dtype=np.int64), cells, {}, frozenset(options.allow))
    spelling = _spelling(cells, grid, options, faults)
    _numbers(sheet, grid, table, heads, options, spelling, faults)
    for name, value in options.constants.items():
        _set_constant(sheet, name, float(value), faults)
    if options.temperature_C is not None:
        _set_temperature(sheet, float(options.temperature_C), faults)
    if isinstance(options.solutions, str | Path):
        baths = read_solutions(options.solutions, common_temperature(sheet))
    if baths is not None:
        fill_baths(sheet, baths, faults)
    _lower_words(sheet, options.texts, faults)
    for name in (name for name in options.allow if name in sheet.numbers):
        what = f"values of {name} outside its limits of plausibility are taken"
        faults.repair("allow", f"{what}, as {typed('allow')} says.")
    check(sheet, faults, potentials=options.potentials)
    said = ""
    if "temperature_C" in sheet.numbers:
        said = subtract_junctions(sheet, baths, options.pipette, faults, options.inside)
    if "pump" in cells and options.blocked is not None:
        faults.add(f"contradicts {typed('blocked')}; leave one of them out.", column="pump")
    elif "pump" not in cells and options.blocked is None:
        blockers.ask(cells, sheet.rows, remarks, faults)
    data = xr.Dataset()
    if not faults.some:
        data = _dataset(sheet, spelling)
        data = data if options.blocked is None else blockers.block(data, options.blocked, faults)
    data.attrs["cautions"] = json.dumps(faults.finish(), ensure_ascii=False)
    if said:
        data.attrs["junctions"] = said
    if repairs := [repair.text for repair in faults.repairs]:
        data.attrs["repairs"] = json.dumps(repairs, ensure_ascii=False)
    return data


def _without_row_numbers(table: Body, faults: Faults) -> Body:
    """R and pandas write row numbers into a first column without a name."""
    texts = [cells[0] for cells in table.cells]
    if table.header[0] or not all(text.isdecimal() for text in texts) or len(set(texts)) < len(texts):
        return table
    faults.repair("numbers", "row numbers in a first column without a name left out.")
    units = {i - 1: unit for i, unit in table.units.items()}
    return Body(table.header[1:], table.rows, [cells[1:] for cells in table.cells], units, table.places[1:])


def _cells(table: Body, names: list[str]) -> dict[str, list[str]]:
    texts = list(zip(*table.cells, strict=True)) if table.cells else [() for _ in names]
    cells: dict[str, list[str]] = {}
    for name, column in zip(names, texts, strict=True):
        optional = name in NUMBERS and not NUMBERS[name].required
        if name and name not in cells and (any(column) or not optional):  # templates have empty columns
            cells[name] = list(column)
    return cells


def _note_units(table: Body, heads: Heads, faults: Faults) -> None:
    """Take units from a row of their own; what the header says otherwise is a fault."""
    for i, text in table.units.items():
        name = heads.names[i]
        if name not in NUMBERS:
            continue
        own = NUMBERS[name].unit
        unit = conversion(text, own)
        named = conversion(split_unit(table.header[i])[1], own) if table.places[i] >= 0 else None
        if unit is None:
            faults.add(f"{text!r} in the row of units is no unit of this column ({own}).", column=name)
        elif named is not None and named[1:] != unit[1:]:
            faults.add(f"{text!r} in the row of units contradicts the header.", column=name)
        elif unit.changes:
            heads.units[name] = unit


def _drop_rows_without_potential(table: Body, names: list[str], options: ReadOptions, faults: Faults) -> None:
    """Rows in which no potential was measured are left out, and counted."""
    if not options.potentials or "V_m_mV" not in names:
        return
    at = names.index("V_m_mV")
    without = [is_missing(cells[at]) and cells[at] not in options.texts for cells in table.cells]
    if all(without):
        faults.stop("no row has a potential.", column="V_m_mV")
    if any(without):
        rows = [row for row, absent in zip(table.rows, without, strict=True) if absent]
        where = rows_in_words(dict.fromkeys(rows), most=8)
        faults.repair("no-potential", f"{number_of(len(rows), 'row')} without V_m left out ({where}).")
        table.rows = [row for row, absent in zip(table.rows, without, strict=True) if not absent]
        table.cells = [row for row, absent in zip(table.cells, without, strict=True) if not absent]


def _spelling(cells: Mapping[str, list[str]], grid: Grid, options: ReadOptions, faults: Faults) -> Spelling:
    spelling = recognise([texts for n, texts in cells.items() if n in NUMBERS], options.decimal, grid.delimiter)
    if spelling.decimal == "," and not spelling.stated:
        faults.repair("decimal", "read with decimal commas.")
    return spelling


def _numbers(
    sheet: Sheet, grid: Grid, table: Body, heads: Heads, options: ReadOptions, spelling: Spelling, faults: Faults
) -> None:
    """The number columns of `sheet`, in the contract's units."""

    def filled_later(name: str) -> bool:
        if name == "temperature_C":
            return options.temperature_C is not None
        return options.solutions is not None and bool(NUMBERS[name].outside)

    read = {text: f"{value:.15g}" if isinstance(value, float) else str(value) for text, value in options.texts.items()}
    for name in [n for n in sheet.cells if n in NUMBERS]:
        column = NUMBERS[name]
        texts = sheet.cells[name]
        if filled_later(name):
            column = replace(column, filled=False)
            texts = ["" if is_room(text) else text for text in texts]
        values = to_numbers(texts, column, table.rows, faults, spelling, read)
        if unit := heads.units.get(name):
            values = unit.factor * (values + unit.offset)
            faults.repair("unit", f"{name} was in {unit.unit}, and is turned into {column.shown_unit}.")
        sheet.numbers[name] = -values if name in heads.negated else values
        if grid.stored_as_text and name in heads.names and (place := table.places[heads.names.index(name)]) >= 0:
            for row in table.rows:
                if (row - 1, place) in grid.stored_as_text:
                    faults.mend("text", grid.rows[row - 1][place], row=row, column=name)


def _lower_words(sheet: Sheet, read: Mapping[str, float | str], faults: Faults) -> None:
    """Words of the contract in other cases, and those that `texts` explains."""
    for name in [n for n in sheet.cells if n in COLUMNS and COLUMNS[n].words]:
        words = {word.lower(): word for word in COLUMNS[name].words}
        for k, text in enumerate(sheet.cells[name]):
            if text in read:
                sheet.cells[name][k] = str(read[text])
                faults.mend("stated", text, row=sheet.rows[k], column=name)
            elif text.lower() in words and text != words[text.lower()]:
                sheet.cells[name][k] = words[text.lower()]
                faults.mend("case", text, row=sheet.rows[k], column=name)


def _short(value: float) -> float:
    return int(value) if value == int(value) else value


def _set_constant(sheet: Sheet, name: str, value: float, faults: Faults) -> None:
    option = typed(name, _short(value))
    column = COLUMNS[name]
    if not (column.low <= value <= column.high) or (column.positive and value <= 0):
        raise ConfigurationError(f"{option}: is outside {column.low:g} to {column.high:g} {column.unit}.")
    if name not in sheet.numbers:
        sheet.put(name, np.full(len(sheet.rows), value))
        faults.repair("constant", f"{name} is {value:g} in every row, as {option} says.")
    elif np.any(sheet.numbers[name] != value):
        faults.add(f"the table has its own values; leave {option} out, or delete the column.", column=name)


def _set_temperature(sheet: Sheet, temperature: float, faults: Faults) -> None:
    name = "temperature_C"
    option = typed("temperature_C", _short(temperature))
    if not TEMPERATURE_C.holds(temperature):
        celsius = kelvin_as_celsius(temperature)
        kelvin = "" if celsius is None else f" It looks like kelvin: give {celsius:.4g}."
        low, high = TEMPERATURE_C
        raise ConfigurationError(f"{option}: a bath's temperature is between {low:g} and {high:g} °C.{kelvin}")
    if name not in sheet.numbers:
        sheet.put(name, np.full(len(sheet.rows), temperature))
        return
    without = np.isnan(sheet.numbers[name])
    if without.any():
        sheet.numbers[name] = np.where(without, temperature, sheet.numbers[name])
        shown = next((sheet.cells[name][k] for k in np.flatnonzero(without) if sheet.cells[name][k]), "empty")
        rows = rows_in_words(sheet.rows[without], most=8)
        where = f"({shown!r}; {rows})"
        faults.repair("temperature", f"{int(without.sum())} temperatures {where} taken as {temperature:g} °C.")
    elif np.any(sheet.numbers[name] != temperature):
        faults.add(f"the table has its own temperatures; leave {option} out, or delete the column.", column=name)


def _dataset(sheet: Sheet, spelling: Spelling) -> xr.Dataset:
    numbers, cells = sheet.numbers, sheet.cells
    data = xr.Dataset()
    subtracted = "ljp_mV" in numbers
    if "V_m_mV" in numbers:
        potential = numbers["V_m_mV"] - numbers["ljp_mV"] if subtracted else numbers["V_m_mV"]
        data["V_m"] = _variable(potential, "V_m_mV")
    present = [ion for name in numbers if (ion := NUMBERS[name].outside)]
    ions = [ion for ion in _FIRST_IONS if ion in present] + [ion for ion in present if ion not in _FIRST_IONS]
    nowhere = np.full(len(sheet.rows), np.nan)
    for variable, columns, where in (("c_o", OUTSIDE, "in the bath"), ("c_i", INSIDE, "inside the cell")):
        if not numbers.keys().isdisjoint(columns.values()):
            stack = np.stack([numbers.get(columns[ion], nowhere) for ion in ions], axis=1)
            data[variable] = (("obs", "ion"), stack, {"units": "mM", "long_name": f"concentration {where}"})
    data["temperature"] = _variable(numbers["temperature_C"], "temperature_C")
    blocked = np.array([word == "blocked" for word in cells.get("pump", [])] or [False] * len(sheet.rows), dtype=bool)
    data["blocked"] = ("obs", blocked, {"units": "1", "long_name": "Na/K pump blocked"})
    for column in QUANTITIES:
        if column.name in numbers:
            data[column.variable] = _variable(numbers[column.name], column.name)
    if "V_m_sd" in data or "V_m_sem" in data:
        sem, sd, n = (numbers.get(name, nowhere) for name in ("V_m_sem_mV", "V_m_sd_mV", "n"))
        values = np.where(np.isnan(sem), sd / np.sqrt(n), sem)
        data["V_m_error"] = ("obs", values, {"units": "mV", "long_name": "standard error of V_m"})
    coordinates = {"row": ("obs", sheet.rows, {"long_name": "row in the table"}), "ion": ("ion", np.array(ions, str))}
    for name, texts in cells.items():
        if name in LABELS:
            coordinates[name] = ("obs", np.array(texts, dtype=str), {"long_name": COLUMNS[name].meaning})
        elif name not in COLUMNS:
            coordinates[name] = ("obs", _free_column(texts, spelling.decimal))
    state = "subtracted" if subtracted else "corrected" if "ljp" in cells else "unknown"
    return data.assign_coords(coordinates).assign_attrs(ljp=state)


def _variable(values: NDArray[np.float64], name: str) -> tuple[str, NDArray[np.float64], dict[str, str]]:
    return "obs", values, {"units": COLUMNS[name].unit, "long_name": COLUMNS[name].meaning}


def _free_column(texts: list[str], decimal: str) -> NDArray[Any]:
    """Numbers where every filled cell is one, else text."""
    values = fast_numbers(texts, decimal)
    return np.array(texts, dtype=str) if values is None or np.isnan(values).all() else values
