"""Options and ions of the laws, where they meet: each value by hand."""

import numpy as np
import pytest
from scipy.constants import physical_constants

from vrest.models.conditions import Conditions
from vrest.models.errors import ConfigurationError
from vrest.models.ions import ions
from vrest.models.laws.options import option_parameters
from vrest.models.laws.registry import LAWS

V_T = 1e3 * physical_constants["molar gas constant"][0] * 310.15 / physical_constants["Faraday constant"][0]
IN = {"K": 140.0, "Na": 15.0}


def baths(K_o) -> Conditions:
    K_o = np.asarray(K_o, float)
    inside = {n: np.full_like(K_o, x) for n, x in IN.items()}
    return Conditions(ions(("K", "Na")), {"K": K_o, "Na": 150 - K_o}, inside, np.full_like(K_o, 37.0))


REFERENCE = baths(5.0)


def test_a_potassium_permeability_that_follows_its_bath_in_the_balanced_law():
    K_o = np.array([2.5, 5.0, 20.0])
    got = LAWS["mullins-noda"].potential({"P_Na/P_K": 0.04, "rectification": 0.5}, baths(K_o), REFERENCE)
    P_K = (K_o / 5) ** 0.5
    expected = V_T * np.log((1.5 * P_K * K_o + 0.04 * (150 - K_o)) / (1.5 * P_K * 140 + 0.04 * 15))
    assert got == pytest.approx(expected, abs=1e-10)
    assert np.abs(np.diff(got - LAWS["mullins-noda"].potential({"P_Na/P_K": 0.04}, baths(K_o), REFERENCE))).min() > 0.5


def test_below_a_tenth_millimolar_the_permeability_no_longer_follows():
    law, theta = LAWS["ghk"], {"P_Na/P_K": 0.04, "rectification": 0.5}
    got = law.potential(theta, baths([0.0, 0.05, 0.1]), REFERENCE)
    P_K = (0.1 / 5) ** 0.5
    K_o = np.array([0.0, 0.05, 0.1])
    assert got == pytest.approx(V_T * np.log((P_K * K_o + 0.04 * (150 - K_o)) / (P_K * 140 + 0.04 * 15)), abs=1e-10)


def test_a_ratio_of_the_pump_that_is_inferred_takes_the_place_of_three_halves():
    got = LAWS["mullins-noda"].potential({"P_Na/P_K": 0.04, "pump_ratio": 1.2}, REFERENCE, REFERENCE)
    assert got == pytest.approx(V_T * np.log((1.2 * 5 + 0.04 * 145) / (1.2 * 140 + 0.04 * 15)), abs=1e-10)


@pytest.mark.parametrize(
    ("law", "names", "sentence"),
    [
        ("ghk", ("Na", "Cl"), "the law ghk needs K among the ions: all else is relative to K's"),
        ("mullins-noda", ("K", "Cl"), "the law mullins-noda needs Na among the ions: the pump exchanges it for K"),
    ],
)
def test_what_a_law_cannot_do_without_is_said_with_its_reason(law, names, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        LAWS[law].usable(ions(names))


def test_a_law_leaves_out_the_ions_that_it_does_not_speak_of():
    assert [s.name for s in LAWS["nernst"].usable(ions(("K", "Na", "Cl")))] == ["K"]
    assert [s.name for s in LAWS["ghk"].usable(ions(("K", "Na", "Cl")))] == ["K", "Na", "Cl"]


def test_an_option_needs_its_ions():
    with pytest.raises(ConfigurationError, match="the option Q10_P_Na needs Na among the ions"):
        option_parameters(LAWS["ghk"], ["Q10_P_Na"], ions(("K", "Cl")))
    (p,) = option_parameters(LAWS["ghk"], ["Q10_P_Na", "Q10_P_Na"], ions(("K", "Na")))
    assert p.name == "Q10_P_Na/P_K"
