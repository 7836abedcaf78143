"""Input resistance makes P_K and the pump's current absolute, and allows for the electrode's seal."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pytensor.compile.mode import Mode
from scipy import constants

import vrest
from tests.synthetic import recordings
from vrest.fitting.checks.identification import foresee, questions
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.model.draws import resistance_distribution
from vrest.fitting.model.expected import expected_posterior
from vrest.fitting.model.linear import mode, resistance_rows, resistance_slopes, sensitivity, starting_point
from vrest.fitting.model.model import build_model
from vrest.fitting.sampling.density import Density
from vrest.models.conditions import Conditions
from vrest.models.conductance import slope_conductance
from vrest.models.ions import ions
from vrest.models.laws.registry import LAWS
from vrest.models.parameters import Q10_LEAK, Q10_PUMP
from vrest.models.solver.balance import Terms

F, R = constants.value("Faraday constant"), constants.R
C_I = {"K": 140.0, "Na": 12.0, "Cl": 10.0}
INSIDE = "K=140,Na=12,Cl=10"
TRUTH = {
    "P_Na/P_K": 0.04, "P_Cl/P_K": 0.3, "pump_mV": 6.0, "Q10_pump": 2.6, "Q10_leak": 1.3, "P_K_cm_s": 2e-6,
    "K_K_mM": 1.5, "n_K": 1.4, "K_Na_mM": 13.0, "n_Na": 2.0,
}  # fmt: skip
C_m_pF = 25.0
AREA = C_m_pF * 1e-6  # cm², at 1 µF/cm²
FEW = Sampling(chains=2, draws=500, tune=500)


def ghk_density(theta, at, u, a_i):
    """Net GHK current in A/cm² at u = V F / (R T): the textbook's fractions, SI units, written without the package."""
    T = at.temperature_C + constants.zero_Celsius
    P_K = theta["P_K_cm_s"] * 1e-2 * theta["Q10_leak"] ** ((at.temperature_C - 25.0) / 10)  # m/s
    V = u * R * T / F
    total = 0.0
    for s in at.ions:
        z, p = s.valence, theta.get(f"P_{s.name}/P_K", 1.0)
        e = np.exp(-z * u)
        total = total + P_K * p * z**2 * V * F**2 / (R * T) * (a_i[s.name] - at.c_o[s.name] * e) / (1 - e)
    return 1e-4 * total  # A/m² to A/cm²; 1 mM is 1 mol/m³


def conditions(passive=(), blocked=(0.0, 1.0, 0.0), seal=0.0):
    K = np.array([2.5, 5.0, 20.0])
    c_o = {"K": K, "Na": 150.0 - K, "Cl": np.full(3, 130.0)}
    at = Conditions(ions(c_o), c_o, C_I, np.array([15.0, 25.0, 35.0]), np.array(blocked), passive, seal=seal)
    return at, Conditions(at.ions, {"K": 5.0, "Na": 145.0, "Cl": 130.0}, C_I, 25.0, passive=passive)


@pytest.mark.parametrize("law", ["ghk", "ghk-pump", "ghk-pump-kinetic", "mullins-noda"])
@pytest.mark.parametrize("passive", [(), ("Cl",)])
def test_conductance_is_the_slope_of_the_net_current(law, passive):
    """Against a finite difference; a passive chloride is where the running pump left it, and counts."""
    if law == "mullins-noda":
        passive = ("Cl",)
    law = LAWS[law]
    at, reference = conditions(passive)
    if not law.has_pump:
        at = replace(at, blocked=np.zeros(3))
    V_m = law.potential(TRUTH, at, reference)
    running = law.potential(TRUTH, at.steady(), reference.steady()) if passive else V_m
    V_T = 1e3 * R * (at.temperature_C + constants.zero_Celsius) / F
    a_i = {**C_I, **({"Cl": 130.0 * np.exp(running / V_T)} if passive else {})}
    if law.name == "ghk" and passive:
        assert ghk_density(TRUTH, at, V_m / V_T, a_i) == pytest.approx(np.zeros(3), abs=1e-12)
    h = 1e-3  # mV
    rise = ghk_density(TRUTH, at, (V_m + h) / V_T, a_i) - ghk_density(TRUTH, at, (V_m - h) / V_T, a_i)
    np.testing.assert_allclose(law.conductance(TRUTH, at, reference, V_m, running), rise / (2e-3 * h), rtol=1e-7)


