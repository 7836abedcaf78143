"""Fit a law to recordings: the verb that the whole package is for."""

import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..data.tables.table import select
from ..models.errors import ConfigurationError, DataWarning
from ..models.priors import Prior, parse_prior
from .checks.verdict import MIN_ESS, SamplingCheck, check_sampling
from .experiment.build import build_experiment
from .experiment.config import Config, Sampling
from .experiment.experiment import Experiment
from .experiment.inside import Inside, parse_insides
from .result import Fit

if TYPE_CHECKING:
    from .results.posterior import Draws


def configure(
    config: Config | None = None,
    *,
    ions: str | Sequence[str] | None = None,
    inside: str | Mapping[str, str | float | Inside] | None = None,
    priors: Mapping[str, str | float | Prior] | None = None,
    options: str | Sequence[str] | None = None,
    offset: str | Sequence[str] | None = None,
    vary: str | Sequence[str] | None = None,
    **settings: Any,
) -> Config:
    """A configuration from `config` (or the defaults) with the given settings laid over it, in the forms people type."""

    def names(given: str | Sequence[str] | None) -> tuple[str, ...] | None:
        parts = given.split(",") if isinstance(given, str) else given
        return None if parts is None else tuple(part.strip() for part in parts if part.strip())

    return (config or Config()).updated(
        ions=names(ions),
        options=names(options),
        offset=names(offset),
        vary=names(vary),
        inside=parse_insides(inside) if inside is not None else None,
        priors={k: v if isinstance(v, Prior) else parse_prior(v) for k, v in priors.items()} if priors else None,
        **settings,
    )


def prepare(recordings: xr.Dataset, config: Config) -> Experiment:
    """The experiment that a configuration makes of recordings: rows chosen, ions, conditions and reference found."""
    if not isinstance(recordings, xr.Dataset):
        raise ConfigurationError(
            f"recordings must come from vrest.read_csv, vrest.from_frame or vrest.load_data, not as {type(recordings).__name__}."
        )
    if config.data_sha256 and recordings.attrs.get("sha256") not in (None, "", config.data_sha256):
        warnings.warn(
            f"{recordings.attrs['source']} has changed since the configuration was written: results will differ.",
            DataWarning,
            stacklevel=3,
        )
    experiment = build_experiment(select(recordings, config.where) if config.where else recordings, config)
    for caution in experiment.cautions:
        warnings.warn(caution, DataWarning, stacklevel=3)
    return experiment


def fit(
    recordings: xr.Dataset,
    law: str | None = None,
    *,
    ions: str | tuple[str, ...] | list[str] | None = None,
    inside: str | Mapping[str, str | float | Inside] | None = None,
    priors: Mapping[str, str | float | Prior] | None = None,
    reference: Mapping[str, float] | None = None,
    where: str | None = None,
    options: str | Sequence[str] | None = None,
    preset: str | None = None,
    by: str | None = None,
    vary: Sequence[str] | None = None,
    spread: str | None = None,
    offset: str | Sequence[str] | None = None,
    robust: bool | None = None,
    seed: int | None = None,
    sampling: Sampling | None = None,
    config: Config | None = None,
    cores: int | None = None,
    progress: bool | None = None,
) -> Fit:
    """Infer a law's parameters from resting potentials.

    Parameters
    ----------
    recordings : from `read_csv`, `from_frame` or `load_data`.
    law : name of the membrane law (default `ghk-pump`).
    ions : names of the model's ions; default those of K, Na, Cl that the table has.
    inside : inside concentrations in mM, as `"K=140+-10,Na=12,Cl=passive"` or a mapping.
    priors : priors to change, by parameter name, as `{"P_Na/P_K": "LogNormal(log 0.02, 0.5)"}`; a number holds it fixed.
    reference : bath and temperature that `pump_mV` refers to, as `{"K_o_mM": 5, "temperature_C": 22}`.
    where : a pandas query that chooses rows.
    options : additions to the law, as `["Q10_P_Na", "rectification"]`.
    preset : the preparation whose priors replace the defaults: `neuron`, `skeletal-muscle`, `cardiac` or `glia`.
    by : column that sorts cells into groups, such as `cell_type`; several, joined by commas, are crossed.
    vary : parameters that differ between cells; default ratios and the pump; an empty list pools all rows.
    spread : `shared` (default): cells of all groups differ as much; `group`: each group has its own spread.
    offset : `cell`, `solution` or both: electrode offsets that are inferred.
    robust : Student t scatter, for tables with outliers.
    seed : every random number follows from it.
    sampling : chains, draws, tuning.
    config : a whole configuration, over which the other arguments are laid.
    cores : processors to use; default all that this process may use.
    progress : show a progress bar; default on a terminal only.

    Returns
    -------
    Fit
        A run that falls short of the sampling checks is repeated once, longer; `verdict()` says how it ended.

    Raises
    ------
    ConfigurationError, UnknownNameError, DataError
        With a sentence that says what to change.
    """
    config = configure(
        config, law=law, ions=ions, inside=inside, priors=priors, reference=reference, where=where, robust=robust,
        seed=seed, sampling=sampling, options=options, preset=preset, by=by, vary=vary, spread=spread, offset=offset,
    )  # fmt: skip
    return run(prepare(recordings, config), cores=cores, progress=progress)


def available_cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    experiment: Experiment,
    cores: int | None = None,
    progress: bool | None = None,
    sampler: "Callable[..., Draws] | None" = None,
) -> Fit:
    """Sample an experiment that has been prepared; see `fit`.

    `sampler`, of (sampling, seed, progress), is what draws; by default the experiment's model is compiled for it.
    """
    progress = sys.stderr.isatty() if progress is None else progress
    sampler = sampler or _compiled(experiment, cores or available_cores())
    sampler_seed, rest = np.random.SeedSequence(experiment.config.seed).spawn(2)
    seed = int(sampler_seed.generate_state(1)[0])
    result = _attempt(sampler, experiment, seed, rest, progress)
    check = check_sampling(result.tree, result.summary(), experiment)
    if check.ok:
        return result
    longer = replace(experiment.config, sampling=_longer(experiment.config.sampling, check))
    result = _attempt(sampler, replace(experiment, config=longer), seed, rest, progress)
    result.tree.attrs["rerun"] = "The first run fell short of the sampling checks and was repeated, longer."
    return result


def _compiled(experiment: Experiment, cores: int) -> "Callable[..., Draws]":
    from .sampling.sampling import compile_sampler

    return compile_sampler(experiment, experiment.config.sampling.sampler, cores).draw


def _attempt(
    sampler: "Callable[..., Draws]", experiment: Experiment, seed: int, rest: np.random.SeedSequence, progress: bool
) -> Fit:
    from .results.posterior import assemble

    draws = sampler(experiment.config.sampling, seed, progress)
    return Fit(assemble(experiment, draws, np.random.SeedSequence(rest.entropy, spawn_key=rest.spawn_key)), experiment)


def _longer(sampling: Sampling, check: SamplingCheck) -> Sampling:
    """As many draws as the worst parameter needs, within reason, and smaller steps after divergences."""
    factor = int(np.clip(np.ceil(2 * MIN_ESS / max(check.min_ess, 1.0)), 1 if check.divergences else 2, 5))
    return replace(
        sampling,
        draws=factor * sampling.draws,
        tune=2 * sampling.tune,
        target_accept=max(0.99, sampling.target_accept) if check.divergences else sampling.target_accept,
    )
