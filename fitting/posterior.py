"""From draws of the free parameters to the whole DataTree: everything derived is computed here, in NumPy."""

import json
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np
import xarray as xr

from ..models.parameters import NU, SIGMA
from .experiment import Experiment

LARGE_TABLE = 5_000
"""Above so many rows, the groups that have a value for each row and draw keep only THINNED draws."""
THINNED = 400


@dataclass(frozen=True)
class Draws:
    """Draws of the free parameters: `posterior` and `sample_stats` with dims chain and draw, and the `sampler` used."""

    posterior: xr.Dataset
    sample_stats: xr.Dataset
    sampler: str


def parameter_values(group: xr.Dataset, experiment: Experiment) -> dict[str, np.ndarray]:
    """The sampled parameters of a group of the tree, by their public names, as arrays (chain, draw)."""
    return {p.name: group[p.symbol].to_numpy() for p in experiment.parameters}


def scatter_mV(values: dict[str, np.ndarray], experiment: Experiment) -> np.ndarray:
    """Standard deviation of each row around the law (mV), the row's own error included; draws lead, rows last."""
    return np.hypot(experiment.value(values, SIGMA.name)[..., None], experiment.error_mV)


def row_distribution(values: dict[str, np.ndarray], experiment: Experiment):
    """SciPy distribution of every row (last axis) under every draw (leading axes), in mV."""
    from scipy.stats import norm, t

    mu = experiment.potential(values)[..., experiment.condition_of_row]
    scale = scatter_mV(values, experiment)
    if not experiment.config.robust:
        return norm(mu, scale)
    return t(experiment.value(values, NU.name)[..., None], mu, scale)


def assemble(experiment: Experiment, draws: Draws, seed: np.random.SeedSequence) -> xr.DataTree:
    """The analysis as one DataTree: draws, data and configuration.

    Groups: posterior, prior, posterior_predictive, log_likelihood, log_prior, sample_stats, observed_data,
    constant_data. The root's attributes hold the configuration as TOML, the data's SHA-256, versions and seed.
    """
    prior_seed, predictive_seed = seed.spawn(2)
    posterior = draws.posterior.astype(float)
    chains, n = posterior.sizes["chain"], posterior.sizes["draw"]
    values = parameter_values(posterior, experiment)

    prior = _prior(experiment, chains * n, prior_seed)
    rows = {name: experiment.recordings[name] for name in experiment.recordings.coords if name != "ion"}
    thin = 1
    if experiment.recordings.sizes["obs"] > LARGE_TABLE:
        thin = int(np.ceil(chains * n / THINNED))
    kept = {name: x[:, ::thin] for name, x in values.items()}
    distribution = row_distribution(kept, experiment)
    observed = experiment.recordings["V_m"]
    predictive = distribution.rvs(random_state=np.random.default_rng(predictive_seed))

    def by_row(array: np.ndarray, unit: str) -> xr.Dataset:
        coords = {"chain": posterior["chain"], "draw": posterior["draw"][::thin], **rows}
        dataset = xr.Dataset({"V_m": (("chain", "draw", "obs"), array, {"units": unit})}, coords)
        if thin > 1:
            dataset.attrs["thinned"] = f"every {thin}th draw is kept, since the table has more than {LARGE_TABLE} rows"
        return dataset

    log_prior = {
        p.symbol: (("chain", "draw"), p.prior.log_density(values[p.name])) for p in experiment.parameters
    }  # fmt: skip
    tree = xr.DataTree.from_dict(
        {
            "posterior": _with_derived(posterior, experiment),
            "prior": _with_derived(prior, experiment),
            "posterior_predictive": by_row(predictive, "mV"),
            "log_likelihood": by_row(distribution.logpdf(observed.to_numpy()), "1"),
            "log_prior": xr.Dataset(log_prior, {"chain": posterior["chain"], "draw": posterior["draw"]}),
            "sample_stats": draws.sample_stats,
            "observed_data": experiment.recordings[["V_m"]].drop_dims("ion", errors="ignore"),
            "constant_data": experiment.recordings.drop_vars("V_m"),
        }
    )
    config = replace(experiment.config, sampling=replace(experiment.config.sampling, sampler=draws.sampler))
    tree.attrs.update(
        config=config.to_toml(),
        data_sha256=experiment.recordings.attrs.get("sha256", ""),
        source=experiment.recordings.attrs.get("source", ""),
        seed=config.seed,
        versions=json.dumps(
            {name: version(name) for name in ("vrest", "pymc", "pytensor", "nutpie", "arviz", "numpy")}
        ),
    )
    return tree


def _with_derived(group: xr.Dataset, experiment: Experiment) -> xr.Dataset:
    derived = experiment.derived(parameter_values(group, experiment))
    group = group.assign({q.symbol: (("chain", "draw"), derived[q.name]) for q in experiment.law.quantities})
    for q in experiment.quantities:
        group[q.symbol].attrs.update(units=q.unit, long_name=f"{q.name}: {q.meaning}")
    return group


def _prior(experiment: Experiment, n: int, seed: np.random.SeedSequence) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    draws = {p.symbol: (("chain", "draw"), p.prior.draw(rng, (1, n))) for p in experiment.parameters}
    return xr.Dataset(draws, {"chain": [0], "draw": np.arange(n)})
