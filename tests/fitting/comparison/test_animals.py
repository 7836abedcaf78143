"""Cells of animals compared: what is independent, what may be claimed, what is predicted of a new one."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.special import logsumexp

from tests.false_differences import plan, planned, truth
from vrest.fitting.checks.run import run
from vrest.fitting.comparison.contrasts import contrasts
from vrest.fitting.comparison.left_out import unit_density
from vrest.fitting.comparison.predict import predict
from vrest.fitting.comparison.units import units
from vrest.fitting.comparison.words import contrasts_in_words
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.fit import Fit
from vrest.fitting.model.cells import place_cells
from vrest.fitting.model.draws import draw_prior, parameter_values, row_distribution
from vrest.fitting.planning.simulate import draw_truth, simulate
from vrest.fitting.report.methods import _population
from vrest.fitting.sampling.refits import QUICK, sampled, without_rows

pytestmark = pytest.mark.usefixtures("sampled_once")

FEW = Sampling(chains=2, draws=300, tune=400)
SHORT = {"K_o": (2.5, 40)}


def recorded(rows, spreads=None, seed=3, **settings):
    experiment = planned(rows, sampling=FEW, robustness="off", **settings)
    spreads = spreads or {"animal": 0.3, "cell": 0.2}
    rng = np.random.default_rng(seed)
    return simulate(experiment, draw_truth(experiment, rng, truth(experiment, spreads)), rng)


@pytest.fixture(scope="module")
def fitted():
    """Two cells of each of 2 animals of type A and of 1 of type B."""
    rows = plan(2, 2, **SHORT)
    return run(recorded(rows.isel(obs=np.flatnonzero(rows["animal"] != "B1")), spread="shared"), progress=False)


def test_of_a_type_with_one_animal_no_direction_is_claimed(fitted):
    table = contrasts(fitted)
    assert table["p_direction"].isna().all()
    assert table["lower"].notna().all()
    sentence = units(fitted).sentence
    assert sentence.startswith("What counts as independent is each animal: 2 in A, 1 in B.")
    assert "Of B there is one animal: what is animal and what is group cannot be told apart" in sentence
    assert "Few units of animal in A (2)" in sentence
    assert "no direction is claimed" in contrasts_in_words(Fit(fitted.tree, fitted.experiment), table)[0]


def test_the_methods_text_has_every_level_and_its_prior(fitted):
    text = str(Fit(fitted.tree, fitted.experiment).methods())
    assert (
        "Between units of animal the logarithms of P_Na/P_K, P_Cl/P_K, pump_mV are Normal around their group's." in text
    )
    assert "Between cells the logarithms of P_Na/P_K, P_Cl/P_K, pump_mV are Normal around their animal's." in text
    for spread in fitted.experiment.every_spread:
        assert f"{spread.name} ~ {spread.prior}, " in text
    assert "P_Na/P_K animal spread ~ HalfNormal(1), " in text


def test_animals_that_hold_cells_of_several_types_are_around_no_types_mean():
    experiment = recorded(plan(3, 2, mixed=True, **SHORT), robust_cells=True)
    of_animals, of_cells = _population(experiment)
    assert of_animals.endswith("are Normal around their mean, whatever the group.")
    nu = "Student t with 4 degrees of freedom (Lange et al. 1989)"
    assert of_cells.endswith(f"are {nu} around their animal's and group's.")
    inferred = planned(plan(3, 2, **SHORT), robust_cells=True, priors={"nu_cells": "Gamma(2, 0.1)"})
    assert "Student t with nu_cells degrees of freedom" in [*_population(inferred)][-1]


def test_with_two_animals_each_a_direction_is_claimed_and_within_animals_that_is_said():
    experiment = recorded(plan(3, 2, mixed=True, **SHORT))
    found = units(replace_experiment(experiment))
    assert found.claimed("A", "B")
    assert "their difference is seen within it, and taken to be the same in each animal" in found.sentence


def replace_experiment(experiment):
    return Fit(tree=None, experiment=experiment)


def test_a_new_cell_is_one_of_a_new_animal(fitted):
    baths = fitted.experiment.recordings[["c_o", "temperature", "blocked"]].isel(obs=[0])
    baths = baths.assign_coords(ion=fitted.experiment.recordings["ion"]).drop_vars(["cell", "cell_type", "animal"])
    widths = {who: predict(fitted, baths.assign_attrs(source="baths"), who) for who in ("population", "new")}
    spread = {who: (table["upper"] - table["lower"]).to_numpy() for who, table in widths.items()}
    assert (spread["new"] > 1.1 * spread["population"]).all()
    assert len(widths["new"]) == 2


def test_cells_of_a_drawn_population_differ_by_both_spreads():
    experiment = planned(plan(40, 5, "A", K_o=(2.5, 40), pump=(False,)), by=None)
    population = draw_prior(experiment, 1, np.random.default_rng(1))
    population["p_Na_level_1_spread"][:], population["p_Na_spread"][:] = 0.5, 0.2
    drawn = np.log(place_cells(population, experiment, np.random.default_rng(2))["p_Na_cell"].to_numpy()).reshape(40, 5)
    assert drawn.std(axis=1, ddof=1).mean() == pytest.approx(0.2, rel=0.15)
    assert drawn.mean(axis=1).std(ddof=1) == pytest.approx(np.hypot(0.5, 0.2 / 5**0.5), rel=0.3)


def test_what_is_predicted_of_an_animal_left_out_is_the_mean_over_animals_drawn_from_the_population():
    """Against draws of animals and cells from their populations, of which few come near: many are drawn."""
    experiment = planned(plan(2, 1, mixed=True, K_o=(2.5, 40), pump=(False,)), spread="shared")
    rng = np.random.default_rng(3)
    given = truth(experiment, {"animal": 0.2, "cell": 0.2}, sigma=10.0)
    experiment = replace(
        experiment, recordings=simulate(experiment, draw_truth(experiment, rng, given), rng).recordings
    )
    unit = (experiment.levels.above[0].of_cell == 1)[experiment.levels.entry_of_row]
    posterior, _ = sampled(without_rows(experiment, unit), QUICK, 1)
    found = [unit_density(posterior, experiment, 1, np.random.default_rng(seed)) for seed in range(4)]
    population = posterior[[name for name in posterior if not str(name).endswith(("_cell", "level_1"))]]
    plainly = []
    for seed in range(20):
        values = parameter_values(
            place_cells(population, experiment, np.random.default_rng(seed)), experiment, flat=True
        )
        plainly.append(
            row_distribution(values, experiment).logpdf(experiment.recordings["V_m"].to_numpy())[:, unit].sum(1)
        )
    assert np.mean(found) == pytest.approx(
        logsumexp(plainly) - np.log(np.size(plainly)), abs=0.25
    )  # which is known to 0.08


def test_what_is_predicted_of_an_animal_left_out_has_the_errors_of_its_baths():
    """Baths of 2.5 mM K that the draws say are of 4.5 give what baths of 4.5 mM give."""
    right = plan(2, 2, K_o=(4.5, 40), pump=(False,))
    right = right.assign(K_o_sd=("obs", np.where(right["c_o"].sel(ion="K") == 40, 0.0, 2.0)))
    wrong = right.assign(c_o=right["c_o"].where(right["c_o"] != 4.5, 2.5))

    def density(rows, error_mM):
        experiment = planned(rows, spread="shared")
        one = draw_truth(experiment, np.random.default_rng(1), truth(experiment, {"animal": 0.05, "cell": 0.05}))
        (symbol,) = (e.quantity.symbol for e in experiment.bath_errors)
        drawn = xr.concat([one.assign({symbol: 0 * one[symbol] + error_mM})] * 30, "draw")
        return unit_density(drawn, experiment, 1, np.random.default_rng(2))

    expected = density(right, 0.0)
    assert density(wrong, 2.0) == pytest.approx(expected, abs=1.0)
    assert density(wrong, 0.0) < expected - 5  # the negative control
