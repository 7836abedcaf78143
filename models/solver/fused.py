"""u and its partial derivatives by A, B and j, where A b(-u) - B b(u) + j = 0: one branch-free loop that LLVM vectorises.

Three Halley steps from log(B/A), on arithmetic alone (no libm call, which would stop vectorisation here). Rows whose
root lies beyond LIMIT, or that three steps did not bring home, are solved again one by one by bracketed Newton.
The mirrored equation (A and B swapped, j and u negated) keeps the root at u >= 0, where nothing cancels.
"""

import ctypes
import math
from functools import cache
from pathlib import Path

import numba
import numpy as np
from llvmlite import ir
from llvmlite.binding import add_symbol
from numba import types
from numba.extending import intrinsic

from .machine_code import MachineCode, kept

SYMBOL = "vrest_root_and_partials"
LIMIT = 10.0  # of |u|; 250 mV
LOOSE = 2e-13  # a last step above this, relative to 1 + u, sends a row to Newton: derivatives are those before the step
# No nnan, ninf: rows that overflow must be seen by the test for convergence.
FAST = {"contract", "arcp", "nsz", "afn"}
F2, F3, F4, F5, F6, F7, F8 = (1 / math.factorial(n) for n in range(2, 9))
LN2, SQRT_HALF = math.log(2), math.sqrt(0.5)
_inline = numba.njit(forceinline=True, fastmath=FAST, error_model="numpy")


@intrinsic
def _bits(context, x):
    """The 64 bits of a float, as an integer."""
    code = lambda context, builder, signature, args: builder.bitcast(args[0], ir.IntType(64))  # noqa: E731
    return types.int64(types.float64), code


@intrinsic
def _float(context, x):
    """The float that has these 64 bits."""
    code = lambda context, builder, signature, args: builder.bitcast(args[0], ir.DoubleType())  # noqa: E731
    return types.float64(types.int64), code


