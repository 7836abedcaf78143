"""What was fitted: the draws, the data and the configuration in one tree, its summary and its verdict."""

import json
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import overload

import pandas as pd
import xarray as xr

from ...models.notes import Note, notes_from_json
from ..experiment.config import Sampling
from ..experiment.experiment import Experiment
from ..results.summary import summarise
from ..results.tables import Style, summary_table
from ..results.text import summary_text
from .robustness import COLUMNS as ROBUSTNESS
from .verdict import Verdict, judge


@dataclass(frozen=True)
class Fitted:
    """One law fitted to recordings: what `fit.py` gives its verbs."""

    tree: xr.DataTree
    experiment: Experiment

    @cached_property
    def _summary(self) -> pd.DataFrame:
        return summarise(self.tree, self.experiment)

    @cached_property
    def _verdict(self) -> Verdict:
        return judge(self.tree, self.experiment, self._summary)

    @overload
    def summary(self) -> pd.DataFrame: ...
    @overload
    def summary(self, style: Style) -> str: ...
    def summary(self, style: Style | None = None) -> pd.DataFrame | str:
        """One row a parameter: unit, mean, sd, median, equal-tailed interval, diagnostics, contraction.

        With a `style` (`latex`, `markdown` or `html`), the same as text to paste.
        """
        table = self._summary
        return table.copy() if style is None else summary_table(table, style, self.experiment.config.interval)

    @property
    def sampling(self) -> Sampling:
        """How the draws were made, which a run that was repeated does otherwise than the configuration asks."""
        return Sampling(**json.loads(self.tree.attrs["sampling"]))

    def verdict(self) -> Verdict:
        """Whether the sampling, the law and the identification can be trusted; prints as sentences."""
        return self._verdict

    def robustness(self) -> pd.DataFrame:
        """What the answers rest on: one line for each answer and each change of a prior, an assumption, a cell or row.

        Empty where the fit was made without (`robustness="off"`), or its sampling failed.
        """
        found = self._verdict.robustness
        return found.table[ROBUSTNESS].copy() if found else pd.DataFrame(columns=ROBUSTNESS)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was decided on the user's behalf."""
        return notes_from_json(self.tree.attrs["notes"])

    def __repr__(self) -> str:
        config = self.experiment.config
        return (
            f"Fit of {config.law} to {self.experiment.recordings.sizes['obs']} rows"
            f" of {self.tree.attrs['source'] or 'a table in memory'}, seed {config.seed}\n"
            f"{summary_text(self._summary)}\nlower, upper: {self.experiment.interval_name}\n{self._verdict}"
        )

    def _repr_html_(self) -> str:
        verdict = "<br>".join(escape(line) for line in str(self._verdict).splitlines())
        return f"<p><b>{escape(repr(self).splitlines()[0])}</b></p>{self.summary('html')}<p>{verdict}</p>"
