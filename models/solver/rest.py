"""Solve the zero-current equation for u = V_m / V_T, on numbers here and on graphs through the compiled Op."""

from dataclasses import replace

import numpy as np

from ..arrays import Array, is_symbolic, namespace
from .balance import Terms, net, slope
from .newton import SOLVERS, by_newton

_MOST_BY_NUMPY = 20_000  # above so many roots, compiling the solver costs less


def rest(terms: Terms) -> Array:
    """The one u = V_m / V_T at which the net current of `terms` is zero; broadcasts over its arrays.

    Numbers are solved here. Symbolic terms become one elementwise Op with exact implicit derivatives. Complex numbers
    carry derivatives (the complex step): the real root is found first, and one Newton step brings the imaginary part.
    """
    if is_symbolic(*terms):
        return SOLVERS[namespace(*terms).__name__](*terms)
    if any(np.iscomplexobj(x) for x in terms):
        u = _solve(Terms(*(np.real(x) for x in terms)))
        return u - net(terms, u) / slope(Terms(*(np.real(x) for x in terms)), u)
    return _solve(terms)


def rest_without_pump(terms: Terms) -> Array:
    """u at rest with the pump's current taken out, in closed form (GHK) where the ions allow it."""
    if terms.monovalent:
        return namespace(*terms).log(terms.B / terms.A)
    return rest(replace(terms, j=0.0))


def balancing_current(terms: Terms, u: Array) -> Array:
    """The current j, in mM, that would make `u` the resting state."""
    return -net(replace(terms, j=0.0), u)


def _solve(terms: Terms) -> np.ndarray:
    if np.broadcast(*terms).size > _MOST_BY_NUMPY:
        from .kernel import roots  # a compiler, which few roots do not need

        return roots(terms)
    return by_newton(terms)