@_inline
def _rough_log(x):
    """log(x) to 1e-6, for finite x > 0: exponent from the bits, series of the mantissa."""
    bits = _bits(x)
    # 2**52 + k in its bits, since AVX2 cannot convert integers of 64 bits
    k = _float((bits >> 52) | 0x4330000000000000) - (4503599627370496.0 + 1023.0)
    m = _float((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000) * SQRT_HALF  # [0.707, 1.414)
    t = (m - 1.0) / (m + 1.0)
    s = t * t
    return (k + 0.5) * LN2 + t * (2.0 + s * (2 / 3 + s * (2 / 5 + s * (2 / 7))))


@_inline
def _expm1(x):
    """exp(x) - 1 for |x| <= LIMIT and a little more, exact relative to itself: e(2y) = e(y) (2 + e(y))."""
    y = x * (1.0 / 256.0)
    e = y * (1.0 + y * (F2 + y * (F3 + y * (F4 + y * (F5 + y * (F6 + y * (F7 + y * F8)))))))
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    return e * (2.0 + e)


@_inline
def _bernoulli(u):
    """b(u) and b'(u), by their series near 0."""
    near = abs(u) < 0.1
    x = 1.0 if near else u
    r = 1.0 / _expm1(x)
    b = x * r
    d = r - b * (1.0 + r)
    s = u * u
    b_near = 1.0 - 0.5 * u + s * (1 / 12 + s * (-1 / 720 + s * (1 / 30240 - s / 1209600)))
    d_near = -0.5 + u * (1 / 6 + s * (-1 / 180 + s * (1 / 5040 - s / 151200)))
    return (b_near if near else b), (d_near if near else d), r


@_inline
def _halley(A, B, j, u):
    b, d, r = _bernoulli(u)
    near = abs(u) < 0.1
    s = u * u
    d2 = (1 / 6 + s * (-1 / 60 + s * (1 / 1008))) if near else (1.0 + r) * (b * (1.0 + 2.0 * r) - 2.0 * r)
    f = A * (b + u) - B * b + j
    df = A * (d + 1.0) - B * d
    return u - 2.0 * f * df / (2.0 * df * df - f * ((A - B) * d2))


@numba.njit(error_model="numpy")
def newton(A, B, j):
    """u, du/dA, du/dB, du/dj of one row, wherever its root lies."""
    low, high = -340.0, 340.0
    u = min(max(math.log(B / A), low), high) if A > 0.0 and B > 0.0 else (low if B <= 0.0 else high)
    b = c = 0.0
    df = 1.0
    for _ in range(200):
        a = abs(u)  # b(a) and a + b(a) lose nothing to cancellation, for either sign of u
        if a < 0.1:
            s = a * a
            small = 1.0 - 0.5 * a + s * (1 / 12 + s * (-1 / 720 + s * (1 / 30240 - s / 1209600)))
            slope = -0.5 + a * (1 / 6 + s * (-1 / 180 + s * (1 / 5040 - s / 151200)))
        else:
            r = 1.0 / math.expm1(a)
            small = a * r
            slope = r - small * (1.0 + r)
        if u >= 0:
            b, c = small, small + a  # b(u), b(-u)
        else:
            b, c = small + a, small
        # -b'(|u|) and 1 + b'(|u|) are the two slopes; which belongs to A and which to B, the sign of u says.
        rise = slope + 1.0
        df = A * (rise if u >= 0 else -slope) + B * (-slope if u >= 0 else rise)
        f = A * c - B * b + j
        if f != f:  # bisection would turn it into a number
            return f, f, f, f
        if f < 0.0:
            low = u
        elif f > 0.0:
            high = u
        new = u - f / df
        if not (low <= new <= high):
            new = 0.5 * (low + high)
        step = abs(new - u)
        u = new
        if not step > 1e-14 * (1.0 + abs(u)):
            break
    return u, -c / df, b / df, -1.0 / df


@numba.njit(fastmath=FAST, error_model="numpy", boundscheck=False)
def _vectorised(A, B, j, out):
    for i in range(A.size):
        a, b, pump = A[i], B[i], j[i]
        mirrored = a - b + pump > 0.0
        sign = -1.0 if mirrored else 1.0
        p = b if mirrored else a
        q = a if mirrored else b
        k = sign * pump
        u = _rough_log(q / p)
        u = u if u > 0.0 else 0.0
        u = u if u < LIMIT else LIMIT
        u = _halley(p, q, k, u)
        u = _halley(p, q, k, u)
        u = _halley(p, q, k, u)
        bu, du, _ = _bernoulli(u)
        slope = 1.0 / (p * (du + 1.0) - q * du)
        step = (p * (bu + u) - q * bu + k) * slope
        out[0, i] = sign * (u - step)
        out[1, i] = -slope * (bu if mirrored else bu + u)
        out[2, i] = slope * (bu + u if mirrored else bu)
        out[3, i] = -slope
        out[4, i] = step / (1.0 + u) if u < LIMIT else 1.0


@numba.njit(error_model="numpy")
def _mend(A, B, j, out):
    """Solve again, one by one, the rows that the loop did not bring home; returns how many."""
    wild = 0
    for i in range(A.size):
        if not abs(out[4, i]) <= LOOSE:
            out[0, i], out[1, i], out[2, i], out[3, i] = newton(A[i], B[i], j[i])
            wild += 1
    return wild


def _solve(n, A, B, j, found):
    """The loop as C calls it: vectors of length `n`, and five rows of as many for what is found."""
    a, b, pump, out = numba.carray(A, n), numba.carray(B, n), numba.carray(j, n), numba.carray(found, (5, n))
    _vectorised(a, b, pump, out)
    _mend(a, b, pump, out)


@cache
def compiled() -> int:
    """The address of the loop as machine code, linked into this process under the name SYMBOL.

    Code that calls it by that name can itself be kept, and is not optimised anew around it.
    """
    vector = types.CPointer(types.float64)
    signature = types.void(types.intp, vector, vector, vector, vector)
    address = kept(["fused"], [Path(__file__)], lambda: MachineCode.of(_solve, signature)).address()
    add_symbol(SYMBOL, address)
    return address


def root_and_partials(A: np.ndarray, B: np.ndarray, j: np.ndarray) -> np.ndarray:
    """u, du/dA, du/dB, du/dj (the first four rows; the fifth is scratch) for vectors of coefficients in mM."""
    out = np.empty((5, A.size))
    held = [np.ascontiguousarray(x, float) for x in (A, B, j)]
    solve = ctypes.CFUNCTYPE(None, ctypes.c_ssize_t, *[ctypes.c_void_p] * 4)(compiled())
    solve(A.size, *(x.ctypes.data for x in (*held, out)))
    return out
