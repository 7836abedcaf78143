"""What dissolves: the ions, buffers, chelators and neutral solutes of physiological solutions, from the tables beside this."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Form = tuple[str, int]  # a species in one state of charge; what a chelator holds is a species of its own, CaEGTA

POTASSIUM = 73.5  # limiting equivalent conductance, S cm² / equivalent at 25 °C
METALS = ("Ca", "Mg")
# Organic ions whose mobility nobody published: what the published ones of their size (g/mol, from) span.
# ATP and EGTA; TBA, HEPES, citrate to picrate; glutamate to dimethylammonium and formate.
_PLAUSIBLE = ((350, (0.15, 0.25)), (150, (0.25, 0.42)), (1, (0.26, 0.72)), (0, (0.15, 0.72)))
# Published, but doubtful; the range is between its neighbours'.
_DOUBTFUL = {
    "methylsulfate": (0.539, 0.664, "the UNSW list has 0.664, which is methanesulfonate's number; ethylsulfate has 0.539"),
}  # fmt: skip


@dataclass(frozen=True)
class Constant:
    """An association constant: log10 K (concentrations in M) at a temperature (°C) and ionic strength (M).

    `dH` (kJ/mol) and `dCp` (J/mol/K) are of the association; 0 where unknown.
    """

    log_K: float
    temperature: float
    ionic_strength: float
    dH: float
    dCp: float
    source: str


@dataclass(frozen=True)
class Mobility:
    """Relative to potassium's, per ion: the least and the most it may be (equal where published), and the source."""

    low: float
    high: float
    source: str = ""

    @property
    def value(self) -> float:
        return (self.low + self.high) / 2

    @property
    def known(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True)
class Species:
    """Something that dissolves."""

    valence: int  # charge number, of an acid or base with all of its protons
    formula: str = ""  # of that form, for weights; empty where unknown
    protons: tuple[Constant, ...] = ()  # the most firmly bound first; none for strong ions and neutral solutes
    metals: Mapping[str, Constant] = field(
        default_factory=dict
    )  # with the bare form, and with one proton on it (`CaH`)
    mobilities: Mapping[int, Mobility] = field(default_factory=dict)  # by charge number

    @property
    def bare(self) -> int:
        """The charge number without protons."""
        return self.valence - len(self.protons)

    def mobility(self, charge: int, name: str = "") -> Mobility:
        """That of the form with this charge, of the nearest charge where it has none, or a plausible range."""
        if charge == 0:
            return Mobility(0.0, 0.0, "neutral")
        same_sign = [z for z in self.mobilities if z * charge > 0]
        if not same_sign:
            size = molar_mass(self.formula)
            return Mobility(*_DOUBTFUL.get(name) or next(span for least, span in _PLAUSIBLE if size >= least))
        return self.mobilities[min(same_sign, key=lambda z: abs(z - charge))]


def _rows(name: str) -> list[dict[str, str]]:
    with open(Path(__file__).with_name(name), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _species() -> tuple[dict[str, Species], dict[str, str]]:
    made: dict[str, Species] = {}
    others: dict[str, str] = {}
    mobilities, constants = _rows("mobilities.csv"), _rows("constants.csv")
    for row in _rows("species.csv"):
        name = row["name"]
        by_charge = {int(m["charge"]): _mobility(m) for m in mobilities if m["species"] == name}
        bound = {c["binds"]: _constant(c) for c in constants if c["ligand"] == name}
        protons = tuple(bound[key] for key in sorted(key for key in bound if key[0] == "H"))
        metals = {key: constant for key, constant in bound.items() if key[0] != "H"}
        made[name] = Species(int(row["valence"]), row["formula"], protons, metals, by_charge)
        others |= dict.fromkeys(filter(None, row["other_names"].split(";")), name)
    return made, others


def _mobility(row: Mapping[str, str]) -> Mobility:
    u = row["mobility_K1"] or float(row["conductance_S_cm2_eq"]) / abs(int(row["charge"])) / POTASSIUM
    return Mobility(float(u), float(u), row["source"])


def _constant(row: Mapping[str, str]) -> Constant:
    log_K, T, strength, dH, dCp = (
        float(row[key]) for key in ("log_K", "temperature_C", "ionic_strength_M", "dH_kJ_mol", "dCp_J_mol_K")
    )
    return Constant(log_K, T, strength, dH, dCp, row["source"])


SPECIES, OTHER_NAMES = _species()
WATER = next(_constant(row) for row in _rows("constants.csv") if row["ligand"] == "water")
FORM_NAMES = {
    ("CO3", 0): "CO2", ("CO3", -1): "HCO3", ("CO3", -2): "CO3",
    ("PO4", 0): "H3PO4", ("PO4", -1): "H2PO4", ("PO4", -2): "HPO4", ("PO4", -3): "PO4",
    ("glutamate", -1): "glutamate", ("aspartate", -1): "aspartate",
}  # fmt: skip


def ligand_of(name: str) -> str:
    """What a metal's complex is made of: EGTA of CaEGTA and MgHEGTA; any other name as it is."""
    bound = re.fullmatch(rf"(?:{'|'.join(METALS)})H?(.+)", name)
    return bound[1] if bound and bound[1] in SPECIES and name not in SPECIES else name


def label(form: Form) -> str:
    """How a form is called: K, HCO3, HEPES-, Tris, CaEGTA2-."""
    name, z = form
    species = SPECIES.get(name)
    own = species is None and ligand_of(name) == name
    if own or form in FORM_NAMES or (species and (not species.protons or species.valence == z == 1)):
        return FORM_NAMES.get(form, name)
    return f"{name}{abs(z) if abs(z) > 1 else ''}{'-' if z < 0 else '+' if z else ''}"


def charge(forms: Mapping[Form, float]) -> float:
    """The sum of z c, in mM."""
    return sum(c * z for (_, z), c in forms.items())


def ionic_strength(forms: Mapping[Form, float]) -> float:
    """Half the sum of c z², in mM."""
    return sum(c * z * z for (_, z), c in forms.items()) / 2


_ATOMS = {
    "H": 1.008, "Li": 6.94, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998, "Na": 22.990, "Mg": 24.305, "Al": 26.982,
    "P": 30.974, "S": 32.06, "Cl": 35.45, "K": 39.098, "Ca": 40.078, "Cr": 51.996, "Mn": 54.938, "Fe": 55.845, "Co": 58.933,
    "Ni": 58.693, "Cu": 63.546, "Zn": 65.38, "Se": 78.971, "Br": 79.904, "Rb": 85.468, "Sr": 87.62, "Ag": 107.868,
    "Cd": 112.414, "I": 126.904, "Cs": 132.905, "Ba": 137.327, "La": 138.905, "Gd": 157.25, "Tl": 204.38, "Pb": 207.2,
}  # fmt: skip
PROTON = _ATOMS["H"]
HYDRATE_WATER = 2 * _ATOMS["H"] + _ATOMS["O"]


def molar_mass(formula: str) -> float:
    """In g/mol, of a formula without brackets."""
    return sum(_ATOMS[atom] * int(n or 1) for atom, n in re.findall(r"([A-Z][a-z]?)(\d*)", formula))
