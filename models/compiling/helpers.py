"""Functions that every module of compiled code brings along: elementary ones, and the root by bracketed Newton steps."""

from functools import cache

from ..solver.balance import Terms
from ..solver.newton import STEPS, TOLERANCE, WIDEST, newton_step, start
from .functions import EXPANSIONS
from .text import Function, arguments, number
from .trace import Graph

_OUTSIDE = """declare double @llvm.fabs.f64(double)
declare double @llvm.sqrt.f64(double)
declare i64 @llvm.smin.i64(i64, i64)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare ptr @vrest_allocate(i64)
declare void @vrest_release(ptr)
"""


@cache
def helpers() -> str:
    """Declarations, `@vrest_exp` and its like, and `@vrest_newton`."""
    return _OUTSIDE + "".join(map(_elementary, EXPANSIONS)) + _newton()


def _elementary(op: str) -> str:
    f = Function(f"internal double @vrest_{op}(double %x)", "noinline")
    (x,) = arguments(Graph(), "x")
    f.line(f"ret double {f.value(EXPANSIONS[op](x))}")
    return f.finished()


def _newton() -> str:
    """`newton_step` of newton.py, until it no longer moves."""
    names = ("A", "B", "A2", "B2", "j", "g")
    f = Function(f"internal double @vrest_newton({', '.join(f'double %{name}' for name in names)})", "noinline")
    graph = Graph()
    terms = Terms(*arguments(graph, *names))
    places = {
        name: f.alloca(kind) for name, kind in (("u", "double"), ("low", "double"), ("high", "double"), ("k", "i64"))
    }
    first = {"u": f.value(start(terms)), "low": number(-WIDEST), "high": number(WIDEST)}
    for name, x in first.items():
        f.store("double", x, places[name])
    with f.loop("0", str(STEPS), 1):
        for name in first:
            f.line(f"%{name} = load double, ptr {places[name]}")
        u, low, high = arguments(graph, *first)
        *following, moved = newton_step(terms, u, low, high)
        for name, x in zip(first, following, strict=True):
            f.store("double", f.value(x), places[name])
        more = f.let(f"fcmp ogt double {f.value(moved)}, {number(TOLERANCE)}")
        done, on = f.block(), f.block()
        f.line(f"br i1 {more}, label %{on}, label %{done}")
        f.begin(done)
        f.line(f"ret double {f.value(following[0])}")
        f.begin(on)
    f.line(f"ret double {f.load('double', places['u'])}")
    return f.finished()
