"""Where each judgement turns: the bounds of the contract, on either side of each."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from tests.synthetic import INSIDE, recordings
from vrest.fitting.checks import identification, lack_of_fit
from vrest.fitting.checks.candidates import variations
from vrest.fitting.checks.lack_of_fit import lack_of_fit as F_test
from vrest.fitting.checks.sampling import check_sampling
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.experiment.experiment import in_words
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.results import loo


@pytest.fixture(scope="module")
def experiment():
    return prepare(recordings(temperatures=[22]), configure(inside=INSIDE))


def checked(experiment, r_hat=1.0, ess=1000.0, divergences=0, energy=None, group="", tail=1000.0):
    rng = np.random.default_rng(1)
    energy = rng.normal(size=(4, 500)) if energy is None else energy
    diverging = np.zeros((4, 500), bool)
    diverging[0, :divergences] = True
    dims = ("chain", "draw")
    statistics = xr.Dataset({"diverging": (dims, diverging), "energy": (dims, energy)})
    rows = {"group": ["", group], "r_hat": [1.0, r_hat], "ess_bulk": [1000.0, ess], "ess_tail": [1000.0, tail]}
    return check_sampling(xr.DataTree.from_dict({"sample_stats": statistics}), pd.DataFrame(rows), experiment)


@pytest.mark.parametrize(
    ("changed", "ok"),
    [
        ({}, True),
        ({"r_hat": 1.0099}, True),
        ({"r_hat": 1.01}, False),
        ({"r_hat": 1.0199, "group": "cell 1"}, True),
        ({"r_hat": 1.02, "group": "cell 1"}, False),
        ({"ess": 400.0}, True),
        ({"ess": 399.9}, False),
        ({"tail": 399.9}, False),
        ({"divergences": 1}, False),
    ],
)
def test_sampling_is_judged_by_divergences_r_hat_and_effective_draws(experiment, changed, ok):
    found = checked(experiment, **changed)
    assert found.ok == ok
    assert found.divergences == changed.get("divergences", 0)
    assert found.max_r_hat == changed.get("r_hat", 1.0)
    assert found.min_ess == min(changed.get("ess", 1000.0), changed.get("tail", 1000.0))


@pytest.mark.parametrize(("step", "ok"), [(1.0, True), (0.45, False)])
def test_energy_that_moves_too_slowly_is_not_ok(experiment, step, ok):
    """E-BFMI, mean squared step of the energy over its variance: step² for a walk of that step, 2 for independent draws."""
    rng = np.random.default_rng(2)
    rho = 1 - step**2 / 2
    energy = np.empty((4, 20_000))
    energy[:, 0] = rng.normal(size=4)
    noise = rng.normal(size=energy.shape) * np.sqrt(1 - rho**2)
    for i in range(1, energy.shape[1]):
        energy[:, i] = rho * energy[:, i - 1] + noise[:, i]
    dims = ("chain", "draw")
    statistics = xr.Dataset({"diverging": (dims, np.zeros(energy.shape, bool)), "energy": (dims, energy)})
    summary = pd.DataFrame({"group": [""], "r_hat": [1.0], "ess_bulk": [1000.0], "ess_tail": [1000.0]})
    found = check_sampling(xr.DataTree.from_dict({"sample_stats": statistics}), summary, experiment)
    assert found.min_bfmi == pytest.approx(step**2, rel=0.1)
    assert found.ok == ok


def test_bounds_of_the_contract():
    assert (identification.UNINFORMED, identification.CONFOUNDED) == (0.5, 0.8)
    assert (lack_of_fit.REJECTED, loo.GOOD_K) == (0.01, 0.7)


@pytest.mark.parametrize(("errors", "named"), [(3.1, True), (-3.1, True), (2.9, False)])
def test_rows_that_miss_together_are_named_from_three_standard_errors(experiment, errors, named):
    """By a column whose word only they have, otherwise by their bath."""
    here = experiment.condition_of_row == 1
    z = errors / np.sqrt(here.sum()) * here
    words = in_words(experiment.conditions.take(1))
    assert (
        list(lack_of_fit._shared(experiment, 2 * z, z))
        == [lack_of_fit.Miss(words, here.sum(), pytest.approx(2 * z[here][0]))] * named
    )
    labelled = replace(
        experiment, recordings=experiment.recordings.assign_coords(day=("obs", np.where(here, "b", "a")))
    )
    assert [miss.what for miss in lack_of_fit._shared(labelled, 2 * z, z)] == ["day 'b'"] * named


def test_replicates_that_agree_to_the_digit_judge_nothing():
    """Without any scatter between them there is nothing to hold the law's misses against."""
    index = np.repeat(np.arange(4), 2)
    y = np.repeat([1.0, 2.0, 4.0, 3.0], 2)
    mu = np.tile(y, (50, 1)) + np.random.default_rng(1).normal(0, 0.1, (50, 1))
    assert F_test(mu, np.ones((50, 8)), y, index) is None
    assert F_test(mu, np.ones((50, 8)), y + np.tile([0.0, 0.1], 4), index) is not None


@pytest.mark.parametrize(
    ("temperature", "offered"),
    [(13.9, {"warm"}), (14.0, {"warm", "cool"}), (30.0, {"warm", "cool"}), (30.1, {"cool"})],
)
def test_baths_between_4_and_40_degrees_are_proposed(temperature, offered):
    e = prepare(recordings(temperatures=[temperature]), configure(inside=INSIDE))
    found = {c.name: c.at.temperature_C for c in variations(e)}
    baths = {"block the pump (ouabain, minutes only)", "lower sodium", "lower chloride (with a salt bridge)"}
    assert set(found) == baths | {"lower potassium", "raise potassium"} | offered
    found = {name: T for name, T in found.items() if name in offered}
    assert all(abs(T - temperature) == pytest.approx(10.0) for T in found.values())


def test_what_a_default_fit_draws():
    """The contract's 4 chains of 1,000 draws after 1,000 of warm-up."""
    assert (Sampling().chains, Sampling().draws, Sampling().tune) == (4, 1000, 1000)
