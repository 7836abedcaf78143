"""The Bernoulli function b(x) = x / (exp(x) - 1), the shape of every Goldman–Hodgkin–Katz current.

It is smooth through x = 0, where the textbook fraction is 0/0 and where V_m passes in high-K baths.
"""

import numpy as np

from ..arrays import Array, namespace

# Below these |x| the closed form loses digits (or is 0/0) and the Taylor series is exact to rounding.
_VALUE_SERIES = 1e-5
_SLOPE_SERIES = 0.1


@np.errstate(over="ignore")  # far from rest exp(x) has no end, and b(x) is 0
def bernoulli(x: Array) -> Array:
    """b(x) = x / (exp(x) - 1); b(0) = 1, b(-x) = b(x) + x. Dimensionless, elementwise."""
    xp = namespace(x)
    small = xp.abs(x) < _VALUE_SERIES
    safe = xp.where(small, 1.0, x)
    return xp.where(small, 1 - x / 2 + x * x / 12, safe / xp.expm1(safe))


def bernoulli_slope(x: Array) -> Array:
    """b'(x), between -1 and 0; b'(0) = -1/2, b'(-x) = -1 - b'(x). Dimensionless, elementwise."""
    xp = namespace(x)
    small = xp.abs(x) < _SLOPE_SERIES
    safe = xp.where(small, 1.0, x)
    e = xp.expm1(safe)
    square = x * x
    series = -0.5 + x * (1 / 6 + square * (-1 / 180 + square * (1 / 5040 - square / 151200)))
    return xp.where(small, series, (e - safe * (e + 1)) / e / e)
