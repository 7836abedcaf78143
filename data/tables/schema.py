"""The one table of the columns that a data table may have: name, unit, meaning and plausible range."""

from dataclasses import dataclass
from math import inf
from typing import Literal

from ...models.ions import IONS, Ion
from ...models.limits import POSSIBLE, TEMPERATURE_C, CONCENTRATION_mM, Range, V_M_mV


@dataclass(frozen=True)
class Column:
    """One column of the data contract."""

    name: str  # as in the table's header, with its unit
    unit: str
    meaning: str
    kind: Literal["number", "word", "label"] = "number"  # a number, one of `words`, or any text
    low: float = -inf  # plausible, in `unit`; both ends are legal, except a `low` that is `positive`
    high: float = inf
    positive: bool = False  # the value must exceed zero
    outside: str = ""  # the ion whose concentration in the bath it holds
    inside: str = ""  # the ion whose concentration inside the cell it holds
    error_of: str = ""  # the column whose error it holds; 0 says that there is none
    filled: bool = False  # an empty cell is a fault once the column is there
    required: bool = False  # the column itself must be there
    words: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """The name in the xarray Dataset: a number's without its unit."""
        if self.kind == "number":
            return self.name.rpartition("_")[0] or self.name
        return "blocked" if self.name == "pump" else self.name

    @property
    def shown_unit(self) -> str:
        """The unit in sentences."""
        return self.unit.replace("degC", "°C")

    @property
    def possible(self) -> Range:
        """What holds also where the plausible range does not; 0 is outside where the value is `positive`."""
        low, high = POSSIBLE.get(self.unit, Range(self.low, 100 * self.high))
        return Range(0.0 if self.positive or self.low >= 0 else low, high)


def _outside(ion: Ion) -> Column:
    # Every law has potassium; other ions may be unknown in some baths, and a law that uses them refuses those rows.
    filled, always = ion.name in ("K", "Na"), ion.name == "K"
    meaning, limits = f"{ion.name} concentration in the bath", CONCENTRATION_mM._asdict()
    return Column(ion.outside, "mM", meaning, **limits, filled=filled, required=always, outside=ion.name)


def _inside(ion: Ion) -> Column:
    meaning, limits = f"{ion.name} concentration inside the cell", CONCENTRATION_mM._asdict()
    return Column(ion.inside, "mM", meaning, **limits, positive=True, inside=ion.name)


def _error(name: str, unit: str, of: str, shared_by: str, high: float) -> Column:
    meaning = f"standard deviation of {of}, one error for all rows {shared_by}"
    return Column(name, unit, meaning, low=0, high=high, error_of=of, filled=True)


_PLAIN = [
    Column("V_m_mV", "mV", "membrane potential", **V_M_mV._asdict(), filled=True, required=True),
    Column("temperature_C", "degC", "temperature", **TEMPERATURE_C._asdict(), filled=True, required=True),
    Column("cell", "", "name of the cell", "label", filled=True),
    Column("cell_type", "", "cell type", "label", filled=True),
    Column("pump", "", "state of the Na/K pump", "word", filled=True, words=("on", "blocked")),
    Column("solution", "", "name of the bath", "label"),
    _error("temperature_sd_C", "degC", "temperature_C", "at a temperature", high=10),
    Column("V_m_sd_mV", "mV", "standard deviation of V_m", positive=True, high=100),
    Column("V_m_sem_mV", "mV", "standard error of the mean V_m", positive=True, high=100),
    Column("n", "1", "number of measurements in the mean", positive=True, high=1e6),
    Column("ljp_mV", "mV", "liquid junction potential to subtract", low=-30, high=30, filled=True),
    Column("ljp_sd_mV", "mV", "standard deviation of ljp_mV", positive=True, high=30, filled=True),
    Column("ljp", "", "state of the junction potential", "word", filled=True, words=("corrected", "compute")),
    Column("electrode", "", "kind of electrode", "label", words=("patch", "sharp")),
    Column("bath_electrode", "", "electrode in the bath", "label", words=("bridge", "AgCl")),
    Column("R_in_MOhm", "MOhm", "input resistance", positive=True, high=1e5),
    Column("R_in_sd_MOhm", "MOhm", "standard deviation of the input resistance", positive=True, high=1e5),
    Column("C_m_pF", "pF", "membrane capacitance", positive=True, high=1e6),
    Column("R_seal_GOhm", "GOhm", "seal resistance", positive=True, high=1e3),
    *(_error(f"{ion.name}_o_sd_mM", "mM", ion.outside, "of a solution", high=100) for ion in IONS.values()),
]
_CONCENTRATIONS = [of_ion(ion) for of_ion in (_outside, _inside) for ion in IONS.values()]

COLUMNS: dict[str, Column] = {column.name: column for column in (*_PLAIN, *_CONCENTRATIONS)}
NUMBERS = {name: column for name, column in COLUMNS.items() if column.kind == "number"}
OUTSIDE = {column.outside: name for name, column in COLUMNS.items() if column.outside}
"""By ion, the column of its concentration in the bath."""
INSIDE = {column.inside: name for name, column in COLUMNS.items() if column.inside}
"""By ion, the column of its concentration inside the cell."""
ERRORS = {column.error_of: column for column in COLUMNS.values() if column.error_of}
"""By the name of the bath's column, the column of its errors."""

# Numbers that become variables of their own, in the order of the written table.
QUANTITIES = tuple(c for c in _PLAIN if c.kind == "number" and not c.required)
LABELS = tuple(c.name for c in _PLAIN if c.kind == "label")
# Names that the Dataset uses itself, hence no free column may have.
_OWN = {"V_m_error", "c_o", "c_i", "blocked", "row", "obs", "ion"}
RESERVED = _OWN | {c.variable for c in _PLAIN if c.kind == "number"}
