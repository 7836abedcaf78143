"""Newton's steps to the root of the zero-current equation, said once for numbers, compiled code and JAX."""

from collections.abc import Callable

import numpy as np

from ..arrays import Array, namespace
from .balance import Terms, net, slope

TOLERANCE = 1e-8
"""Of the last Newton step, relative to 1 + |u|; convergence is quadratic, so the root itself is exact to rounding."""
STEPS = 200
WIDEST = 340.0
"""Greatest |u| that is looked at: exp(2 |u|) is still finite; over 8 V, outside any membrane."""
SOLVERS: dict[str, Callable[..., Array]] = {}
"""How to solve for a root among symbols, by the name of their library, which registers itself on import."""


def start(terms: Terms) -> Array:
    """Where Newton's steps begin: the GHK potential without pump and leak."""
    inward, outward = terms.B + terms.B2, terms.A + terms.A2
    xp = namespace(inward, outward)
    u = xp.log(inward / outward)
    return xp.clip(xp.where(xp.isnan(u), 0.0, u), -WIDEST, WIDEST)  # 0/0 is anywhere


def newton_step(terms: Terms, u: Array, low: Array, high: Array) -> tuple[Array, Array, Array, Array]:
    """The next u, the bracket that the current's sign leaves of (low, high), and how far u moved, relative to 1 + |u|.

    The step goes to the bracket's middle where Newton's would leave it.
    """
    f = net(terms, u)
    xp = namespace(f)
    low, high = xp.where(f < 0, u, low), xp.where(f > 0, u, high)
    new = u - f / slope(terms, u)
    new = xp.where((new >= low) & (new <= high), new, (low + high) / 2)
    new = xp.where(xp.isnan(f), f, new)  # NaN stays NaN, of which bisection would make a number
    return new, low, high, abs(new - u) / (1 + abs(u))


def by_newton(terms: Terms) -> np.ndarray:
    """Newton's method from the GHK potential, kept inside the bracket that the current's sign reveals."""
    terms = Terms(*np.broadcast_arrays(*(np.asarray(x, float) for x in terms)))
    with np.errstate(divide="ignore", invalid="ignore"):
        u = np.asarray(start(terms))
        low, high = np.full_like(u, -WIDEST), np.full_like(u, WIDEST)
        for _ in range(STEPS):
            u, low, high, moved = newton_step(terms, u, low, high)
            if not np.any(moved > TOLERANCE):
                break
    return u
