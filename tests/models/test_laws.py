"""The membrane laws, each against arithmetic that does not come from the package."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from scipy.constants import physical_constants
from scipy.optimize import brentq

import vrest
from tests.law_synthetic import law_recordings
from vrest.fitting.checks.candidates import variations
from vrest.fitting.checks.identification import foresee
from vrest.fitting.experiment.build import build_experiment
from vrest.fitting.experiment.config import Config, parse_config
from vrest.fitting.experiment.declared import declared_parameters
from vrest.fitting.experiment.prepare import configure
from vrest.models.activity import davies, ionic_strength
from vrest.models.conditions import Conditions
from vrest.models.errors import ConfigurationError, UnknownNameError
from vrest.models.ions import ions
from vrest.models.laws.jacobian import jacobian
from vrest.models.laws.options import OPTIONS, option_parameters
from vrest.models.laws.registry import LAWS
from vrest.models.solver import root  # noqa: F401

F = physical_constants["Faraday constant"][0]
R = physical_constants["molar gas constant"][0]
VALENCE = {"K": 1, "Na": 1, "Cl": -1, "HCO3": -1, "Ca": 2, "Mg": 2}
OUT = {"K": 5.0, "Na": 150.0, "Cl": 120.0, "HCO3": 24.0, "Ca": 2.0, "Mg": 1.0}
IN = {"K": 140.0, "Na": 15.0, "Cl": 10.0, "HCO3": 12.0, "Ca": 1e-4, "Mg": 0.8}
THETA = {
    "P_Na/P_K": 0.04, "P_Cl/P_K": 0.45, "P_HCO3/P_K": 0.1, "P_Ca/P_K": 0.03, "P_Mg/P_K": 0.01,
    "g_Na/g_K": 0.15, "g_Cl/g_K": 0.4, "pump_mV": 6.0, "Q10_pump": 2.3, "Q10_leak": 1.4,
    "K_K_mM": 1.5, "n_K": 1.4, "K_Na_mM": 13.0, "n_Na": 2.0,
}  # fmt: skip


def V_T(temperature_C):
    return 1e3 * R * (temperature_C + 273.15) / F


def flux(z, p, c_i, c_o, V, temperature_C):
    """The textbook's GHK current over F·P_K, mM: z² v (c_i - c_o exp(-z v)) / (1 - exp(-z v)) p."""
    v = V / V_T(temperature_C)
    return p * z * z * v * (c_i - c_o * np.exp(-z * v)) / (1 - np.exp(-z * v))


def root_of(names, p, c_i, c_o, temperature_C, j=0.0):
    def current(V):
        return sum(flux(VALENCE[n], p.get(n, 1.0), c_i[n], c_o[n], V, temperature_C) for n in names) + j

    return brentq(current, -200.0123, 100.0, xtol=1e-12, rtol=1e-15)


def at(names=("K", "Na", "Cl"), passive=(), blocked=0.0, temperature_C=37.0, davies=False, **outside):
    """One condition or several: `K_o=…` changes a bath concentration."""
    c_o = {n: outside.get(f"{n}_o", OUT[n]) for n in names}
    size = np.broadcast_shapes(*(np.shape(x) for x in (*c_o.values(), temperature_C, blocked)))
    c_o = {n: np.broadcast_to(np.asarray(x, float), size) for n, x in c_o.items()}
    c_i = {n: np.full(size, IN[n]) for n in names if n not in passive}
    temperature_C, blocked = (np.broadcast_to(np.asarray(x, float), size) for x in (temperature_C, blocked))
    return Conditions(ions(names), c_o, c_i, temperature_C, blocked, passive, davies)


REFERENCE = at()
BATHS = at(K_o=np.array([2.5, 5.0, 20.0, 60.0, 145.0]), temperature_C=np.array([37.0, 25.0, 37.0, 15.0, 37.0]))


def V(law, where=REFERENCE, reference=None, **changes):
    return LAWS[law].potential({**THETA, **changes}, where, where if reference is None else reference)


