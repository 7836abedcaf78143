"""What equations call on traced variables, by NumPy's names; and how the elementary functions are reckoned.

Expansions are branch-free arithmetic, so that loops over them are vectorised; they are good to 1 or 2 units in the last place.
"""

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import NAMESPACES
from ..solver.newton import SOLVERS
from .trace import Node

_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e42fee00000p-1"), float.fromhex("0x1.a39ef35793c76p-33")
_ROUND = 1.5 * 2.0**52  # added, it leaves the nearest whole number in the last bits
_LARGEST, _SMALLEST = 709.0, -708.0  # arguments of exp


def _graph(*values: Any):
    return next(x for x in values if isinstance(x, Node)).graph


def _function(op: str) -> Callable[[Any], Any]:
    return lambda x: x.graph.apply(op, x) if isinstance(x, Node) else getattr(np, op)(x)


exp, log, expm1, log1p, sqrt, abs, isnan = map(_function, ("exp", "log", "expm1", "log1p", "sqrt", "abs", "isnan"))


def where(condition, x, y) -> Node:
    return _graph(condition, x, y).apply("where", condition, x, y)


def maximum(x, y) -> Node:
    graph = _graph(x, y)
    return where(graph.apply("lt", x, y), y, x)


def minimum(x, y) -> Node:
    graph = _graph(x, y)
    return where(graph.apply("lt", y, x), y, x)


def clip(x, low, high) -> Node:
    return minimum(maximum(x, low), high)


def power(x, n) -> Node:
    return x**n


def square(x) -> Node:
    return x * x


def log10(x) -> Node:
    return log(x) * (1 / math.log(10))


def tanh(x) -> Node:
    e = expm1(-2.0 * abs(x))
    t = -e / (e + 2.0)
    return where(x < 0.0, -t, t)


def softplus(x) -> Node:
    """log(1 + exp(x))."""
    return maximum(x, 0.0) + log1p(exp(-abs(x)))


def log_gamma(x) -> Node:
    """log Γ(x) for x > 0, by Stirling's series at x + 8."""
    shifted, product = x + 8.0, x
    for k in range(1, 8):
        product = product * (x + float(k))
    r = 1.0 / shifted
    s = r * r
    series = r * (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * (691 / 360360))))))
    return (shifted - 0.5) * log(shifted) - shifted + 0.5 * math.log(2 * math.pi) + series - log(product)


def bits(x: Node) -> Node:
    """The 64 bits of a number, as an integer."""
    return x.graph.node("bits", (x,), x.axis)


def _integers(op: str, x: Node, other: Node | int) -> Node:
    if isinstance(other, Node):
        return x.graph.node(op, (x, other), x.axis)
    return x.graph.node(op, (x,), x.axis, other)


def _number(x: Node) -> Node:
    """The number that has these 64 bits."""
    return x.graph.node("number_of_bits", (x,), x.axis)


def _two_to(x: Node) -> tuple[Node, Node]:
    """q and s = 2^k with exp(x) = s (1 + q), q the exponential less 1 of what whole multiples k of log 2 leave of x."""
    x = where(x > _LARGEST, _LARGEST, where(x < _SMALLEST, _SMALLEST, x))  # NaN stays
    shifted = x * (1 / math.log(2)) + _ROUND
    k = shifted - _ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    series: Any = 1 / math.factorial(13)
    for n in range(12, 1, -1):
        series = series * r + 1 / math.factorial(n)
    s = _number(_integers("shl", _integers("iadd", bits(shifted), 1023), 52))
    return r + r * r * series, s


def _exp(x: Node) -> Node:
    q, s = _two_to(x)
    return s + s * q


def _expm1(x: Node) -> Node:
    q, s = _two_to(x)
    return s * q + (s - 1.0)


def _log(x: Node) -> Node:
    """By the series of log((1 + t) / (1 - t)), as fdlibm does; -inf at 0, NaN below."""
    offset = 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)
    over = _integers("iadd", bits(x), (1024 << 52) - offset)  # 1024 above, so that it stays positive
    k = _number(_integers("ior", _integers("lshr", over, 52), 0x4330000000000000)) - (2.0**52 + 1024.0)
    m = _number(_integers("iadd", _integers("iand", over, 0x000FFFFFFFFFFFFF), offset))  # sqrt(1/2) to sqrt(2)
    f = m - 1.0
    t = f / (2.0 + f)
    z = t * t
    series: Any = 0.0
    for coefficient in _LOG:
        series = (series + coefficient) * z
    half = 0.5 * f * f
    found = k * _LN2_HIGH - ((half - (t * (half + series) + k * _LN2_LOW)) - f)
    return where(x > 0.0, where(x < math.inf, found, x), where(x < 0.0, math.nan, x - math.inf))


_LOG = (
    1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01, 2.222219843214978396e-01,
    2.857142874366239149e-01, 3.999999999940941908e-01, 6.666666666666735130e-01,
)  # fmt: skip


def _log1p(x: Node) -> Node:
    """log(1 + x), mended for what 1 + x loses of x."""
    u = 1.0 + x
    far = u - 1.0
    lost = where(abs(far) > 0.0, x / where(abs(far) > 0.0, far, 1.0), 1.0)
    return where(abs(far) > 0.0, _log(u) * lost, x)


def _rest(*terms) -> Node:
    return _graph(*terms).apply("rest", *terms)


NAMESPACES[Node.__module__] = sys.modules[__name__]
SOLVERS[__name__] = _rest
EXPANSIONS: dict[str, Callable[[Node], Node]] = {"exp": _exp, "expm1": _expm1, "log": _log, "log1p": _log1p}
