"""From recipes as weighed out, salts in mM, to ions, ionic strength and osmolarity."""

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...models.errors import DataError
from .species import FORM_NAMES, MOBILITY_OF_FORM, OTHER_NAMES, SPECIES, USUAL_SALTS, Species

OSMOTIC_COEFFICIENT = 0.93  # of salines near 300 mosm
MOST = 5000.0  # mM; more than any salt of this list dissolves
_HYDRATE = re.compile(r"[-\s·.*•x]+\d*\s*H2O$")
_SHOWN_FIRST = ("K", "Na", "Cl", "Ca", "Mg", "HCO3")

Form = tuple[str, int]  # a species in one state of charge


@dataclass(frozen=True)
class Solution:
    """One solution, taken as fully dissociated; what EGTA or ATP binds is not taken off.

    Attributes
    ----------
    name : as in the solutions file.
    forms : concentrations in mM by (species, valence).
    mobilities : by (species, valence), relative to potassium's; None where unknown.
    notes : what a chemist would object to.
    """

    name: str
    forms: Mapping[Form, float]
    mobilities: Mapping[Form, float | None]
    notes: tuple[str, ...] = ()

    @property
    def ions(self) -> dict[str, float]:
        """Concentrations in mM of everything charged, by name: K, Na, Cl, …, HEPES-, EGTA2-."""
        named = {label(form): value for form, value in self.forms.items() if form[1]}
        return {name: named[name] for name in _SHOWN_FIRST if name in named} | named

    @property
    def ionic_strength(self) -> float:
        """Half the sum of c z², in mM."""
        return sum(c * z * z for (_, z), c in self.forms.items()) / 2

    @property
    def osmolarity(self) -> float:
        """The sum of all particles, in mosm/L; an osmometer shows about OSMOTIC_COEFFICIENT times that."""
        return sum(self.forms.values())

    @property
    def charge(self) -> float:
        """The sum of z c, in mM: 0 but for rounding, since salts are neutral and buffers are titrated."""
        return sum(c * z for (_, z), c in self.forms.items())


def label(form: Form) -> str:
    """How a form is called: K, HCO3, HEPES-, Tris."""
    name, z = form
    if form in FORM_NAMES or not getattr(SPECIES.get(name), "pKa", ()) or SPECIES[name].valence == z == 1:
        return FORM_NAMES.get(form, name)
    return f"{name}{abs(z) if abs(z) > 1 else ''}{'-' if z < 0 else '+' if z else ''}"


