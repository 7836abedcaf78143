"""Protons, Ca and Mg: published constants at other conditions, and the same balance solved in another way."""

import numpy as np
import pytest
from scipy.optimize import fsolve

from vrest.data.solutions.pH import Mixture, charge, davies, debye_hueckel, dissolved_CO2, log_K
from vrest.data.solutions.recipes import read_solutions, solutions
from vrest.data.solutions.species import SPECIES
from vrest.models.errors import DataError

INTERNAL = {"K-gluconate": 130, "HEPES": 10, "EGTA": 10, "MgATP": 4}


def made(temperature: float = 22, **recipe: float | str):
    return solutions({"it": recipe}, temperature)["it"]


# Apparent pK at 0.15 M, computed from Goldberg et al. (2002) with another Davies-type equation (it differs by 0.02).
@pytest.mark.parametrize(
    ("name", "charge", "at_22", "at_37"),
    [("HEPES", 0, 7.48, 7.30), ("MOPS", 0, 7.10, 6.91), ("PIPES", -1, 6.79, 6.68), ("TES", 0, 7.48, 7.21),
     ("MES", 0, 6.17, 6.04), ("Tris", 1, 8.28, 7.88), ("Bicine", 0, 8.26, 8.03)],
)  # fmt: skip
def test_buffers_in_saline(name, charge, at_22, at_37):
    for temperature, expected in ((22, at_22), (37, at_37)):
        found = log_K(SPECIES[name].protons[0], temperature, 0.15, charge, charge - 1, 1) + davies(0.15, temperature)
        assert found == pytest.approx(expected, abs=0.025)


def test_activity_coefficients():
    assert debye_hueckel(25) == pytest.approx(0.510, abs=0.002)  # textbooks
    assert 10 ** -davies(0.1, 25) == pytest.approx(0.78, abs=0.005)  # NaCl 0.1 M, measured 0.778


@pytest.mark.parametrize(("temperature", "mM", "HCO3"), [(22, 1.80, 25.7), (37, 1.19, 19.8)])
def test_five_percent_CO2(temperature, mM, HCO3):
    assert dissolved_CO2(0.05, temperature) == pytest.approx(mM, abs=0.01)
    saline = made(temperature, NaCl=125, KCl=3, NaHCO3=26, CO2="5 %", pH=7.4, titrant="NaOH/HCl")
    assert saline.ions["HCO3"] == pytest.approx(HCO3, rel=0.015)


def test_a_papers_internal_has_162_mM_of_potassium():
    """130 K-gluconate, 10 HEPES, 10 EGTA, 4 MgATP to pH 7.3 with KOH: 32.6 mM (EGTA 20, ATP 8, HEPES 4)."""
    made_up = made(**INTERNAL, pH=7.3, titrant="KOH")
    assert made_up.ions["K"] == pytest.approx(162.6, abs=0.1)
    assert made_up.pH == 7.3
    assert made_up.said == ("it: pH 7.3 at 22 °C takes 32.6 mM of KOH: K 130 → 162.6 mM.",)
    assert made(**INTERNAL, pH=7.4, titrant="KOH").ions["K"] == pytest.approx(162.6 + 0.75, abs=0.1)
    assert made(37, **INTERNAL, pH=7.3, titrant="KOH").ions["K"] == pytest.approx(162.6 + 1.6, abs=0.1)
    with_BAPTA = {**INTERNAL, "BAPTA": 10}
    del with_BAPTA["EGTA"]
    assert made(**with_BAPTA, pH=7.3, titrant="KOH").ions["K"] == pytest.approx(130 + 51, abs=0.3)


def test_bound_calcium_frees_two_protons_for_each():
    """At pH 7.2 EGTA holds two protons, and Ca drives both out; BAPTA holds none worth speaking of."""
    without, with_Ca = (made(**INTERNAL, CaCl2=Ca, pH=7.2, titrant="KOH").ions["K"] for Ca in (0, 5))
    assert with_Ca - without == pytest.approx(2 * 5, abs=0.3)
    bapta = {"K4BAPTA": 10, "K-gluconate": 80, "HEPES": 10}
    without, with_Ca = (made(**bapta, CaCl2=Ca, pH=7.2, titrant="KOH").ions["K"] for Ca in (0, 5))
    assert with_Ca - without == pytest.approx(0, abs=1)


