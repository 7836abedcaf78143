"""Contrasts in words: the sign that the sentence tells is that of the numbers in it."""

from types import SimpleNamespace

import pytest

from vrest.fitting.comparison.words import _sentence


@pytest.mark.parametrize("name", ["pump_mV", "V_m_mV"])
@pytest.mark.parametrize(("median", "way", "what"), [(2.0, "above", "higher"), (-2.0, "below", "lower")])
def test_a_difference_is_told_in_its_direction(name, median, way, what):
    row = SimpleNamespace(
        parameter=name, a="B", b="A", kind="difference", median=median, lower=median - 1, upper=median + 1, rope_low=-0.5,
        rope_high=0.5, p_direction=0.99, p_rope=0.0,
    )  # fmt: skip
    told = "V_m of B lies" if name == "V_m_mV" else f"{name} of B is"
    said = _sentence(row, "89% interval")
    assert said.startswith(f"{told} 2.0 mV {way} that of A (89% interval of the difference {median - 1:+.1f} to")
    assert said.endswith(f": {what} with probability 0.990.")
    row.lower, row.upper = -3.0, 3.0
    assert "which of them is higher cannot be told (0.990 for this direction)" in _sentence(row, "89% interval")
    row.p_rope = 0.95
    assert "practically equal with probability 0.950" in _sentence(row, "89% interval")
