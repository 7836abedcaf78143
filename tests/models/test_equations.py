"""The equations against numbers from outside the code: closed forms, textbook values, brentq."""

import numpy as np
import pytest
from scipy.optimize import brentq

from vrest.models.conditions import Conditions
from vrest.models.constants import FARADAY, rate_factor, thermal_voltage
from vrest.models.ions import ion, ions
from vrest.models.laws.jacobian import jacobian
from vrest.models.laws.nernst import nernst_potential
from vrest.models.laws.registry import LAWS
from vrest.models.solver.balance import Terms, gather, ion_current, net, slope
from vrest.models.solver.bernoulli import bernoulli, bernoulli_slope
from vrest.models.solver.rest import rest, rest_without_pump

MAMMAL = Conditions(
    ions(["K", "Na", "Cl"]), {"K": 5.0, "Na": 150.0, "Cl": 120.0}, {"K": 140.0, "Na": 15.0, "Cl": 10.0}, 37.0
)


def test_constants_are_codata():
    assert pytest.approx(96485.33212, abs=1e-4) == FARADAY
    assert thermal_voltage(25.0) == pytest.approx(25.6926, abs=1e-4)
    assert thermal_voltage(0.0) / thermal_voltage(100.0) == pytest.approx(273.15 / 373.15)
    assert rate_factor(2.0, 35.0, 15.0) == pytest.approx(4.0)


def test_nernst_textbook_values():
    assert nernst_potential(1, 140.0, 5.0, 37.0) == pytest.approx(-89.06, abs=0.01)
    assert nernst_potential(2, 1e-4, 2.0, 37.0) == pytest.approx(132.3, abs=0.1)
    assert nernst_potential(-1, 10.0, 120.0, 37.0) == pytest.approx(-66.4, abs=0.1)


def test_ghk_textbook_value_and_swapped_permeabilities():
    V_m = LAWS["ghk"].potential({"P_Na/P_K": 0.04, "P_Cl/P_K": 0.45}, MAMMAL, MAMMAL)
    assert V_m == pytest.approx(-67.6, abs=0.05)
    swapped = LAWS["ghk"].potential({"P_Na/P_K": 1 / 0.04, "P_Cl/P_K": 0.45 / 0.04}, MAMMAL, MAMMAL)
    assert swapped == pytest.approx(19.5, abs=0.05)


def test_pump_to_zero_gives_ghk():
    theta = {"P_Na/P_K": 0.04, "P_Cl/P_K": 0.45, "Q10_pump": 2.0, "Q10_leak": 1.4}
    ghk = LAWS["ghk"].potential(theta, MAMMAL, MAMMAL)
    assert LAWS["ghk-pump"].potential({**theta, "pump_mV": 0.0}, MAMMAL, MAMMAL) == pytest.approx(ghk, abs=1e-9)
    assert LAWS["ghk-pump"].potential({**theta, "pump_mV": 1e-9}, MAMMAL, MAMMAL) == pytest.approx(ghk, abs=2e-9)


def test_pump_in_mV_is_what_a_brief_block_removes():
    theta = {"P_Na/P_K": 0.04, "P_Cl/P_K": 0.45, "Q10_pump": 2.3, "Q10_leak": 1.4, "pump_mV": 7.0}
    both = Conditions(MAMMAL.ions, MAMMAL.c_o, MAMMAL.c_i, 37.0, np.array([0.0, 1.0]))
    running, blocked = LAWS["ghk-pump"].potential(theta, both, MAMMAL)
    assert blocked - running == pytest.approx(7.0, abs=1e-9)


