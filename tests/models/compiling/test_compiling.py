"""Tracing, derivatives and compiled loops, against NumPy, SciPy and the complex step."""

import numpy as np
import pytest
import scipy.special

from vrest.models.compiling import functions as f
from vrest.models.compiling.emit import PIECE
from vrest.models.compiling.machine import Machine, compiled
from vrest.models.compiling.reverse import gradient
from vrest.models.compiling.schedule import Schedule
from vrest.models.compiling.trace import Axis, Graph
from vrest.models.solver.balance import Terms
from vrest.models.solver.rest import rest

X = Axis("x", long=True)
RNG = np.random.default_rng(1)


def along(function, x: np.ndarray) -> np.ndarray:
    """A function of traced scalars at many places, by compiled code."""
    graph = Graph()
    node, slot = graph.data(x, X), graph.data(np.empty(len(x)), X).payload
    compiled(Schedule(graph, None, {}, {slot: function(node)}))(np.zeros(0), graph.table())
    return graph.arrays[slot]


def once(function, x: np.ndarray) -> tuple[float, np.ndarray]:
    """A function of traced parameters outside of all loops, and its gradient."""
    graph = Graph()
    y = function(*(graph.parameter() for _ in x))
    status, value, slopes = compiled(Schedule(graph, *gradient(graph, [y])))(x, graph.table())
    assert status == 0
    return value, slopes


@pytest.mark.parametrize(
    ("name", "theirs", "x"),
    [
        ("exp", np.exp, RNG.uniform(-700, 700, 2000)),
        ("expm1", np.expm1, RNG.uniform(-50, 50, 2000) * 10.0 ** RNG.uniform(-12, 0, 2000)),
        ("log", np.log, 10.0 ** RNG.uniform(-300, 300, 2000)),
        ("log", np.log, RNG.uniform(0.5, 2, 2000)),
        ("log1p", np.log1p, 10.0 ** RNG.uniform(-18, 8, 2000)),
        ("log1p", np.log1p, -(10.0 ** RNG.uniform(-18, -0.1, 2000))),
        ("tanh", np.tanh, RNG.uniform(-3, 3, 2000)),
        ("softplus", lambda x: np.logaddexp(0, x), RNG.uniform(-30, 30, 2000)),
        ("log_gamma", scipy.special.gammaln, RNG.uniform(3, 500, 2000)),
        ("sqrt", np.sqrt, 10.0 ** RNG.uniform(-300, 300, 2000)),
    ],
)  # fmt: skip
def test_elementary_functions_are_good_to_the_last_digits(name, theirs, x):
    assert along(getattr(f, name), x) == pytest.approx(theirs(x), rel=8e-16 if name != "log_gamma" else 1e-14, abs=0)


def test_elementary_functions_at_their_ends():
    found = along(f.log, np.array([0.0, -1.0, np.inf, np.nan, 1.0]))
    assert np.array_equal(found, [-np.inf, np.nan, np.inf, np.nan, 0.0], equal_nan=True)
    largest, least, none = along(f.exp, np.array([1e4, -1e4, np.nan]))
    assert largest > 1e300
    assert 0 <= least < 1e-300
    assert np.isnan(none)


def everything(p, q):
    """Every operation that has a derivative, once."""
    a = f.exp(p) / (1.0 + f.expm1(q) ** 2) - f.log1p(p * p) * f.sqrt(q + 3.0)
    b = f.where(p > q, f.tanh(p), f.softplus(q)) + f.maximum(p, 0.3 * q) - f.minimum(-p, q * 2.0)
    return a * b + abs(q - 1.0) ** 1.5 + f.log_gamma(q + 2.0) + 10 ** (0.1 * p) + (p * p) ** q - f.log10(q + 5.0)


def test_derivatives_of_every_operation():
    for x in RNG.uniform(0.2, 2.0, (8, 2)):
        value, slopes = once(everything, x)
        h = 1e-6
        for k, step in enumerate(np.eye(2) * h):
            numeric = (once(everything, x + step)[0] - once(everything, x - step)[0]) / (2 * h)
            assert slopes[k] == pytest.approx(numeric, rel=1e-6, abs=1e-7)
        assert value == pytest.approx(once(lambda p, q: everything(p, q) * 1.0, x)[0])


def test_a_function_of_a_plain_number_is_one():
    """As of a rate whose Q10 is no parameter: what it multiplies is a variable, and it is not."""
    assert once(lambda p: p * f.log(2.0) + f.exp(1.0), np.array([3.0]))[0] == pytest.approx(3 * np.log(2) + np.e)


