"""Physical constants, from CODATA through SciPy, and the thermal voltage."""

from scipy.constants import physical_constants, zero_Celsius

from .arrays import Array, namespace

FARADAY = physical_constants["Faraday constant"][0]
"""C / mol."""
GAS = physical_constants["molar gas constant"][0]
"""J / (mol K)."""
ABSOLUTE_ZERO_OFFSET = zero_Celsius
"""K, added to a temperature in °C."""


def thermal_voltage(temperature_C: Array) -> Array:
    """V_T = R T / F in mV, for a temperature in °C (25.7 mV at 25 °C)."""
    return 1e3 * GAS / FARADAY * (temperature_C + ABSOLUTE_ZERO_OFFSET)


def rate_factor(Q10: Array, temperature_C: Array, reference_C: Array) -> Array:
    """How much faster a process runs at `temperature_C` than at `reference_C`, both in °C: Q10 ** (ΔT / 10)."""
    steps = (temperature_C - reference_C) / 10
    xp = namespace(Q10, steps)
    return xp.exp(xp.log(Q10) * steps)  # a power of variables takes several times as long
