"""The compiled kernel against the plain solver: values, both ends, what is no number."""

import numpy as np
import pytest

from vrest.models.solver.balance import Terms, net
from vrest.models.solver.halley import LIMIT, halley
from vrest.models.solver.kernel import roots
from vrest.models.solver.newton import WIDEST, by_newton
from vrest.models.solver.rest import rest


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


def divalent(n: int = 3000) -> Terms:
    A, B, j = (x[:n] for x in coefficients())
    A2, B2, g = np.random.default_rng(3).lognormal(0, 2, (3, n))
    return Terms(A, B, A2, B2, j, g)


@pytest.mark.parametrize(
    "terms", [Terms(*coefficients()[:2], j=coefficients()[2]), divalent()], ids=["monovalent", "all"]
)
def test_it_is_the_plain_solver(terms):
    plain, u = by_newton(terms), roots(terms)
    inside = np.abs(plain) < WIDEST - 1
    assert (np.abs(plain) > LIMIT).sum() > 100 or not terms.monovalent, "both ways of solving must be tried"
    assert np.max(np.abs(u - plain)[inside] / (1 + np.abs(plain[inside]))) < 1e-12
    assert np.array_equal(u > 0, plain > 0)


def test_the_quick_steps_say_where_they_do_not_lead():
    A, B, j = coefficients()
    with np.errstate(all="ignore"):
        u, excess = halley(A, B, j)
    plain = by_newton(Terms(A, B, j=j))
    trusted = excess <= 0
    assert 0.5 < trusted.mean() < 1
    near = (np.abs(plain) < 1) & (np.abs(j) < 0.1 * (A + B))  # the series about 0, and what is beside it
    assert (near & (np.abs(plain) < 0.1)).sum() > 500
    assert trusted[near].all()
    assert np.max(np.abs(u - plain)[trusted] / (1 + np.abs(plain[trusted]))) < 1e-12


@pytest.mark.parametrize("solve", [by_newton, roots, rest], ids=["plain", "compiled", "rest"])
def test_what_is_no_number_stays_none(solve):
    nan = np.array([np.nan, 1.0, np.nan])
    assert np.array_equal(np.isnan(solve(Terms(np.full(3, 100.0), 10.0, j=nan))), np.isnan(nan))
    assert np.array_equal(np.isnan(solve(Terms(100.0 * nan, 10.0, j=1.0))), np.isnan(nan))
    assert np.array_equal(np.isnan(solve(Terms(100.0, 10.0, nan, nan, 1.0, nan))), np.isnan(nan))


@pytest.mark.parametrize("solve", [by_newton, roots], ids=["plain", "compiled"])
def test_both_ends_are_where_the_search_ends(solve):
    ends = solve(Terms(np.array([100.0, 10.0]), 10.0, j=np.array([1e9, -1e9])))
    assert ends == pytest.approx([-WIDEST, WIDEST], rel=1e-6)
    assert solve(Terms(np.array([100.0, 10.0]), np.array([0.0, 10.0]), j=0.0))[0] == pytest.approx(-WIDEST, rel=1e-6)


def test_many_numbers_are_solved_by_it_and_few_by_newton(monkeypatch):
    """To the last digits alike, whatever the shapes, across the pieces that it takes them in."""
    monkeypatch.setattr("vrest.models.solver.rest._MOST_BY_NUMPY", 5000)
    A, B, j = coefficients(12_000)
    few = by_newton(Terms(A, B, j=j))
    inside = np.abs(few) < 300
    many = rest(Terms(A, B, j=j[:, None].T))
    assert many.shape == (1, 12_000)
    assert np.max(np.abs(many[0] - few)[inside] / (1 + np.abs(few[inside]))) < 1e-12
    assert not np.array_equal(many[0], few), "both ways of solving must be tried"
    grid = rest(Terms(A[:120, None], B[None, :100]))
    assert grid == pytest.approx(np.log(B[None, :100] / A[:120, None]), rel=1e-12, abs=1e-13)
