"""Methods text, ready to paste: what was fitted, to what, how, and how it went, with the references that it cites."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files

from ...models.laws.options import OPTIONS
from ...models.notes import About, number_of
from ...models.parameters import JUNCTION, NU_CELLS
from ...models.priors import Scale
from ..checks.fitted import Fitted
from ..checks.words import reason
from ..experiment.config import Config, parse_config
from ..experiment.experiment import Experiment
from ..results.text import digits

_SAMPLERS = {
    "nutpie": "the No-U-Turn sampler of nutpie {nutpie}",
    "pymc": "PyMC's No-U-Turn sampler",
    "numpyro": "NumPyro's No-U-Turn sampler (Phan et al. 2019)",
}
_JUNCTION = {"subtracted": "subtracted, as the table gives it", "corrected": "corrected in the recordings themselves"}


@dataclass(frozen=True)
class Reference:
    """A publication: the words that cite it, and its BibTeX entry; prints as one line."""

    cited_as: str
    bibtex: str

    def field(self, name: str) -> str:
        found = re.search(rf"\b{name} = \{{((?:[^{{}}]|\{{[^}}]*\}})*)\}}", self.bibtex)
        return re.sub(r"[{}\\]", "", found[1]).replace("--", "–") if found else ""

    def __str__(self) -> str:
        authors = self.field("author").replace(" and others", " et al.").replace(" and ", "; ")
        place = ":".join(filter(None, (self.field("volume"), self.field("pages"))))
        return f"{authors} ({self.field('year')}) {self.field('title')}. {self.field('journal')} {place}."


@dataclass(frozen=True)
class Methods:
    """The methods text: its `paragraphs`, and the `references` that they cite; prints as plain text."""

    paragraphs: tuple[str, ...]
    references: tuple[Reference, ...]

    @property
    def bibtex(self) -> str:
        """The references as BibTeX entries."""
        entries = (re.sub(r", (\w+ = \{)", r",\n  \1", reference.bibtex) for reference in self.references)
        return "\n\n".join(entries) + "\n"

    def __str__(self) -> str:
        return "\n\n".join([*self.paragraphs, "References", *map(str, self.references)])


def references() -> tuple[Reference, ...]:
    """Every publication that laws, priors and methods texts can cite."""
    entries = files(__package__).joinpath("references.bib").read_text(encoding="utf-8")
    return tuple(Reference(m[1], m[2]) for m in re.finditer(r"^% (.+)\n(@.+)$", entries, re.MULTILINE))


def cited(text: str) -> tuple[Reference, ...]:
    """The references that a text cites, as `Goldman (1943)` or `Goldman 1943`."""
    text = re.sub(r"\((\d{4})\)", r"\1", text)
    return tuple(one for one in references() if one.cited_as in text)


def describe(fit: Fitted) -> Methods:
    """What was done, from the configuration, versions and diagnostics that the fit itself holds."""
    config, versions = parse_config(fit.tree.attrs["config"]), json.loads(fit.tree.attrs["versions"])
    paragraphs = (_data(fit, config), _law(fit, config), _priors(fit), _sampling(fit, config, versions), _checks(fit))
    return Methods(paragraphs, cited(" ".join(paragraphs)))


def _data(fit: Fitted, config: Config) -> str:
    recordings, source = fit.experiment.recordings, fit.tree.attrs["source"] or "a table in memory"
    chosen = f" (rows chosen by: {config.where})" if config.where else ""
    junction = _JUNCTION.get(recordings.attrs.get("ljp", ""), "not reported, and not subtracted")
    notes = " ".join(note.text for note in fit.notes if note.about is not About.OPTION)
    notes += "".join(f" Caution: {note.text}" for note in fit.verdict().cautions)
    notes += "".join(f" {repair}" for repair in fit.verdict().repairs)
    return (
        f"Data. {number_of(recordings.sizes['obs'], 'resting potential')} of {source} in"
        f" {number_of(fit.experiment.n_conditions, 'condition')} were analysed{chosen}."
        f" Liquid junction potential: {junction}. {notes}"
    )


def _law(fit: Fitted, config: Config) -> str:
    law, e = fit.experiment.law, fit.experiment
    options = "".join(f" Option {name}: {OPTIONS[name].meaning}." for name in config.options)
    shape = "a Student t distribution with nu degrees of freedom" if config.robust else "a Normal distribution"
    own = "; the error that a row carries of its own was added in quadrature" if e.error_mV.any() else ""
    between = [*_population(e)]
    between += [
        " The error of the liquid junction potential is an offset common to the rows of a solution, Normal around 0 with"
        " the sd that the table gives."
        if per == JUNCTION
        else f" Electrode offsets are inferred, one for each {per}, Normal around 0."
        for per in e.offsets
    ]
    if e.scatter:
        between += [f" Each level of {e.scatter.by} has a scatter of its own, lognormal around sigma_mV."]
    between += [" Input resistances are lognormal around the slope resistance at rest."] * (e.resistance is not None)
    return (
        f"Model. The law {law.name} was fitted for the ions {', '.join(fit.experiment.ions)} ({law.citation}): {law.summary}."
        f" {law.equation}, with V_T = RT/F.{options} Recordings scatter around the law by {shape} of scale sigma_mV{own}."
        + "".join(between)
    )


def _population(e: Experiment) -> Iterator[str]:
    """How the units of each level scatter, the outermost first, in sentences."""
    nu = e.fixed.get(NU_CELLS.name)
    heavy = f"Student t with {NU_CELLS.name if nu is None else f'{nu:g}'} degrees of freedom (Lange et al. 1989)"
    around = "their group's"
    above = [(a.column, f"units of {a.column}", a.mixed) for a in e.levels.above]
    for (column, units, mixed), spreads in zip(
        [*above, ("", "cells", False)], (*e.spreads_above, e.spreads), strict=True
    ):
        varying = [p for p in e.parameters if p.name in spreads]
        shape = "Normal" if column or not e.config.robust_cells else heavy
        middle = "their mean, whatever the group" if mixed else around
        for scale, what in ((Scale.LOG, "the logarithms of "), (Scale.NATURAL, "")):
            if names := ", ".join(p.name for p in varying if p.between is scale):
                yield f" Between {units} {what}{names} are {shape} around {middle}."
        around = f"their {column}'s" + " and group's" * mixed


def _priors(fit: Fitted) -> str:
    e = fit.experiment
    offsets = (p for per, p in e.offsets.items() if per != JUNCTION)  # that one's sd is the table's
    levels = (e.scatter.spread,) if e.scatter else ()
    every = (*e.parameters, *e.every_spread, *levels, *offsets)
    stated = [f"{p.name} ~ {p.prior}, {p.meaning}: {p.source}" for p in every]
    stated += [f"{name} held at {digits(value)}" for name, value in e.fixed.items()]
    preset = f" (preset {e.config.preset})" if e.config.preset else ""
    return f"Priors{preset}. {'; '.join(stated)}."


def _sampling(fit: Fitted, config: Config, versions: dict[str, str]) -> str:
    s, posterior, check = fit.sampling, fit.tree["posterior"], fit.verdict().sampling
    tuning = fit.tree["sample_stats"].attrs["tuning"]
    sampler = _SAMPLERS[fit.tree.attrs["sampler"]].format(**versions)
    return (
        f"Sampling. The posterior was drawn by {sampler} (Hoffman & Gelman 2014): {posterior.sizes['chain']} chains of"
        f" {posterior.sizes['draw']} draws after {tuning} draws of tuning, target acceptance {s.target_accept:g}, seed"
        f" {config.seed}. There {'was' if check.divergences == 1 else 'were'} {check.divergences}"
        f" divergence{'s' * (check.divergences != 1)}; R-hat was at most {check.max_r_hat:.3f} and the"
        f" effective sample size (bulk and tail) at least {check.min_ess:.0f} (Vehtari et al. 2021); E-BFMI was at least"
        f" {check.min_bfmi:.2f}. Software: vrest {versions['vrest']}, PyMC {versions['pymc']} (Abril-Pla et al. 2023),"
        f" PyTensor {versions['pytensor']}, ArviZ {versions['arviz']} (Kumar et al. 2019), NumPy {versions['numpy']}"
        " (Harris et al. 2020)."
    )


def _checks(fit: Fitted) -> str:
    verdict = fit.verdict()
    values = f"Reporting. Values are posterior medians with the equal-tailed {fit.experiment.interval_name}."
    if not verdict.sampling.ok:
        return (
            f"{values} The sampling fell short of its checks, so that these values are not to be published, and neither how well"
            " the law fits nor what was identified was judged."
        )
    unadvised = replace(verdict, identification=replace(verdict.identification, advice=()))
    return (
        f"{values} Fit: {reason(verdict.fit)}; the largest Pareto k of leave-one-out cross-validation is"
        f" {verdict.fit.max_pareto_k:.2f} (Vehtari et al. 2017). Identification was judged by how much narrower the posterior"
        f" is than the prior. {' '.join(unadvised.parts[2].sentences)}"
    )
