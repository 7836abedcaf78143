"""Goldman–Hodgkin–Katz: passive fluxes in a constant field, no pump current."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from ..arrays import Array, namespace
from ..conditions import Conditions, Theta
from ..conductance import permeability, seal_term, slope_conductance
from ..constants import rate_factor, thermal_voltage
from ..ions import Ion
from ..parameters import Q10_P_NA, RECTIFICATION, Parameter, permeability_ratio
from ..solver.balance import Terms, gather
from ..solver.rest import rest_without_pump
from .law import Law
from .options import ACTIVITY_INSIDE, DAVIES, RECTIFYING, WARMING_P_NA

OPTIONS = tuple(option.name for option in (WARMING_P_NA, RECTIFYING, DAVIES, ACTIVITY_INSIDE))
"""What every law of permeabilities can be asked to add; see options.py."""
LEAST_K_mM = 0.1  # a power of K_o has no value at 0, so that P_K stops changing here


def ratios(ions: Sequence[Ion]) -> tuple[Parameter, ...]:
    """The permeability ratios to infer: one for each ion but K."""
    return tuple(permeability_ratio(s) for s in ions if s.name != "K")


def permeabilities(theta: Theta, at: Conditions, reference: Conditions) -> dict[str, Array]:
    """Each ion's permeability over P_K at the reference bath, with the options that `theta` switches on.

    Currents are over that same P_K, so that where K's own permeability moves with its bath the pump's does not.
    """
    p = {s.name: theta[s.ratio] for s in at.ions if s.name != "K"}
    if Q10_P_NA.name in theta:
        p["Na"] = p["Na"] * rate_factor(theta[Q10_P_NA.name], at.temperature_C, reference.temperature_C)
    return {**p, "K": rectified(theta, at, reference)}


def rectified(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    """P_K over its value at the reference bath: 1, or (K_o/K_ref)^m where that option is on."""
    if RECTIFICATION.name not in theta:
        return 1.0
    K_o = namespace(at.c_o["K"]).maximum(at.c_o["K"], LEAST_K_mM)
    return (K_o / reference.c_o["K"]) ** theta[RECTIFICATION.name]


def passive_terms(
    theta: Theta, at: Conditions, reference: Conditions, stayed: Mapping[str, Array] = MappingProxyType({})
) -> Terms:
    """The zero-current equation's coefficients (mM) without a pump, for each condition of `at`.

    `stayed` holds what drives passive ions from inside, mM by ion name.
    """
    a_i, a_o = at.activities(theta)
    terms = gather(at.ions, permeabilities(theta, at, reference), {**a_i, **stayed}, a_o)
    return replace(terms, g=seal_term(theta, at, reference))


def held_terms(theta: Theta, at: Conditions, reference: Conditions, running: Array) -> Terms:
    """The same with passive ions present, at the concentrations that `running`, u with the pump on, gave them."""
    a_o, xp = at.activities(theta)[1], namespace(running)
    stayed = {s.name: a_o[s.name] * xp.exp(-s.valence * running) for s in at.ions if s.name in at.passive}
    return passive_terms(theta, at, reference, stayed)


def poisoned(theta: Theta, at: Conditions, reference: Conditions, running: Array) -> Array:
    """u = V_m / V_T at once after the pump stops, from `running`, u before: passive ions are where they were then."""
    return rest_without_pump(held_terms(theta, at, reference, running))


def conductance(theta: Theta, at: Conditions, reference: Conditions, V_m: Array, running: Array) -> Array:
    """Slope conductance at rest, S/cm² (or S, see conductance.py); `V_m` and `running`, with the pump on, in mV.

    The pump's current does not change with V_m, so it enters through V_m alone. Passive ions carry no current with the
    pump on, but they do carry conductance: chloride counts here even where steady potentials do not depend on it.
    """
    V_T = thermal_voltage(at.temperature_C)
    terms = held_terms(theta, at, reference, running / V_T)
    return slope_conductance(terms, V_m / V_T, permeability(theta, at, reference), at.temperature_C)


def potential(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    if at.passive:
        at, reference = at.steady(), reference.steady()
    return thermal_voltage(at.temperature_C) * rest_without_pump(passive_terms(theta, at, reference))


GHK = Law(
    name="ghk",
    summary="all ions leak in a constant field; no pump current",
    equation="V_m = V_T log[(P_K K_o + P_Na Na_o + P_Cl Cl_i) / (P_K K_i + P_Na Na_i + P_Cl Cl_o)]",
    citation="Goldman (1943) J Gen Physiol 27:37; Hodgkin & Katz (1949) J Physiol 108:37",
    parameters=ratios,
    potential=potential,
    options=OPTIONS,
    conductance=conductance,
)
