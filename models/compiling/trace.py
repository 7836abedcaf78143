"""Symbols that record what an equation does with them: a graph of scalar operations, each at a place in some axis."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Union

import numpy as np


@dataclass(frozen=True, eq=False)
class Axis:
    """What an operation is repeated over: the cells, say, or the conditions.

    Attributes
    ----------
    name : for reading.
    within : the axis whose entries the entries of this one belong to, in order (the rows of each condition), if any.
    long : whether it may be too long to hold what is computed on the way: it is then worked through in pieces.
    """

    name: str
    within: Union["Axis", None] = None
    long: bool = False


def _operator(op: str, swapped: bool = False) -> Any:
    if swapped:
        return lambda self, other: self.graph.apply(op, other, self)
    return lambda self, other: self.graph.apply(op, self, other)


class Node:
    """One operation: `op` on `args` (nodes), once for each entry of `axis`, or once in all where that is None.

    `payload` says which constant, array or parameter a node without arguments is.
    """

    __slots__ = ("args", "axis", "graph", "index", "op", "payload")
    __array_ufunc__ = None  # arrays leave arithmetic with a node to the node, which refuses them

    def __init__(self, graph: "Graph", index: int, op: str, args: tuple["Node", ...], axis: Axis | None, payload: Any):
        self.graph, self.index, self.op, self.args, self.axis, self.payload = graph, index, op, args, axis, payload

    ndim = property(lambda self: 0 if self.axis is None else 1)

    __add__, __radd__ = _operator("add"), _operator("add", swapped=True)
    __sub__, __rsub__ = _operator("sub"), _operator("sub", swapped=True)
    __mul__, __rmul__ = _operator("mul"), _operator("mul", swapped=True)
    __truediv__, __rtruediv__ = _operator("div"), _operator("div", swapped=True)
    __lt__, __gt__ = _operator("lt"), _operator("lt", swapped=True)
    __le__, __ge__ = _operator("le"), _operator("le", swapped=True)
    __and__, __or__ = _operator("and"), _operator("or")

    def __neg__(self):
        return self.graph.apply("neg", self)

    def __abs__(self):
        return self.graph.apply("abs", self)

    def __pow__(self, n):
        if isinstance(n, int | float) and float(n).is_integer() and 0 < abs(n) <= 8:
            power = self
            for _ in range(int(abs(n)) - 1):
                power = power * self
            return power if n > 0 else 1.0 / power
        root = self.graph.apply("sqrt", self)
        if isinstance(n, float) and n in (0.5, 1.5):
            return root if n == 0.5 else self * root
        return self.graph.apply("exp", n * self.graph.apply("log", self))

    def __rpow__(self, base):
        return self.graph.apply("exp", self * float(np.log(base)))

    def __getitem__(self, index):
        """Of each entry of the index's axis, the value at the entry that the index names."""
        index = index[-1] if isinstance(index, tuple) else index
        if not (isinstance(index, Node) and index.op == "index"):
            raise TypeError("a traced variable is indexed by a traced index only")
        return self if self.axis is None else self.graph.node("take", (self, index), index.axis)

    def __bool__(self):
        raise TypeError("a traced variable has no truth value: choose by `where`")

    def __repr__(self) -> str:
        inside = ", ".join(str(a.index) for a in self.args) if self.args else self.payload
        return f"{self.index}: {self.op}({inside}) over {self.axis.name if self.axis else 'nothing'}"


_BINARY: dict[str, Any] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
}
CONSTANT = "constant"


