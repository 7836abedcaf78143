"""What a preparation can be: the one home of physical and plausible limits, for tables, flags and settings."""

from typing import NamedTuple

ABSOLUTE_ZERO_OFFSET = 273.15
"""K, added to a temperature in °C; not from SciPy, which the front door does not wait for."""


class Range(NamedTuple):
    """Both ends are legal."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether `value` is in the range; NaN is not."""
        return self.low <= value <= self.high


V_M_mV = Range(-150.0, 60.0)
"""Resting potentials."""
TEMPERATURE_C = Range(-2.0, 50.0)
"""Temperatures at which cells live."""
CONCENTRATION_mM = Range(0.0, 1000.0)
"""Concentrations of one ion; inside a cell none is 0."""
POSSIBLE = {"mV": Range(-1000.0, 1000.0), "degC": Range(-40.0, 100.0), "mM": Range(0.0, 20_000.0)}
"""By unit: beyond these a number is a mistake also where plausible limits are lifted."""
NEGLIGIBLE = 1e-6
"""In a column's own unit: less than that is a mistake where more than 0 is asked for, or where 0 would mean known."""
Q10 = Range(0.1, 100.0)
"""Factors over 10 °C, those of ratios too."""
PUMP_mV = Range(0.0, 1000.0)
"""What a pump adds."""
MOLAR_mM = {"Na_o_mM": 1.0, "Cl_o_mM": 1.0, "K_o_mM": 0.2, "K_i_mM": 1.0, "Na_i_mM": 0.06, "Cl_i_mM": 0.2}
"""Below so many mM a concentration was typed in mol/l: no cell has so little, and in mol/l it is an ordinary one."""


def kelvin_as_celsius(value: float) -> float | None:
    """The temperature in °C, where `value` is no temperature in °C and looks like one in kelvin (−50 to 51 °C)."""
    return value - ABSOLUTE_ZERO_OFFSET if 223 < value < 324 else None
