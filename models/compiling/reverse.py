"""Derivatives of a sum by everything that it depends on: reverse mode, on the graph itself."""

from collections import defaultdict
from collections.abc import Sequence

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
    args = node.args
    x = args[0] if args else node
    match node.op:
        case "add":
            return a, a
        case "sub":
            return a, -a
        case "mul":
            return a * args[1], a * x
        case "div":
            share = a / args[1]
            return share, -share * node
        case "neg":
            return (-a,)
        case "abs":
            return (where(x < 0.0, -a, a),)
        case "sqrt":
            return (0.5 * a / node,)
        case "exp":
            return (a * node,)
        case "expm1":
            return (a * (node + 1.0),)
        case "log":
            return (a / x,)
        case "log1p":
            return (a / (1.0 + x),)
        case "where":
            return None, where(x, a, 0.0), where(x, 0.0, a)
        case "rest":
            terms = Terms(*(t.payload if t.op == CONSTANT else t for t in args))
            return [None if t.op == CONSTANT else a * p for t, p in zip(args, root_partials(terms, node), strict=True)]
    return [None] * len(args)  # comparisons, indices, and what has no arguments