def test_a_case_by_hand():
    """140 mM K on both sides at 0 mV, P_K 2e-6 cm/s, 37 °C: G = F² P c / (R T) = 1.01 mS/cm²."""
    G = slope_conductance(Terms(A=140.0, B=140.0), 0.0, 2e-6, 37.0)
    assert pytest.approx(96485.33**2 * 2e-6 * 140e-6 / (8.314463 * 310.15), rel=1e-6) == G
    assert pytest.approx(1.0108e-3, rel=1e-4) == G


def test_a_seal_pulls_the_potential_towards_zero():
    """A membrane of 0.5 GOhm at −80 mV behind 2 GOhm reads −64 mV, by Ohm; the constant field bends that a little."""
    theta = {
        "P_Na/P_K": 0.005,
        "P_Cl/P_K": 0.0,
        "pump_mV": 0.0,
        "Q10_pump": 1.0,
        "Q10_leak": 1.0,
        "P_K_area_cm3_s": 1.0,
    }
    law, (at, reference) = LAWS["ghk-pump"], conditions(blocked=(0.0, 0.0, 0.0))
    V_m = law.potential(theta, at, reference)
    theta["P_K_area_cm3_s"] = 1 / (0.5e9 * law.conductance(theta, at, reference, V_m, V_m))
    sealed = replace(at, seal=np.full(3, 1 / 2e9))
    shifted = law.potential(theta, sealed, reference)
    # The net current in A is zero at the shifted potential, the seal's among it.
    V_T = 1e3 * R * (at.temperature_C + constants.zero_Celsius) / F
    scaled = {**theta, "P_K_cm_s": theta["P_K_area_cm3_s"]}
    membrane = ghk_density(scaled, at, shifted / V_T, C_I)
    np.testing.assert_allclose(membrane, -1e-3 * shifted / 2e9, rtol=1e-6)
    np.testing.assert_allclose(shifted, 0.8 * V_m, atol=3.0)
    parallel = law.conductance(theta, sealed, reference, shifted, shifted)
    assert np.all(parallel > 1 / 2e9)


def table(
    temperatures=(15.0, 25.0, 35.0), with_area=True, R_in_at=None, seed=1, sigma=1.5, R_seal=None, law="ghk-pump"
):
    """Every K_o, temperature and pump state; R_in with 10 % error at `R_in_at` (°C; all if None)."""
    grid = np.array([(K, T, b) for K in (2.5, 5.0, 10.0, 20.0) for T in temperatures for b in (0.0, 1.0)])
    K, T, blocked = grid.T
    c_o = {"K": K, "Na": 150.0 - K, "Cl": np.full_like(K, 130.0)}
    seal = 0.0 if R_seal is None else np.full_like(K, 1e-9 / R_seal / AREA)
    at = Conditions(ions(c_o), c_o, C_I, T, blocked, seal=seal)
    reference = Conditions(at.ions, {"K": 5.0, "Na": 145.0, "Cl": 130.0}, C_I, 25.0)
    V_m = LAWS[law].potential(TRUTH, at, reference)
    R_in = 1e-6 / (AREA * LAWS[law].conductance(TRUTH, at, reference, V_m, V_m))
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"{name}_o_mM": x for name, x in c_o.items()} | {"temperature_C": T})
    frame["V_m_mV"] = V_m + rng.normal(0, sigma, len(K))
    frame["R_in_MOhm"] = R_in * np.exp(rng.normal(0, 0.1, len(K)))
    if R_in_at is not None:
        frame.loc[~frame["temperature_C"].isin(R_in_at), "R_in_MOhm"] = np.nan
    if with_area:
        frame["C_m_pF"] = C_m_pF
    if R_seal is not None:
        frame["R_seal_GOhm"] = R_seal
    frame["pump"], frame["ljp"] = np.where(blocked > 0, "blocked", "on"), "corrected"
    return frame


REFERENCE = {"K_o_mM": 5.0, "temperature_C": 25.0}


def experiment(frame, law="ghk-pump", inside=INSIDE, **settings):
    config = configure(law=law, inside=inside, reference=REFERENCE, sampling=FEW, **settings)
    return prepare(vrest.from_frame(frame), config)


