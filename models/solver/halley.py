"""u where A b(-u) - B b(u) + j = 0, by branch-free steps that a compiler vectorises.

Three Halley steps from log(B/A), and a Newton step. Roots beyond LIMIT, or that these steps did not lead to, are found again
by the bracketed steps of `newton.py`. The mirrored equation (A and B swapped, j and u negated) keeps the root at u >= 0, where
nothing cancels.
"""

from ..arrays import Array, namespace

LIMIT = 10.0  # of |u|; 250 mV
LOOSE = 2e-13  # of the last step, relative to 1 + u


def halley(A: Array, B: Array, j: Array) -> tuple[Array, Array]:
    """u, and by how much the last step is too large for u to be trusted: at most 0 where it is not."""
    xp = namespace(A, B, j)
    mirrored = A - B + j > 0.0
    sign = xp.where(mirrored, -1.0, 1.0)
    p, q, k = xp.where(mirrored, B, A), xp.where(mirrored, A, B), sign * j
    u = xp.log(q / p)
    u = xp.where(u > 0.0, u, 0.0)
    u = xp.where(u < LIMIT, u, LIMIT)
    for _ in range(3):
        b, slope, curvature = _bernoulli(u)
        f, df = p * (b + u) - q * b + k, p * (slope + 1.0) - q * slope
        u = u - 2.0 * f * df / (2.0 * df * df - f * ((p - q) * curvature))
    b, slope, _ = _bernoulli(u)
    step = (p * (b + u) - q * b + k) / (p * (slope + 1.0) - q * slope)
    excess = abs(step) - LOOSE * (1.0 + u)
    return sign * (u - step), xp.where(u < LIMIT, excess, 1.0)


def _bernoulli(u: Array) -> tuple[Array, Array, Array]:
    """b(u), b'(u) and b''(u) from one exponential, by their series near 0."""
    xp = namespace(u)
    near = abs(u) < 0.1
    x = xp.where(near, 1.0, u)
    r = 1.0 / xp.expm1(x)
    b = x * r
    d = r - b * (1.0 + r)
    s = u * u
    return (
        xp.where(near, 1.0 - 0.5 * u + s * (1 / 12 + s * (-1 / 720 + s * (1 / 30240 - s / 1209600))), b),
        xp.where(near, -0.5 + u * (1 / 6 + s * (-1 / 180 + s * (1 / 5040 - s / 151200))), d),
        xp.where(near, 1 / 6 + s * (-1 / 60 + s * (1 / 1008)), (1.0 + r) * (b * (1.0 + 2.0 * r) - 2.0 * r)),
    )
