"""The report: one page of HTML that opens with the answer and needs nothing but itself.

Everything that comes from the table or the configuration passes through `html.escape`; the page holds no script, and
its own policy forbids any.
"""

import io
import json
import re
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import pyplot
from matplotlib.ticker import MaxNLocator

from ...models.notes import About
from ...models.parameters import JUNCTION, Role, offset
from ...models.priors import Scale
from ..checks.identification import UNINFORMED
from ..checks.lack_of_fit import labels_of
from ..checks.words import Mark, Part
from ..results.colours import COLOURS, ON_DARK
from ..results.outputs import ResultsFile
from ..results.tables import html_name, html_table, number, printed_unit, summary_table
from .methods import describe
from .pictures import MOST, plot_cells, plot_pair, plot_pump, plot_residuals, plot_temperature
from .plots import SIZE, plot_series, short

if TYPE_CHECKING:
    from ..checks.fitted import Fitted

_INK = "#1b2026"
_STYLE: Any = {
    "svg.fonttype": "none",  # words stay words: selectable, and in the reader's own fonts where ours lacks a letter
    "svg.hashsalt": "vrest",
    "path.simplify_threshold": 0.5,
    "axes.prop_cycle": pyplot.cycler(color=COLOURS),
    "axes.titlesize": 10,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
}
# The page's own colours take the place of the pictures', so that both change with the reader's scheme.
_VARIABLES = {colour.lower(): f"var(--c{i})" for i, colour in enumerate(COLOURS)}
_VARIABLES |= {_INK: "currentColor", "#ffffff": "var(--paper)", "#d9d9d9": "var(--line)"}
_VARIABLES |= dict.fromkeys(("#595959", "#808080", "#7f7f7f"), "var(--faint)")
_MARKS = {"good": "✓ good", "amber": "! with care", "bad": "✗ not ok"}
_EACH = {JUNCTION: "bath"}
_CELLS = "<details><summary>Every cell</summary><div class='scroll numbers' tabindex='0'>{}</div></details>"
_LARGEST_SVG = 400_000  # characters; a picture of thousands of rows is smaller as dots
_RANKED = 250  # draws of a chain whose ranks are shown: far enough apart to be independent where chains are good
_MOST = 3  # pictures of residuals by a column, and of confounded pairs


def write_report(fit: "Fitted", path: Path) -> Path:
    """Write the report to `path`, where only another report that vrest wrote is replaced."""
    with ResultsFile(path, force=True, of_results=True).writing() as aside:
        aside.write_text(report_html(fit), encoding="utf-8")
    return path


def report_html(fit: "Fitted") -> str:
    """The whole page."""
    template = Template(files(__package__).joinpath("report.html").read_text(encoding="utf-8"))
    experiment, methods, attributes, shared = fit.experiment, describe(fit), fit.tree.attrs, shared_rows(fit)
    source, verdict = attributes["source"] or "a table in memory", fit.verdict()
    provenance = [
        ["", ""],
        ["recordings", source],
        ["SHA-256", attributes["data_sha256"] or "not from a file"],
        ["seed", str(attributes["seed"])],
        *map(list, json.loads(attributes["versions"]).items()),
        *(["" if i else "decided for you", str(note)] for i, note in enumerate(fit.notes)),
        *(["" if i else "mended in the table", repair] for i, repair in enumerate(verdict.repairs)),
    ]
    return template.substitute(
        title=escape(f"{source}: {experiment.law.name}"),
        subtitle=f"{experiment.recordings.sizes['obs']} resting potentials in {experiment.n_conditions} conditions;"
        f" {escape(experiment.law.summary)}.",
        light="; ".join(f"--c{i}: {colour}" for i, colour in enumerate(COLOURS)),
        dark="; ".join(f"--c{i}: {colour}" for i, colour in enumerate(ON_DARK)),
        warning="\n".join(
            [
                *(_card(replace(p, sentences=p.sentences[:3]), "warning") for p in verdict.parts if p.mark is Mark.BAD),
                *(f'<div class="warning amber"><p>{escape(str(note))}</p></div>' for note in verdict.cautions),
            ]
        ),
        answers="\n".join(answers(fit)),
        table=summary_table(shared, "html", experiment.config.interval),
        reference=escape(next((str(note) for note in fit.notes if note.about is About.REFERENCE), "")),
        verdict="\n".join(_card(part, "card") for part in verdict.parts),
        pictures="\n".join(_figure(*picture) for picture in pictures(fit)),
        methods="\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in methods.paragraphs),
        references="\n".join(f"<li>{escape(str(r))} {_link(r.field('doi'))}</li>" for r in methods.references),
        bibtex=escape(methods.bibtex),
        cells=_CELLS.format(fit.summary("html")) if len(shared) < len(fit.summary()) else "",
        provenance=html_table(provenance),
        config=escape(attributes["config"]),
    )


