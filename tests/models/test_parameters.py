"""What a parameter states of itself, and that nothing is read off its name."""

from dataclasses import replace

import numpy as np
import pytest

from tests.synthetic import INSIDE, TRUTH, recordings
from vrest.fitting.checks.identification import foresee, listed, questions
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.models.errors import ConfigurationError
from vrest.models.ions import ion
from vrest.models.laws.ghk_pump import GHK_PUMP
from vrest.models.laws.registry import LAWS
from vrest.models.parameters import (
    PUMP,
    PUMP_CURRENT,
    PUMP_CURRENT_PA,
    Q10_P_NA,
    Q10_RATIO,
    R_IN_SCATTER,
    RECTIFICATION,
    SIGMA,
    Parameter,
    between_cells,
    conductance_ratio,
    offset_sd,
    permeability_ratio,
)
from vrest.models.priors import Fixed, HalfNormal, LogNormal, Normal, Scale

NAMES = ["leak_shift", "Q10_like", "y/P_K", "x spread", "offset_1_place", "pump_current_pA_too"]


@pytest.fixture
def shifted(monkeypatch):
    """A law with a parameter of any name: mV that are added to V_m."""

    def make(name: str, prior=None) -> Parameter:
        shift = Parameter(name, "mV", "shift of V_m", prior or Normal(0.0, 5.0, positive=False), "made up")
        law = replace(
            GHK_PUMP,
            name="toy",
            parameters=lambda ions: (*GHK_PUMP.parameters(ions), shift),
            potential=lambda theta, at, reference: GHK_PUMP.potential(theta, at, reference) + theta[name],
        )
        monkeypatch.setitem(LAWS, "toy", law)
        return shift

    return make


@pytest.mark.parametrize("name", NAMES)
def test_a_new_parameter_is_judged_whatever_its_name(shifted, name):
    shift = shifted(name)
    e = prepare(recordings(), configure(law="toy", inside=INSIDE))
    assert name in [q.name for q in questions(e)]
    assert name not in e.levels.varying
    expectation, _ = foresee(e)
    k = [q.name for q in expectation.quantities].index(name)
    assert expectation.prior_sd[k] == pytest.approx(5.0), "on the natural scale, since its prior is there"
    # 42 rows of 1.5 mV see a shift that all of them share no better than their mean: 0.23 mV.
    assert 1.5 / np.sqrt(42) < expectation.sd[k] < 5.0
    assert shift.signed
    assert "/" not in shift.symbol


def test_a_parameter_that_says_it_is_no_question_is_listed_only(shifted, monkeypatch):
    """Negative control."""
    shift = replace(shifted("leak_shift"), judged=False)
    monkeypatch.setitem(LAWS, "toy", replace(LAWS["toy"], parameters=lambda ions: (*GHK_PUMP.parameters(ions), shift)))
    e = prepare(recordings(), configure(law="toy", inside=INSIDE))
    assert "leak_shift" not in [q.name for q in questions(e)]
    assert "leak_shift" in [q.name for q in listed(e)]


def test_the_questions_are_those_of_the_contract():
    several = prepare(recordings(), configure(inside="K=140+-10,Na=12,Cl=10"))
    assert [q.name for q in questions(several)] == ["P_Na/P_K", "P_Cl/P_K", "pump_mV", "Q10_pump/Q10_leak"]
    assert [q.name for q in listed(several)][-1] == "K_i_mM"
    one = prepare(recordings(temperatures=[22]), configure(inside=INSIDE))
    assert [q.name for q in questions(one)] == ["P_Na/P_K", "P_Cl/P_K", "pump_mV"]
    balanced = prepare(recordings(), configure(law="mullins-noda", inside="K=140,Na=12"))
    assert [q.name for q in questions(balanced)] == ["P_Na/P_K", "P_Cl/P_K"], "the pump follows from the ratio"


def test_names_in_the_tree_are_stated():
    named = {
        permeability_ratio(ion("Na")): "p_Na", conductance_ratio(ion("Cl")): "g_Cl", Q10_RATIO: "Q10_ratio",
        Q10_P_NA: "Q10_p_Na", PUMP: "pump_mV", between_cells(permeability_ratio(ion("Na"))): "p_Na_spread",
    }  # fmt: skip
    assert {q: q.symbol for q in named} == named


