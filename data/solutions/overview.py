"""The solutions of a file side by side, and what is to be said of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .junction import MATTERS, METHODS, Junction, asked, junction, minor_in_words, series_in_words
from .recipes import OSMOTIC_COEFFICIENT, SHARP, Solution
from .species import METALS

if TYPE_CHECKING:
    import pandas as pd


def overview(
    made: Mapping[str, Solution], pipette: str | None, temperature_C: float, method: str = METHODS[0]
) -> "tuple[pd.DataFrame, list[str]]":
    """A row per solution (mM, mosm/L, and mV against the pipette), and sentences."""
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame({"solution": list(made)})
    for ion in dict.fromkeys(ion for solution in made.values() for ion in solution.ions):
        frame[f"{ion}_mM"] = [solution.ions.get(ion, 0.0) for solution in made.values()]
        if ion in METALS and any(ion in solution.free for solution in made.values()):
            frame[f"{ion}_free_mM"] = [s.free.get(ion, s.ions.get(ion, 0.0)) for s in made.values()]
    frame["pH"] = np.array([solution.pH for solution in made.values()], dtype=float)
    frame["ionic_strength_mM"] = [solution.ionic_strength for solution in made.values()]
    frame["osmolarity_mosm_L"] = [solution.osmolarity for solution in made.values()]
    said = [*dict.fromkeys(line for solution in made.values() for line in (*solution.notes, *solution.said))]
    about = f"an osmometer reads about {OSMOTIC_COEFFICIENT} times that."
    said.append(f"Osmolarity is ideal (the sum of all particles); {about}")
    if any(solution.free for solution in made.values()):
        said.append(
            "Ca and Mg are totals; Ca_free and Mg_free leave out what EGTA, BAPTA, EDTA, ATP, GTP, citrate and "
            "phosphocreatine bind."
        )
    if any(solution.totals for solution in made.values()):
        said.append("What gluconate, sulfate or bicarbonate bind of Ca and Mg, weakly, is not taken off.")
    if pipette is not None:
        against = {name: bath for name, bath in made.items() if name != pipette and bath.ions}
        found = {name: junction(made[pipette], bath, temperature_C, method) for name, bath in against.items()}
        said += [f"{name}: holds no ions, and has no junction potential." for name in made if not made[name].ions]
        dependable = {name: one for name, one in found.items() if one.error <= MATTERS}
        frame["ljp_mV"] = [dependable[name].mV if name in dependable else np.nan for name in made]
        said += _of_junctions(made, pipette, temperature_C, method, found, dependable)
    digits = {name: [float(f"{value:.6g}") for value in frame[name]] for name in frame.columns[1:]}
    return frame.assign(**digits), said


def on_screen(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The table without what no solution holds a tenth of a mM of; the CSV has it."""
    minor = [c for c in frame.columns if c.endswith("_mM") and "_free" not in c and (frame[c].abs() < 0.1).all()]
    return frame.drop(columns=minor)


def _of_junctions(
    made: Mapping[str, Solution], pipette: str, temperature_C: float, method: str, found: Mapping[str, Junction],
    dependable: Mapping[str, Junction],
) -> list[str]:  # fmt: skip
    asking = {name: one for name, one in found.items() if name not in dependable}
    said = [asked(made[pipette], {name: made[name] for name in asking}, asking)] if asking else []
    by = {"henderson": "Henderson's equation", "nernst-planck": "the stationary Nernst-Planck equations"}[method]
    where = f"At {temperature_C:g} °C, by {by}: "
    if made[pipette].ionic_strength > SHARP:
        tips = ", ".join(f"{one.mV:.1f} mV ({bath})" for bath, one in dependable.items())
        said.append(
            f"{where}E_tip:bath is {tips}. {pipette} fills a sharp electrode, whose tip has a junction with the cytoplasm "
            "too: V_m = V_recorded + E_tip:cytoplasm - E_tip:bath, and ljp_mV here is E_tip:bath alone. A table with "
            "ljp = compute, electrode = sharp and --inside gets both."
        )
    elif dependable:
        said.append(where + series_in_words(pipette, {bath: one.mV for bath, one in dependable.items()}))
    return [*said, *filter(None, [minor_in_words(dependable.values())])]
