"""Scatter that is not the same in all rows: which rows share theirs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from ...models.errors import ConfigurationError, typed
from ...models.notes import About, Note
from ...models.parameters import SIGMA_SPREAD, Parameter
from .levels import row_labels

DIM = "scatter_level"


@dataclass(frozen=True)
class Scatter:
    """Levels of a column, each with a scatter of its own.

    Attributes
    ----------
    by : the column, or several joined by commas.
    levels : its values. of_row : for each row, the index of its level.
    spread : how much the levels' scatter differs.
    """

    by: str
    levels: tuple[str, ...]
    of_row: np.ndarray
    spread: Parameter = SIGMA_SPREAD

    @property
    def note(self) -> Note:
        """What was done, as a sentence."""
        text = f"Scatter differs between the {len(self.levels)} levels of {self.by}, which are partially pooled."
        return Note(About.ROWS, text)


def find_scatter(recordings: xr.Dataset, by: str | None) -> Scatter | None:
    """The levels of scatter that a column names."""
    if by is None:
        return None
    labels = row_labels(recordings, "scatter_by", by)
    levels = tuple(dict.fromkeys(labels.tolist()))
    said = f"{recordings.attrs['source']}: {typed('scatter_by', by)}"
    if len(levels) == 1:
        raise ConfigurationError(f"{said}: all rows have the same value there. Leave it out.")
    if len(levels) > len(labels) / 2:
        why = "The scatter of a level takes two rows or more: choose another column."
        raise ConfigurationError(f"{said}: {len(levels)} levels for {len(labels)} rows. {why}")
    return Scatter(by, levels, pd.Index(levels).get_indexer(labels))
