"""From recipes as weighed out to solutions: ions, free Ca and Mg, pH with its titrant, ionic strength and osmolarity."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...models.errors import DataError, shown
from ...models.files import read_text
from .names import Names, Salt
from .species import METALS, SPECIES, Form, Mobility, Species, charge, ionic_strength, label, ligand_of
from .toml import parse

if TYPE_CHECKING:
    from .pH import Mixture

OSMOTIC_COEFFICIENT = 0.93  # of salines near 300 mosm
ROOM = 22.0  # °C, where a pH is set if nothing else is said
GASSED = 10.0  # mM of bicarbonate from which a solution is taken as gassed
GAS = 0.05  # CO2 in carbogen
SHARP = 1000.0  # mM of ionic strength, above which only a sharp electrode is filled
SMALL = 0.5  # mM of titrant that nobody need name
NEAR = 0.2  # of a pH, as good as reached
SHOWN = 0.005  # mM below which a form is not listed
_SHOWN_FIRST = ("K", "Na", "Cl", "Ca", "Mg", "HCO3")
_OWN_NAME = re.compile(r"[A-Za-z][\w +.-]{0,39}")
_BASES = {"K": "KOH", "Na": "NaOH", "Cs": "CsOH", "Li": "LiOH", "TEA": "TEA-OH", "NMDG": "NMDG"}


@dataclass(frozen=True)
class Solution:
    """One solution in equilibrium: protons, Ca and Mg among buffers and chelators; all other salts dissociated.

    Attributes
    ----------
    name : as in the solutions file.
    forms : concentrations in mM by (species, valence); Ca and Mg are the free ones.
    mobilities : by (species, valence).
    totals : Ca and Mg in mM, free and bound.
    pH : None where nothing holds it.
    notes : what a chemist would object to.
    said : what was computed or taken for granted.
    """

    name: str
    forms: Mapping[Form, float]
    mobilities: Mapping[Form, Mobility]
    totals: Mapping[str, float] = field(default_factory=dict)
    pH: float | None = None
    notes: tuple[str, ...] = ()
    said: tuple[str, ...] = ()

    @property
    def ions(self) -> dict[str, float]:
        """Concentrations in mM of what is charged, by name: K, Na, Cl, …, HEPES-, EGTA2-; Ca and Mg in total."""
        named = {label(form): c for form, c in self.forms.items() if form[1] and (c >= SHOWN or form[0] in self.totals)}
        named |= {metal: total for metal, total in self.totals.items() if total > 0}
        return {name: named[name] for name in _SHOWN_FIRST if name in named} | named

    @property
    def free(self) -> dict[str, float]:
        """Ca and Mg in mM that no chelator holds, where more than a tenth is held."""
        free = {metal: self.forms.get((metal, 2), 0.0) for metal in self.totals}
        return {metal: c for metal, c in free.items() if c < 0.9 * self.totals[metal]}

    @property
    def ionic_strength(self) -> float:
        """Half the sum of c z², in mM."""
        return ionic_strength(self.forms)

    @property
    def osmolarity(self) -> float:
        """The sum of all particles, in mosm/L; an osmometer shows about OSMOTIC_COEFFICIENT times that."""
        return sum(self.forms.values())


def read_solutions(path: str | Path, temperature_C: float = ROOM) -> dict[str, Solution]:
    """The solutions of a TOML file, by name; DataError lists every fault by solution and salt.

    One table per solution, salts in mM (or ``"2 g/L"``): ``[control]`` and below it ``NaCl = 140``. With ``pH = 7.3``
    and ``titrant = "KOH"`` the titrant is computed, at `temperature_C` or the recipe's own ``temperature_C``;
    ``CO2 = "5 %"`` is the gas. A table ``[ions]`` may define further ions, or mobilities relative to potassium's:
    ``lactobionate = {valence = -1, mobility = 0.27}``.
    """
    path = Path(path)
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error
        reason = getattr(error, "strerror", None) or reason
        raise DataError(f"{path}: the solutions file cannot be read: {reason}.") from None
    try:
        return solutions(parse(text), temperature_C)
    except tomllib.TOMLDecodeError as error:
        raise DataError(
            f"{path.name}: not readable as TOML: {error}. Write a heading [control] and lines such as NaCl = 140, "
            "each name once in a recipe."
        ) from None
    except DataError as error:
        raise DataError("\n".join(f"{path.name}{line}" for line in str(error).splitlines())) from None


def solutions(recipes: Mapping[str, Mapping[str, Any]], temperature_C: float = ROOM) -> dict[str, Solution]:
    """The solutions of recipes, ``{"control": {"NaCl": 140, "KCl": 5}}`` in mM; see `read_solutions`."""
    faults: list[str] = []
    recipes = dict(recipes)
    names = Names({**SPECIES, **_own_ions(recipes.pop("ions", {}), faults)})
    made = {}
    for name, recipe in recipes.items():
        if not isinstance(recipe, Mapping) or not recipe:
            faults.append(f", {name}: is not a recipe; put salts and their mM under a heading [{name}].")
            continue
        reading = _Recipe(name, names, temperature_C)
        for key, amount in recipe.items():
            reading.take(key, amount)
        solution = None if reading.faults else reading.solution()
        if solution is not None:
            made[name] = solution
        faults += [f", [{name}] {fault}" for fault in reading.faults]
    if not recipes:
        faults.append(": holds no solution; write a heading such as [control] and salts below it, NaCl = 140 in mM.")
    if faults:
        raise DataError("\n".join(faults))
    return made


def _own_ions(table: Any, faults: list[str]) -> dict[str, Species]:
    """The file's own [ions]: new ones with a valence, and mobilities for known ones."""
    own = {}
    for name, entry in table.items() if isinstance(table, Mapping) else [("name", table)]:
        known = SPECIES.get(name, Species(0))
        entry = entry if isinstance(entry, Mapping) else {"?": entry}
        valence = entry.get("valence", known.valence if name in SPECIES else None)
        u = entry.get("mobility")
        numeric = u is None or (isinstance(u, int | float) and not isinstance(u, bool) and 0 < u < 10)
        whole = isinstance(valence, int) and not isinstance(valence, bool) and -9 <= valence <= 9
        if not _OWN_NAME.fullmatch(name) or not whole or not numeric or not set(entry) <= {"valence", "mobility"}:
            faults.append(
                f", [ions] {name[:40] or '(empty name)'}: write it as X = {{valence = -1, mobility = 0.3}}, X a name that "
                "begins with a letter, the mobility relative to potassium's; a known ion needs the mobility only."
            )
            continue
        charges = range(known.bare, known.valence + 1) if name in SPECIES else [valence]
        given = dict.fromkeys(charges, Mobility(u, u, "the solutions file")) if u is not None else known.mobilities
        own[name] = Species(valence, known.formula, known.protons, known.metals, given)
    return own


