"""The resting potential as a PyTensor Op, for PyMC's model: the only module of the models that knows PyTensor and JAX.

It solves by the compiled kernel, which for numba is a function found by name. Its derivatives are exact, by the implicit
function theorem.
"""

import hashlib
import inspect

import numba
import numpy as np
import pytensor.tensor as pt
from llvmlite.binding import add_symbol
from numba import types
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import register_funcify_and_cache_key

from ..arrays import NAMESPACES
from .balance import Terms, net, root_partials, slope
from .kernel import coefficients, kernel, roots
from .newton import SOLVERS, STEPS, TOLERANCE, WIDEST, newton_step, start

NAMESPACES["pytensor.tensor"] = pt


class RestingPotential(Op):
    """u = V_m / V_T at rest, from vectors of the coefficients of the zero-current equation (mM)."""

    __props__ = ("monovalent",)

    def __init__(self, monovalent: bool):
        self.monovalent = monovalent

    def terms(self, inputs) -> Terms:
        return Terms(**dict(zip(coefficients(self.monovalent), inputs, strict=True)))

    def make_node(self, *inputs):
        inputs = [pt.as_tensor(x, dtype="float64") for x in inputs]
        return Apply(self, inputs, [pt.vector(dtype="float64", shape=inputs[0].type.shape)])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = roots(self.terms(inputs))

    def pullback(self, inputs, outputs, output_grads):
        terms, (u,), (upstream,) = self.terms(inputs), outputs, output_grads
        partials = dict(zip(coefficients(False), root_partials(terms, u), strict=True))
        return [upstream * partials[name] for name in coefficients(self.monovalent)]


def root(A, B, A2=0.0, B2=0.0, j=0.0, g=0.0):
    """The resting state u = V_m / V_T as a symbolic variable, elementwise over broadcasting terms (mM)."""
    terms = Terms(A, B, A2, B2, j, g)
    names = coefficients(terms.monovalent)
    spread = pt.broadcast_arrays(*(pt.as_tensor(getattr(terms, name)) for name in names))
    shape = spread[0].shape
    u = RestingPotential(terms.monovalent)(*(x.ravel() for x in spread))
    return u.reshape(shape, ndim=spread[0].ndim)


SOLVERS[pt.__name__] = root


@register_funcify_and_cache_key(RestingPotential)
def _numba_resting_potential(op, node, **kwargs):
    """The kernel as numba calls it. Its key is the source: under a fixed one an edited kernel's old code would be run."""
    symbol = f"vrest_roots_{len(coefficients(op.monovalent))}"
    add_symbol(symbol, kernel(op.monovalent).address)
    solve = types.ExternalFunction(symbol, types.int64(types.uintp, *[types.uintp] * 4))

    @numba.njit
    def solved(rows):
        """The last row, the roots, from those before it, the coefficients."""
        count, n = rows.shape
        sizes, numbers, table = np.array([n]), np.zeros(1), np.empty(count + 2, np.int64)
        table[0], table[1] = sizes.ctypes.data, numbers.ctypes.data
        for k in range(count):
            table[k + 2] = rows.ctypes.data + 8 * n * k
        at = rows.ctypes.data
        solve(0, at, at, at, table.ctypes.data)
        if sizes.size + numbers.size + table.size < 0:  # never; asked after the call, since numba frees an array
            rows[:] = np.nan  # after its last use
        return rows[count - 1].copy()

    if op.monovalent:

        @numba.njit
        def resting_potential(A, B, j):
            rows = np.empty((4, A.size))
            rows[0], rows[1], rows[2] = A, B, j
            return solved(rows)
    else:

        @numba.njit
        def resting_potential(A, B, A2, B2, j, g):
            rows = np.empty((7, A.size))
            rows[0], rows[1], rows[2], rows[3], rows[4], rows[5] = A, B, A2, B2, j, g
            return solved(rows)

    key = f"{__name__}\n{op.monovalent}\n{inspect.getsource(_numba_resting_potential)}"
    return resting_potential, hashlib.sha256(key.encode()).hexdigest()


def enable_jax() -> None:
    """Teach PyTensor's JAX backend the Op; called by whoever asks for a JAX sampler, since it imports JAX."""
    import jax
    import jax.numpy as jnp
    from pytensor.link.jax.dispatch import jax_funcify

    NAMESPACES["jax"] = jnp

    def solved(terms: Terms):
        terms = Terms(*(jnp.asarray(x, float) if np.ndim(x) else x for x in terms))
        fixed = Terms(*jax.lax.stop_gradient(tuple(terms)))
        u = start(fixed) + 0.0 * net(fixed, start(fixed))  # of the common, broadcast shape

        def unfinished(state):
            *_, moved, count = state
            return jnp.any(moved > TOLERANCE) & (count < STEPS)

        def newton(state):
            u, low, high, _, count = state
            return *newton_step(fixed, u, low, high), count + 1

        wide = jnp.full_like(u, WIDEST)
        state = (u, -wide, wide, jnp.full_like(u, jnp.inf), 0)
        u = jax.lax.stop_gradient(jax.lax.while_loop(unfinished, newton, state)[0])
        # One step from the root moves nothing, and carries the exact derivative in either mode.
        return u - net(terms, u) / jax.lax.stop_gradient(slope(fixed, u))

    jax_funcify.register(RestingPotential)(lambda op, **kwargs: lambda *inputs: solved(op.terms(inputs)))
