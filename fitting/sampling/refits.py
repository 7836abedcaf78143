"""Quick further fits of an experiment: of other recordings, under another prior, without some rows.

What varies is data to the compiled density, so that each costs its sampling alone (where the structure changes, a tenth of
a second of compilation on top).
"""

from dataclasses import replace

import numpy as np
import xarray as xr

from ..experiment.config import Sampling
from ..experiment.experiment import Experiment
from ..model.cells import with_cells
from .array_stats import array_stats
from .sampling import draw

QUICK = Sampling(chains=2, draws=500, tune=500, sampler="nutpie")
"""Enough for one of many fits, whose intervals and ranks are wanted and not its last digit."""
LOOK = Sampling(chains=2, draws=300, tune=400, sampler="nutpie")
"""Of a refit that is to show how far a median moves: to a tenth of its sd."""
_LEFT_OUT_mV = 1e6  # own error that takes a row out of the likelihood


def sampled(experiment: Experiment, sampling: Sampling, seed: int, cores: int = 1) -> tuple[xr.Dataset, int]:
    """Draws with the cells' values in place, and the number of divergences."""
    draws = draw(experiment, sampling, seed, cores=cores)
    return with_cells(draws.posterior.astype(float), experiment), int(draws.sample_stats["diverging"].sum())


def longer(sampling: Sampling) -> Sampling:
    """For a fit that fell short: four times the draws, twice the warm-up, smaller steps."""
    return replace(sampling, draws=4 * sampling.draws, tune=2 * sampling.tune, target_accept=0.99)


def least_ess(arrays: list[np.ndarray]) -> float:
    """The smallest bulk effective sample size among draws (chain, draw)."""
    return float(min(array_stats().ess(x, method="bulk") for x in arrays))


def without_rows(experiment: Experiment, without: np.ndarray) -> Experiment:
    """The experiment with neither the potentials nor the input resistances of some rows; all else stays."""
    error = np.where(without, _LEFT_OUT_mV, experiment.error_mV)
    found = replace(experiment, recordings=experiment.recordings.assign(V_m_error=("obs", error)))
    R = experiment.resistance
    if R is None:
        return found
    kept = ~without[R.rows]
    resistance = replace(R, rows=R.rows[kept], R_in_MOhm=R.R_in_MOhm[kept], own_sd=R.own_sd[kept])
    return replace(found, resistance=resistance if kept.any() else None)
