"""A cell far from its type is named, in the verdict and in the picture of cells; cells that are alike are not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.false_differences import plan, planned
from tests.synthetic import INSIDE, TRUTH
from vrest.fitting.checks.fitted import Fitted
from vrest.fitting.checks.odd_cells import odd_cells
from vrest.fitting.checks.run import run
from vrest.fitting.checks.words import Mark
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.fit import Fit
from vrest.fitting.planning.simulate import draw_truth, simulate


def cells(shift_mV: float) -> Fitted:
    """Ten cells, the first of which lies so far above the others in every row."""
    few = Sampling(chains=2, draws=300, tune=400)
    rows = plan(10, 1, "A", K_o=(2.5, 10), temperatures=(22,))
    experiment = prepare(rows, configure(inside=INSIDE, nested_in="none", sampling=few, robustness="off"))
    rng = np.random.default_rng(4)
    known = {p.name: TRUTH.get(p.name, 1.2) for p in experiment.parameters} | {
        p.name: 0.15 for p in experiment.every_spread
    }
    drawn = simulate(experiment, draw_truth(experiment, rng, known), rng).recordings
    first = drawn["cell"].to_numpy() == "A0.0"
    return run(replace(experiment, recordings=drawn.assign(V_m=drawn["V_m"] + shift_mV * first)), progress=False)


def test_a_cell_12_mV_above_nine_others_is_named_and_ringed():
    fitted = cells(12.0)
    (odd,) = fitted.verdict().odd
    assert (odd.level, odd.name) == ("cell", "A0.0")
    assert odd.shift_mV == pytest.approx(12, abs=5)
    assert odd.p < 0.05
    part = fitted.verdict().parts[1]
    assert any(s.startswith("Cell A0.0 lies") and "above its type" in s for s in part.sentences)
    assert part.mark in (Mark.CARE, Mark.BAD)
    assert fitted.verdict().to_dict()["odd_cells"][0]["name"] == "A0.0"
    axes = Fit(fitted.tree, fitted.experiment).plot_cells("P_Na/P_K")
    assert "A0.0 (odd)" in [label.get_text() for label in axes.get_yticklabels()]


def test_cells_that_are_alike_are_not_named():
    fitted = cells(0.0)
    assert odd_cells(fitted.tree["posterior"].to_dataset(), fitted.experiment) == ()


def least_squares_p(y, group, k):
    """Of an indicator of unit k beside a mean for each group, times all units."""
    X = np.column_stack([group == g for g in np.unique(group)] + [np.arange(len(y)) == k]).astype(float)
    beta, (rss,), _, _ = np.linalg.lstsq(X, y)
    freedom = len(y) - X.shape[1]
    t = beta[-1] / np.sqrt(rss / freedom * np.linalg.inv(X.T @ X)[-1, -1])
    return float(2 * stats.t.sf(abs(t), freedom)) * len(y), float(beta[-1])


@pytest.mark.parametrize(
    ("types", "each", "judged"), [("A", 4, True), ("A", 3, False), ("AB", 3, True), ("AB", 2, False)]
)
def test_each_is_held_against_the_others_as_an_indicator_in_least_squares(monkeypatch, types, each, judged):
    """Where rows say all of a cell's place; from four cells on."""
    e = planned(plan(each, 1, types, K_o=(2.5, 10)), nested_in="none", by="cell_type" if len(types) > 1 else None)
    names, group = np.array(e.levels.cells), e.levels.group_of_cell
    y = np.random.default_rng(1).normal(size=len(names))
    y[1] += 400.0
    monkeypatch.setattr("vrest.fitting.checks.odd_cells._shifts", lambda *_: (y, np.zeros(len(y))))
    found = odd_cells(None, e)
    if not judged:
        assert found == ()
        return
    assert [one.name for one in found] == [names[1]]
    p, shift = least_squares_p(y, group, 1)
    assert (found[0].p, found[0].shift_mV) == (pytest.approx(p), pytest.approx(shift))
    monkeypatch.setattr("vrest.fitting.checks.odd_cells._shifts", lambda *_: (y, np.full(len(y), 1e6)))
    assert odd_cells(None, e) == ()  # where rows leave all open, nothing is odd
