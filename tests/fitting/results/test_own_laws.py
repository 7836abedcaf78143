"""A fit of a law that does not come with vrest: made by name or by the law itself, and read again where the law is known."""

from dataclasses import replace
from importlib.metadata import EntryPoint

import pandas as pd
import pytest

import vrest
from tests.own_law import PROTON, REVERSAL
from vrest.fitting.model.structure import NumbersOnly
from vrest.models.errors import ConfigurationError
from vrest.models.laws import registry

TABLE = pd.DataFrame(
    {"K_o_mM": [0.1, 1.5, 5.0, 20.0, 40.0], "V_m_mV": [-141.0, -125, -119, -86, -86], "temperature_C": 22.0, "ljp": "corrected"}
)  # fmt: skip
SETTINGS = {"inside": "K=100+-20", "robustness": "off", "draws": 300, "tune": 300}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    found = vrest.fit(TABLE, law=PROTON, **SETTINGS)
    yield found, found.save(tmp_path_factory.mktemp("own") / "run", picture=False)
    registry.LAWS.pop("proton-pump", None)


@pytest.fixture
def laws(monkeypatch):
    known = dict(registry.LAWS)
    known.pop("proton-pump", None)
    monkeypatch.setattr(registry, "LAWS", known)


def test_the_law_itself_is_taken_in_place_of_its_name(saved, laws):
    fit, _ = saved
    assert fit.tree.attrs["sampler"] == "nutpie"
    assert list(fit.summary()["parameter"][:2]) == ["pump_g_mM", "E_pump_mV"]
    assert "proton-pump" not in registry.LAWS
    assert {"pump_g_mM", "E_pump_mV"} < set(vrest.priors(PROTON, ions="K", inside="K=100")["parameter"])
    table = vrest.priors("proton-pump", ions="K", inside="K=100")
    assert "E_pump_mV" in set(table["parameter"])


def test_a_fit_whose_law_is_unknown_says_what_makes_it_known(saved, laws):
    _, folder = saved
    with pytest.raises(
        ConfigurationError, match=r"import tests\.own_law and type vrest\.register\(tests\.own_law\.PROTON\)"
    ):
        vrest.load(folder)
    vrest.register(PROTON)
    assert vrest.load(folder).summary().equals(saved[0].summary())


def test_a_fit_of_a_law_that_a_package_offers_is_loaded_where_it_is_installed(saved, laws, monkeypatch):
    point = EntryPoint("proton-pump", "tests.own_law:PROTON", registry.GROUP)
    monkeypatch.setattr(registry, "_offered", lambda: {point.name: [point]})
    assert vrest.load(saved[1]).summary().equals(saved[0].summary())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"potential": lambda theta, at, reference: PROTON.potential(theta, at, reference) + 0.1}, "other potentials"),
        (
            {"parameters": lambda ions: (*PROTON.parameters(ions), replace(REVERSAL, name="E_2_mV", symbol=""))},
            "no E_2_mV in it",
        ),
    ],
)
def test_a_fit_whose_law_has_changed_is_refused(saved, laws, change, reason):
    vrest.register(replace(PROTON, **change))
    with pytest.raises(ConfigurationError, match=f"the law proton-pump has changed.*{reason}"):
        vrest.load(saved[1])


def test_two_parameters_of_one_name_are_refused(laws):
    twice = replace(PROTON, name="twice", parameters=lambda ions: (REVERSAL, replace(REVERSAL, name="E_2_mV")))
    with pytest.raises(ConfigurationError, match="the law twice has two parameters called E_pump_mV in the tree"):
        vrest.fit(TABLE, law=twice, **SETTINGS)


def test_a_law_that_works_on_numbers_only_is_refused_with_a_sentence(laws):
    def potential(theta, at, reference):
        return PROTON.potential(theta, at, reference) if theta["pump_g_mM"] > 0 else 0.0

    with (
        pytest.warns(vrest.models.errors.SamplerWarning, match="numbers cannot be compiled"),
        pytest.raises(NumbersOnly, match=r"the law numbers works on numbers only.*xp\.where in place of if"),
    ):
        vrest.fit(TABLE, law=replace(PROTON, name="numbers", potential=potential), **SETTINGS)
