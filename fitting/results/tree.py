"""The whole analysis as one DataTree: draws, what follows from them, data and configuration."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr

from ...models.laws.registry import how_to_import
from ...models.notes import notes_as_json
from ..experiment.experiment import Experiment
from ..model.cells import log_prior, place_cells, with_cells
from ..model.draws import Draws, draw_prior, parameter_values, resistance_distribution, row_distribution, with_derived

LARGE_TABLE = 5_000
"""Above so many rows, the groups that have a value for each row and draw keep only THINNED draws."""
THINNED = 400
MOST_VALUES = 4_000_000
"""Rows times draws that such a group holds: of larger tables still fewer draws are kept, and in single precision."""
PRIOR_TABLES = 500
"""Tables that are simulated from the prior."""


def assemble(experiment: Experiment, draws: Draws, seed: np.random.SeedSequence) -> xr.DataTree:
    """The analysis as one DataTree: draws, data and configuration.

    Groups: posterior, prior, prior_predictive, posterior_predictive, log_likelihood, log_prior, sample_stats, observed_data,
    constant_data. The root's attributes hold the configuration as TOML, the data's SHA-256, versions and seed.
    """
    prior_seed, predictive_seed, before_seed = seed.spawn(3)
    posterior = with_cells(draws.posterior.astype(float), experiment)
    chains, n = posterior.sizes["chain"], posterior.sizes["draw"]
    values = parameter_values(posterior, experiment)

    prior = draw_prior(experiment, chains * n, np.random.default_rng(prior_seed))
    rows = {name: experiment.recordings[name] for name in experiment.recordings.coords if name != "ion"}
    thin, n_rows = 1, experiment.recordings.sizes["obs"]
    if n_rows > LARGE_TABLE or n_rows * chains * n > MOST_VALUES:
        fewest = THINNED if n_rows > LARGE_TABLE else chains * n
        thin = min(n, int(np.ceil(chains * n / max(1, min(fewest, MOST_VALUES // n_rows)))))
    kept = {name: x[:, ::thin] for name, x in values.items()}
    distribution = row_distribution(kept, experiment)
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

    observed = experiment.recordings[["V_m"]]
    predicted, likelihood = by_row(predictive, "mV"), by_row(distribution.logpdf(observed["V_m"].to_numpy()), "1")
    seen = observed.drop_dims("ion", errors="ignore")
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
            "prior_predictive": _prior_predictive(prior, experiment, np.random.default_rng(before_seed), rows),
            "posterior_predictive": predicted,
            "log_likelihood": likelihood,
            "log_prior": log_prior(posterior, experiment),
            "sample_stats": draws.sample_stats,
            "observed_data": seen,
            "constant_data": experiment.recordings.drop_vars("V_m"),
        }
    )
    if origin := how_to_import(experiment.law):
        tree.attrs["law_from"] = origin
    tree.attrs.update(
        config=experiment.config.to_toml(),
        sampler=draws.sampler,
        data_sha256=experiment.recordings.attrs.get("sha256", ""),
        source=experiment.recordings.attrs.get("source", ""),
        seed=experiment.config.seed,
        notes=notes_as_json(experiment.notes),
        cautions=notes_as_json(experiment.cautions),
        repairs=experiment.recordings.attrs.get("repairs", "[]"),
        versions=json.dumps(
            {name: version(name) for name in ("vrest", "pymc", "pytensor", "nutpie", "arviz", "numpy")}
        ),
    )
    return tree


def _prior_predictive(
    prior: xr.Dataset, experiment: Experiment, rng: np.random.Generator, rows: Mapping[Any, xr.DataArray]
) -> xr.Dataset:
    """Tables (mV) as the first draws of the prior would give them, with cells of their own."""
    most = max(1, min(PRIOR_TABLES, MOST_VALUES // (8 * experiment.recordings.sizes["obs"])))
    drawn = place_cells(prior.isel(draw=slice(most)), experiment, rng)
    shape = (1, drawn.sizes["draw"], experiment.recordings.sizes["obs"])
    V_m = row_distribution(parameter_values(drawn, experiment), experiment).rvs(shape, random_state=rng)
    coords = {"chain": drawn["chain"], "draw": drawn["draw"], **rows}
    return xr.Dataset({"V_m": (("chain", "draw", "obs"), V_m, {"units": "mV"})}, coords)
