"""`vrest fit`: infer a law's parameters from a table of resting potentials."""

import argparse
import re
from dataclasses import replace

from ..fitting.experiment.command import Command
from ..fitting.experiment.config import Config
from ..fitting.experiment.settings import ONE_FIT, SAMPLING, declaration
from ..flags import FLAGGED, add_asked, add_data, add_figure, add_out, add_workers, as_flag
from ..models.errors import ConfigurationError
from ..shared import (
    configuration,
    read_recordings,
    recordings_used,
    results_folder,
    say,
    say_of_sampling,
    with_hash,
    writing,
)


def arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, SAMPLING, ONE_FIT)
    add_out(parser, "FOLDER", "<data>-<law>")
    add_asked(parser, "each")
    add_workers(parser)
    add_figure(parser)
    parser.add_argument(
        "--no-report", action="store_true", help="leave out report.html and figure.png, which take seconds"
    )


def run(options: argparse.Namespace) -> int:
    config = configuration(options)
    if config.command.each:
        for name, f in FLAGGED.items():
            if declaration(f).group == ONE_FIT and (typed := getattr(options, name)) not in (None, "off"):
                raise ConfigurationError(
                    f"{as_flag(name, typed)} is for one fit of all rows: leave it out with --each."
                )
        return _each(options, config, config.command.each)
    if options.workers > 1 or options.scheduler:
        raise ConfigurationError("--workers and --scheduler are for many fits: with --each cell, or vrest recover.")

    from ..fitting.experiment.prepare import prepare
    from ..fitting.fit import fit_experiment
    from ..fitting.results.store import FILES, figure_files, write_fit
    from ..fitting.results.text import summary_text

    figures = figure_files(options.figure, picture=not options.no_report)
    place = results_folder(options, config, config.law, *FILES, *figures)
    recordings = read_recordings(config)
    experiment = prepare(recordings, with_hash(config, recordings))
    say(*experiment.notes)
    result = fit_experiment(experiment)
    with writing(place, result) as aside:
        write_fit(result, aside, place.path, not options.no_report, figures)
    say_of_sampling({"": result})
    print(f"{config.law} fitted to {recordings_used(experiment)}; lower and upper are the {experiment.interval_name}")
    print(summary_text(result.summary()))
    print()
    print(result.verdict())
    say(f"Results are in {place.name}")
    return 0 if result.verdict().sampling.ok else 3


def _each(options: argparse.Namespace, config: Config, column: str) -> int:
    """Every cell by itself."""
    from ..data.tables.inert import write_csv
    from ..fitting.experiment.interval import interval_name
    from ..fitting.fit import Fit
    from ..fitting.planning.single_cells import fit_each, summary_of_each, table_of_each
    from ..fitting.results.store import figure_files, plain_json, write_fit
    from ..fitting.results.text import table_text
    from ..fitting.sampling.workers import Workers

    figures = figure_files(options.figure, picture=False)
    place = results_folder(options, config, f"{config.law}-each-{column}", "summary.csv", "verdict.json", "config.toml")
    recordings = read_recordings(config)
    config = with_hash(config, recordings)
    of_one = replace(config, command=Command("fit"))
    fits, refused = fit_each(recordings, of_one, column, Workers(options.workers, options.scheduler))
    notes = [fit.experiment.notes for fit in fits.values()]
    say(*(note for note in notes[0] if all(note in others for others in notes)))
    say_of_sampling(fits)
    with place.writing() as aside:
        write_csv(summary_of_each(fits), aside / "summary.csv")
        verdicts = {label: fit.verdict().to_dict() for label, fit in fits.items()}
        (aside / "verdict.json").write_text(plain_json(verdicts), encoding="utf-8")
        (aside / "config.toml").write_text(config.seen_from(place.path).to_toml(), encoding="utf-8")
        for k, (label, fit) in enumerate(fits.items(), 1):
            name = f"{k:03d}-{re.sub(r'[^A-Za-z0-9]+', '-', label)[:40].strip('-')}"
            (aside / name).mkdir()
            write_fit(Fit(fit.tree, fit.experiment), aside / name, place.path / name, figures=figures)
    print(
        f"{config.law} fitted to each {column} by itself; medians, and in brackets the {interval_name(config.interval)}"
    )
    print(table_text(table_of_each(fits).rename(columns={"": column})))
    say(*(f"{label} was not fitted: {reason}" for label, reason in refused.items()))
    say(f"Results are in {place.name}, a folder of its own for each; vrest report makes a page of one.")
    return 0 if all(fit.verdict().sampling.ok for fit in fits.values()) else 3
