"""Further fits of an experiment under other assumptions, each at the price of sampling alone.

What varies is data to the compiled density (or, where the structure changes, a tenth of a second of compilation), so that
answers can be shown to depend on a prior, on what was assumed inside, on a cell or a row, by real fits.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from ...models.priors import Prior
from ..experiment.build import build_experiment
from ..experiment.config import Sampling
from ..experiment.experiment import Experiment
from ..experiment.inside import Inside
from ..model.cells import with_cells
from ..model.draws import with_derived
from .array_stats import array_stats
from .sampling import draw

QUICK = Sampling(chains=2, draws=500, tune=500, sampler="nutpie")
"""Enough for one of many fits, whose intervals and ranks are wanted and not its last digit."""
LOOK = Sampling(chains=2, draws=300, tune=400, sampler="nutpie")
"""Of a refit that is to show how far a median moves: to a tenth of its sd."""
_LEFT_OUT_mV = 1e6  # own error that takes a row out of the likelihood


@dataclass(frozen=True)
class Variation:
    """What a refit assumes otherwise; nothing, if nothing is given.

    Attributes
    ----------
    priors : other priors, by parameter name.
    inside : other concentrations inside, by ion; they replace columns of the table too.
    without : a mask of rows that are left out. Their cells stay, and are then as their population.
    shift_mV : what is added to V_m, in all rows or row by row: another junction potential.
    """

    priors: Mapping[str, Prior] = field(default_factory=dict)
    inside: Mapping[str, Inside] = field(default_factory=dict)
    without: np.ndarray | None = None
    shift_mV: float | np.ndarray = 0.0


@dataclass(frozen=True)
class Refit:
    """One refit: the experiment as varied, draws as a fit's tree has them (cells and derived quantities in place)."""

    variation: Variation
    experiment: Experiment
    posterior: xr.Dataset
    divergences: int


def refits(
    experiment: Experiment, variations: Iterable[Variation], sampling: Sampling = QUICK, seed: int = 0, cores: int = 1
) -> Iterator[Refit]:
    """Draws of the posterior under each variation, in order; `pump_mV` and the Q10s refer to the same condition in all.

    Raises
    ------
    VrestError
        A variation is one that the law or the table does not allow.
    """
    for number, variation in enumerate(variations):
        other = varied(experiment, variation)
        own_seed = int(np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(1)[0])
        posterior, divergences = sampled(other, sampling, own_seed, cores)
        yield Refit(variation, other, with_derived(posterior, other), divergences)


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


def varied(experiment: Experiment, variation: Variation) -> Experiment:
    """The experiment as a variation assumes it."""
    if variation.priors or variation.inside or np.any(variation.shift_mV):
        experiment = _assumed(experiment, variation)
    return experiment if variation.without is None else without_rows(experiment, variation.without)


def _assumed(experiment: Experiment, variation: Variation) -> Experiment:
    recordings = experiment.recordings.assign(V_m=experiment.recordings["V_m"] + variation.shift_mV)
    if "c_i" in recordings and variation.inside:
        other = recordings["ion"].isin(list(variation.inside))
        recordings = recordings.assign(c_i=recordings["c_i"].where(~other))
    config = experiment.config.updated(
        priors=dict(variation.priors), inside=dict(variation.inside), reference=dict(experiment.reference.bath)
    )
    found = build_experiment(recordings, config, blocks=bool(experiment.conditions.passive), law=experiment.law)
    if set(found.reference.c_i) != set(experiment.reference.c_i) or variation.inside:
        return found
    return replace(found, reference=experiment.reference)


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
