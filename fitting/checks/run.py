"""Draw from an experiment's posterior until the checks of the sampling are content, or twice in vain."""

import json
import sys
from dataclasses import replace

import numpy as np

from ...models.notes import About, Note, notes_as_json
from ..experiment.config import Sampling
from ..experiment.experiment import Experiment
from ..experiment.settings import table_of
from ..sampling.progress import shown
from ..sampling.workers import available_cores
from .fitted import Fitted
from .sampling import MIN_ESS, SamplingCheck, check_sampling


def run(experiment: Experiment, cores: int | None = None, progress: bool | None = None) -> Fitted:
    """Sample an experiment that has been prepared, and again, longer, where the checks of the sampling say so."""
    progress = shown() if progress is None else progress
    cores = cores or experiment.config.sampling.cores or available_cores()
    sampler_seed, rest = np.random.SeedSequence(experiment.config.seed).spawn(2)
    seed = int(sampler_seed.generate_state(1)[0])
    sampling = experiment.config.sampling
    result = _attempt(experiment, sampling, seed, rest, progress, cores)
    check = check_sampling(result.tree, result.summary(), experiment)
    if check.ok:
        return result
    if progress:
        print("The first run fell short of the sampling checks: repeating, longer.", file=sys.stderr)
    result = _attempt(experiment, _longer(sampling, check), seed, rest, progress, cores)
    rerun = Note(About.SAMPLING, "The first run fell short of the sampling checks and was repeated, longer.")
    result.tree.attrs["notes"] = notes_as_json([*result.notes, rerun])
    return result


def _attempt(
    experiment: Experiment, sampling: Sampling, seed: int, rest: np.random.SeedSequence, progress: bool, cores: int
) -> Fitted:
    from ..results.tree import assemble
    from ..sampling.sampling import draw

    draws = draw(experiment, sampling, seed, progress, cores)
    tree = assemble(experiment, draws, np.random.SeedSequence(rest.entropy, spawn_key=rest.spawn_key))
    tree.attrs["sampling"] = json.dumps(table_of(sampling))  # as it was done; the configuration says what was asked
    return Fitted(tree, experiment)


def _longer(sampling: Sampling, check: SamplingCheck) -> Sampling:
    """As many draws as the worst parameter needs, within reason, and smaller steps after divergences."""
    factor = int(np.clip(np.ceil(2 * MIN_ESS / max(check.min_ess, 1.0)), 1 if check.divergences else 2, 5))
    return replace(
        sampling,
        draws=factor * sampling.draws,
        tune=2 * sampling.tune,
        target_accept=max(0.99, sampling.target_accept) if check.divergences else sampling.target_accept,
    )
