"""`vrest compare`: laws by what they predict, or groups of cells by their parameters."""

import argparse
from dataclasses import replace

from ..fitting.experiment.command import Command
from ..fitting.experiment.config import Config
from ..fitting.experiment.settings import ONE_FIT, SAMPLING
from ..flags import add_asked, add_data, add_figure, add_out
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
    add_asked(parser, "laws")
    parser.add_argument("--keep", action="store_true", help="keep the fits of --laws too, each in a folder of its own")
    add_out(parser, "FOLDER", "<data>-laws or <data>-by-<column>")
    add_figure(parser)


def run(options: argparse.Namespace) -> int:
    config = configuration(options)
    if options.by and not options.laws:  # groups were asked for, whatever laws the file names
        config = replace(config, command=Command("compare"))
    laws = config.command.laws
    if laws and options.figure:
        raise ConfigurationError("--figure is for --by: a comparison of laws draws none but those of its report.")
    if laws:
        return _laws(options, config, laws)
    if options.keep:
        raise ConfigurationError("--keep is for --laws: compare --by keeps its one fit anyway.")
    if config.by:
        return _groups(options, config)
    raise ConfigurationError("say what to compare: --laws ghk,ghk-pump or --by and the column that names the groups.")


def _groups(options: argparse.Namespace, config: Config) -> int:
    from ..data.tables.inert import write_csv
    from ..fitting.comparison.contrasts import contrasts
    from ..fitting.comparison.units import units
    from ..fitting.comparison.words import contrasts_in_words, potentials_in_words
    from ..fitting.experiment.prepare import prepare
    from ..fitting.fit import fit_experiment
    from ..fitting.report.pictures import contrasts_figure
    from ..fitting.results.store import FILES, figure_files, write_fit
    from ..fitting.results.text import table_text

    figures = figure_files(options.figure)
    place = results_folder(options, config, f"by-{config.by}", *FILES, *figures, "contrasts.csv", "contrasts.png")
    recordings = read_recordings(config)
    experiment = prepare(recordings, with_hash(config, recordings))
    say(*experiment.notes)
    fit = fit_experiment(experiment)
    say_of_sampling({"": fit})
    table = contrasts(fit)
    with writing(place, fit) as aside:
        write_fit(fit, aside, place.path, report=True, figures=figures)
        write_csv(table, aside / "contrasts.csv")
        contrasts_figure(fit).savefig(aside / "contrasts.png", dpi=150)
    print(f"{config.law} fitted to {recordings_used(experiment)}, groups of {config.by} compared.\n")
    if fit.verdict().sampling.ok:
        print("\n".join([potentials_in_words(fit), *contrasts_in_words(fit, table), units(fit).sentence]))
    else:
        print("Whether they differ cannot be told: the sampling fell short.")
    print(f"\nlower and upper are the {experiment.interval_name}")
    print(table_text(table, {"p_direction": ".3f", "p_rope": ".3f"}))
    print()
    print(fit.verdict())
    say(f"Results are in {place.name}")
    return 0 if fit.verdict().sampling.ok else 3


def _laws(options: argparse.Namespace, config: Config, laws: str) -> int:
    from ..data.tables.inert import write_csv
    from ..fitting.comparison.laws import compare_laws, experiments_of
    from ..fitting.fit import Fit
    from ..fitting.report.law_report import law_report_html
    from ..fitting.results.store import FILES, write_fit
    from ..fitting.results.text import table_text

    kept = [f"{name.strip()}/{file}" for name in laws.split(",") for file in FILES if options.keep]
    place = results_folder(options, config, "laws", "comparison.csv", "config.toml", "report.html", *kept)
    recordings = read_recordings(config)
    config = with_hash(config, recordings)
    experiments = experiments_of(recordings, replace(config, command=Command("fit")), laws)
    say(*dict.fromkeys(note for e in experiments.values() for note in e.notes))
    found = compare_laws(experiments)
    say_of_sampling(found.fits)
    say(*found.refits)
    with place.writing() as aside:
        write_csv(found.table, aside / "comparison.csv")
        (aside / "config.toml").write_text(config.seen_from(place.path).to_toml(), encoding="utf-8")
        (aside / "report.html").write_text(law_report_html(found), encoding="utf-8")
        for name, fit in found.fits.items() if options.keep else ():
            (aside / name).mkdir()
            write_fit(Fit(fit.tree, fit.experiment), aside / name, place.path / name)
    print(table_text(found.table, dict.fromkeys(("elpd", "se", "elpd_diff", "dse"), ".1f") | {"weight": ".2f"}))
    print()
    print("\n".join(found.sentences))
    say(f"Results are in {place.name}")
    return 3 if found.short else 0
