"""A cell far from its type is named, in the verdict and in the picture of cells; cells that are alike are not."""

from dataclasses import replace

import numpy as np
import pytest

from tests.false_differences import plan
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
