"""Draw from an experiment's posterior until the checks of the sampling are content, or twice in vain."""

import json
import sys
from dataclasses import asdict, replace

import numpy as np
import xarray as xr

from ...models.notes import About, Note, notes_as_json
from ..experiment.config import Sampling
from ..experiment.experiment import Experiment
from ..experiment.settings import table_of
from ..model.draws import with_derived
from ..results.tree import assemble
from ..sampling.progress import shown
from ..sampling.refits import LOOK, sampled
from ..sampling.sampling import draw
from ..sampling.spreads import settled
from ..sampling.workers import available_cores
from .cures import cures
from .fitted import Fitted
from .lack_of_fit import check_fit
from .robustness import robustness, to_dataset
from .sampling import MIN_ESS, SamplingCheck, apart_sd, check_sampling

MOST_RERUNS = 2
"""How often a run that fell short is repeated, longer each time, before it is given up."""


def run(experiment: Experiment, cores: int | None = None, progress: bool | None = None) -> Fitted:
    """Sample an experiment that has been prepared, and again, longer, where the checks of the sampling say so."""
    progress = shown() if progress is None else progress
    cores = cores or experiment.config.sampling.cores or available_cores()
    sampler_seed, rest = np.random.SeedSequence(experiment.config.seed).spawn(2)
    seed = int(sampler_seed.generate_state(1)[0])
    experiment = settled(experiment, seed)
    sampling = experiment.config.sampling
    result = _attempt(experiment, sampling, seed, rest, progress, cores)
    reruns = 0
    while reruns < MOST_RERUNS and not (check := check_sampling(result.tree, result.summary(), experiment)).ok:
        reruns += 1
        if progress:
            print("The run fell short of the sampling checks: repeating, longer.", file=sys.stderr)
        sampling, before = _longer(sampling, check, experiment.config.sampling.draws), result
        result = _attempt(experiment, sampling, seed + reruns, rest, progress, cores)
        result.tree.attrs["apart_sd"] = apart_sd(result.summary(), before.summary(), experiment)
    if reruns:
        times = "and was repeated" if reruns == 1 else "and was repeated twice"
        rerun = Note(About.SAMPLING, f"The first run fell short of the sampling checks {times}, longer.")
        result.tree.attrs["notes"] = notes_as_json([*result.notes, rerun])
    return result if experiment.config.robustness == "off" else _looked_after(result, progress)


def _looked_after(result: Fitted, progress: bool) -> Fitted:
    """The same with what its answers rest on, and what would cure a misfit or a sampling that failed, in its tree."""
    experiment, posterior = result.experiment, result.tree["posterior"].to_dataset()
    seed = int(np.random.SeedSequence(experiment.config.seed, spawn_key=(11,)).generate_state(1)[0])

    def redraw(varied: Experiment) -> xr.Dataset:
        return with_derived(sampled(varied, LOOK, seed)[0], varied)

    groups = {}
    sampled_well = check_sampling(result.tree, result.summary(), experiment).ok
    if sampled_well:  # nothing rests on draws that failed their checks
        groups["robustness"] = xr.DataTree(to_dataset(robustness(experiment, posterior, redraw, progress)))
    tree = result.tree.assign(groups)
    if not (sampled_well and check_fit(posterior, experiment).ok):
        tree.attrs["cures"] = json.dumps([asdict(cure) for cure in cures(experiment, posterior, redraw, progress)])
    return Fitted(tree, experiment)


def _attempt(
    experiment: Experiment, sampling: Sampling, seed: int, rest: np.random.SeedSequence, progress: bool, cores: int
) -> Fitted:
    draws = draw(experiment, sampling, seed, progress, cores)
    tree = assemble(experiment, draws, np.random.SeedSequence(rest.entropy, spawn_key=rest.spawn_key))
    tree.attrs["sampling"] = json.dumps(table_of(sampling))  # as it was done; the configuration says what was asked
    return Fitted(tree, experiment)


def _longer(sampling: Sampling, check: SamplingCheck, asked: int) -> Sampling:
    """As many draws as the worst parameter needs, within reason, and smaller steps after divergences."""
    factor = int(np.clip(np.ceil(2 * MIN_ESS / max(check.min_ess, 1.0)), 1 if check.divergences else 2, 5))
    return replace(
        sampling,
        draws=min(factor * sampling.draws, 10 * asked),
        tune=2 * sampling.tune,
        target_accept=max(0.99, sampling.target_accept) if check.divergences else sampling.target_accept,
    )
