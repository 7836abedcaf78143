"""Draws by PyMC's public interface from PyMC's model: to check the compiled density, and to stand in for it."""

import numpy as np

from ..experiment.config import Sampling
from ..experiment.experiment import Experiment

_NAMES = {"tree_depth": "depth"}


def draw_by_pymc(
    experiment: Experiment, sampling: Sampling, seed: int, cores: int, progress: bool, nuts_sampler: str = "pymc"
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], int]:
    """Arrays of draws and of statistics, by name, and the draws of tuning."""
    import pymc as pm

    from ..model.model import build_model

    if nuts_sampler == "numpyro":
        from ...models.solver.root import enable_jax

        enable_jax()
    model = build_model(experiment)
    tree = pm.sample(
        model=model,
        draws=sampling.draws,
        tune=sampling.tune,
        chains=sampling.chains,
        cores=min(cores, sampling.chains),
        target_accept=sampling.target_accept,
        random_seed=seed,
        progressbar=progress,
        quiet=True,
        nuts_sampler=nuts_sampler,
        compute_convergence_checks=False,
    )
    posterior = {rv.name: tree["posterior"][rv.name].to_numpy() for rv in model.free_RVs}
    statistics = tree["sample_stats"].to_dataset()
    return posterior, {_NAMES.get(str(name), str(name)): x.to_numpy() for name, x in statistics.items()}, sampling.tune
