"""Chord conductances: each ion's current is g (V_m - E), with conductances that neither bath nor potential changes."""

from collections.abc import Sequence

from ..arrays import Array, namespace
from ..conditions import Conditions, Theta
from ..errors import typed
from ..parameters import PUMP, Q10_LEAK, Q10_PUMP, Q10_RATIO, conductance_ratio
from .ghk import rectified
from .ghk_pump import speed
from .law import Law
from .nernst import nernst_potential
from .options import ACTIVITY_INSIDE, DAVIES, RECTIFYING

WIDE = 4.0
"""Range of K_o (greatest over least) above which constant conductances are doubtful."""


def conductances(theta: Theta, at: Conditions, reference: Conditions) -> dict[str, Array]:
    """Each ion's conductance over g_K at the reference bath."""
    return {s.name: rectified(theta, at, reference) if s.name == "K" else theta[s.conductance_ratio] for s in at.ions}


def potential(theta: Theta, at: Conditions, reference: Conditions) -> Array:
    """V_m = (sum g E - I) / sum g; passive ions count only where the pump is blocked, with E where V_m was."""
    g, a = conductances(theta, at, reference), at.activities(theta)
    steady = at.steady() if at.passive else at
    pull = sum(
        g[s.name] * nernst_potential(s.valence, a[0][s.name], a[1][s.name], at.temperature_C) for s in steady.ions
    )
    total = sum(g[s.name] for s in steady.ions)
    current = theta[PUMP.name] * sum(conductances(theta, reference.steady(), reference).values())
    V_m = (pull - current * speed(theta, at, reference) * (1 - steady.blocked)) / total
    if not at.passive:
        return V_m
    passive = sum(g[name] for name in at.passive)
    return namespace(V_m).where(at.blocked > 0, (pull + passive * V_m) / (total + passive), V_m)


def cautions(at: Conditions, options: Sequence[str] = ()) -> tuple[str, ...]:
    if RECTIFYING.name in options or at.c_o["K"].max() <= WIDE * at.c_o["K"].min():
        return ()
    return (
        f"K_o varies more than {WIDE:g}-fold: a real conductance follows the concentrations, and this law's does not."
        f" Use {typed('law', 'ghk-pump')}, or {typed('options', RECTIFYING.name)}.",
    )


def refusal(at: Conditions, reference: Conditions, options: Sequence[str]) -> str:
    empty = [name for name, x in at.c_o.items() if (x == 0).any()]
    if not empty:
        return ""
    return (
        f"baths without {', '.join(empty)} have no Nernst potential, which the law chord needs."
        f" Use {typed('law', 'ghk-pump')}, or leave these rows out with {typed('where')}."
    )


CHORD = Law(
    name="chord",
    summary="ohmic leaks towards each ion's Nernst potential, and a pump whose current baths do not change",
    equation="V_m = (sum_s g_s E_s - I) / sum_s g_s",
    citation="Hodgkin & Horowicz (1959) J Physiol 148:127",
    parameters=lambda ions: (*(conductance_ratio(s) for s in ions if s.name != "K"), PUMP, Q10_PUMP, Q10_LEAK),
    potential=potential,
    derived=lambda theta, reference: {Q10_RATIO.name: theta[Q10_PUMP.name] / theta[Q10_LEAK.name]},
    quantities=(Q10_RATIO,),
    options=(RECTIFYING.name, DAVIES.name, ACTIVITY_INSIDE.name),
    has_pump=True,
    cautions=cautions,
    refusal=refusal,
)
