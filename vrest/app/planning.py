"""A planned series for the page: what it would pin down, and the rows that would help most."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..cli import parser_of
from ..data.sets.bundled import datasets
from ..fitting.checks.candidates import Proposal
from ..fitting.checks.words import say_identification
from ..fitting.planning.design import design
from ..models.conditions import Conditions
from ..shared import configuration, read_plan
from .asking import MODEL, typed_settings
from .reading import expected, write_rows

PLAN = "plan.csv"
_SHOWN = 6


def plan(state: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    """What `vrest design` says of the planned rows, which are written to `PLAN`, the header first."""
    write_rows(PLAN, ([cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)))
    book = datasets().get(state["data"])
    settings = {"inside": book.inside if book else "", **state["settings"]}
    argv = typed_settings({**state, "data": PLAN, "settings": settings}, MODEL)
    config = configuration(parser_of("design").parse(argv))
    found = design(read_plan(config), config=config)
    part = say_identification(found.identification, foreseen=True)
    return {
        "expected": expected(found.expectation),
        "mark": {"word": part.mark.word, "colour": part.mark.colour},
        "sentences": part.sentences,
        "notes": found.notes,
        "proposals": [_proposal(one) for one in found.proposals[:_SHOWN]],
        "argv": ["design", *argv],
    }


def _proposal(one: Proposal) -> dict[str, Any]:
    gains = [
        f"{q.label} {max(gain, 0.0):.0%} narrower"
        for q, gain in zip(one.after.quantities, one.narrowing, strict=True)
        if gain >= 0.01
    ]
    return {"words": str(one.candidate), "gains": gains, "row": _row(one.candidate.at)}


def _row(at: Conditions) -> dict[str, str]:
    """A bath as cells of the plan."""
    return {name: f"{float(x):.6g}" for name, x in at.bath.items()} | {"pump": "blocked" if at.blocked else "on"}
