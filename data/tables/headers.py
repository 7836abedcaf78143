"""From a table's own column names to the contract's: generous where only one reading is possible, else a question."""

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ...models.errors import nearest, typed
from ...models.ions import IONS
from .faults import Faults
from .schema import COLUMNS, INSIDE, NUMBERS, OUTSIDE, RESERVED
from .units import Conversion, conversion, split_unit

_COMMON = {
    "K": "k potassium kalium", "Na": "na sodium natrium", "Cl": "cl chloride chlorid", "Ca": "ca calcium",
    "Mg": "mg magnesium", "HCO3": "hco bicarbonate",
}  # fmt: skip
_SIDES = (
    (OUTSIDE, r"o|e|out|outside|ext|external|extracellular|bath|aussen"),
    (INSIDE, r"i|in|inside|int|internal|intracellular|pipette|cyt|innen"),
)
# Names as labs write them, without their unit, blanks and marks. Only one reading is possible.
_CERTAIN = {
    "V_m_mV": "vm vmem vrest rmp em membranepotential restingpotential restingmembranepotential meanvm meanrmp vmmean "
    "membranpotential ruhepotential ruhemembranpotential restingvm",
    "temperature_C": "temp temperature bathtemp bathtemperature rectemp recordingtemperature temperatur",
    "V_m_sd_mV": "vmsd vmstd rmpsd sdvm sdrmp vmemsd",
    "V_m_sem_mV": "vmsem vmse rmpsem semvm semrmp vmemsem",
    "n": "n ncells numberofcells",
    "cell": "cell cellid cellname cellnumber cellno cellnr zelle",
    "pump": "pumpstate pumpstatus nakpump",
    "R_in_MOhm": "rin rinput inputresistance",
    "C_m_pF": "capacitance cellcapacitance membranecapacitance",
    "R_seal_GOhm": "rseal sealresistance",
}
# What these hold is likely, and asked.
_LIKELY = {
    "V_m_mV": "v e mv potential voltage potentialmv voltagemv",
    "temperature_C": "t",
    "V_m_sd_mV": "sd std stdev",
    "V_m_sem_mV": "sem se stderr",
    "ljp_mV": "junctionpotential liquidjunctionpotential",
    "C_m_pF": "cm c",
    "K_o_mM": "k", "Na_o_mM": "na", "Cl_o_mM": "cl",
}  # fmt: skip
_SPREADS = tuple(f"{_LIKELY['V_m_sd_mV']} {_LIKELY['V_m_sem_mV']}".split())
# Where one is given, the other is spare.
_ALTERNATIVE = {"V_m_sd_mV": "V_m_sem_mV", "V_m_sem_mV": "V_m_sd_mV", "ljp_mV": "ljp"}
_ION_COLUMN = re.compile(r"(.+)_([oi])_mM")
_ERROR = re.compile(
    r"[\s,(]*(?:mean)?\s*(?:±|\+/-|\+-)\s*(s\.?\s*e\.?(?:\s*m\.?)?|s\.?\s*d\.?|std)\b\.?", re.IGNORECASE
)
_MOST_GUESSED = 50  # names of a table beyond which none is compared with the contract's for likeness


@dataclass(frozen=True)
class Meaning:
    """What a header says: the contract's column, its unit there, the kind of error after ±, and whether it is certain."""

    name: str
    unit: Conversion | None = None
    error: Literal["sem", "sd"] | None = None
    certain: bool = True


@dataclass
class Heads:
    """The columns of a table."""

    names: list[str]  # the contract's where they are known, else the table's own
    units: dict[str, Conversion]  # by name, what to convert from
    error: Literal["sem", "sd"] | None = None  # what a header says of ±
    negated: tuple[str, ...] = ()  # columns whose signs are turned
    asked: tuple[str, ...] = ()  # the contract's names that several columns may mean, which is a fault already


