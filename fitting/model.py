"""The probabilistic model: priors, law and scatter as a PyMC model with named dimensions.

Only free parameters and the likelihood live in the graph. Whatever follows from them is computed from the draws
afterwards, by the same equations on NumPy arrays.
"""

from collections.abc import Mapping
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
from .model_data import model_data


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


def _as_variables(at: Conditions, prefix: str, data: Mapping[str, Any]) -> Conditions:
    """The same conditions as variables of the graph."""
    return replace(
        at,
        c_o={name: data[f"{prefix}{name}_o"] for name in at.c_o},
        c_i={name: data[f"{prefix}{name}_i"] for name in at.c_i},
        temperature_C=data[f"{prefix}temperature"],
        blocked=data[f"{prefix}blocked"],
        seal=data[f"{prefix}seal"] if np.ndim(at.seal) else at.seal,
    )


def _of_each_cell(experiment: Experiment, parameter: Parameter, mean, weight):
    """The parameter's value in every cell: its group's, times the exponential of a Normal deviation.

    What is sampled lies between the cell's own logarithm (weight 1, centred: right for cells that the data inform) and
    its standardised deviation from the group (weight 0, non-centred), each cell at its own place.
    """
    spread = experiment.spreads[parameter.name]
    by_group = experiment.config.spread == "group" and bool(experiment.levels.groups)
    width = random_variable(spread, "population" if by_group else None)
    group_of_cell = experiment.levels.group_of_cell
    width = width[group_of_cell] if by_group else width
    middle = pt.log(mean[group_of_cell] if experiment.levels.groups else mean)
    place = pm.Normal(f"{parameter.symbol}_place", mu=weight * middle, sigma=width**weight, dims="cell")
    return pt.exp(middle + width ** (1 - weight) * (place - weight * middle))


def _theta(experiment: Experiment, data: Mapping[str, Any]) -> dict:
    """All parameters of the law and of the scatter; those that vary run over the conditions."""
    levels, theta = experiment.levels, dict(experiment.fixed)
    for p in experiment.parameters:
        if not experiment.varies(p.name):
            theta[p.name] = random_variable(p)
            continue
        value = random_variable(p, "population" if levels.groups else None)
        if levels.cells:
            value = _of_each_cell(experiment, p, value, data[f"{p.symbol}_centring"])
        theta[p.name] = value[data[f"{p.symbol}_entry"]]
    return theta


def _offsets(experiment: Experiment, data: Mapping[str, Any]):
    """Electrode offsets of every row in mV, sampled between centred and standardised as cells' parameters are."""
    total = 0.0
    for per, parameter in experiment.offsets.items():
        weight = data[f"offset_{per}_centring"]
        width = random_variable(parameter)
        place = pm.Normal(f"offset_{per}_place", 0.0, width**weight, dims=f"{per}_offset")
        total = total + (width ** (1 - weight) * place)[data[f"{per}_of_row"]]
    return total


def build_model(experiment: Experiment) -> pm.Model:
    """The experiment's PyMC model; dims `condition` (solved once each) and `obs` (rows of the table).

    The likelihood is Normal, or Student t where the configuration says `robust`; the error that a row carries of its
    own is added to the scatter in quadrature.
    """
    coords: dict[str, Any] = {
        "obs": experiment.recordings["row"].to_numpy(),
        "condition": range(experiment.n_conditions),
    }
    if experiment.resistance:
        coords["R_in_row"] = coords["obs"][experiment.resistance.rows]
    coords |= {f"{per}_offset": experiment.labels_of(per)[0] for per in experiment.offsets}
    coords |= {name: names for name, names in experiment.levels.coords.items() if names}
    with pm.Model(coords=coords) as model:
        data = {name: pm.Data(name, value, dims=dims) for name, (value, dims) in model_data(experiment).items()}
        at = _as_variables(experiment.conditions, "", data)
        reference = _as_variables(experiment.reference, "reference_", data)

        theta = _theta(experiment, data)
        V_m = experiment.law.potential(theta, at, reference)
        mu = V_m[data["condition_of_row"]] + _offsets(experiment, data)
        scatter = pt.sqrt(theta[SIGMA.name] ** 2 + data["V_m_error"] ** 2)
        observed = data["V_m_observed"]
        if NU.name in theta:
            pm.StudentT("V_m", nu=theta[NU.name], mu=mu, sigma=scatter, observed=observed, dims="obs")
        else:
            pm.Normal("V_m", mu=mu, sigma=scatter, observed=observed, dims="obs")
        found = experiment.resistance
        if found:
            middle = found.log_MOhm(experiment.law, theta, at, reference, V_m, experiment.condition_of_row)
            width = found.sd(pt.as_tensor(theta.get(R_IN_SCATTER.name, 1.0)))
            pm.LogNormal("R_in", mu=middle, sigma=width, observed=data["R_in_observed"], dims="R_in_row")
    return model
