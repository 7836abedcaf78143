"""The resting potential as PyTensor Ops: the only module that knows PyTensor.

`kernel` (and, for monovalent ions, the faster one of `fused.py`) repeats the zero-current equation of `balance.py` in the
form a compiler likes; tests tie them together. The Ops' derivatives are exact, by the implicit function theorem.
"""

import hashlib
import inspect
import math
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import pytensor.scalar as ps
import pytensor.tensor as pt
from numba import types
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.graph.utils import MethodNotDefined
from pytensor.link.numba.dispatch.basic import register_funcify_and_cache_key
from pytensor.scalar.basic import ScalarOp, upgrade_to_float
from pytensor.tensor.elemwise import Elemwise

from ..arrays import NAMESPACES
from . import fused
from .balance import Terms, net, slope
from .bernoulli import bernoulli

NAMESPACES["pytensor.scalar"] = SimpleNamespace(expm1=ps.expm1, where=ps.switch, abs=ps.abs, log=ps.log, exp=ps.exp)
NAMESPACES["pytensor.tensor"] = pt


def kernel(A, B, A2, B2, j, g):
    """u at which A b(-u) - B b(u) + A2 b(-2u) - B2 b(2u) + j + g u = 0; scalars in mM, compiled by numba."""
    low, high = -340.0, 340.0
    inward, outward = B + B2, A + A2
    if inward <= 0.0:
        u = low
    elif outward <= 0.0:
        u = high
    else:
        u = min(max(math.log(inward / outward), low), high)
    for _ in range(200):
        if abs(u) < 1e-2:
            square = u * u
            b = 1.0 - u / 2.0 + square * (1.0 / 12.0 - square / 720.0)
            db = -0.5 + u * (1.0 / 6.0 - square / 180.0)
            bend = 1.0 / 6.0 - square / 60.0
            e = math.expm1(u)
        else:
            e = math.expm1(u)
            inverse = 1.0 / e
            b = u * inverse
            db = (1.0 - b * (e + 1.0)) * inverse
            bend = -(e + 1.0) * (b + 2.0 * db) * inverse
        f = A * (b + u) - B * b + j + g * u
        df = A * (db + 1.0) - B * db + g
        curvature = (A - B) * bend
        if A2 != 0.0 or B2 != 0.0:
            b2 = 2.0 * b / (e + 2.0)
            db2 = (2.0 * db - b2 * (e + 1.0)) / (e + 2.0)
            f += A2 * (b2 + 2.0 * u) - B2 * b2
            df += A2 * (db2 + 2.0) - B2 * db2
            curvature = 0.0
        if f != f:  # bisection would make a number of it
            return f
        if f < 0.0:
            low = u
        elif f > 0.0:
            high = u
        step = f / df  # Newton's, and with the curvature Halley's
        new = u - step / max(1.0 - 0.5 * step * curvature / df, 0.5)
        if not (low <= new <= high):
            new = 0.5 * (low + high)
        step = abs(new - u)
        u = new
        if not step > 1e-6 * (1.0 + abs(u)):  # the error left is of its square or cube
            break
    return u


@cache
def solver() -> Callable[..., np.ndarray]:
    """The kernel as a NumPy function that broadcasts over its six arguments."""
    return numba.vectorize([numba.float64(*[numba.float64] * 6)])(kernel)


class RestingPotential(ScalarOp):
    """u = V_m / V_T at rest, from the six coefficients of the zero-current equation (mM)."""

    nin = 6

    def c_code(self, *args, **kwargs):
        raise MethodNotDefined("c_code", type(self), "numba and JAX compile it")

    def impl(self, *terms):
        return kernel(*terms)

    def pullback(self, inputs, outputs, output_grads):
        terms, (u,), (upstream,) = Terms(*inputs), outputs, output_grads
        b, b2 = bernoulli(u), bernoulli(2 * u)
        partials = (b + u, -b, b2 + 2 * u, -b2, 1.0, u)  # b(-x) = b(x) + x: exponentials are what takes the time
        scale = -upstream / slope(terms, u)
        return [scale * partial for partial in partials]


def _cache_key(source: Any) -> str:
    """Key of a kernel in PyTensor's disk cache: its source, since under a fixed one an edited kernel's old code is run;
    and its module, which the cached code imports."""
    return hashlib.sha256(f"{__name__}\n{inspect.getsource(source)}".encode()).hexdigest()


@register_funcify_and_cache_key(RestingPotential)
def _numba_resting_potential(op, node, **kwargs):
    return numba.njit(kernel), _cache_key(kernel)


