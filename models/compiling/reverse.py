"""Derivatives of a sum by everything that it depends on: reverse mode, on the graph itself."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from ..solver.balance import Terms, root_partials
from .functions import where
from .trace import CONSTANT, Axis, Graph, Node


def gradient(graph: Graph, terms: Sequence[Node]) -> tuple[Node, dict[int, Node]]:
    """The sum of `terms`, each over its axis, and its derivatives by the parameters, by their place in `graph.blocks`.

    What is used along another axis than its own gathers its derivatives there: a `sum` over that axis for what stands
    outside of all, a `scatter` through the index for what was taken by one.
    """
    total = graph.constant(0.0)
    adjoints: dict[Node, dict[Axis | None, Node]] = defaultdict(dict)

    def add(node: Node, amount: Node) -> None:
        if node.op != CONSTANT:
            there = adjoints[node].get(amount.axis)
            adjoints[node][amount.axis] = amount if there is None else there + amount

    for term in terms:
        total = total + _summed(graph, term)
        add(term, graph.constant(1.0))
    found = {}
    for node in reversed(graph.nodes[: len(graph.nodes)]):
        if node not in adjoints:
            continue
        adjoint = graph.constant(0.0)
        for part in adjoints.pop(node).values():
            adjoint = adjoint + (_summed(graph, part) if part.axis is not None and node.axis is None else part)
        if node.op == "parameter":
            found[node.payload] = _along(adjoint, node)
        elif node.op == "take":
            source, index = node.args
            add(source, graph.node("scatter", (_along(adjoint, node), index), source.axis))
        else:
            for arg, partial in zip(node.args, _partials(node, adjoint), strict=False):
                if partial is not None:
                    add(arg, partial if arg.axis is not None else _along(partial, node))
    return total, found


def _summed(graph: Graph, node: Node) -> Node:
    return node if node.axis is None else graph.node("sum", (node,))


def _along(adjoint: Node, node: Node) -> Node:
    """An adjoint that may be the same for all entries, along the node's axis."""
    if adjoint.axis == node.axis:
        return adjoint
    return adjoint.graph.node("spread", (adjoint,), node.axis)


def _partials(node: Node, a: Node) -> Sequence[Node | None]:
    """The adjoints of the arguments, that of the node being `a`; None for what is not differentiated."""
    if node.op == "rest":
        terms = Terms(*(t.payload if t.op == CONSTANT else t for t in node.args))
        partials = root_partials(terms, node)
        return [None if t.op == CONSTANT else a * p for t, p in zip(node.args, partials, strict=True)]
    if node.op in _PARTIALS:
        return _PARTIALS[node.op](a, node, *node.args)
    return [None] * len(node.args)  # comparisons, indices, and what has no arguments


_PARTIALS: dict[str, Callable[..., Sequence[Node | None]]] = {
    "add": lambda a, node, x, y: (a, a),
    "sub": lambda a, node, x, y: (a, -a),
    "mul": lambda a, node, x, y: (a * y, a * x),
    "div": lambda a, node, x, y: (a / y, -(a / y) * node),
    "neg": lambda a, node, x: (-a,),
    "abs": lambda a, node, x: (where(x < 0.0, -a, a),),
    "sqrt": lambda a, node, x: (0.5 * a / node,),
    "exp": lambda a, node, x: (a * node,),
    "expm1": lambda a, node, x: (a * (node + 1.0),),
    "log": lambda a, node, x: (a / x,),
    "log1p": lambda a, node, x: (a / (1.0 + x),),
    "where": lambda a, node, condition, x, y: (None, where(condition, a, 0.0), where(condition, 0.0, a)),
}
