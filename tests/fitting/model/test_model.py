"""The PyMC model: dims, finite densities, and that what is computed in NumPy afterwards is the same model."""

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from pytensor.compile.mode import Mode
from scipy.stats import norm

from tests.synthetic import INSIDE, recordings
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.model.draws import parameter_values, row_distribution
from vrest.fitting.model.model import build_model
from vrest.models.laws.registry import LAWS
from vrest.models.priors import Gamma, HalfNormal, LogNormal, Normal

INTERPRETED = Mode(linker="py", optimizer="merge")  # compiling takes longer than the few evaluations
PRIORS = [LogNormal(0.04, 1.0), HalfNormal(8.0), Normal(14.0, 10.0), Normal(0.0, 2.0, positive=False), Gamma(2.0, 0.1)]


def experiment(data=None, **settings):
    return prepare(recordings() if data is None else data, configure(**{"inside": INSIDE, **settings}))


def test_dims_and_coords():
    model = build_model(experiment())
    assert model.named_vars_to_dims["V_m"] == ("obs",)
    assert list(model.coords["obs"]) == list(range(2, 44))
    assert len(model.coords["condition"]) == 42
    assert {rv.name for rv in model.free_RVs} == {"p_Na", "p_Cl", "pump_mV", "Q10_pump", "Q10_leak", "sigma_mV"}


@pytest.mark.parametrize("law", ["nernst", "ghk", "ghk-pump"])
@pytest.mark.parametrize("robust", [False, True])
def test_density_and_gradient_are_finite_at_the_start(law, robust):
    model = build_model(experiment(law=law, robust=robust, inside="K=140+-10,Na=12+-3,Cl=10+-3"))
    f = model.logp_dlogp_function(ravel_inputs=True, mode=INTERPRETED)
    f.set_extra_values({})
    from pymc.blocking import DictToArrayBijection

    point = model.initial_point()
    value, gradient = f(DictToArrayBijection.map({v.name: point[v.name] for v in model.value_vars}))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert (gradient != 0).all()


def test_likelihood_in_numpy_is_the_models_own(full_fit):
    e, tree = full_fit.experiment, full_fit.tree
    few = tree["posterior"].to_dataset().isel(draw=slice(0, 5))[[p.symbol for p in e.parameters]]
    few = xr.DataTree.from_dict({"posterior": few})
    theirs = pm.compute_log_likelihood(few, model=build_model(e), extend_inferencedata=False, progressbar=False)["V_m"]
    mine = tree["log_likelihood"]["V_m"].isel(draw=slice(0, 5))
    assert mine.to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-8)


def test_log_prior_is_scipys(full_fit):
    values = parameter_values(full_fit.tree["posterior"].to_dataset(), full_fit.experiment)
    mine = full_fit.tree["log_prior"]["p_Na"].to_numpy()
    assert mine == pytest.approx(norm(np.log(0.04), 1).logpdf(np.log(values["P_Na/P_K"])) - np.log(values["P_Na/P_K"]))


def test_robust_likelihood_has_heavier_tails():
    e = experiment(robust=True)
    values = {p.name: np.array([p.prior.typical]) for p in e.parameters} | {"nu": np.array([3.0])}
    far = e.potential(values)[..., e.condition_of_row] + 10 * values["sigma_mV"]
    normal = norm(0, values["sigma_mV"]).logpdf(10 * values["sigma_mV"])
    assert (row_distribution(values, e).logpdf(far) > normal + 20).all()


def test_rows_that_are_means_weigh_by_their_error():
    """The scatter of a mean adds its own error in quadrature, in the model and afterwards alike."""
    data = recordings()
    data["V_m_error"] = ("obs", np.where(np.arange(42) == 3, 4.0, np.nan))
    e = experiment(data, priors={"sigma_mV": 3.0})
    values = {p.name: np.array([p.prior.typical]) for p in e.parameters}
    sd = row_distribution(values, e).std()[0]
    assert sd[3] == pytest.approx(5.0)
    assert sd[4] == pytest.approx(3.0)


def test_pymc_priors_are_the_priors():
    from vrest.fitting.model.model import random_variable
    from vrest.models.parameters import Parameter

    for prior in PRIORS:
        with pm.Model():
            rv = random_variable(Parameter("x", "1", "x", prior, "x"))
        x = np.array([0.01, 0.5, 3.0, 20.0])
        assert pm.logp(rv, x).eval() == pytest.approx(prior.log_density(x), rel=1e-8)


@pytest.mark.parametrize("law", [law for law in LAWS if law != "nernst"])
def test_every_law_gives_the_model_what_it_gives_numpy(law):
    settings = {"inside": "K=140,Na=12" if law == "mullins-noda" else INSIDE, "law": law}
    e = experiment(recordings(K_o=(2.5, 5, 10)), **settings)
    values = {p.name: np.array([p.prior.typical]) for p in e.parameters}
    theta = {name: value[:, None] for name, value in values.items()}
    plain = e.law.potential(theta, e.conditions, e.reference)
    assert e.potential(values) == pytest.approx(plain, abs=1e-9)
    point = {p.symbol: p.prior.typical for p in e.parameters}
    with build_model(e) as model:
        density, given = pm.logp(model["V_m"], model["V_m_observed"]), {model[n]: x for n, x in point.items()}
        logp = density.eval(given, mode=INTERPRETED)
    assert logp == pytest.approx(row_distribution(values, e).logpdf(e.recordings["V_m"].to_numpy())[0], rel=1e-9)