def test_passive_chloride_drops_out_while_the_pump_runs_and_stays_put_when_it_stops():
    theta = {"P_Na/P_K": 0.04, "P_Cl/P_K": 0.45, "Q10_pump": 2.3, "Q10_leak": 1.4, "pump_mV": 7.0}
    inside = {"K": 140.0, "Na": 15.0}
    at = Conditions(MAMMAL.ions, MAMMAL.c_o, inside, 37.0, np.array([0.0, 1.0]), passive=("Cl",))
    reference = Conditions(MAMMAL.ions, MAMMAL.c_o, inside, 37.0, 0.0, passive=("Cl",))
    running, blocked = LAWS["ghk-pump"].potential(theta, at, reference)
    V_T = thermal_voltage(37.0)
    without = V_T * np.log((5 + 0.04 * 150) / (140 + 0.04 * 15))  # GHK of K and Na
    assert running == pytest.approx(without - 7.0, abs=1e-9)
    Cl_i = 120.0 * np.exp(running / V_T)
    expected = V_T * np.log((5 + 0.04 * 150 + 0.45 * Cl_i) / (140 + 0.04 * 15 + 0.45 * 120))
    assert blocked == pytest.approx(expected, abs=1e-9)


def test_pump_follows_the_ratio_of_the_Q10s_only():
    theta = {"P_Na/P_K": 0.04, "P_Cl/P_K": 0.45, "pump_mV": 6.0, "Q10_pump": 3.0, "Q10_leak": 1.5}
    warm = Conditions(MAMMAL.ions, MAMMAL.c_o, MAMMAL.c_i, 27.0)
    same = LAWS["ghk-pump"].potential({**theta, "Q10_pump": 2.0, "Q10_leak": 1.0}, warm, MAMMAL)
    assert LAWS["ghk-pump"].potential(theta, warm, MAMMAL) == pytest.approx(same, abs=1e-12)


def test_bernoulli_through_zero_and_its_symmetry():
    x = np.concatenate([np.linspace(-30, 30, 601), 10.0 ** np.arange(-12, 0), -(10.0 ** np.arange(-12, 0)), [0.0]])
    exact = np.array([1.0 if v == 0 else v / np.expm1(v) for v in x])
    assert bernoulli(x) == pytest.approx(exact, rel=1e-14)
    assert bernoulli(-x) == pytest.approx(bernoulli(x) + x, abs=1e-13)
    assert bernoulli_slope(-x) == pytest.approx(-1 - bernoulli_slope(x), abs=1e-12)
    assert bernoulli_slope(0.0) == -0.5
    complex_step = np.imag(bernoulli(x + 1e-30j)) / 1e-30
    assert bernoulli_slope(x) == pytest.approx(complex_step, abs=1e-11)
    assert np.isfinite(bernoulli(np.array([-700.0, 700.0]))).all()


def random_terms(n: int, seed: int) -> tuple[dict, Terms]:
    """Random K, Na, Cl, Ca conditions with pump currents of either sign: shifts to ±60 mV, V_m through 0."""
    rng = np.random.default_rng(seed)
    species = ions(["K", "Na", "Cl", "Ca"])
    p = {"Na": rng.lognormal(-3, 1.5, n), "Cl": rng.lognormal(-1, 1.5, n), "Ca": rng.lognormal(-3, 2, n)}
    c_i = {
        "K": rng.uniform(80, 400, n),
        "Na": rng.uniform(3, 50, n),
        "Cl": rng.uniform(2, 60, n),
        "Ca": np.full(n, 1e-4),
    }
    c_o = {
        "K": rng.uniform(0, 400, n),
        "Na": rng.uniform(0, 450, n),
        "Cl": rng.uniform(5, 500, n),
        "Ca": rng.uniform(0, 10, n),
    }
    terms = gather(species, p, c_i, c_o)
    shifted = rest(terms) + rng.uniform(-60, 60, n) / 25
    shifted[:50] = 10.0 ** rng.uniform(-14, -3, 50) * rng.choice([-1, 1], 50)  # through V_m = 0
    j = -net(terms, shifted)
    return {"ions": species, "p": p, "c_i": c_i, "c_o": c_o, "j": j}, Terms(terms.A, terms.B, terms.A2, terms.B2, j)


