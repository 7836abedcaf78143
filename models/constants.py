"""Physical constants, from CODATA through SciPy, and the thermal voltage."""

from scipy.constants import physical_constants

from .arrays import Array, namespace
from .limits import ABSOLUTE_ZERO_OFFSET

FARADAY = physical_constants["Faraday constant"][0]
"""C / mol."""
GAS = physical_constants["molar gas constant"][0]
"""J / (mol K)."""


def thermal_voltage(temperature_C: Array) -> Array:
    """V_T = R T / F in mV, for a temperature in °C (25.7 mV at 25 °C)."""
    return 1e3 * GAS / FARADAY * (temperature_C + ABSOLUTE_ZERO_OFFSET)


def water_permittivity(temperature_C: Array) -> Array:
    """Relative permittivity (1) of water (Malmberg & Maryott 1956, J Res Natl Bur Stand 56:1), 78.3 at 25 °C."""
    t = temperature_C
    return 87.740 + t * (-0.40008 + t * (9.398e-4 - 1.410e-6 * t))


def rate_factor(Q10: Array, temperature_C: Array, reference_C: Array) -> Array:
    """How much faster a process runs at `temperature_C` than at `reference_C`, both in °C: Q10 ** (ΔT / 10)."""
    steps = (temperature_C - reference_C) / 10
    xp = namespace(Q10, steps)
    return xp.exp(xp.log(Q10) * steps)  # a power of variables takes several times as long
