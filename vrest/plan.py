"""`vrest design`."""

import argparse
from dataclasses import replace
from pathlib import Path

from .commands import configuration, inputs, read_plan, say


def design(options: argparse.Namespace) -> int:
    """What a plan would pin down, and which rows would help most."""
    from .fitting.planning.design import design as design_one
    from .fitting.results.outputs import ResultsFolder

    config = configuration(options)
    folder = Path(options.out or f"{Path(config.data or '').stem}-{config.law}-design")
    place = ResultsFolder(
        folder, options.force, inputs(options, config), ("design.csv", "next_rows.csv", "config.toml")
    )
    plan = read_plan(config, options)
    add = read_plan(replace(config, data=options.add, where=None), options) if options.add else None
    truth = None
    if options.truth:
        from .fitting.planning.simulate import read_truth

        truth = read_truth(options.truth)
    found = design_one(
        plan,
        add=add,
        goal=options.goal,
        truth=truth,
        next_rows=options.choose,
        recordings=options.recordings,
        config=config,
    )
    say(*found.notes)
    print(found)
    with place.writing() as aside:
        found.table.to_csv(aside / "design.csv", index=False)
        if found.chosen:
            found.next_rows.to_csv(aside / "next_rows.csv", index=False)
        (aside / "config.toml").write_text(config.seen_from(folder).to_toml(), encoding="utf-8")
    say(f"Results are in {folder}; sds there are of the natural logarithm for what is a factor (x/÷) here.")
    return 0
