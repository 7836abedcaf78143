"""Salts and amounts as labs write them, and hints that are near in meaning."""

import pytest

from vrest.data.solutions.names import Names, Salt
from vrest.data.solutions.species import SPECIES, molar_mass

NAMES = Names(SPECIES)

MOLAR_MASSES = {
    "NaCl": 58.44, "KCl": 74.55, "LiCl": 42.39, "CsCl": 168.36, "RbCl": 120.92, "NaI": 149.89, "KBr": 119.00, "NaF": 41.99,
    "CaCl2": 110.98, "MgSO4": 120.37, "SrCl2": 158.53, "BaCl2": 208.23, "CdCl2": 183.32, "CoCl2": 129.84, "CuCl2": 134.45,
    "FeCl2": 126.75, "MnCl2": 125.84, "NiCl2": 129.60, "ZnCl2": 136.29, "PbCl2": 278.1, "AlCl3": 133.34, "CrCl3": 158.36,
    "GdCl3": 263.61, "LaCl3": 245.26, "AgNO3": 169.87, "TlCl": 239.83, "KH2PO4": 136.09, "Na2SeO3": 172.94,
}  # fmt: skip
"""g/mol, as suppliers print it on their bottles."""


@pytest.mark.parametrize("formula", MOLAR_MASSES)
def test_molar_masses_are_those_on_the_bottles(formula):
    assert molar_mass(formula) == pytest.approx(MOLAR_MASSES[formula], abs=0.03)


