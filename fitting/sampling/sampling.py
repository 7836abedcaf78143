"""Draw from the posterior: with nutpie on our own compiled density; `pymc` and `numpyro` are there to check it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import xarray as xr

from ..experiment.config import Sampling
from ..experiment.experiment import Experiment
from ..model.draws import Draws
from ..model.model_data import design_of, model_data

MANY_PARAMETERS = 100
"""Above so many, the low-rank metric that follows ridges costs more than it saves."""
_STATISTICS = {
    "diverging": "diverging", "energy": "energy", "n_steps": "n_steps", "step_size": "step_size", "depth": "tree_depth",
}  # fmt: skip
_Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Sampler:
    """A design's model compiled once, to be drawn from as often as wanted, with any recordings of that design.

    Attributes
    ----------
    experiment : whose design it is, and whose recordings are used where no others are given.
    name : the sampler's name.
    run : (sampling, seed, progress, experiment, data) to arrays of draws and of statistics, by name, and the draws of tuning.
    """

    experiment: Experiment
    name: str
    run: Callable[[Sampling, int, bool, Experiment, Mapping[str, np.ndarray]], tuple[_Arrays, _Arrays, int]]

    def draw(
        self,
        sampling: Sampling,
        seed: int,
        progress: bool = False,
        experiment: Experiment | None = None,
        **data: np.ndarray,
    ) -> Draws:
        """Sample; the same seed gives the same draws. `data` replaces arrays of the model by name."""
        experiment = experiment or self.experiment
        arrays = {name: value for name, (value, _) in model_data(experiment).items()}
        unread = sorted(set(data) - set(arrays))
        if unread:  # as of rows that this design takes by their means: other recordings come with `experiment`
            raise KeyError(f"the model of this design reads no {', '.join(unread)}; it reads {', '.join(arrays)}")
        arrays |= data
        draws, statistics, tuning = self.run(sampling, seed, progress, experiment, arrays)
        kept = {new: statistics[old] for old, new in _STATISTICS.items() if old in statistics}
        chains, n = kept["diverging"].shape
        axes = {"chain": np.arange(chains), "draw": np.arange(n)}
        labels = experiment.labels
        dims = {name: ("chain", "draw", *experiment.dims_of(name)) for name in draws}
        beside = {dim: list(labels[dim]) for names in dims.values() for dim in names[2:]}
        return Draws(
            xr.Dataset({name: (dims[name], x) for name, x in draws.items()}, {**axes, **beside}),
            xr.Dataset({name: (("chain", "draw"), x) for name, x in kept.items()}, axes, {"tuning": tuning}),
            self.name,
        )


def compile_sampler(experiment: Experiment, name: str = "auto", cores: int = 1) -> Sampler:
    """Compile the model of an experiment's design for the sampler called `name`; `cores` are the processors to use."""
    name = "nutpie" if name == "auto" else name
    build = {"nutpie": _nutpie, "pymc": _pymc, "numpyro": _numpyro}[name]
    return Sampler(experiment, name, build(experiment, cores))


def _nutpie(experiment, cores):
    from ..model.linear import starting_point
    from .density import density_of, import_nutpie

    density, nutpie = density_of(experiment, design_of(experiment)), import_nutpie()

    def run(sampling, seed, progress, experiment, data):
        start, many = density.flatten(starting_point(experiment)), density.size > MANY_PARAMETERS
        tuning = sampling.tune // 2 if many else sampling.tune
        chains = nutpie.sample(
            density.with_data(data, start),
            chains=sampling.chains,
            draws=sampling.draws,
            tune=tuning,
            target_accept=sampling.target_accept,
            # Permeabilities and pump lie on ridges that a diagonal metric crawls along, but it is learned in half the time.
            adaptation="diag" if many else "low_rank",
            seed=seed,
            cores=cores,
            progress_bar=progress,
            return_raw_trace=True,
            blocking=False,
        )
        try:
            import_module("arviz_stats")  # needed next, and slow to import: it comes while the chains run
            batches = chains.wait().get_arrow_trace()
        except BaseException:
            chains.cancel()
            raise
        draws, statistics = _after_warm_up(*batches)
        return density.unflatten(draws["unconstrained"]), statistics, tuning

    return run


def _after_warm_up(draws, statistics) -> tuple[_Arrays, _Arrays]:
    """nutpie's Arrow batches (one a chain) as arrays; its own conversion to a tree takes longer than a small fit."""
    import pyarrow

    draws, statistics = ([pyarrow.record_batch(chain) for chain in kind] for kind in (draws, statistics))
    first = [int(np.sum(chain["tuning"].to_numpy(zero_copy_only=False))) for chain in statistics]
    return _arrays(draws, first), _arrays([chain.select(list(_STATISTICS)) for chain in statistics], first)


def _arrays(chains, first: list[int]) -> _Arrays:
    """Columns as arrays (chain, draw, …), each chain from its `first` row on."""
    found = {}
    for field in chains[0].schema:
        shape = [int(n) for n in (field.metadata or {}).get(b"shape", b"").decode().split(",") if n]
        columns = [chain[field.name].slice(skip) for chain, skip in zip(chains, first, strict=True)]
        flat = [column.flatten() if shape else column for column in columns]
        stacked = np.stack([x.to_numpy(zero_copy_only=False) for x in flat])
        found[field.name] = stacked.reshape(len(chains), len(columns[0]), *shape)
    return found


def _pymc(experiment, cores, nuts_sampler="pymc"):
    import pymc as pm

    from ..model.model import build_model

    model = build_model(experiment)

    def run(sampling, seed, progress, experiment, data):
        pm.set_data(data, model=model)
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
        names = {new: old for old, new in _STATISTICS.items()} | {old: old for old in _STATISTICS}
        statistics = tree["sample_stats"].to_dataset()
        return posterior, {names[name]: x.to_numpy() for name, x in statistics.items() if name in names}, sampling.tune

    return run


def _numpyro(experiment, cores):
    from ...models.solver.root import enable_jax

    enable_jax()
    return _pymc(experiment, cores, nuts_sampler="numpyro")