def _simplified(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_FULL = {_simplified(name): name for name in COLUMNS}
_KEYS = {key: name for name, keys in _CERTAIN.items() for key in keys.split()}
_BARE = ("R_in_MOhm", "R_in_sd_MOhm", "R_seal_GOhm", "V_m_sd_mV", "V_m_sem_mV")  # known without their units
_KEYS |= {_simplified(COLUMNS[name].variable): name for name in _BARE}
_GUESSED = {key: name for name, keys in _LIKELY.items() for key in keys.split()}


@lru_cache(maxsize=10_000)
def meaning(own: str) -> Meaning | None:
    """The contract's column that a header probably means, or None for a free label."""
    if own in COLUMNS:
        return Meaning(own)
    error = _ERROR.search(own)
    kind: Literal["sem", "sd"] | None = ("sem" if "e" in error[1].lower() else "sd") if error else None
    # what remains of "(mV, mean ± SEM)" or "± SEM (mV)" still names the unit
    base, unit = split_unit(re.sub(r"[,\s]*\)", ")", own.replace(error[0], " ") if error else own).strip())
    key = _simplified(base)
    # "KO" is a knockout, "KI" and "NaI" are salts
    short = re.fullmatch(r"[A-Za-z]{2,3}", base.strip()) and not re.fullmatch(r"(K|Na|Cl|Ca|Mg)[oe]", base.strip())
    name = _KEYS.get(key) or (None if short else _ion_column(key))
    certain = name is not None and not own.strip().isdecimal()
    name = name or _FULL.get(_simplified(own)) or _FULL.get(_simplified(base))
    certain = certain or name is not None
    name = name or _GUESSED.get(key)
    if name is None:
        return None
    known = conversion(unit, COLUMNS[name].unit) if unit else None
    if unit and known is None and name in NUMBERS:
        return None if name in _GUESSED.values() else Meaning(name, certain=False)
    # A column named T in °C, or V in mV, leaves no doubt; the others of a likely name do.
    certain = certain or (known is not None and key in ("t", "cm", *_SPREADS))
    if name == "ljp_mV":
        certain = own.lower() == "ljp_mv"  # under any other name it may be meant to be added
    return Meaning(name, known, kind if name == "V_m_mV" else None, certain)


def recognised(cells: Sequence[str]) -> int:
    """How many cells of a row are names of columns beyond doubt; those in the contract's own spelling count double."""
    count = 0
    for cell in cells:
        if cell in COLUMNS:
            count += 2
        elif cell and not cell[0].isdigit() and len(cell) < 60 and (found := meaning(cell)) and found.certain:
            count += 1
    return count


def _ion_column(key: str) -> str | None:
    for columns, words in _SIDES:
        for ion, names in _COMMON.items():
            some = names.replace(" ", "|")
            if re.fullmatch(rf"(?:{some})\d?(?:{words})|(?:{words})(?:{some})\d?(?:concentration|conc)?", key):
                return columns[ion]
    return None


def _likeness(own: str) -> Meaning | None:
    """The contract's column that a header is a misspelling of, if any."""
    key = _simplified(own)
    if len(key) < 5 or _ION_COLUMN.fullmatch(own):  # a strange ion is not a misspelt one
        return None
    close = difflib.get_close_matches(key, [*_FULL, *_KEYS], n=1, cutoff=0.87)
    return Meaning(_FULL.get(close[0]) or _KEYS[close[0]], certain=False) if close else None


def resolve(header: Sequence[str], columns: Mapping[str, str], faults: Faults, units: Mapping[int, str]) -> Heads:
    """Contract names for the header's names, in order; what is missing is not yet a fault (see `require`).

    `columns` maps contract names to own names, and is obeyed before anything is recognised; `units` are those that stand
    in a row of their own, by column number.
    """
    heads = Heads(list(header), {})
    _obey(heads, columns, faults)
    counted = Counter(name for name in heads.names if name)
    for name in [name for name, count in counted.items() if count > 1]:
        faults.add("is there twice; keep one, or rename the other.", column=name)
    taken: dict[str, list[int]] = {}
    for position, own in enumerate(heads.names):
        found = None if own in COLUMNS or counted[own] > 1 else meaning(own) if own else None
        if found and not found.certain and (unit := units.get(position)):
            found = meaning(f"{own} ({unit.strip('()[]')})") or found
        before = meaning(header[position - 1]) if position else None
        beside = before is not None and before.name == "V_m_mV" and _simplified(own) in _SPREADS
        if not found:
            continue
        if (found.certain or beside) and not {found.name, _ALTERNATIVE.get(found.name)} & set(counted):
            taken.setdefault(found.name, []).append(position)
        elif found.certain and found.name in counted and found.name not in columns:
            if _simplified(own) == _simplified(found.name):
                faults.add(f"is there twice, as {own!r} too; keep one, or rename the other.", column=found.name)
            else:
                faults.warn(f"is not used: {found.name} is there, too.", column=own)
    said = []
    for name, positions in taken.items():
        if len(positions) > 1:
            options = " or ".join(typed("columns", {name: header[at]}) for at in positions)
            faults.add(f"{len(positions)} columns may be meant; choose with {options}.", column=name)
            heads.asked += (name,)
            continue
        own = header[positions[0]]
        heads.names[positions[0]] = name
        faults.own_names[name] = own
        said.append(f"{own!r} as {name}")
        _note_unit(heads, name, own)
    if said:
        faults.repair("names", f"columns taken: {', '.join(said)}.")
    return heads


def _obey(heads: Heads, columns: Mapping[str, str], faults: Faults) -> None:
    own_names = list(heads.names)
    for name, own in columns.items():
        chosen = typed("columns", {name: own})
        negative = own.startswith("-") and own not in own_names
        at = own[1:] if negative else own
        if own_names.count(at) > 1:
            count = own_names.count(at)
            faults.add(f"{chosen}: there are {count} columns {at!r}; keep one, or rename the others.")
        elif at not in own_names:
            listed = f"Its columns are: {', '.join(n for n in heads.names if n)}."
            faults.add(f"{chosen}: there is no column {at!r}.{nearest(at, own_names)} {listed}")
        elif heads.names[own_names.index(at)] not in (at, name):
            faults.add(f"{chosen}: the column {at!r} is already read as {heads.names[own_names.index(at)]}.")
        else:
            heads.names[own_names.index(at)] = name
            if negative:
                heads.negated += (name,)
                faults.repair("stated", f"the signs of {at!r} are turned, as {typed('columns')} says.")
            if at != name:
                faults.own_names[name] = at
                _note_unit(heads, name, at)


def _note_unit(heads: Heads, name: str, own: str) -> None:
    found = meaning(own)
    unit = found.unit if found and found.name == name else None
    if unit is None and name in COLUMNS:
        unit = conversion(split_unit(own)[1], COLUMNS[name].unit)
    if unit and unit.changes:
        heads.units[name] = unit
    if name == "V_m_mV" and found:
        heads.error = found.error


def require(names: Sequence[str], spare: Sequence[str], faults: Faults, *, potentials: bool) -> None:
    """Note what is missing, and free names that are near misses, strange ions or the toolkit's own."""
    for position, name in enumerate(names, 1):
        if not name:
            faults.add(f"column {position} has no name (row numbers, perhaps); name it in the header, or delete it.")
    free = [n for n in dict.fromkeys(names) if n and n not in COLUMNS]
    guesses = {name: meaning(name) or (_likeness(name) if len(free) <= _MOST_GUESSED else None) for name in free}
    explained: set[str] = set()
    for name in [c for c in COLUMNS if COLUMNS[c].required and c not in spare and c not in names]:
        candidates = [own for own, guess in guesses.items() if guess and guess.name == name]
        explained.update(candidates)
        faults.add(_missing(name, names, candidates), column=name)
    for name in (name for name in free if name not in explained):
        if fault := _fault_of_free_name(name, guesses[name], [*names, *spare], potentials):
            faults.add(fault, column=name)
    for ion, name in ((ion, name) for ion, name in INSIDE.items() if name in names):
        if (outside := OUTSIDE[ion]) not in names and outside not in spare:
            faults.add(f"needs a column {outside} beside it (0 where the bath has none).", column=name)


def _missing(name: str, names: Sequence[str], candidates: Sequence[str]) -> str:
    if candidates:
        own = candidates[0]
        mapping = typed("columns", {name: own})
        return f"missing. The table has {own!r}: if it holds {_content(name)}, rename it to {name}, or read it with {mapping}."
    text = f"missing.{nearest(name, [n for n in names if n and n not in COLUMNS])} Add it ({_content(name)})"
    if name == "K_o_mM":
        text += f", or give one value for the whole file with {typed('K_o_mM', 5)}"
        if "solution" in names:
            text += f", or the recipes of the column solution with {typed('solutions', 'FILE')}"
    if name == "temperature_C":
        text += f", or give one value for the whole file with {typed('temperature_C', 20)}"
    return f"{text}. Its columns are: {', '.join(n for n in names if n)}."


def _fault_of_free_name(name: str, guess: Meaning | None, names: Sequence[str], potentials: bool) -> str | None:
    meant = guess.name if guess else None
    absent = meant is not None and meant not in names and _ALTERNATIVE.get(meant) not in names
    parts = _ION_COLUMN.fullmatch(name)
    if parts and not (absent and _simplified(name) == _simplified(meant or "")):
        return f"unknown ion {parts[1]!r}.{nearest(parts[1], IONS)} Known ions: {', '.join(IONS)}."
    if meant is not None and absent and not (meant == "V_m_mV" and not potentials):
        mapping = typed("columns", {meant: name})
        return f"would be ignored; rename it to {meant} if it holds {_content(meant)} (or read it with {mapping})."
    if name in RESERVED:
        return f"the toolkit uses this name itself; rename the column, for example to {name}_label."
    return None


def _content(name: str) -> str:
    column = COLUMNS[name]
    return f"the {column.meaning}" + (f" in {column.shown_unit}" if column.unit not in ("", "1") else "")