def test_free_calcium_against_published_dissociation_constants():
    """EGTA half full has as much free Ca as its Kd: 150.5 nM at 20 °C, pH 7.2, 0.1 M (a calibration kit)."""
    half = made(20, EGTA=10, CaCl2=5, KCl=65, MOPS=10, pH=7.2, titrant="KOH")
    assert half.free["Ca"] * 1e6 == pytest.approx(150.5, rel=0.08)
    assert half.ions["Ca"] == 5
    bapta = made(20, BAPTA=5, CaCl2=2.5, KCl=65, MOPS=10, pH=7.2, titrant="KOH")
    assert 100 < bapta.free["Ca"] * 1e6 < 250  # 0.1 to 0.2 µM in the literature
    assert made(NaCl=140, CaCl2=2, HEPES=10, NaOH=4).free == {}


def test_the_same_balance_by_another_solver():
    """Mass action written out for K-EGTA, ATP, HEPES, Ca and Mg at 20 °C, with unknown logs found all at once."""
    totals = {"Ca": 3e-3, "Mg": 5e-3, "EGTA": 10e-3, "ATP": 4e-3}
    mixture = Mixture({"K": 90, "Cl": 60, "HEPES": 10, **{k: v * 1e3 for k, v in totals.items()}}, SPECIES, 20.0)
    forms = mixture.at(7.1)
    strength = sum(c * z * z for (_, z), c in forms.items()) / 2000
    f = davies(strength, 20)
    shift = f - davies(0.1, 20)
    H = 10 ** (-7.1 + f)

    def K(log10: float, product: int, *parts: int) -> float:
        return 10 ** (log10 + (product**2 - sum(z * z for z in parts)) * shift)

    KE = [K(9.476, -3, -4, 1), K(8.866, -2, -3, 1), K(2.738, -1, -2, 1), K(1.913, 0, -1, 1)]
    KA = [K(6.476, -3, -4, 1), K(4.039, -2, -3, 1)]

    def amounts(logs):
        Ca, Mg, E, A = 10.0**logs
        HE, HA = KE[0] * H * E, KA[0] * H * A
        CaE, CaHE = K(10.973, -2, -4, 2) * Ca * E, K(5.307, -1, -3, 2) * Ca * HE
        MgE, MgHE = K(5.223, -2, -4, 2) * Mg * E, K(3.377, -1, -3, 2) * Mg * HE
        CaA, CaHA = K(3.828, -2, -4, 2) * Ca * A, K(2.144, -1, -3, 2) * Ca * HA
        MgA, MgHA = K(4.143, -2, -4, 2) * Mg * A, K(2.299, -1, -3, 2) * Mg * HA
        return np.array([
            Ca + CaE + CaHE + CaA + CaHA,
            Mg + MgE + MgHE + MgA + MgHA,
            E + HE + KE[1] * H * HE + KE[2] * KE[1] * H**2 * HE + CaE + CaHE + MgE + MgHE,
            A + HA + KA[1] * H * HA + CaA + CaHA + MgA + MgHA,
        ])  # fmt: skip

    goal = np.log10(list(totals.values()))
    found = fsolve(lambda logs: np.log10(amounts(logs)) - goal, [-6.5, -3.0, -6.0, -3.5], xtol=1e-12)
    Ca, Mg, E, A = 1e3 * 10.0**found
    assert forms["Ca", 2] == pytest.approx(Ca, rel=1e-5)
    assert forms["Mg", 2] == pytest.approx(Mg, rel=1e-5)
    assert forms["EGTA", -4] == pytest.approx(E, rel=1e-5)
    assert forms["ATP", -4] == pytest.approx(A, rel=1e-4)  # its third and fourth protons are left out here
    # Negative control: one constant moved by a tenth of a log unit is seen.
    assert forms["Ca", 2] != pytest.approx(Ca * 10**0.1, rel=1e-2)


@pytest.mark.parametrize("titrant", ["KOH", "NaOH", "CsOH", "Tris", "NMDG", "TEA-OH", "potassium hydroxide"])
def test_any_base_titrates(titrant):
    solution = made(**INTERNAL, pH=7.3, titrant=titrant)
    assert charge(solution.forms) == pytest.approx(0, abs=1e-6)
    # What the weak bases keep of their protons at this pH needs a little more of them.
    assert sum(solution.forms.get((n, 1), 0) for n in ("K", "Na", "Cs", "Tris", "NMDG", "TEA")) == pytest.approx(
        162.6, abs=0.4
    )


