"""The summary as a table to paste: LaTeX, Markdown or HTML; and names that stay inert wherever they are opened."""

import re
from html import escape
from typing import Literal

import pandas as pd

from ...models.errors import UnknownNameError, nearest
from ..experiment.interval import interval_name
from .text import SUMMARY_FORMATS, digits

Style = Literal["latex", "markdown", "html"]
Rows = list[list[str]]
_SUBSCRIPT = re.compile(r"(P|g|Q10)_([A-Za-z0-9]+)")  # P_Na/P_K, g_Cl/g_K, Q10_pump/Q10_leak
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LATEX = {
    **{c: f"\\{c}" for c in "&%$#_{}"}, "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "°": r"\textdegree{}", "µ": r"\textmu{}", "<": r"\textless{}", ">": r"\textgreater{}", "−": "$-$", "×": r"$\times$",
    **{raised: f"\\textsuperscript{{{c}}}" for c, raised in zip(("$-$", *"0123456789"), "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True)},
}  # fmt: skip


def number(value: float) -> str:
    """A number as print has it: with a real minus sign, 1.2×10⁻⁶ for 1.2e-06."""
    mantissa, _, exponent = digits(value).partition("e")
    power = f"×10{str(int(exponent)).translate(_RAISED)}" if exponent else ""
    return mantissa.replace("-", "−") + power


def printed_unit(unit: str) -> str:
    """A unit as print has it: µA/cm² for uA/cm2, and nothing for 1."""
    return {"1": "", "uA/cm2": "µA/cm²", "cm3/s": "cm³/s"}.get(unit, unit)


def summary_table(summary: pd.DataFrame, style: Style, probability: float) -> str:
    """The summary as text to paste: parameter, unit, median, interval, effective draws, R-hat, contraction.

    A style that there is not raises UnknownNameError.
    """
    styles = {"latex": _latex, "markdown": _markdown, "html": html_table}
    if style not in styles:
        raise UnknownNameError(f"unknown style {style!r}.{nearest(style, styles)} Styles: {', '.join(styles)}.")
    columns = {
        "parameter": list(summary["parameter"]),
        "group": list(summary["group"].astype(str)),
        "unit": list(map(printed_unit, summary["unit"])),
        "median": list(map(number, summary["median"])),
        interval_name(probability): [
            f"{number(a)} to {number(b)}" for a, b in zip(summary["lower"], summary["upper"], strict=True)
        ],
        "ESS": [f"{x:.0f}" for x in summary[["ess_bulk", "ess_tail"]].min(axis=1)],
        "R-hat": [format(x, SUMMARY_FORMATS["r_hat"]) for x in summary["r_hat"]],
        "contraction": [format(x, SUMMARY_FORMATS["contraction"]).replace("-", "−") for x in summary["contraction"]],
    }
    if not any(columns["group"]):
        del columns["group"]
    return styles[style]([list(columns), *map(list, zip(*columns.values(), strict=True))])


def html_name(text: str) -> str:
    """A text as HTML, in which parameters' names have the subscripts that print has."""
    found = [_SUBSCRIPT.fullmatch(part) or escape(part) for part in re.split("([/ ,])", text)]
    return "".join(part if isinstance(part, str) else f"{part[1]}<sub>{part[2]}</sub>" for part in found)


def html_table(rows: Rows) -> str:
    """Rows as an HTML table; the first row and the first column are headings."""
    head, *body = rows
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    lines = (
        f'<tr><th scope="row">{html_name(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>\n'
        for name, *cells in body
    )
    return f"<table><thead><tr>{top}</tr></thead>\n<tbody>\n{''.join(lines)}</tbody></table>"


def _markdown(rows: Rows) -> str:
    safe = [[re.sub(r"([\\`*|<>\[\]&$])", r"\\\1", " ".join(cell.split())) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [safe[0], ["---"] * len(rows[0]), *safe[1:]]) + "\n"


def _latex(rows: Rows) -> str:
    def safe(cell: str) -> str:
        return "".join(_LATEX.get(c, c) for c in re.sub(r"\s+", " ", cell))

    def name(text: str) -> str:
        found = [_SUBSCRIPT.fullmatch(part) or part for part in re.split("([/ ,])", text)]
        return "".join(safe(part) if isinstance(part, str) else rf"${part[1]}_\mathrm{{{part[2]}}}$" for part in found)

    head, *body = (" & ".join([name(first), *map(safe, rest)]) + r" \\" for first, *rest in rows)
    top, line = rf"\begin{{tabular}}{{{'l' * len(rows[0])}}}", r"\hline"
    return "\n".join([top, line, head, line, *body, line, r"\end{tabular}", ""])
