"""Donnan equilibrium: impermeant charge inside a membrane that lets everything else through, and no pump."""

from collections.abc import Mapping

import numpy as np
from scipy.optimize import brentq

from ..constants import thermal_voltage
from ..errors import ConfigurationError
from ..ions import ion


def donnan(
    c_o: Mapping[str, float], impermeant: Mapping[float, float], temperature_C: float
) -> tuple[float, dict[str, float]]:
    """Potential and concentrations at which nothing flows, from electroneutrality inside alone.

    Parameters
    ----------
    c_o : bath concentration in mM of every mobile ion, by name; the bath may hold impermeant ions too.
    impermeant : concentration inside, mM, of what cannot leave, by valence, as {-1: 100, -14.5: 3}.
    temperature_C : °C.

    Returns
    -------
    V_m_mV, c_i : the potential, inside minus outside, and each mobile ion's concentration inside, mM.

    Raises
    ------
    ConfigurationError
        No mobile ion can balance the impermeant charge.

    References
    ----------
    Donnan (1911) Z Elektrochem 17:572.

    Examples
    --------
    >>> V_m_mV, c_i = donnan({"K": 100.0, "Cl": 100.0}, {-1: 100.0}, 25.0)
    >>> print(f"{V_m_mV:.1f} mV, K {c_i['K']:.0f} mM")
    -12.4 mV, K 162 mM
    """
    z = {name: ion(name).valence for name in c_o}
    fixed = sum(valence * mM for valence, mM in impermeant.items())

    def charge(u: float) -> float:  # falls strictly with u = V_m / V_T
        return sum(z[name] * c * np.exp(-z[name] * u) for name, c in c_o.items()) + fixed

    if not charge(-100.0) > 0 > charge(100.0):
        raise ConfigurationError(f"no mobile ion of the bath can balance {fixed:g} mM of impermeant charge.")
    u = brentq(charge, -100.0, 100.0, xtol=1e-15, rtol=1e-15)
    return thermal_voltage(temperature_C) * u, {name: c * np.exp(-z[name] * u) for name, c in c_o.items()}