def shared_rows(fit: "Fitted") -> pd.DataFrame:
    """The summary without its rows for single cells: what all cells share, and what each type has."""
    summary = fit.summary()
    return summary[summary["group"].isin(["", *fit.experiment.levels.groups])]


def answers(fit: "Fitted") -> Iterator[str]:
    """What was found, a list item for each shared row: the value, and a sentence for those who read no posteriors."""
    e = fit.experiment
    known = {q.name: q for q in (*e.quantities, *e.spreads.values(), *e.offsets.values())}
    for row in shared_rows(fit).to_dict("records"):
        name, median, unit = row["parameter"], row["median"], f" {printed_unit(row['unit'])}".rstrip()
        q = known[name]
        sentence = q.meaning
        if q.role is Role.PERMEABILITY_RATIO:
            fast, slow, times = ("K", q.ion, 1 / median) if median < 1 else (q.ion, "K", median)
            sentence = f"the membrane lets {fast} through {number(times)} times as easily as {slow}"
        if row["contraction"] < UNINFORMED:
            sentence += "; the recordings hardly inform this: it is largely the prior"
        group = f" in {row['group']}" if row["group"] else ""
        value = f"{group} = {number(median)}{unit} ({e.interval_name} {number(row['lower'])} to {number(row['upper'])})"
        yield f"<li><b>{html_name(name)}</b>{escape(value)}<br>{escape(sentence[:1].upper() + sentence[1:])}.</li>"


