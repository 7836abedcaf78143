"""Draws by PyMC's public interface from PyMC's model: to check the compiled density, and to stand in for it."""

import numpy as np

from ..experiment.config import Sampling
from ..experiment.experiment import Experiment

Drawn = dict[str, tuple[tuple[str, ...], np.ndarray]]
"""By name: what a variable runs along beside chains and draws, and its draws."""


def draw_by_pymc(
    experiment: Experiment, sampling: Sampling, seed: int, cores: int, progress: bool, nuts_sampler: str = "pymc"
) -> tuple[Drawn, dict[str, np.ndarray], int]:
    """Draws, arrays of statistics by name, and the draws of tuning."""
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
    drawn = {rv.name: tree["posterior"][rv.name] for rv in model.free_RVs}
    posterior = {name: (x.dims[2:], x.to_numpy()) for name, x in drawn.items()}
    statistics = {str(name): x.to_numpy() for name, x in tree["sample_stats"].to_dataset().items()}
    return posterior, statistics, sampling.tune
