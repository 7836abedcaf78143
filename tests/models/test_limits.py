"""Limits have one home: a table, a flag and a setting refuse the same."""

from dataclasses import fields

import pandas as pd
import pytest

import vrest
from vrest.data.tables.schema import COLUMNS
from vrest.fitting.experiment.config import Config
from vrest.fitting.experiment.inside import parse_inside
from vrest.models.errors import ConfigurationError, DataError
from vrest.models.ions import ion
from vrest.models.laws.options import OPTIONS
from vrest.models.laws.registry import LAWS
from vrest.models.limits import TEMPERATURE_C, CONCENTRATION_mM, MOLAR_mM, V_M_mV, kelvin_as_celsius
from vrest.models.presets import PRESETS


def table(**columns):
    frame = pd.DataFrame({"V_m_mV": [-80.0, -60.0], "K_o_mM": [2.0, 10.0], "temperature_C": 22.0, "ljp": "corrected"})
    return vrest.from_frame(frame.assign(**columns))


@pytest.mark.parametrize("name", ["K", "Na", "Cl"])
def test_an_inside_in_molar_is_refused_alike_in_table_and_setting(name):
    molar = MOLAR_mM[ion(name).inside] * 0.99
    with pytest.raises(ConfigurationError, match="is too little for mM"):
        parse_inside(name, molar)
    with pytest.raises(DataError, match="they look like M"):
        table(**{f"{name}_i_mM": molar, f"{name}_o_mM": [2.0, 10.0]})
    little = MOLAR_mM[ion(name).inside] * 1.01
    assert parse_inside(name, little).mean_mM == pytest.approx(little)
    table(**{f"{name}_i_mM": little, f"{name}_o_mM": [2.0, 10.0]})


def test_chloride_of_0_1_mM_is_taken_for_molar_everywhere():
    """A pipette with 100 mM of chloride in mol/l; no cell holds 0.1 mM."""
    with pytest.raises(ConfigurationError, match="type Cl=100"):
        parse_inside("Cl", 0.1)
    with pytest.raises(DataError, match="look like M"):
        table(Cl_i_mM=0.1, Cl_o_mM=120.0)


def test_ranges_of_the_contract():
    assert (V_M_mV, TEMPERATURE_C, CONCENTRATION_mM) == ((-150, 60), (-2, 50), (0, 1000))
    for column, limits in {"V_m_mV": V_M_mV, "temperature_C": TEMPERATURE_C, "K_o_mM": CONCENTRATION_mM}.items():
        assert (COLUMNS[column].low, COLUMNS[column].high) == limits
    assert [TEMPERATURE_C.holds(T) for T in (-2.1, -2, 50, 50.1, float("nan"))] == [False, True, True, False, False]
    assert parse_inside("K", 1000).mean_mM == 1000
    with pytest.raises(ConfigurationError, match="above 0 and at most 1000 mM"):
        parse_inside("K", 1000.1)


def test_kelvin():
    assert kelvin_as_celsius(295.15) == pytest.approx(22.0)
    assert kelvin_as_celsius(22.0) is None


def test_help_names_every_option_and_preset():
    """Help is typed out, since it does not wait for the laws: it must not forget one."""
    said = {f.name: str(f.metadata) for f in fields(Config)}
    for setting, names in (("options", OPTIONS), ("preset", PRESETS)):
        assert all(name in said[setting] for name in names)


def test_every_option_of_a_law_is_an_option():
    assert {name for law in LAWS.values() for name in law.options} == set(OPTIONS)
