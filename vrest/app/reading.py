"""A table for the page: its cells, what its columns are taken for, its faults at their cells; and what it could tell."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..cli import parser_of
from ..data.sets.bundled import datasets
from ..data.tables.cells import MOST_BYTES, Grid
from ..data.tables.faults import Faults
from ..data.tables.grid import read_bytes, read_grid
from ..data.tables.headers import meaning, recognised
from ..data.tables.inert import inert
from ..data.tables.ranges import in_letters, split_range
from ..data.tables.schema import COLUMNS
from ..data.tables.table import groupings
from ..fitting.checks.identification import foresee
from ..fitting.checks.words import say_identification
from ..fitting.experiment.config import Config
from ..fitting.experiment.prepare import prepare
from ..fitting.model.expected import Expectation
from ..fitting.results.text import spread_text
from ..models.errors import DataError
from ..shared import configuration, read_recordings
from .analyses import write_whole
from .asking import ASKED, typed_settings

MOST_ROWS = 20_000
"""That the page shows; more are read like the others."""
_LOOKED_AT = 100  # rows among which the header is looked for


def configured(state: Mapping[str, Any]) -> Config:
    """The configuration that `vrest check` would have."""
    return configuration(parser_of("check").parse(typed_settings(state, *ASKED)))


def table(state: Mapping[str, Any]) -> dict[str, Any]:
    """The table's cells, and how it is read."""
    config = configured(state)
    grid = _cells(state, config)
    at = max(range(min(len(grid.rows), _LOOKED_AT)), key=lambda row: recognised(grid.rows[row]), default=0)
    header = grid.rows[at] if grid.rows else []
    given = {own.lstrip("-"): name for name, own in config.columns.items()}
    shown: dict[str, Any] = {
        "cells": grid.rows[:MOST_ROWS],
        "rows": len(grid.rows),
        "header": at,
        "columns": [_column(own, given) for own in header],
        "faults": [], "repairs": [], "cautions": [], "ok": True,
    }  # fmt: skip
    try:
        recordings = read_recordings(config)
    except DataError as error:
        found = error.found or Faults("")
        own = found.own_names
        faults = [
            {"row": f.row, "column": f.column, "text": f.message, "place": _place(own.get(f.column, f.column), header)}
            for f in found.faults[:MOST_ROWS]
        ] or [{"row": 0, "place": -1, "text": str(error)}]
        return shown | {"ok": False, "faults": faults, "repairs": [one.text for one in found.repairs]}
    return shown | {
        "repairs": json.loads(recordings.attrs.get("repairs", "[]")),
        "cautions": json.loads(recordings.attrs.get("cautions", "[]")),
        "understood": recordings.sizes["obs"],
        "groups": groupings(recordings),
        "labels": [
            str(name) for name in recordings.coords if recordings[name].dims == ("obs",) and name not in ("row", "obs")
        ],
        "outside": [
            ion for ion in recordings["ion"].values.tolist() if not recordings["c_o"].sel(ion=ion).isnull().all()
        ],
        "assumed": recordings.attrs.get("inside", ""),
    }


def edit(state: Mapping[str, Any], changes: Sequence[tuple[int, int, str]], copy: str) -> dict[str, Any]:
    """Write a copy of the table with some cells changed (row and column from 0); the new data and settings.

    What a spreadsheet holds beside its cells is gone in the copy: merged cells are filled, one sheet is left.
    """
    config = configured(state)
    grid = _cells(state, config)
    for top, left, bottom, right in grid.merged:
        for row in range(top, min(bottom + 1, len(grid.rows))):
            for column in range(left, min(right + 1, len(grid.rows[row]))):
                grid.rows[row][column] = grid.rows[top][left]
    width = max([len(row) for row in grid.rows] + [column + 1 for _, column, _ in changes])
    for row, column, text in changes:
        grid.put(row, column, " ".join(text.split()))
    while len(grid.rows) > 1 and not any(grid.rows[-1]):
        grid.rows.pop()
    write_rows(copy, [[*row, *[""] * (width - len(row))] for row in grid.rows], grid.delimiter or ",")
    settings = {name: x for name, x in state["settings"].items() if name not in ("encoding", "delimiter", "sheet")}
    if cut := split_range(config.sheet)[1]:
        settings["sheet"] = in_letters(cut)
    if book := datasets().get(state["data"]):
        settings = {"inside": book.inside, "allow": ",".join(book.allow)} | settings
    return {"data": copy, "settings": settings}


def write_rows(name: str, rows: Iterable[Sequence[str]], delimiter: str = ",") -> None:
    """Write cells as a CSV that is read back to them; its names are inert in a spreadsheet."""
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerows([*map(_safe, row)] for row in rows)
    write_whole(Path(name), written.getvalue().encode())


def check(state: Mapping[str, Any]) -> dict[str, Any]:
    """What `vrest check` says."""
    config = configured(state)
    experiment = prepare(read_recordings(config), config)
    expectation, identification = foresee(experiment)
    part = say_identification(identification, foreseen=True)
    return {
        "rows": experiment.recordings.sizes["obs"],
        "conditions": experiment.n_conditions,
        "notes": [str(note) for note in experiment.notes],
        "ions": experiment.ions,
        "expected": expected(expectation),
        "mark": {"word": part.mark.word, "colour": part.mark.colour},
        "sentences": part.sentences if expectation.quantities else [f"The law {config.law} leaves nothing to infer."],
    }


def expected(of: Expectation) -> list[dict[str, Any]]:
    """What is expected to be known of each quantity."""
    rows = zip(of.quantities, of.prior_sd, of.sd, of.contraction, strict=True)
    return [
        {
            "parameter": q.label,
            "before": spread_text(q, a),
            "after": spread_text(q, b),
            "contraction": round(float(c), 3),
        }
        for q, a, b, c in rows
    ]


def _cells(state: Mapping[str, Any], config: Config) -> Grid:
    path = datasets()[state["data"]].path if state["data"] in datasets() else Path(state["data"])
    return read_grid(read_bytes(path, MOST_BYTES + 1), config.reading(), Faults(path.name))


def _column(own: str, given: Mapping[str, str]) -> dict[str, Any]:
    """What a header is taken for."""
    if own in given:
        return {"own": own, "name": given[own], "certain": True, "given": True, "unit": ""}
    found = meaning(own) if own else None
    if found is None:
        return {"own": own, "name": "", "certain": True, "given": False, "unit": ""}
    unit = found.unit.unit if found.unit and found.unit.changes else ""
    return {"own": own, "name": found.name, "certain": found.certain, "given": own in COLUMNS, "unit": unit}


def _place(own: str, header: Sequence[str]) -> int:
    return header.index(own) if own and own in header else -1


def _safe(cell: str) -> str:
    """A cell as a CSV has it: names that a spreadsheet would take for formulas are made inert, numbers stay."""
    return cell if re.fullmatch(r"[-+−]?[0-9.,\s]+", cell) else str(inert(cell))
