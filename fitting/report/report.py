"""The report on a fit: what was asked, the answer, whether to believe it, the figure; then all the rest."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path, PurePath

import numpy as np
import pandas as pd

from ...models.notes import About, number_of
from ...models.parameters import Role
from ..checks.fitted import Fitted
from ..checks.identification import UNINFORMED, questions
from ..checks.verdict import Verdict
from ..checks.words import Mark, listed
from ..comparison.contrasts import V_M, contrasts
from ..comparison.units import units
from ..comparison.words import contrasts_in_words, potentials_in_words
from ..results.outputs import ResultsFile
from ..results.tables import html_table, number, printed_unit
from ..results.text import SUMMARY_FORMATS
from .gallery import pictures, series_caption
from .methods import Methods, describe
from .page import card, cautions_html, figure_html, folded, in_short, page_html, paragraphs, stacked_table, words
from .plots import plot_series

_SENTENCES = 5  # on differences between groups, beside the first
_NONE = "The recordings answer none of the questions that were asked."
_NOTHING = "The law leaves nothing to infer but the scatter of recordings."


def write_report(fit: Fitted, path: Path) -> Path:
    """Write the report to `path`, where only another report that vrest wrote is replaced."""
    with ResultsFile(path, force=True, of_results=True).writing() as aside:
        aside.write_text(report_html(fit), encoding="utf-8")
    return path


def report_html(fit: Fitted) -> str:
    """The whole page."""
    experiment, verdict = fit.experiment, fit.verdict()
    groups, shared = experiment.levels.groups, shared_rows(fit)
    asked = {q.name for q in questions(experiment)}
    # What the recordings do not say cannot be told from draws that fell short.
    informed = ~(shared["contraction"] < (UNINFORMED if verdict.sampling.ok else -np.inf))
    answered = informed & shared["parameter"].isin(asked)
    if not verdict.sampling.ok:
        answer, beside = "<p>There is none: the sampling fell short.</p>", shared[informed]
    elif groups:
        answer, beside = _differences(fit), shared[informed]
    else:
        answer = parameters(fit, shared[answered]) or f"<p>{_NONE if asked else _NOTHING}</p>"
        beside = shared[informed & ~answered]
    kind = "mean potential" if (experiment.error_mV > 0).all() else "resting potential"
    return page_html(
        title=f"{source_name(fit)}: {experiment.law.name}",
        subtitle=f"{number_of(experiment.recordings.sizes['obs'], kind)} in"
        f" {number_of(experiment.n_conditions, 'condition')}; {experiment.law.summary}.",
        asked=words(_question(fit)),
        answer=failures(verdict) + answer,
        belief=cautions_html(verdict.cautions) + "\n".join(map(in_short, verdict.parts)),
        figure=figure_html("Potential against potassium", series_caption(fit), partial(plot_series, fit)),
        rest=[
            ("Parameters", _parameters_section(fit, beside, shared[~informed])),
            ("The verdict in full", f'<div class="cards">{"".join(map(card, verdict.parts))}</div>'),
            *_rests(fit),
            ("Pictures", f'<div class="pictures">{"".join(figure_html(*picture) for picture in pictures(fit))}</div>'),
            ("Methods, to paste", methods_html(describe(fit))),
            ("Where it comes from", provenance_html(fit, f"vrest {fit.experiment.config.command.name or 'fit'}")),
        ],
    )


def source_name(fit: Fitted) -> str:
    """The table's name, without folders."""
    return PurePath(fit.tree.attrs["source"]).name or "a table in memory"


def _question(fit: Fitted) -> str:
    experiment = fit.experiment
    groups = experiment.levels.groups
    if groups:
        return f"Do {listed(groups)} ({experiment.levels.by}) differ, in what, and by how much?"
    wanted = [q.name for q in questions(experiment)]
    return f"What do these recordings say of {listed(wanted) if wanted else 'the membrane'}?"


def failures(verdict: Verdict) -> str:
    """What must be read before any number: parts of the verdict that are bad."""
    bad = (part for part in verdict.parts if part.mark is Mark.BAD)
    return "\n".join(card(replace(part, sentences=part.sentences[:3]), "warning") for part in bad)


def _differences(fit: Fitted) -> str:
    """V_m first; of many groups only so many sentences that the page still opens with whether to believe them."""
    table = contrasts(fit)
    first, *others = contrasts_in_words(fit, table)
    shown = len(others)
    if shown > _SENTENCES:
        shown = min(int((table["parameter"] == V_M.name).sum()) - 1, _SENTENCES)
    items = [f"<li>{words(one)}</li>" for one in others]
    lists = [f"<ul>{''.join(part)}</ul>" for part in (items[:shown], items[shown:])]
    return (
        f"<p><b>{words(first)}</b></p>{paragraphs([potentials_in_words(fit)])}{lists[0] if shown else ''}"
        f"{folded(f'{len(others) - shown} more differences', lists[1]) if others[shown:] else ''}"
        f"{paragraphs([units(fit).sentence], 'faint')}"
    )


def shared_rows(fit: Fitted) -> pd.DataFrame:
    """The summary without its rows for single cells: what all cells share, and what each group has."""
    summary = fit.summary()
    return summary[summary["group"].isin(["", *fit.experiment.levels.groups])]


