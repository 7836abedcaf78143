"""Draw from the posterior: by nutpie on the compiled density; `pymc` and `numpyro` are there to check it."""

import warnings
from functools import cache

import numpy as np
import xarray as xr

from ...models.errors import SamplerWarning
from ..experiment.config import Sampling
from ..experiment.experiment import Experiment
from ..model.draws import Draws
from ..model.linear import starting_point
from ..model.structure import NumbersOnly
from .by_nutpie import STATISTICS, Arrays, InterfaceChanged, draw_by_nutpie
from .by_pymc import Drawn, draw_by_pymc
from .density import Density


def draw(experiment: Experiment, sampling: Sampling, seed: int, progress: bool = False, cores: int = 1) -> Draws:
    """Sample an experiment's posterior, by the sampler that `sampling` names; the same seed gives the same draws."""
    name = "nutpie" if sampling.sampler == "auto" else sampling.sampler
    if name == "nutpie":
        try:
            density = Density(experiment)
            start = density.flatten(starting_point(experiment))
            draws, statistics, tuning = draw_by_nutpie(density, start, sampling, seed, cores, progress)
            drawn = {p.name: (p.dims, draws[p.name]) for p in density.free}
            return _as_draws(experiment, name, drawn, statistics, tuning)
        except InterfaceChanged as error:
            why = (
                f"this version of nutpie is not one that vrest knows ({error}). Install the one that it was tested with"
            )
        except NumbersOnly as error:
            why = f"the law {experiment.law.name} cannot be compiled ({error.__cause__}); call what namespace(x) has"
        name = "pymc"
        _say(f"PyMC samples, which takes longer: {why}.")
    return _as_draws(experiment, name, *draw_by_pymc(experiment, sampling, seed, cores, progress, name))


@cache
def _say(sentence: str) -> None:
    """Warn once: a fit draws several times."""
    warnings.warn(sentence, SamplerWarning, stacklevel=3)


def _as_draws(experiment: Experiment, sampler: str, draws: Drawn, statistics: Arrays, tuning: int) -> Draws:
    kept = {name: statistics[name] for name in STATISTICS if name in statistics}
    chains, n = kept["diverging"].shape
    axes = {"chain": np.arange(chains), "draw": np.arange(n)}
    labels = experiment.labels
    beside = {dim: list(labels[dim]) for dims, _ in draws.values() for dim in dims}
    return Draws(
        xr.Dataset({name: (("chain", "draw", *dims), x) for name, (dims, x) in draws.items()}, {**axes, **beside}),
        xr.Dataset({name: (("chain", "draw"), x) for name, x in kept.items()}, axes, {"tuning": tuning}),
        sampler,
    )