def read_solutions(path: str | Path) -> dict[str, Solution]:
    """The solutions of a TOML file, by name; DataError lists every fault by solution and salt.

    One table per solution, salts in mM: ``[control]`` and below it ``NaCl = 140``. A table ``[ions]`` may define
    further ions, or mobilities relative to potassium's: ``lactobionate = {valence = -1, mobility = 0.27}``.
    """
    path = Path(path)
    try:
        return solutions(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise DataError(f"{path}: the solutions file cannot be read: {reason}.") from None
    except tomllib.TOMLDecodeError as error:
        raise DataError(
            f"{path.name}: not readable as TOML: {error}. Write a heading [control] and lines such as NaCl = 140; "
            'other names than of letters, digits, - and _ stand in quotes, as in "Ca(OH)2" = 1.'
        ) from None
    except DataError as error:
        raise DataError("\n".join(f"{path.name}{line}" for line in str(error).splitlines())) from None


def solutions(recipes: Mapping[str, Mapping[str, Any]]) -> dict[str, Solution]:
    """The solutions of recipes, ``{"control": {"NaCl": 140, "KCl": 5}}`` in mM; see `read_solutions`."""
    faults: list[str] = []
    recipes = dict(recipes)
    known = {**SPECIES, **_own_ions(recipes.pop("ions", {}), faults)}
    parser = _Parser(known)
    made = {}
    for name, recipe in recipes.items():
        if not isinstance(recipe, Mapping) or not recipe:
            faults.append(f", {name}: is not a recipe; put salts and their mM under a heading [{name}].")
            continue
        salts = []
        for salt, amount in recipe.items():
            if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount <= MOST:
                dotted = "; a name with a dot stands in quotes" if isinstance(amount, Mapping) else ""
                faults.append(
                    f", [{name}] {salt} = {amount!r}: is not a concentration in mM from 0 to {MOST:g}{dotted}."
                )
            elif isinstance(parts := parser.parse(salt), str):
                faults.append(f", [{name}] {salt}: {parts}")
            else:
                salts.append((parts, float(amount)))
        made[name] = _mixed(name, salts, known)
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
        mobility = entry.get("mobility")
        numeric = mobility is None or (isinstance(mobility, int | float) and 0 < mobility < 10)
        if not isinstance(valence, int) or not numeric or not set(entry) <= {"valence", "mobility"}:
            faults.append(
                f", [ions] {name}: write it as {name} = {{valence = -1, mobility = 0.3}}, the mobility relative to "
                "potassium's; a known ion needs the mobility only."
            )
        else:
            own[name] = Species(valence, mobility, known.pKa)
    return own


class _Parser:
    """Reads a salt's name as a row of ions, 'Na2-ATP' as twice Na and once ATP."""

    def __init__(self, known: Mapping[str, Species]) -> None:
        self.known = known
        self.names = {**{name: name for name in known}, **OTHER_NAMES}
        longest_first = sorted(self.names, key=len, reverse=True)
        # Words may be written Hepes or HEPES; symbols may not, for CO is not Co.
        tokens = [f"(?i:{re.escape(n)})" if len(n) > 3 and n.isalpha() else re.escape(n) for n in longest_first]
        self.token = re.compile(rf"[\s-]*(\(?)({'|'.join(tokens)})(\)?)(\d*)")
        self.lower = {name.lower(): own for name, own in self.names.items()}

    def parse(self, salt: str) -> Counter[str] | str:
        """How many of each species one formula unit holds, or a sentence about what is wrong with it."""
        text = _HYDRATE.sub("", re.sub(r"^[DL]-", "", salt.strip())).replace("sulfonic acid", "sulfonate-H")
        parts: Counter[str] = Counter()
        at = 0
        while at < len(text) and (match := self.token.match(text, at)) and bool(match[1]) == bool(match[3]):
            parts[self.names.get(match[2]) or self.lower[match[2].lower()]] += int(match[4] or 1)
            at = match.end()
        if at < len(text) or not parts:
            near = difflib.get_close_matches(text, [*USUAL_SALTS, *self.known], n=3, cutoff=0.5)
            hint = (
                f"The nearest known names are {', '.join(near)}."
                if near
                else "Salts are written as NaCl, TEA-Cl, K-gluconate."
            )
            return (
                f"unknown salt. {hint} An ion that is missing is defined under [ions]: lactobionate = {{valence = -1}}."
            )
        return self._unbalanced(parts) or parts

    def _unbalanced(self, parts: Counter[str]) -> str:
        """What is wrong with a formula's charges; a buffer takes or gives protons until they balance."""
        buffers = {name: n for name, n in parts.items() if self.known[name].pKa}
        most = sum(n * self.known[name].valence for name, n in buffers.items())
        least = most - sum(n * len(self.known[name].pKa) for name, n in buffers.items())
        others = {name: n for name, n in parts.items() if name not in buffers and not (buffers and name == "H")}
        charge = sum(n * self.known[name].valence for name, n in others.items())
        if not least <= -charge <= most:
            excess = charge + (most if charge + most < 0 else least)
            return f"its charges do not add up ({excess:+d}); weigh a neutral salt, as in NaCl, CaCl2 or K2SO4."
        if buffers and parts["H"] and parts["H"] != -charge - least:
            return f"has {parts['H']} H where its charges ask for {-charge - least}; check the formula."
        return ""


def _mixed(name: str, salts: list[tuple[Counter[str], float]], known: Mapping[str, Species]) -> Solution:
    """Dissolve the salts: strong ions add up, and the protons settle on the buffers, strongest base first."""
    totals: dict[str, float] = {}
    for parts, amount in salts:
        for species, n in parts.items():
            if species not in ("H", "OH"):
                totals[species] = totals.get(species, 0.0) + n * amount
    forms = {(s, known[s].valence): c for s, c in totals.items() if not known[s].pKa}
    buffers = {s: c for s, c in totals.items() if known[s].pKa and c > 0}
    bare = {s: known[s].valence - len(known[s].pKa) for s in buffers}
    # Electroneutrality says how many protons there are, whatever salts and titrants brought them.
    protons = -sum(c * z for (_, z), c in forms.items()) - sum(c * bare[s] for s, c in buffers.items())
    held = dict.fromkeys(buffers, 0.0)
    for _, species in sorted(((pKa, s) for s in buffers for pKa in known[s].pKa), reverse=True):
        taken = min(max(protons, 0.0), buffers[species])
        held[species] += taken
        protons -= taken
    for species, c in buffers.items():
        whole, rest = divmod(held[species] / c, 1.0)
        forms[species, bare[species] + int(whole)] = c * (1 - rest)
        forms[species, bare[species] + int(whole) + 1] = c * rest
    forms["H", 1], forms["OH", -1] = max(protons, 0.0), max(-protons, 0.0)
    forms = {form: c for form, c in forms.items() if c > 1e-9}
    left, pH = ("H", "below 4") if protons > 0 else ("OH", "above 10")
    note = f"{name}: {abs(protons):.3g} mM of {left} is left that no buffer takes up (pH {pH}); check the titrant."
    mobilities = {form: _mobility(form, known[form[0]]) for form in forms}
    return Solution(name, forms, mobilities, (note,) if abs(protons) > 0.05 else ())


def _mobility(form: Form, species: Species) -> float | None:
    if form[1] == 0:
        return 0.0
    return MOBILITY_OF_FORM.get(form) if species.mobility is None else species.mobility