def test_the_textbook_cell():
    assert V("nernst") == pytest.approx(-89.06, abs=0.005)
    assert V("ghk") == pytest.approx(-67.6, abs=0.05)
    swapped = V("ghk", **{"P_Na/P_K": 1 / 0.04, "P_Cl/P_K": 0.45 / 0.04})
    assert swapped == pytest.approx(19.5, abs=0.05)


def test_any_ions_divalent_ones_and_bicarbonate_against_brentq():
    names = ("K", "Na", "Cl", "HCO3", "Ca", "Mg")
    p = {n: THETA[f"P_{n}/P_K"] for n in names if n != "K"}
    where = at(names)
    assert V("ghk", where) == pytest.approx(root_of(names, p, IN, OUT, 37.0), abs=1e-9)
    pumped = V("ghk-pump", where)
    assert V("ghk", where) - pumped == pytest.approx(6.0, abs=1e-9)
    j = LAWS["ghk-pump"].derived(THETA, where)["pump_current_mM"]
    assert pumped == pytest.approx(root_of(names, p, IN, OUT, 37.0, float(j)), abs=1e-9)


def test_mullins_noda_closed_form_and_the_pump_it_implies():
    kna = at(("K", "Na"))
    expected = V_T(37) * np.log((1.5 * 5 + 0.04 * 150) / (1.5 * 140 + 0.04 * 15))
    assert V("mullins-noda", kna) == pytest.approx(expected, abs=1e-11)
    implied = LAWS["mullins-noda"].derived(THETA, kna)
    # 3 Na out for 2 K in: the pump's net current is a third of what it carries of Na, that is, of Na's leak.
    sodium = flux(1, 0.04, 15.0, 150.0, expected, 37.0)
    assert implied["pump_current_mM"] == pytest.approx(-sodium / 3, rel=1e-12)
    assert root_of(("K", "Na"), {"Na": 0.04}, IN, OUT, 37, -sodium / 3) == pytest.approx(expected, abs=1e-9)
    assert V("ghk-pump", kna, pump_mV=implied["pump_mV"]) == pytest.approx(expected, abs=1e-9)


def test_the_balanced_pump_adds_at_most_log_three_halves():
    shares = np.array([1e-6, 1e-3, 0.04, 1.0, 1e4])
    pump = LAWS["mullins-noda"].derived({**THETA, "P_Na/P_K": shares}, at(("K", "Na"), K_o=0.001))["pump_mV"]
    assert np.all(np.diff(pump[:3]) > 0)
    assert np.all(pump < V_T(37) * np.log(1.5))
    assert pump.max() > 0.99 * V_T(37) * np.log(1.5)


def test_mullins_noda_is_ghk_with_another_sodium_permeability():
    kna = replace(BATHS, ions=ions(("K", "Na")))
    ghk = V("ghk", kna, **{"P_Na/P_K": 0.04 / 1.5})
    assert np.max(np.abs(V("mullins-noda", kna) - ghk)) < 1e-12
    assert np.max(np.abs(V("mullins-noda", kna, pump_ratio=1.0) - V("ghk", kna))) < 1e-12


def test_mullins_noda_blocked_keeps_chloride_where_the_pump_left_it():
    where = at(passive=("Cl",), blocked=np.array([0.0, 1.0]))
    running, blocked = V("mullins-noda", where, at(passive=("Cl",)))
    chloride = 120.0 * np.exp(running / V_T(37))
    c_i = {**IN, "Cl": chloride}
    assert blocked == pytest.approx(root_of(("K", "Na", "Cl"), {"Na": 0.04, "Cl": 0.45}, c_i, OUT, 37.0), abs=1e-9)
    assert running < blocked < V("ghk", at(("K", "Na")))
    given = at(blocked=np.array([0.0, 1.0]))  # chloride inside, where it is known, plays no part
    assert V("mullins-noda", given, at()) == pytest.approx([running, blocked], abs=1e-12)


def test_a_saturated_kinetic_pump_is_a_constant_one():
    saturated = {"K_K_mM": 1e-13, "K_Na_mM": 1e-13}
    assert np.max(np.abs(V("ghk-pump-kinetic", BATHS, REFERENCE, **saturated) - V("ghk-pump", BATHS, REFERENCE))) < 1e-9


