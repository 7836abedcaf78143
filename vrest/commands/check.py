"""`vrest check`: check a table, and foresee what it can tell, without sampling."""

import argparse

from ..flags import add_data, as_flag
from ..shared import configuration, read_recordings, recordings_used, say


def arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser)


def run(options: argparse.Namespace) -> int:
    config = configuration(options)

    from ..data.tables.table import groupings
    from ..fitting.checks.identification import foresee, left_out
    from ..fitting.checks.words import say_identification
    from ..fitting.experiment.prepare import prepare
    from ..fitting.results.text import expectation_text

    experiment = prepare(read_recordings(config), config)
    say(*experiment.notes)
    print(f"{recordings_used(experiment)}: the table is in order. {experiment.n_conditions} distinct conditions.")
    for name, groups in {}.items() if config.by else groupings(experiment.recordings).items():
        print(f"{as_flag('by', name)} compares {', '.join(groups[:-1])} and {groups[-1]}.")
    expectation, identification = foresee(experiment)
    if not expectation.quantities:
        print(f"The law {config.law} leaves nothing to infer but the scatter.")
        return 0
    print(
        f"\nWhat {config.law} can be expected to learn from these conditions (averaged over the priors, before any sampling):"
    )
    print(expectation_text(expectation))
    for note in left_out(experiment):
        print(note)
    print(f"\n{say_identification(identification, foreseen=True)}")
    return 0
