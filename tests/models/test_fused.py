"""The vectorised kernel against the plain solver and the plain derivatives."""

import numpy as np
import pytest

from vrest.models.solver.balance import Terms, net, slope
from vrest.models.solver.bernoulli import bernoulli
from vrest.models.solver.fused import LIMIT, root_and_partials
from vrest.models.solver.rest import by_newton, rest


def coefficients(n: int = 12_000, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A, B, j over six decades, a quarter without pump, 1,000 rows through u = 0."""
    rng = np.random.default_rng(seed)
    A, B = 10.0 ** rng.uniform(-2, 4, (2, n))
    j = rng.normal(0, 1, n) * 10.0 ** rng.uniform(-6, 3, n)
    j[: n // 4] = 0
    B[-1000:] = A[-1000:]
    near = 10.0 ** rng.uniform(-14, -0.5, 1000) * rng.choice([-1, 1], 1000)
    j[-1000:] = -net(Terms(A[-1000:], B[-1000:]), near)
    return A, B, j


def test_it_solves_the_equation_and_has_its_derivatives():
    A, B, j = coefficients()
    terms = Terms(A, B, j=j)
    plain = by_newton(terms)
    inside = np.abs(plain) < 300  # further out the plain solver clips
    u, by_A, by_B, by_j, _ = root_and_partials(A, B, j)
    assert (np.abs(plain) > LIMIT).sum() > 500, "both ways of solving must be tried"
    assert np.max(np.abs(u - plain)[inside] / (1 + np.abs(plain[inside]))) < 1e-12
    near = np.abs(plain) < LIMIT
    rise = slope(terms, plain)
    for mine, partial in ((by_A, bernoulli(-plain)), (by_B, -bernoulli(plain)), (by_j, np.ones_like(plain))):
        # The plain slope, not the kernel's, loses digits: 5e-11 where u is near 10.
        assert mine[near] == pytest.approx((-partial / rise)[near], rel=2e-10)


def test_derivatives_are_those_of_the_root_itself():
    A, B, j = coefficients(4000)
    _, by_A, by_B, by_j, _ = root_and_partials(A, B, j)
    near = np.abs(by_newton(Terms(A, B, j=j))) < 8
    for k, mine in enumerate((by_A, by_B, by_j)):
        stepped = [x + 1e-30j if i == k else x for i, x in enumerate((A, B, j))]
        exact = np.imag(rest(Terms(stepped[0], stepped[1], j=stepped[2]))) / 1e-30
        assert mine[near] == pytest.approx(exact[near], rel=1e-9)


def test_what_is_no_number_stays_none():
    u = root_and_partials(np.array([100.0, np.nan, 100.0]), np.array([10.0, 10.0, np.nan]), np.zeros(3))[0]
    assert u[0] == pytest.approx(np.log(0.1))
    assert np.isnan(u[1:]).all()


def test_many_numbers_are_solved_by_it_and_few_by_newton():
    """To the last digits alike, whatever the shapes, across the blocks that it takes them in."""
    A, B, j = coefficients(12_000)
    few = by_newton(Terms(A, B, j=j))
    inside = np.abs(few) < 300
    many = rest(Terms(A, B, j=j[:, None].T))
    assert many.shape == (1, 12_000)
    assert np.max(np.abs(many[0] - few)[inside] / (1 + np.abs(few[inside]))) < 1e-12
    assert not np.array_equal(many[0], few), "both ways of solving must be tried"
    grid = rest(Terms(A[:120, None], B[None, :100]))
    assert grid == pytest.approx(np.log(B[None, :100] / A[:120, None]), rel=1e-12, abs=1e-13)
