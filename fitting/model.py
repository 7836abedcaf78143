"""The probabilistic model: priors, law and scatter as a PyMC model with named dimensions.

Only free parameters and the likelihood live in the graph. Whatever follows from them is computed from the draws
afterwards, by the same equations on NumPy arrays.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.transforms import LogExpM1

from ..models import root  # noqa: F401  teaches the equations PyTensor
from ..models.conditions import Conditions
from ..models.parameters import NU, PUMP, R_IN_SCATTER, SIGMA, Parameter
from ..models.priors import Fixed, Gamma, HalfNormal, LogNormal, Normal
from .experiment import Experiment
from .linear import centring, offset_centring


class Softplus(LogExpM1):
    """x = log(1 + exp(y)), the logarithm's inverse near 0 and a straight line above: PyMC's own, under a plain name."""

    name = "softplus"  # PyMC cannot undo a transform whose name has an underscore


def random_variable(parameter: Parameter, dims: str | None = None):
    """The parameter as a PyMC random variable of the current model, under its tree name; fixed ones are numbers."""
    name, prior = parameter.symbol, parameter.prior
    match prior:
        case Fixed():
            return prior.value
        case LogNormal():
            return pm.LogNormal(name, mu=prior.centre, sigma=prior.sigma, dims=dims)
        case HalfNormal():
            # Confounded with P_Na/P_K along a straight ridge that ends at 0: a logarithm would bend it.
            bent = {"default_transform": Softplus()} if parameter.name == PUMP.name else {}
            return pm.HalfNormal(name, sigma=prior.sigma, dims=dims, **bent)
        case Normal(positive=True):
            return pm.TruncatedNormal(name, mu=prior.mean, sigma=prior.sigma, lower=0, dims=dims)
        case Normal():
            return pm.Normal(name, mu=prior.mean, sigma=prior.sigma, dims=dims)
        case Gamma():
            return pm.Gamma(name, alpha=prior.alpha, beta=prior.beta, dims=dims)
    raise TypeError(f"{type(prior).__name__} cannot be sampled")


def _of_each_cell(experiment: Experiment, parameter: Parameter, mean):
    """The parameter's value in every cell: its group's, times the exponential of a Normal deviation.

    What is sampled lies between the cell's own logarithm (weight 1, centred: right for cells that the data inform) and
    its standardised deviation from the group (weight 0, non-centred), each cell at its own place.
    """
    spread = experiment.spreads[parameter.name]
    by_group = experiment.config.spread == "group" and bool(experiment.levels.groups)
    width = random_variable(spread, "population" if by_group else None)
    group_of_cell = experiment.levels.group_of_cell
    width = width[group_of_cell] if by_group else width
    weight = pm.Data(f"{parameter.symbol}_centring", centring(experiment)[parameter.name], dims="cell")
    middle = pt.log(mean[group_of_cell] if experiment.levels.groups else mean)
    place = pm.Normal(f"{parameter.symbol}_place", mu=weight * middle, sigma=width**weight, dims="cell")
    return pt.exp(middle + width ** (1 - weight) * (place - weight * middle))


def _theta(experiment: Experiment) -> dict:
    """All parameters of the law and of the scatter; those that vary run over the conditions."""
    levels, theta = experiment.levels, dict(experiment.fixed)
    for p in experiment.parameters:
        if not experiment.varies(p.name):
            theta[p.name] = random_variable(p)
            continue
        value = random_variable(p, "population" if levels.groups else None)
        if levels.cells:
            value = _of_each_cell(experiment, p, value)
        theta[p.name] = value[pm.Data(f"{p.symbol}_entry", experiment.entry_of_condition, dims="condition")]
    return theta


def _offsets(experiment: Experiment):
    """Electrode offsets of every row in mV, sampled between centred and standardised as cells' parameters are."""
    total = 0.0
    for per, parameter in experiment.offsets.items():
        weight = offset_centring(experiment, per)
        width = random_variable(parameter)
        place = pm.Normal(f"offset_{per}_place", 0.0, width**weight, dims=f"{per}_offset")
        index = pm.Data(f"{per}_of_row", experiment.labels_of(per)[1], dims="obs")
        total = total + (width ** (1 - weight) * place)[index]
    return total


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
        seal=data("seal", at.seal) if np.ndim(at.seal) else at.seal,
    )


def build_model(experiment: Experiment) -> pm.Model:
    """The experiment's PyMC model; dims `condition` (solved once each) and `obs` (rows of the table).

    The likelihood is Normal, or Student t where the configuration says `robust`; the error that a row carries of its
    own is added to the scatter in quadrature.
    """
    recordings = experiment.recordings
    coords: dict[str, Any] = {
        "obs": recordings["row"].to_numpy(),
        "condition": range(len(experiment.conditions.temperature_C)),
    }
    if experiment.resistance:
        coords["R_in_row"] = coords["obs"][experiment.resistance.rows]
    coords |= {f"{per}_offset": experiment.labels_of(per)[0] for per in experiment.offsets}
    coords |= {name: names for name, names in experiment.levels.coords.items() if names}
    with pm.Model(coords=coords) as model:
        at = _as_data(experiment.conditions, "", "condition")
        reference = _as_data(experiment.reference, "reference_", None)
        condition_of_row = pm.Data("condition_of_row", experiment.condition_of_row, dims="obs")
        error = pm.Data("V_m_error", experiment.error_mV, dims="obs")
        observed = pm.Data("V_m_observed", recordings["V_m"].to_numpy(), dims="obs")

        theta = _theta(experiment)
        V_m = experiment.law.potential(theta, at, reference)
        mu = V_m[condition_of_row] + _offsets(experiment)
        scatter = pt.sqrt(theta[SIGMA.name] ** 2 + error**2)
        if NU.name in theta:
            pm.StudentT("V_m", nu=theta[NU.name], mu=mu, sigma=scatter, observed=observed, dims="obs")
        else:
            pm.Normal("V_m", mu=mu, sigma=scatter, observed=observed, dims="obs")
        found = experiment.resistance
        if found:
            middle = found.log_MOhm(experiment.law, theta, at, reference, V_m, experiment.condition_of_row)
            width = found.sd(pt.as_tensor(theta.get(R_IN_SCATTER.name, 1.0)))
            pm.LogNormal("R_in", mu=middle, sigma=width, observed=found.R_in_MOhm, dims="R_in_row")
    return model