def test_the_kinetic_pump_follows_potassium_outside_and_sodium_inside():
    where = at(K_o=np.array([0.0, 1.0, 5.0]))
    where = replace(where, c_i={**where.c_i, "Na": np.array([15.0, 30.0, 15.0])})
    full = (5 / 6.5) ** 1.4 * (15 / 28) ** 2
    share = np.array([0.0, (1 / 2.5) ** 1.4 * (30 / 43) ** 2, full]) / full
    j = float(LAWS["ghk-pump-kinetic"].derived(THETA, REFERENCE)["pump_current_mM"])
    p = {"Na": 0.04, "Cl": 0.45}
    for i, K_o in enumerate((0.0, 1.0, 5.0)):
        c_i = {**IN, "Na": where.c_i["Na"][i]}
        expected = root_of(("K", "Na", "Cl"), p, c_i, {**OUT, "K": K_o}, 37.0, j * share[i])
        assert V("ghk-pump-kinetic", where, REFERENCE)[i] == pytest.approx(expected, abs=1e-9)


def test_the_chord_law_by_hand():
    E = {n: V_T(37) / VALENCE[n] * np.log(OUT[n] / IN[n]) for n in ("K", "Na", "Cl")}
    passive = (E["K"] + 0.15 * E["Na"] + 0.4 * E["Cl"]) / 1.55
    assert V("chord") == pytest.approx(passive - 6.0, abs=1e-9)
    assert V("chord", at(blocked=1.0), REFERENCE) == pytest.approx(passive, abs=1e-9)
    warm = at(temperature_C=27.0)
    scaled = passive * V_T(27) / V_T(37) - 6.0 * (2.3 / 1.4) ** -1
    assert V("chord", warm, REFERENCE) == pytest.approx(scaled, abs=1e-9)
    running, blocked = V("chord", at(passive=("Cl",), blocked=np.array([0.0, 1.0])), at(passive=("Cl",)))
    alone = (E["K"] + 0.15 * E["Na"]) / 1.15
    assert running == pytest.approx(alone - 6.0, abs=1e-9)
    assert blocked == pytest.approx((1.15 * alone + 0.4 * running) / 1.55, abs=1e-9)


def test_rectification_scales_the_potassium_permeability_and_nothing_else():
    got = V("ghk-pump", at(K_o=20.0), REFERENCE, rectification=0.5)
    P_K = (20 / 5) ** 0.5
    j = float(LAWS["ghk-pump"].derived(THETA, REFERENCE)["pump_current_mM"])
    p = {"Na": 0.04 / P_K, "Cl": 0.45 / P_K}
    assert got == pytest.approx(root_of(("K", "Na", "Cl"), p, IN, {**OUT, "K": 20.0}, 37, j / P_K), abs=1e-9)


def test_the_sodium_ratio_has_a_q10_of_its_own():
    got = V("ghk", at(temperature_C=np.array([37.0, 17.0])), REFERENCE, **{"Q10_P_Na/P_K": 1.5})
    for V_m, temperature, p_Na in zip(got, (37, 17), (0.04, 0.04 / 1.5**2), strict=True):
        expected = root_of(("K", "Na", "Cl"), {"Na": p_Na, "Cl": 0.45}, IN, OUT, temperature)
        assert V_m == pytest.approx(expected, abs=1e-9)


def test_davies_activity_coefficients():
    # Davies (1962): -log10 gamma = 0.509 z² (√I/(1+√I) - 0.3 I) at 25 °C; 0.78 at 0.1 M for a 1:1 salt.
    assert davies(1, 100.0, 25.0) == pytest.approx(0.781, abs=0.001)
    assert davies(2, 10.0, 25.0) == pytest.approx(10 ** (-0.509 * 4 * (0.1 / 1.1 - 0.003)), rel=3e-3)
    assert ionic_strength({"K": 5.0, "Na": 145.0, "Cl": 154.0, "Ca": 2.0}) == pytest.approx(156.0)
    assert ionic_strength({"K": 140.0, "Na": 15.0, "Cl": 10.0}) == pytest.approx(155.0)  # anions not in the table
    sea = at(("K", "Na"), davies=True, Na_o=440.0)
    gamma_o, gamma_i = davies(1, 445.0, 37.0), davies(1, 155.0, 37.0)
    expected = V_T(37) * np.log(gamma_o * (5 + 0.04 * 440) / (gamma_i * (140 + 0.04 * 15)))
    assert V("ghk", sea) == pytest.approx(expected, abs=1e-9)
    given = V("nernst", at(("K",), davies=True), gamma_K_i=0.61)
    assert given == pytest.approx(V_T(37) * np.log(davies(1, 5.0, 37.0) * 5 / (0.61 * 140)), abs=1e-9)