def true_pump_pA() -> float:
    """From the balance without the pump at V_m, by the textbook's current."""
    at, reference = conditions(blocked=(0.0, 0.0, 0.0))
    at = replace(at, c_o={name: np.full(3, x) for name, x in reference.c_o.items()}, temperature_C=np.full(3, 25.0))
    V_T = 1e3 * R * (25.0 + constants.zero_Celsius) / F
    u = LAWS["ghk-pump"].potential(TRUTH, at, reference) / V_T
    return -1e12 * AREA * float(ghk_density(TRUTH, at, u, C_I)[0])


@pytest.mark.parametrize("with_area", [True, False])
def test_recovery(with_area):
    found = vrest.fit(
        vrest.from_frame(table(with_area=with_area)),
        inside=INSIDE, reference=REFERENCE, sampling=FEW, seed=1, progress=False, robustness="off",
    )  # fmt: skip
    summary = found.summary().set_index("parameter")
    truth = {"pump_current_pA": true_pump_pA(), "Q10_pump": 2.6, "Q10_leak": 1.3, "R_in_scatter": 0.1}
    truth |= (
        {"P_K_cm_s": 2e-6, "pump_current_uA_cm2": 1e-6 * true_pump_pA() / AREA}
        if with_area
        else {"P_K_area_cm3_s": 2e-6 * AREA}
    )
    for name, value in truth.items():
        row = summary.loc[name]
        assert abs(row["mean"] - value) < 3 * row["sd"], name
        assert row["contraction"] > 0.5, name
    assert summary.loc["pump_current_pA", "sd"] < 0.2 * true_pump_pA()
    assert ("pump_current_uA_cm2" in summary.index) == with_area
    assert found.verdict().identification.ok
    assert found.tree["log_likelihood"]["R_in"].shape == (2, found.tree["posterior"].sizes["draw"], 24)
    assert found.tree["observed_data"]["R_in"].dims == ("R_in_row",)


def test_the_two_q10s_are_judged_apart_only_where_r_in_tells_them_apart():
    together = experiment(table(R_in_at=[25.0]))
    apart = experiment(table())
    names = [[q.name for q in questions(e)] for e in (together, apart)]
    assert "Q10_pump/Q10_leak" in names[0]
    assert "Q10_leak" not in names[0]
    assert {"Q10_pump", "Q10_leak"} <= set(names[1])
    assert "Q10_pump/Q10_leak" not in names[1]
    learned = [expected_posterior(e).expect((Q10_PUMP, Q10_LEAK)).contraction for e in (together, apart)]
    assert learned[0][1] < 0.5 < 0.8 < learned[1][1]
    assert learned[1][0] > learned[0][0] + 0.1


def test_the_advice_names_the_measurement_that_parts_the_q10s():
    advice = [" ".join(foresee(experiment(frame))[1].advice) for frame in (table(R_in_at=[25.0]), table())]
    assert "measure input resistance at two temperatures" in advice[0]
    assert "measure input resistance" not in advice[1]


@pytest.mark.parametrize("R_seal", [None, 2.0])
def test_twice_the_capacitance_per_area_halves_the_area_and_nothing_else(R_seal):
    one, two = (experiment(table(R_seal=R_seal), priors={"C_m_uF_cm2": C_m}) for C_m in (1.0, 2.0))
    values = {p.name: np.asarray(p.prior.typical) for p in one.parameters}
    dense = {**values, "P_K_cm_s": 2 * values["P_K_cm_s"]}
    np.testing.assert_allclose(two.log_R_in(two.theta(dense)), one.log_R_in(one.theta(values)), rtol=1e-12)
    np.testing.assert_allclose(two.potential(dense), one.potential(values), rtol=1e-12)
    currents = [e.derived(v)["pump_current_pA"] for e, v in ((one, values), (two, dense))]
    assert currents[0] == pytest.approx(currents[1], rel=1e-12)
    assert "at 2 µF/cm²" in " ".join(map(str, two.notes))


PASSIVE = "K=140,Na=12,Cl=passive"


