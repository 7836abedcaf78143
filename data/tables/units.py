"""Units as people write them, and what turns a value into the contract's unit."""

import re
from typing import NamedTuple

from ...models.limits import ABSOLUTE_ZERO_OFFSET


class Conversion(NamedTuple):
    """value in the contract's unit = factor * (value + offset)"""

    unit: str
    factor: float = 1.0
    offset: float = 0.0

    @property
    def changes(self) -> bool:
        """Whether anything is to be computed."""
        return (self.factor, self.offset) != (1.0, 0.0)


_FAHRENHEIT = (1 / 1.8, -32.0)
# By the contract's unit: other spellings, without blanks and in lower case, with their factors.
_SPELLED: dict[str, dict[str, tuple[float, float]]] = {
    "mV": {"mv": (1, 0), "v": (1000, 0), "µv": (1e-3, 0), "uv": (1e-3, 0), "millivolt": (1, 0), "millivolts": (1, 0)},
    "mM": {
        **dict.fromkeys(("mm", "mmol/l", "mmoll-1", "mmol.l-1", "mmolar", "millimolar", "mol/m3", "mol/m³"), (1, 0)),
        **dict.fromkeys(("µm", "um", "µmol/l", "umol/l"), (1e-3, 0)), "mol/l": (1000, 0), "molar": (1000, 0),
    },
    "degC": {
        **dict.fromkeys(("°c", "ºc", "˚c", "oc", "c", "degc", "deg.c", "celsius", "grad", "°"), (1, 0)),
        **dict.fromkeys(("k", "kelvin"), (1, -ABSOLUTE_ZERO_OFFSET)),
        **dict.fromkeys(("°f", "f", "degf", "fahrenheit"), _FAHRENHEIT),
    },
    "MOhm": {
        **dict.fromkeys(("mω", "mohm", "mohms", "megaohm"), (1, 0)), **dict.fromkeys(("gω", "gohm"), (1000, 0)),
        **dict.fromkeys(("kω", "kohm"), (1e-3, 0)),
    },
    "GOhm": {"gω": (1, 0), "gohm": (1, 0), "gohms": (1, 0), "mω": (1e-3, 0), "mohm": (1e-3, 0)},
    "pF": {"pf": (1, 0), "nf": (1000, 0)},
}  # fmt: skip
_ALL = {spelling for spellings in _SPELLED.values() for spelling in spellings}
_NO_UNIT = {"", "-", "–", "1", "n", "#", "no.", "a.u.", "none", "text", "%", "s", "min", "h", "d", "days", "µm", "um"}


def conversion(text: str, unit: str) -> Conversion | None:
    """How values in the unit written as `text` become values in the contract's `unit`; None where they cannot."""
    bare = text.strip().strip("()[]").strip()
    if unit == "mM" and bare == "M":
        return Conversion("M", 1000.0)
    found = _SPELLED.get(unit, {}).get(_key(bare))
    return Conversion(bare, *map(float, found)) if found else None


def split_unit(name: str) -> tuple[str, str]:
    """A header's name and the unit at its end, where one stands there: 'RMP (mV)', 'V_m_mV', 'Vm / mV', 'Temp, °C'."""
    match = re.fullmatch(r"(.*?[^\s,_/])[\s,_/]*[(\[]\s*([^()\[\]]+?)\s*[)\]]\s*", name)
    if match and is_unit(match[2]):
        return match[1], match[2]
    for between in re.finditer(r"\s*[,/]\s*|\s+in\s+|[\s_]+", name.strip()):
        base, unit = name.strip()[: between.start()], name.strip()[between.end() :]
        if base and is_unit(unit):
            return base, unit
    return name, ""


def is_unit(text: str) -> bool:
    """Whether a text is the name of a unit that some column has."""
    bare = text.strip().strip("()[]").strip()
    return bare == "M" or _key(bare) in _ALL


def may_head_a_column(text: str) -> bool:
    """Whether a text may stand in a row of units."""
    return is_unit(text) or text.strip().strip("()[]").strip().lower() in _NO_UNIT


def _key(text: str) -> str:
    text = re.sub(r"[\s·⋅]", "", text.replace("Ω", "ω").replace("Ω", "ω").replace("μ", "µ").replace("−", "-")).lower()
    return text.replace("⁻¹", "-1")
