"""The one table of the columns that a data table may have: name, unit, meaning and plausible range."""

from dataclasses import dataclass
from math import inf
from typing import Literal

from ...models.ions import IONS
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
    error: bool = False  # it is an error that 0 says there is none of
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


def _concentration(ion: str, side: str) -> Column:
    meaning = f"{ion} concentration {'in the bath' if side == 'o' else 'inside the cell'}"
    # Every law has potassium; other ions may be unknown in some baths, and a law that uses them refuses those rows.
    filled, always = side == "o" and ion in ("K", "Na"), side == "o" and ion == "K"
    name = f"{ion}_{side}_mM"
    limits = CONCENTRATION_mM._asdict()
    return Column(name, "mM", meaning, **limits, positive=side == "i", filled=filled, required=always)


def _error(name: str, unit: str, of: str, high: float) -> Column:
    return Column(name, unit, f"standard deviation of {of}", low=0, high=high, error=True, filled=True)


_PLAIN = [
    Column("V_m_mV", "mV", "membrane potential", **V_M_mV._asdict(), filled=True, required=True),
    Column("temperature_C", "degC", "temperature", **TEMPERATURE_C._asdict(), filled=True, required=True),
    Column("cell", "", "name of the cell", "label", filled=True),
    Column("cell_type", "", "cell type", "label", filled=True),
    Column("pump", "", "state of the Na/K pump", "word", filled=True, words=("on", "blocked")),
    Column("solution", "", "name of the bath", "label"),
    _error("temperature_sd_C", "degC", "temperature_C, one error for all rows at a temperature", high=10),
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
    *(_error(f"{ion}_o_sd_mM", "mM", f"{ion}_o_mM, one error for all rows of a solution", high=100) for ion in IONS),
]
_CONCENTRATIONS = [_concentration(ion, side) for side in "oi" for ion in IONS]

COLUMNS: dict[str, Column] = {column.name: column for column in (*_PLAIN, *_CONCENTRATIONS)}
NUMBERS = {name: column for name, column in COLUMNS.items() if column.kind == "number"}

# Numbers that become variables of their own, in the order of the written table.
QUANTITIES = tuple(c for c in _PLAIN if c.kind == "number" and not c.required)
LABELS = tuple(c.name for c in _PLAIN if c.kind == "label")
# Names that the Dataset uses itself, hence no free column may have.
_OWN = {"V_m_error", "c_o", "c_i", "blocked", "row", "obs", "ion"}
RESERVED = _OWN | {c.variable for c in _PLAIN if c.kind == "number"}
