"""The way in: a configuration from what people type, and the experiment that it makes of recordings."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from ...data.tables.table import select
from ...models.errors import ConfigurationError, DataWarning
from ...models.priors import Prior, parse_prior
from .build import build_experiment
from .config import Config
from .experiment import Experiment
from .inside import Inside, parse_insides


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
