"""A membrane permeable to K alone: V_m = V_T log(K_o / K_i)."""

from ..arrays import Array, namespace
from ..conditions import Conditions, Theta
from ..constants import thermal_voltage
from .law import Law
from .options import ACTIVITY_INSIDE, DAVIES


def nernst_potential(valence: int, c_i: Array, c_o: Array, temperature_C: Array) -> Array:
    """Equilibrium potential of an ion in mV: V_T / z · log(c_o / c_i), concentrations in mM (any one unit), °C.

    Examples
    --------
    >>> round(nernst_potential(1, 140.0, 5.0, 37.0), 1)
    np.float64(-89.1)
    """
    return thermal_voltage(temperature_C) / valence * namespace(c_i, c_o).log(c_o / c_i)


def potential(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    a_i, a_o = at.activities(theta)
    return nernst_potential(1, a_i["K"], a_o["K"], at.temperature_C)


NERNST = Law(
    name="nernst",
    summary="only K crosses the membrane; the one unknown is K inside",
    equation="V_m = V_T log(K_o / K_i)",
    citation="Nernst (1888) Z Phys Chem 2:613",
    parameters=lambda ions: (),
    potential=potential,
    only=("K",),
    options=(DAVIES.name, ACTIVITY_INSIDE.name),
)
