"""What several commands do alike: read the configuration and DATA, choose where results go, and say what happens."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .fitting.experiment.config import Config
from .fitting.experiment.settings import TABLE, declaration, settings
from .flags import settings_from
from .models.errors import ConfigurationError, DataError, UnknownNameError, nearest, no_such_file, typed
from .models.notes import number_of

if TYPE_CHECKING:
    import xarray as xr

    from .fitting.checks.fitted import Fitted
    from .fitting.experiment.experiment import Experiment
    from .fitting.fit import Fit
    from .fitting.results.outputs import ResultsFile, ResultsFolder


def configuration(options: argparse.Namespace, needs_data: bool = True) -> Config:
    """The configuration file, if any, with the flags laid over it."""
    if (data := getattr(options, "data", None)) and (path := Path(data)).suffix and not path.exists():
        raise DataError(no_such_file(path))  # before anything heavy is loaded
    config = settings_from(options)

    from .models.laws.registry import law as law_named

    try:
        law_named(config.law)
    except UnknownNameError as error:
        error.setting = "law"
        raise
    if needs_data and config.data is None:
        raise ConfigurationError(
            "no DATA: name a table, or one with data = … in the configuration. vrest datasets lists bundled ones."
        )
    return config


def read_plan(config: Config) -> "xr.Dataset":
    """PLAN: like DATA, but V_m_mV is not needed (and not used where it is there), and repeated rows are legal."""
    return read_recordings(config, potentials=False).drop_vars("V_m", errors="ignore")


def read_recordings(config: Config, potentials: bool = True) -> "xr.Dataset":
    """DATA, which is a table, a saved fit or a bundled set."""
    from .data.sets.bundled import datasets, load_data
    from .data.tables.reader import read_csv

    data, names = config.data or "", datasets()
    path = Path(data)
    finished, bundled = path.suffix == ".nc" and path.is_file(), data in names and not path.exists()
    if finished or bundled:
        of_table = [name for name, f in settings(Config).items() if declaration(f).group == TABLE and name != "where"]
        for name in of_table:
            if (value := getattr(config, name)) not in (settings(Config)[name].default, {}):
                raise ConfigurationError(f"{typed(name, value)}: {data} is read as it is; leave that out.")
    if finished:
        from .fitting.results.store import read_tree, recordings_of

        return recordings_of(read_tree(path))
    if bundled:
        return load_data(data)
    if not path.exists() and not path.suffix:
        raise ConfigurationError(
            f"{data}: neither a file nor a bundled set.{nearest(data, names)} Sets: {', '.join(names)}."
        )
    recordings = read_csv(path, config.reading(potentials=potentials))
    say(*recordings.attrs.get("junctions", "").splitlines())
    return recordings


def with_hash(config: Config, recordings: "xr.Dataset") -> Config:
    """The configuration with the table's hash, for its results; a table that has changed is pointed out before."""
    from .fitting.experiment.prepare import point_out_change

    point_out_change(recordings, config)
    return replace(config, data_sha256=recordings.attrs["sha256"])


def results_folder(options: argparse.Namespace, config: Config, default: str, *writes: str) -> "ResultsFolder":
    """The results folder of --out, or `default` after the table's name; refused here where it may not be written."""
    from .fitting.results.outputs import ResultsFolder

    return ResultsFolder(
        options.out or f"{Path(config.data or '').stem}-{default}", options.force, _inputs(options, config), writes
    )


def results_file(
    options: argparse.Namespace, path: str | Path | None, config: Config | None = None
) -> "ResultsFile | None":
    """A single file of results, refused here where it may not be written; None where none is asked for."""
    from .fitting.results.outputs import ResultsFile

    return ResultsFile(path, options.force, _inputs(options, config)) if path else None


@contextmanager
def writing(place: "ResultsFolder", fit: "Fit") -> Iterator[Path]:
    """The folder's own `writing`; where the disk fails it, the draws are kept elsewhere, and that is said."""
    from .fitting.results.store import keep_draws

    try:
        with place.writing() as aside:
            yield aside
    except OSError as error:
        kept = keep_draws(fit)
        error.add_note(f"The draws are in {kept}; vrest report {kept} shows them." if kept else "The draws are lost.")
        raise


def _inputs(options: argparse.Namespace, config: Config | None) -> list[str | Path]:
    """Every file that a command may read; none of them is ever written."""
    names = ("data", "config", "map_file", "baths", "file", "run")
    given = [getattr(options, name, None) for name in names]
    given += [config.data, config.solutions, config.command.truth, config.command.add] if config else []
    given += getattr(options, "files", [])
    return [p / "fit.nc" if (p / "fit.nc").is_file() else p for p in map(Path, filter(None, given))]


def recordings_used(experiment: "Experiment") -> str:
    """How many rows, of what: for headings."""
    return f"{number_of(experiment.recordings.sizes['obs'], 'row')} of {experiment.recordings.attrs['source']}"


def say_of_sampling(fits: "Mapping[str, Fitted]") -> None:
    """What was noted of fits as they were sampled, such as that one was repeated; each by its name, where it has one."""
    for name, fit in fits.items():
        say(*(f"{name}: {note}" if name else note for note in fit.notes[len(fit.experiment.notes) :]))


def say(*sentences: object) -> None:
    """Messages go to standard error, so that a pipe gets tables alone."""
    for sentence in sentences:
        print(sentence, file=sys.stderr)