# what one formula unit holds, and how labs write it
SPELLINGS = [
    ({"Ca": 1, "Cl": 2}, "CaCl2·2H2O; CaCl2 x 2 H2O; CaCl₂•2H₂O; CaCl2 dihydrate; calcium chloride dihydrate"),
    ({"Mg": 1, "Cl": 2}, "MgCl2.6H2O; MgCl2 6*H2O; MgCl2 (6H2O); Magnesium chloride hexahydrate"),
    ({"Mg": 1, "SO4": 1}, "magnesium sulphate"),
    ({"K": 2, "SO4": 1}, "potassium sulfate"),
    ({"Na": 1, "Cl": 1}, "sodium chloride"),
    ({"Na": 1, "H": 1, "CO3": 1}, "sodium bicarbonate; Sodium hydrogen carbonate"),
    ({"Na": 1, "H": 2, "PO4": 1}, "sodium phosphate monobasic; NaH2PO4 (monobasic)"),
    ({"K": 1, "H": 2, "PO4": 1}, "potassium dihydrogen phosphate"),
    ({"Na": 2, "H": 1, "PO4": 1}, "disodium hydrogen phosphate; sodium phosphate dibasic"),
    ({"K": 1, "gluconate": 1}, "K-gluconate; KGluconate; potassium D-gluconate"),
    ({"Ca": 1, "gluconate": 2}, "calcium gluconate; Ca(gluconate)2; Ca-gluconate"),
    ({"gluconate": 1, "H": 1}, "gluconic acid"),
    ({"Cs": 1, "methanesulfonate": 1}, "CsMeSO3; Cs-methanesulfonate; cesium methanesulphonate"),
    ({"methanesulfonate": 1, "H": 1}, "CH3SO3H; methanesulfonic acid"),
    ({"K": 1, "methylsulfate": 1}, "KMeSO4; potassium methylsulfate"),
    ({"NH4": 2, "SO4": 1}, "(NH4)2SO4"),
    ({"Ca": 1, "OH": 2}, "Ca(OH)2"),
    ({"choline": 1, "Cl": 1}, "choline chloride"),
    ({"TEA": 1, "Cl": 1}, "TEA-Cl; TEACl; tetraethylammonium chloride"),
    ({"QX-314": 1, "Cl": 1}, "QX-314-Cl; QX 314 chloride"),
    ({"QX-314": 1, "Br": 1}, "QX-314 bromide; QX-314-Br"),
    ({"Mg": 1, "ATP": 1}, "Mg-ATP; ATP-Mg; ATP magnesium salt; ATP (magnesium salt); Mg-ATP·nH2O"),
    ({"Na": 2, "ATP": 1}, "ATP disodium salt; 2Na-ATP"),
    ({"K": 1, "ATP": 1}, "K-ATP"),
    ({"Na": 3, "GTP": 1}, "Na3GTP; Na3-GTP"),
    ({"Na": 1, "GTP": 1}, "Na-GTP"),
    ({"Na": 2, "GTP": 1}, "Na2GTP"),
    ({"Tris": 1, "GTP": 1}, "Tris-GTP"),
    ({"phosphocreatine": 1}, "phosphocreatine; creatine phosphate"),
    ({"Na": 2, "phosphocreatine": 1}, "Na2-phosphocreatine; Na2-creatine phosphate; sodium phosphocreatine"),
    ({"Tris": 2, "phosphocreatine": 1}, "phosphocreatine di-Tris; phosphocreatine di(tris) salt"),
    ({"K": 4, "BAPTA": 1}, "K4BAPTA"),
    ({"K": 3, "citrate": 1}, "tripotassium citrate"),
    ({"Na": 3, "citrate": 1}, "sodium citrate"),
    ({"Tris": 1, "maleate": 1}, "Tris-maleate"),
    ({"Tris": 1}, "Trizma base"),
    ({"NMDG": 1}, "N-methyl-D-glucamine"),
    ({"N-acetylcysteine": 1}, "N-acetyl-L-cysteine"),
    ({"kynurenate": 1, "H": 1}, "kynurenic acid; kynurenate"),
    ({"Na": 1, "kynurenate": 1}, "Na-kynurenate"),
    ({"H": 1, "Cl": 1}, "hydrochloric acid"),
    ({"4-AP": 1}, "4-AP; 4-aminopyridine"),
    ({"spermine": 1}, "spermine"),
    ({"spermine": 1, "Cl": 4}, "spermine tetrahydrochloride; spermine-4HCl"),
    ({"Tris": 1, "Cl": 1}, "Tris hydrochloride"),
    ({"glutamate": 1}, "L-glutamic acid"),
    ({"glucose": 1}, "D-(+)-glucose; D(+)-glucose monohydrate; D-glucose; glucose monohydrate"),
    ({"NMDG": 1, "Cl": 1}, "N-methyl-D-glucamine chloride"),
    ({"Ni": 1, "Cl": 2}, "nickel(II) chloride"),
    ({"Na": 1, "phosphocreatine": 1}, "Na-creatine phosphate"),
    ({"inositol": 1}, "myo-inositol"),
    ({"sucrose": 1}, "Sucrose"),
    ({"trehalose": 1}, "trehalose"),
    ({"biocytin": 1}, "biocytin"),
    ({"HEPES": 1}, "hepes"),
    ({"Na": 1, "HEPES": 1}, "Na-HEPES; HEPES sodium salt"),
    ({"TTX": 1}, "TTX"),
]


@pytest.mark.parametrize(("name", "parts"), [(name, parts) for parts, names in SPELLINGS for name in names.split("; ")])
def test_salts_as_people_write_them(name, parts):
    salt = NAMES.read(name)
    assert isinstance(salt, Salt), salt
    assert dict(salt.parts) == parts


# What looks nearly like a salt must not be taken for one.
FAULTS = [
    ("K-gluconat", "unknown salt. The nearest known names are "),
    ("CaCl", "its charges do not add up (+1); weigh a neutral salt"),
    ("NaSO4", "its charges do not add up (-1);"),
    ("NaCO3", "has 0 H where its charges ask for 1;"),
    ("K5EGTA", "its charges do not add up (+1);"),
    ("K", "its charges do not add up (+1); weigh a neutral salt, as in K-Cl."),
    ("QX-314", "its charges do not add up (+1); weigh a neutral salt, as in QX-314-Cl."),
    ("SO4", "weigh a neutral salt, as in NaCl, CaCl2 or K2SO4."),
    ("sodium", "its charges do not add up (+1);"),
    ("Na2H2PO4", "has 2 H where its charges ask for 1; check the formula."),
    ("K-glu", "unknown salt. The nearest known names are K-glutamate, K-gluconate"),  # it may be either
    ("HEPES-NaOH", "says how its pH was set: write HEPES alone"),
    ("iron(III) chloride", "unknown salt."),
    ("HEPES hemisodium salt", "The nearest known names are HEPES"),
    ("sodium phosphate", "NaH2PO4 is the monobasic salt, Na2HPO4 the dibasic."),
    ("CaCl22H2O", "unknown salt. The nearest known names are CaCl2"),
    ("Xyz", "Salts are written as NaCl, TEA-Cl, K-gluconate. What is missing is defined under [ions]"),
]


