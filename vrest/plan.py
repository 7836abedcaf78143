"""`vrest design`."""

import argparse
from dataclasses import replace
from pathlib import Path

from .commands import configuration, read_plan, recordings_used, say


def design(options: argparse.Namespace) -> int:
    """What a plan would pin down, and which rows would help most."""
    from .fitting.design import design as design_one
    from .fitting.design import ranking
    from .fitting.store import finished_folder, refuse_existing
    from .fitting.text import expectation_text, table_text
    from .fitting.verdict import say_identification

    config = configuration(options)
    folder = Path(options.out or f"{Path(config.data or '').stem}-{config.law}-design")
    refuse_existing(folder, options.force)
    plan = read_plan(config, options)
    add = read_plan(replace(config, data=options.add, where=None), options) if options.add else None
    truth = None
    if options.truth:
        from .fitting.simulate import read_truth

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
    average = "at the stated truth" if truth else "averaged over the priors"
    print(f"What {config.law} can be expected to learn from {recordings_used(found.experiment)} ({average}):")
    print(expectation_text(found.expectation))
    print("\n" + "\n".join(say_identification(replace(found.identification, advice=()))))
    print("\nRows to add, best first" + (f" for {options.goal}" if options.goal else "") + ": expected sd then")
    print(table_text(ranking(found.proposals)))
    if found.chosen:
        print("\nThe next rows, each chosen with those before it made:")
        print(table_text(ranking(found.chosen)))
    with finished_folder(folder, options.force) as aside:
        found.table.to_csv(aside / "design.csv", index=False)
        if found.chosen:
            found.next_rows.to_csv(aside / "next_rows.csv", index=False)
        (aside / "config.toml").write_text(config.to_toml(), encoding="utf-8")
    say(f"Results are in {folder}; sds there are of the natural logarithm for what is a factor (x/÷) here.")
    return 0
