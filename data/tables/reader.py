"""Reads a table of resting potentials, checks it, and returns an xarray Dataset with units."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ...models.errors import ConfigurationError
from ...models.limits import TEMPERATURE_C, kelvin_as_celsius
from ..solutions.recipes import Solution, read_solutions
from . import grid as grids
from .baths import common_temperature, fill_baths
from .checks import Sheet, check
from .faults import Faults
from .headers import resolve
from .junctions import subtract_junctions
from .numbers import fast_numbers, to_numbers
from .schema import COLUMNS, LABELS, QUANTITIES

Recipes = str | Path | Mapping[str, Solution]

_FIRST_IONS = ("K", "Na", "Cl")


def read_csv(
    path: str | Path,
    *,
    temperature_C: float | None = None,
    columns: Mapping[str, str] | None = None,
    delimiter: str = ",",
    encoding: str = "utf-8",
    decimal: str = ".",
    potentials: bool = True,
    solutions: Recipes | None = None,
    pipette: str | None = None,
    inside: Mapping[str, float] | None = None,
) -> xr.Dataset:
    """Read a CSV file of resting potentials, one row per measured potential.

    Parameters
    ----------
    path : str or Path
        The file.
    temperature_C : float, optional
        One temperature for the whole file, in °C, where it has no such column.
    columns : mapping, optional
        Contract name to the table's own: ``{"V_m_mV": "RMP (mV)"}``.
    delimiter, encoding, decimal : str
        What separates the cells (``"tab"`` is understood), how the text is encoded, the decimal mark.
    potentials : bool
        False reads a plan: no V_m_mV is needed, and repeated rows are legal.
    solutions : str, Path or mapping, optional
        A TOML file of recipes, or what `read_solutions` made of it: the column `solution` names each row's bath.
    pipette : str, optional
        The solution in the pipette, for rows whose column `ljp` says `compute`.
    inside : mapping, optional
        Inside concentrations in mM by ion, which a sharp electrode's second junction depends on.

    Returns
    -------
    xarray.Dataset
        Dims ``obs`` and ``ion``; ``V_m`` and ``V_m_error`` in mV, ``c_o`` and ``c_i`` in mM,
        ``temperature`` in °C, ``blocked``; labels and spreadsheet row numbers as coordinates.

    Raises
    ------
    DataError
        Listing every fault of the file by row and column.
    """
    path = Path(path)
    content = grids.read_bytes(path)
    faults = Faults(path.name)
    table = grids.split(grids.decode(content, encoding, faults), delimiter, faults)
    recordings = _recordings(table, faults, temperature_C, columns, decimal, potentials, solutions, pipette, inside)
    return recordings.assign_attrs(source=str(path), sha256=hashlib.sha256(content).hexdigest())


def from_frame(
    frame: pd.DataFrame,
    *,
    name: str = "table",
    temperature_C: float | None = None,
    columns: Mapping[str, str] | None = None,
    potentials: bool = True,
    solutions: Recipes | None = None,
    pipette: str | None = None,
    inside: Mapping[str, float] | None = None,
) -> xr.Dataset:
    """Check a pandas table as `read_csv` checks a file, and return the same Dataset.

    A named index counts as columns. Messages call the table `name`, and number its rows as a spreadsheet would: the
    first is row 2. Further parameters are as for `read_csv`.
    """
    if any(level is not None for level in frame.index.names):
        frame = frame.reset_index()
    text = frame.to_csv(index=False, lineterminator="\n")
    faults = Faults(name)
    table = grids.split(text, ",", faults)
    recordings = _recordings(table, faults, temperature_C, columns, ".", potentials, solutions, pipette, inside)
    return recordings.assign_attrs(source=name, sha256=hashlib.sha256(text.encode()).hexdigest())


def _recordings(
    table: grids.Grid, faults: Faults, temperature_C: float | None, columns: Mapping[str, str] | None, decimal: str,
    potentials: bool, solutions: Recipes | None, pipette: str | None, inside: Mapping[str, float] | None = None,
) -> xr.Dataset:  # fmt: skip
    if decimal not in (".", ","):
        raise ConfigurationError(f"--decimal {decimal!r}: the decimal mark is . or ,")
    given = temperature_C is not None
    baths = read_solutions(solutions) if isinstance(solutions, str | Path) else solutions
    weighed = baths is not None
    names = resolve(table.header, columns, faults, potentials=potentials, temperature_given=given, weighed=weighed)
    table = grids.drop_repeated_headers(table, names, faults)
    texts = list(zip(*table.cells, strict=True)) if table.cells else [() for _ in names]
    cells: dict[str, list[str]] = {}
    for name, column in zip(names, texts, strict=True):
        if name and name not in cells and (any(column) or not _may_be_empty(name)):
            cells[name] = list(column)
    if not potentials and "V_m_mV" in cells:
        del cells["V_m_mV"]
        faults.warn("is ignored: this table is read as a plan.", column="V_m_mV")

    sheet = Sheet(np.array(table.rows, dtype=np.int64), cells, {})
    for name in cells:
        if name in COLUMNS and COLUMNS[name].kind == "number":
            kind = replace(COLUMNS[name], filled=False) if weighed and name.endswith("_o_mM") else COLUMNS[name]
            sheet.numbers[name] = to_numbers(cells[name], kind, table.rows, faults, decimal)
    if given:
        _set_temperature(sheet, float(temperature_C), faults)  # type: ignore[arg-type]
    if isinstance(solutions, str | Path):
        baths = read_solutions(solutions, common_temperature(sheet))
    if baths is not None:
        fill_baths(sheet, baths, faults)
    check(sheet, faults, potentials=potentials)
    said = ""
    if "temperature_C" in sheet.numbers:
        said = subtract_junctions(sheet, baths, pipette, faults, inside)
    cautions = faults.finish()
    data = _dataset(sheet, decimal).assign_attrs(cautions=json.dumps(cautions, ensure_ascii=False))
    return data.assign_attrs(junctions=said) if said else data


def _may_be_empty(name: str) -> bool:
    """An optional number column without a single value, as templates have, counts as absent."""
    column = COLUMNS.get(name)
    return column is not None and column.kind == "number" and not column.required


def _set_temperature(sheet: Sheet, temperature: float, faults: Faults) -> None:
    name = "temperature_C"
    option = f"--temperature {temperature:g}"
    if not TEMPERATURE_C.holds(temperature):
        celsius = kelvin_as_celsius(temperature)
        kelvin = "" if celsius is None else f" It looks like kelvin: give {celsius:.4g}."
        low, high = TEMPERATURE_C
        raise ConfigurationError(f"{option}: a bath's temperature is between {low:g} and {high:g} °C.{kelvin}")
    if name not in sheet.numbers:
        sheet.numbers[name] = np.full(len(sheet.rows), temperature)
        sheet.cells[name] = [f"{temperature:g}"] * len(sheet.rows)
    elif np.any(sheet.numbers[name] != temperature):
        faults.add(f"the table has its own temperatures; leave {option} out, or delete the column.", column=name)


def _dataset(sheet: Sheet, decimal: str) -> xr.Dataset:
    numbers, cells = sheet.numbers, sheet.cells
    count = len(sheet.rows)
    data = xr.Dataset()
    subtracted = "ljp_mV" in numbers
    if "V_m_mV" in numbers:
        potential = numbers["V_m_mV"] - numbers["ljp_mV"] if subtracted else numbers["V_m_mV"]
        data["V_m"] = _variable(potential, "V_m_mV")
    present = [name[:-5] for name in numbers if name.endswith("_o_mM")]
    ions = [ion for ion in _FIRST_IONS if ion in present] + [ion for ion in present if ion not in _FIRST_IONS]
    nowhere = np.full(count, np.nan)
    for side, where in (("o", "in the bath"), ("i", "inside the cell")):
        if any(name.endswith(f"_{side}_mM") for name in numbers):
            stack = np.stack([numbers.get(f"{ion}_{side}_mM", nowhere) for ion in ions], axis=1)
            data[f"c_{side}"] = (("obs", "ion"), stack, {"units": "mM", "long_name": f"concentration {where}"})
    data["temperature"] = _variable(numbers["temperature_C"], "temperature_C")
    blocked = np.array([word == "blocked" for word in cells.get("pump", [])] or np.zeros(count), dtype=bool)
    data["blocked"] = ("obs", blocked, {"units": "1", "long_name": "Na/K pump blocked"})
    for column in QUANTITIES:
        if column.name in numbers and column.variable:
            data[column.variable] = _variable(numbers[column.name], column.name)
    if "V_m_sd" in data or "V_m_sem" in data:
        error = {"units": "mV", "long_name": "standard error of V_m"}
        data["V_m_error"] = ("obs", _standard_error(numbers, count), error)
    coordinates = {"row": ("obs", sheet.rows, {"long_name": "row in the table"}), "ion": ("ion", np.array(ions, str))}
    for name, texts in cells.items():
        if name in LABELS:
            coordinates[name] = ("obs", np.array(texts, dtype=str), {"long_name": COLUMNS[name].meaning})
        elif name not in COLUMNS:
            coordinates[name] = ("obs", _free_column(texts, decimal))
    state = "subtracted" if subtracted else "corrected" if "ljp" in cells else "unknown"
    return data.assign_coords(coordinates).assign_attrs(ljp=state)


def _variable(values: NDArray[np.float64], name: str) -> tuple[str, NDArray[np.float64], dict[str, str]]:
    return "obs", values, {"units": COLUMNS[name].unit, "long_name": COLUMNS[name].meaning}


def _standard_error(numbers: Mapping[str, NDArray[np.float64]], count: int) -> NDArray[np.float64]:
    """The sem where a row has one, else sd / sqrt(n), else NaN, in mV."""
    nowhere = np.full(count, np.nan)
    sem, sd, n = (numbers.get(name, nowhere) for name in ("V_m_sem_mV", "V_m_sd_mV", "n"))
    return np.where(np.isnan(sem), sd / np.sqrt(n), sem)


def _free_column(texts: list[str], decimal: str) -> NDArray:
    """Numbers where every filled cell is one, else text."""
    values = fast_numbers(texts, decimal)
    return np.array(texts, dtype=str) if values is None or np.isnan(values).all() else values
