"""What a recovery says of itself: coverage, bias and what falls short, counted by hand."""

import numpy as np
import pytest
import xarray as xr

from vrest.fitting.planning.recovery import RANKED, Recovery


def made(inside: dict[str, int], z: dict[str, float], stated: bool, n: int = 100, ranks=None) -> Recovery:
    """`n` simulations, of which so many intervals held each quantity's truth, with the same error in each."""
    names, dims = list(inside), ("simulation", "quantity")
    held = np.stack([np.arange(n) < inside[name] for name in names], axis=1)
    even = np.tile(np.arange(n) * RANKED // n, (len(names), 1)).T
    dataset = xr.Dataset(
        {"inside": (dims, held), "inside_50": (dims, held), "z": (dims, np.tile([z[name] for name in names], (n, 1))),
         "rank": (dims, even if ranks is None else ranks), "contraction": (dims, np.full((n, len(names)), 0.9)),
         "reruns": ("simulation", np.arange(n) < 3), "ok": ("simulation", np.arange(n) >= 2)},
        {"quantity": names}, {"seed": 1, "interval": 0.89},
    )  # fmt: skip
    return Recovery(dataset, stated)


def test_coverage_and_what_chance_alone_would_do():
    """100 simulations: sd of a coverage of 0.89 is sqrt(0.89 · 0.11 / 100) = 0.031, so ± 6 % at two of them."""
    said = made({"a": 89, "b": 70, "c": 93}, dict.fromkeys("abc", 0.0), stated=False).verdict()
    assert "held the truth in 70% to 93% of 100 simulations (chance alone: ± 6%); furthest off is b." in said[1]
    assert said[2].startswith("3 of 100 fits fell short")
    assert "2 still fall short" in said[2]
    above = made({"a": 89, "c": 100}, dict.fromkeys("ac", 0.0), stated=False).verdict()[1]
    assert "furthest off is c" in above, "too often is off as well"


def test_even_ranks_are_calibrated_and_one_sided_ones_are_not():
    even = made({"a": 89}, {"a": 0.0}, stated=False)
    assert even.calibrated()
    assert even.verdict()[0].startswith("Calibration: ok")
    skewed = made({"a": 89}, {"a": 0.0}, stated=False, ranks=np.full((100, 1), RANKED))
    assert not skewed.calibrated()
    assert skewed.verdict()[0].startswith("Calibration: NOT OK")


@pytest.mark.parametrize("sign", [1, -1])
def test_the_bias_at_a_stated_truth_is_named_with_its_sign_and_error(sign):
    said = made({"a": 89, "b": 89}, {"a": 0.2, "b": sign * 0.5}, stated=True).verdict()[0]
    assert f"the estimates of b are off most, by {sign * 0.5:+.2f} ± 0.10 posterior sd" in said