def enable_jax() -> None:
    """Teach PyTensor's JAX backend the Op; called by whoever asks for a JAX sampler, since it imports JAX."""
    import jax
    import jax.numpy as jnp
    from pytensor.link.jax.dispatch import jax_funcify

    NAMESPACES["jax"] = jnp

    def resting_potential(*terms):
        terms = Terms(*(jnp.asarray(x, float) for x in terms))
        fixed = Terms(*jax.lax.stop_gradient(tuple(terms)))
        start = jnp.clip(jnp.log((fixed.B + fixed.B2) / (fixed.A + fixed.A2)), -340.0, 340.0)
        start = start + 0.0 * net(fixed, start)  # of the common, broadcast shape

        def unfinished(state):
            _, step, _, _, count = state
            return jnp.any(step > 1e-8) & (count < 200)

        def newton(state):
            u, _, low, high, count = state
            f = net(fixed, u)
            low, high = jnp.where(f < 0, u, low), jnp.where(f > 0, u, high)
            new = u - f / slope(fixed, u)
            new = jnp.where((new >= low) & (new <= high), new, (low + high) / 2)
            return new, jnp.abs(new - u) / (1 + jnp.abs(u)), low, high, count + 1

        state = (start, jnp.full_like(start, jnp.inf), jnp.full_like(start, -340.0), jnp.full_like(start, 340.0), 0)
        u = jax.lax.stop_gradient(jax.lax.while_loop(unfinished, newton, state)[0])
        # One step from the root moves nothing, and carries the exact derivative in either mode.
        return u - net(terms, u) / jax.lax.stop_gradient(slope(fixed, u))

    def with_partials(A, B, j):
        u = resting_potential(A, B, 0.0, 0.0, j, 0.0)
        return u, *_monovalent_partials(Terms(A, B, j=j), u)

    jax_funcify.register(RestingPotential)(lambda op, **kwargs: resting_potential)
    jax_funcify.register(MonovalentRest)(lambda op, **kwargs: with_partials)


class MonovalentRest(Op):
    """u, du/dA, du/dB and du/dj for vectors of coefficients of monovalent ions and a pump, by the fused kernel.

    Its partials are outputs, so that the gradient costs nothing; they are not differentiated again.
    """

    __props__ = ()

    def make_node(self, A, B, j):
        inputs = [pt.as_tensor(x, dtype="float64") for x in (A, B, j)]
        return Apply(self, inputs, [pt.vector(dtype="float64", shape=inputs[0].type.shape) for _ in range(4)])

    def perform(self, node, inputs, outputs):
        found = fused.root_and_partials(*(np.ascontiguousarray(x) for x in inputs))
        for output, x in zip(outputs, found, strict=False):
            output[0] = x.copy()

    def pullback(self, inputs, outputs, output_grads):
        return [output_grads[0] * partial for partial in outputs[1:]]


def _monovalent_partials(terms: Terms, u):
    b = bernoulli(u)
    rise = slope(terms, u)
    return -(b + u) / rise, b / rise, -1.0 / rise


@register_funcify_and_cache_key(MonovalentRest)
def _numba_monovalent_rest(op, node, **kwargs):
    fused.compiled()
    addresses = [types.uintp] * 4
    solve = types.ExternalFunction(fused.SYMBOL, types.void(types.intp, *addresses))

    @numba.njit
    def monovalent_rest(A, B, j):
        A, B, j = np.ascontiguousarray(A), np.ascontiguousarray(B), np.ascontiguousarray(j)
        found = np.empty((5, A.size))
        solve(A.size, A.ctypes.data, B.ctypes.data, j.ctypes.data, found.ctypes.data)
        if A.size + B.size + j.size < 0:  # never; asked after the call, since numba frees an array after its last use
            found[:] = np.nan
        return found[0], found[1], found[2], found[3]

    return monovalent_rest, _cache_key(fused)


_monovalent = MonovalentRest()
_root = Elemwise(RestingPotential(upgrade_to_float, name="resting_potential"), name="resting_potential")


def root(A, B, A2=0.0, B2=0.0, j=0.0, g=0.0):
    """The resting state u = V_m / V_T as a symbolic variable, elementwise over broadcasting terms (mM)."""
    if all(isinstance(x, float) and x == 0.0 for x in (A2, B2, g)):
        A, B, j = pt.broadcast_arrays(*(pt.as_tensor(x) for x in (A, B, j)))
        if A.ndim == 1:
            return _monovalent(A, B, j)[0]
    return _root(A, B, A2, B2, j, g)
