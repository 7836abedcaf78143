"""The charge on the membrane, and how few ions had to cross to put it there: Q = C V."""

from dataclasses import dataclass
from math import pi

from scipy.constants import Avogadro, elementary_charge


@dataclass(frozen=True)
class Charge:
    """Charge on a round cell's membrane: in pC, in single charges, and as a share of the cell's K ions."""

    charge_pC: float
    ions: float
    share_of_K: float


def charge_separated(V_m_mV: float, K_i_mM: float, diameter_um: float = 20.0, C_m_uF_cm2: float = 1.0) -> Charge:
    """Charge that holds a spherical cell at `V_m_mV` (its sign is that of the inside), taken to be carried by K alone."""
    area_cm2, volume_l = pi * (1e-4 * diameter_um) ** 2, pi / 6 * (1e-5 * diameter_um) ** 3
    coulomb = 1e-6 * C_m_uF_cm2 * area_cm2 * 1e-3 * V_m_mV
    count = abs(coulomb) / elementary_charge
    return Charge(1e12 * coulomb, count, count / (1e-3 * K_i_mM * volume_l * Avogadro))
