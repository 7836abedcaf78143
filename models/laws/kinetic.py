"""Goldman–Hodgkin–Katz with a Na/K pump that K outside and Na inside activate, as its binding sites fill."""

from collections.abc import Sequence

import numpy as np

from ..arrays import Array, is_symbolic, namespace
from ..conditions import Conditions, Theta
from ..errors import typed
from ..parameters import K_K, K_NA, N_K, N_NA, PUMP_CURRENT, Q10_RATIO
from .ghk import OPTIONS, conductance
from .ghk_pump import GHK_PUMP, derived, scarce
from .ghk_pump import potential as pumped_potential
from .ghk_pump import speed as thermal_speed
from .law import Law


def hill(c: Array, half: Array, n: Array) -> Array:
    """[c / (c + half)]^n, with value and derivatives 0 at c = 0; `c` and `half` in mM."""
    xp = namespace(c, half, n)
    present = c > 0 if is_symbolic(c) else np.asarray(c) > 0
    some = xp.where(present, c, 1.0)
    return xp.where(present, (some / (some + half)) ** n, 0.0)


def activation(theta: Theta, at: Conditions) -> Array:
    """The share (0 to 1) of its greatest current that the pump carries."""
    outside = hill(at.c_o["K"], theta[K_K.name], theta[N_K.name])
    return outside * hill(at.inside(theta)["Na"], theta[K_NA.name], theta[N_NA.name])


def speed(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    """The pump's speed relative to P_K's, 1 at the reference condition."""
    return thermal_speed(theta, at, reference) * activation(theta, at) / activation(theta, reference)


def potential(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    return pumped_potential(theta, at, reference, speed)


def cautions(at: Conditions, options: Sequence[str] = ()) -> tuple[str, ...]:
    """K-free baths are what the law is for; in low-Na baths sodium leaves the cell, and the law must be told."""
    if "Na" in at.c_i and (at.c_i["Na"] != at.c_i["Na"][0]).any():
        return ()
    return scarce(
        at,
        "within minutes Na_i falls and the pump with it, and what replaces Na is not inert."
        f" Give Na_i_mM per row, or leave these rows out with {typed('where')}.",
    )


def refusal(at: Conditions, reference: Conditions, options: Sequence[str]) -> str:
    if reference.c_o["K"] > 0:
        return ""
    return "the reference bath holds no K, so that no pump runs in it: name another under [reference] in the configuration."


KINETIC = Law(
    name="ghk-pump-kinetic",
    summary="all ions leak in a constant field; the Na/K pump's current follows K outside and Na inside",
    equation="as ghk-pump, with j ~ [K_o/(K_o+K_K)]^n_K [Na_i/(Na_i+K_Na)]^n_Na, relative to the reference condition",
    citation="activation of the pump by K and Na: squid axon, J Gen Physiol (PMC2216238); rabbit SA node, Sakai et al. (1996)",
    parameters=lambda ions: (*GHK_PUMP.parameters(ions), K_K, N_K, K_NA, N_NA),
    potential=potential,
    derived=derived,
    quantities=(PUMP_CURRENT, Q10_RATIO),
    needs=("K", "Na"),
    options=OPTIONS,
    has_pump=True,
    cautions=cautions,
    refusal=refusal,
    conductance=conductance,
)
