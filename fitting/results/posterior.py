"""From draws of the free parameters to the whole DataTree: everything derived is computed here, in NumPy."""

import json
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr

from ...models.parameters import NU, R_IN_SCATTER, SIGMA, Parameter
from ..experiment.experiment import Experiment
from ..model.cells import log_prior, with_cells

LARGE_TABLE = 5_000
"""Above so many rows, the groups that have a value for each row and draw keep only THINNED draws."""
THINNED = 400
MOST_VALUES = 4_000_000
"""Rows times draws that such a group holds: of larger tables still fewer draws are kept, and in single precision."""


@dataclass(frozen=True)
class Draws:
    """Draws of the free parameters: `posterior` and `sample_stats` with dims chain and draw, and the `sampler` used."""

    posterior: xr.Dataset
    sample_stats: xr.Dataset
    sampler: str


def parameter_values(group: xr.Dataset, experiment: Experiment, flat: bool = False) -> dict[str, np.ndarray]:
    """What acts on the rows, by public name: parameters, in each cell where cells differ, and electrode offsets.

    Arrays are (chain, draw), or (draw) if `flat`, with a last axis of cells (else groups) for those that vary.
    """
    symbols = {p.name: p.symbol + ("_cell" if experiment.spreads.get(p.name) else "") for p in experiment.parameters}
    symbols |= {f"offset_{per}_mV": f"offset_{per}_mV" for per in experiment.offsets}
    values = {name: group[symbol].to_numpy() for name, symbol in symbols.items()}
    return {name: x.reshape(-1, *x.shape[2:]) for name, x in values.items()} if flat else values


def group_values(group: xr.Dataset, experiment: Experiment, flat: bool = False) -> dict[str, np.ndarray]:
    """The parameters of the population (of each group, on the last axis, where there are groups), by public name."""
    values = {p.name: group[p.symbol].to_numpy() for p in experiment.parameters}
    return {name: x.reshape(-1, *x.shape[2:]) for name, x in values.items()} if flat else values


def scatter_mV(values: dict[str, np.ndarray], experiment: Experiment, rows: Any = ...) -> np.ndarray:
    """Standard deviation of each row around the law (mV), the row's own error included; draws lead, rows last."""
    return np.hypot(experiment.value(values, SIGMA.name)[..., None], experiment.error_mV[rows])


def row_distribution(values: dict[str, np.ndarray], experiment: Experiment, rows: Any = ...):
    """SciPy distribution of every row (last axis), or those of `rows`, under every draw (leading axes), in mV."""
    from scipy.stats import norm, t

    mu = experiment.row_mean(values, rows)
    scale = scatter_mV(values, experiment, rows)
    if not experiment.config.robust:
        return norm(mu, scale)
    return t(experiment.value(values, NU.name)[..., None], mu, scale)


def resistance_distribution(values: dict[str, np.ndarray], experiment: Experiment):
    """SciPy distribution of the input resistance (MΩ) of every row that has one, as `row_distribution` for V_m."""
    from scipy.stats import lognorm

    assert experiment.resistance is not None, "asked only of tables with input resistances"
    known = R_IN_SCATTER.name in values or R_IN_SCATTER.name in experiment.fixed
    scatter = experiment.value(values, R_IN_SCATTER.name)[..., None] if known else 1.0
    return lognorm(experiment.resistance.sd(scatter), scale=np.exp(experiment.log_R_in(experiment.theta(values))))


