"""The resting potential's other systems, each against a number worked out without the package."""

from math import e, exp, log, pi, sqrt

import numpy as np
import pytest

from vrest.models.conditions import Conditions
from vrest.models.errors import ConfigurationError
from vrest.models.ions import ions
from vrest.models.laws.registry import LAWS
from vrest.models.textbook.charge import charge_separated
from vrest.models.textbook.cooling import cooling, shapley
from vrest.models.textbook.donnan import donnan
from vrest.models.textbook.rundown import run_down

V_T = 26.7268  # 8.314463 J/(mol K) · 310.15 K / 96485.33 C/mol, in mV
BATH = {"K": 5.0, "Na": 150.0, "Cl": 120.0}
CELL = Conditions(ions(("K", "Na", "Cl")), BATH, {"K": 140.0, "Na": 15.0, "Cl": 10.0}, 37.0)


def theta(pump_mV, **changes):
    return {"P_Na/P_K": 0.04, "P_Cl/P_K": 0.45, "pump_mV": pump_mV, "Q10_pump": 2.3, "Q10_leak": 1.4, **changes}


def donnan_by_hand(cations, anions, charge):
    """Monovalents: cations x² + charge x - anions = 0 for x = exp(-F V / RT)."""
    return -V_T * log((-charge + sqrt(charge**2 + 4 * cations * anions)) / (2 * cations))


def test_donnan_by_hand():
    V_m, c_i = donnan(BATH, {-1: 145.0}, 37.0)  # the bath has 35 mM of an impermeant anion
    assert V_m == pytest.approx(donnan_by_hand(155.0, 120.0, -145.0), abs=1e-3)
    assert V_m == pytest.approx(-10.19, abs=0.005)
    # 100 mM KCl outside, 50 mM of X- inside: K_i - Cl_i = 50 and K_i Cl_i = 100² give 128.08 and 78.08 mM.
    V_m, c_i = donnan({"K": 100.0, "Cl": 100.0}, {-1: 50.0}, 37.0)
    assert c_i["K"] == pytest.approx(25 + sqrt(25**2 + 100**2), rel=1e-12)
    assert V_m == pytest.approx(-V_T * log(1.2807764), abs=1e-3)


@pytest.mark.parametrize("impermeant", [{-1: 100.0, -14.5: 3.0}, {2: 20.0}, {-1: 10.0, 1: 10.0}])
@pytest.mark.parametrize("bath", [BATH, {**BATH, "Ca": 2.0, "SO4": 1.0}])
def test_donnan_state_is_neutral_and_every_mobile_ion_at_equilibrium(bath, impermeant):
    valence = {"K": 1, "Na": 1, "Cl": -1, "Ca": 2, "SO4": -2}
    V_m, c_i = donnan(bath, impermeant, 37.0)
    fixed = sum(z * c for z, c in impermeant.items())
    assert sum(valence[n] * c for n, c in c_i.items()) + fixed == pytest.approx(0, abs=1e-9)
    assert c_i["K"] * c_i["Cl"] == pytest.approx(5 * 120, abs=1e-9)
    nernst = [V_T / valence[n] * log(bath[n] / c) for n, c in c_i.items()]
    assert nernst == pytest.approx([V_m] * len(nernst), abs=1e-3)
    assert np.ptp(nernst) < 1e-9
    if fixed:
        assert np.sign(V_m) == np.sign(fixed)


def test_donnan_refuses_what_nothing_can_balance():
    with pytest.raises(ConfigurationError, match="no mobile ion"):
        donnan({"K": 5.0, "Na": 150.0}, {1: 10.0}, 37.0)


def test_few_ions_charge_the_membrane():
    moved = charge_separated(-75.0, 140.0, diameter_um=20.0)
    by_hand = 4 * pi * 1e-3**2 * 1e-6 * 75e-3  # 10 µm radius in cm, 1 µF/cm²: coulombs
    assert moved.charge_pC == pytest.approx(-1e12 * by_hand)
    assert moved.ions == pytest.approx(by_hand / 1.602176634e-19)
    potassium = 0.140 * 4 / 3 * pi * 1e-5**3 * 1e3 * 6.02214076e23
    assert moved.share_of_K == pytest.approx(by_hand / 1.602176634e-19 / potassium)
    assert 1e-5 < moved.share_of_K < 2e-5


TIMES = np.concatenate([[0.0], np.logspace(0, 6.5, 25)])


def test_run_down_conserves_charge_and_ends_at_the_donnan_state():
    run = run_down(BATH, 140.0, 15.0, {"Na": 0.04, "Cl": 0.45}, 37.0, TIMES)
    charge = run.c_i["K"] + run.c_i["Na"] - run.c_i["Cl"]
    assert np.ptp(charge) / charge[0] < 1e-6
    chloride = 120 * exp(run.before_mV / V_T)
    assert charge[0] == pytest.approx(155 - chloride, abs=1e-3)
    assert run.impermeant_mM == pytest.approx(-charge[0])
    assert run.V_m_mV[-1] == pytest.approx(donnan_by_hand(155.0, 120.0, -charge[0]), abs=0.1)
    assert np.all(np.diff(run.V_m_mV) > -1e-6)
    assert np.interp(1.0, run.time_s, run.V_m_mV) - run.V_m_mV[0] < 0.05  # the first second: next to nothing