@pytest.mark.parametrize(
    ("law", "R_seal", "inside", "own_sd"),
    [
        ("ghk-pump", None, INSIDE, False),
        ("ghk-pump", 2.0, PASSIVE, False),
        ("ghk", 2.0, PASSIVE, True),
        ("ghk-pump-kinetic", 2.0, INSIDE, True),
        ("mullins-noda", None, "K=140,Na=12", False),
    ],
)
def test_the_graph_and_numpy_agree(law, R_seal, inside, own_sd):
    """The model's log density of R_in is that of the plain equation, with a seal and with passive chloride."""
    frame = table(R_seal=R_seal)
    if own_sd:
        frame["R_in_sd_MOhm"] = 0.1 * frame["R_in_MOhm"]
    e = experiment(frame, law, inside)
    assert ("R_in_scatter" in [p.name for p in e.parameters]) != own_sd
    assert "Q10_leak" in [p.name for p in e.parameters]
    if own_sd:
        np.testing.assert_allclose(e.resistance.sd(1.0), 0.1)
    values = {p.name: np.asarray(p.prior.typical) for p in e.parameters}
    model = build_model(e)
    point = model.initial_point()
    for rv in model.free_RVs:
        value = next(values[p.name] for p in e.parameters if p.symbol == rv.name)
        transform = model.rvs_to_transforms[rv]
        point[model.rvs_to_values[rv].name] = np.asarray(
            value if transform is None else transform.forward(value, *rv.owner.inputs).eval()
        )
    found = model.compile_logp(vars=[model["R_in"]], sum=False, mode=Mode(linker="py", optimizer="merge"))(point)[0]
    R_in = e.resistance.R_in_MOhm
    np.testing.assert_allclose(found, resistance_distribution(values, e).logpdf(R_in), rtol=1e-9)


def test_exact_derivatives_of_log_r_in():
    e = experiment(table(R_seal=2.0))
    values = {p.name: np.asarray(p.prior.typical) for p in e.parameters}
    J, _ = resistance_rows(e, values)
    for k, p in enumerate(p for p in e.parameters if p.name not in ("sigma_mV", "R_in_scatter")):
        step = 1e-5
        ends = [
            e.log_R_in(e.theta({**values, p.name: p.scale.undo(p.scale.of(values[p.name]) + d)})) for d in (-step, step)
        ]
        np.testing.assert_allclose(J[:, k], (ends[1] - ends[0]) / (2 * step), rtol=1e-5, atol=1e-8)


def test_the_mode_with_a_seal_is_the_truth():
    """Without scatter the truth fits exactly; ignoring the seal, the same table looks far more permeable to sodium."""
    frame = table(R_seal=1.0, sigma=0.0)
    known = mode(experiment(frame))[0]
    ignored = mode(experiment(frame.drop(columns="R_seal_GOhm")))[0]
    assert known["P_Na/P_K"] == pytest.approx(0.04, rel=0.2)
    assert known["P_K_cm_s"] == pytest.approx(2e-6, rel=0.2)
    assert ignored["P_Na/P_K"] > 1.3 * known["P_Na/P_K"]


def test_each_type_has_the_pump_of_its_own_area():
    """Twice the capacitance and the same density: twice the pA."""
    frame = pd.concat(
        [table().assign(cell=f"c{i}", cell_type="ab"[i % 2], C_m_pF=25.0 * (1 + i % 2)) for i in range(4)]
    )
    e = experiment(frame, by="cell_type").population()
    derived = e.derived(
        {p.name: np.full(2, p.prior.typical) if e.varies(p.name) else np.asarray(p.prior.typical) for p in e.parameters}
    )
    assert derived["pump_current_pA"][1] == pytest.approx(2 * derived["pump_current_pA"][0])
    np.testing.assert_allclose(derived["pump_current_pA"], 25.0 * derived["pump_current_uA_cm2"] * [1, 2], rtol=1e-9)


@pytest.mark.slow
def test_a_few_cells_give_each_type_its_pump_in_pA():
    """Four cells of two sizes, each with its own P_K: the pump of each type within its interval, without divergences."""
    rng, parts = np.random.default_rng(3), []
    for k in range(8):
        size, density = (1.0, 2.0)[k % 2], np.exp(rng.normal(0, 0.2))
        cell = table(seed=10 + k).query("K_o_mM in (5, 10) and (temperature_C == 25 or pump == 'on')")
        cell = cell.assign(cell=f"c{k}", cell_type=["small", "big"][k % 2], C_m_pF=C_m_pF * size)
        parts.append(cell.assign(R_in_MOhm=cell["R_in_MOhm"] / (size * density)))
    found = vrest.fit(
        vrest.from_frame(pd.concat(parts)), inside=INSIDE, reference=REFERENCE, by="cell_type", progress=False
    )
    verdict = found.verdict()
    assert verdict.sampling.ok, str(verdict)
    summary = found.summary().set_index(["parameter", "group"])
    for kind, size in (("small", 1.0), ("big", 2.0)):
        row = summary.loc["pump_current_pA", kind]
        assert abs(np.log(row["median"] / (size * true_pump_pA()))) < 3 * row["sd"] / row["mean"]


