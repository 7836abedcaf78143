"""Liquid junction potentials: the generalised Henderson equation, and what unknown mobilities leave open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import atanh, ceil, fsum
from operator import attrgetter

from ...models.constants import thermal_voltage
from ...models.errors import DataError, UnknownNameError, nearest
from .recipes import Solution
from .species import Form, ligand_of

METHODS = ("henderson", "nernst-planck")  # the first is the default
MATTERS = 0.5  # mV of a junction potential that unknown mobilities may leave open

Mobilities = Mapping[Form, float]


@dataclass(frozen=True)
class Junction:
    """The potential of a bath relative to the pipette in mV, and how far plausible mobilities of `unknown` move it."""

    mV: float
    error: float = 0.0
    unknown: tuple[str, ...] = ()


def dependable_junction(pipette: Solution, bath: Solution, temperature_C: float, method: str = METHODS[0]) -> Junction:
    """The liquid junction potential E, of the bath relative to the pipette; V_m = V_recorded - E.

    Raises
    ------
    DataError
        A solution holds no ions, or an ion without a published mobility leaves more than 0.5 mV open.
    """
    found = junction(pipette, bath, temperature_C, method)
    if found.error > MATTERS:
        raise DataError(asked(pipette, {bath.name: bath}, {bath.name: found}))
    return found


def junction(pipette: Solution, bath: Solution, temperature_C: float, method: str = METHODS[0]) -> Junction:
    """The potential with its error: ions without a published mobility take the middle of a plausible range, and its ends."""
    for solution in (pipette, bath):
        if not solution.ions:
            raise DataError(f"{solution.name}: holds no ions, and no junction potential is defined against it.")
    if method not in METHODS:
        raise UnknownNameError(f"--method {method}: choose {' or '.join(METHODS)}.{nearest(method, METHODS)}")
    every = {**pipette.mobilities, **bath.mobilities}
    middle = {form: u.value for form, u in every.items() if form[1]}
    moved: dict[str, float] = {}
    for name in dict.fromkeys(ligand_of(form[0]) for form, u in every.items() if not u.known):
        low, high = (
            middle | {form: at(every[form]) for form in middle if ligand_of(form[0]) == name}
            for at in (attrgetter("low"), attrgetter("high"))
        )
        ends = [henderson(pipette.forms, bath.forms, u, temperature_C) for u in (low, high)]
        moved[name] = abs(ends[1] - ends[0]) / 2
    named = sorted((name for name in moved if moved[name] > 0.01), key=lambda name: -moved[name])
    if method == "nernst-planck":
        from .nernst_planck import nernst_planck as potential
    else:
        potential = henderson
    return Junction(potential(pipette.forms, bath.forms, middle, temperature_C), sum(moved.values()), tuple(named))


def asked(pipette: Solution, baths: Mapping[str, Solution], found: Mapping[str, Junction]) -> str:
    """The sentence that asks for a mobility, where it matters; both mappings by the bath's name."""
    names = dict.fromkeys(name for one in found.values() for name in one.unknown[:1])
    every = {**pipette.mobilities, **{form: u for bath in baths.values() for form, u in bath.mobilities.items()}}
    spans = {ligand_of(form[0]): u for form, u in every.items() if not u.known and ligand_of(form[0]) in names}
    between = ", ".join(
        f"{name} ({u.low:g} to {u.high:g} of potassium's is plausible{u.source and '; '}{u.source})"
        for name, u in spans.items()
    )
    lines = " and ".join(f"{name} = {{mobility = {u.value:.2g}}}" for name, u in spans.items())
    return (
        f"{pipette.name}: no source gives a dependable mobility for {between}, which leaves too much of the junction potential "
        f"open: {', '.join(f'{one.mV:.1f} ± {one.error:.1f} mV against {bath}' for bath, one in found.items())}. "
        f"Give one, relative to potassium's, in the solutions file under [ions], as in {lines}."
    )


def minor_in_words(found: Iterable[Junction]) -> str:
    """What plausible mobilities of minor ions leave open, rounded up to 0.1 mV; nothing where all are known."""
    found = [one for one in found if one.error > 0.005]
    if not found:
        return ""
    names = ", ".join(dict.fromkeys(name for one in found for name in one.unknown))
    most = ceil(10 * max(one.error for one in found)) / 10
    return f"No mobility is published for some minor ions ({names}); plausible ones move E by up to ± {most} mV."


def henderson(pipette: Mapping[Form, float], bath: Mapping[Form, float], u: Mobilities, temperature_C: float) -> float:
    """The generalised Henderson equation, in mV of the bath relative to the pipette.

    With mobilities u, concentrations P in the pipette and S in the bath, A = sum z² u P and B = sum z² u S,
    E = V_T sum z u (S - P) / (B - A) log(A / B). Written with y = (B - A) / (B + A) it is
    -V_T sum z u (S - P) 2 / (A + B) atanh(y) / y, which has a limit where A = B, and swaps its sign exactly
    when the solutions are swapped. Concentrations stand for activities, as is usual.

    References
    ----------
    Barry PH, Lynch JW (1991) Liquid junction potentials and small cell effects in patch-clamp analysis.
    J Membr Biol 121:101-117. Ng B, Barry PH (1995) The measurement of ionic conductivities and mobilities of
    certain less common organic ions. J Neurosci Methods 56:37-41.
    """
    drive = fsum(form[1] * u[form] * (bath.get(form, 0.0) - pipette.get(form, 0.0)) for form in u)
    A, B = (fsum(form[1] ** 2 * u[form] * side.get(form, 0.0) for form in u) for side in (pipette, bath))
    y = (B - A) / (B + A)
    slope = atanh(y) / y if y else 1.0
    return -thermal_voltage(temperature_C) * drive * 2 / (A + B) * slope + 0.0  # never -0


def series_in_words(pipette: str, by_bath: Mapping[str, float]) -> str:
    """What is to be subtracted, in mV by bath, and how much it changes over the series."""
    low, high = min(by_bath, key=by_bath.__getitem__), max(by_bath, key=by_bath.__getitem__)
    change = by_bath[high] - by_bath[low]
    bends = (
        f" From {low} to {high} E changes by {change:.1f} mV, which bends the line of V_m against log K_o. A row's own bath "
        "is right where the pipette was zeroed in it; where it was zeroed once and baths were exchanged afterwards, that "
        "bath's E holds for all rows (a column ljp_mV). A bath electrode without a salt bridge adds its own change."
    )
    return (
        f"V_m = V_recorded - E, where E, the junction potential of the bath relative to the pipette ({pipette}), is "
        f"{', '.join(f'{E:.1f} mV ({bath})' for bath, E in by_bath.items())}.{bends if change >= 0.05 else ''}"
    )
