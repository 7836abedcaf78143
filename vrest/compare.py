"""`vrest compare` and `vrest predict`."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from .commands import configuration, inputs, read_recordings, recordings_used, say
from .fitting.experiment.config import Config
from .models.errors import ConfigurationError


def compare(options: argparse.Namespace) -> int:
    """Laws by what they predict, or groups by their parameters."""
    config = configuration(options)
    if options.laws:
        return _laws(options, config)
    if config.by:
        return _groups(options, config)
    raise ConfigurationError("say what to compare: --laws ghk,ghk-pump or --by cell_type.")


def _groups(options: argparse.Namespace, config: Config) -> int:
    from .fitting.comparison.contrasts import contrasts, plot_contrasts, too_few
    from .fitting.experiment.prepare import prepare
    from .fitting.fit import fit_experiment
    from .fitting.results.outputs import ResultsFolder
    from .fitting.results.store import FILES, write_fit
    from .fitting.results.text import table_text

    folder = Path(options.out or f"{Path(config.data or '').stem}-by-{config.by}")
    place = ResultsFolder(folder, options.force, inputs(options, config), (*FILES, "contrasts.csv", "contrasts.png"))
    recordings = read_recordings(config, options)
    experiment = prepare(recordings, replace(config, data_sha256=recordings.attrs["sha256"]))
    say(*experiment.notes)
    fit = fit_experiment(experiment)
    table = contrasts(fit)
    with place.writing() as aside:
        write_fit(fit, aside, folder)
        table.to_csv(aside / "contrasts.csv", index=False)
        figure = plot_contrasts(table, config.interval)
        figure.savefig(aside / "contrasts.png", dpi=150)
    print(f"{config.law} fitted to {recordings_used(experiment)}, groups of {config.by} compared;")
    print(f"lower and upper are the {experiment.interval_name}")
    print(table_text(table, {"p_direction": ".3f", "p_rope": ".3f"}))
    print()
    print("\n".join([*too_few(fit), str(fit.verdict())]))
    say(f"Results are in {folder}")
    return 0 if fit.verdict().sampling.ok else 3


def _laws(options: argparse.Namespace, config: Config) -> int:
    from .fitting.comparison import elpd
    from .fitting.experiment.prepare import prepare
    from .fitting.fit import fit_experiment
    from .fitting.results.outputs import ResultsFolder
    from .fitting.results.text import table_text
    from .fitting.sampling.workers import available_cores

    names = list(dict.fromkeys(name.strip() for name in options.laws.split(",") if name.strip()))
    if len(names) < 2:
        raise ConfigurationError(f"--laws {options.laws}: name two laws or more, as in ghk,ghk-pump.")
    folder = Path(options.out or f"{Path(config.data or '').stem}-laws")
    place = ResultsFolder(folder, options.force, inputs(options, config), ("comparison.csv", "config.toml"))
    recordings = read_recordings(config, options)
    experiments = {name: prepare(recordings, replace(config, law=name)) for name in names}
    say(*dict.fromkeys(note for e in experiments.values() for note in e.notes))
    fits, left, short = {}, [], []
    for name, experiment in experiments.items():
        fits[name] = fit = fit_experiment(experiment)
        refit = elpd.without_rows(fit, available_cores())
        found = [elpd.leave_rows_out(fit, refit), elpd.leave_cells_out(fit, refit)]
        left += [one for one in found if one is not None]
        if not fit.verdict().sampling.ok:
            short.append(name)
        for one in left[-2:]:
            if one.refits and one.law == name:
                say(f"{name}: fitted again without each of {one.refits} {one.scheme}s (Pareto k above {elpd.GOOD_K}).")
    table = elpd.comparison(left)
    with place.writing() as aside:
        table.to_csv(aside / "comparison.csv", index=False)
        (aside / "config.toml").write_text(config.seen_from(folder).to_toml(), encoding="utf-8")
    print(table_text(table, dict.fromkeys(("elpd", "se", "elpd_diff", "dse"), ".1f") | {"weight": ".2f"}))
    print()
    print("\n".join(elpd.judgement(table, fits)))
    if "cell" not in set(table["scheme"]):
        print(f"Cells were not left out: it takes {elpd.FEWEST_CELLS} that are told apart, and no electrode offsets.")
    if short:
        print(f"Sampling fell short for {', '.join(short)}: do not use this comparison.")
    say(f"Results are in {folder}")
    return 3 if short else 0


def predict(options: argparse.Namespace) -> int:
    """V_m in baths that were not measured."""
    from .data.tables.reader import read_csv
    from .fitting.fit import load
    from .fitting.results.outputs import ResultsFile
    from .fitting.results.text import table_text

    place = ResultsFile(options.out, options.force, inputs(options)) if options.out else None
    fit = load(options.run)
    table = fit.predict(read_csv(options.baths, potentials=False), cell=options.cell)
    if place:
        with place.writing() as aside:
            table.to_csv(aside, index=False)
        say(f"Predictions are in {options.out}")
    elif sys.stdout.isatty():
        print(table_text(table))
        say(f"lower and upper are the {fit.experiment.interval_name}")
    else:
        print(table.to_csv(index=False), end="")
    return 0