def test_notes_say_what_was_assumed():
    notes = " ".join(map(str, experiment(table()).notes))
    assert "no gating near rest and an isopotential cell" in notes
    assert "1 µF/cm²" in notes
    assert "a seal of 5 GOhm" in notes
    assert "a seal of 5 GOhm" not in " ".join(map(str, experiment(table(R_seal=2.0)).notes))
    quiet = experiment(table().drop(columns=["R_in_MOhm", "C_m_pF"]))
    assert "R_in" not in " ".join(map(str, quiet.notes))
    assert "R_in_MOhm is not used" in " ".join(map(str, experiment(table().query("K_o_mM <= 10"), law="chord").notes))


def test_passive_chloride_stays_where_resistance_was_measured():
    frame = table().query("pump == 'on'")
    with_R = experiment(frame, inside="K=140,Na=12,Cl=passive")
    without = experiment(frame.drop(columns="R_in_MOhm"), inside="K=140,Na=12,Cl=passive")
    assert "P_Cl/P_K" in [p.name for p in with_R.parameters]
    assert "P_Cl/P_K" not in [p.name for p in without.parameters]
    assert "Cl is passive, but carries slope conductance" in " ".join(map(str, with_R.notes))


@pytest.mark.parametrize(
    ("change", "law", "sentence"),
    [
        ({"R_in_MOhm": None}, "ghk-pump", "row 2, column R_seal_GOhm: a seal of 2 GOhm acts against"),
        ({"R_in_MOhm": 3000.0}, "ghk-pump", "row 2, column R_in_MOhm: 3000 MOhm is not below the seal's 2 GOhm"),
        (
            {"R_in_MOhm": 150.0, "R_in_sd_MOhm": 1e-6},
            "ghk-pump",
            "row 2, column R_in_sd_MOhm: 1e-06 MOhm beside 150: no resistance",
        ),
        ({}, "chord", 'the law chord knows no conductance, so it cannot allow for a seal. Use law="ghk-pump"'),
        ({}, "mullins-noda", "the law mullins-noda derives the pump from a steady state"),
        ({"C_m_pF": [np.nan] + [25.0] * 23}, "ghk-pump", "row 2, column C_m_pF: empty, though other rows have it"),
    ],
)
def test_bad_input_gets_a_sentence(change, law, sentence):
    frame = table(R_seal=2.0)
    for name, value in change.items():
        frame = frame.drop(columns=name) if value is None else frame.assign(**{name: value})
    with pytest.raises(vrest.VrestError, match=sentence.replace("(", r"\(")):
        experiment(frame, law=law)


def test_a_plan_may_say_where_input_resistance_will_be_measured():
    """Notes look at measured potentials; a plan has none."""
    plan = vrest.from_frame(table().drop(columns="V_m_mV"), potentials=False)
    assert "slope conductance" in " ".join(map(str, prepare(plan, configure(inside=INSIDE)).notes))


@pytest.mark.parametrize("temperatures", [(22,), (12, 32)])
@pytest.mark.parametrize("names", ["K", "K,Na"])
def test_resistances_inform_a_law_without_a_pump_at_one_temperature_and_at_several(names, temperatures):
    """log R_in falls by 1 for each unit of log P_K; V_m does not change with it, and with K alone with nothing."""
    table = recordings(temperatures=temperatures, pump=(False,), K_o=(5, 20, 40))
    table = table.assign(R_in=("obs", np.full(table.sizes["obs"], 200.0)))
    e = prepare(table, configure(law="ghk", ions=names, inside="K=140,Na=12"))
    values = {p.name: np.asarray(p.prior.typical) for p in e.parameters}
    of = [p.name for p in e.inferred].index("P_K_area_cm3_s")
    V_m, log_R = sensitivity(e, e.theta(values), e.conditions), resistance_slopes(e, e.theta(values))
    assert V_m.shape == (e.conditions.size, len(e.inferred))
    assert log_R[:, of] == pytest.approx(-1)
    assert np.abs(V_m[:, of]).max() < 1e-12
    assert bool(np.any(V_m)) == ("Na" in names)
    density = Density(e)
    assert np.isfinite(density(density.flatten(starting_point(e)))[0])
