"""Small batches of the study of false differences, which says how often over hundreds of data sets."""

import pandas as pd
import pytest
from scipy.stats import binom

from tests.false_differences import one, plan, planned, rates, truth


def batch(experiment, given, fitted=None, number: int = 20) -> pd.DataFrame:
    return rates(pd.DataFrame([row for k in range(number) for row in one(experiment, given, k, fitted)]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("animals", "cells", "spreads"),
    [(3, 3, {"animal": 0.4, "cell": 0.1}), (3, 1, {"cell": 0.5}), (3, 1, {"cell": 0.8})],
)
def test_types_that_do_not_differ_are_rarely_called_different(animals, cells, spreads):
    experiment = planned(plan(animals, cells), nested_in="animal" if "animal" in spreads else "none")
    found = batch(experiment, truth(experiment, spreads))
    assert (binom.sf(found["called"] * found["n"] - 1, found["n"], 0.06) > 0.005).all()
    assert (binom.cdf(found["covered"] * found["n"], found["n"], 0.86) > 0.005).all()


@pytest.mark.slow
def test_cells_taken_for_independent_are_called_different_far_too_often():
    """What the level is worth: the same data without it."""
    rows = plan(3, 3)
    experiment, without = planned(rows), planned(rows, nested_in="none")
    found = batch(experiment, truth(experiment, {"animal": 0.4, "cell": 0.1}), without)
    assert found["called"].mean() > 0.1
    assert found["covered"].mean() < 0.85


@pytest.mark.slow
def test_a_twofold_difference_is_found_in_six_animals_each():
    experiment = planned(plan(6, 3))
    found = batch(experiment, truth(experiment, {"animal": 0.3, "cell": 0.1}, factor=2.0))
    assert binom.cdf(found.loc["P_Na/P_K", "called"] * 20, 20, 0.8) > 0.005
