"""Answers that are tables, in Python."""

import pytest

import vrest
from tests.synthetic import INSIDE, recordings


def test_priors_have_both_names_and_say_what_brings_them_in():
    table = vrest.priors("ghk-pump", priors={"p_Na": "LogNormal(log 0.01, 0.3)"}).set_index("parameter")
    assert table.loc["P_Na/P_K", "in_tree"] == "p_Na"
    assert table.loc["P_Na/P_K", "prior"] == "LogNormal(log 0.01, 0.3)"
    assert table.loc["P_Cl/P_K", ["unit", "brought_by"]].tolist() == ["1", ""]
    assert table.loc["C_m_uF_cm2", "brought_by"] == "R_in_MOhm and C_m_pF"
    with pytest.raises(vrest.UnknownNameError, match="no parameter 'p_na'"):
        vrest.priors(priors={"p_na": 0.1})


def test_one_resting_potential_taken_apart_is_a_table_of_numbers():
    table = vrest.explain(pump_mV=5.0, cooled_by_C=20.0).set_index("what")
    assert list(table.columns) == ["value", "unit", "meaning"]
    assert table.loc["E_K", "value"] == pytest.approx(-89.06, abs=0.01)
    assert table.loc["pump adds", "value"] == pytest.approx(-5.0)
    parts = table.loc[["from potassium alone", "sodium adds", "chloride adds", "pump adds"], "value"]
    assert parts.sum() == pytest.approx(table.loc["resting potential", "value"])
    with pytest.raises(vrest.ConfigurationError, match="K outside = 0"):
        vrest.explain(K_o=0)


def test_laws_are_compared_in_a_table_with_its_sentences():
    data = recordings(pump=[False], temperatures=[22], repeats=2)
    table = vrest.compare_laws(data, ["ghk", "nernst"], inside=INSIDE, draws=500, tune=500, chains=2, progress=False)
    assert list(table.columns) == ["law", "scheme", "n", "elpd", "se", "elpd_diff", "dse", "weight"]
    assert table["law"].tolist() == ["ghk", "nernst"]
    assert "ghk predicts better than nernst" in " ".join(table.attrs["sentences"])
    with pytest.raises(vrest.ConfigurationError, match="Name two or more"):
        vrest.compare_laws(data, "ghk", inside=INSIDE)