def test_the_first_step_of_the_run_down_is_what_the_law_says_of_blocking_the_pump():
    p = {"Na": 0.04, "Cl": 0.45}
    run = run_down(BATH, 140.0, 15.0, p, 37.0, [0.0, 1.0])
    at = Conditions(CELL.ions, BATH, CELL.c_i, 37.0, np.array([0.0, 1.0]), ("Cl",))
    on, blocked = LAWS["mullins-noda"].potential(theta(0), at, at)
    assert run.before_mV == pytest.approx(V_T * log((1.5 * 5 + 0.04 * 150) / (1.5 * 140 + 0.04 * 15)), abs=1e-3)
    assert run.before_mV == pytest.approx(on, abs=1e-9)
    assert run.V_m_mV[0] - run.before_mV == pytest.approx(blocked - on, abs=1e-9)
    assert 1 < run.V_m_mV[0] - run.before_mV < 10


def test_the_clock_of_the_run_down_is_permeability_times_surface_over_volume():
    """dK_i/dt = -(6 / d) P_K v (K_i - K_o exp(-v)) / (1 - exp(-v)), v = V / V_T, at once after the pump stops."""
    P_K, d, second = 2e-6, 10.0, 1e-3
    run = run_down(BATH, 140.0, 15.0, {"Na": 0.04, "Cl": 0.45}, 37.0, [0.0, second], P_K_cm_s=P_K, diameter_um=d)
    v = run.V_m_mV[0] / V_T
    for name, p, inside, outside in (("K", 1.0, 140.0, 5.0), ("Na", 0.04, 15.0, 150.0)):
        rate = -6 / (d * 1e-4) * P_K * p * v * (inside - outside * exp(-v)) / (1 - exp(-v))
        assert (run.c_i[name][1] - run.c_i[name][0]) / second == pytest.approx(rate, rel=1e-3)
    # Chloride's flux makes good the charge of the other two.
    change = {name: c[1] - c[0] for name, c in run.c_i.items()}
    assert change["Cl"] == pytest.approx(change["K"] + change["Na"], abs=1e-9)


def test_without_chloride_permeability_the_run_down_ends_at_zero():
    run = run_down(BATH, 140.0, 15.0, {"Na": 0.04, "Cl": 0.0}, 37.0, [0.0, 1e7])  # K + Na is 155 mM on either side
    assert run.V_m_mV[-1] == pytest.approx(0.0, abs=1e-6)
    assert run.c_i["Cl"][-1] == run.c_i["Cl"][0]


def test_with_its_pump_the_cell_does_not_drift():
    run = run_down(BATH, 140.0, 15.0, {"Na": 0.04, "Cl": 0.45}, 37.0, [0.0, 3600.0, 1e5], poisoned=False)
    assert run.V_m_mV == pytest.approx([run.before_mV] * 3, abs=1e-6)
    assert run.c_i["K"] == pytest.approx([140.0] * 3, abs=1e-6)


def test_shares_are_the_mean_over_all_orders():
    worth = {"": 0, "a": 1, "b": 2, "c": 0, "ab": 5, "ac": 1, "bc": 4, "abc": 8}

    def value(parts):
        return worth["".join(sorted(parts))]

    # a: (1 + 1 + 3 + 4 + 1 + 4) / 6 and so on, written out over the six orders.
    assert shapley(value, "abc") == pytest.approx({"a": 14 / 6, "b": 26 / 6, "c": 8 / 6})


def test_cooling_is_shared_out_exactly():
    parts = cooling(theta(10.0), CELL, 17.0)
    assert parts["thermodynamic"] == pytest.approx(4.9, abs=0.05)
    assert parts["leak"] == pytest.approx(-6.3, abs=0.05)
    assert parts["pump"] == pytest.approx(12.4, abs=0.05)
    at = Conditions(CELL.ions, BATH, CELL.c_i, np.array([37.0, 17.0]))
    warm, cold = LAWS["ghk-pump"].potential(theta(10.0), at, CELL)
    assert sum(parts.values()) == pytest.approx(cold - warm, abs=1e-9)


def test_pump_and_leak_exceed_thermodynamics_from_about_eight_millivolts_of_pump():
    def excess(pump_mV):
        parts = cooling(theta(pump_mV), CELL, 17.0)
        return parts["pump"] + parts["leak"] - parts["thermodynamic"]

    assert excess(7.5) < 0 < excess(8.0)


def test_a_sodium_ratio_that_falls_on_cooling_belongs_to_the_leaks():
    without, with_ = cooling(theta(5.0), CELL, 27.0), cooling(theta(5.0, **{"Q10_P_Na/P_K": e}), CELL, 27.0)
    assert with_["leak"] < without["leak"] - 5
    assert abs(with_["pump"] - without["pump"]) < 3
