"""The stationary Nernst-Planck junction: published values, and closed forms that it must reproduce."""

from math import log

import pytest

from vrest.data.solutions.junction import henderson
from vrest.data.solutions.nernst_planck import nernst_planck
from vrest.data.solutions.species import SPECIES
from vrest.models.constants import thermal_voltage

CHARGE = {"Zn": 2, "K": 1, "Cl": -1, "Na": 1, "Mg": 2, "Ca": 2, "Li": 1, "Cs": 1, "F": -1, "gluconate": -1, "HEPES": -1,
          "HCO3": -1, "H2PO4": -1, "SO4": -2, "methanesulfonate": -1}  # fmt: skip
FORM = {"HCO3": ("CO3", -1), "H2PO4": ("PO4", -1)}


def both(pipette: dict[str, float], bath: dict[str, float], temperature: float) -> tuple[float, float]:
    """Henderson's and Nernst-Planck's potential in mV."""
    forms = [{FORM.get(n, (n, CHARGE[n])): c for n, c in side.items()} for side in (pipette, bath)]
    u = {form: SPECIES[form[0]].mobility(form[1]).value for side in forms for form in side}
    return henderson(*forms, u, temperature), nernst_planck(*forms, u, temperature)


FIGL = {"K": 145, "Na": 13, "Mg": 1, "HEPES": 5, "gluconate": 145, "Cl": 10}
FIGL_BATH = {"K": 2.81, "Na": 144.98, "Mg": 2, "Ca": 1, "HEPES": 5, "Cl": 148.79}
WALZ = {"K": 125, "Na": 10, "Mg": 1, "Cl": 2, "gluconate": 125, "HEPES": 10}
WALZ_BATH = {"K": 3, "Na": 152.2, "Mg": 1.5, "Ca": 2.4, "Cl": 133.8, "H2PO4": 1.2, "HCO3": 25, "SO4": 1.5}
# pipette, bath, °C, published by Henderson's equation, by Nernst and Planck's (None: not published)
PUBLISHED = [
    # JLJP: -20.82; LJPcalc prints -20.80, which carries the error of its step. Henderson as in Marino et al. (2014).
    ({"Zn": 9, "Cl": 18}, {"Zn": 0.0284, "K": 3, "Cl": 3.0568}, 25, -19.86, -20.82),
    (FIGL, FIGL_BATH, 20, 15.6, 16.05),  # Figl et al. (2003) AxoBits 39, by JPCalc; LJPcalc
    (WALZ, WALZ_BATH, 25, None, 15.729),  # Walz (2007) Patch-Clamp Analysis, p. 191, by LJPcalc
    ({"Na": 10, "Cl": 10, "Cs": 135, "F": 135}, {"Na": 145, "Cl": 145}, 20, 8.74, None),  # JPCalcWin's manual, p. 7
]  # fmt: skip


@pytest.mark.parametrize(("pipette", "bath", "temperature", "by_henderson", "by_planck"), PUBLISHED)
def test_published_values(pipette, bath, temperature, by_henderson, by_planck):
    found = both(pipette, bath, temperature)
    if by_henderson is not None:
        assert found[0] == pytest.approx(by_henderson, abs=0.02)
    if by_planck is not None:
        assert found[1] == pytest.approx(by_planck, abs=0.03)
        # Negative control: the two methods are told apart by the tolerance.
        assert found[0] != pytest.approx(by_planck, abs=0.1)


def test_one_salt_has_the_diffusion_potential():
    u = {name: SPECIES[name].mobilities[CHARGE[name]].value for name in ("Na", "Cl")}
    expected = thermal_voltage(25) * (u["Na"] - u["Cl"]) / (u["Na"] + u["Cl"]) * log(100 / 10)
    assert both({"Na": 100, "Cl": 100}, {"Na": 10, "Cl": 10}, 25) == pytest.approx((expected, expected), abs=1e-4)


def test_two_salts_of_one_strength_have_lewis_and_sargents():
    u = {name: SPECIES[name].mobilities[CHARGE[name]].value for name in ("Na", "K", "Cl")}
    expected = thermal_voltage(25) * log((u["Na"] + u["Cl"]) / (u["K"] + u["Cl"]))
    assert both({"Na": 50, "Cl": 50}, {"K": 50, "Cl": 50}, 25) == pytest.approx((expected, expected), abs=1e-4)


def test_equal_solutions_and_swapped_ones():
    assert both(FIGL_BATH, FIGL_BATH, 20) == pytest.approx((0, 0), abs=1e-6)
    swapped = both(FIGL_BATH, FIGL, 20)
    assert swapped == pytest.approx([-E for E in both(FIGL, FIGL_BATH, 20)], abs=2e-3)
    assert both({"K": 150, "Cl": 150}, {"K": 150, "Cl": 150}, 20) == pytest.approx((0, 0), abs=1e-9)