def assemble(experiment: Experiment, draws: Draws, seed: np.random.SeedSequence) -> xr.DataTree:
    """The analysis as one DataTree: draws, data and configuration.

    Groups: posterior, prior, posterior_predictive, log_likelihood, log_prior, sample_stats, observed_data,
    constant_data. The root's attributes hold the configuration as TOML, the data's SHA-256, versions and seed.
    """
    prior_seed, predictive_seed = seed.spawn(2)
    posterior = with_cells(draws.posterior.astype(float), experiment)
    chains, n = posterior.sizes["chain"], posterior.sizes["draw"]
    values = parameter_values(posterior, experiment)

    prior = draw_prior(experiment, chains * n, np.random.default_rng(prior_seed))
    rows = {name: experiment.recordings[name] for name in experiment.recordings.coords if name != "ion"}
    thin = 1
    n_rows = experiment.recordings.sizes["obs"]
    if n_rows > LARGE_TABLE or n_rows * chains * n > MOST_VALUES:
        fewest = THINNED if n_rows > LARGE_TABLE else chains * n
        thin = min(n, int(np.ceil(chains * n / max(1, min(fewest, MOST_VALUES // n_rows)))))
    kept = {name: x[:, ::thin] for name, x in values.items()}
    distribution = row_distribution(kept, experiment)
    observed = experiment.recordings["V_m"]
    predictive = distribution.rvs(random_state=np.random.default_rng(predictive_seed))

    def by_row(array: np.ndarray, unit: str) -> xr.Dataset:
        coords = {"chain": posterior["chain"], "draw": posterior["draw"][::thin], **rows}
        array = array.astype(np.float32) if thin > 1 else array
        dataset = xr.Dataset({"V_m": (("chain", "draw", "obs"), array, {"units": unit})}, coords)
        if thin > 1:
            dataset.attrs["thinned"] = (
                f"every {thin}th draw is kept, in single precision, since the table has {n_rows} rows"
            )
        return dataset

    predicted, likelihood = by_row(predictive, "mV"), by_row(distribution.logpdf(observed.to_numpy()), "1")
    seen = experiment.recordings[["V_m"]].drop_dims("ion", errors="ignore")
    if experiment.resistance:
        of_rows = resistance_distribution(kept, experiment)
        labels = experiment.recordings["row"].to_numpy()[experiment.resistance.rows]
        dims, R_in = ("chain", "draw", "R_in_row"), experiment.resistance.R_in_MOhm
        drawn = of_rows.rvs(random_state=np.random.default_rng(predictive_seed.spawn(1)[0]))
        predicted = predicted.assign_coords(R_in_row=labels).assign(R_in=(dims, drawn, {"units": "MOhm"}))
        likelihood = likelihood.assign_coords(R_in_row=labels).assign(R_in=(dims, of_rows.logpdf(R_in), {"units": "1"}))
        seen = seen.assign_coords(R_in_row=labels).assign(R_in=("R_in_row", R_in, {"units": "MOhm"}))

    tree = xr.DataTree.from_dict(
        {
            "posterior": with_derived(posterior, experiment),
            "prior": with_derived(prior, experiment),
            "posterior_predictive": predicted,
            "log_likelihood": likelihood,
            "log_prior": log_prior(posterior, experiment),
            "sample_stats": draws.sample_stats,
            "observed_data": seen,
            "constant_data": experiment.recordings.drop_vars("V_m"),
        }
    )
    config = replace(experiment.config, sampling=replace(experiment.config.sampling, sampler=draws.sampler))
    tree.attrs.update(
        config=config.to_toml(),
        data_sha256=experiment.recordings.attrs.get("sha256", ""),
        source=experiment.recordings.attrs.get("source", ""),
        seed=config.seed,
        notes="\n".join(experiment.notes),
        versions=json.dumps(
            {name: version(name) for name in ("vrest", "pymc", "pytensor", "nutpie", "arviz", "numpy")}
        ),
    )
    return tree


def with_derived(group: xr.Dataset, experiment: Experiment) -> xr.Dataset:
    """Draws with what follows from them (currents, ratios of Q10s) beside them, units and meaning on everything."""
    derived = experiment.population().derived(group_values(group, experiment))
    for q in experiment.derived_quantities:
        x = derived[q.name]
        if x.ndim > 1:  # without draws where all that it derives from is held fixed
            group[q.symbol] = (("chain", "draw", "population")[: x.ndim], x)
    for q in experiment.quantities:
        for symbol in (q.symbol, f"{q.symbol}_cell"):
            if symbol in group:
                group[symbol].attrs.update(units=q.unit, long_name=f"{q.name}: {q.meaning}")
    return group


def draw_prior(experiment: Experiment, n: int, rng: np.random.Generator) -> xr.Dataset:
    """`n` draws of the populations' parameters, spreads and sds of offsets from their priors, in one chain."""
    levels = experiment.levels
    groups = len(levels.groups)

    def draws(p: Parameter, grouped: bool) -> tuple[tuple[str, ...], np.ndarray]:
        dims, shape = (
            (("chain", "draw", "population"), (1, n, groups)) if grouped and groups else (("chain", "draw"), (1, n))
        )
        return dims, p.prior.draw(rng, shape)

    found = {p.symbol: draws(p, experiment.varies(p.name)) for p in experiment.parameters}
    found |= {p.symbol: draws(p, experiment.config.spread == "group") for p in experiment.spreads.values()}
    found |= {p.symbol: draws(p, False) for p in experiment.offsets.values()}
    return xr.Dataset(
        found, {"chain": [0], "draw": np.arange(n), **({"population": list(levels.groups)} if groups else {})}
    )
