"""A scheduled graph as LLVM's intermediate representation, in text.

The function takes (n, x, gradient, value, table), as nutpie calls a density, and returns 0, or 3 where something is not finite.
The table holds the addresses of integers (the length of every axis, then the place of every block of parameters in x),
of numbers, and of arrays.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ..solver.balance import Terms
from ..solver.halley import halley
from .functions import EXPANSIONS
from .helpers import helpers
from .schedule import READ, Loop, Schedule
from .text import Function, number
from .trace import CONSTANT, Axis, Node

PIECE = 256
"""Entries of a long axis that are worked through at a time: what is stored of them stays in the processor's cache."""


def module(schedule: Schedule, name: str) -> str:
    """The text of a module with one function called `name`."""
    attributes = 'attributes #0 = { "prefer-vector-width"="512" }\n'
    return helpers() + _Emitter(schedule, name).text() + attributes


def _terms(root: Node) -> Terms:
    return Terms(*(a.payload if a.op == CONSTANT else a for a in root.args))


class _Emitter(Function):
    def __init__(self, schedule: Schedule, name: str):
        super().__init__(f"i64 @{name}(i64 %n, ptr %x, ptr %gradient, ptr %value, ptr %table)", "#0")
        self.plan, self.graph = schedule, schedule.graph
        self.axes = list(self.graph.axes)
        self.held: dict[tuple, str] = {}  # where loops leave things behind: by node, and what of it
        self.scalars = self.known
        self.current: Loop | None = None
        self.at: dict[Axis, tuple[str, str]] = {}  # the place along an axis, and where its piece begins

    def text(self) -> str:
        self._read_table()
        self._reserve()
        for node in self.plan.scalars:
            if not self.plan.reverse(node):
                self.value(node)
        whole = [axis for axis in self.axes if not axis.long]
        for axis in whole:
            self._passes(axis, False, "0", self.length[axis])
        for axis in self.axes:
            if axis.long and axis.within is None:
                self._in_pieces(axis, "0", self.length[axis])
        for axis in reversed(whole):
            self._passes(axis, True, "0", self.length[axis])
        self._hand_over()
        return self.finished()

    def _read_table(self) -> None:
        integers, self.numbers, *self.arrays = (
            self.load("ptr", self.gep("ptr", "%table", k)) for k in range(len(self.graph.arrays) + 2)
        )
        count = len(self.axes) + len(self.graph.blocks)
        read = [self.load("i64", self.gep("i64", integers, k)) for k in range(count)]
        self.length = dict(zip(self.axes, read, strict=False))
        self.place = read[len(self.axes) :]

    def _reserve(self) -> None:
        """Memory for what is left behind: on the stack for a piece of a long axis, else from the heap."""
        plan, self.heap, whole, size = self.plan, "", list[tuple[tuple, str]](), "0"
        wanted = [(key, loop.axis) for loop, nodes in plan.stored.items() for node in nodes for key in _keys(node)]
        wanted += [((node, ""), axis) for axis in self.axes for node in plan.returned(axis)]
        for key, axis in wanted:
            if axis.long:
                self.held[key] = self.alloca(f"[{PIECE} x double]")
            else:
                whole.append((key, size))
                size = self.let(f"add i64 {size}, {self.length[axis]}")
        if whole:
            self.heap = self.let(f"call ptr @vrest_allocate(i64 {self.let(f'shl i64 {size}, 3')})")
        for key, place in whole:
            self.held[key] = self.gep("double", self.heap, place)
        for axis in self.axes:
            if not axis.long:
                self._clear(axis, self.length[axis])
        for node in (node for nodes in plan.sums.values() for node in nodes):
            self.held[node, ""] = self.alloca("double")
            self.store("double", number(0.0), self.held[node, ""])

    def _clear(self, axis: Axis, length: str) -> None:
        for node in self.plan.returned(axis):
            size = self.let(f"shl i64 {length}, 3")
            self.line(f"call void @llvm.memset.p0.i64(ptr {self.held[node, '']}, i8 0, i64 {size}, i1 false)")

    def _in_pieces(self, axis: Axis, start: str, end: str) -> None:
        """A long axis, piece by piece, each with all that lies within it."""
        with self.loop(start, end, PIECE) as first:
            beyond = self.let(f"add i64 {first}, {PIECE}")
            stop = self.let(f"call i64 @llvm.smin.i64(i64 {beyond}, i64 {end})")
            self._clear(axis, self.let(f"sub i64 {stop}, {first}"))
            self._passes(axis, False, first, stop)
            for finer in self.axes:
                if finer.within == axis:
                    self.at[axis] = ("", first)
                    starts = self.arrays[self.graph.starts[finer]]
                    self._in_pieces(
                        finer, *(self.load("i64", self.gep("i64", starts, place)) for place in (first, stop))
                    )
            self._passes(axis, True, first, stop)

    def _passes(self, axis: Axis, reverse: bool, start: str, stop: str) -> None:
        for loop in self.plan.loops(axis, reverse):
            with self._body(axis, start, stop):
                self.current = loop
                self._fill(loop)
                self.current = None
            for node in self.plan.stored[loop]:
                if node.op == "rest":
                    with self._body(axis, start, stop, independent=False):
                        self._mend(node)
            for node in self.plan.scatters[loop]:
                amount, index = node.args
                with self._body(axis, start, stop, independent=False):
                    target = self._entry(node, "", self._offset(node.axis, self.value(index)))
                    more = self.load("double", self._entry(amount))
                    self.store("double", self.let(f"fadd double {self.load('double', target)}, {more}"), target)

    @contextmanager
    def _body(self, axis: Axis, start: str, stop: str, independent: bool = True) -> Iterator[None]:
        with self.loop(start, stop, 1, independent) as place:
            self.at[axis], self.known = (place, start), {}
            yield
            self.known = self.scalars

    def _offset(self, axis: Axis | None, place: str) -> str:
        """A place along an axis as that in what is left behind: of a long axis, only its piece is there."""
        assert axis is not None
        return self.let(f"sub i64 {place}, {self.at[axis][1]}") if axis.long else place

    def _entry(self, node: Node, what: str | int = "", offset: str | None = None) -> str:
        """The address of what is left behind of a node, at the present place or another."""
        offset = self._offset(node.axis, self.at[node.axis][0]) if offset is None and node.axis else offset
        return self.gep("double", self.held[node, what], offset or "0")

    def _fill(self, loop: Loop) -> None:
        """The body of a loop: what it leaves behind, adds up and gives out."""
        plan, place = self.plan, self.at[loop.axis][0]
        for node in plan.stored[loop]:
            if node.op == "rest":
                self._approach(node)
            else:
                self.store("double", self.value(node), self._entry(node))
        for node in plan.sums[loop]:
            amount, held = self.value(node.args[0]), self.held[node, ""]
            so_far = self.let(f"load double, ptr {held}")
            self.line(f"store double {self.let(f'fadd reassoc nsz double {so_far}, {amount}')}, ptr {held}")
        for block, node in plan.gradient.items():
            if node.axis is not None and plan.ready(node) == loop:
                at = self.let(f"add i64 {self.place[block]}, {place}")
                self.store("double", self.value(node), self.gep("double", "%gradient", at))
        for slot, node in plan.results.items():
            if plan.ready(node) == loop:
                self.store("double", self.value(node), self.gep("double", self.arrays[slot], place))

    def _approach(self, node: Node) -> None:
        """The coefficients of a root, and where it can be had by steps that vectorise, it and how far off it may be."""
        for k, a in enumerate(node.args):
            if a.op != CONSTANT:
                self.store("double", self.value(a), self._entry(node, k))
        terms = _terms(node)
        if terms.monovalent:
            for what, x in zip(("", "excess"), halley(terms.A, terms.B, terms.j), strict=True):
                self.store("double", self.value(x), self._entry(node, what))

    def _mend(self, node: Node) -> None:
        """A root by bracketed Newton steps, where the quick way did not lead to it."""
        solve, done = self.block(), self.block()
        if _terms(node).monovalent:
            excess = self.load("double", self._entry(node, "excess"))
            near = self.let(f"fcmp ole double {excess}, {number(0.0)}")
            self.line(f"br i1 {near}, label %{done}, label %{solve}")
        else:
            self.line(f"br label %{solve}")
        self.begin(solve)
        at = [
            number(a.payload) if a.op == CONSTANT else self.load("double", self._entry(node, k))
            for k, a in enumerate(node.args)
        ]
        self.store("double", self._newton(at), self._entry(node))
        self.line(f"br label %{done}")
        self.begin(done)

    def _newton(self, coefficients: list[str]) -> str:
        return self.let(f"call double @vrest_newton({', '.join(f'double {x}' for x in coefficients)})")

    def _hand_over(self) -> None:
        """The value and the gradient by scalars, and whether all is finite."""
        plan = self.plan
        for block, node in plan.gradient.items():
            if node.axis is None:
                self.store("double", self.value(node), self.gep("double", "%gradient", self.place[block]))
        if self.heap:
            self.line(f"call void @vrest_release(ptr {self.heap})")
        if plan.total is None:
            self.line("ret i64 0")
            return
        total, not_finite = self.value(plan.total), self.alloca("double")
        self.store("double", total, "%value")
        self.store("double", self.let(f"fmul double {total}, {number(0.0)}"), not_finite)
        with self.loop("0", "%n", 1, independent=True) as place:
            zero = self.let(f"fmul double {self.load('double', self.gep('double', '%gradient', place))}, {number(0.0)}")
            so_far = self.let(f"load double, ptr {not_finite}")
            self.line(f"store double {self.let(f'fadd reassoc double {so_far}, {zero}')}, ptr {not_finite}")
        finite = self.let(f"fcmp ord double {self.load('double', not_finite)}, {number(0.0)}")
        self.line(f"ret i64 {self.let(f'select i1 {finite}, i64 0, i64 3')}")

    def value(self, node: Node) -> str:
        return self.scalars[node] if node in self.scalars else super().value(node)

    def _read(self, node: Node, place: str) -> str:
        """Data, or parameters, at a place along their axis."""
        if node.op == "parameter":
            return self.load(
                "double", self.gep("double", "%x", self.let(f"add i64 {self.place[node.payload]}, {place}"))
            )
        kind = "i64" if node.op == "index" else "double"
        return self.load(kind, self.gep(kind, self.arrays[node.payload], place))

    def reckoned(self, node: Node) -> str:
        match node.op:
            case "number":
                return self.load("double", self.gep("double", self.numbers, node.payload))
            case "data" | "index" | "parameter":
                return self._read(node, "0" if node.axis is None else self.at[node.axis][0])
            case "take":
                source, index = node.args
                place = self.value(index)
                if source.op in READ:
                    return self._read(source, place)
                return self.load("double", self._entry(source, "", self._offset(source.axis, place)))
            case "spread":
                return self.value(node.args[0])
            case "sum":
                return self.load("double", self.held[node, ""])
            case "scatter":
                return self.load("double", self._entry(node))
            case "rest" if node.axis is None:
                return self._newton([self.value(a) for a in node.args])
        if (node, "") in self.held and (node.op == "rest" or self.plan.loop(node) != self.current):
            return self.load("double", self._entry(node))
        if node.op in EXPANSIONS and node.axis is None:
            return self.let(f"call double @vrest_{node.op}(double {self.value(node.args[0])})")
        return super().reckoned(node)


def _keys(node: Node) -> list[tuple[Node, str | int]]:
    """What is left behind of a node: its value, and of a root also what it is found from."""
    if node.op != "rest":
        return [(node, "")]
    coefficients = [(node, k) for k, a in enumerate(node.args) if a.op != CONSTANT]
    return [(node, ""), *coefficients, *([(node, "excess")] if _terms(node).monovalent else [])]
