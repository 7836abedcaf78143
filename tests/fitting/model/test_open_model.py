"""`fit.model`: the posterior as PyMC has it, in the tree's names; PyMC and ArviZ find in it what vrest stored."""

import warnings

import arviz as az
import matplotlib
import numpy as np
import pymc as pm
import pytest
from pymc.stats.log_density import compute_log_likelihood, compute_log_prior

import vrest
from tests.designs import DESIGNS
from tests.synthetic import INSIDE, recordings
from vrest.fitting.checks.power_scaling import sensitivity
from vrest.fitting.model.cells import place_cells
from vrest.fitting.model.draws import draw_prior, parameter_values, row_distribution, with_derived
from vrest.fitting.model.model import build_model, reported_model
from vrest.fitting.results.loo import GOOD_K, leave_one_out

FITS = ("full_fit", "typed_fit")
FAST = ("cells", "litters", "offsets", "resistances", "robust cells of animals")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in FAST else pytest.mark.thorough) for n in DESIGNS])
def test_draws_of_the_tree_are_points_of_the_model(name):
    """Of every design; draws of the prior, so that nothing is sampled."""
    experiment, rng = DESIGNS[name](), np.random.default_rng(1)
    drawn = place_cells(draw_prior(experiment, 3, rng), experiment, rng)
    model = reported_model(experiment)
    follow = {p.of_cells for p in experiment.parameters if not experiment.spreads.get(p.name)}  # are as their animals
    assert {rv.name for rv in model.free_RVs} == set(drawn.data_vars) - follow
    theirs = compute_log_likelihood(
        az.from_dict({"posterior": {n: x.to_numpy() for n, x in drawn.items()}}), model=model,
        extend_inferencedata=False, progressbar=False, var_names=["V_m"],
    )["V_m"].to_numpy()  # fmt: skip
    ours = row_distribution(parameter_values(drawn, experiment), experiment)
    np.testing.assert_allclose(theirs, ours.logpdf(experiment.recordings["V_m"].to_numpy()), rtol=1e-8, atol=1e-8)


@pytest.fixture(params=FITS)
def fit(request):
    found = request.getfixturevalue(request.param)
    return found[0] if isinstance(found, tuple) else found


def thinned(fit):
    return fit.tree.isel(draw=slice(None, None, 20))


def test_names_are_the_trees(fit):
    posterior = fit.tree["posterior"]
    assert {rv.name for rv in fit.model.free_RVs} <= set(posterior.data_vars)
    assert list(fit.model.coords["obs"]) == fit.experiment.recordings["row"].to_numpy().tolist()
    assert fit.model is fit.model


def test_pymc_predicts_what_is_stored(fit):
    few = thinned(fit)
    theirs = pm.sample_posterior_predictive(few, model=fit.model, progressbar=False, random_seed=1)
    theirs, ours = (tree["posterior_predictive"]["V_m"] for tree in (theirs, few))
    np.testing.assert_allclose(theirs.std(("chain", "draw")), ours.std(("chain", "draw")), rtol=0.25)
    assert float(abs(theirs.mean(("chain", "draw")) - ours.mean(("chain", "draw"))).max()) < 1.0
    assert float(theirs.std(("chain", "draw")).mean()) == pytest.approx(
        float(ours.std(("chain", "draw")).mean()), rel=0.03
    )


def test_the_sampled_form_would_predict_something_else(typed_fit):
    """The negative control: coordinates are not in the tree, so PyMC draws them anew."""
    fit, _ = typed_fit
    model = build_model(fit.experiment)
    assert not {rv.name for rv in model.free_RVs} <= set(fit.tree["posterior"].data_vars)


def test_pymc_finds_the_stored_densities(fit):
    few = thinned(fit)
    theirs = compute_log_likelihood(few.copy(), model=fit.model, extend_inferencedata=False, progressbar=False)["V_m"]
    np.testing.assert_allclose(theirs, few["log_likelihood"]["V_m"], rtol=1e-9, atol=1e-9)
    stored = few["log_prior"]
    theirs = compute_log_prior(few.copy(), model=fit.model, extend_inferencedata=False, progressbar=False)
    for name in stored.data_vars:
        np.testing.assert_allclose(theirs[name], stored[name], rtol=1e-6, atol=1e-6, err_msg=name)