def test_bases_are_titrated_with_acids():
    nmdg = made(NMDG=140, HEPES=10, pH=7.4, titrant="HCl")
    assert nmdg.ions["Cl"] == pytest.approx(140 - 4.5, abs=0.7)
    assert made(NMDG=140, HEPES=10, pH=7.4, titrant="NMDG + HCl").ions["Cl"] == nmdg.ions["Cl"]
    assert made(NMDG=140, HEPES=10, pH="7.4 with HCl").ions == nmdg.ions


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (INTERNAL | {"pH": 7.3}, 'and 32.6 mM of KOH would bring it to 7.3. Add titrant = "KOH" or the one that was used'),
        ({"NaCl": 140, "HEPES": 10, "pH": 7.4}, '4.53 mM of NaOH would bring it to 7.4. Add titrant = "NaOH"'),
        ({"NMDG": 100, "pH": 7.4, "titrant": "NaOH"}, 'NaOH cannot bring it there, for as weighed it is at 1'),
        ({"KCl": 140, "titrant": "KOH"}, "titrant: needs a pH beside it"),
        ({"KCl": 140, "HEPES": 10, "pH": 7.3, "titrant": "NaCl"}, "NaCl cannot bring it there"),
    ],
)  # fmt: skip
def test_what_a_pH_lacks_is_asked(recipe, said):
    with pytest.raises(DataError) as caught:
        made(**recipe)
    assert said in str(caught.value)


def test_a_recipe_of_acids_without_its_titrant_is_pointed_out(tmp_path):
    path = tmp_path / "paper.toml"
    path.write_text(
        "[pip]\nK-gluconate = 110\nKCl = 20\nHEPES = 10\nEGTA = 10\nMgCl2 = 2\nMg-ATP = 4\n"
        "[bath]\nNaCl = 125\nKCl = 2.5\nNaHCO3 = 25\nCaCl2 = 2\n"
        "[tris]\nNaCl = 140\nTris = 10\n[plain]\nKCl = 140\n[titrated]\nNaCl = 140\nHEPES = 10\nNaOH = 4\n",
        encoding="utf-8",
    )
    read = read_solutions(path)
    (note,) = read["pip"].notes
    assert "says neither pH nor titrant" in note
    assert "33.3 mM of KOH is likely missing (K 163.3 in place of 130 mM at pH 7.3)" in note
    assert 'Write pH = 7.3 and titrant = "KOH" under [pip].' in note
    assert "HCl is likely missing (Cl 148.8 in place of 140 mM at pH 7.4)" in read["tris"].notes[0]
    assert [read[name].notes for name in ("bath", "plain", "titrated")] == [(), (), ()]


def test_a_pH_that_holds_as_weighed_needs_no_titrant():
    assert made(NaCl=125, KCl=3, NaHCO3=26, NaH2PO4=1.25, CO2="5 %", pH=7.4).notes == ()
    note = made(NaCl=111, KCl=1.9, CaCl2=1.1, NaHCO3=2.4, pH=7.2).notes[0]  # frog Ringer in air
    assert "as weighed its pH is 8.1" in note
    assert "as weighed its pH is 7.3" in made(NaCl=140, HEPES=10, NaOH=4, pH=7.3, titrant="NaOH").said[0]


def test_beyond_the_scale():
    assert Mixture({"Cl": 3000}, SPECIES, 22.0).pH() == 0
    assert Mixture({"Na": 3000}, SPECIES, 22.0).pH() == 14


def test_carbon_dioxide_in_mM_or_per_cent():
    gassed, dissolved = made(NaHCO3=26, NaCl=120, CO2="5 %"), made(NaHCO3=26, NaCl=120, CO2="1.8014 mM")
    assert gassed.pH == pytest.approx(dissolved.pH, abs=1e-3)
    assert made(NaHCO3=26, NaCl=120, CO2="10 %").pH == pytest.approx(gassed.pH - np.log10(2), abs=0.01)
    assert "CO2 = 5 is read as mM dissolved" in made(NaHCO3=26, CO2=5).notes[0]


def test_the_recipes_own_temperature_wins():
    own = made(37, **INTERNAL, pH=7.3, titrant="KOH", temperature_C=22)
    assert own.ions == made(22, **INTERNAL, pH=7.3, titrant="KOH").ions


@pytest.mark.parametrize(
    "recipe", [INTERNAL, {"NaHCO3": 26, "NaH2PO4": 1.25, "CO2": "5 %"}, {"spermine": 5, "HCl": 15}]
)
def test_solutions_are_neutral_and_hold_what_was_put_in(recipe):
    solution = made(**recipe)
    assert charge(solution.forms) == pytest.approx(0, abs=1e-5)
    if "MgATP" in recipe:
        held = sum(c for (name, _), c in solution.forms.items() if name.endswith("EGTA"))
        assert held == pytest.approx(10)
        assert sum(c for (name, _), c in solution.forms.items() if name.startswith("Mg")) == pytest.approx(4)


def test_charges_fall_as_the_pH_rises():
    mixture = Mixture({"K": 100, "EGTA": 10, "Ca": 5, "HEPES": 10, "ATP": 4, "Mg": 6, "Tris": 5}, SPECIES, 22.0)
    charges = [charge(mixture.at(pH)) for pH in np.linspace(2, 12, 16)]
    assert np.all(np.diff(charges) < 0)
