"""`vrest recover`: simulate a plan and fit it, many times."""

import argparse
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..fitting.experiment.command import Command
from ..fitting.experiment.settings import SAMPLING
from ..flags import add_asked, add_data, add_out, add_workers
from ..shared import configuration, read_plan, recordings_used, results_folder, say, with_hash


def arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, SAMPLING, plan=True)
    add_asked(parser, "n", "truth")
    add_workers(parser)
    add_out(parser, "FOLDER", "<plan>-<law>-recovery")


def run(options: argparse.Namespace) -> int:
    config = configuration(options)

    from ..data.tables.inert import write_csv
    from ..fitting.experiment.prepare import prepare
    from ..fitting.planning.recovery import LIKELIHOOD, recover
    from ..fitting.planning.simulate import read_truth
    from ..fitting.results.store import write_netcdf
    from ..fitting.results.text import table_text
    from ..fitting.sampling.workers import Workers

    place = results_folder(
        options, config, f"{config.law}-recovery", "recovery.csv", "ranks.nc", "config.toml", "calibration.png",
        "recovery.png", "contraction.png",
    )  # fmt: skip
    workers = Workers(options.workers, options.scheduler)
    plan = read_plan(config)
    config = with_hash(config, plan)
    n, path = config.command.n or 200, config.command.truth
    experiment = prepare(plan, replace(config, command=Command()))  # more simulations go on from fewer
    truth = read_truth(path) if path else None
    say(*experiment.notes)
    log = place.path.with_name(f".{place.path.name}-unfinished") / "simulations.jsonl"
    if options.force:
        _forget(log)
    elif log.exists():
        say(f"Going on with the run that was stopped ({log.parent}).")
    recovery = recover(experiment, n, truth, workers, log)
    with place.writing() as aside:
        write_csv(recovery.table(), aside / "recovery.csv")
        write_netcdf(recovery.ranks, aside / "ranks.nc")
        (aside / "config.toml").write_text(config.seen_from(place.path).to_toml(), encoding="utf-8")
        if not recovery.stated:
            recovery.plot_calibration().savefig(aside / "calibration.png", bbox_inches="tight", dpi=150)
        recovery.plot_recovery().savefig(aside / "recovery.png", dpi=150)
        recovery.plot_contraction().savefig(aside / "contraction.png", dpi=150)
    _forget(log)
    what = "a stated truth" if recovery.stated else "truths drawn from the priors"
    print(f"{config.law} on {recordings_used(experiment)}: {n} simulations of {what}")
    table = recovery.table().merge(recovery.contraction(), on="parameter")
    formats = {"coverage_50": ".2f", recovery.coverage: ".2f", "bias_sd": "+.2f", "sbc_p": ".2g", "contraction": ".2f"}
    if recovery.stated:
        table = table[table["parameter"] != LIKELIHOOD].drop(columns="sbc_p")
    print(table_text(table, formats))
    print()
    print("\n".join(recovery.verdict()))
    say(f"Results are in {place.name}")
    return 0


def _forget(log: Path) -> None:
    """Remove the simulations that a run kept, and their folder where nothing else is in it."""
    log.unlink(missing_ok=True)
    with suppress(OSError):
        log.parent.rmdir()
