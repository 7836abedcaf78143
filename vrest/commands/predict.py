"""`vrest predict`: V_m in baths that were not measured."""

import argparse
import sys

from ..flags import add_out
from ..shared import results_file, say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="results folder of a fit")
    parser.add_argument("baths", metavar="BATHS", help="table of baths, temperatures and pump states")
    parser.add_argument(
        "--cell", default="population", metavar="WHO", help="population (default), new, or a cell's name"
    )
    add_out(parser, "FILE", "standard output")


def run(options: argparse.Namespace) -> int:
    from ..data.tables.inert import as_written, csv_text, write_csv
    from ..data.tables.reader import read_csv
    from ..fitting.checks.words import listed
    from ..fitting.fit import load
    from ..fitting.results.text import table_text

    place = results_file(options, options.out)
    fit = load(options.run)
    table = fit.predict(read_csv(options.baths, potentials=False), cell=as_written(options.cell))
    if options.cell == "new" and (above := fit.experiment.levels.above):
        say(
            f"A new cell is one of a new {above[-1].column}: how much units of {listed([a.column for a in above])} differ is in."
        )
    if place:
        with place.writing() as aside:
            write_csv(table, aside)
        say(f"Predictions are in {place.name}")
    elif sys.stdout.isatty():
        print(table_text(table))
        say(f"lower and upper are the {fit.experiment.interval_name}")
    else:
        print(csv_text(table), end="")
    return 0
