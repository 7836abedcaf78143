"""The posterior's log-density and gradient as machine code.

The law's equations are traced and compiled in a tenth of a second; numbers and lengths are read when the code runs, so that
experiments of one structure share it. Nothing is kept on disk.
"""

from collections.abc import Mapping

import numpy as np

from ...models.compiling.machine import Machine, compiled
from ...models.compiling.reverse import gradient
from ...models.compiling.schedule import Schedule
from ..experiment.experiment import Experiment
from .traced import Free, Traced


class Density:
    """Log-density and gradient of one experiment.

    Attributes
    ----------
    free : the parameters, in the order of the flat vector.
    machine : the compiled function. table : what it reads.

    Raises
    ------
    NumbersOnly
        A law of the user's own calls what only numbers or PyTensor's variables have.
    """

    def __init__(self, experiment: Experiment):
        traced = Traced(experiment)
        self.free: list[Free] = traced.free
        self.table = traced.graph.table()
        self.machine: Machine = compiled(Schedule(traced.graph, *gradient(traced.graph, traced.terms)))

    @property
    def size(self) -> int:
        return sum(p.size for p in self.free)

    def __call__(self, x: np.ndarray) -> tuple[int, float, np.ndarray]:
        """Status (0, or 3 where something is not finite), log-density and gradient at a flat vector."""
        return self.machine(x, self.table)

    def flatten(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """The flat vector of parameter values by tree name."""
        return np.concatenate([np.ravel(p.unconstrain(np.broadcast_to(values[p.name], p.shape))) for p in self.free])

    def unflatten(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Parameter values by tree name, of flat vectors on the last axis."""
        ends = np.cumsum([p.size for p in self.free])[:-1]
        parts = np.split(x, ends, axis=-1)
        return {
            p.name: p.constrain(y.reshape((*x.shape[:-1], *p.shape))) for p, y in zip(self.free, parts, strict=True)
        }
