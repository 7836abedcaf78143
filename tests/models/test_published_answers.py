"""Worked examples whose answers are printed elsewhere: in a course's homework, a textbook's table, a paper."""

import numpy as np
import pytest
from scipy.constants import R, physical_constants

from vrest.models.conditions import Conditions
from vrest.models.ions import ions
from vrest.models.laws.nernst import nernst_potential
from vrest.models.laws.registry import LAWS

F = physical_constants["Faraday constant"][0]
SLOPE_58_mV_C = 0.058 / np.log(10) * F / R - 273.15  # where a decade is worth 58 mV: 19.2 °C


def ghk(c_i, c_o, p, temperature_C):
    at = Conditions(ions(tuple(c_o)), c_o, c_i, temperature_C)
    return float(LAWS["ghk"].potential({f"P_{ion}/P_K": value for ion, value in p.items()}, at, at))


@pytest.mark.parametrize(("p_Na", "printed_mV"), [(0.02, -75.7), (20, 40.13)])
def test_homework_of_a_course(p_Na, printed_mV):
    c_i, c_o = {"K": 125, "Na": 12, "Cl": 5}, {"K": 5, "Na": 120, "Cl": 125}
    digits = 0.05 if printed_mV < 0 else 0.005
    assert ghk(c_i, c_o, {"Na": p_Na, "Cl": 1}, SLOPE_58_mV_C) == pytest.approx(printed_mV, abs=1.01 * digits)


def test_potassium_and_sodium_at_body_temperature():
    assert ghk({"K": 140, "Na": 15}, {"K": 4, "Na": 150}, {"Na": 1 / 3}, 36.85) == pytest.approx(-26.39, abs=0.01)


@pytest.mark.parametrize(
    ("ion", "c_i", "c_o", "printed_mV"), [("Na", 14, 144, 62.3), ("K", 140, 4.1, -94.4), ("Cl", 4, 107, -87.8)]
)
def test_nernst_potentials_of_a_mammalian_cell(ion, c_i, c_o, printed_mV):
    assert nernst_potential(ions((ion,))[0].valence, c_i, c_o, 37.0) == pytest.approx(printed_mV, abs=0.05)
