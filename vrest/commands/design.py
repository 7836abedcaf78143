"""`vrest design`: what a plan would pin down, and which rows would help most."""

import argparse
from dataclasses import replace

from ..fitting.experiment.command import Command
from ..flags import add_asked, add_data, add_out
from ..shared import configuration, read_plan, results_folder, say, with_hash


def arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, plan=True)
    add_asked(parser, "add", "goal", "truth", "recordings", "choose")
    add_out(parser, "FOLDER", "<plan>-<law>-design")


def run(options: argparse.Namespace) -> int:
    config = configuration(options)

    from ..data.tables.inert import write_csv
    from ..fitting.planning.design import design
    from ..fitting.planning.simulate import read_truth

    place = results_folder(options, config, f"{config.law}-design", "design.csv", "next_rows.csv", "config.toml")
    plan = read_plan(config)
    config = with_hash(config, plan)
    asked = config.command
    found = design(
        plan,
        add=read_plan(replace(config, data=asked.add, where=None)) if asked.add else None,
        goal=asked.goal,
        truth=read_truth(asked.truth) if asked.truth else None,
        next_rows=asked.choose or 0,
        recordings=asked.recordings or 1,
        config=replace(config, command=Command()),
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
