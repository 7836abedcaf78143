"""Liquid junction potentials, by the generalised Henderson equation."""

from collections.abc import Iterable
from math import atanh, fsum

from ...models.constants import thermal_voltage
from ...models.errors import DataError
from .recipes import Form, Solution, label


def junction_potential(pipette: Solution, bath: Solution, temperature_C: float) -> float:
    """The liquid junction potential E in mV, of the bath relative to the pipette; V_m = V_recorded - E.

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
    u = {**_mobilities(pipette), **_mobilities(bath)}
    drive = fsum(form[1] * u[form] * (bath.forms.get(form, 0.0) - pipette.forms.get(form, 0.0)) for form in u)
    A, B = (fsum(form[1] ** 2 * u[form] * c for form, c in solution.forms.items()) for solution in (pipette, bath))
    if A == 0 or B == 0:
        name = pipette.name if A == 0 else bath.name
        raise DataError(f"{name}: holds no ions, and no junction potential is defined against it.")
    y = (B - A) / (B + A)
    slope = atanh(y) / y if y else 1.0
    return -thermal_voltage(temperature_C) * drive * 2 / (A + B) * slope + 0.0  # never -0


def series_in_words(pipette: str, baths: Iterable[str], potentials: Iterable[float]) -> str:
    """What is to be subtracted, by bath, and how much it changes over the series; potentials in mV."""
    by_bath = {str(bath): float(E) for bath, E in zip(baths, potentials, strict=True)}
    low, high = min(by_bath, key=by_bath.__getitem__), max(by_bath, key=by_bath.__getitem__)
    change = by_bath[high] - by_bath[low]
    bends = (
        f" From {low} to {high} E changes by {change:.1f} mV: one value for all baths would distort the series by "
        "that much, and bend the line of V_m against log K_o. A bath electrode without a salt bridge adds its own change."
    )
    return (
        f"V_m = V_recorded - E, where E, the junction potential of the bath relative to the pipette ({pipette}), is "
        f"{', '.join(f'{E:.1f} mV ({bath})' for bath, E in by_bath.items())}.{bends if change >= 0.05 else ''}"
    )


def _mobilities(solution: Solution) -> dict[Form, float]:
    if unknown := [form for form, u in solution.mobilities.items() if u is None]:
        raise DataError(
            f"{solution.name}: no source gives a mobility for {', '.join(map(label, unknown))}. Give one relative to "
            "potassium's (large organic ions have 0.2 to 0.5), in the solutions file under [ions]: "
            f"{unknown[0][0]} = {{mobility = 0.3}}."
        )
    return {form: u for form, u in solution.mobilities.items() if u is not None}
