"""Many fits of one design: the model is compiled once in each process, and only data change hands."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from threading import Lock

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats

from ..models.parameters import Quantity
from .cells import with_cells
from .config import Sampling
from .experiment import Experiment
from .linear import starting_point
from .model import build_model, model_data
from .posterior import Draws, with_derived
from .sampling import Sampler, compile_sampler

QUICK = Sampling(chains=2, draws=500, tune=500, sampler="nutpie")
"""Enough for one of many fits, whose intervals and ranks are wanted and not its last digit."""

Drawer = Callable[..., Draws]
"""(sampling, seed, progress) to draws."""

_compiled: dict[str, Sampler] = {}
_lock = Lock()


def sampler_of(experiment: Experiment) -> Drawer:
    """What draws from an experiment's posterior, with the model that this process has compiled for its design."""
    key = design_of(experiment)
    with _lock:  # a worker may have threads, and compiling twice would cost more than waiting
        if key not in _compiled:
            sampling = experiment.config.sampling
            start = starting_point(experiment)
            _compiled[key] = compile_sampler(build_model(experiment), sampling, start, cores=1, exchange=True)
    data = {name: value for name, (value, _) in model_data(experiment).items()}
    return lambda sampling, seed, progress=False: _compiled[key].draw(sampling, seed, progress, **data)


def design_of(experiment: Experiment) -> str:
    """What a compiled model depends on beside its data, as a hash: experiments that share it share a model."""
    config, levels, at = experiment.config, experiment.levels, experiment.conditions
    parts = [
        config.law, config.options, config.robust, config.spread, config.sampling.sampler,
        experiment.parameters, sorted(experiment.fixed.items()), experiment.spreads, experiment.offsets,
        levels.groups, levels.cells, levels.group_of_cell.tolist(), levels.varying,
        [s.name for s in at.ions], sorted(at.c_i), at.passive, at.davies, np.ndim(at.seal),
        [experiment.labels_of(per)[0] for per in experiment.offsets],
    ]  # fmt: skip
    if experiment.resistance:  # its rows and areas are constants of the graph
        R = experiment.resistance
        parts += [R.rows.tolist(), R.own_sd.tolist(), None if R.area_cm2 is None else R.area_cm2.tolist()]
        parts += [experiment.condition_of_row.tolist()]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def longer(sampling: Sampling) -> Sampling:
    """For a fit that fell short: four times the draws, twice the warm-up, smaller steps."""
    return replace(sampling, draws=4 * sampling.draws, tune=2 * sampling.tune, target_accept=0.99)


def reported(draws: xr.Dataset, experiment: Experiment) -> dict[str, tuple[Quantity, np.ndarray]]:
    """Everything that a fit reports of populations, and one cell and offset of each kind, by label.

    Arrays are (chain, draw). One cell stands for all: cells of a group are exchangeable.
    """
    draws = with_derived(draws, experiment)
    wanted = [
        (q, q.symbol) for q in (*experiment.quantities, *experiment.spreads.values(), *experiment.offsets.values())
    ]
    wanted += [(q, f"{q.symbol}_cell") for q in experiment.parameters]
    wanted += [
        (Quantity(f"offset_{per}_mV", "mV", "electrode offset"), f"offset_{per}_mV") for per in experiment.offsets
    ]
    found = {}
    for q, symbol in wanted:
        if symbol not in draws or draws[symbol].dims[:2] != ("chain", "draw"):
            continue
        x = draws[symbol]
        if x.ndim == 2:
            found[q.name] = (q, x.to_numpy())
            continue
        labels = [str(label) for label in experiment_labels(experiment, str(x.dims[2]))]
        for i, label in enumerate(labels if x.dims[2] == "population" else labels[:1]):
            found[f"{q.name} ({label})"] = (q, x.to_numpy()[..., i])
    return found


def experiment_labels(experiment: Experiment, dim: str) -> tuple[str, ...]:
    """The labels along one of the posterior's dimensions beside chain and draw."""
    coords = {
        **experiment.levels.coords,
        **{f"{per}_offset": experiment.labels_of(per)[0] for per in experiment.offsets},
    }
    return coords[dim]


def least_ess(arrays: list[np.ndarray]) -> float:
    """The smallest bulk effective sample size among draws (chain, draw)."""
    return float(min(array_stats.ess(x, method="bulk") for x in arrays))


def sampled(experiment: Experiment, sampling: Sampling, seed: int) -> tuple[xr.Dataset, int]:
    """Draws with the cells' values in place, and the number of divergences."""
    draws = sampler_of(experiment)(sampling, seed)
    return with_cells(draws.posterior.astype(float), experiment), int(draws.sample_stats["diverging"].sum())
