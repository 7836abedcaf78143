"""What a lab's recipes must give: for each case what is right, and why. Numbers by hand or from the sources named."""

from dataclasses import dataclass, field

import pytest

from vrest.data.solutions.overview import overview
from vrest.data.solutions.recipes import read_solutions


@dataclass(frozen=True)
class Case:
    """A solutions file, the ions (mM) that must come out, what must be said, and the junction potential, if any."""

    why: str
    file: str
    ions: dict[str, dict[str, float]] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    ljp: float | None = None  # pip against bath, mV, ± 0.3
    within: float = 0.1


BATH = "[bath]\nNaCl = 140\nKCl = 3\n"
CASES = [
    # The titrant stands in a comment
    Case("no pH, no titrant: 33 mM of K is missing, and nobody may go on without knowing",
         "[pip]\nK-gluconate = 110\nKCl = 20\nHEPES = 10\nEGTA = 10\nMgCl2 = 2\nMg-ATP = 4\n" + BATH,
         {"pip": {"K": 130}}, ("neither pH nor titrant", "33.3 mM of KOH", "K 163.3 in place of 130")),
    Case("the same with both: the titrant's K is in the table",
         "[pip]\nK-gluconate = 110\nKCl = 20\nHEPES = 10\nEGTA = 10\nMgCl2 = 2\nMg-ATP = 4\npH = 7.3\ntitrant = KOH\n" + BATH,
         {"pip": {"K": 163.3, "Cl": 24}}, ("takes 33.3 mM of KOH",), ("neither pH",)),
    Case("caesium brings caesium",
         "[pip]\nCsMeSO3 = 120\nHEPES = 10\nBAPTA = 10\npH = 7.3\ntitrant = CsOH\n" + BATH,
         {"pip": {"Cs": 120 + 38.9 + 4}}, ("mM of CsOH",), ("neither pH",), within=1.2),  # BAPTA loses all but 0.1 of 4
    Case("a bath of acid is sodium short",
         "[bath]\nNaCl = 140\nKCl = 3\nHEPES = 20\n[pip]\nKCl = 140\n",
         {"bath": {"Na": 140}}, ("of NaOH is likely missing (Na 149",)),
    Case("a base without its acid lacks chloride",
         "[bath]\nNMDG = 140\nKCl = 3\nHEPES = 10\n[pip]\nKCl = 140\n",
         {"bath": {"K": 3}}, ("of HCl is likely missing (Cl 13",)),
    Case("weighed out with its base it is complete",
         "[bath]\nNaCl = 140\nHEPES = 10\nNaOH = 4.5\n[pip]\nKCl = 140\nTris-HCl = 5\nTris = 1\n",
         {"bath": {"Na": 144.5}, "pip": {"Cl": 145}}, (), ("missing", "neither pH")),
    # Published mobilities
    Case("MOPS, Ni and Cd have published mobilities, and methylsulfate's is given",
         "[pip]\nKMeSO4 = 130\nKCl = 10\nMOPS = 10\nKOH = 4\n[bath]\nNaCl = 140\nKCl = 3\nNiCl2 = 0.1\nCdCl2 = 0.1\n"
         "[ions]\nmethylsulfate = {mobility = 0.664}\n",
         {"bath": {"Ni": 0.1, "Cd": 0.1}}, (), ("No mobility", "dependable"), ljp=9.99),
    Case("methylsulfate's one published number is another ion's: asked, with what is known",
         "[pip]\nKMeSO4 = 130\nKCl = 10\n" + BATH,
         {}, ("dependable mobility for methylsulfate", "methanesulfonate's number", "methylsulfate = {mobility = 0.6}")),
    Case("thallium, succinate, citrate and perchlorate are in the lists",
         "[pip]\nK2-succinate = 60\nTlNO3 = 5\nNaClO4 = 5\nK3-citrate = 2\n" + BATH,
         {"pip": {"Tl": 5, "ClO4": 5}}, ("junction potential",), ("No mobility", "dependable")),
    # Names
    Case("names as labs write them, and in words",
         '[pip]\nK-gluconate = 130\nNa-GTP = 0.3\nphosphocreatine = 10\nQX-314-Cl = 3\n[bath]\n"sodium chloride" = 140\n'
         '"MgCl2 6*H2O" = 1\n"CaCl2 dihydrate" = 2\n"Sodium bicarbonate" = 26\n4-AP = 5\n',
         {"pip": {"K": 130, "Na": 0.3, "Cl": 3, "QX-314": 3}, "bath": {"Na": 166, "Cl": 146, "Mg": 1, "Ca": 2}},
         ("Na2GTP or Na3GTP", "free acid", "of KOH is likely missing")),
    Case("sodium salts of ATP, GTP and phosphocreatine bring their sodium",
         "[pip]\nK-gluconate = 120\nNa2ATP = 4\nNa3-GTP = 0.3\ndisodium phosphocreatine = 10\nHEPES = 10\npH = 7.2\n"
         "titrant = potassium hydroxide\n" + BATH,
         {"pip": {"Na": 8 + 0.9 + 20}}, ("mM of potassium hydroxide",), ("unknown",)),
    Case("grams per litre, with and without crystal water",
         "[bath]\nNaCl = 8.182 g/L\nKCl = 0.2236 g/L\nCaCl2·2H2O = 0.294 g/L\n[pip]\nKCl = 140\n",
         {"bath": {"Na": 140, "K": 3, "Ca": 2, "Cl": 147}}, (), ("crystal water",)),
    # Minor ions without a mobility
    Case("0.3 mM of GTP moves the potential by less than 0.1 mV, and does not stop it",
         "[pip]\nK-gluconate = 130\nKCl = 10\nHEPES = 10\nKOH = 4\nNa3-GTP = 0.3\n" + BATH,
         {"pip": {"K": 144, "Na": 0.9}}, ("No mobility is published for some minor ions", "± 0.1 mV"), ljp=16.0),
    Case("10 mM of phosphocreatine is worth some tenths",
         "[pip]\nK-gluconate = 130\nNa2-phosphocreatine = 10\n" + BATH,
         {"pip": {"Na": 20}}, ("minor ions (phosphocreatine); plausible ones", "± 0.4 mV"), ("dependable",)),
    Case("130 mM of lactobionate is the answer: asked",
         "[pip]\nK-lactobionate = 130\n" + BATH, {"pip": {"K": 130}}, ("dependable mobility for lactobionate",)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_a_labs_recipe(case, tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text(case.file, encoding="utf-8")
    made = read_solutions(path)
    frame, sentences = overview(made, "pip", 22)
    said = "\n".join(sentences)
    for name, ions in case.ions.items():
        assert {ion: made[name].ions[ion] for ion in ions} == pytest.approx(ions, abs=case.within)
    assert [part for part in case.says if part not in said] == []
    assert [part for part in case.silent if part in said] == []
    if case.ljp is not None:
        assert frame.set_index("solution").loc["bath", "ljp_mV"] == pytest.approx(case.ljp, abs=0.3)