def summed(log_prior):
    """The log-density of all priors together, draw by draw."""
    return sum(
        x.sum([d for d in x.dims if d not in ("chain", "draw")]) for x in log_prior.data_vars.values()
    ).to_numpy()


def test_arviz_agrees_with_the_verdict(fit):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pareto k, in words of ArviZ's own
        loo = az.loo(fit.tree, var_name="V_m", pointwise=True)
        psense = az.psense_summary(fit.tree, round_to=6)
    assert float(loo.pareto_k.max()) == pytest.approx(fit.verdict().fit.max_pareto_k, abs=0.01)
    elpd, k = leave_one_out(fit.tree["log_likelihood"]["V_m"].stack(all=("chain", "draw")).to_numpy().T)
    good = k < GOOD_K  # elsewhere vrest fits again
    assert good.mean() > 0.7
    np.testing.assert_allclose(elpd[good], loo.elpd_i.to_numpy()[good], atol=0.02)
    posterior, density = fit.tree["posterior"], summed(fit.tree["log_prior"])
    alone = [name for name in posterior.data_vars if posterior[name].dims == ("chain", "draw")]
    assert "p_Na" in alone or "p_Na[A]" in psense.index
    for name in alone:
        assert sensitivity(density, posterior[name].to_numpy())[0] == pytest.approx(psense.loc[name, "prior"], abs=1e-4)
    values = {group: posterior["p_Na"].sel(population=group).to_numpy() for group in fit.experiment.levels.groups}
    for group, x in values.items():
        assert sensitivity(density, x)[0] == pytest.approx(psense.loc[f"p_Na[{group}]", "prior"], abs=1e-4)


def test_arviz_draws_predictions_of_either_group(fit):
    with matplotlib.rc_context({"backend": "agg"}), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for group in ("posterior_predictive", "prior_predictive"):
            assert az.plot_ppc_dist(fit.tree, group=group, var_names=["V_m"], num_samples=5) is not None
        assert fit.plot_prior_predictive().get_xlabel() == "$V_m$ (mV)"
        matplotlib.pyplot.close("all")


def test_tables_of_the_prior_are_those_of_its_draws(typed_fit):
    """Spread over draws by the prior alone, where a normal law of large numbers can be had: PyMC's own."""
    fit, _ = typed_fit
    ours = fit.tree["prior_predictive"]["V_m"]
    assert ours.sizes["draw"] == 500
    assert ours.dims == ("chain", "draw", "obs")
    theirs = pm.sample_prior_predictive(500, model=fit.model, random_seed=2)["prior_predictive"]["V_m"]
    assert float(ours.std(("chain", "draw")).mean()) == pytest.approx(
        float(theirs.std(("chain", "draw")).mean()), rel=0.15
    )
    assert float(ours.mean()) == pytest.approx(float(theirs.mean()), abs=2.0)


def test_a_term_of_ones_own_adds_to_the_density():
    model = vrest.model(recordings(seed=1), inside=INSIDE)
    before = model.compile_logp()
    with model:
        pm.Potential("ratio_known", pm.logp(pm.Normal.dist(0.05, 0.001), model["p_Na"]))
    point = model.initial_point()
    x = float(np.exp(point["p_Na_log__"]))
    assert model.compile_logp()(point) - before(point) == pytest.approx(
        -0.5 * ((x - 0.05) / 0.001) ** 2 - np.log(0.001 * np.sqrt(2 * np.pi))
    )
    assert "V_m" in pm.model_to_mermaid(model)
    assert "p_Na" in pm.model_to_mermaid(model)


def test_what_follows_from_draws_is_no_part_of_the_model(full_fit):
    derived = set(with_derived(full_fit.tree["prior"].to_dataset(), full_fit.experiment).data_vars)
    assert "pump_current_mM" in derived
    assert "pump_current_mM" not in {rv.name for rv in full_fit.model.free_RVs}
