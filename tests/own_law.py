"""Laws that do not come with vrest: a proton pump beside a leak of K, and one that light drives."""

from dataclasses import replace

from vrest.laws import HalfNormal, Law, Normal, Parameter, Role, Terms, rest, thermal_voltage

PUMP = Parameter(
    "pump_g_mM", "mM", "conductance of the pump", HalfNormal(20.0), "wide", role=Role.PUMP, may_vanish=True, varies=True
)
REVERSAL = Parameter("E_pump_mV", "mV", "V_m at which the pump stops", Normal(-200.0, 30.0, positive=False), "ATP")


def potential(theta, at, reference):
    a_i, a_o = at.activities(theta)
    V_T, g = thermal_voltage(at.temperature_C), theta[PUMP.name]
    return V_T * rest(Terms(A=a_i["K"], B=a_o["K"], j=-g * theta[REVERSAL.name] / V_T, g=g))


PROTON = Law(
    name="proton-pump",
    summary="K leaks in a constant field, and a pump carries protons out",
    equation="K_i b(-u) - K_o b(u) + g (u - u_pump) = 0",
    citation="Spanswick (1981) Annu Rev Plant Physiol 32:267",
    parameters=lambda ions: (PUMP, REVERSAL),
    potential=potential,
    only=("K",),
)


def lit(theta, at, reference):
    """The pump's conductance is in proportion to the light."""
    return potential({**theta, PUMP.name: theta[PUMP.name] * at.columns["light_lx"] / 100.0}, at, reference)


LIT = replace(PROTON, name="lit-pump", potential=lit, columns=("light_lx",))
