"""What the user says about a table: the answers to whatever cannot be told by looking at it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from ...models.errors import ConfigurationError, nearest, typed
from ..solutions.recipes import Solution
from .schema import COLUMNS, NUMBERS, OUTSIDE

Recipes = str | Path | Mapping[str, Solution]


@dataclass(frozen=True)
class ReadOptions:
    """How a table is read.

    Attributes
    ----------
    temperature_C : one temperature in °C, for the rows that have none.
    K_o_mM, Na_o_mM, … : one concentration in mM for the whole file, where the table has no such column.
    columns : the table's own column names by contract name, `{"V_m_mV": "RMP (mV)"}`; a minus sign before the own name
        turns the signs of the column.
    texts : what texts in columns of numbers or words mean, `{"RT": 22, "ouabain": "blocked"}`.
    sheet : a workbook's sheet, a range of cells (`A1:F9`), or both (`Data!A1:F9`).
    wide : the column that the headers of a wide table are the values of, as in `cell` or `K_o_mM`.
    error : what stands behind the sign ± in V_m_mV.
    blocked : a query for the rows in which the pump is blocked, `all` or `none`.
    allow : columns whose limits of plausibility do not hold.
    strict : refuse every table that would have to be repaired.
    delimiter, decimal, encoding : what separates cells (`tab` is understood), the decimal mark, the encoding; none
        given means that they are recognised.
    solutions : a TOML file of recipes, or what `read_solutions` made of it: the column `solution` names each row's bath.
    pipette : the solution in the pipette, for rows whose column `ljp` says `compute`.
    inside : inside concentrations in mM for the whole file, where a sharp electrode's junction needs them.
    potentials : False reads a plan: no V_m_mV is needed, and repeated rows are legal.
    """

    temperature_C: float | None = None
    K_o_mM: float | None = None
    Na_o_mM: float | None = None
    Cl_o_mM: float | None = None
    Ca_o_mM: float | None = None
    Mg_o_mM: float | None = None
    HCO3_o_mM: float | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, float | str] = field(default_factory=dict)
    sheet: str | None = None
    wide: str | None = None
    error: Literal["sem", "sd"] | None = None
    blocked: str | None = None
    allow: tuple[str, ...] = ()
    strict: bool = False
    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    solutions: Recipes | None = None
    pipette: str | None = None
    inside: Mapping[str, float] = field(default_factory=dict)
    potentials: bool = True

    def __post_init__(self) -> None:
        if self.decimal not in (None, ".", ","):
            raise ConfigurationError(f"{typed('decimal', self.decimal)}: the decimal mark is . or ,")
        if self.error not in (None, "sem", "sd"):
            raise ConfigurationError(f"{typed('error', self.error)}: what follows ± is sem or sd.")
        separator = {"tab": "\t", "\\t": "\t"}.get(self.delimiter or ",", self.delimiter or ",")
        if len(separator) != 1 or separator in '"\r\n':
            raise ConfigurationError(f"{typed('delimiter', self.delimiter)}: give one character, or the word tab.")
        for name in self.allow:
            if name not in NUMBERS:
                said = f"no column of numbers has this name.{nearest(name, COLUMNS)}"
                raise ConfigurationError(f"{typed('allow', [name])}: {said}")

    @property
    def constants(self) -> dict[str, float]:
        """The concentrations that are given for the whole file, by column."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name in OUTSIDE.values()}
        return {name: value for name, value in given.items() if value is not None}
