"""`spread = "auto"`: each group has a spread of its own where groups plainly differ in it, and that is said."""

from dataclasses import replace

import numpy as np
import pytest

from tests.false_differences import plan, planned
from tests.synthetic import TRUTH
from vrest.fitting.planning.simulate import draw_truth, simulate
from vrest.fitting.sampling.spreads import settled


@pytest.fixture(scope="module")
def five_and_five():
    """Five cells of each type, of which those of B differ so much, those of A by 5 %."""

    def recorded(of_B: float, **settings):
        rows = plan(5, 1, K_o=(2.5, 10, 40), pump=(False,))
        shape = planned(rows, nested_in="none", law="ghk", spread="group")
        known = {p.name: TRUTH.get(p.name, 0.8) for p in shape.parameters}
        known |= {p.name: {"A": 0.05, "B": of_B} for p in shape.every_spread}
        rng = np.random.default_rng(2)
        made = simulate(shape, draw_truth(shape, rng, known), rng).recordings
        return replace(planned(rows, nested_in="none", law="ghk", **settings), recordings=made)

    return recorded


def test_types_that_plainly_differ_in_spread_have_their_own_and_it_is_said(five_and_five):
    found = settled(five_and_five(0.8), seed=1)
    assert found.config.spread == "group"
    assert all(found.by_group(p) for p in found.every_spread)
    said = str(found.notes[-1])
    assert said.startswith("Groups plainly differ in how much they vary (P_")
    assert "in A" in said
    assert "in B" in said
    assert said.endswith('(spread = "shared" for one in all).')


def test_types_that_differ_alike_share_one(five_and_five):
    experiment = five_and_five(0.05)
    found = settled(experiment, seed=1)
    assert found.config.spread == "auto"
    assert not any(found.by_group(p) for p in found.every_spread)
    assert found.notes == experiment.notes


def test_what_the_user_chose_is_left(five_and_five):
    shared = five_and_five(0.8, spread="shared")
    assert settled(shared, seed=1) is shared
