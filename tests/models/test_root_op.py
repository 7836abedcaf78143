"""The compiled Op against the plain equations: values, derivatives, the stop-gradient reference, JAX."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from pytensor.gradient import disconnected_grad, verify_grad

from tests.models.test_equations import random_terms
from vrest.models.conditions import Conditions
from vrest.models.ions import ions
from vrest.models.laws.registry import LAWS
from vrest.models.solver.balance import Terms, net, slope
from vrest.models.solver.kernel import roots
from vrest.models.solver.rest import rest
from vrest.models.solver.root import enable_jax, root

INPUTS = [pt.dvector(name) for name in ("A", "B", "A2", "B2", "j", "g")]


def values(n: int = 400, seed: int = 11) -> list[np.ndarray]:
    _, terms = random_terms(n, seed)
    g = np.where(np.arange(n) % 2, np.random.default_rng(seed).lognormal(0, 1, n), 0.0)
    return [np.broadcast_to(x, n).astype(float) for x in Terms(terms.A, terms.B, terms.A2, terms.B2, terms.j, g)]


def value_and_gradient(u):
    return pytensor.function(INPUTS, [u, *pytensor.grad(u.sum(), INPUTS)])


def stop_gradient_reference():
    """The root as a constant plus one implicit step: exact derivatives by automatic differentiation of the plain form."""
    terms = Terms(*INPUTS)
    u = disconnected_grad(root(*INPUTS))
    return u - net(terms, u) / disconnected_grad(slope(terms, u))


def test_op_equals_the_plain_solver():
    x = values()
    u = pytensor.function(INPUTS, root(*INPUTS))(*x)
    assert np.max(np.abs(u - rest(Terms(*x)))) * 25 < 1e-9
    interpreted = pytensor.function(INPUTS, root(*INPUTS), mode=Mode(linker="py", optimizer=None))(*x)
    assert np.array_equal(interpreted, u)


def test_monovalent_ions_have_a_kernel_of_their_own_with_the_same_values_and_derivatives():
    A, B, j = (values()[k] for k in (0, 1, 4))
    inputs = [INPUTS[k] for k in (0, 1, 4)]
    zero = pt.zeros_like(inputs[0])
    general = root(inputs[0], inputs[1], zero, zero, inputs[2], zero)
    own = root(inputs[0], inputs[1], j=inputs[2])
    found = [pytensor.function(inputs, [u, *pytensor.grad((u**2).sum(), inputs)])(A, B, j) for u in (own, general)]
    near = np.abs(found[1][0]) < 10
    for mine, theirs in zip(*found, strict=True):
        assert mine[near] == pytest.approx(theirs[near], rel=1e-8, abs=1e-12)
    broadcast = root(inputs[0], 5.0, j=inputs[2])
    assert pytensor.function(inputs, broadcast, on_unused_input="ignore")(A, B, j).shape == A.shape
    scalar = pt.dscalar()
    assert pytensor.function([scalar], root(scalar, 5.0))(50.0) == pytest.approx(np.log(0.1))


def test_derivatives_equal_the_stop_gradient_reference_and_the_complex_step():
    x = values()
    exact = value_and_gradient(root(*INPUTS))(*x)
    for mine, reference in zip(exact, value_and_gradient(stop_gradient_reference())(*x), strict=True):
        assert mine == pytest.approx(reference, rel=1e-8, abs=1e-12)
    for k in range(6):
        stepped = [v + 1e-30j if i == k else v for i, v in enumerate(x)]
        assert exact[k + 1] == pytest.approx(np.imag(rest(Terms(*stepped))) / 1e-30, rel=1e-8, abs=1e-12)


def test_derivatives_against_finite_differences():
    x = [v[:6] for v in values(seed=4)]
    verify_grad(lambda *terms: root(*terms), x, rng=np.random.default_rng(1), abs_tol=1e-4, rel_tol=1e-4)


def test_kernel_through_zero():
    near = np.concatenate([[0.0], np.logspace(-12, -1, 60), -np.logspace(-12, -1, 60)])
    assert roots(Terms(100.0, 100.0 * np.exp(near), 0.0)) == pytest.approx(near, abs=1e-13)
    assert roots(Terms(100.0, 100.0 * np.exp(near), np.zeros(121))) == pytest.approx(near, abs=1e-13)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_every_law_is_one_equation_for_numpy_and_pytensor(law):
    species = law.usable(ions(["K", "Na", "Cl"]))
    K = np.array([0.5, 2.5, 10.0, 80.0, 140.0])
    c_o = {"K": K, "Na": 155 - K, "Cl": 0 * K + 120}
    blocked = np.array([0.0, 0, 1, 0, 1]) * law.has_pump
    inside = {"K": 140.0, "Na": 15.0, "Cl": 10.0}
    at = Conditions(species, c_o, inside, np.array([10.0, 20, 30, 37, 37]), blocked)
    reference = Conditions(species, {name: x[1] for name, x in c_o.items()}, inside, 20.0)
    theta = {p.name: p.prior.typical for p in law.parameters(species)}
    symbols = {name: pt.dscalar() for name in theta}
    outputs = law.potential(symbols, replace(at, c_o={n: pt.as_tensor(x) for n, x in c_o.items()}), reference)
    compiled = pytensor.function(list(symbols.values()), outputs)(*theta.values())
    assert compiled == pytest.approx(law.potential(theta, at, reference), abs=1e-9)


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs the extra vrest[jax]")
def test_jax_gives_the_same_values_and_derivatives():
    enable_jax()
    x = values()
    u = root(*INPUTS)
    outputs = [u, *pytensor.grad(u.sum(), INPUTS)]
    for mine, other in zip(pytensor.function(INPUTS, outputs, mode="JAX")(*x), value_and_gradient(u)(*x), strict=True):
        assert np.asarray(mine) == pytest.approx(other, rel=1e-8, abs=1e-11)
