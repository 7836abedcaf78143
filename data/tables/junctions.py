"""Replaces `ljp = compute` by the potentials of the electrode's junctions, for patch pipettes and sharp electrodes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from ...models.errors import DataError, typed
from ...models.ions import IONS
from ..solutions.recipes import SHARP, Solution
from ..solutions.species import FORM_NAMES, SPECIES, Form, Mobility, charge
from .baths import named
from .checks import Sheet
from .faults import Faults
from .schema import INSIDE

if TYPE_CHECKING:
    from ..solutions.junction import Junction

# Of the cytoplasm's unnamed anions, relative to potassium's: proteins hardly move, small organic ones as gluconate.
UNNAMED = (0.15, 0.0, 0.33)
UNLIKE = 0.05  # of K, between pipette and inside, worth more than a millivolt of E_K
UNUSUAL = -1.0  # mV of a patch pipette's junction potential, below which its sign is questioned
# Of a row: bath, temperature, whether the electrode is sharp, the bath's electrode, concentrations inside.
_Junction = tuple[str, float, bool, str, tuple[tuple[str, float], ...]]
_FORM_OF = {name: form for form, name in FORM_NAMES.items()}


@dataclass
class _Shifts:
    """What the rows' junctions turned out to be, by bath; of one used at several temperatures, at the ends of their range.

    `temperatures` are those of each bath.
    """

    temperatures: dict[str, set[float]] = field(default_factory=dict)
    plain: dict[str, float] = field(default_factory=dict)
    sharp: dict[str, tuple[float, float, list[float]]] = field(default_factory=dict)
    wire: dict[str, tuple[float, float]] = field(default_factory=dict)
    minor: list["Junction"] = field(default_factory=list)

    def note(self, found: dict[str, Any], bath: str, temperature: float, what: Any) -> None:
        """Keep `what` was found in a bath for `words`."""
        known = self.temperatures[bath]
        if temperature in (min(known), max(known)):
            found.setdefault(bath if len(known) == 1 else f"{bath} at {temperature:g} °C", what)

    def words(self, pipette: str, zeroed: str) -> str:
        from ..solutions.junction import minor_in_words, series_in_words  # brings SciPy's constants

        lines = []
        if self.plain:
            lines.append(series_in_words(pipette, self.plain))
        for bath, (tip, inside, ends) in self.sharp.items():
            low, high = (e - tip for e in sorted(ends))
            lines.append(
                f"Sharp electrode ({pipette}) in {bath}: V_m = V_recorded + E_tip:cytoplasm - E_tip:bath = V_recorded "
                f"{inside:+.1f} - ({tip:+.1f}) = V_recorded {inside - tip:+.1f} mV. Inside anions that nobody names balance "
                f"the charge with {UNNAMED[0]:g} of potassium's mobility; {UNNAMED[1]:g} to {UNNAMED[2]:g} give {low:+.1f} "
                f"to {high:+.1f} mV."
            )
        for bath, (shift, Cl) in self.wire.items():
            way = "too negative" if shift < 0 else "too positive"
            lines.append(
                f"Bare Ag/AgCl wire in {bath} ({Cl:.4g} mM Cl), zeroed in {zeroed}, the first row's bath: V_T ln(Cl / Cl in "
                f"{zeroed}) = {shift:+.1f} mV, so that V_recorded is {abs(shift):.1f} mV {way}; it is subtracted beside the "
                f"tip's junction in {zeroed}."
            )
        return "\n".join([*lines, *filter(None, [minor_in_words(self.minor)])])


def subtract_junctions(
    sheet: Sheet, solutions: Mapping[str, Solution] | None, pipette: str | None, faults: Faults,
    inside: Mapping[str, float] | None = None,
) -> str:  # fmt: skip
    """Put what is to be subtracted into `ljp_mV`, in rows that say `ljp = compute`; returns what was done in words."""
    words = sheet.cells.get("ljp", [])
    if "compute" not in words:
        if pipette is not None:
            faults.warn(f"--pipette {pipette} is not used: no row has compute in a column ljp.")
        if "AgCl" in sheet.cells.get("bath_electrode", []):
            wire = "AgCl changes nothing: the wire's shift is computed where ljp says compute."
            faults.warn(wire, column="bath_electrode")
        _warn_of_sign(sheet, faults)
        return _first_row(sheet)
    if solutions is None or pipette is None or "solution" not in sheet.cells:
        ways = f"{typed('solutions', 'FILE')} and {typed('pipette', 'NAME')}"
        faults.add(f"compute needs the baths' recipes: {ways}.", column="ljp")
        return ""
    filling = named(solutions, pipette)
    baths, temperatures = sheet.cells["solution"], sheet.numbers["temperature_C"].tolist()
    kinds = sheet.cells.get("electrode", [""] * len(words))
    wires = sheet.cells.get("bath_electrode", [""] * len(words))
    zeroed = baths[0]
    values, said = np.zeros(len(words)), _Shifts()  # rows already corrected have nothing to subtract
    known: dict[_Junction, float] = {}
    for name, temperature, word, wire in zip(baths, temperatures, words, wires, strict=True):
        if word == "compute" and not np.isnan(temperature):
            for bath in (name, zeroed if wire == "AgCl" else name):
                said.temperatures.setdefault(bath, set()).add(temperature)
    for k, (name, temperature) in enumerate(zip(baths, temperatures, strict=True)):
        if words[k] != "compute":
            continue
        if not name:
            faults.add("compute needs the name of the bath in column solution.", row=sheet.rows[k], column="ljp")
        if name not in solutions or np.isnan(temperature):
            continue
        sharp = (kinds[k] or ("sharp" if filling.ionic_strength > SHARP else "patch")) == "sharp"
        held = _inside(sheet, k, inside or {}) if sharp else {}
        where = (name, temperature, sharp, wires[k], tuple(held.items()))
        try:
            if where not in known:
                known[where] = _one(filling, solutions, where, zeroed, said)
        except DataError as error:
            faults.add(str(error), row=sheet.rows[k], column="ljp", kind=f"junction {name}")
            known[where] = float("nan")
        values[k] = known[where]
    if filling.ionic_strength <= SHARP and "sharp" not in kinds:
        _compare_inside(filling, inside or {}, faults)
    del sheet.cells["ljp"]
    sheet.numbers["ljp_mV"] = values
    sheet.cells["ljp_mV"] = [f"{value:.4g}" for value in values]
    return "\n".join(filter(None, [_first_row(sheet), said.words(pipette, zeroed)]))


def _compare_inside(filling: Solution, inside: Mapping[str, float], faults: Faults) -> None:
    """What is typed for the inside often leaves out the titrant that the pipette holds."""
    K = filling.ions.get("K", 0.0)
    if abs(inside.get("K", K) - K) > UNLIKE * K:
        faults.warn(
            f"the pipette ({filling.name}) holds {K:.4g} mM K, titrant included, and inside K is given as {inside['K']:g} mM. "
            f"In a whole-cell recording the cell takes on the pipette's, K={K:.4g}; in a perforated one it keeps its own."
        )


def _one(filling: Solution, solutions: Mapping[str, Solution], where: _Junction, zeroed: str, said: _Shifts) -> float:
    """What is to be subtracted from V_recorded, in mV."""
    from ...models.constants import thermal_voltage
    from ..solutions.junction import dependable_junction

    name, temperature, sharp, wire, held = where
    shift = 0.0
    if wire == "AgCl":
        if zeroed not in solutions:
            raise DataError("AgCl needs the recipe of the first row's bath, in which the electrodes were zeroed.")
        chloride = [solutions[bath].forms.get(("Cl", -1), 0.0) for bath in (name, zeroed)]
        if min(chloride) <= 0:
            baths = f"{name} and {zeroed}"
            raise DataError(f"a bare Ag/AgCl wire has no potential without chloride in {baths}; use a bridge.")
        shift = thermal_voltage(temperature) * log(chloride[0] / chloride[1])
        if abs(shift) >= 0.05:
            said.note(said.wire, name, temperature, (shift, chloride[0]))
    at_the_tip = zeroed if wire == "AgCl" else name
    found = dependable_junction(filling, solutions[at_the_tip], temperature)
    tip = found.mV
    said.minor.append(found)
    if not sharp:
        said.note(said.plain, at_the_tip, temperature, tip)
        return tip + shift
    if not dict(held).get("K"):
        ways = f"{typed('inside', 'K=140,Na=10')} or K_i_mM"
        raise DataError(f"a sharp electrode's tip has a junction with the cytoplasm too: give {ways}.")
    ends = [dependable_junction(filling, _cytoplasm(dict(held), u), temperature).mV for u in UNNAMED]
    said.note(said.sharp, name, temperature, (tip, ends[0], ends[1:]))
    return tip - ends[0] + shift


def _inside(sheet: Sheet, k: int, inside: Mapping[str, float]) -> dict[str, float]:
    """The row's inside concentrations in mM, from its own columns or for all rows."""
    own = {ion: float(sheet.numbers[column][k]) for ion, column in INSIDE.items() if column in sheet.numbers}
    return {**inside, **{name: value for name, value in own.items() if not np.isnan(value)}}


