"""Why cooling depolarises: the parts that thermodynamics, the leaks and the pump play, which add up exactly."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

from ..conditions import Conditions, Theta
from ..constants import thermal_voltage
from ..laws.ghk_pump import pumped_terms
from ..parameters import Q10_LEAK, Q10_P_NA, Q10_PUMP
from ..solver.rest import rest

PARTS = ("thermodynamic", "leak", "pump")
OWNER = {Q10_LEAK.name: "leak", Q10_P_NA.name: "leak", Q10_PUMP.name: "pump"}
"""The part that each parameter belongs to."""


def shapley(value: Callable[[frozenset[str]], Any], parts: Sequence[str]) -> dict[str, Any]:
    """Each part's share of value(all) - value(none): its mean contribution over all orders of switching the parts on.

    References
    ----------
    Shapley (1953) Contributions to the Theory of Games II:307.
    """
    orders = list(permutations(parts))
    shares = dict.fromkeys(parts, 0.0)
    for order in orders:
        for i, part in enumerate(order):
            shares[part] += (value(frozenset(order[: i + 1])) - value(frozenset(order[:i]))) / len(orders)
    return shares


def cooling(theta: Theta, warm: Conditions, to_C: float) -> dict[str, float]:
    """Change of V_m in mV, by part, when a cell of the law ghk-pump goes from `warm` (the reference) to `to_C` °C.

    The thermodynamic part is V_T's, the leak's that of P_K's Q10 (a slower leak leaves more to the pump) and of
    P_Na/P_K's where `theta` has one, the pump's that of its Q10.
    """
    cold = replace(warm, temperature_C=to_C)

    def potential(cooled: frozenset[str]) -> float:
        frozen = {name: x if OWNER.get(name) in cooled or name not in OWNER else 1.0 for name, x in theta.items()}
        T = to_C if "thermodynamic" in cooled else warm.temperature_C
        return float(thermal_voltage(T) * rest(pumped_terms(frozen, cold, warm)))

    return shapley(potential, PARTS)
