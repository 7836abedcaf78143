"""Many fits of one design: the model is compiled once in each process, and only data change hands."""

from collections.abc import Callable
from dataclasses import replace
from threading import Lock

import numpy as np
import xarray as xr

from ..experiment.config import Sampling
from ..experiment.experiment import Experiment
from ..model.cells import with_cells
from ..model.draws import Draws
from ..model.model_data import design_of
from .sampling import Sampler, compile_sampler

QUICK = Sampling(chains=2, draws=500, tune=500, sampler="nutpie")
"""Enough for one of many fits, whose intervals and ranks are wanted and not its last digit."""

Drawer = Callable[..., Draws]
"""(sampling, seed, progress) to draws."""

_compiled: dict[str, Sampler] = {}
_lock = Lock()


def sampler_of(experiment: Experiment) -> Drawer:
    """What draws from an experiment's posterior, with the model that this process has compiled for its design."""
    name = experiment.config.sampling.sampler
    key = name + design_of(experiment)
    with _lock:  # a worker may have threads, and compiling twice would cost more than waiting
        if key not in _compiled:
            _compiled[key] = compile_sampler(experiment, name, cores=1)
    return lambda sampling, seed, progress=False: _compiled[key].draw(sampling, seed, progress, experiment)


def longer(sampling: Sampling) -> Sampling:
    """For a fit that fell short: four times the draws, twice the warm-up, smaller steps."""
    return replace(sampling, draws=4 * sampling.draws, tune=2 * sampling.tune, target_accept=0.99)


def least_ess(arrays: list[np.ndarray]) -> float:
    """The smallest bulk effective sample size among draws (chain, draw)."""
    from arviz_stats.base import array_stats

    return float(min(array_stats.ess(x, method="bulk") for x in arrays))


def sampled(experiment: Experiment, sampling: Sampling, seed: int) -> tuple[xr.Dataset, int]:
    """Draws with the cells' values in place, and the number of divergences."""
    draws = sampler_of(experiment)(sampling, seed)
    return with_cells(draws.posterior.astype(float), experiment), int(draws.sample_stats["diverging"].sum())
