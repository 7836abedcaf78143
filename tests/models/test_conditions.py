"""Conditions list their own arrays: what is done to one is done to all."""

from dataclasses import fields

import numpy as np
import pytest

from vrest.models.conditions import Conditions
from vrest.models.ions import ions


def conditions(**changes):
    c_o = {"K": np.array([2.0, 5.0, 2.0]), "Na": np.array([147.0, 144.0, 147.0])}
    given = {
        "ions": ions(("K", "Na")), "c_o": c_o, "c_i": {"K": np.array([140.0, 141.0, 142.0])},
        "temperature_C": np.array([22.0, 23.0, 24.0]), "blocked": np.array([0.0, 1.0, 0.0]),
        "seal": np.array([1e-10, 2e-10, 3e-10]), "columns": {"light_lx": np.array([0.0, 50.0, 100.0])},
    }  # fmt: skip
    return Conditions(**(given | changes))


def test_every_array_is_listed_under_the_name_of_its_column():
    assert list(conditions().arrays) == [
        "K_o_mM", "Na_o_mM", "temperature_C", "light_lx", "K_i_mM", "blocked", "seal",
    ]  # fmt: skip
    assert list(conditions().bath) == ["K_o_mM", "Na_o_mM", "temperature_C", "light_lx"]
    assert "seal" not in conditions(seal=0.0).arrays
    assert {f.name for f in fields(Conditions)} == {
        "ions", "c_o", "c_i", "temperature_C", "blocked", "seal", "passive", "davies", "columns",
    }, "a new array must be listed in `arrays` and `with_arrays`"  # fmt: skip


def test_taking_some_takes_them_of_every_array():
    taken = conditions().take(np.array([2, 0]))
    assert taken.size == 2
    for name, x in conditions().arrays.items():
        assert taken.arrays[name] == pytest.approx(x[[2, 0]])
    one = conditions().take(1)
    assert (one.c_o["K"], one.c_i["K"], one.blocked, one.seal) == (5.0, 141.0, 1.0, 2e-10)
    assert conditions(blocked=0.0, seal=0.0).take(1).blocked == 0.0


def test_a_function_of_all_is_of_every_array_and_of_nothing_else():
    doubled = conditions().map(lambda x: 2 * x)
    for name, x in conditions().arrays.items():
        assert doubled.arrays[name] == pytest.approx(2 * x)
    assert doubled.ions == conditions().ions
    assert not conditions().unsealed().sealed
    assert conditions().sealed


def test_none_may_be_missing():
    with pytest.raises(KeyError):
        conditions().with_arrays({"K_o_mM": 5.0})
