"""Errors of baths and thermometers, as columns such as K_o_sd_mM give them: each is one for all rows that share it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from ...data.tables.schema import COLUMNS, ERRORS, OUTSIDE
from ...models.arrays import Array
from ...models.ions import Ion
from ...models.notes import About, Note
from ...models.parameters import Quantity, Role


@dataclass(frozen=True)
class BathError:
    """The errors of one column of the bath.

    Attributes
    ----------
    column : `K_o_mM` or another ion's, or `temperature_C`.
    labels : of each error, what shares it. sd : its standard deviation, in the column's unit.
    of_row : for each row, or condition, the index of its error; -1 where the bath is known exactly.
    """

    column: str
    labels: tuple[str, ...]
    sd: np.ndarray
    of_row: np.ndarray

    @property
    def quantity(self) -> Quantity:
        """What the errors are called where they are reported."""
        stem, unit = self.column.rsplit("_", 1)
        meaning = f"error of {self.column}, one for all rows that share it"
        return Quantity(f"{stem}_error_{unit}", COLUMNS[self.column].unit, meaning, role=Role.BATH_ERROR, signed=True)

    @property
    def dim(self) -> str:
        """The errors' dimension in the tree."""
        return f"{self.column}_offset"

    @property
    def index(self) -> np.ndarray:
        """`of_row`, with some error in place of none."""
        return np.maximum(self.of_row, 0)

    @property
    def there(self) -> np.ndarray:
        """1 where a row, or condition, has an error, else 0."""
        return (self.of_row >= 0).astype(float)

    def shifted(self, nominal: Array, error: Array, there: Array) -> Array:
        """The true value where `error` is that of each condition; a concentration stays above 0."""
        true = nominal + there * error
        return true if self.column == "temperature_C" else abs(true)


def find_bath_errors(recordings: xr.Dataset, chosen: Sequence[Ion]) -> tuple[BathError, ...]:
    """The errors of the model's ions outside and of the temperature, row by row.

    A concentration's error belongs to the solution as it was made: to all rows that name it (without the column
    `solution`, that have its concentration), and a thermometer's to all rows at one temperature.
    """
    solution = recordings["solution"].to_numpy().astype(str) if "solution" in recordings.coords else None
    values = {s.outside: recordings["c_o"].sel(ion=s.name).to_numpy() for s in chosen}
    values["temperature_C"] = recordings["temperature"].to_numpy()
    return tuple(
        _errors(column, x, recordings[name].to_numpy(), None if column == "temperature_C" else solution)
        for column, x in values.items()
        if (name := ERRORS[column].variable) in recordings and np.any(recordings[name] > 0)
    )


def _errors(column: str, values: np.ndarray, sd: np.ndarray, solution: np.ndarray | None) -> BathError:
    unit = COLUMNS[column].shown_unit
    labels = np.array([f"{x:g} ± {s:g} {unit}" for x, s in zip(values, sd, strict=True)])
    if solution is not None:
        labels = np.array([f"{name}, {label}" for name, label in zip(solution, labels, strict=True)])
    names = tuple(dict.fromkeys(labels[sd > 0].tolist()))
    of_row = np.where(sd > 0, pd.Index(names).get_indexer(labels), -1)
    return BathError(column, names, np.array([sd[of_row == k][0] for k in range(len(names))]), of_row)


def bath_notes(found: Sequence[BathError], recordings: xr.Dataset) -> Iterator[Note]:
    """What was done with the errors of baths, as sentences."""
    for e in found:
        counted = "1 error is" if len(e.labels) == 1 else f"{len(e.labels)} errors are"
        who = "at a temperature" if e.column == "temperature_C" else "of a solution"
        yield Note(
            About.BATH,
            f"{counted} inferred of {e.column}, one for all rows {who}, Normal with the sd that the table gives.",
        )
    used = [ERRORS[e.column].name for e in found]
    for ion, column in OUTSIDE.items():  # a temperature's error is always used
        c = ERRORS[column]
        if c.variable in recordings and c.name not in used and np.any(recordings[c.variable] > 0):
            yield Note(About.BATH, f"{c.name} is not used: {ion} is not among the model's ions.")
