"""From a table's own column names to the contract's: mapping, missing names and near misses."""

import difflib
import re
from collections.abc import Mapping, Sequence

from ...models.errors import nearest
from ...models.ions import IONS
from .faults import Faults
from .schema import COLUMNS, RESERVED

_COMMON = ("K", "Na", "Cl", "Ca", "Mg", "HCO3")
_OTHER_NAMES = {
    "V_m_mV": "vm vmv vmem vmemmv vrest vrestmv rmp rmpmv em emmv potential potentialmv mv membranepotential "
    "membranepotentialmv restingpotential restingpotentialmv restingmembranepotential voltage voltagemv",
    "temperature_C": "temp tempc tempdegc tdegc tc temperaturedegc temperaturek tempk tk temperaturef tempf "
    "rectemp bathtemp bathtemperature",
    "V_m_sd_mV": "sd sdmv std stdmv stdev vmstd vmstdmv rmpsd rmpsdmv",
    "V_m_sem_mV": "sem semmv se semv vmse vmsemv stderr rmpsem rmpsemmv",
    "cell": "cellid cellname cellnumber cellno",
    "ljp_mV": "junctionpotential junctionpotentialmv liquidjunctionpotential liquidjunctionpotentialmv",
    "pump": "pumpstate pumpstatus nakpump",
    "R_in_MOhm": "rinput rinputmohm inputresistance inputresistancemohm rinm",
    "C_m_pF": "capacitance capacitancepf cellcapacitance",
}
_SIDES = {
    "o": r"o|out|outside|ext|external|extracellular|bath",
    "i": r"i|in|inside|int|internal|intracellular|pipette|cyt",
}

# Where one is given, the other is spare.
_INSTEAD = {"V_m_sd_mV": "V_m_sem_mV", "V_m_sem_mV": "V_m_sd_mV", "ljp_mV": "ljp"}
_ION_COLUMN = re.compile(r"(.+)_([oi])_mM")


def _squash(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _known_keys() -> dict[str, str]:
    keys = {_squash(name): name for name in COLUMNS}
    for name, column in COLUMNS.items():
        ion = name.split("_")[0]
        if column.unit not in ("", "1") and (ion not in IONS or ion in _COMMON):
            keys.setdefault(_squash(name.rsplit("_", 1)[0]), name)
    for name, others in _OTHER_NAMES.items():
        for other in others.split():
            keys.setdefault(_squash(other), name)
    return keys


_KEYS = _known_keys()


def meant_by(name: str) -> str | None:
    """The contract's column that a header `name` probably means, or None for a free label."""
    key = _squash(name)
    if key in _KEYS:
        return _KEYS[key]
    for side, words in _SIDES.items():
        for ion in _COMMON:
            if re.fullmatch(rf"{ion.lower()}\d?({words})(m|mm|um|mmoll?|mmolperl)?", key):
                return f"{ion}_{side}_mM"
    if len(key) < 5 or _ION_COLUMN.fullmatch(name):  # a strange ion is not a misspelt one
        return None
    close = difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.87)
    return _KEYS[close[0]] if close else None


def resolve(
    header: Sequence[str], columns: Mapping[str, str] | None, faults: Faults, *,
    potentials: bool, temperature_given: bool, weighed: bool,
) -> list[str]:  # fmt: skip
    """Contract names for the header's names, in order; faults are noted, free names stay.

    `columns` maps contract names to own names. A plan (no `potentials`) needs no V_m_mV, one temperature given for the
    file no temperature_C, and baths weighed from recipes no K_o_mM.
    """
    names = _renamed(list(header), columns or {}, faults)
    for position, name in enumerate(names, 1):
        if not name:
            faults.add(f"column {position} has no name (row numbers, perhaps); name it in the header, or delete it.")
    for name in sorted({n for n in names if n and names.count(n) > 1}, key=names.index):
        faults.add("is there twice; keep one, or rename the other.", column=name)

    spare = {"V_m_mV": not potentials, "temperature_C": temperature_given, "K_o_mM": weighed}
    explained: set[str] = set()
    for name in [c for c in COLUMNS if COLUMNS[c].required and not spare[c] and c not in names]:
        faults.add(_missing(name, names, explained), column=name)
    free = [n for n in dict.fromkeys(names) if n and n not in COLUMNS and n not in explained]
    for name in free:
        if fault := _fault_of_free_name(name, names, potentials):
            faults.add(fault, column=name)
    for name in [n for n in COLUMNS if n in names and n.endswith("_i_mM")]:
        if (outside := name.replace("_i_mM", "_o_mM")) not in names:
            faults.add(f"needs a column {outside} beside it (0 where the bath has none).", column=name)
    return names


def _renamed(names: list[str], columns: Mapping[str, str], faults: Faults) -> list[str]:
    result = list(names)
    for name, own in columns.items():
        option = f'--map {name}="{own}"'
        if names.count(own) > 1:
            faults.add(f"{option}: there are {names.count(own)} columns {own!r}; keep one, or rename the others.")
        elif own not in names:
            faults.add(f"{option}: there is no column {own!r}.{nearest(own, names)} {_listed(names)}")
        elif result[names.index(own)] not in (own, name):
            faults.add(f"{option}: the column {own!r} is already read as {result[names.index(own)]}.")
        else:
            result[names.index(own)] = name
            if own != name:
                faults.own_names[name] = own
    return result


def _missing(name: str, names: Sequence[str], explained: set[str]) -> str:
    candidates = [n for n in names if n and n not in COLUMNS and meant_by(n) == name]
    if candidates:
        explained.update(candidates)
        own = candidates[0]
        return (
            f"missing. The table has {own!r}: if it holds {_content(name)}, "
            f'rename it to {name}, or read it with --map {name}="{own}".'
        )
    text = f"missing.{nearest(name, [n for n in names if n and n not in COLUMNS])} Add it ({_content(name)})"
    if name == "K_o_mM" and "solution" in names:
        text += ", or give the recipes of the column solution with --solutions FILE"
    if name == "temperature_C":
        text += ", or give one value for the whole file with --temperature 20 (in Python temperature_C=20)"
    return f"{text}. {_listed(names)}"


def _fault_of_free_name(name: str, names: Sequence[str], potentials: bool) -> str | None:
    meant = meant_by(name)
    absent = meant is not None and meant not in names and _INSTEAD.get(meant) not in names
    parts = _ION_COLUMN.fullmatch(name)
    if parts and not (absent and _squash(name) == _squash(meant or "")):
        return f"unknown ion {parts[1]!r}.{nearest(parts[1], IONS)} Known ions: {', '.join(IONS)}."
    if meant is not None and absent and not (meant == "V_m_mV" and not potentials):
        return (
            f"would be ignored; rename it to {meant} if it holds {_content(meant)} "
            f'(or read it with --map {meant}="{name}").'
        )
    if name in RESERVED:
        return f"the toolkit uses this name itself; rename the column, for example to {name}_label."
    return None


def _content(name: str) -> str:
    column = COLUMNS[name]
    unit = {"": "", "1": "", "degC": " in °C"}.get(column.unit, f" in {column.unit}")
    return f"the {column.meaning}{unit}"


def _listed(names: Sequence[str]) -> str:
    return f"Its columns are: {', '.join(n for n in names if n)}."
