"""A finished run for the page: the answer, whether to believe it, what it rests on, and what it was told."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from ..fitting.checks.identification import UNINFORMED, questions
from ..fitting.checks.words import Part
from ..fitting.comparison.contrasts import contrasts
from ..fitting.comparison.units import units
from ..fitting.comparison.words import contrasts_in_words, potentials_in_words
from ..fitting.fit import Fit, load
from ..fitting.results.tables import number, printed_unit
from ..models.errors import ConfigurationError


def fit_of(run: str) -> Fit:
    """A run's fit, kept while it is the latest that was asked for."""
    path = Path(run) / "fit.nc"
    if not path.is_file():
        raise ConfigurationError(f"{run}: there is no finished fit in this folder.")
    return _loaded(str(path.resolve()), path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _loaded(path: str, changed: int) -> Fit:
    return load(path)


def result(run: str) -> dict[str, Any]:
    """What a run's folder says: of a fit, of groups compared, or of laws compared."""
    if (Path(run) / "comparison.csv").is_file():
        return {"kind": "laws", "table": _rows(pd.read_csv(Path(run) / "comparison.csv"))}
    fit = fit_of(run)
    experiment, verdict = fit.experiment, fit.verdict()
    groups = experiment.levels.groups
    shown: dict[str, Any] = {
        "kind": "groups" if groups else "fit",
        "law": experiment.law.name,
        "summary": experiment.law.summary,
        "rows": experiment.recordings.sizes["obs"],
        "interval": experiment.interval_name,
        "believable": verdict.sampling.ok,
        "answers": _answers(fit),
        "parts": [_part(part) for part in verdict.parts],
        "cautions": [str(note) for note in verdict.cautions],
        "notes": [str(note) for note in fit.notes],
        "robustness": _rows(fit.robustness()),
        "methods": str(fit.methods()),
        "bibtex": fit.methods().bibtex,
    }
    if groups and verdict.sampling.ok:
        table = contrasts(fit)
        shown["differences"] = [potentials_in_words(fit), *contrasts_in_words(fit, table), units(fit).sentence]
        shown["table"] = _rows(table)
    return shown


def _answers(fit: Fit) -> list[dict[str, Any]]:
    """What all cells share and what each group has: value, interval, and whether the recordings say it."""
    asked = {q.name for q in questions(fit.experiment)}
    meaning = {q.name: q.meaning for q in (*fit.experiment.quantities, *fit.experiment.spreads.values())}
    summary = fit.summary()
    return [
        {
            "name": row["parameter"],
            "group": row["group"],
            "unit": printed_unit(row["unit"]),
            "median": number(row["median"]),
            "lower": number(row["lower"]),
            "upper": number(row["upper"]),
            "asked": row["parameter"] in asked,
            "prior": bool(row["contraction"] < UNINFORMED),
            "meaning": meaning.get(row["parameter"], ""),
        }
        for row in summary[summary["group"].isin(["", *fit.experiment.levels.groups])].to_dict("records")
    ]


def _part(part: Part) -> dict[str, Any]:
    return {"name": part.name, "word": part.mark.word, "colour": part.mark.colour, "sentences": part.sentences}


def _rows(frame: pd.DataFrame) -> list[list[str]]:
    """A table as texts, its header first."""
    cells = [[x if isinstance(x, str) else "" if pd.isna(x) else number(x) for x in row] for row in frame.values]
    return [list(frame.columns), *cells] if cells else []
