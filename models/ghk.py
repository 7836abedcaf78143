"""Goldman–Hodgkin–Katz: passive fluxes in a constant field, no pump current."""

from .arrays import Array
from .balance import Terms, gather
from .conditions import Conditions, Theta
from .constants import thermal_voltage
from .law import Law
from .parameters import permeability_ratio
from .rest import rest_without_pump


def ratios(ions):
    """The permeability ratios to infer: one for each ion but K."""
    return tuple(permeability_ratio(s) for s in ions if s.name != "K")


def passive_terms(theta: Theta, at: Conditions, reference: Conditions) -> Terms:
    """The zero-current equation's coefficients (mM) without a pump, for each condition of `at`."""
    p = {s.name: theta[s.ratio] for s in at.ions if s.name != "K"}
    return gather(at.ions, p, at.inside(theta), at.c_o)


def potential(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    return thermal_voltage(at.temperature_C) * rest_without_pump(passive_terms(theta, at, reference))


GHK = Law(
    name="ghk",
    summary="all ions leak in a constant field; no pump current",
    equation="V_m = V_T log[(P_K K_o + P_Na Na_o + P_Cl Cl_i) / (P_K K_i + P_Na Na_i + P_Cl Cl_o)]",
    citation="Goldman (1943) J Gen Physiol 27:37; Hodgkin & Katz (1949) J Physiol 108:37",
    parameters=ratios,
    potential=potential,
)
