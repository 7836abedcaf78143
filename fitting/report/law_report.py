"""The report on a comparison of laws: which predicts best, whether to believe it, its figure; then every law by itself."""

from functools import partial

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

from ...models.colours import COLOURS
from ..checks.fitted import Fitted
from ..checks.verdict import Verdict
from ..comparison.laws import LawComparison
from ..results.text import digits
from .gallery import series_caption
from .methods import describe
from .page import card, cautions_html, figure_html, folded, mark_of, page_html, paragraphs, stacked_table, words
from .plots import SIZE, plot_series
from .report import failures, methods_html, parameters, provenance_html, shared_rows, source_name

_FORMATS = dict.fromkeys(("elpd", "se", "elpd_diff", "dse"), ".1f") | {"weight": ".2f", "n": ".0f"}


def law_report_html(comparison: LawComparison) -> str:
    """The whole page."""
    fits, best = comparison.fits, comparison.fits[comparison.best]
    cautions = dict.fromkeys(str(note) for fit in fits.values() for note in fit.verdict().cautions)
    first, *others = comparison.sentences
    bad = "".join(failures(fit.verdict()) for name, fit in fits.items() if name in comparison.short)
    return page_html(
        title=f"{source_name(best)}: {', '.join(fits)}",
        subtitle=f"{best.experiment.recordings.sizes['obs']} resting potentials; laws compared by what they predict of a row,"
        " or a cell, that was left out.",
        asked=words(f"Which of {', '.join(fits)} predicts best what it has not seen?"),
        answer=f"{bad}<p><b>{words(first)}</b></p>{paragraphs(others)}",
        belief=cautions_html(cautions) + "".join(_in_short(name, fit.verdict()) for name, fit in fits.items()),
        figure=figure_html(comparison.best, series_caption(best), partial(plot_series, best)),
        rest=[
            ("The comparison", _table(comparison)),
            ("Each law", "\n".join(_of_law(name, fit) for name, fit in fits.items())),
            ("Methods, to paste", methods_html(describe(best))),
            ("Where it comes from", provenance_html(best, f"vrest compare --laws {','.join(fits)}")),
        ],
    )


def _in_short(name: str, verdict: Verdict) -> str:
    marks = ", ".join(f'<span class="{part.mark.colour}">{part.name} {mark_of(part)}</span>' for part in verdict.parts)
    return f"<p><b>{words(name)}</b>: {marks}</p>"


def _table(comparison: LawComparison) -> str:
    columns = list(comparison.table.columns)
    rows = [
        [row["law"], *(format(row[c], _FORMATS[c]) if c in _FORMATS else digits(row[c]) for c in columns[1:])]
        for row in comparison.table.to_dict("records")
    ]
    explained = (
        "elpd is the expected log predictive density of what is left out: the higher, the better; elpd_diff is how far a law"
        " falls behind the best, dse the standard error of that; weight is a law's share in the mixture that predicts best.",
        *comparison.refits,
    )
    drawn = "How far each law falls behind the best, and twice the standard error of that, leaving out a {}."
    pictures = "".join(
        figure_html(f"Leaving out a {scheme}", drawn.format(scheme), partial(plot_behind, comparison, scheme=scheme))
        for scheme in dict.fromkeys(comparison.table["scheme"])
    )
    return f'{stacked_table(columns, rows)}{paragraphs(explained, "faint")}<div class="pictures">{pictures}</div>'


def plot_behind(comparison: LawComparison, scheme: str) -> Axes:
    """How far each law falls behind the best in expected log predictive density, with twice its standard error."""
    part = comparison.table[comparison.table["scheme"] == scheme]
    axes = pyplot.subplots(figsize=(SIZE[0], 1.0 + 0.35 * len(part)), layout="constrained")[1]
    places = np.arange(len(part))
    axes.errorbar(part["elpd_diff"], places, xerr=2 * part["dse"], fmt="o", color=COLOURS[0], lw=1.8)
    axes.axvline(0, color="0.5", lw=0.8, zorder=0)
    axes.set_yticks(places, list(part["law"]))
    axes.set_ylim(len(part) - 0.5, -0.5)
    axes.set_xlabel("elpd less that of the best")
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _of_law(name: str, fit: Fitted) -> str:
    cards = f'<div class="cards">{"".join(map(card, fit.verdict().parts))}</div>'
    series = figure_html(f"Potential against potassium, {name}", series_caption(fit), partial(plot_series, fit))
    return folded(name, f"{parameters(fit, shared_rows(fit))}{cards}<div class='pictures'>{series}</div>")