def pictures(fit: "Fitted") -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Title, text alternative and drawing of every picture in which this fit has something to show."""
    experiment, table, law = fit.experiment, fit.summary(), fit.experiment.law
    groups = experiment.levels.groups
    mean = ", for the mean of the groups" if groups else ""
    told = (
        f"Recordings, and the median and {experiment.interval_name} of {law.name}, against K_o on a logarithmic axis;"
        " a colour for each temperature, open symbols and broken lines where the pump is blocked; dotted, E_K."
    )
    at = experiment.conditions
    if experiment.n_conditions > len(set(zip(at.c_o["K"], at.temperature_C, at.blocked, strict=True))):
        told += (
            " Diamonds are baths that differ from the curve's in more than K_o: small, their recordings; large, what the"
            " law expects of them."
        )
    for group in groups or (None,):
        title = f"Potential against potassium{f', {group}' if group else ''}"
        yield title, told, partial(_series, fit, group)
    if len(set(experiment.conditions.temperature_C)) > 1:
        told = (
            "V_m in the reference bath, and what thermodynamics, leak and pump each have in its change with temperature"
        )
        yield "Potential against temperature", f"{told}{mean}.", partial(plot_temperature, fit)
    if law.has_pump:
        told = f"What poisoning the pump would cost at once in each bath{mean}; a colour for each temperature."
        yield "The pump, bath by bath", told, partial(plot_pump, fit)
    for a, b, r in fit.verdict().identification.confounded[:_MOST]:
        told = f"Posterior draws of {a} and {b}: the recordings tell them apart badly (correlation {r:+.2f})."
        yield f"{a} and {b}", told, partial(plot_pair, fit, a, b)
    for name in dict.fromkeys(table["parameter"].drop(shared_rows(fit).index)):
        each = next((_EACH.get(per, per) for per in experiment.offsets if name == offset(per).name), "cell")
        grouped = bool(table["group"][table["parameter"] == name].isin(groups).any())
        told = f"{name} of single {each}s, from the least to the greatest{', below that of their group' if grouped else ''}."
        yield f"{name}, {each} by {each}", told, partial(plot_cells, fit, name)
    for by in (None, *list(labels_of(experiment))[:_MOST]):
        told = f"How far recordings lie from what the law expects, by {by or 'bath'}: rows, and their mean"
        told += f", of the {MOST} farthest." if by and len(set(experiment.recordings[by].to_numpy())) > MOST else "."
        yield f"Residuals by {by or 'bath'}", told, partial(plot_residuals, fit, by)
    yield (
        "Posterior against prior",
        "For each parameter, what was believed before and what the recordings left of it; axes are logarithmic where the"
        " prior spans orders of magnitude.",
        partial(_prior_posterior, fit),
    )
    yield (
        "Posterior predictive check",
        "Cumulative distribution of what was recorded (the strong line), and of 40 tables simulated from the fit.",
        partial(_predictive, fit),
    )
    yield (
        "Do the chains agree?",
        "Ranks of each chain's draws, less what is expected of chains that agree, one colour for each chain. Where p is"
        " below α one chain strays, at the dots: more draws would tell; what decides above is R-hat.",
        partial(_ranks, fit),
    )


def _series(fit: "Fitted", group: str | None) -> None:
    plot_series(fit, pyplot.subplots(figsize=SIZE)[1], group)


# What every Bayesian fit has to show is ArviZ's to draw.
def _panels(fit: "Fitted", symbols: list[str]) -> dict[str, Any]:
    """ArviZ's arguments for a panel of each variable (of each group), under its public name."""
    from arviz_base.labels import MapLabeller

    groups, quantities, posterior = fit.experiment.levels.groups, fit.experiment.quantities, fit.tree["posterior"]
    inert = {group: short(group, 20).replace("$", r"\$") for group in groups}  # no mathematics in a table's names
    coordinates: Any = {"population": inert}
    panels = sum(posterior[symbol].sizes.get("population", 1) for symbol in symbols)
    return {
        "var_names": symbols,
        "labeller": MapLabeller({q.symbol: q.name for q in quantities}, coord_map=coordinates),
        "figure_kwargs": {"figsize": (SIZE[0], 0.4 + (1.6 if groups else 1.4) * ((panels + 1) // 2))},
        "col_wrap": 2,
    }


def _prior_posterior(fit: "Fitted") -> None:
    import arviz_plots as az

    symbols = [q.symbol for q in fit.experiment.quantities]
    tree = fit.tree.filter(lambda node: node.name in (None, "prior", "posterior")).copy()
    logarithmic = [q.symbol for q in fit.experiment.quantities if q.scale is Scale.LOG]
    wide = [s for s in logarithmic if np.ptp(np.quantile(np.log10(tree["prior"][s]), (0.05, 0.95))) > 1]
    for group in ("prior", "posterior"):
        tree[group] = tree[group].to_dataset().assign({s: np.log10(tree[group][s]) for s in wide})
    drawn = az.plot_prior_posterior(tree, **_panels(fit, symbols))
    for axes in (axes for s in wide for axes in np.ravel(drawn.viz["plot"][s].to_numpy())):
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.xaxis.set_major_formatter(lambda x, _: f"{10.0**x:g}")


def _predictive(fit: "Fitted") -> None:
    import arviz_plots as az

    size = {"figsize": (SIZE[0], 3.0)}
    drawn = az.plot_ppc_dist(fit.tree, kind="ecdf", num_samples=40, visuals={"title": False}, figure_kwargs=size)
    for name, unit in {"V_m": "mV", "R_in": "MΩ"}.items():
        if name in drawn.viz["plot"]:
            drawn.viz["plot"][name].item().set_xlabel(f"${name[0]}_{{{name[2:]}}}$ ({unit})")


def _ranks(fit: "Fitted") -> None:
    import arviz_plots as az

    step = -(-fit.tree["posterior"].sizes["draw"] // _RANKED)
    az.plot_rank(
        fit.tree,
        thin=True,
        stats={"thin": {"factor": step}},
        **_panels(fit, [p.symbol for p in fit.experiment.parameters]),
    )


def image(draw: Callable[[], object], alternative: str) -> str:
    """What `draw` draws, with a text alternative: an inline SVG whose colours follow the page's, or dots if it is large."""
    with warnings.catch_warnings(), pyplot.rc_context(_STYLE):
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the browser has what our font lacks
        draw()
        figure, buffer = pyplot.gcf(), io.StringIO()
        figure.set_layout_engine("constrained")
        no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        uncut: Any = {"bbox_inches": "tight", "pad_inches": 0.03}  # a label may be wider than what it labels
        figure.savefig(buffer, format="svg", transparent=True, metadata=no_metadata, **uncut)
        if len(buffer.getvalue()) > _LARGEST_SVG:
            dots = io.BytesIO()
            figure.savefig(dots, format="png", dpi=150, facecolor="white", metadata={"Software": None}, **uncut)
            pyplot.close(figure)
            return (
                f'<img src="data:image/png;base64,{b64encode(dots.getvalue()).decode()}" alt="{escape(alternative)}">'
            )
        pyplot.close(figure)
    text = re.sub(r"<!--.*?-->\s*", "", buffer.getvalue(), flags=re.DOTALL)
    text = re.sub(r"(fill|stroke): (#[0-9a-f]{6})", lambda m: f"{m[1]}: {_VARIABLES.get(m[2], m[2])}", text)
    box, body = re.search(r'<svg [^>]*(viewBox="[^"]*")[^>]*>(.*)', text, re.DOTALL).groups()  # type: ignore[union-attr]
    space = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {box} {space} role="img" aria-label="{escape(alternative)}">{body}'


def _figure(title: str, told: str, draw: Callable[[], object]) -> str:
    return f"<figure><h3>{html_name(title)}</h3>\n{image(draw, told)}<figcaption>{escape(told)}</figcaption></figure>"


def _card(part: Part, kind: str) -> str:
    colour, text = part.mark.colour, "".join(f"<p>{escape(sentence)}</p>" for sentence in part.sentences)
    mark = f'<span class="mark">{_MARKS[colour]}</span>'
    return f'<div class="{kind} {colour}"><h3>{part.name.capitalize()} {mark}</h3>{text}</div>'


def _link(doi: str) -> str:
    return f'<a href="https://doi.org/{escape(doi)}">doi:{escape(doi)}</a>' if doi else ""
