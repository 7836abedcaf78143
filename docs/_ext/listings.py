"""Directives that list what the package itself declares: the verdict's sentences, priors, references."""

import json
import re

from docutils import nodes
from run import RUNS, source_hash
from sphinx.util.docutils import SphinxDirective


def _cases() -> dict[str, list[str]]:
    """The verdict's cases, kept between builds: making them takes a fit."""
    kept = RUNS / f"verdict-{source_hash()}.json"
    if not kept.exists():
        from verdict_cases import cases

        kept.parent.mkdir(parents=True, exist_ok=True)
        said = {name: str(part).splitlines() for name, part in cases().items()}
        kept.write_text(json.dumps(said), encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


class Sentence(SphinxDirective):
    """What the verdict says in a case, as a quotation."""

    required_arguments = 1

    def run(self):
        known = _cases()
        if self.arguments[0] not in known:
            raise self.error(f"the verdict has no case {self.arguments[0]}")
        lines = [nodes.line("", line.strip()) for line in known[self.arguments[0]]]
        return [nodes.block_quote("", nodes.line_block("", *lines))]


class _Table(SphinxDirective):
    def table(self, header, rows, widths):
        group = nodes.tgroup(cols=len(header))
        group += [nodes.colspec(colwidth=width) for width in widths]
        head, body = nodes.thead(), nodes.tbody()
        for part, lines in ((head, [header]), (body, rows)):
            for line in lines:
                row = nodes.row()
                for cell in line:
                    inline = [cell] if isinstance(cell, nodes.Node) else self._linked(cell)
                    row += nodes.entry("", nodes.paragraph("", "", *inline))
                part += row
        group += [head, body]
        return nodes.table("", group)

    def _linked(self, text):
        """Text whose PMC, PMID and DOI lead to their pages."""
        for piece in re.split(r"(PMC\d+|PMID \d+|doi:\S+)", text):
            uri = (
                f"https://pmc.ncbi.nlm.nih.gov/articles/{piece}" if piece.startswith("PMC")
                else f"https://pubmed.ncbi.nlm.nih.gov/{piece[5:]}" if piece.startswith("PMID ")
                else f"https://doi.org/{piece[4:]}" if piece.startswith("doi:") else ""
            )  # fmt: skip
            yield nodes.reference("", piece, refuri=uri) if uri else nodes.Text(piece)


class Flags(_Table):
    """What is typed after a command, but for the settings that it shares with `vrest fit`."""

    required_arguments = 1

    def run(self):
        from vrest.cli import parser_of
        from vrest.fitting.experiment.config import Config, Sampling
        from vrest.fitting.experiment.settings import settings

        shared = {*settings(Config), *settings(Sampling), "map_file", "config", "help"} - {"data"}
        taken = [action for action in parser_of(self.arguments[0])._actions if action.dest not in shared]
        typed = [" ".join(filter(None, (", ".join(a.option_strings), a.metavar))) for a in taken]
        rows = [
            (nodes.literal(text, text), (a.help or "").replace("%%", "%")) for text, a in zip(typed, taken, strict=True)
        ]
        return [self.table(("typed", "meaning"), rows, (30, 70))]


class Priors(_Table):
    """Every parameter that a law or an option brings, with its default prior and where that comes from."""

    def run(self):
        from vrest.models import parameters as of
        from vrest.models.ions import ions
        from vrest.models.laws.options import OPTIONS
        from vrest.models.laws.registry import LAWS

        some = ions(("K", "Na", "Cl", "Ca"))
        found = [p for law in LAWS.values() for p in law.parameters(law.usable(some))]
        found += [p for option in OPTIONS.values() for p in option.parameters(some)]
        found += [of.SIGMA, of.NU, of.NU_CELLS, of.P_K, of.P_K_AREA, of.C_M, of.R_IN_SCATTER]
        found += [of.between_cells(found[0]), of.between_cells(of.PUMP), of.offset_sd("cell")]
        rows = {p.name: (p.name, p.unit, str(p.prior), p.source) for p in found}
        return [self.table(("parameter", "unit", "prior", "where it comes from"), rows.values(), (14, 8, 22, 56))]


class Presets(_Table):
    """What each preset changes."""

    def run(self):
        from vrest.models.presets import PRESETS

        rows = [
            (preset, name, str(prior), source)
            for preset, changes in PRESETS.items()
            for name, (prior, source) in (
                changes.items() or [("nothing", ("as above", "the defaults are a neurone's"))]
            )
        ]
        return [self.table(("preset", "parameter", "prior", "where it comes from"), rows, (14, 12, 22, 52))]


class References(_Table):
    """All publications that laws, priors and methods texts cite."""

    def run(self):
        from vrest.fitting.report.methods import references

        listed = nodes.bullet_list()
        for one in references():
            doi = f" doi:{one.field('doi')}" if one.field("doi") else ""
            words = f" Cited as {one.cited_as}." if re.match("PM", one.cited_as) else ""
            listed += nodes.list_item("", nodes.paragraph("", "", *self._linked(f"{one}{doi}{words}")))
        return [listed]


def setup(app):
    for name, directive in {
        "sentence": Sentence, "flags": Flags, "priors": Priors, "presets": Presets, "references": References,
    }.items():  # fmt: skip
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