def variants():
    """Every law with all its options, over baths with the pump on and off, chloride passive or not."""
    for name, law in LAWS.items():
        for passive in ((), ("Cl",)) if law.has_pump else ((),):
            if not law.at_equilibrium or passive:
                yield pytest.param(name, law.options, passive, id=f"{name}-{'-'.join(passive)}")
    yield pytest.param("ghk-pump", (), ("Cl",), id="no-options")


def variant(name, options, passive):
    law = LAWS[name]
    K_o = np.array([2.5, 5.0, 40.0, 5.0]) if name == "chord" else np.array([0.0, 5.0, 40.0, 5.0])
    blocked = np.array([0.0, 0.0, 0.0, 1.0]) * law.has_pump
    names = ("K",) if name == "nernst" else ("K", "Na", "Cl")
    where = at(names, passive, blocked, np.array([37.0, 37.0, 20.0, 37.0]), "davies" in options, K_o=K_o)
    if name == "nernst":
        where = replace(where, c_o={"K": K_o + 1})
    reference = at(names, passive, davies="davies" in options)
    declared = (*law.parameters(ions(names)), *option_parameters(law, options, ions(names)))
    middle = {p.name: p.prior.typical + 0.1 for p in declared} | {f"{s}_i_mM": IN[s] for s in names[:2]}
    return law, middle, where, reference


@pytest.mark.parametrize(("name", "options", "passive"), list(variants()))
def test_numbers_graphs_and_derivatives_agree(name, options, passive):
    law, theta, where, reference = variant(name, options, passive)
    plain = law.potential(theta, where, reference)
    J = jacobian(law, theta, where, reference, list(theta))
    assert np.isfinite(plain).all()
    assert np.isfinite(J).all()
    for column, (parameter, value) in enumerate(theta.items()):
        h = 1e-5 * max(value, 0.1)
        up, down = (law.potential({**theta, parameter: value + s * h}, where, reference) for s in (1, -1))
        np.testing.assert_allclose(J[:, column], (up - down) / (2 * h), rtol=2e-6, atol=2e-6, err_msg=parameter)

    draws = {parameter: np.array([[value], [1.1 * value]]) for parameter, value in theta.items()}
    rows = law.potential(draws, where, reference)
    np.testing.assert_allclose(rows[0], plain, atol=1e-9)
    np.testing.assert_allclose(
        rows[1], law.potential({p: 1.1 * x for p, x in theta.items()}, where, reference), atol=1e-9
    )

    symbols = {parameter: pt.dscalar() for parameter in theta}
    graph = law.potential(symbols, where, reference)
    gradient = pytensor.grad(graph.sum(), list(symbols.values()), disconnected_inputs="ignore")
    interpreted = Mode(linker="py", optimizer="merge")
    both = pytensor.function(list(symbols.values()), [graph, *gradient], on_unused_input="ignore", mode=interpreted)
    compiled, *slopes = both(*theta.values())
    np.testing.assert_allclose(compiled, plain, atol=1e-9)
    np.testing.assert_allclose(slopes, J.sum(axis=0), rtol=1e-9, atol=1e-9)


def table(law="ghk-pump", options=(), inside="K=140,Na=15,Cl=passive", **columns):
    frame = pd.DataFrame(
        {"V_m_mV": [-70.0, -66.0], "temperature_C": 37.0, "K_o_mM": 5.0, "Na_o_mM": 150.0, "Cl_o_mM": 120.0, **columns}
    )
    frame["ljp"] = "corrected"
    config = configure(Config(law=law), options=options, inside=inside)
    return build_experiment(vrest.from_frame(frame), config)


