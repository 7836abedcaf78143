"""`vrest design`: what a plan would pin down, and which rows would help most."""

import argparse
from dataclasses import replace

from ..flags import add_data, add_out, whole
from ..shared import configuration, read_plan, results_folder, say, with_hash


def arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, plan=True)
    parser.add_argument(
        "--add", metavar="TABLE", help="rows to choose from, a plan too (default: variations of the commonest bath)"
    )
    parser.add_argument("--goal", metavar="NAME", help="the parameter to rank by, as in pump_mV (default: all asked)")
    parser.add_argument(
        "--truth", metavar="FILE", help='TOML lines such as "P_Na/P_K" = 0.03 (default: averaged over the priors)'
    )
    parser.add_argument(
        "--recordings", type=whole(1, 10_000), default=1, metavar="N", help="of each candidate (default: 1)"
    )
    parser.add_argument(
        "-k", "--choose", type=whole(0, 1000), default=0, metavar="K",
        help="choose the next K rows, each given those before it",
    )  # fmt: skip
    add_out(parser, "FOLDER", "<plan>-<law>-design")


def run(options: argparse.Namespace) -> int:
    config = configuration(options)

    from ..data.tables.inert import write_csv
    from ..fitting.planning.design import design
    from ..fitting.planning.simulate import read_truth

    place = results_folder(options, config, f"{config.law}-design", "design.csv", "next_rows.csv", "config.toml")
    plan = read_plan(config)
    config = with_hash(config, plan)
    found = design(
        plan,
        add=read_plan(replace(config, data=options.add, where=None)) if options.add else None,
        goal=options.goal,
        truth=read_truth(options.truth) if options.truth else None,
        next_rows=options.choose,
        recordings=options.recordings,
        config=config,
    )
    say(*found.notes)
    print(found)
    with place.writing() as aside:
        write_csv(found.table, aside / "design.csv")
        if found.chosen:
            write_csv(found.next_rows, aside / "next_rows.csv")
        (aside / "config.toml").write_text(config.seen_from(place.path).to_toml(), encoding="utf-8")
    say(f"Results are in {place.name}; sds there are of the natural logarithm for what is a factor (x/÷) here.")
    return 0