@dataclass
class Graph:
    """The nodes of one function, each once, and what it reads when it runs.

    Attributes
    ----------
    axes : those in use, coarse ones before the finer ones that read from them, with their lengths.
    numbers, arrays : the data, in the order in which the code finds them.
    blocks : the axis of each parameter or row of parameters in the vector that the function is of.
    starts : of axes within others, the array that says where the entries of each entry begin.
    """

    axes: dict[Axis, int] = field(default_factory=dict)
    numbers: list[float] = field(default_factory=list)
    arrays: list[np.ndarray] = field(default_factory=list)
    blocks: list[Axis | None] = field(default_factory=list)
    starts: dict[Axis, int] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    _known: dict[tuple, Node] = field(default_factory=dict)

    def node(self, op: str, args: Sequence[Node] = (), axis: Axis | None = None, payload: Any = None) -> Node:
        """The node that does this; the one there is already, where there is one."""
        key = (op, tuple(a.index for a in args), axis, payload)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Node(self, len(self.nodes), op, tuple(args), axis, payload)
            self.nodes.append(found)
        return found

    def constant(self, value: float) -> Node:
        """A number that belongs to the structure; numbers that may change are `number`."""
        return self.node(CONSTANT, payload=float(value))

    def number(self, value: float) -> Node:
        """A number that is read when the code runs."""
        self.numbers.append(float(value))
        return self.node("number", payload=len(self.numbers) - 1)

    def data(self, values: np.ndarray, axis: Axis) -> Node:
        """Numbers along an axis, read when the code runs; of integers, an index into another axis."""
        values = np.asarray(values)
        op, dtype = ("index", np.int64) if values.dtype.kind in "iu" else ("data", np.float64)
        if self.axes.setdefault(axis, len(values)) != len(values):
            raise ValueError(f"{len(values)} values along the axis {axis.name}, which has {self.axes[axis]}")
        self.arrays.append(np.ascontiguousarray(values, dtype))
        return self.node(op, axis=axis, payload=len(self.arrays) - 1)

    def nest(self, axis: Axis, index: np.ndarray) -> Node:
        """The index, in rising order, of the entry that each entry of an axis lies within."""
        assert axis.within is not None, f"{axis.name} lies within no other axis"
        starts = np.searchsorted(index, np.arange(self.axes[axis.within] + 1))
        self.arrays.append(np.ascontiguousarray(starts, np.int64))
        self.starts[axis] = len(self.arrays) - 1
        return self.data(index, axis)

    def parameter(self, axis: Axis | None = None) -> Node:
        """The next parameter of the vector that the function is of, or as many as the axis is long."""
        self.blocks.append(axis)
        return self.node("parameter", axis=axis, payload=len(self.blocks) - 1)

    def table(self) -> list[np.ndarray]:
        """What the code reads when it runs, in its order: lengths and places, numbers, arrays."""
        sizes = [1 if axis is None else self.axes[axis] for axis in self.blocks]
        places = np.cumsum([0, *sizes])[:-1]
        return [np.array([*self.axes.values(), *places, 0], np.int64), np.array([*self.numbers, 0.0]), *self.arrays]

    def of(self, value: Any) -> Node:
        """`value` as a node."""
        if isinstance(value, Node):
            return value
        if np.ndim(value):
            raise TypeError("an array is data, which traced equations do not take as it is")
        return self.constant(value)

    def apply(self, op: str, *values: Any) -> Node:
        """An operation on nodes and plain numbers, spared where it changes nothing."""
        args = [self.of(value) for value in values]
        known = [a.payload if a.op == CONSTANT else None for a in args]
        if op in _BINARY and None not in known and not (op == "div" and known[1] == 0):
            return self.constant(_BINARY[op](*known))
        spared = self._spared(op, args, known)
        return spared if spared is not None else self.node(op, args, joined(args))

    def _spared(self, op: str, args: list[Node], known: list) -> Node | None:
        match op, known:
            case ("add", [0.0, _]) | ("mul", [1.0, _]):
                return args[1]
            case ("add" | "sub", [_, 0.0]) | ("mul" | "div", [_, 1.0]) | ("mul", [0.0, _]):
                return args[0]
            case "mul", [_, 0.0]:
                return args[1]
            case ("sub", [0.0, _]) | ("mul", [-1.0, _]):
                return self.apply("neg", args[1])
            case "neg", [x] if x is not None:
                return self.constant(-x)
            case "neg", _ if args[0].op == "neg":
                return args[0].args[0]
            case "where", _ if args[1] is args[2]:
                return args[1]
        return None


def joined(args: Sequence[Node]) -> Axis | None:
    """The axis of an operation on `args`, which have one axis or none."""
    found: Axis | None = None
    for a in args:
        if a.axis is not None and a.axis is not found:
            if found is not None and a.axis != found:
                raise TypeError(f"{found.name} and {a.axis.name} meet without an index from one to the other")
            found = a.axis
    return found
