"""The arithmetic of comparing laws: sums, their standard errors, and when a difference decides."""

import numpy as np
import pandas as pd
import pytest

from vrest.fitting.comparison.elpd import COLUMNS, LeftOut, comparison, judgement, stacking


def left(law: str, elpd, scheme: str = "row") -> LeftOut:
    return LeftOut(law, scheme, np.asarray(elpd, float), 0)


def test_sums_and_standard_errors_by_hand():
    """Vehtari et al. 2017: se is the square root of n times the variance of the pointwise values."""
    a, b = [-1.0, -2.0, -3.0, -2.0], [-2.0, -2.0, -4.0, -4.0]
    table = comparison([left("b", b), left("a", a)]).set_index("law")
    assert list(table.index) == ["a", "b"], "best first"
    assert table.loc["a", ["n", "elpd", "elpd_diff", "dse"]].tolist() == [4, -8.0, 0.0, 0.0]
    assert table.loc["a", "se"] == pytest.approx(np.sqrt(4 * (2 / 3)))
    # a - b pointwise: 1, 0, 1, 2, of variance 2/3.
    assert table.loc["b", ["elpd", "elpd_diff"]].tolist() == [-12.0, -4.0]
    assert table.loc["b", "dse"] == pytest.approx(np.sqrt(4 * (2 / 3)))


@pytest.mark.parametrize(
    ("difference", "dse", "decided"),
    [(10.0, 4.9, True), (10.0, 5.1, False), (10.0, 9.0, False), (4.1, 1.0, True), (3.9, 1.0, False), (0.5, 0.0, False)],
)
def test_a_difference_decides_from_four_and_from_twice_its_standard_error(difference, dse, decided):
    rows = [
        ["best", "row", 9, -20.0, 1.0, 0.0, 0.0, 0.9],
        ["other", "row", 9, -20.0 - difference, 1.0, -difference, dse, 0.1],
    ]
    (sentence,) = judgement(pd.DataFrame(rows, columns=COLUMNS), {})
    assert ("best predicts better than other" in sentence) == decided
    assert ("undecided between best and other" in sentence) != decided
    assert f"difference {difference:.1f}, standard error {dse:.1f}" in sentence


def test_stacking_maximises_the_mixture():
    """Two items, each predicted well by one law: half and half, by symmetry; and the mixture's optimum in general."""
    assert stacking(np.array([[0.0, -3.0], [-3.0, 0.0]])) == pytest.approx([0.5, 0.5])
    elpd = np.array([[0.0, -1.0], [0.0, -1.0], [-2.0, 0.0]])
    grid = np.linspace(0, 1, 10_001)
    score = np.log(np.exp(elpd[:, :1]) * grid + np.exp(elpd[:, 1:]) * (1 - grid)).sum(axis=0)
    assert stacking(elpd)[0] == pytest.approx(grid[np.argmax(score)], abs=2e-4)
