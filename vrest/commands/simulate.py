"""`vrest simulate`: recordings of a plan with a known truth."""

import argparse
from pathlib import Path

from ..flags import add_data, add_out
from ..shared import configuration, read_plan, results_file, say


def arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, plan=True)
    parser.add_argument(
        "--truth",
        metavar="FILE",
        required=True,
        help='TOML lines such as "P_Na/P_K" = 0.03; all that are left out are named',
    )
    add_out(parser, "FILE", "standard output; of a file, the truth goes beside it")


def run(options: argparse.Namespace) -> int:
    config = configuration(options)

    import numpy as np

    from ..data.tables.inert import csv_text
    from ..data.tables.schema import COLUMNS
    from ..data.tables.table import to_frame
    from ..fitting.experiment.prepare import prepare
    from ..fitting.planning.simulate import draw_truth, read_truth, simulate, truth_in_toml

    table = results_file(options, options.out, config)
    beside = table and results_file(options, Path(table.name).with_suffix(".truth.toml"), config)
    experiment = prepare(read_plan(config), config)
    say(*experiment.notes)
    rng = np.random.default_rng(config.seed)
    truth = draw_truth(experiment, rng, read_truth(options.truth))
    recordings = simulate(experiment, truth, rng).recordings
    low, high = COLUMNS["V_m_mV"].low, COLUMNS["V_m_mV"].high
    beyond = int(((recordings["V_m"] < low) | (recordings["V_m"] > high)).sum())
    if beyond:
        say(f"{beyond} of the potentials lie outside {low:g} to {high:g} mV, and vrest fit will refuse them.")
    text = csv_text(to_frame(recordings.assign(V_m=recordings["V_m"].round(3))))
    if not (table and beside):
        print(text, end="")
        return 0
    heading = f"# The truth behind {table.path.name}: law {config.law}, seed {config.seed}\n"
    for place, content in ((table, text), (beside, heading + truth_in_toml(experiment, truth))):
        with place.writing() as aside:
            aside.write_text(content, encoding="utf-8")
    say(f"{recordings.sizes['obs']} simulated recordings are in {table.name}, their truth in {beside.name}")
    return 0
