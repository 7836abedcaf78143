"""Fills a table's bath columns from recipes, and its junction potentials from a pipette solution."""

from collections.abc import Mapping

import numpy as np

from ...models.errors import UnknownNameError, nearest
from ...models.ions import IONS
from ..solutions.recipes import Solution
from .checks import Sheet
from .faults import Faults
from .schema import COLUMNS


def named(solutions: Mapping[str, Solution], name: str) -> Solution:
    """The solution called `name`; UnknownNameError with the nearest name where there is none."""
    if name not in solutions:
        raise UnknownNameError(_unknown(solutions, name))
    return solutions[name]


def _unknown(solutions: Mapping[str, Solution], name: str) -> str:
    return f"the solutions file has no {name!r}.{nearest(name, solutions)} There are: {', '.join(solutions)}."


def fill_baths(sheet: Sheet, solutions: Mapping[str, Solution], faults: Faults) -> None:
    """Give every row that names a solution the recipe's ions; what the table says otherwise is a fault."""
    if "solution" not in sheet.cells:
        return faults.add("missing, and --solutions needs it: the name of each row's bath.", column="solution")
    names = sheet.cells["solution"]
    for row, name in zip(sheet.rows, names, strict=True):
        if name and name not in solutions:
            faults.add(_unknown(solutions, name), row=row, column="solution", kind="unknown")
    sheet.weighed = np.array([name in solutions for name in names])
    used = [solutions[name] for name in dict.fromkeys(names) if name in solutions]
    for note in (note for solution in used for note in solution.notes):
        faults.warn(note, column="solution")
    present = {ion for solution in used for ion in solution.ions if ion != "H"}
    nowhere = np.full(len(names), np.nan)
    for ion in (ion for ion in IONS if ion in present):
        column = f"{ion}_o_mM"
        recipe = np.array([solutions[name].ions.get(ion, 0.0) if name in solutions else np.nan for name in names])
        typed = sheet.numbers.get(column, nowhere)
        for k in np.flatnonzero(sheet.weighed & ~np.isnan(typed) & ~np.isclose(typed, recipe, rtol=5e-3, atol=5e-3)):
            what = f"{typed[k]:g} contradicts the recipe of {names[k]!r}, {recipe[k]:g} mM; correct one of them"
            faults.add(f"{what}, or delete the column.", row=sheet.rows[k], column=column, kind="recipe")
        sheet.numbers[column] = np.where(np.isnan(typed), recipe, typed)
        sheet.cells[column] = [f"{value:g}" for value in sheet.numbers[column]]
        for k in np.flatnonzero(np.isnan(sheet.numbers[column]) & COLUMNS[column].filled):
            if not names[k]:
                faults.add("empty, and the row names no solution; type one of them.", row=sheet.rows[k], column=column)
    return None


def subtract_junctions(
    sheet: Sheet, solutions: Mapping[str, Solution] | None, pipette: str | None, faults: Faults
) -> None:
    """Replace `ljp = compute` by the Henderson potential of each row's bath and temperature, in `ljp_mV`."""
    words = sheet.cells.get("ljp", [])
    if "compute" not in words:
        if pipette is not None:
            faults.warn(f"--pipette {pipette} is not used: no row has compute in a column ljp.")
        return
    if solutions is None or pipette is None or "solution" not in sheet.cells:
        faults.add("compute needs the baths' recipes: --solutions FILE and --pipette NAME.", column="ljp")
        return
    from ..solutions.junction import junction_potential  # brings SciPy's constants

    inside = named(solutions, pipette)
    values = np.zeros(len(words))  # rows already corrected have nothing to subtract
    known: dict[tuple[str, float], float] = {}
    for k, where in enumerate(zip(sheet.cells["solution"], sheet.numbers["temperature_C"].tolist(), strict=True)):
        if words[k] == "compute" and not where[0]:
            faults.add("compute needs the name of the bath in column solution.", row=sheet.rows[k], column="ljp")
        elif words[k] == "compute" and where[0] in solutions and not np.isnan(where[1]):
            if where not in known:
                known[where] = junction_potential(inside, solutions[where[0]], where[1])
            values[k] = known[where]
    del sheet.cells["ljp"]
    sheet.numbers["ljp_mV"] = values
    sheet.cells["ljp_mV"] = [f"{value:.4g}" for value in values]
