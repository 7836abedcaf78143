"""One function in LLVM's intermediate representation, written line by line."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from .functions import EXPANSIONS
from .trace import CONSTANT, Graph, Node

# No nnan, ninf: what overflows must be seen.
_FLAGS = "contract arcp nsz afn"
_FORMS = {
    "add": f"fadd {_FLAGS} double {{}}, {{}}",
    "sub": f"fsub {_FLAGS} double {{}}, {{}}",
    "mul": f"fmul {_FLAGS} double {{}}, {{}}",
    "div": f"fdiv {_FLAGS} double {{}}, {{}}",
    "neg": "fneg double {}",
    "abs": "call double @llvm.fabs.f64(double {})",
    "sqrt": "call double @llvm.sqrt.f64(double {})",
    "lt": "fcmp olt double {}, {}",
    "le": "fcmp ole double {}, {}",
    "isnan": "fcmp uno double {0}, {0}",
    "and": "and i1 {}, {}",
    "or": "or i1 {}, {}",
    "where": "select i1 {}, double {}, double {}",
    "bits": "bitcast double {} to i64",
    "number_of_bits": "bitcast i64 {} to double",
    "iadd": "add i64 {}, {}",
    "iand": "and i64 {}, {}",
    "ior": "or i64 {}, {}",
    "shl": "shl i64 {}, {}",
    "lshr": "lshr i64 {}, {}",
}


def number(x: float) -> str:
    """A number, exactly."""
    return f"0x{struct.pack('>d', x).hex()}"


class Function:
    """A function being written, from its head (`double @f(double %x)`) on."""

    def __init__(self, head: str, attributes: str = ""):
        self.head, self.attributes = head, attributes
        self.lines: list[str] = []
        self.reserved: list[str] = []  # on the stack, at the beginning
        self.metadata: list[str] = []
        self.group = ""  # of the loop whose iterations do not depend on one another
        self.count = 0
        self.known: dict[Node, str] = {}

    def finished(self) -> str:
        body = "\n".join(f"  {x}" if not x.endswith(":") else x for x in ("entry:", *self.reserved, *self.lines))
        return f"define {self.head} {self.attributes} {{\n{body}\n}}\n" + "".join(f"{x}\n" for x in self.metadata)

    def line(self, text: str) -> None:
        self.lines.append(text)

    def let(self, text: str) -> str:
        """The name of what an instruction gives."""
        self.count += 1
        self.lines.append(f"%v{self.count} = {text}")
        return f"%v{self.count}"

    def block(self) -> str:
        """A new label."""
        self.count += 1
        return f"b{self.count}"

    def begin(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def alloca(self, kind: str) -> str:
        self.count += 1
        self.reserved.append(f"%v{self.count} = alloca {kind}, align 64")
        return f"%v{self.count}"

    def gep(self, kind: str, base: str, place: str | int) -> str:
        return self.let(f"getelementptr {kind}, ptr {base}, i64 {place}")

    def load(self, kind: str, place: str) -> str:
        return self.let(f"load {kind}, ptr {place}{self.group}")

    def store(self, kind: str, value: str, place: str) -> None:
        self.line(f"store {kind} {value}, ptr {place}{self.group}")

    @contextmanager
    def loop(self, start: str, end: str, step: int, independent: bool = False) -> Iterator[str]:
        """A loop over places from `start` up to `end`; `independent` ones are vectorised."""
        counter, (test, body, done) = self.alloca("i64"), (self.block() for _ in range(3))
        self.line(f"store i64 {start}, ptr {counter}")
        self.line(f"br label %{test}")
        self.begin(test)
        place = self.let(f"load i64, ptr {counter}")
        more = self.let(f"icmp slt i64 {place}, {end}")
        self.line(f"br i1 {more}, label %{body}, label %{done}")
        self.begin(body)
        outer, hint = self.group, ""
        if independent:
            k = len(self.metadata)
            self.metadata += [
                f"!{k} = distinct !{{}}",
                f"!{k + 1} = distinct !{{!{k + 1}, !{k + 2}, !{k + 3}}}",
                f'!{k + 2} = !{{!"llvm.loop.parallel_accesses", !{k}}}',
                f'!{k + 3} = !{{!"llvm.loop.vectorize.predicate.enable", i1 true}}',  # no second loop for what is left over
            ]
            self.group, hint = f", !llvm.access.group !{k}", f", !llvm.loop !{k + 1}"
        yield place
        self.group = outer
        following = self.let(f"add nsw i64 {place}, {step}")
        self.line(f"store i64 {following}, ptr {counter}")
        self.line(f"br label %{test}{hint}")
        self.begin(done)

    def value(self, node: Node) -> str:
        """The name of a node's value."""
        if node.op == CONSTANT:
            return number(node.payload)
        if node not in self.known:
            self.known[node] = self.reckoned(node)
        return self.known[node]

    def reckoned(self, node: Node) -> str:
        if node.op == "argument":
            return node.payload
        if node.op in EXPANSIONS:
            return self.value(EXPANSIONS[node.op](node.args[0]))
        args = [self.value(a) for a in node.args]
        if isinstance(node.payload, int):
            args.append(str(node.payload))
        return self.let(_FORMS[node.op].format(*args))


def arguments(graph: Graph, *names: str) -> list[Node]:
    """Nodes that stand for names of the text: a function's arguments, say."""
    return [graph.node("argument", payload=f"%{name}") for name in names]
