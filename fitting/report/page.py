"""The page that every report is: its frame, pictures inside it, tables that fold on a phone, and the verdict's marks.

Everything that comes from the table or the configuration passes through `html.escape`; the page holds no script, and
its own policy forbids any.
"""

import io
import re
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from matplotlib import pyplot
from matplotlib.figure import Figure

from ...models.colours import COLOURS, ON_DARK
from ..checks.words import Mark, Part
from ..results.tables import html_name

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
_SIGNS = {Mark.GOOD: "✓", Mark.CARE: "!", Mark.OPEN: "?", Mark.WEAK: "!", Mark.BAD: "✗"}
_SYMBOL = re.compile(r"\b(P|g|Q10|V|E)_([A-Za-z0-9]+)\b|\b(K|Na|Cl|Ca|Mg)_([io])\b")
_FLAG = re.compile(r"(?<![\w-])--[A-Za-z][\w-]*")
_LARGEST_SVG = 400_000  # characters; a picture of thousands of rows is smaller as dots


def page_html(
    *, title: str, subtitle: str, asked: str, answer: str, belief: str, figure: str, rest: Iterable[tuple[str, str]]
) -> str:
    """A whole page: all but `title` and `subtitle` is HTML; `rest` are headings and what stands under them."""
    template = Template(files(__package__).joinpath("report.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(title),
        subtitle=words(subtitle),
        light="; ".join(f"--c{i}: {colour}" for i, colour in enumerate(COLOURS)),
        dark="; ".join(f"--c{i}: {colour}" for i, colour in enumerate(ON_DARK)),
        asked=asked,
        answer=answer,
        belief=belief,
        figure=figure,
        rest="\n".join(f"<h2>{heading}</h2>\n{html}" for heading, html in rest),
    )


def words(text: str) -> str:
    """A sentence as HTML, with real minus signs, and subscripts in the names of quantities."""
    inert = escape(re.sub(r"(?<![\w.\-])-(?=\d)", "−", text))
    inert = _FLAG.sub(r"<code>\g<0></code>", inert)
    return _SYMBOL.sub(lambda m: f"{m[1] or m[3]}<sub>{m[2] or m[4]}</sub>", inert)


def paragraphs(sentences: Iterable[str], kind: str = "") -> str:
    """A paragraph for each sentence."""
    opening = f'<p class="{kind}">' if kind else "<p>"
    return "\n".join(f"{opening}{words(sentence)}</p>" for sentence in sentences)


def stacked_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose rows are headed by parameters' names, and become blocks of lines where the page is narrow."""
    top = "".join(f'<th scope="col">{words(cell)}</th>' for cell in head)
    lines = (
        f'<tr><th scope="row">{html_name(name)}</th>'
        + "".join(
            f'<td data-label="{words(label)}">{words(cell)}</td>' for label, cell in zip(head[1:], cells, strict=True)
        )
        + "</tr>\n"
        for name, *cells in rows
    )
    return f'<table class="stack"><thead><tr>{top}</tr></thead>\n<tbody>\n{"".join(lines)}</tbody></table>'


def folded(summary: str, html: str) -> str:
    """What stands behind a line that opens it."""
    return f"<details><summary>{words(summary)}</summary>\n{html}</details>"


def mark_of(part: Part) -> str:
    """The mark of a part of the verdict, as a sign and a word in its colour."""
    return f'<span class="mark">{_SIGNS[part.mark]} {part.mark.word}</span>'


def in_short(part: Part) -> str:
    """One part of the verdict in a line: its mark, and why, where it is not good and was not said above."""
    why = "" if part.mark in (Mark.GOOD, Mark.BAD) else f" {words(part.reason)}"
    return f'<p class="{part.mark.colour}"><b>{part.name.capitalize()}</b> {mark_of(part)}{why}</p>'


def card(part: Part, kind: str = "card") -> str:
    """One part of the verdict with all its sentences."""
    title = f"<h3>{part.name.capitalize()} {mark_of(part)}</h3>"
    return f'<div class="{kind} {part.mark.colour}">{title}{paragraphs(part.sentences)}</div>'


def cautions_html(cautions: Iterable[object]) -> str:
    """Cautions, one box for all."""
    lines = [f"<p><b>Caution.</b> {words(str(caution))}</p>" for caution in cautions]
    return f'<div class="warning amber">{"".join(lines)}</div>' if lines else ""


def figure_html(title: str, caption: str, draw: Callable[[], object]) -> str:
    """A picture with its heading and its caption, which is its text alternative, too."""
    return (
        f"<figure><h3>{html_name(title)}</h3>\n{image(draw, caption)}<figcaption>{words(caption)}</figcaption></figure>"
    )


def _placed(figure: Figure) -> None:
    """Leave room for the words beside the axes, reckoned by their letters: measuring them takes as long as drawing."""
    figure.set_layout_engine("none")
    axes, (width, height) = figure.axes[0], figure.get_size_inches()
    longest = max((len(label.get_text()) for label in axes.get_yticklabels()), default=0)
    left = min(0.7 + 0.07 * max(longest - 5, 0), width / 2) / width
    axes.get_gridspec().update(left=left, right=0.98, bottom=0.5 / height, top=1 - 0.3 / height, hspace=0.6, wspace=0.1)  # type: ignore[union-attr]


def image(draw: Callable[[], object], alternative: str) -> str:
    """What `draw` draws, with a text alternative: an inline SVG whose colours follow the page's, or dots if it is large."""
    with warnings.catch_warnings(), pyplot.rc_context(_STYLE):
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the browser has what our font lacks
        draw()
        figure, buffer = pyplot.gcf(), io.StringIO()
        _placed(figure)
        no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        uncut: Any = {"bbox_inches": "tight", "pad_inches": 0.03}  # a label may be wider than what it labels
        figure.savefig(buffer, format="svg", transparent=True, metadata=no_metadata, **uncut)
        if len(buffer.getvalue()) > _LARGEST_SVG:
            dots = io.BytesIO()
            figure.savefig(dots, format="png", dpi=150, facecolor="white", metadata={"Software": None}, **uncut)
            pyplot.close(figure)
            source = f"data:image/png;base64,{b64encode(dots.getvalue()).decode()}"
            return f'<img src="{source}" alt="{escape(alternative)}">'
        pyplot.close(figure)
    text = re.sub(r"<!--.*?-->\s*", "", buffer.getvalue(), flags=re.DOTALL)
    text = re.sub(r"(fill|stroke): (#[0-9a-f]{6})", lambda m: f"{m[1]}: {_VARIABLES.get(m[2], m[2])}", text)
    box, body = re.search(r'<svg [^>]*(viewBox="[^"]*")[^>]*>(.*)', text, re.DOTALL).groups()  # type: ignore[union-attr]
    space = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {box} {space} role="img" aria-label="{escape(alternative)}">{body}'
