"""A law of one's own in forty lines: the proton pump of a plant cell, from its equation to a fit.

The pump is a conductance g that drives V_m towards the potential at which it stops: i = g (u - u_pump), u = V_m / V_T.
"""

import vrest
from vrest.laws import HalfNormal, Law, Normal, Parameter, Role, Terms, rest, thermal_voltage
from vrest.testing import check_law

PUMP = Parameter(
    "pump_g_mM", "mM", "conductance of the proton pump, times V_T / (F·P_K)", HalfNormal(50.0), "assumed: wide",
    role=Role.PUMP, varies=True, may_vanish=True,
)  # fmt: skip
REVERSAL = Parameter(
    "E_pump_mV", "mV", "V_m at which the proton pump stops", Normal(-200.0, 50.0, positive=False),
    "assumed: ATP's free energy less that of the proton gradient",
)  # fmt: skip


def potential(theta, at, reference):
    """V_m (mV): K's weights A and B, and the pump's current g u + j, whose j is its current at 0 mV."""
    a_i, a_o = at.activities(theta)
    V_T, g = thermal_voltage(at.temperature_C), theta[PUMP.name]
    return V_T * rest(Terms(A=a_i["K"], B=a_o["K"], j=-g * theta[REVERSAL.name] / V_T, g=g))


PROTON_PUMP = Law(
    name="proton-pump",
    summary="K leaks in a constant field, and an ohmic pump carries protons out",
    equation="K_i b(-u) - K_o b(u) + g (u - u_pump) = 0",
    citation="Spanswick (1981) Annu Rev Plant Physiol 32:267",
    parameters=lambda ions: (PUMP, REVERSAL),
    potential=potential,
    only=("K",),
)

check_law(PROTON_PUMP)
fit = vrest.fit(vrest.load_data("root_cells"), law=PROTON_PUMP, by="nitrogen")
print(fit.summary("markdown"), fit.verdict(), sep="\n\n")
