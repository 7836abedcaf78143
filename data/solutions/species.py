"""What dissolves: the ions, buffers and neutral solutes of physiological solutions, their charges and mobilities."""

from dataclasses import dataclass

POTASSIUM = 73.5  # limiting equivalent conductance, S cm² / equivalent at 25 °C


@dataclass(frozen=True)
class Species:
    """Charge number (of a buffer: with all its protons), mobility relative to K (None: no source), and pKa in order."""

    valence: int
    mobility: float | None = None
    pKa: tuple[float, ...] = ()


def _ions(valence: int, conductances: str = "", mobilities: str = "", unknown: str = "") -> dict[str, Species]:
    """Ions from 'name value …': equivalent conductances, mobilities relative to K, and names without either."""
    pairs = conductances.split(), mobilities.split()
    first = {n: float(v) / abs(valence) / POTASSIUM for n, v in zip(pairs[0][::2], pairs[0][1::2], strict=True)}
    second = {n: float(v) for n, v in zip(pairs[1][::2], pairs[1][1::2], strict=True)}
    return {n: Species(valence, u) for n, u in (first | second | dict.fromkeys(unknown.split())).items()}


_NEUTRAL = (
    "glucose sucrose mannitol sorbitol inositol urea thiourea glycerol creatine taurine glycine glutamine TTX ouabain"
)
SPECIES: dict[str, Species] = {
    **_ions(1, "H 350.1 K 73.5 Na 50.11 Cs 77.3 Li 38.69 Rb 77.8 NH4 73.6 Ag 61.9", "choline 0.51 TEA 0.444 TMA 0.611", "Tl"),
    **_ions(2, "Ca 59.5 Mg 53.06 Ba 63.9 Sr 59.46 Zn 52.8 Co 53 Mn 53.5", unknown="Ni Cd"),
    **_ions(3, "La 69.6", unknown="Gd"),
    **_ions(-1, "Cl 76.31 Br 78.1 I 76.9 F 55.4 NO3 71.42 OH 198 SCN 66.5 acetate 41 methanesulfonate 48.8",
            "gluconate 0.33 glutamate 0.26 aspartate 0.3 propionate 0.487 lactate 0.528 isethionate 0.52",
            "methylsulfate pyruvate ascorbate"),
    **_ions(-2, "SO4 80", unknown="phosphocreatine"),
    "CO3": Species(0, None, (6.1, 10.3)), "PO4": Species(0, None, (2.1, 7.2, 12.3)),
    "HEPES": Species(0, 0.3, (7.5,)), "MES": Species(0, 0.37, (6.1,)), "MOPS": Species(0, None, (7.2,)),
    "PIPES": Species(0, None, (2.7, 6.8)), "TES": Species(0, None, (7.4,)),
    "EGTA": Species(0, 0.24, (2.0, 2.7, 8.9, 9.5)), "EDTA": Species(0, None, (2.0, 2.7, 6.2, 10.2)),
    "BAPTA": Species(0, None, (1.8, 4.0, 5.5, 6.4)), "ATP": Species(-2, 0.15, (4.0, 6.5)),
    "GTP": Species(-2, None, (4.0, 6.5)), "Tris": Species(1, 0.4, (8.1,)), "NMDG": Species(1, 0.33, (9.6,)),
    **dict.fromkeys(_NEUTRAL.split(), Species(0, 0.0)),
}  # fmt: skip

# The equivalent conductance of the forms that have one of their own (sources disagree about HPO4: 33 or 57).
_FORMS = {("CO3", -1): 44.5, ("CO3", -2): 69.3, ("PO4", -1): 33, ("PO4", -2): 57}
MOBILITY_OF_FORM = {form: value / abs(form[1]) / POTASSIUM for form, value in _FORMS.items()}
FORM_NAMES = {
    ("CO3", 0): "CO2", ("CO3", -1): "HCO3", ("CO3", -2): "CO3",
    ("PO4", 0): "H3PO4", ("PO4", -1): "H2PO4", ("PO4", -2): "HPO4", ("PO4", -3): "PO4",
}  # fmt: skip
OTHER_NAMES = {
    "CH3SO3": "methanesulfonate", "MeSO3": "methanesulfonate", "mesylate": "methanesulfonate", "chloride": "Cl",
    "methanesulphonate": "methanesulfonate", "MeSO4": "methylsulfate", "CH3COO": "acetate", "Trizma": "Tris",
    "dextrose": "glucose",
}  # fmt: skip
# Only for suggestions: what people weigh most.
_USUAL = (
    "NaCl KCl CaCl2 MgCl2 MgSO4 NaHCO3 NaH2PO4 KH2PO4 Na2HPO4 NaOH KOH CsOH HCl K-gluconate Na-gluconate KMeSO4 CsCl CsF "
    "LiCl BaCl2 choline-Cl TEA-Cl Tris-HCl Na2ATP MgATP Na3GTP Na-pyruvate K2SO4 Na-ascorbate Na2-phosphocreatine NH4Cl"
)
USUAL_SALTS = _USUAL.split()
