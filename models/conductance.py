"""From relative to absolute: what a measured conductance says of P_K, and what an electrode's seal does to V_m.

The balance of currents is written over F·P_K, in mM. Multiplied by F P_K it is a current density, and its derivative
by V_m = u V_T is the slope conductance at rest, with P_K in cm/s and 1 mM = 1e-6 mol/cm³:

    G = F P_K d(net)/du / V_T = F² P_K slope(terms, u) / (R T)          S/cm²

A seal or shunt of conductance G_s that reverses at 0 mV adds G_s V_m = G_s V_T u, hence g u with g = G_s V_T / (F P_K).
Where the membrane's area is unknown, P_K stands for P_K times area (cm³/s), and conductances are in S instead of S/cm².
Where it is known, it is known as capacitance: a seal's conductance comes in S/µF, and C_m (µF/cm²) makes it S/cm².
"""

from .arrays import Array
from .conditions import Conditions, Theta
from .constants import FARADAY, rate_factor, thermal_voltage
from .parameters import C_M, P_K, P_K_AREA, Q10_LEAK
from .solver.balance import Terms, slope

_MOL_CM3 = 1e-6  # in 1 mM


def permeability(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    """P_K at the temperature of `at`: cm/s, or times the area in cm³/s where that is what is inferred."""
    P = theta[P_K.name] if P_K.name in theta else theta[P_K_AREA.name]
    return P * rate_factor(theta.get(Q10_LEAK.name, 1.0), at.temperature_C, reference.temperature_C)


def current_per_mM(P: Array) -> Array:
    """F·P_K: the current that 1 mM stands for, in A/cm² (P in cm/s) or A (P in cm³/s)."""
    return FARADAY * _MOL_CM3 * P


def seal_term(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    """The ohmic coefficient g (mM) of the seal or shunt: 0.0 where there is none."""
    if not at.sealed:
        return 0.0
    volts = 1e-3 * thermal_voltage(at.temperature_C)
    return at.seal * theta.get(C_M.name, 1.0) * volts / current_per_mM(permeability(theta, at, reference))


def slope_conductance(terms: Terms, u: Array, P: Array, temperature_C: Array) -> Array:
    """dI/dV_m at rest, in S/cm² (P in cm/s) or S (P in cm³/s); a seal's conductance is in it, as it is in what is measured."""
    return current_per_mM(P) * slope(terms, u) / (1e-3 * thermal_voltage(temperature_C))