def test_a_free_stoichiometry_is_refused_without_blocked_rows():
    with pytest.raises(ConfigurationError, match="only P_Na/P_K divided by pump_ratio is in"):
        table("mullins-noda", ["pump_ratio"])
    freed = table("mullins-noda", ["pump_ratio"], pump=["on", "blocked"])
    assert "pump_ratio" in [p.name for p in freed.parameters]


def test_mullins_noda_needs_no_chloride_inside_and_learns_it_from_blocked_rows_only():
    running = table("mullins-noda", inside="K=140,Na=15")
    assert [s.name for s in running.conditions.ions] == ["K", "Na"]
    blocked = table("mullins-noda", inside="K=140,Na=15", pump=["on", "blocked"])
    assert "P_Cl/P_K" in [p.name for p in blocked.parameters]
    change = np.diff([blocked.potential({"P_Na/P_K": 0.04, "P_Cl/P_K": p}) for p in (0.1, 1.0)], axis=0)[0]
    assert change[0] == 0
    assert change[1] < -0.1


def test_what_cannot_be_asked_is_refused_with_a_reason():
    with pytest.raises(ConfigurationError, match="baths without K have no Nernst potential"):
        table("chord", K_o_mM=[5.0, 0.0])
    with pytest.raises(ConfigurationError, match="reference bath holds no K"):
        table("ghk-pump-kinetic", K_o_mM=0.0)
    with pytest.raises(ConfigurationError, match="Na cannot be passive"):
        table("mullins-noda", inside="K=140,Na=passive")
    with pytest.raises(ConfigurationError, match="needs Na among the ions"):
        build_experiment(table().recordings, Config(law="mullins-noda", ions=("K", "Cl")))
    with pytest.raises(UnknownNameError, match="Did you mean 'rectification'"):
        table(options=["rectificatoin"])
    with pytest.raises(ConfigurationError, match="ghk-pump has no option pump_ratio"):
        table(options=["pump_ratio"])
    with pytest.raises(UnknownNameError, match="Did you mean 'skeletal-muscle'"):
        declared_parameters(LAWS["ghk"], ions(("K",)), {"K": None}, Config(preset="skeletal"))


def named(experiment):
    return {candidate.name: candidate.at for candidate in variations(experiment)}


def test_advice_names_the_ions_whose_baths_never_changed():
    config = Config(ions=("K", "Na", "Ca", "HCO3"))
    frame = pd.DataFrame({"V_m_mV": [-70.0, -66.0], "K_o_mM": [5.0, 6.0], "Na_o_mM": 150.0, "Ca_o_mM": 2.0})
    frame = frame.assign(HCO3_o_mM=24.0, temperature_C=37.0, ljp="corrected")
    inside = "K=140,Na=15,Ca=0.0001,HCO3=12"
    baths = named(build_experiment(vrest.from_frame(frame), configure(config, inside=inside)))
    assert baths["raise Ca"].c_o["Ca"] == pytest.approx(10.0)
    assert baths["lower HCO3"].c_o["HCO3"] == pytest.approx(2.4)
    many = table("chord", K_o_mM=30.0)  # ten times as much leaves sodium in the bath, which chord cannot do without
    assert named(many)["raise potassium"].c_o["Na"] == pytest.approx(15.0)


def test_each_law_says_which_baths_break_it():
    K_free, low_Na = at(K_o=np.array([0.5, 5.0])), at(Na_o=np.array([10.0, 150.0]))
    assert "K_o under 1 mM" in LAWS["mullins-noda"].cautions(K_free)[0]
    assert "Na_o under 30 mM" in LAWS["mullins-noda"].cautions(low_Na)[0]
    assert LAWS["ghk-pump-kinetic"].cautions(K_free) == ()
    assert "Give Na_i_mM per row" in LAWS["ghk-pump-kinetic"].cautions(low_Na)[0]
    given = replace(low_Na, c_i={**low_Na.c_i, "Na": np.array([5.0, 15.0])})
    assert LAWS["ghk-pump-kinetic"].cautions(given) == ()
    assert "more than 4-fold" in LAWS["chord"].cautions(BATHS)[0]
    assert LAWS["chord"].cautions(at(K_o=np.array([2.5, 5.0]))) == ()
    assert LAWS["chord"].cautions(BATHS, ("rectification",)) == ()