def parameters(fit: Fitted, table: pd.DataFrame) -> str:
    """Rows of the summary for those who read no posteriors: value, interval, and what it means."""
    e, grouped = fit.experiment, bool((table["group"] != "").any())
    known = {q.name: q for q in (*e.quantities, *e.widths)}
    lines = []
    for row in table.to_dict("records"):
        q, median, unit = known[row["parameter"]], row["median"], f" {printed_unit(row['unit'])}".rstrip()
        sentence = q.meaning
        if q.role is Role.PERMEABILITY_RATIO:
            fast, slow, times = ("K", q.ion, 1 / median) if median < 1 else (q.ion, "K", median)
            sentence = f"the membrane lets {fast} through {number(times)} times as easily as {slow}"
        value, interval = f"{number(median)}{unit}", f"{number(row['lower'])} to {number(row['upper'])}{unit}"
        lines.append([q.name, *([row["group"]] * grouped), value, interval, sentence[:1].upper() + sentence[1:]])
    head = ["parameter", *(["group"] * grouped), "median", e.interval_name, "in words"]
    return stacked_table(head, lines) if lines else ""


def _parameters_section(fit: Fitted, table: pd.DataFrame, uninformed: pd.DataFrame) -> str:
    reference = next((str(note) for note in fit.notes if note.about is About.REFERENCE), "")
    every = fit.summary()
    columns = ("mean", "sd", "median", "lower", "upper", "ess_bulk", "ess_tail", "r_hat", "contraction")
    formats = {c: SUMMARY_FORMATS.get(c) for c in columns}
    numbers = [
        [r["parameter"], r["group"], printed_unit(r["unit"])]
        + [format(r[c], f).replace("-", "−") if (f := formats[c]) else number(r[c]) for c in columns]
        for r in every.to_dict("records")
    ]
    cells = " and every cell" * (len(every) > len(table) + len(uninformed) + 1 and bool(fit.experiment.levels.cells))
    parts = [parameters(fit, table), paragraphs([reference] if reference else [], "faint")]
    if len(uninformed):
        names = listed(list(dict.fromkeys(uninformed["parameter"])))
        note = paragraphs(["Of these the recordings say little: what stands here is largely the prior."])
        parts.append(folded(f"The recordings do not say: {names}", note + parameters(fit, uninformed)))
    note = paragraphs(["Contraction is what the recordings added to the prior: 0 nothing, 1 all."], "faint")
    table_of_all = stacked_table(["parameter", "group", "unit", *columns], numbers)
    parts.append(folded(f"Every number{cells}, with diagnostics", note + table_of_all))
    return "\n".join(parts)


def _rests(fit: Fitted) -> Iterator[tuple[str, str]]:
    """What moves the answers, and, folded, what was tried without moving them; nothing where that was not looked at."""
    robustness, table = fit.verdict().robustness, fit.robustness()
    if robustness is None or not len(table):
        return
    counts = robustness.table["counts"].to_numpy(bool)
    lines = [[cell if isinstance(cell, str) else number(cell) for cell in row] for row in table.itertuples(index=False)]
    note = "Each line is the fit under another prior or assumption, or without some rows; shift_sd: how far the answer moves."
    moving, still = (
        stacked_table(list(table.columns), [line for line, c in zip(lines, counts, strict=True) if c == wanted])
        for wanted in (True, False)
    )
    html = paragraphs([note], "faint") + (moving if counts.any() else "")
    yield (
        "What the answers rest on",
        html + folded(f"{number_of(int((~counts).sum()), 'change')} that move little", still),
    )


def methods_html(methods: Methods) -> str:
    """The methods text with its references and their BibTeX entries."""
    references = "\n".join(f"<li>{escape(str(r))} {_link(r.field('doi'))}</li>" for r in methods.references)
    bibtex = folded("BibTeX", f"<pre>{escape(methods.bibtex)}</pre>")
    return f"{paragraphs(methods.paragraphs)}<h3>References</h3>\n<ul>\n{references}\n</ul>{bibtex}"


def provenance_html(fit: Fitted, command: str) -> str:
    """Where the answer comes from, and how to have it again."""
    attributes = fit.tree.attrs
    provenance = [
        ["", ""],
        ["recordings", attributes["source"] or "a table in memory"],
        ["SHA-256", attributes["data_sha256"] or "not from a file"],
        ["seed", str(attributes["seed"])],
        *map(list, json.loads(attributes["versions"]).items()),
        *(["" if i else "decided for you", str(note)] for i, note in enumerate(fit.notes)),
        *(["" if i else "mended in the table", repair] for i, repair in enumerate(fit.verdict().repairs)),
    ]
    return (
        f"{html_table(provenance)}<p>To run it again, save the configuration below as <code>config.toml</code> (the results"
        f" folder has it) and type <code>{command} --config config.toml</code>; <code>vrest report</code> makes this page"
        f" from <code>fit.nc</code> alone.</p>{folded('Configuration', f'<pre>{escape(attributes["config"])}</pre>')}"
    )


def _link(doi: str) -> str:
    return f'<a href="https://doi.org/{escape(doi)}">doi:{escape(doi)}</a>' if doi else ""