def test_derivatives_of_a_root_are_those_of_the_complex_step():
    x = np.array([120.0, 30.0, 2.0, 5.0, 3.0, 1.5])
    value, slopes = once(lambda *terms: rest(Terms(*terms)), x)
    assert value == pytest.approx(float(rest(Terms(*x))), rel=1e-14)
    for k in range(6):
        stepped = [v + 1e-30j * (i == k) for i, v in enumerate(x)]
        assert slopes[k] == pytest.approx(float(np.imag(rest(Terms(*stepped)))) / 1e-30, rel=1e-11)


def nested(lengths=(3, 50, 4 * PIECE + 7), seed=0):
    """Groups, their members, and rows within long conditions: a graph, its terms, and the same in NumPy."""
    rng = np.random.default_rng(seed)
    groups, members, conditions = lengths
    rows = 2 * conditions
    group_of, member_of = rng.integers(0, groups, members), rng.integers(0, members, conditions)
    condition_of = np.sort(rng.integers(0, conditions, rows))
    c, y, e = rng.normal(size=conditions), rng.normal(size=rows), rng.uniform(0.5, 1, rows)
    graph, group, member = Graph(), Axis("group"), Axis("member")
    condition = Axis("condition", long=True)
    row = Axis("row", condition, long=True)
    graph.axes.update(dict(zip((group, member, condition, row), (*lengths, rows), strict=True)))
    scale, of_group, of_member = graph.parameter(), graph.parameter(group), graph.parameter(member)
    mine = f.exp(of_group)[graph.data(group_of, member)] * of_member
    level = f.log1p(mine**2)[graph.data(member_of, condition)] * scale + graph.data(c, condition)
    there = f.exp(-0.1 * level)[graph.nest(row, condition_of)]
    z = (graph.data(y, row) - there) / graph.data(e, row)
    terms = [-0.5 * z * z, -0.5 * (of_member - 1.0) ** 2, -(scale**2) * graph.number(0.3), 0.1 * level]

    def plain(x):
        s, g, m = x[0], x[1 : 1 + groups], x[1 + groups :]
        level = np.log1p((np.exp(g)[group_of] * m) ** 2)[member_of] * s + c
        z = (y - np.exp(-0.1 * level)[condition_of]) / e
        return np.sum(-0.5 * z * z) + np.sum(-0.5 * (m - 1.0) ** 2) - 0.3 * s**2 + np.sum(0.1 * level)

    return graph, terms, plain, np.concatenate([[1.1], rng.normal(size=groups), rng.normal(size=members)])


@pytest.mark.parametrize("lengths", [(3, 50, 4 * PIECE + 7), (1, 1, 1), (2, 5, PIECE)], ids=str)
def test_axes_within_axes_add_up_whatever_their_lengths(lengths):
    graph, terms, plain, x = nested(lengths)
    status, value, slopes = compiled(Schedule(graph, *gradient(graph, terms)))(x, graph.table())
    assert status == 0
    assert value == pytest.approx(plain(x), rel=1e-12)
    for k in range(len(x)):
        exact = np.imag(plain(x + 1e-30j * (np.arange(len(x)) == k))) / 1e-30
        assert slopes[k] == pytest.approx(exact, rel=1e-10, abs=1e-10)


def test_lengths_and_numbers_are_no_part_of_what_is_compiled():
    machines: list[Machine] = []
    for lengths, seed in (((3, 50, 100), 0), ((2, 5, 900), 1)):
        graph, terms, _, _ = nested(lengths, seed)
        machines.append(compiled(Schedule(graph, *gradient(graph, terms))))
    assert machines[0] is machines[1]


def test_what_is_not_finite_is_told():
    graph = Graph()
    x = graph.parameter()
    machine = compiled(Schedule(graph, *gradient(graph, [f.log(x)])))
    assert [machine(np.array([v]), graph.table())[0] for v in (1.0, -1.0, 0.0, np.inf)] == [0, 3, 3, 3]


def test_axes_that_meet_without_an_index_are_refused():
    graph = Graph()
    with pytest.raises(TypeError, match="without an index"):
        graph.data(np.zeros(3), Axis("a")) + graph.data(np.zeros(3), Axis("b"))
    with pytest.raises(TypeError, match="an array is data"):
        graph.parameter() + np.zeros(3)
    with pytest.raises(TypeError, match="no truth value"):
        bool(graph.parameter() > 0)
