"""Before any cell is patched: what a planned series would pin down, and which rows to add."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import xarray as xr

from ...models.errors import ConfigurationError, UnknownNameError, nearest, typed
from ...models.laws.law import Law
from ...models.notes import number_of
from ...models.parameters import Quantity, Role
from ..checks.candidates import Candidate, Proposal, choose, judged, rank, variations
from ..checks.identification import Identification, foresee, left_out, questions
from ..checks.words import say_identification
from ..experiment.build import allowing_blocks
from ..experiment.config import Config
from ..experiment.experiment import Experiment, conditions_of, distinct
from ..experiment.prepare import configure, prepare, recordings_of, takes_settings
from ..model.expected import Expectation, expected_posterior
from ..results.text import expectation_text, spread_text, table_text


@dataclass(frozen=True)
class Design:
    """What a plan is expected to teach, and what each further row would add.

    Attributes
    ----------
    experiment : the plan, as the law sees it.
    expectation, identification : of the plan as it stands.
    proposals : the candidates, best first; `chosen` the best next baths, each given those before it.
    basis : what the expectations are averaged over, in words.
    notes : what was decided on the user's behalf, as sentences.
    """

    experiment: Experiment
    expectation: Expectation
    identification: Identification
    proposals: tuple[Proposal, ...]
    chosen: tuple[Proposal, ...]
    basis: str
    notes: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """The candidates, best first: a line for each quantity, its expected sd before and after the row is added, and
        the contraction from the prior that is then reached. Sds are on the quantity's own scale: of the natural logarithm
        for ratios and Q10s."""
        return _long(self.proposals)

    @property
    def next_rows(self) -> pd.DataFrame:
        """The rows to add one after another, in columns as of `table`."""
        return _long(self.chosen)

    def __str__(self) -> str:
        recordings = self.experiment.recordings
        rows = f"{number_of(recordings.sizes['obs'], 'row')} of {recordings.attrs['source']}"
        lines = [
            f"What {self.experiment.law.name} can be expected to learn from {rows} ({self.basis}):",
            expectation_text(self.expectation),
            "",
            str(say_identification(replace(self.identification, advice=()), foreseen=True)),
            "",
            "Rows to add, best first, and the sd that is expected then:",
            table_text(_wide(self.proposals)),
        ]
        if self.chosen:
            lines += ["", "The next rows, each chosen with those before it made:", table_text(_wide(self.chosen))]
        return "\n".join(lines)


@takes_settings
def design(
    plan: xr.Dataset | pd.DataFrame,
    law: str | Law | None = None,
    *,
    add: xr.Dataset | pd.DataFrame | None = None,
    goal: str | None = None,
    truth: Mapping[str, Any] | None = None,
    next_rows: int = 0,
    recordings: int = 1,
    config: Config | None = None,
    **settings: Any,
) -> Design:
    """Rank the rows that could be added to a planned series by what they would teach, without sampling.

    Parameters
    ----------
    plan : a table without V_m_mV, as from `read_csv(…, potentials=False)`; one with V_m_mV serves too.
    law : name of the membrane law (default `ghk-pump`), or one of your own.
    add : rows that could be added, another plan; default: variations of the plan's commonest bath.
    goal : name of the parameter to rank by, such as `pump_mV`; default: all that resting potentials are asked.
    truth : what the membrane is like, by parameter name; default: averaged over the priors.
    next_rows : how many rows to choose one after another, each given those before it.
    recordings : how often a row is recorded, in every cell (or group) of the plan.
    config : a whole configuration, over which `law` and `settings` are laid.
    **settings : as of `fit`: inside, ions, priors, by, where, options, preset, …

    Returns
    -------
    Design
        `table` ranks the candidates.

    Raises
    ------
    ConfigurationError, UnknownNameError, DataError
        With a sentence that says what to change.
    """
    for name, least, value in (("recordings", 1, recordings), ("next_rows", 0, next_rows)):
        if value < least:
            raise ConfigurationError(f"{name} = {value}: it takes a whole number of at least {least}.")
    config = configure(config, law=law, **settings)
    experiment = prepare(recordings_of(plan, config, potentials=False), config)
    if not experiment.inferred:
        raise ConfigurationError(f"the law {config.law} leaves nothing to infer but the scatter: nothing to design.")
    wanted = questions(experiment) if goal is None else (_goal(experiment, goal),)
    rows = None if add is None else recordings_of(add, config, False, "candidates")
    offered = variations(experiment) if rows is None else _rows(experiment, rows)
    beyond = allowing_blocks(experiment) if any(c.at.blocked for c in offered) else experiment
    if beyond is not experiment:
        offered = variations(beyond) if rows is None else _rows(beyond, rows)
    population = None
    if truth is not None:
        from .simulate import stated_population

        population = stated_population(beyond, truth)
    expected = expected_posterior(beyond, population)
    expectation, identification = foresee(experiment, expected)
    return Design(
        experiment,
        expectation,
        identification,
        tuple(rank(expected, wanted, offered, recordings)),
        tuple(choose(expected, wanted, offered, recordings, next_rows)),
        "averaged over the priors" if truth is None else "at the stated truth",
        (*map(str, experiment.notes), *_notes(experiment, offered, recordings)),
    )


def _goal(experiment: Experiment, name: str) -> Quantity:
    known = {q.name: q for q in experiment.quantities if q.role is not Role.SCATTER}
    found = {q.symbol: q for q in known.values()} | known
    if name not in found:
        raise UnknownNameError(
            f"{typed('goal', name)}: the law {experiment.law.name} infers no such parameter here.{nearest(name, known)}"
            f" There are {', '.join(known)}."
        )
    return found[name]


def _rows(experiment: Experiment, rows: xr.Dataset) -> list[Candidate]:
    """The distinct conditions of a table, each under the number of its first row."""
    every, numbers = conditions_of(experiment, rows), rows["row"].to_numpy()
    return judged(experiment, [Candidate(f"row {numbers[k]}", every.take(k)) for k in distinct(every)[1]])


def _notes(experiment: Experiment, offered: Sequence[Candidate], recordings: int) -> list[str]:
    levels = experiment.levels
    where = f"each of the {len(levels.cells)} cells" if levels.cells else f"each level of {levels.by}"
    added = "one recording" if recordings == 1 else f"{recordings} recordings"
    notes = [f"Each candidate counts as {added} more" + (f" in {where}." if levels.entries else ".")]
    return [*notes, *left_out(experiment), *dict.fromkeys(text for candidate in offered for text in candidate.doubts)]


def _long(proposals: Sequence[Proposal]) -> pd.DataFrame:
    lines = [
        (place, str(p.candidate), q.label, before, after, contraction)
        for place, p in enumerate(proposals, 1)
        for q, before, after, contraction in zip(
            p.after.quantities, p.before.sd, p.after.sd, p.after.contraction, strict=True
        )
    ]
    return pd.DataFrame(lines, columns=["rank", "row", "parameter", "sd_before", "sd_after", "contraction"])


def _wide(proposals: Sequence[Proposal]) -> pd.DataFrame:
    """The ranking as people read it: a line for each candidate, with the sd that each quantity then has."""
    lines = []
    for place, p in enumerate(proposals, 1):
        known = {
            q.label: f"{spread_text(q, sd)} (-{max(gain, 0.0):.0%})"
            for q, sd, gain in zip(p.after.quantities, p.after.sd, p.narrowing, strict=True)
        }
        lines.append({"rank": place, "row": str(p.candidate), **known})
    return pd.DataFrame(lines)
