"""Solve the zero-current equation for u = V_m / V_T, on numbers here and on graphs through the compiled Op."""

from dataclasses import replace

import numpy as np

from ..arrays import Array, is_symbolic, namespace
from .balance import Terms, net, slope

_TOLERANCE = 1e-8  # of the last Newton step; convergence is quadratic, so the root itself is exact to rounding
_STEPS = 200
_LIMIT = 340.0  # exp(2 |u|) is still finite; over 8 V, outside any membrane
_BLOCK = 10_000  # roots
_SOME, _MANY = 10_000, 500_000  # above so many roots, loading the fused loop, or compiling the solver, costs less


def rest(terms: Terms) -> Array:
    """The one u = V_m / V_T at which the net current of `terms` is zero; broadcasts over its arrays.

    Numbers are solved here. Symbolic terms become one elementwise Op with exact implicit derivatives. Complex numbers
    carry derivatives (the complex step): the real root is found first, and one Newton step brings the imaginary part.
    """
    if is_symbolic(*terms):
        from .root import root  # PyTensor is imported only by those who already use it

        return root(*terms)
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
    size = np.broadcast(*terms).size
    if size > _SOME and terms.monovalent:
        return _fused(terms)
    if size > _MANY:
        from .root import solver

        return solver()(*terms)
    return by_newton(terms)


def by_newton(terms: Terms) -> np.ndarray:
    """Newton's method from the GHK potential, kept inside the bracket that the current's sign reveals."""
    terms = Terms(*np.broadcast_arrays(*(np.asarray(x, float) for x in terms)))
    with np.errstate(divide="ignore", invalid="ignore"):
        u = np.clip(np.log((terms.B + terms.B2) / (terms.A + terms.A2)), -_LIMIT, _LIMIT)
    low, high = np.full_like(u, -_LIMIT), np.full_like(u, _LIMIT)
    for _ in range(_STEPS):
        f = net(terms, u)
        low, high = np.where(f < 0, u, low), np.where(f > 0, u, high)
        new = u - f / slope(terms, u)
        new = np.where((new >= low) & (new <= high), new, (low + high) / 2)
        done = np.abs(new - u) <= _TOLERANCE * (1 + np.abs(u))
        u = new
        if np.all(done | np.isnan(u)):
            break
    return u


def _fused(terms: Terms) -> np.ndarray:
    """Monovalent ions and a pump, by the vectorised loop, in blocks that stay in the processor's cache."""
    from .fused import root_and_partials  # numba, which few roots do not need

    A, B, j = np.broadcast_arrays(terms.A, terms.B, terms.j)
    flat, u = [np.ravel(x) for x in (A, B, j)], np.empty(A.size)
    for start in range(0, u.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        u[block] = root_and_partials(*(x[block] for x in flat))[0]
    return u.reshape(A.shape)
