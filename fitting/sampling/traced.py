"""The posterior's log-density in the language of the compiler: its terms, as traced scalars, and all that they read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...models.compiling import functions as f
from ...models.compiling.trace import Axis, Graph, Node
from ...models.parameters import Parameter, Role
from ...models.priors import Gamma, HalfNormal, LogNormal, Normal
from ..experiment.experiment import Experiment
from ..experiment.levels import dim
from ..model.model_data import alike, model_data
from ..model.structure import Language, describe
from ..model.tiers import CELL

_CONDITION = Axis("condition", long=True)
_WITHIN = {name: Axis(name, _CONDITION, long=True) for name in ("obs", "R_in_row")}
_BELONGS = {"condition_of_row": "obs", "R_in_condition": "R_in_row"}
"""The index by which an axis lies within the conditions."""


@dataclass(frozen=True)
class Free:
    """One free parameter in the density's flat vector: its tree name, shape, dims, and the scale it is sampled on."""

    name: str
    shape: tuple[int, ...]
    dims: tuple[str, ...]
    scale: str

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=int))

    def constrain(self, x: np.ndarray) -> np.ndarray:
        """Back to the natural scale; a test holds it against PyMC's own transforms."""
        if self.scale == "log":
            return np.exp(x)
        return np.logaddexp(0, x) if self.scale == "softplus" else x

    def unconstrain(self, x: np.ndarray) -> np.ndarray:
        """The inverse of `constrain`."""
        if self.scale == "log":
            return np.log(x)
        return np.log(np.expm1(x)) if self.scale == "softplus" else np.asarray(x, float)


class Traced(Language):
    """An experiment's log-density, up to a constant, as a graph.

    Attributes
    ----------
    graph : with the numbers and arrays of this experiment; experiments of one structure have the same nodes.
    terms : what is summed. free : the parameters, in the order of the flat vector.
    """

    def __init__(self, experiment: Experiment):
        self.graph, self.terms, self.free = Graph(), list[Node](), list[Free]()
        self.by_condition = alike(experiment)
        arrays = model_data(experiment, self.by_condition)
        # Whatever lies within the conditions, in their order.
        order = {dims: np.argsort(arrays[name][0], kind="stable") for name, dims in _BELONGS.items() if name in arrays}
        above = {dim(k): 2 for k in range(len(experiment.levels.above))}
        fineness = {"population": 0, **above, CELL: 3, "condition": 4, "obs": 5, "R_in_row": 6}
        lengths = {dims: len(x) for x, dims in arrays.values() if dims}
        lengths |= {name: len(labels) for name, labels in experiment.labels.items() if labels}
        self.axes = {"condition": _CONDITION, **_WITHIN}
        ordered = sorted(lengths, key=lambda name: (fineness.get(name, 1), name))
        self.axes = {name: self.axes.get(name, Axis(name)) for name in ordered}
        self.graph.axes.update({axis: lengths[name] for name, axis in self.axes.items()})
        self.data = {
            name: self._read(name, x[order[dims]] if dims in order else x, dims) for name, (x, dims) in arrays.items()
        }
        describe(experiment, self)

    def _read(self, name: str, values: np.ndarray, dims: str | None) -> Node:
        if dims is None:
            return self.graph.number(float(values))
        axis = self.axes[dims]
        return self.graph.nest(axis, values) if name in _BELONGS else self.graph.data(values, axis)

    def number(self, value: float) -> Node:
        return self.graph.number(value)

    def _free(self, name: str, dims: str | None, scale: str) -> Node:
        axis = self.axes[dims] if dims else None
        shape = () if axis is None else (self.graph.axes[axis],)
        self.free.append(Free(name, shape, (dims,) if dims else (), scale))
        return self.graph.parameter(axis)

    def sampled(self, parameter: Parameter, dims: str | None = None) -> Node:
        """On the scale that PyMC samples the prior on; the density's constant factors are left out."""
        name, prior, number = parameter.symbol, parameter.prior, self.number
        match prior:
            case LogNormal():
                y = self._free(name, dims, "log")
                self.terms.append(_half_square((y - number(prior.centre)) / number(prior.sigma)))
                return f.exp(y)
            case HalfNormal() if parameter.role is Role.PUMP:
                y = self._free(name, dims, "softplus")
                x = f.softplus(y)
                self.terms.append(_half_square(x / number(prior.sigma)) - f.softplus(-y))
                return x
            case HalfNormal() | Normal(positive=True):
                y = self._free(name, dims, "log")
                x, (mean, sd) = f.exp(y), prior.uncut
                self.terms.append(_half_square((x - number(mean)) / number(sd)) + y)
                return x
            case Normal():
                return self.normal(name, number(prior.mean), number(prior.sigma), dims)
            case Gamma():
                y = self._free(name, dims, "log")
                x = f.exp(y)
                self.terms.append(number(prior.alpha) * y - number(prior.beta) * x)
                return x
        raise TypeError(f"{type(prior).__name__} cannot be sampled")

    def normal(self, name: str, mean: Any, sd: Any, dims: str | None = None) -> Node:
        x = self._free(name, dims, "natural")
        self.terms.append(self._normal(x, mean, sd))
        return x

    def student_t(self, name: str, nu: Any, mean: Any, scale: Any, dims: str) -> Node:
        x = self._free(name, dims, "natural")
        self.terms.append(self._student_t(x, nu, mean, scale))
        return x

    def _student_t(self, x: Node, nu: Node, mean: Any, scale: Any) -> Node:
        z = (x - mean) / scale
        height = f.log_gamma((nu + 1.0) / 2.0) - f.log_gamma(nu / 2.0) - 0.5 * f.log(nu)
        return height - f.log(scale) - (nu + 1.0) / 2.0 * f.log1p(z * z / nu)

    def _normal(self, x: Node, mean: Any, sd: Any) -> Node:
        return _half_square((x - mean) / sd) - (f.log(sd) if isinstance(sd, Node) else float(np.log(sd)))

    def seen(self, name: str, family: str, given: Mapping[str, Any], observed: Node, dims: str) -> None:
        match family:
            case "normal":
                self.terms.append(self._normal(observed, given["mu"], given["sigma"]))
            case "log_normal":
                self.terms.append(self._normal(f.log(observed), given["mu"], given["sigma"]))
            case "student_t":
                self.terms.append(self._student_t(observed, given["nu"], given["mu"], given["sigma"]))

    def term(self, name: str, value: Node) -> None:
        self.terms.append(value)


def _half_square(z: Node) -> Node:
    return -0.5 * (z * z)
