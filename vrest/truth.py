"""Many fits: `vrest simulate`, `vrest recover`, and `vrest fit --each`."""

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

from .commands import configuration, inputs, read_plan, read_recordings, recordings_used, say


def simulate(options: argparse.Namespace) -> int:
    """Recordings of a plan with a stated truth."""
    import numpy as np

    from .data.tables.schema import COLUMNS
    from .data.tables.table import to_frame
    from .fitting.experiment.prepare import prepare
    from .fitting.planning.simulate import draw_truth, read_truth, truth_in_toml
    from .fitting.planning.simulate import simulate as simulate_one
    from .fitting.results.outputs import ResultsFile

    config = configuration(options)
    places = []
    if options.out:
        places = [ResultsFile(options.out, options.force, inputs(options, config))]
        beside = Path(options.out).with_suffix(".truth.toml")
        places.append(ResultsFile(beside, options.force, inputs(options, config)))
    experiment = prepare(read_plan(config, options), config)
    say(*experiment.notes)
    rng = np.random.default_rng(config.seed)
    truth = draw_truth(experiment, rng, read_truth(options.truth))
    recordings = simulate_one(experiment, truth, rng).recordings
    low, high = COLUMNS["V_m_mV"].low, COLUMNS["V_m_mV"].high
    beyond = int(((recordings["V_m"] < low) | (recordings["V_m"] > high)).sum())
    if beyond:
        say(f"{beyond} of the potentials lie outside {low:g} to {high:g} mV, and vrest fit will refuse them.")
    text = to_frame(recordings.assign(V_m=recordings["V_m"].round(3))).to_csv(index=False)
    if not places:
        print(text, end="")
        return 0
    table = Path(options.out)
    heading = f"# The truth behind {table.name}: law {config.law}, seed {config.seed}\n"
    for place, content in zip(places, (text, heading + truth_in_toml(experiment, truth)), strict=True):
        with place.writing() as aside:
            aside.write_text(content, encoding="utf-8")
    say(f"{recordings.sizes['obs']} simulated recordings are in {table}, their truth in {beside}")
    return 0


def recover(options: argparse.Namespace) -> int:
    """Simulate and fit a plan many times."""
    from .fitting.experiment.prepare import prepare
    from .fitting.planning.recovery import LIKELIHOOD, recover
    from .fitting.planning.simulate import read_truth
    from .fitting.results.outputs import ResultsFolder
    from .fitting.results.text import table_text
    from .fitting.sampling.workers import Workers

    config = configuration(options)
    folder = Path(options.out or f"{Path(config.data or '').stem}-{config.law}-recovery")
    writes = ("recovery.csv", "ranks.nc", "config.toml", "calibration.png", "recovery.png", "contraction.png")
    place = ResultsFolder(folder, options.force, inputs(options, config), writes)
    workers = Workers(options.workers, options.scheduler)
    experiment = prepare(read_plan(config, options), config)
    truth = read_truth(options.truth) if options.truth else None
    say(*experiment.notes)
    unfinished = folder.with_name(f".{folder.name}-unfinished")
    if options.force:
        shutil.rmtree(unfinished, ignore_errors=True)
    elif unfinished.exists():
        say(f"Going on with the run that was stopped ({unfinished}).")
    recovery = recover(experiment, options.n, truth, workers, unfinished / "simulations.jsonl")
    with place.writing() as aside:
        recovery.table().to_csv(aside / "recovery.csv", index=False)
        recovery.ranks.to_netcdf(aside / "ranks.nc", engine="h5netcdf")
        (aside / "config.toml").write_text(config.seen_from(folder).to_toml(), encoding="utf-8")
        if not recovery.stated:
            recovery.plot_calibration().savefig(aside / "calibration.png", bbox_inches="tight", dpi=150)
        recovery.plot_recovery().savefig(aside / "recovery.png", dpi=150)
        recovery.plot_contraction().savefig(aside / "contraction.png", dpi=150)
    shutil.rmtree(unfinished, ignore_errors=True)
    what = "a stated truth" if recovery.stated else "truths drawn from the priors"
    print(f"{config.law} on {recordings_used(experiment)}: {options.n} simulations of {what}")
    table = recovery.table().merge(recovery.contraction(), on="parameter")
    formats = {"coverage_50": ".2f", recovery.coverage: ".2f", "bias_sd": "+.2f", "sbc_p": ".2g", "contraction": ".2f"}
    if recovery.stated:
        table = table[table["parameter"] != LIKELIHOOD].drop(columns="sbc_p")
    print(table_text(table, formats))
    print()
    print("\n".join(recovery.verdict()))
    say(f"Results are in {folder}")
    return 0


def fit_each(options: argparse.Namespace) -> int:
    """Fit every cell by itself."""
    import re

    from .fitting.experiment.interval import interval_name
    from .fitting.planning.each import fit_each, summary_of_each, table_of_each
    from .fitting.results.outputs import ResultsFolder
    from .fitting.results.store import plain_json, write_fit
    from .fitting.results.text import table_text
    from .fitting.sampling.workers import Workers

    config = configuration(options)
    folder = Path(options.out or f"{Path(config.data or '').stem}-{config.law}-each-{options.each}")
    place = ResultsFolder(
        folder, options.force, inputs(options, config), ("summary.csv", "verdict.json", "config.toml")
    )
    recordings = read_recordings(config, options)
    config = replace(config, data_sha256=recordings.attrs["sha256"])
    fits, refused = fit_each(recordings, config, options.each, Workers(options.workers, options.scheduler))
    notes = [fit.experiment.notes for fit in fits.values()]
    say(*(note for note in notes[0] if all(note in others for others in notes)))
    with place.writing() as aside:
        summary_of_each(fits).to_csv(aside / "summary.csv", index=False)
        verdicts = {label: fit.verdict().to_dict() for label, fit in fits.items()}
        (aside / "verdict.json").write_text(plain_json(verdicts), encoding="utf-8")
        (aside / "config.toml").write_text(config.seen_from(folder).to_toml(), encoding="utf-8")
        for k, (label, fit) in enumerate(fits.items(), 1):
            name = f"{k:03d}-{re.sub(r'[^A-Za-z0-9]+', '-', label)[:40].strip('-')}"
            (aside / name).mkdir()
            write_fit(fit, aside / name, folder / name, picture=False)
    print(
        f"{config.law} fitted to each {options.each} by itself; medians, and in brackets the {interval_name(config.interval)}"
    )
    print(table_text(table_of_each(fits).rename(columns={"": options.each})))
    say(*(f"{label} was not fitted: {reason}" for label, reason in refused.items()))
    say(f"Results are in {folder}, a folder of its own for each; vrest report makes a page of one.")
    return 0 if all(fit.verdict().sampling.ok for fit in fits.values()) else 3


COMMANDS = {"simulate": simulate, "recover": recover}
