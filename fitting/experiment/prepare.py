"""The way in: a configuration from what people type, and the experiment that it makes of recordings."""

import inspect
import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import xarray as xr

from ...data.tables.reader import from_frame
from ...data.tables.table import select
from ...models.errors import ConfigurationError, DataWarning
from ...models.notes import About
from .build import build_experiment
from .config import Config, Sampling
from .experiment import Experiment
from .settings import declaration, listing, refuse_unknown, spelled_out
from .settings import settings as settings_of


def configure(config: Config | None = None, **settings: Any) -> Config:
    """A configuration from `config` (or the defaults) with the given settings laid over it, in the forms people type."""
    known = settings_of(Config) | settings_of(Sampling)
    refuse_unknown(settings, known)
    given = {name: spelled_out(known[name], value) for name, value in settings.items() if value is not None}
    config = config or Config()
    if config.command.asked:  # a verb's own arguments are given to it
        config = replace(config, command=config.command.repeated_by("", "the configuration"))
    return config.updated(**given)


def takes_settings[Verb: Callable[..., Any]](verb: Verb) -> Verb:
    """Let the signature and the docstring of a verb name the settings that its `**settings` takes."""
    signature = inspect.signature(verb)
    taken = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    own = [f for of in (Config, Sampling) for f in settings_of(of).values() if declaration(f).keyword]
    free = [f for f in own if f.name not in signature.parameters]
    words = [inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=f.type) for f in free]
    setattr(verb, "__signature__", signature.replace(parameters=[*taken, *words]))  # noqa: B010
    verb.__doc__ = re.sub(
        r"^( *)\*\*settings :$", lambda line: listing(free, line[1]), verb.__doc__ or "", flags=re.MULTILINE
    )
    return verb


def recordings_of(
    table: xr.Dataset | pd.DataFrame, config: Config, potentials: bool = True, name: str = "table"
) -> xr.Dataset:
    """Recordings as `read_csv` gives them; a DataFrame is checked, and read, with the configuration's settings."""
    if isinstance(table, xr.Dataset):
        return table
    if isinstance(table, pd.DataFrame):
        return from_frame(table, config.reading(potentials=potentials), name=name)
    raise ConfigurationError(
        "recordings must come from vrest.read_csv or vrest.load_data, or be a pandas DataFrame,"
        f" not a {type(table).__name__}."
    )


def prepare(recordings: xr.Dataset | pd.DataFrame, config: Config) -> Experiment:
    """The experiment that a configuration makes of recordings: rows chosen, ions, conditions and reference found."""
    recordings = recordings_of(recordings, config)
    point_out_change(recordings, config)
    experiment = build_experiment(select(recordings, config.where) if config.where else recordings, config)
    for caution in experiment.cautions:
        if caution.about is not About.TABLE:  # of that the reader has warned
            warnings.warn(str(caution), DataWarning, stacklevel=3)
    return experiment


def point_out_change(recordings: xr.Dataset, config: Config) -> None:
    """Warn where the table is not the one whose hash the configuration holds."""
    if config.data_sha256 and recordings.attrs.get("sha256") not in (None, "", config.data_sha256):
        source = recordings.attrs["source"]
        sentence = f"{source} has changed since the configuration was written: results will differ."
        warnings.warn(sentence, DataWarning, stacklevel=4)
