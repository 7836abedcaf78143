"""The model as PyMC's, with named dimensions, twice: as it is sampled, the reference of the compiled density; and as the tree
has it, which is what `fit.model` is.
"""

from collections.abc import Mapping
from typing import Any

import pymc as pm
from pymc.distributions.transforms import LogExpM1
from pytensor.tensor import as_tensor, exp

from ...models.parameters import Parameter, Role
from ...models.priors import Fixed, Gamma, HalfNormal, LogNormal, Normal, Scale
from ...models.solver import root  # noqa: F401  teaches the equations PyTensor
from ..experiment.experiment import Experiment
from .model_data import collapsed, model_data
from .structure import Language, describe


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


_FAMILIES = {"normal": pm.Normal, "log_normal": pm.LogNormal, "student_t": pm.StudentT}


class _PyMC(Language):
    """Writes into the current PyMC model."""

    def __init__(self, experiment: Experiment):
        self.by_condition = collapsed(experiment)
        arrays = model_data(experiment, self.by_condition)
        self.data = {name: pm.Data(name, value, dims=dims) for name, (value, dims) in arrays.items()}

    def number(self, value: float) -> float:
        return value

    def sampled(self, parameter: Parameter, dims: str | None = None):
        return random_variable(parameter, dims)

    def normal(self, name: str, mean: Any, sd: Any, dims: str | None = None):
        return pm.Normal(name, mean, sd, dims=dims)

    def student_t(self, name: str, nu: Any, mean: Any, scale: Any, dims: str):
        return pm.StudentT(name, nu, mu=mean, sigma=scale, dims=dims)

    def seen(self, name: str, family: str, given: Mapping[str, Any], observed: Any, dims: str) -> None:
        _FAMILIES[family](name, **given, observed=observed, dims=dims)

    def term(self, name: str, value: Any) -> None:
        pm.Potential(name, value)


class _AsReported(_PyMC):
    """The same with the tree's names: cells, levels and offsets are random variables of their own, V_m is seen row by row."""

    as_reported = True

    def __init__(self, experiment: Experiment):
        self.by_condition = False
        self.data = {name: as_tensor(value) for name, (value, _) in model_data(experiment, False).items()}
        observed = experiment.recordings["V_m"].to_numpy()
        self.data["V_m_observed"] = pm.Data("V_m_observed", observed, dims="obs")

    def placed(self, name, place, scale, middle, width, estimate, variance, dims, nu=None):
        if nu is None:
            family = pm.LogNormal if scale is Scale.LOG else pm.Normal
            return scale.of(family(name, middle, width, dims=dims))
        if scale is Scale.NATURAL:
            return pm.StudentT(name, nu, mu=middle, sigma=width, dims=dims)
        positive = pm.distributions.transforms.log
        return scale.of(pm.CustomDist(name, nu, middle, width, dist=_log_student_t, transform=positive, dims=dims))


def _log_student_t(nu, mean, scale, size):
    """What has a Student t logarithm."""
    return exp(pm.StudentT.dist(nu, mu=mean, sigma=scale, size=size))


def reported_model(experiment: Experiment) -> pm.Model:
    """The posterior as the tree reports it: draws of the tree are points of this model."""
    return _written(experiment, _AsReported)


def build_model(experiment: Experiment) -> pm.Model:
    """The experiment's PyMC model as it is sampled; dims `condition` (solved once each) and `obs` (rows of the table)."""
    return _written(experiment, _PyMC)


def _written(experiment: Experiment, language: type[_PyMC]) -> pm.Model:
    coords: dict[str, Any] = {
        "obs": experiment.recordings["row"].to_numpy(),
        "condition": range(len(experiment.conditions.temperature_C)),
    }
    if experiment.resistance:
        coords["R_in_row"] = coords["obs"][experiment.resistance.rows]
    coords |= {f"{per}_offset": experiment.labels_of(per)[0] for per in experiment.offsets}
    coords |= {name: names for name, names in experiment.levels.coords.items() if names}
    with pm.Model(coords=coords) as model:
        describe(experiment, language(experiment))
    return model
