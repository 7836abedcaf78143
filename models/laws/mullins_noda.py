"""Mullins & Noda: the pump's 3 Na : 2 K exactly balance the leaks of Na and K, and all other ions are passive.

Nothing is assumed of the pump but its ratio r = 3/2: at a true steady state it must bring back what leaks, so that its
current follows from the permeabilities. Without r (r = 1) this is the GHK equation of K and Na.
"""

from collections.abc import Sequence
from dataclasses import replace

from ..arrays import Array, namespace
from ..conditions import Conditions, Theta
from ..constants import thermal_voltage
from ..errors import typed
from ..parameters import PUMP, PUMP_CURRENT, PUMP_RATIO
from ..solver.balance import gather
from ..solver.rest import balancing_current, rest_without_pump
from .ghk import OPTIONS, conductance, passive_terms, permeabilities, poisoned, ratios
from .ghk_pump import scarce
from .law import Law
from .options import FREE_RATIO

PUMP_STOICHIOMETRY = 1.5
"""Na ions out for each K ion in."""


def balancing(at: Conditions) -> Conditions:
    """The same conditions with every ion but K and Na passive."""
    return replace(at, passive=tuple(s.name for s in at.ions if s.name not in ("K", "Na")))


def balanced(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    """u = V_m / V_T with the pump running, in closed form."""
    at = balancing(at).steady()
    p = permeabilities(theta, at, reference)
    r = theta.get(PUMP_RATIO.name, PUMP_STOICHIOMETRY)
    return rest_without_pump(gather(at.ions, {**p, "K": r * p["K"]}, *at.activities(theta)))


def potential(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    at, u = balancing(at), balanced(theta, at, reference)
    u = namespace(u).where(at.blocked > 0, poisoned(theta, at, reference, u), u)
    return thermal_voltage(at.temperature_C) * u


def derived(theta: Theta, reference: Conditions) -> dict[str, Array]:
    """The pump that the balance implies: its current, and what it adds to the potential of K and Na alone."""
    reference = balancing(reference).steady()
    u, leaks = balanced(theta, reference, reference), passive_terms(theta, reference, reference)
    return {
        PUMP.name: thermal_voltage(reference.temperature_C) * (rest_without_pump(leaks) - u),
        PUMP_CURRENT.name: balancing_current(leaks, u),
    }


def cautions(at: Conditions, options: Sequence[str] = ()) -> tuple[str, ...]:
    return scarce(
        at,
        K_free="no pump can take up K there, and this law's does."
        f" Use {typed('law', 'ghk-pump-kinetic')}, or leave these rows out with {typed('where')}.",
        low_Na="within minutes Na_i falls, and the steady state that this law assumes takes longer."
        f" Give Na_i_mM per row, or leave these rows out with {typed('where')}.",
    )


def refusal(at: Conditions, reference: Conditions, options: Sequence[str]) -> str:
    if FREE_RATIO.name not in options or (at.blocked > 0).any():
        return ""
    return (
        "the option pump_ratio needs rows with the pump blocked: without them only P_Na/P_K divided by pump_ratio is in"
        " the data. Add such rows, or leave the option out (the ratio is then 3/2)."
    )


MULLINS_NODA = Law(
    name="mullins-noda",
    summary="the pump's 3 Na : 2 K balance the leaks of Na and K, other ions passive; the pump's current follows",
    equation="V_m = V_T log[(r P_K K_o + P_Na Na_o) / (r P_K K_i + P_Na Na_i)],  r = 3/2",
    citation="Mullins & Noda (1963) J Gen Physiol 47:117",
    parameters=ratios,
    potential=potential,
    derived=derived,
    quantities=(replace(PUMP, judged=False), PUMP_CURRENT),  # the pump follows from P_Na/P_K: no question of its own
    needs=("K", "Na"),
    options=(*OPTIONS, FREE_RATIO.name),
    has_pump=True,
    at_equilibrium=True,
    cautions=cautions,
    refusal=refusal,
    conductance=conductance,
)