def _cytoplasm(held: Mapping[str, float], unnamed: float) -> Solution:
    """The cytoplasm as a solution; what lacks in charge is an ion of this mobility."""
    forms: dict[Form, float] = {_FORM_OF.get(name, (name, IONS[name].valence)): c for name, c in held.items()}
    mobilities = {form: SPECIES[form[0]].mobility(form[1]) for form in forms}
    lacking = -charge(forms)
    rest = ("unnamed", 1 if lacking >= 0 else -1)
    mobilities[rest] = Mobility(unnamed, unnamed, "assumed")
    return Solution("cytoplasm", {**forms, rest: abs(lacking)}, mobilities)


def _first_row(sheet: Sheet) -> str:
    """What was done to the first row that has a junction potential, for a person to see whether the sign is theirs."""
    recorded, ljp = (sheet.numbers.get(name) for name in ("V_m_mV", "ljp_mV"))
    if recorded is None or ljp is None:
        return ""
    for row, V, E in zip(sheet.rows, recorded, ljp, strict=True):
        if E and not np.isnan([V, E]).any():
            return f"Row {row} as read: {_mV(V)} mV recorded, junction potential {_mV(E)}: V_m = {_mV(V - E)} mV."
    return ""


def _warn_of_sign(sheet: Sheet, faults: Faults) -> None:
    """A typed potential that makes V_m less negative is rarely a patch pipette's."""
    ljp = sheet.numbers.get("ljp_mV", np.zeros(0))
    patch = np.array([kind != "sharp" for kind in sheet.cells.get("electrode", [""] * len(ljp))], dtype=bool)
    unusual = patch & (ljp < (UNUSUAL if patch.any() and np.median(ljp[patch]) < UNUSUAL else 5 * UNUSUAL))
    if unusual.any():
        value = ljp[unusual][0]
        faults.warn(
            f"is {_mV(value)} and makes V_m less negative (V_m = V_recorded - ljp). For patch pipettes it is nearly always "
            f"positive, 3 to 17 mV. If it was meant to be added, type {-value:g}; with a sharp electrode, say electrode = sharp.",
            column="ljp_mV",
        )


def _mV(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")
