"""A heavy-tailed population of cells: its density, an odd cell's weight in it, and what it predicts of a new cell."""

from dataclasses import replace

import arviz as az
import numpy as np
import pytest
import xarray as xr
from pymc.stats.log_density import compute_log_prior
from scipy.stats import norm, t

from tests.designs import DESIGNS, cells, one_bath
from tests.false_differences import plan
from tests.synthetic import INSIDE, TRUTH
from vrest import ConfigurationError
from vrest.fitting.comparison.predict import predict
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.fit import Fit
from vrest.fitting.model.cells import place_cells
from vrest.fitting.model.draws import draw_prior
from vrest.fitting.model.expected import expected_posterior
from vrest.fitting.model.model import reported_model
from vrest.fitting.planning.simulate import draw_truth, simulate
from vrest.fitting.sampling.refits import QUICK, sampled


def ten_cells(**settings):
    rows = plan(10, 1, "A", K_o=(2.5, 10), temperatures=(22,))
    return prepare(rows, configure(inside=INSIDE, nested_in="none", **settings))


def test_the_open_models_cells_are_student_t_around_their_animals_on_the_log_scale():
    experiment, rng = DESIGNS["robust cells of animals"](), np.random.default_rng(1)
    drawn = place_cells(draw_prior(experiment, 1, rng), experiment, rng)
    at = {str(name): x.to_numpy()[0, 0] for name, x in drawn.data_vars.items()}
    density = compute_log_prior(
        az.from_dict({"posterior": {name: x[None, None] for name, x in at.items()}}),
        model=reported_model(experiment), var_names=["p_Na_cell"], extend_inferencedata=False, progressbar=False,
    )["p_Na_cell"].to_numpy()[0, 0]  # fmt: skip
    middle = np.log(at["p_Na_level_1"][experiment.levels.above[0].of_cell])
    x = np.log(at["p_Na_cell"])
    theirs = t(at["nu_cells"], middle, at["p_Na_spread"]).logpdf(x) - x
    np.testing.assert_allclose(density, theirs, rtol=1e-9)
    assert not np.allclose(density, norm(middle, at["p_Na_spread"]).logpdf(x) - x)


def test_an_odd_cell_moves_its_type_less_and_cells_that_are_alike_are_judged_alike():
    """The first of ten cells has five times the sodium permeability of what it was drawn with."""
    plain, robust = ten_cells(), ten_cells(robust_cells=True)
    rng = np.random.default_rng(4)
    known = {p.name: TRUTH.get(p.name, 1.2) for p in plain.parameters}
    true = draw_truth(plain, rng, known | {p.name: 0.15 for p in plain.every_spread})
    odd = true.copy(deep=True)
    odd["p_Na_cell"][0, 0, 0] *= 5
    moved = {}
    for name, experiment in {"normal": plain, "robust": robust}.items():
        found = []
        for of_cells in (true, odd):
            rows = simulate(plain, of_cells, np.random.default_rng(5)).recordings
            posterior, _ = sampled(replace(experiment, recordings=rows), QUICK, 1)
            found.append(float(np.log(posterior["p_Na"]).mean()))
        moved[name] = found[1] - found[0], found[0]
    assert moved["normal"][0] > 0.1
    assert moved["robust"][0] < 0.5 * moved["normal"][0]
    assert moved["robust"][1] == pytest.approx(moved["normal"][1], abs=0.05)


def of_a_known_population(robust: bool, **settings) -> Fit:
    """What a fit would be that knew its population: P_Na/P_K alone differs between cells, by 0.3 of its logarithm."""
    experiment = ten_cells(robust_cells=robust, vary=["P_Na/P_K"], **settings)
    known = {p.symbol: p.prior.typical for p in experiment.parameters} | {"p_Na_spread": 0.3}
    many = {name: (("chain", "draw"), np.full((1, 20_000), x)) for name, x in known.items()}
    posterior = xr.Dataset(many, {"chain": [0], "draw": np.arange(20_000)})
    return Fit(xr.DataTree.from_dict({"/posterior": posterior}), experiment)


@pytest.mark.parametrize("robust", [False, True])
def test_a_new_cell_is_of_the_tail_that_was_fitted(robust):
    """V_m rises with P_Na/P_K, so quantiles of one are quantiles of the other."""
    wide = of_a_known_population(robust, interval=0.98)
    rows = wide.experiment.recordings.isel(obs=[0])[["c_o", "temperature", "blocked"]]
    rows = rows.drop_vars(["cell", "cell_type", "animal"]).assign_attrs(source="baths")
    end = (t(4) if robust else norm()).ppf(0.99)
    found = predict(wide, rows, "new")
    shifted = wide.tree["posterior"].to_dataset().isel(draw=[0])
    ends = []
    for side in (-1, 1):
        shifted["p_Na"] = wide.tree["posterior"]["p_Na"][:, :1] * np.exp(0.3 * side * end)
        at = Fit(xr.DataTree.from_dict({"/posterior": shifted}), wide.experiment)
        ends.append(float(predict(at, rows, "population")["median"].item()))
    assert [found["lower"].item(), found["upper"].item()] == pytest.approx(ends, abs=0.8)
    (drawn,) = place_cells(wide.tree["posterior"].to_dataset(), wide.experiment, np.random.default_rng(1))["p_Na_cell"]
    beyond = np.mean(np.abs(np.log(drawn / 0.04)) > 0.3 * 4)
    assert beyond == pytest.approx(2 * (t(4) if robust else norm()).sf(4), rel=0.1 if robust else 1, abs=1e-4)


def test_a_cell_teaches_less_of_a_population_that_may_hold_odd_ones():
    information = {
        robust: expected_posterior(ten_cells(robust_cells=robust)).expect(ten_cells().inferred[:1]).sd[0]
        for robust in (False, True)
    }
    assert 1.0 < information[True] / information[False] < (7 / 5) ** 0.5


def test_it_is_said_and_can_be_inferred():
    experiment = cells(robust_cells=True, priors={"nu_cells": "Gamma(2, 0.1)"})
    assert "nu_cells" in [q.name for q in experiment.quantities]
    assert "scale of a Student t" in experiment.spreads["P_Na/P_K"].meaning
    assert cells(robust_cells=True).fixed["nu_cells"] == 4


def test_cells_that_are_not_told_apart_have_no_tail():
    with pytest.raises(ConfigurationError, match=r"robust_cells.*how cells differ.*Cells are not told apart"):
        replace_config(one_bath())


def replace_config(experiment):
    return prepare(experiment.recordings, replace(experiment.config, robust_cells=True))