def test_a_sodium_ratio_with_a_q10_of_its_own_takes_the_pump_from_a_temperature_series():
    series = law_recordings("ghk-pump", K_o=(5.0,) * 12)
    series = series.isel(obs=~series["blocked"].to_numpy())

    def contraction(options):
        config = configure(Config(), inside="K=140,Na=15,Cl=passive", options=options)
        expectation, identification = foresee(build_experiment(series, config))
        pump = [q.name for q in expectation.quantities].index("pump_mV")
        return expectation.contraction[pump], identification

    bare, _ = contraction(None)
    free, identification = contraction(["Q10_P_Na"])
    assert free < 0.5 < bare
    assert "pump_mV" in identification.uninformed
    assert not identification.ok


def test_options_and_preset_survive_the_configuration_file():
    config = Config(options=("davies", "rectification"), preset="glia")
    assert parse_config(config.to_toml()) == config
    everything = [name for names in (law.options for law in LAWS.values()) for name in names]
    assert set(everything) == set(OPTIONS)
    experiment = table(options="davies,Q10_P_Na,davies,activity_inside", pump=["on", "blocked"])
    assert experiment.conditions.davies
    assert experiment.reference.davies
    names = [p.name for p in experiment.parameters]
    assert {"gamma_K_i", "gamma_Na_i", "Q10_P_Na/P_K"} <= set(names)
    assert "gamma_Cl_i" not in names  # chloride is passive: nothing would inform it
    assert any("Davies equation" in note.text for note in experiment.notes)


def test_the_skeletal_preset_makes_chloride_the_greater_part_of_the_conductance():
    """Slope conductance of one ion at its own equilibrium, from the textbook's flux by central differences."""

    def conductance(z, p, c_i, c_o):
        E = V_T(37) / z * np.log(c_o / c_i)
        return (flux(z, p, c_i, c_o, E + 1e-3, 37) - flux(z, p, c_i, c_o, E - 1e-3, 37)) / 2e-3

    presets = {
        p.name: p for p in declared_parameters(LAWS["ghk"], ions(("K", "Na", "Cl")), dict.fromkeys(IN), Config())
    }
    assert presets["P_Cl/P_K"].prior.median == 0.3
    muscle = Config(preset="skeletal-muscle")
    (p_Cl,) = (
        p for p in declared_parameters(LAWS["ghk"], ions(("K", "Cl")), dict.fromkeys(IN), muscle) if "Cl" in p.name
    )
    K = conductance(1, 1.0, 140.0, 140.0 * np.exp(-85 / V_T(37)))
    Cl = conductance(-1, p_Cl.prior.median, 120.0 * np.exp(-85 / V_T(37)), 120.0)
    assert 0.85 < Cl / (Cl + K) < 0.89
    assert "PMC2215020" in p_Cl.source


def test_a_bath_without_potassium_stops_the_kinetic_pump_and_leaves_the_gradient_finite():
    """The graph's gradient at K_o = 0, where 0**n would make it NaN, is that of the pump switched off."""
    parameters = {name: pt.dscalar() for name in THETA}
    free = at(K_o=np.array([0.0]))
    off = LAWS["ghk"].potential(THETA, free, REFERENCE)
    graph = LAWS["ghk-pump-kinetic"].potential(parameters, free, REFERENCE)
    wrt = [parameters[name] for name in ("n_K", "K_K_mM", "pump_mV")]
    compiled = pytensor.function(
        list(parameters.values()),
        [graph, *pytensor.grad(graph.sum(), wrt)],
        on_unused_input="ignore",
        mode="FAST_COMPILE",
    )
    V_m, *slopes = compiled(*THETA.values())
    assert V_m == pytest.approx(off, abs=1e-9)
    assert slopes == [0.0, 0.0, 0.0]