def test_root_against_brentq_on_the_flux_balance():
    case, terms = random_terms(2_000, seed=7)
    u = rest(terms)

    def b(x):  # the textbook fraction, not the package's function
        return 1.0 if x == 0 else x / np.expm1(x)

    def balance(v, i):
        return case["j"][i] + sum(
            s.valence * case["p"].get(s.name, np.ones(len(u)))[i]
            * (case["c_i"][s.name][i] * b(-s.valence * v) - case["c_o"][s.name][i] * b(s.valence * v))
            for s in case["ions"]
        )  # fmt: skip

    found = np.array([brentq(balance, -60, 60, args=(i,), xtol=1e-14, rtol=1e-14) for i in range(len(u))])
    assert np.max(np.abs(u - found)) * 25 < 1e-9
    assert u.min() < -1 < 1 < u.max()
    assert np.min(np.abs(u)) < 1e-9  # V_m does pass through 0


def test_root_of_wild_inputs():
    """Warm-up tries shifts of thousands of mV; the root must come back from them, from either side."""
    for A, B in ((150.0, 12.0), (1e-3, 1e3), (1e3, 1e-3)):
        for mV in (-6000.0, -3000.0, 3000.0, 6000.0):
            terms = Terms(A, B, j=-net(Terms(A, B), mV / 25))
            assert rest(terms) == pytest.approx(mV / 25, rel=1e-9)


def test_the_root_check_notices_a_wrong_root():
    """Negative control: a root 1e-6 mV off is caught by the tolerance used above."""
    _, terms = random_terms(100, seed=3)
    off = rest(terms) + 1e-6 / 25
    assert np.max(np.abs(off - rest(terms))) * 25 > 1e-9


def test_net_current_rises_with_the_potential_and_slope_is_its_derivative():
    _, terms = random_terms(200, seed=5)
    for u in (-5.0, -1e-7, 0.0, 0.3, 4.0):
        here = np.full(200, u)
        difference = (net(terms, here + 1e-6) - net(terms, here - 1e-6)) / 2e-6
        assert slope(terms, here) == pytest.approx(difference, rel=1e-6)
        assert (slope(terms, here) > 0).all()


def test_gather_is_the_sum_of_ion_currents_for_every_valence():
    species = ions(["K", "Na", "Cl", "Ca", "Mg", "HCO3", "SO4"])
    rng = np.random.default_rng(2)
    p, c_i, c_o = ({s.name: rng.uniform(0.1, 100) for s in species} for _ in range(3))
    p["K"] = 1.0
    for u in (-3.0, 0.0, 2.0):
        total = sum(ion_current(s.valence, p[s.name], c_i[s.name], c_o[s.name], u) for s in species)
        assert net(gather(species, p, c_i, c_o), u) == pytest.approx(total, rel=1e-12)


def test_closed_form_without_pump_equals_the_solver():
    _, terms = random_terms(100, seed=1)
    monovalent = Terms(terms.A, terms.B)
    assert rest_without_pump(monovalent) == pytest.approx(rest(monovalent), abs=1e-12)
    assert rest_without_pump(terms) == pytest.approx(rest(Terms(terms.A, terms.B, terms.A2, terms.B2)), abs=1e-12)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_jacobian_against_finite_differences(law):
    species = law.usable(MAMMAL.ions)
    K = np.array([2.5, 10.0, 80.0, 2.5, 10.0, 80.0])
    at = Conditions(
        species, {"K": K, "Na": 155 - K, "Cl": 0 * K + 120}, {"Na": 15.0, "Cl": 10.0},
        np.array([17.0, 27, 37, 37, 37, 17]), np.array([0.0, 0, 0, 0, 1, 1]) * law.has_pump,
    )  # fmt: skip
    reference = Conditions(species, MAMMAL.c_o, at.c_i, 37.0)
    theta = {p.name: p.prior.typical for p in law.parameters(species)} | {"K_i_mM": 140.0}
    names = list(theta)
    exact = jacobian(law, theta, at, reference, names)
    for k, name in enumerate(names):
        h = 1e-5 * theta[name]
        up, down = (law.potential({**theta, name: theta[name] + s * h}, at, reference) for s in (1, -1))
        assert exact[:, k] == pytest.approx((up - down) / (2 * h), abs=1e-5 * max(1, np.abs(exact[:, k]).max()))


def test_unknown_ion_names_the_nearest():
    from vrest.models.errors import UnknownNameError

    with pytest.raises(UnknownNameError, match="Did you mean 'Cl'"):
        ion("CL")
