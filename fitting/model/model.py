"""The probabilistic model: priors, law and scatter as a PyMC model with named dimensions.

Only free parameters and the likelihood live in the graph. Whatever follows from them is computed from the draws
afterwards, by the same equations on NumPy arrays.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.transforms import LogExpM1

from ...models.conditions import Conditions
from ...models.parameters import (
    NU,
    PUMP,
    PUMP_CURRENT,
    Q10_LEAK,
    Q10_PUMP,
    R_IN_SCATTER,
    SIGMA,
    Parameter,
    Role,
    offset,
)
from ...models.priors import Fixed, Gamma, HalfNormal, LogNormal, Normal
from ...models.solver import root  # noqa: F401  teaches the equations PyTensor
from ..experiment.experiment import Experiment
from .cells import from_place, place_prior, speeds_tied
from .model_data import collapsed, model_data


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
            bent = {"default_transform": Softplus()} if parameter.role is Role.PUMP else {}
            return pm.HalfNormal(name, sigma=prior.sigma, dims=dims, **bent)
        case Normal(positive=True):
            return pm.TruncatedNormal(name, mu=prior.mean, sigma=prior.sigma, lower=0, dims=dims)
        case Normal():
            return pm.Normal(name, mu=prior.mean, sigma=prior.sigma, dims=dims)
        case Gamma():
            return pm.Gamma(name, alpha=prior.alpha, beta=prior.beta, dims=dims)
    raise TypeError(f"{type(prior).__name__} cannot be sampled")


def _width(parameter: Parameter, dims: str | None = None):
    """The sd of cells or of offsets, of either sign, which means nothing: smooth across 0, where a logarithm has a tail
    that chains are slow to leave.
    """
    if not isinstance(parameter.prior, HalfNormal):
        return random_variable(parameter, dims)
    return parameter.prior.sigma * pm.Normal(parameter.either_sign, 0.0, 1.0, dims=dims)


def _as_variables(at: Conditions, prefix: str, data: Mapping[str, Any]) -> Conditions:
    """The same conditions as variables of the graph."""
    return at.with_arrays({name: data[prefix + name] for name in at.arrays})


def _of_each_cell(experiment: Experiment, parameter: Parameter, mean, estimate, variance):
    """The parameter's value in every cell: its group's, and a Normal deviation on the scale on which cells differ.

    `estimate` and `variance` are what the cells' own rows say of it on that scale: where to look for it.
    """
    spread = experiment.spreads[parameter.name]
    by_group = experiment.config.spread == "group" and bool(experiment.levels.groups)
    width = _width(spread, "population" if by_group else None)
    group_of_cell = experiment.levels.group_of_cell
    width = width[group_of_cell] if by_group else width
    middle = parameter.between.of(mean[group_of_cell] if experiment.levels.groups else mean)
    mu, sigma = place_prior(middle, width, estimate, variance)
    place = pm.Normal(parameter.place, mu=mu, sigma=sigma, dims="cell")
    return parameter.between.undo(from_place(place, middle, width, estimate, variance))


def _pump_speed(experiment: Experiment, leak):
    """Q10_pump, sampled as its ratio to Q10_leak: steady potentials know the ratio well and either alone hardly."""
    prior = next(p.prior for p in experiment.parameters if p.name == Q10_PUMP.name)
    ratio = pm.Normal(Q10_PUMP.place, mu=prior.centre - pt.log(leak), sigma=prior.sd)
    return pt.exp(ratio) * leak


def _theta(experiment: Experiment, data: Mapping[str, Any], reference: Conditions) -> dict:
    """All parameters of the law and of the scatter; those that vary run over the conditions."""
    levels, theta = experiment.levels, dict[str, Any](experiment.fixed)
    for p in experiment.parameters:
        if p.name == Q10_PUMP.name and speeds_tied(experiment):
            continue
        varies = experiment.varies(p.name)
        theta[p.name] = value = random_variable(p, "population" if varies and levels.groups else None)
        if varies and levels.cells:
            alone = data[f"{p.symbol}_alone"], data[f"{p.symbol}_variance"]
            theta[p.name] = _of_each_cell(experiment, p, value, *alone)
    if speeds_tied(experiment):
        theta[Q10_PUMP.name] = _pump_speed(experiment, theta[Q10_LEAK.name])
    if PUMP.name in theta and PUMP_CURRENT in experiment.law.quantities:  # once a cell, not once a condition
        theta[PUMP_CURRENT.name] = experiment.law.derived(theta, reference)[PUMP_CURRENT.name]
    if not levels.entries:
        return theta
    return {name: x[data["entry_of_condition"]] if np.ndim(x) else x for name, x in theta.items()}


def _offsets(experiment: Experiment, data: Mapping[str, Any]):
    """Electrode offsets of every row in mV, sampled in the coordinate that cells' parameters are sampled in."""
    total = 0.0
    for per, parameter in experiment.offsets.items():
        variance, known = data[f"offset_{per}_variance"], data.get(f"offset_{per}_sd")
        width = _width(parameter) if known is None else known
        place = pm.Normal(offset(per).place, 0.0, place_prior(0.0, width, 0.0, variance)[1], dims=f"{per}_offset")
        total = total + from_place(place, 0.0, width, 0.0, variance)[data[f"{per}_of_row"]]
    return total


def _replicated(V_m, sigma, data: Mapping[str, Any]) -> None:
    """The Normal likelihood of all rows, from each condition's mean and the squares around it; exactly theirs."""
    number = data["V_m_number"]
    pm.Normal("V_m_mean", mu=V_m, sigma=sigma / pt.sqrt(number), observed=data["V_m_mean_observed"], dims="condition")
    left = pt.sum(number - 1)  # degrees of freedom within conditions
    within = -left * (pt.log(sigma) + 0.5 * np.log(2 * np.pi)) - data["V_m_squares"] / (2 * sigma**2)
    pm.Potential("V_m_within", within - 0.5 * pt.sum(pt.log(number)))


def build_model(experiment: Experiment) -> pm.Model:
    """The experiment's PyMC model; dims `condition` (solved once each) and `obs` (rows of the table).

    The likelihood is Normal, or Student t where the configuration says `robust`; the error that a row carries of its
    own is added to the scatter in quadrature.
    """
    coords: dict[str, Any] = {
        "obs": experiment.recordings["row"].to_numpy(),
        "condition": range(len(experiment.conditions.temperature_C)),
    }
    if experiment.resistance:
        coords["R_in_row"] = coords["obs"][experiment.resistance.rows]
    coords |= {f"{per}_offset": experiment.labels_of(per)[0] for per in experiment.offsets}
    coords |= {name: names for name, names in experiment.levels.coords.items() if names}
    with pm.Model(coords=coords) as model:
        data = {name: pm.Data(name, value, dims=dims) for name, (value, dims) in model_data(experiment).items()}
        at = _as_variables(experiment.conditions, "", data)
        reference = _as_variables(experiment.reference, "reference_", data)

        theta = _theta(experiment, data, reference)
        V_m = experiment.law.potential(theta, at, reference)
        if collapsed(experiment):
            _replicated(V_m, theta[SIGMA.name], data)
        else:
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
