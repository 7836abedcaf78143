"""Goldman–Hodgkin–Katz with a Na/K pump of constant current, which stops where it is blocked.

The pump is known to electrophysiologists as the millivolts lost on poisoning it, so it is inferred as `pump_mV` at the
reference condition; the current that carries those millivolts follows without root finding.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..arrays import Array, namespace
from ..conditions import Conditions, Theta
from ..constants import rate_factor, thermal_voltage
from ..errors import typed
from ..parameters import PUMP, PUMP_CURRENT, Q10_LEAK, Q10_PUMP, Q10_RATIO
from ..solver.balance import Terms
from ..solver.rest import balancing_current, rest, rest_without_pump
from .ghk import OPTIONS, conductance, passive_terms, poisoned, ratios
from .law import Law

Speed = Callable[[Theta, Conditions, Conditions], Array]

K_FREE_mM = 1.0
LOW_NA_mM = 30.0


def reference_current(theta: Theta, reference: Conditions) -> Array:
    """j at the reference condition (mM): what holds V_m `pump_mV` below the potential without a pump.

    Whoever asks for many conditions may put it into `theta`, found once.
    """
    if PUMP_CURRENT.name in theta:
        return theta[PUMP_CURRENT.name]
    passive = passive_terms(theta, reference, reference)
    shift = theta[PUMP.name] / thermal_voltage(reference.temperature_C)
    return balancing_current(passive, rest_without_pump(passive) - shift)


def speed(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    """The pump's speed relative to P_K's, which alone enters a steady state: 1 at the reference temperature."""
    return rate_factor(theta[Q10_PUMP.name] / theta[Q10_LEAK.name], at.temperature_C, reference.temperature_C)


def pumped_terms(theta: Theta, at: Conditions, reference: Conditions, speed: Speed = speed) -> Terms:
    """The zero-current equation's coefficients (mM) with the pump, for each condition of `at`."""
    j = reference_current(theta, reference) * speed(theta, at, reference) * (1 - at.blocked)
    return replace(passive_terms(theta, at, reference), j=j)


def potential(theta: Theta, at: Conditions, reference: Conditions, speed: Speed = speed) -> Array:
    """V_m in mV; another law of the pump gives its own `speed`, relative to the reference condition."""
    reference = reference.steady()
    u = rest(pumped_terms(theta, at.steady() if at.passive else at, reference, speed))
    if at.passive:
        u = namespace(u).where(at.blocked > 0, poisoned(theta, at, reference, u), u)
    return thermal_voltage(at.temperature_C) * u


def derived(theta: Theta, reference: Conditions) -> dict[str, Array]:
    reference = reference.steady()
    return {
        PUMP_CURRENT.name: reference_current(theta, reference),
        Q10_RATIO.name: theta[Q10_PUMP.name] / theta[Q10_LEAK.name],
    }


def scarce(at: Conditions, low_Na: str, K_free: str = "") -> tuple[str, ...]:
    """The given sentences, for baths that take away what a running pump needs: Na (in time) inside, and K outside."""
    running, found = at.blocked == 0, []
    if K_free and (running & (at.c_o["K"] < K_FREE_mM)).any():
        found.append(f"Baths with K_o under {K_FREE_mM:g} mM: {K_free}")
    if "Na" in at.c_o and (running & (at.c_o["Na"] < LOW_NA_mM)).any():
        found.append(f"Baths with Na_o under {LOW_NA_mM:g} mM: {low_Na}")
    return tuple(found)


def cautions(at: Conditions, options: Sequence[str] = ()) -> tuple[str, ...]:
    """A constant pump needs K outside and Na inside; says so where a bath takes one of them away."""
    return scarce(
        at,
        K_free="there a real pump slows and stops, and this law's does not."
        f" Use {typed('law', 'ghk-pump-kinetic')}, or leave these rows out with {typed('where')}.",
        low_Na="within minutes Na_i falls and the pump with it, and what replaces"
        f" Na (choline, NMDG, Li) is not inert."
        f" Use {typed('law', 'ghk-pump-kinetic')} with Na_i_mM per row, or {typed('where')}.",
    )


GHK_PUMP = Law(
    name="ghk-pump",
    summary="all ions leak in a constant field; the Na/K pump carries a current that baths do not change",
    equation="sum_s z_s p_s [c_i b(-z_s u) - c_o b(z_s u)] + j = 0,  u = V_m / V_T,  b(x) = x / (exp(x) - 1)",
    citation="Goldman (1943) J Gen Physiol 27:37; Jacquez (1971) Math Biosci 12:185",
    parameters=lambda ions: (*ratios(ions), PUMP, Q10_PUMP, Q10_LEAK),
    potential=potential,
    derived=derived,
    quantities=(PUMP_CURRENT, Q10_RATIO),
    has_pump=True,
    options=OPTIONS,
    cautions=cautions,
    conductance=conductance,
    refined_by="ghk-pump-kinetic",
)