def test_scales_follow_the_prior_and_for_what_derives_are_stated():
    ratio = permeability_ratio(ion("Na"))
    assert ratio.scale is Scale.LOG
    assert ratio.with_prior(Normal(0.04, 0.01)).scale is Scale.NATURAL
    assert (PUMP.scale, PUMP_CURRENT.scale, PUMP_CURRENT_PA.scale) == (Scale.NATURAL, Scale.NATURAL, Scale.LOG)


@pytest.mark.parametrize("scale", Scale)
def test_a_scale_its_inverse_and_its_slope_agree(scale):
    x = np.array([0.03, 1.0, 7.0])
    assert scale.undo(scale.of(x)) == pytest.approx(x)
    h = 1e-6
    assert scale.slope(x) == pytest.approx((scale.undo(scale.of(x) + h) - scale.undo(scale.of(x) - h)) / (2 * h))


def test_cells_differ_by_factors_or_where_there_is_no_logarithm_by_differences():
    ratio, exponent = between_cells(permeability_ratio(ion("Na"))), between_cells(RECTIFICATION)
    assert (ratio.prior, between_cells(PUMP).prior) == (HalfNormal(1.0), HalfNormal(0.7))
    assert (exponent.unit, exponent.prior) == (RECTIFICATION.unit, HalfNormal(0.25))
    assert "logarithm" in ratio.meaning
    assert "logarithm" not in exponent.meaning


def test_the_q10_of_a_ratio_is_no_ratio():
    """It neither differs between cells by default nor can be 0, where its logarithm has no value."""
    data = recordings(temperatures=[15, 25])
    cells = data.assign_coords(cell=("obs", [f"c{k % 4}" for k in range(data.sizes["obs"])]))
    e = prepare(cells, configure(inside=INSIDE, options=["Q10_P_Na"]))
    assert e.levels.varying == ("P_Na/P_K", "P_Cl/P_K", "pump_mV")
    assert "Q10_P_Na/P_K" in [q.name for q in questions(e)], (
        "with it free a temperature series does not separate the pump"
    )


@pytest.mark.parametrize("parameter", [Q10_P_NA, SIGMA, R_IN_SCATTER, between_cells(PUMP), offset_sd("cell")], ids=str)
def test_what_cannot_be_zero_is_not_held_there(parameter):
    with pytest.raises(ConfigurationError, match=f"priors: {parameter.name} = 0: it must be above 0"):
        parameter.with_prior(Fixed(0.0))
    assert parameter.with_prior(Fixed(0.5)).prior == Fixed(0.5)


def test_a_ratio_and_the_pump_can_be_zero_and_not_less():
    for parameter in (permeability_ratio(ion("Cl")), conductance_ratio(ion("Cl")), PUMP):
        assert parameter.with_prior(Fixed(0.0)).prior == Fixed(0.0)
        with pytest.raises(ConfigurationError, match="must be 0 or above"):
            parameter.with_prior(Fixed(-1.0))


def test_the_sign_survives_every_prior():
    held = RECTIFICATION.with_prior(Fixed(0.4))
    assert held.signed
    assert held.with_prior(Fixed(-0.4)).prior == Fixed(-0.4)
    assert held.with_prior(Normal(0.5, 0.1, positive=False)).prior == Normal(0.5, 0.1, positive=False)
    assert PUMP.with_prior(Normal(5.0, 1.0, positive=False)).prior == Normal(5.0, 1.0, positive=True)
    assert PUMP.with_prior(LogNormal(5.0, 0.2)).scale is Scale.LOG


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("sigma_mV", "priors: sigma_mV = 0: it must be above 0"),
        ("Q10_P_Na/P_K", r"priors: Q10_P_Na/P_K = Fixed\(0\): what it is lies between 0.1 and 100"),
    ],
)
def test_zero_in_the_priors_is_answered_with_a_sentence(name, sentence):
    config = configure(inside=INSIDE, options=["Q10_P_Na"], priors={name: 0})
    with pytest.raises(ConfigurationError, match=sentence):
        prepare(recordings(theta={**TRUTH, "Q10_P_Na/P_K": 1.2}), config)
