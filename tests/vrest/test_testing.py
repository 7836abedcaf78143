"""`check_law` passes laws that are right, and says of wrong ones what is wrong with them."""

from dataclasses import replace

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.gradient import disconnected_grad

import vrest
from tests.own_law import LIT, PROTON, PUMP, REVERSAL
from vrest.laws import (
    HalfNormal,
    Law,
    Parameter,
    Terms,
    namespace,
    passive_terms,
    ratios,
    rest,
    thermal_voltage,
)
from vrest.models.laws.ghk_pump import GHK_PUMP, pumped_terms
from vrest.testing import FlawedLawError, Kind, check_law


def flaws(law: Law, **more) -> set[Kind]:
    with pytest.raises(FlawedLawError, match=f"the law {law.name} is not right") as caught:
        check_law(law, recovery=False, **more)
    return {flaw.kind for flaw in caught.value.flaws}


def wrong(change, of=PROTON):
    """The law with its potential changed by a function of it, theta, conditions and reference."""

    def potential(theta, at, reference):
        return change(of.potential, theta, at, reference)

    return replace(of, name="wrong", potential=potential)


def test_a_law_of_ones_own_is_right_from_its_equation_to_its_recovery():
    check_law(PROTON)
    check_law(LIT, columns={"light_lx": 200.0}, recovery=False)


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n != "chord")) for n in vrest.LAWS])
def test_the_laws_that_come_with_vrest_are_right(name):
    check_law(vrest.LAWS[name])


def test_a_leak_that_may_vanish_is_no_fault():
    leak = Parameter("leak_mM", "mM", "unselective leak", HalfNormal(5.0), "wide")

    def potential(theta, at, reference):
        terms = passive_terms(theta, at, reference)
        return thermal_voltage(at.temperature_C) * rest(replace(terms, g=theta[leak.name]))

    law = replace(PROTON, name="leaky", potential=potential, parameters=lambda ions: (*ratios(ions), leak), only=())
    check_law(law, recovery=False)
    kept = replace(leak, may_vanish=False)
    assert flaws(replace(law, parameters=lambda ions: (*ratios(ions), kept))) == {Kind.EQUILIBRIUM}


def test_a_wrong_sign_is_found():
    assert Kind.SIGN in flaws(wrong(lambda V, *of: -V(*of)))

    def backward(theta, at, reference):
        terms = pumped_terms(theta, at, reference)
        return thermal_voltage(at.temperature_C) * rest(replace(terms, j=-terms.j))

    assert flaws(replace(GHK_PUMP, name="wrong", potential=backward)) == {Kind.SIGN}


def test_wrong_units_are_found():
    assert Kind.UNITS in flaws(wrong(lambda V, *of: V(*of) / 1000))  # volts
    hidden = wrong(lambda V, theta, at, ref: V({**theta, PUMP.name: 1.0 + theta[PUMP.name] * 0.9}, at, ref))
    assert Kind.EQUILIBRIUM in flaws(hidden), "a current of 1 mM that no parameter is the unit of"
    said = replace(PROTON, name="wrong", parameters=lambda ions: (replace(PUMP, unit="1"), REVERSAL))
    assert flaws(said) == {Kind.UNITS}

    def scaled(theta, at, reference):
        terms = pumped_terms(theta, at, reference)
        return thermal_voltage(at.temperature_C) * rest(replace(terms, j=1.1 * terms.j))

    assert flaws(replace(GHK_PUMP, name="wrong", potential=scaled)) == {Kind.UNITS}


def test_a_wrong_jacobian_is_found():
    lost = wrong(lambda V, theta, at, ref: V({**theta, PUMP.name: abs(theta[PUMP.name])}, at, ref))
    assert flaws(lost) == {Kind.JACOBIAN}


def test_a_call_that_only_numbers_know_is_found():
    by_numpy = wrong(
        lambda V, theta, at, ref: V({**theta, PUMP.name: np.exp(np.log(theta[PUMP.name] + 1e-300))}, at, ref)
    )
    assert flaws(by_numpy) == {Kind.SYMBOLS}
    with_if = wrong(lambda V, theta, at, ref: V(theta, at, ref) if theta[REVERSAL.name].size else 0.0)
    assert flaws(with_if) == {Kind.NUMBERS}


def test_a_wrong_derivative_is_found():
    def cut(V, theta, at, ref):
        pump = theta[PUMP.name]
        kept = disconnected_grad(pump) if isinstance(pump, pt.TensorVariable) else pump
        return V({**theta, PUMP.name: kept}, at, ref)

    assert flaws(wrong(cut)) == {Kind.DERIVATIVE}


def test_a_balance_with_more_than_one_root_is_found():
    def negative(theta, at, reference):
        a_i, a_o = at.activities(theta)
        V_T, g = thermal_voltage(at.temperature_C), -1e-3 * theta[PUMP.name]
        return V_T * rest(Terms(A=a_i["K"], B=a_o["K"], j=-g * theta[REVERSAL.name] / V_T, g=g))

    assert Kind.BALANCE in flaws(replace(PROTON, name="wrong", potential=negative))

    def two_branches(V, theta, at, ref):
        K_i, g, xp = at.inside(theta)["K"], theta[PUMP.name], namespace(at.c_o["K"])
        return V(theta, at, ref) - xp.where(at.c_o["K"] > 0.1 * K_i, 1.0, 0.0) * theta[REVERSAL.name] * g / K_i

    assert Kind.BALANCE in flaws(wrong(two_branches))


def test_more_that_is_wrong_is_found():
    of_table = wrong(lambda V, theta, at, ref: V(theta, replace(at, c_i={"K": at.c_i["K"]}), ref))
    assert flaws(of_table) == {Kind.INSIDE}
    idle = replace(
        PROTON, name="wrong", parameters=lambda ions: (PUMP, REVERSAL, replace(PUMP, name="idle", symbol=""))
    )
    assert flaws(idle) == {Kind.PARAMETERS}
    drawn = wrong(lambda V, theta, at, ref: V({n: np.ravel(x)[0] for n, x in theta.items()}, at, ref))
    assert flaws(drawn) == {Kind.NUMBERS}
