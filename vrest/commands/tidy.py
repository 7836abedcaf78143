"""`vrest tidy`: write the table that vrest understood, in its own columns and units, a row a potential."""

import argparse

from ..flags import add_data
from ..shared import configuration, read_recordings, results_file, say


def arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser)
    parser.add_argument("out", metavar="OUT", help="CSV to write")
    parser.add_argument("--force", action="store_true", help="replace a file that vrest wrote")


def run(options: argparse.Namespace) -> int:
    config = configuration(options)
    place = results_file(options, options.out, config)

    from ..data.tables.inert import write_csv
    from ..data.tables.table import select, to_frame

    recordings = read_recordings(config)
    recordings = select(recordings, config.where) if config.where else recordings
    assert place is not None, "OUT is always given"
    with place.writing() as aside:
        write_csv(to_frame(recordings), aside)
    say(f"{recordings.sizes['obs']} rows of {recordings.attrs['source']} are in {options.out}")
    return 0
