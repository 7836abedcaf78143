"""The probabilistic model: priors, law and scatter as a PyMC model with named dimensions.

Only free parameters and the likelihood live in the graph. Whatever follows from them is computed from the draws
afterwards, by the same equations on NumPy arrays.
"""

from dataclasses import replace

import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.transforms import LogExpM1

from ..models import root  # noqa: F401  teaches the equations PyTensor
from ..models.conditions import Conditions
from ..models.parameters import NU, PUMP, SIGMA, Parameter
from ..models.priors import Gamma, HalfNormal, LogNormal, Normal
from .experiment import Experiment


class Softplus(LogExpM1):
    """x = log(1 + exp(y)), the logarithm's inverse near 0 and a straight line above: PyMC's own, under a plain name."""

    name = "softplus"  # PyMC cannot undo a transform whose name has an underscore


def random_variable(parameter: Parameter):
    """The parameter as a PyMC random variable of the current model, under its tree name."""
    name, prior = parameter.symbol, parameter.prior
    match prior:
        case LogNormal():
            return pm.LogNormal(name, mu=prior.centre, sigma=prior.sigma)
        case HalfNormal():
            # Confounded with P_Na/P_K along a straight ridge that ends at 0: a logarithm would bend it.
            bent = {"default_transform": Softplus()} if parameter.name == PUMP.name else {}
            return pm.HalfNormal(name, sigma=prior.sigma, **bent)
        case Normal(positive=True):
            return pm.TruncatedNormal(name, mu=prior.mean, sigma=prior.sigma, lower=0)
        case Normal():
            return pm.Normal(name, mu=prior.mean, sigma=prior.sigma)
        case Gamma():
            return pm.Gamma(name, alpha=prior.alpha, beta=prior.beta)
    raise TypeError(f"{type(prior).__name__} cannot be sampled")


def _as_data(at: Conditions, prefix: str, dims: str | None) -> Conditions:
    """The same conditions as data containers of the current model, so that they can be exchanged without recompiling."""

    def data(name, value):
        return pm.Data(f"{prefix}{name}", value, dims=dims)

    return replace(
        at,
        c_o={name: data(f"{name}_o", x) for name, x in at.c_o.items()},
        c_i={name: data(f"{name}_i", x) for name, x in at.c_i.items()},
        temperature_C=data("temperature", at.temperature_C),
        blocked=data("blocked", at.blocked),
    )


def build_model(experiment: Experiment) -> pm.Model:
    """The experiment's PyMC model; dims `condition` (solved once each) and `obs` (rows of the table).

    The likelihood is Normal, or Student t where the configuration says `robust`; the error that a row carries of its
    own is added to the scatter in quadrature.
    """
    recordings = experiment.recordings
    coords = {"obs": recordings["row"].to_numpy(), "condition": range(experiment.n_conditions)}
    with pm.Model(coords=coords) as model:
        at = _as_data(experiment.conditions, "", "condition")
        reference = _as_data(experiment.reference, "reference_", None)
        condition_of_row = pm.Data("condition_of_row", experiment.condition_of_row, dims="obs")
        error = pm.Data("V_m_error", experiment.error_mV, dims="obs")
        observed = pm.Data("V_m_observed", recordings["V_m"].to_numpy(), dims="obs")

        theta = {p.name: random_variable(p) for p in experiment.parameters} | dict(experiment.fixed)
        mu = experiment.law.potential(theta, at, reference)[condition_of_row]
        scatter = pt.sqrt(theta[SIGMA.name] ** 2 + error**2)
        if NU.name in theta:
            pm.StudentT("V_m", nu=theta[NU.name], mu=mu, sigma=scatter, observed=observed, dims="obs")
        else:
            pm.Normal("V_m", mu=mu, sigma=scatter, observed=observed, dims="obs")
    return model
