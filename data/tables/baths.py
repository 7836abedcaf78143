"""Fills a table's bath columns from recipes, and its junction potentials from a pipette solution."""

from collections.abc import Mapping

import numpy as np

from ...models.errors import UnknownNameError, nearest, typed
from ...models.ions import IONS
from ..solutions.recipes import ROOM, Solution
from .checks import Sheet
from .faults import Faults
from .schema import COLUMNS, INSIDE, OUTSIDE


def named(solutions: Mapping[str, Solution], name: str) -> Solution:
    """The solution called `name`; UnknownNameError with the nearest name where there is none."""
    if name not in solutions:
        raise UnknownNameError(_unknown(solutions, name))
    return solutions[name]


def _unknown(solutions: Mapping[str, Solution], name: str) -> str:
    return f"the solutions file has no {name!r}.{nearest(name, solutions)} There are: {', '.join(solutions)}."


def common_temperature(sheet: Sheet) -> float:
    """The temperature in °C at which a recipe's pH holds: the rows' own where they share one, else the room's."""
    known = {float(value) for value in sheet.numbers.get("temperature_C", []) if -2 <= value <= 50}
    return known.pop() if len(known) == 1 else ROOM


def fill_baths(sheet: Sheet, solutions: Mapping[str, Solution], faults: Faults) -> None:
    """Give every row that names a solution the recipe's ions; what the table says otherwise is a fault."""
    if "solution" not in sheet.cells:
        said = f"missing, and {typed('solutions')} needs it: the name of each row's bath."
        return faults.add(said, column="solution")
    names = sheet.cells["solution"]
    for row, name in zip(sheet.rows, names, strict=True):
        if name and name not in solutions:
            faults.add(_unknown(solutions, name), row=row, column="solution", kind="unknown")
    sheet.weighed = np.array([name in solutions for name in names])
    used = [solutions[name] for name in dict.fromkeys(names) if name in solutions]
    for note in (note for solution in used for note in solution.notes):
        faults.warn(note, column="solution")
    for solution in used:
        for metal, free in solution.free.items():
            total = f"{solution.totals[metal]:.3g} mM in {solution.name!r}"
            faults.warn(f"is {free:.3g} of {total}, which its chelators leave free.", column=OUTSIDE[metal])
    present = {ion for solution in used for ion in solution.ions if ion != "H"}
    present |= {
        "K",
        *(ion for ion, column in INSIDE.items() if column in sheet.numbers),
    }  # a bath may hold none of them
    nowhere = np.full(len(names), np.nan)
    for ion in (ion for ion in IONS if ion in present):
        column = OUTSIDE[ion]
        of = {solution.name: solution.free.get(ion, solution.ions.get(ion, 0.0)) for solution in used}
        recipe = np.array([of.get(name, np.nan) for name in names])
        own = sheet.numbers.get(column, nowhere)
        # What takes and gives protons, or is bound, differs a little from what was weighed, which people type.
        near = 0.1 if ion in ("HCO3", "Ca", "Mg", "H", "Tris", "NMDG") else 5e-3
        for k in np.flatnonzero(sheet.weighed & ~np.isnan(own) & ~np.isclose(own, recipe, rtol=near, atol=5e-3)):
            what = f"{own[k]:g} contradicts the recipe of {names[k]!r}, {recipe[k]:g} mM; correct one of them"
            faults.add(f"{what}, or delete the column.", row=sheet.rows[k], column=column, kind="recipe")
        sheet.put(column, np.where(np.isnan(own), recipe, own))
        for k in np.flatnonzero(np.isnan(sheet.numbers[column]) & COLUMNS[column].filled):
            if not names[k]:
                faults.add("empty, and the row names no solution; type one of them.", row=sheet.rows[k], column=column)
    return None
