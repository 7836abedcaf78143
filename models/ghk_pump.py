"""Goldman–Hodgkin–Katz with a Na/K pump of constant current, which stops where it is blocked.

The pump is known to electrophysiologists as the millivolts lost on poisoning it, so it is inferred as `pump_mV` at the
reference condition; the current that carries those millivolts follows without root finding.
"""

from dataclasses import replace

from .arrays import Array, namespace
from .balance import Terms
from .conditions import Conditions, Theta
from .constants import rate_factor, thermal_voltage
from .ghk import passive_terms, ratios
from .law import Law
from .parameters import PUMP, PUMP_CURRENT, Q10_LEAK, Q10_PUMP, Q10_RATIO
from .rest import balancing_current, rest, rest_without_pump

K_FREE_mM = 1.0
LOW_NA_mM = 30.0


def reference_current(theta: Theta, reference: Conditions) -> Array:
    """j at the reference condition (mM): what holds V_m `pump_mV` below the potential without a pump."""
    passive = passive_terms(theta, reference, reference)
    shift = theta["pump_mV"] / thermal_voltage(reference.temperature_C)
    return balancing_current(passive, rest_without_pump(passive) - shift)


def speed(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    """The pump's speed relative to P_K's, which alone enters a steady state: 1 at the reference temperature."""
    return rate_factor(theta["Q10_pump"] / theta["Q10_leak"], at.temperature_C, reference.temperature_C)


def pumped_terms(theta: Theta, at: Conditions, reference: Conditions) -> Terms:
    """The zero-current equation's coefficients (mM) with the pump, for each condition of `at`."""
    j = reference_current(theta, reference) * speed(theta, at, reference) * (1 - at.blocked)
    return replace(passive_terms(theta, at, reference), j=j)


def potential(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    reference = reference.steady()
    if not at.passive:
        return thermal_voltage(at.temperature_C) * rest(pumped_terms(theta, at, reference))
    running = rest(pumped_terms(theta, at.steady(), reference))
    xp = namespace(running)
    # Brief block: V_m jumps, but the passive ions are still where the running pump had left them.
    stayed = {s.name: at.c_o[s.name] * xp.exp(-s.valence * running) for s in at.ions if s.name in at.passive}
    poisoned = rest(passive_terms(theta, replace(at, c_i={**at.c_i, **stayed}), reference))
    return thermal_voltage(at.temperature_C) * xp.where(at.blocked > 0, poisoned, running)


def derived(theta: Theta, reference: Conditions) -> dict[str, Array]:
    reference = reference.steady()
    return {
        PUMP_CURRENT.name: reference_current(theta, reference),
        Q10_RATIO.name: theta["Q10_pump"] / theta["Q10_leak"],
    }


def cautions(at: Conditions) -> tuple[str, ...]:
    """A constant pump needs K outside and Na inside; says so where a bath takes one of them away."""
    running = at.blocked == 0
    found = []
    if (running & (at.c_o["K"] < K_FREE_mM)).any():
        found.append(
            f"Baths with K_o under {K_FREE_mM:g} mM: there a real pump slows and stops, and this law's does not."
            " Use --law ghk-pump-kinetic, or leave these rows out with --where."
        )
    if "Na" in at.c_o and (running & (at.c_o["Na"] < LOW_NA_mM)).any():
        found.append(
            f"Baths with Na_o under {LOW_NA_mM:g} mM: within minutes Na_i falls and the pump with it, and what replaces"
            " Na (choline, NMDG, Li) is not inert. Use --law ghk-pump-kinetic with Na_i_mM per row, or --where."
        )
    return tuple(found)


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
    cautions=cautions,
)
