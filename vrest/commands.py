"""What each command does: read, call the package, print tables to standard output and messages to standard error."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from .data.sets.bundled import datasets as bundled_sets
from .data.sets.bundled import load_data
from .data.tables.reader import read_csv
from .fitting.experiment.config import Config
from .fitting.experiment.settings import TABLE, declaration, settings
from .flags import as_flag, settings_from
from .models.errors import ConfigurationError, nearest
from .models.ions import ions as ions_named
from .models.laws.registry import LAWS
from .models.laws.registry import law as law_named


def fit(options: argparse.Namespace) -> int:
    from .fitting.experiment.prepare import prepare
    from .fitting.fit import fit_experiment
    from .fitting.results.outputs import ResultsFolder
    from .fitting.results.store import FILES, write_fit
    from .fitting.results.text import summary_text

    if options.each:
        from .truth import fit_each

        return fit_each(options)
    if options.workers > 1 or options.scheduler:
        raise ConfigurationError("--workers and --scheduler are for many fits: with --each cell, or vrest recover.")
    config = configuration(options)
    folder = Path(options.out or f"{Path(config.data or '').stem}-{config.law}")
    place = ResultsFolder(folder, options.force, inputs(options, config), FILES)
    recordings = read_recordings(config, options)
    experiment = prepare(recordings, replace(config, data_sha256=recordings.attrs["sha256"]))
    say(*experiment.notes)
    result = fit_experiment(experiment)
    with place.writing() as aside:
        write_fit(result, aside, folder, report=not options.no_report, picture=not options.no_report)
    say(*result.notes[len(experiment.notes) :])

    print(f"{config.law} fitted to {recordings_used(experiment)}; lower and upper are the {experiment.interval_name}")
    print(summary_text(result.summary()))
    print()
    print(result.verdict())
    say(f"Results are in {folder}")
    return 0 if result.verdict().sampling.ok else 3


def report(options: argparse.Namespace) -> int:
    from .fitting.fit import load

    run = Path(options.run)
    say(f"The report is {load(run).report((run if run.is_dir() else run.parent) / 'report.html')}")
    return 0


def recordings_used(experiment) -> str:
    """How many rows, of what: for headings."""
    return f"{experiment.recordings.sizes['obs']} rows of {experiment.recordings.attrs['source']}"


def check(options: argparse.Namespace) -> int:
    from .fitting.checks.identification import foresee
    from .fitting.checks.words import say_identification
    from .fitting.experiment.prepare import prepare
    from .fitting.results.text import expectation_text

    config = configuration(options)
    experiment = prepare(read_recordings(config, options), config)
    say(*experiment.notes)
    print(f"{recordings_used(experiment)}: the table is in order. {experiment.n_conditions} distinct conditions.")
    expectation, identification = foresee(experiment)
    if not expectation.quantities:
        print(f"The law {config.law} leaves nothing to infer but the scatter.")
        return 0
    print(
        f"\nWhat {config.law} can be expected to learn from these conditions (averaged over the priors, before any sampling):"
    )
    print(expectation_text(expectation))
    print(f"\n{say_identification(identification, foreseen=True)}")
    return 0


def design(options: argparse.Namespace) -> int:
    from .plan import design as design_one

    return design_one(options)


def explain(options: argparse.Namespace) -> int:
    from .explain import explain as explain_one

    return explain_one(options)


def compare(options: argparse.Namespace) -> int:
    from .compare import compare as compare_them

    return compare_them(options)


def predict(options: argparse.Namespace) -> int:
    from .compare import predict as predict_them

    return predict_them(options)


def laws(options: argparse.Namespace) -> int:
    for law in LAWS.values():
        names = ", ".join(p.name for p in law.parameters(law.usable(ions_named(("K", "Na", "Cl")))))
        print(f"{law.name}: {law.summary}")
        print(
            f"    {law.equation}\n    infers {names or 'inside concentrations only'}; options: {', '.join(law.options)}"
        )
        print(f"    {law.citation}\n")
    return 0


def priors(options: argparse.Namespace) -> int:
    import pandas as pd

    from .fitting.experiment.build import DEFAULT_IONS, foreseen_parameters
    from .fitting.results.text import table_text

    config = configuration(options, needs_data=False)
    law = law_named(config.law)
    chosen = law.usable(ions_named(config.ions or DEFAULT_IONS))
    sure, brought = foreseen_parameters(law, chosen, config)
    columns = ("name", "unit", "prior", "meaning", "source")

    def line(p) -> dict[str, str]:
        return {c: str(getattr(p, c)) for c in columns}

    print(table_text(pd.DataFrame([line(p) for p in sure])))
    if brought:
        print("\nWhat a table may add:")
        print(table_text(pd.DataFrame([{"brought by": why, **line(p)} for why, p in brought])))
    return 0


def datasets(options: argparse.Namespace) -> int:
    print("\n\n".join(book.describe() for book in bundled_sets().values()))
    return 0


def configuration(options: argparse.Namespace, needs_data: bool = True) -> Config:
    """The configuration file, if any, with the flags laid over it."""
    config = settings_from(options)
    law_named(config.law)
    if needs_data and config.data is None:
        raise ConfigurationError(
            "no DATA: name a table, or one with data = … in the configuration. vrest datasets lists bundled ones."
        )
    return config


def read_plan(config: Config, options: argparse.Namespace):
    """PLAN: like DATA, but V_m_mV is not needed (and not used where it is there), and repeated rows are legal."""
    return read_recordings(config, options, potentials=False).drop_vars("V_m", errors="ignore")


def read_recordings(config: Config, options: argparse.Namespace, potentials: bool = True):
    """DATA, which is a table, a saved fit or a bundled set."""
    data = config.data or ""
    path = Path(data)
    names = bundled_sets()
    finished = path.suffix == ".nc" and path.is_file()
    if finished or (not path.exists() and data in names):
        for name, f in settings(Config).items():
            if (
                declaration(f).group == TABLE
                and name != "where"
                and (value := getattr(config, name)) not in (f.default, {})
            ):
                raise ConfigurationError(f"{as_flag(name, value)}: {data} is read as it is; leave that out.")
    if finished:
        from .fitting.results.store import read_tree, recordings_of

        return recordings_of(read_tree(path))
    if not path.exists() and data in names:
        return load_data(data)
    if not path.exists() and not path.suffix:
        raise ConfigurationError(
            f"{data}: neither a file nor a bundled set.{nearest(data, names)} Sets: {', '.join(names)}."
        )
    recordings = read_csv(
        path, temperature_C=config.temperature_C, columns=config.columns, delimiter=config.delimiter or ",",
        encoding=config.encoding or "utf-8", decimal=config.decimal or ".", solutions=config.solutions, pipette=config.pipette,
        potentials=potentials,
    )  # fmt: skip
    if config.pipette and "ljp" in recordings:
        from .data.solutions.junction import series_in_words

        say(series_in_words(config.pipette, recordings["solution"].values, recordings["ljp"].values))
    return recordings


def inputs(options: argparse.Namespace, config: Config | None = None) -> list[str]:
    """Every file that a command may read; none of them is ever written."""
    names = ("data", "config", "map_file", "truth", "add", "baths", "file")
    given = [getattr(options, name, None) for name in names]
    if run := getattr(options, "run", None):
        given.append(str(Path(run) / "fit.nc") if Path(run).is_dir() else run)
    return [path for path in [*given, *([config.data, config.solutions] if config else [])] if path]


def say(*sentences: object) -> None:
    """Messages go to standard error, so that a pipe gets tables alone."""
    for sentence in sentences:
        print(sentence, file=sys.stderr)
