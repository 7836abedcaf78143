"""A column of the table's own that a law reads: found in the table and in baths to predict, named where it is missing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import vrest
from tests.own_law import LIT, PROTON
from vrest.data.tables.table import numbers_of
from vrest.fitting.experiment.experiment import conditions_of, in_words
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.models.errors import DataError, UnknownNameError
from vrest.models.laws import registry

LIGHT = [0.0, 50.0, 50.0, 100.0]
TABLE = pd.DataFrame(
    {"K_o_mM": [1.0, 1.0, 10.0, 10.0], "V_m_mV": [-90.0, -91, -92, -93], "temperature_C": 22.0, "light_lx": LIGHT,
     "ljp": "corrected"}
)  # fmt: skip
TRUTH = {"pump_g_mM": np.float64(20.0), "E_pump_mV": np.float64(-140.0)}


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    monkeypatch.setattr(registry, "LAWS", dict(registry.LAWS))


def experiment(table=TABLE, **settings):
    return prepare(table, configure(law=LIT, inside="K=100", **settings))


def test_the_law_reads_the_column():
    lit = experiment()
    V_m = lit.potential(TRUTH)[lit.condition_of_row]
    dark = prepare(TABLE, configure(law=PROTON, inside="K=100"))
    for row, light in enumerate(LIGHT):
        same = dark.potential({**TRUTH, "pump_g_mM": np.float64(20.0 * light / 100)})[dark.condition_of_row]
        assert V_m[row] == pytest.approx(same[row])
    assert "light_lx 50" in in_words(lit.conditions.take(1))
    assert lit.n_conditions == 4


def test_the_reference_is_at_one_level_of_it():
    assert experiment(pd.concat([TABLE, TABLE[1:2].assign(V_m_mV=-95.0)])).reference.columns == {"light_lx": 50.0}
    chosen = experiment(reference={"light_lx": 100})
    assert chosen.reference.columns == {"light_lx": 100.0}
    with pytest.raises(UnknownNameError, match="Did you mean 'light_lx'"):
        experiment(reference={"light": 100})


def test_baths_to_predict_have_it_too():
    baths = pd.DataFrame({"K_o_mM": [5.0], "temperature_C": 22.0, "light_lx": [70.0]})
    at = conditions_of(experiment(), vrest.from_frame(baths, potentials=False))
    assert at.columns["light_lx"] == pytest.approx([70.0])
    with pytest.raises(DataError, match="column light_lx: missing, and the law lit-pump needs it"):
        conditions_of(experiment(), vrest.from_frame(baths.drop(columns="light_lx"), potentials=False))


def test_a_column_of_the_contract_serves_as_well():
    rows = vrest.from_frame(TABLE.assign(C_m_pF=[10.0, 12.0, None, 15.0]))
    assert numbers_of(rows, ["temperature_C"], "it")["temperature_C"] == pytest.approx([22.0] * 4)
    with pytest.raises(DataError, match="row 4, column C_m_pF: empty, and it needs it"):
        numbers_of(rows, ["C_m_pF"], "it")


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (["dim", "grey", "light", "bright"], "column light_lx: holds text, and the law lit-pump needs numbers"),
        ([0.0, None, 50.0, 100.0], "row 3, column light_lx: empty, and the law lit-pump needs it"),
    ],
)
def test_what_is_no_number_is_refused(column, reason):
    with pytest.raises(DataError, match=reason):
        experiment(TABLE.assign(light_lx=column))
    with pytest.raises(DataError, match=r"column light_lx: missing.* needs it\. Did you mean 'lights_lx'"):
        experiment(TABLE.rename(columns={"light_lx": "lights_lx"}))


def test_it_is_saved_and_sampled(tmp_path):
    rng = np.random.default_rng(1)
    many = pd.concat([TABLE.assign(V_m_mV=-90.0 - np.arange(4) / 8 - n) for n in range(4)], ignore_index=True)
    V_m = experiment(many).potential(TRUTH)[experiment(many).condition_of_row] + rng.normal(0, 1, len(many))
    fit = vrest.fit(many.assign(V_m_mV=V_m), law=LIT, inside="K=100", robustness="off", draws=300, tune=300, chains=2)
    found = fit.summary().set_index("parameter")
    assert found.loc["pump_g_mM", "lower"] < 20 < found.loc["pump_g_mM", "upper"]
    again = vrest.load(fit.save(tmp_path / "run", picture=False))
    assert np.array_equal(
        again.experiment.conditions.columns["light_lx"], fit.experiment.conditions.columns["light_lx"]
    )
    other = replace(LIT, name="other-pump", columns=("lamp_lx",))
    with pytest.raises(DataError, match="lamp_lx"):
        vrest.fit(many.assign(V_m_mV=V_m), law=other, inside="K=100")