class _Recipe:
    """One recipe while it is read."""

    def __init__(self, name: str, names: Names, temperature_C: float) -> None:
        self.name, self.names, self.temperature_C = name, names, temperature_C
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.said: list[str] = []
        self.salts: dict[str, tuple[Salt, float]] = {}
        self.given: set[str] = set()  # settings, in small letters
        self.pH: float | None = None
        self.titrant: list[tuple[str, Salt]] = []
        self.CO2: float | None = None  # a part of the gas where `by_gas`, else mM dissolved
        self.by_gas = False

    def take(self, key: str, amount: Any) -> None:
        """One line of the recipe."""
        setting = {"ph": self._pH, "titrant": self._titrant, "temperature_c": self._temperature, "co2": self._gas}
        if read := setting.get(key.lower()):
            if wrong := "is there in other letters too; keep one." if key.lower() in self.given else read(amount):
                self.faults.append(f"{key} = {shown(amount)}: {wrong}")
            self.given.add(key.lower())
            return
        salt = self.names.read(key)
        mM = salt if isinstance(salt, str) else self.names.mM(amount, salt)
        if isinstance(salt, str):
            self.faults.append(f"{key[:60]}: {salt}")
        elif isinstance(mM, str):
            self.faults.append(f"{key} = {shown(amount)}: {mM}")
        else:
            twice = [other for other, (before, _) in self.salts.items() if before.parts == salt.parts]
            self.notes += [f"{other} and {key} are the same salt; their amounts are added." for other in twice]
            self.notes += [salt.note] if salt.note else []
            if isinstance(amount, str) and "g/" in amount and not salt.waters and set(METALS) & set(salt.parts):
                self.notes.append(f"{key} in {amount} is weighed without crystal water; name it, as in CaCl2·2H2O.")
            self.salts[key] = (salt, mM)

    def _pH(self, value: Any) -> str:
        match = re.fullmatch(r"([\d.]+)\s*(?:,|\(|with|by|adjusted with)?\s*([A-Za-z][\w +-]*)?\)?", str(value).strip())
        try:
            self.pH = float(match[1]) if match and not isinstance(value, bool) else None
        except ValueError:
            self.pH = None
        if self.pH is None or not 4 <= self.pH <= 10.5:
            return 'is not a pH from 4 to 10.5, as in pH = 7.3 with titrant = "KOH".'
        return self._titrant(match[2]) if match and match[2] else ""

    def _titrant(self, value: Any) -> str:
        parts = re.split(r"\s*(?:\+|/|,| or | and )\s*", value.strip()) if isinstance(value, str) else []
        for part in parts:
            salt = self.names.read(part)
            if isinstance(salt, str):
                return f'{salt} A titrant is an acid or a base, as in titrant = "KOH".'
            self.titrant.append((part, salt))
        return "" if parts else 'is not an acid or a base, as in titrant = "KOH".'

    def _temperature(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float) or not -2 <= value <= 50:
            return "is not a temperature from -2 to 50 °C."
        self.temperature_C = float(value)
        return ""

    def _gas(self, value: Any) -> str:
        percent = re.fullmatch(r"(\d+\.?\d*)\s*%.*", value.strip()) if isinstance(value, str) else None
        amount = float(percent[1]) / 100 if percent else self.names.mM(value, Salt({}))
        if isinstance(amount, str) or amount <= 0 or (percent and amount > 1):
            return 'write CO2 = "5 %" for the gas, or "1.2 mM" for what is dissolved.'
        if not isinstance(value, str):
            from .pH import dissolved_CO2  # brings SciPy

            five = dissolved_CO2(GAS, self.temperature_C)
            said = f'a gas with 5 % is CO2 = "5 %" ({five:.2g} mM here).'
            self.notes.append(f"CO2 = {value:g} is read as mM dissolved; {said}")
        self.CO2, self.by_gas = amount, percent is not None
        return ""

    def solution(self) -> Solution | None:
        """The solution, settled; faults may be added still."""
        mixture = self._mixed()
        mixture, pH = self._titrated(mixture)
        forms = mixture.at(pH)
        # A solution without a buffer has the pH of the air and the glass.
        buffered = charge(mixture.at(pH - 0.05)) - charge(mixture.at(pH + 0.05)) > 0.05
        hidden = {form for form, c in forms.items() if c <= 1e-9 and form[0] not in METALS}
        forms = {form: c for form, c in forms.items() if form not in hidden}
        mobilities = {(name, z): self.names.known[ligand_of(name)].mobility(z, name) for name, z in forms}
        totals = {metal: mixture.totals[metal] for metal in METALS if mixture.totals.get(metal, 0) > 0}
        lines = [f"{self.name}: {note}" for note in self.notes], [f"{self.name}: {line}" for line in self.said]
        return Solution(self.name, forms, mobilities, totals, pH if buffered else None, *map(tuple, lines))

    def _mixed(self) -> "Mixture":
        from .pH import Mixture, dissolved_CO2  # brings SciPy

        mixture = Mixture({}, self.names.known, self.temperature_C)
        for salt, mM in self.salts.values():
            mixture = mixture.plus(salt.parts, mM)
        if self.CO2 is None and mixture.totals.get("CO3", 0.0) >= GASSED:
            self.CO2, self.by_gas = GAS, True
            said = 'holds bicarbonate and is taken as gassed with 5 % CO2; CO2 = "0.5 %" or the like says otherwise.'
            self.said.append(said)
        if self.CO2 is None:
            return mixture
        dissolved = dissolved_CO2(self.CO2, self.temperature_C) if self.by_gas else self.CO2
        totals = {"CO3": dissolved, **mixture.totals}
        return Mixture(totals, self.names.known, self.temperature_C, dissolved)

    def _titrated(self, mixture: "Mixture") -> "tuple[Mixture, float]":
        """The mixture with its titrant, and its pH."""
        if self.pH is None:
            as_weighed = mixture.pH()
            if self.titrant:
                self.faults.append("titrant: needs a pH beside it, as in pH = 7.3; an amount is written KOH = 30.")
            self._warn_of_acids(mixture, as_weighed)
            return mixture, as_weighed
        missing = -charge(mixture.at(self.pH))
        if not self.titrant:
            as_weighed = mixture.pH()
            if abs(missing) > SMALL and abs(as_weighed - self.pH) > NEAR:
                base, amount = self._likely(mixture, self.pH)
                self.faults.append(
                    f"pH = {self.pH:g}: as weighed it would be {as_weighed:.1f}, and {amount:.3g} mM of {base} would bring it to "
                    f'{self.pH:g}. Add titrant = "{base}" or the one that was used, or its amount, {base} = {amount:.3g}.'
                )
            elif abs(as_weighed - self.pH) > NEAR / 2:
                self.notes.append(f"as weighed its pH is {as_weighed:.2f}, not {self.pH:g}, and no titrant is named.")
            return mixture, as_weighed
        found = [(name, salt, mixture.titrant(self.pH, salt.parts)) for name, salt in self.titrant]
        for name, salt, amount in found:
            if amount >= 0 and isfinite(amount):
                titrated = mixture.plus(salt.parts, amount)
                self.said.append(self._of_titrant(mixture, titrated, name, amount))
                return titrated, self.pH
        as_weighed = mixture.pH()
        if abs(missing) <= SMALL:
            self.said.append(f"as weighed its pH is {as_weighed:.2f}; no {found[0][0]} is needed.")
            return mixture, as_weighed
        base, amount = self._likely(mixture, self.pH)
        self.faults.append(
            f"pH = {self.pH:g}: {' and '.join(name for name, _, _ in found)} cannot bring it there, for as weighed it is "
            f'at {as_weighed:.1f}; {amount:.3g} mM of titrant = "{base}" would. Check the recipe.'
        )
        return mixture, as_weighed

    def _of_titrant(self, before: "Mixture", after: "Mixture", name: str, amount: float) -> str:
        own = " and ".join(
            f"{ion} {before.totals.get(ion, 0):.4g} → {c:.4g} mM"
            for ion, c in after.totals.items() if c != before.totals.get(ion, 0)
        )  # fmt: skip
        return f"pH {self.pH:g} at {self.temperature_C:g} °C takes {amount:.3g} mM of {name}: {own}."

    def _warn_of_acids(self, mixture: "Mixture", pH: float) -> None:
        """A recipe of acids (or bases) whose titrant stands nowhere."""
        mostly = max(mixture.totals, key=lambda name: mixture.totals[name] if name in _BASES else -1.0, default="")
        usual = 7.3 if mostly in ("K", "Cs") else 7.4
        base, amount = self._likely(mixture, usual)
        if 6.5 <= pH <= 8.7 or amount <= 0.05 or (mixture.ligands and amount <= SMALL):
            return
        ion = "Cl" if base == "HCl" else base.removesuffix("OH").rstrip("-")
        now = mixture.totals.get(ion, 0.0)
        self.notes.append(
            f"says neither pH nor titrant, and as weighed its pH would be {pH:.1f}: about {amount:.3g} mM of {base} is likely "
            f"missing ({ion} {now + amount:.4g} in place of {now:.4g} mM at pH {usual}). "
            f'Write pH = {usual} and titrant = "{base}" under [{self.name}].'
        )

    def _likely(self, mixture: "Mixture", pH: float) -> tuple[str, float]:
        """The titrant that people would take to this pH, by the main cation, and its amount."""
        if charge(mixture.at(pH)) > 0:
            return "HCl", mixture.titrant(pH, {"Cl": 1})
        ion = max(_BASES, key=lambda name: mixture.totals.get(name, 0.0))
        return _BASES[ion], mixture.titrant(pH, {ion: 1})