@pytest.mark.parametrize(("name", "said"), FAULTS)
def test_what_is_no_salt(name, said):
    assert said in NAMES.read(name)


@pytest.mark.parametrize(
    ("name", "first"),
    [("NaGTPP", "Na3GTP, Na2GTP"), ("Na-GTP salts", "Na3GTP, Na2GTP"), ("MgATPP", "MgATP"),
     ("K-glutamatt", "K-glutamate"), ("nacl", "NaCl")],
)  # fmt: skip
def test_hints_are_near_in_meaning(name, first):
    """They share the part that can be read, so that Na-GTP is not answered by NaCl."""
    said = NAMES.read(name)
    assert f"The nearest known names are {first}" in said, said


@pytest.mark.parametrize(("name", "said"), [("Na-GTP", "Na2GTP or Na3GTP"), ("K-ATP", "K2ATP"), ("GTP", "free acid")])
def test_counts_that_paper_leaves_out_are_pointed_out(name, said):
    assert said in NAMES.read(name).note


@pytest.mark.parametrize("name", ["Na2GTP", "MgATP", "Mg-ATP", "EGTA", "NaCl", "Na2-phosphocreatine"])
def test_nothing_is_said_of_complete_names(name):
    assert NAMES.read(name).note == ""


# Molar masses as on the bottles, g/mol.
BOTTLES = [
    ("NaCl", 58.44), ("KCl", 74.55), ("CaCl2·2H2O", 147.01), ("MgCl2·6H2O", 203.30), ("MgSO4·7H2O", 246.47),
    ("NaHCO3", 84.01), ("NaH2PO4·H2O", 137.99), ("KH2PO4", 136.09), ("Na2HPO4", 141.96), ("glucose", 180.16),
    ("HEPES", 238.30), ("EGTA", 380.35), ("BAPTA", 476.43), ("Na2ATP", 551.14), ("MgATP", 529.47), ("K-gluconate", 234.25),
    ("CsMeSO3", 228.00), ("Tris-HCl", 157.59), ("Tris", 121.14), ("NMDG", 195.21), ("TEA-Cl", 165.70),
    ("choline chloride", 139.62), ("K-aspartate", 171.19), ("Na2-phosphocreatine", 255.07), ("QX-314-Br", 343.30),
    ("spermine", 202.34), ("4-AP", 94.11), ("PIPES", 302.37), ("MOPS", 209.26), ("sucrose", 342.30), ("citric acid", 192.12),
]  # fmt: skip


@pytest.mark.parametrize(("name", "grams"), BOTTLES)
def test_grams_per_litre_by_the_bottle(name, grams):
    salt = NAMES.read(name)
    assert NAMES.mM(f"{grams} g/L", salt) == pytest.approx(1000, rel=3e-4)


@pytest.mark.parametrize(
    ("amount", "mM"),
    [(140, 140), ("140 mM", 140), ("140mM", 140), ("50 µM", 0.05), ("50 μM", 0.05), ("50 uM", 0.05), ("0.14 M", 140),
     ("300 nM", 3e-4), ("5 mmol/l", 5), ("140", 140), (".5 mM", 0.5)],
)  # fmt: skip
def test_amounts(amount, mM):
    assert NAMES.mM(amount, NAMES.read("NaCl")) == pytest.approx(mM)


@pytest.mark.parametrize("amount", ["-1", "1,5 mM", "1 mN", "5 %", "mM", True, [1], float("nan"), 7000, "1e400"])
def test_no_amounts(amount):
    assert isinstance(NAMES.mM(amount, NAMES.read("NaCl")), str)
