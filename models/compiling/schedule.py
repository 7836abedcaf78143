"""Which loop each operation of a graph belongs to, and what one loop must hold for another."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .trace import Axis, Graph, Node

READ = ("data", "parameter")
"""What is read where it is wanted, at any entry of its axis."""
_COSTLY = ("div", "sqrt", "exp", "expm1", "log", "log1p", "rest")
"""What another loop reads rather than reckons again."""


@dataclass(frozen=True)
class Loop:
    """One pass over an axis: forwards or, once finer axes have handed back their derivatives, in reverse.

    A root that is solved for ends a `stage` of the pass: what depends on it comes in the next.
    """

    axis: Axis
    reverse: bool
    stage: int


class Schedule:
    """What each loop computes of a value, of its gradient, and of arrays that are asked for.

    Attributes
    ----------
    total : the value, if any; `gradient` by place in the graph's blocks; `results` by place in its arrays.
    scalars : what is computed outside of loops, in order.
    stored, sums, scatters : by loop, what it leaves behind, adds up, and what it hands back to coarser axes.
    """

    def __init__(
        self, graph: Graph, total: Node | None, gradient: Mapping[int, Node], results: Mapping[int, Node] | None = None
    ):
        self.graph, self.total, self.gradient, self.results = graph, total, gradient, results or {}
        self.scalars: dict[Node, None] = {}
        self.stored, self.sums, self.scatters = (defaultdict[Loop, dict[Node, None]](dict) for _ in range(3))
        self._seen: set[tuple[Node, Loop]] = set()
        self._reverse: dict[Node, bool] = {}
        self._stage: dict[Node, int] = {}
        asked = [*([total] if total is not None else []), *gradient.values(), *self.results.values()]
        for node in asked:
            if node.axis is None:
                self._scalar(node)
            else:
                self._want(node, self.ready(node))
        found = {*self.stored, *self.sums, *self.scatters, *(self.ready(node) for node in asked if node.axis)}
        self._loops = sorted(found, key=lambda loop: loop.stage)

    def loops(self, axis: Axis, reverse: bool) -> list[Loop]:
        """The loops over an axis, in order."""
        return [loop for loop in self._loops if loop.axis == axis and loop.reverse == reverse]

    def returned(self, axis: Axis) -> list[Node]:
        """The derivatives that finer axes hand back to one."""
        return [node for nodes in self.scatters.values() for node in nodes if node.axis == axis]

    def reverse(self, node: Node) -> bool:
        """Whether a node waits for what finer axes hand back."""
        if node not in self._reverse:
            self._reverse[node] = node.op in ("sum", "scatter") or any(self.reverse(a) for a in node.args)
        return self._reverse[node]

    def loop(self, node: Node) -> Loop:
        """The loop that a node along an axis belongs to."""
        assert node.axis is not None, "scalars stand outside of loops"
        return Loop(node.axis, self.reverse(node), self._stage_of(node))

    def ready(self, node: Node) -> Loop:
        """The first loop that has a node's value: for a root the stage after its own."""
        loop = self.loop(node)
        return replace(loop, stage=loop.stage + 1) if node.op == "rest" else loop

    def _stage_of(self, node: Node) -> int:
        if node not in self._stage:
            along = [] if self.reverse(node) else [a for a in node.args if a.axis == node.axis]
            self._stage[node] = max((self._stage_of(a) + (a.op == "rest") for a in along), default=0)
        return self._stage[node]

    def _want(self, node: Node, loop: Loop) -> None:
        """Have a node at hand in a loop: reckoned there, or read from where its own loop left it."""
        if node.axis is None:
            self._scalar(node)
        elif (node, loop) not in self._seen:
            self._seen.add((node, loop))
            if node.op == "scatter":
                amount = node.args[0]
                self.scatters[self.loop(amount)][node] = None
                self._keep(amount)
            elif node.op == "rest" or (node.op in _COSTLY and self.loop(node) != loop):
                self._keep(node)
            else:
                self._inputs(node, loop)

    def _inputs(self, node: Node, loop: Loop) -> None:
        if node.op == "take":
            if node.args[0].op not in READ:
                self._keep(node.args[0])
            return
        for a in node.args:
            self._want(a, loop)

    def _keep(self, node: Node) -> None:
        loop = self.loop(node)
        if node not in self.stored[loop]:
            self.stored[loop][node] = None
            self._inputs(node, loop)

    def _scalar(self, node: Node) -> None:
        if node in self.scalars:
            return
        if node.op == "sum":
            loop = self.ready(node.args[0])
            self.sums[loop][node] = None
            self._want(node.args[0], loop)
        for a in () if node.op == "sum" else node.args:
            self._scalar(a)
        self.scalars[node] = None
