"""The roots of many zero-current equations by compiled code: what `rest.py` does, vectorised where it can be."""

from dataclasses import fields
from functools import cache

import numpy as np

from ..compiling.machine import Machine, compiled
from ..compiling.schedule import Schedule
from ..compiling.trace import Axis, Graph
from .balance import Terms

_ROOTS = Axis("root", long=True)


def coefficients(monovalent: bool) -> tuple[str, ...]:
    """Names of the terms that a kernel reads."""
    return ("A", "B", "j") if monovalent else tuple(field.name for field in fields(Terms))


@cache
def kernel(monovalent: bool) -> Machine:
    """Compiled code that reads the vectors of `coefficients` and writes a vector of roots: see `table`."""
    graph, nothing = Graph(), np.zeros(0)
    at = Terms(**{name: graph.data(nothing, _ROOTS) for name in coefficients(monovalent)})
    slot = graph.data(nothing, _ROOTS).payload
    return compiled(Schedule(graph, None, {}, {slot: graph.apply("rest", *at)}))


def table(vectors: list[np.ndarray], found: np.ndarray) -> list[np.ndarray]:
    """What a kernel reads and writes, in its order."""
    return [np.array([found.size]), np.zeros(1), *vectors, found]


def roots(terms: Terms) -> np.ndarray:
    """u = V_m / V_T at which the net current is zero; broadcasts over the terms' arrays."""
    terms_of = dict(zip(coefficients(False), np.broadcast_arrays(*terms), strict=True))
    vectors = [np.ascontiguousarray(terms_of[name], float).ravel() for name in coefficients(terms.monovalent)]
    found = np.empty(np.broadcast(*terms).shape)
    kernel(terms.monovalent)(np.zeros(0), table(vectors, found))
    return found
