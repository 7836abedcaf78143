"""The cases: what is measured against what. Each takes the settings and yields figures."""

import json
import math
import platform
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .data import cells_of_13, one_cell, plan_of_42, write_csv
from .environment import environment
from .inside import TEXT
from .process import PYTHON, ROOT, VREST, Run, caches, jax_cache, measure
from .table import Figure, exponent, judged

PEERS = ROOT / "benchmarks" / "peers"
PARAMETERS = ("p_Na", "p_Cl", "pump_mV", "Q10_pump", "Q10_leak", "sigma_mV")


@dataclass(frozen=True)
class Settings:
    """How to run: repeats, seconds after which a process is stopped, where files go, and whether all is made small."""

    folder: Path
    repeats: int = 3
    limit: float = 900
    small: bool = False
    peers: tuple[str, ...] = ()
    """Those to run, all if empty."""

    def size(self, full: int, small: int) -> int:
        return small if self.small else full


@dataclass
class Contender:
    """A whole process that makes a posterior: TABLE and OUT stand for the files in its command.

    Attributes
    ----------
    cold : fresh caches at each repeat; otherwise they are filled by a run on other recordings, not counted.
    jax : keep what JAX compiles.
    limit : seconds after which it is stopped, if less than the settings'.
    once : run it in the first repeat only.
    trouble : why it cannot be run.
    """

    name: str
    command: list[str]
    cold: bool = False
    jax: bool = False
    limit: float = math.inf
    once: bool = False
    trouble: str = ""
    runs: list[Run] = field(default_factory=list)
    draws: dict[str, np.ndarray] = field(default_factory=dict)

    def go(self, table: Path, folder: Path, cache: Path, limit: float) -> Run:
        out = folder / f"{self.name.replace(' ', '-').replace(',', '').replace(':', '')}"
        command = [{"TABLE": str(table), "OUT": str(out)}.get(word, word) for word in self.command]
        environment = caches(cache) | (jax_cache(cache) if self.jax else {})
        run = measure(command, environment, min(limit, self.limit))
        if run.status in (0, 3):  # 3: vrest's sampling checks failed; agreement is judged all the same
            self.draws = read_draws(out)
        return run


def read_draws(out: Path) -> dict[str, np.ndarray]:
    """A posterior that vrest or a peer left on disk."""
    if (out / "fit.nc").exists():
        import h5netcdf

        with h5netcdf.File(out / "fit.nc", "r") as file:
            return {name: np.asarray(file["posterior"].variables[name][:]) for name in PARAMETERS}
    with np.load(out.with_name(out.name + ".npz")) as file:
        return {name: file[name] for name in PARAMETERS}


def vrest_fit(
    name: str, *options: str, report: bool = False, python: Sequence[str] = PYTHON, **settings: Any
) -> Contender:
    start = [*python, "-P", "-m", "vrest", "fit"]  # -P: as installed, not as it lies in this folder
    command = [*start, "TABLE", "--inside", TEXT, "--seed", "1", "--out", "OUT", "--force", *options]
    return Contender(name, command + ([] if report else ["--no-report"]), **settings)


def peer(name: str, script: str, *options: str, python: Sequence[str] = PYTHON, **settings: Any) -> Contender:
    return Contender(name, [*python, str(PEERS / script), "TABLE", "OUT", *options], **settings)


def race(
    case: str, table: Path, other: Path, contenders: list[Contender], settings: Settings, repeats: int
) -> Iterator[Figure]:
    """Run the contenders in turn, `repeats` times; the first is what the others are held against."""
    fill = {c.name: settings.folder / f"cache-{k}" for k, c in enumerate(contenders)}
    for c in contenders:
        if not (c.cold or c.trouble):
            c.go(other, settings.folder, fill[c.name], settings.limit)
    for repeat in range(repeats):
        for c in contenders:
            if c.trouble or (c.runs and (c.once or c.runs[-1].stopped)):
                continue
            cache = fill[c.name] / f"cold-{repeat}" if c.cold else fill[c.name]
            c.runs.append(c.go(table, settings.folder, cache, settings.limit))
            print(f"  {c.name}: {c.runs[-1].seconds:.1f} s", file=sys.stderr, flush=True)
    first = contenders[0]
    for c in contenders:
        if c.trouble:
            yield Figure(case, c.name, remark=c.trouble)
            continue
        figure = Figure(case, c.name, [run.seconds for run in c.runs], peak_MB=max(run.peak_MB for run in c.runs))
        complaint = next((run.complaint for run in c.runs if run.status not in (0, 3)), "")
        if any(run.stopped for run in c.runs):
            figure.remark = "at least: stopped without a posterior"
        elif complaint:
            figure.values, figure.remark = [], complaint
        elif not first.draws:
            figure.values, figure.remark = [], "no posterior to compare with, so no time"
        else:
            figure = judged(figure, c.draws, first.draws)
            figure.remark += "; its own sampling checks failed" if any(run.status == 3 for run in c.runs) else ""
        if figure.values and c is not first:
            figure.against, figure.versus = [run.seconds for run in first.runs], first.name
        yield figure


def single(settings: Settings) -> Iterator[Figure]:
    """42 rows of one cell: script start to posterior on disk."""
    table = write_csv(plan_of_42(1), settings.folder / "single.csv")
    other = write_csv(plan_of_42(2), settings.folder / "single-other.csv")
    # What is installed beside it slows a program: xarray imports dask where it finds it, and SciPy JAX.
    bare, trouble = environment(settings.folder / "vrest", str(ROOT), python=platform.python_version())
    alone: dict[str, Any] = {"python": bare, "trouble": trouble}
    stan: dict[str, Any] = {}
    if chosen(settings, Contender("Stan", [])):  # PyStan's wheels bring object code that later Pythons do not load
        packages = ("pystan==3.14.0", "numpy", "setuptools<80")
        stan["python"], stan["trouble"] = environment(settings.folder / "stan", *packages, python="3.12")
    contenders = [
        vrest_fit("vrest, warm", **alone),
        vrest_fit("vrest, warm, with report", report=True, **alone),
        vrest_fit("vrest, cold", cold=True, **alone),
        vrest_fit("vrest, warm, every extra installed"),
        vrest_fit("vrest, cold, every extra installed", cold=True),
        vrest_fit("vrest by NumPyro, its cache warm", "--sampler", "numpyro", jax=True),
        *chosen(
            settings,
            peer("naive PyMC, cold", "naive_pymc.py", cold=True, limit=120, **alone),
            peer("PyMC, rearranged, warm", "naive_pymc.py", "--rearranged", **alone),
            peer("PyMC, rearranged, cold", "naive_pymc.py", "--rearranged", cold=True, **alone),
            peer("NumPyro by hand", "numpyro_by_hand.py"),
            peer("NumPyro by hand, its cache warm", "numpyro_by_hand.py", jax=True),
            peer("Stan, model compiled before", "stan_by_hand.py", **stan),
            peer("Stan, cold", "stan_by_hand.py", cold=True, once=True, **stan),
            peer("emcee", "emcee_by_hand.py"),
            peer("lmfit", "lmfit_point.py"),
        ),
    ]
    yield from race("single", table, other, contenders, settings, settings.repeats)


def chosen(settings: Settings, *peers: Contender) -> list[Contender]:
    return [c for c in peers if not settings.peers or any(name.lower() in c.name.lower() for name in settings.peers)]


def rows(settings: Settings) -> Iterator[Figure]:
    """100,000 rows of one cell in 200 conditions."""
    n = settings.size(100_000, 1000)
    table = write_csv(one_cell(n, distinct=False)[0], settings.folder / "rows.csv")
    other = write_csv(one_cell(n, distinct=False, seed=2)[0], settings.folder / "rows-other.csv")
    contenders = [
        vrest_fit("vrest, warm"),
        *chosen(settings, peer("NumPyro by hand, its cache warm", "numpyro_by_hand.py", jax=True, limit=120)),
    ]
    yield from race("rows", table, other, contenders, settings, 1)


def answer(settings: Settings, module: str, *arguments: object) -> tuple[Run, dict]:
    """A process of this folder that prints JSON: how it ran, and what it found (empty where it failed)."""
    command = [*PYTHON, "-m", f"benchmarks.{module}", *map(str, arguments)]
    run = measure(command, caches(settings.folder / "shared"), settings.limit)
    return run, {} if run.complaint else json.loads(run.output.splitlines()[-1])


def staged(settings: Settings, case: str, what: str, table: Path) -> tuple[Figure, dict]:
    """A whole fit with its sampling apart."""
    run, found = answer(settings, "stages", table, settings.folder / f"{table.stem}-fit")
    figure = Figure(case, what, [] if run.complaint else [run.seconds], peak_MB=run.peak_MB, remark=run.complaint)
    if found:
        figure.min_ess = found["min_ess"]
        again = ", repeated once" if found["runs"] > 1 else ""
        figure.remark = f"sampling {found['sampling']:.1f} s{again}, {found['divergences']} divergences"
    return figure, found


def cells(settings: Settings) -> Iterator[Figure]:
    """40 and 200 cells, 13 rows each: from table to saved posterior."""
    for n in (settings.size(40, 5), settings.size(200, 10)):
        table = write_csv(cells_of_13(n), settings.folder / f"cells-{n}.csv")
        yield staged(settings, "cells", f"vrest, {n} cells", table)[0]


def further(settings: Settings) -> Iterator[Figure]:
    """Further fits of one design, 2 × (500 + 500) draws each."""
    n = settings.size(1000, 5)
    run, found = answer(settings, "again", n)
    figure = Figure("further", f"{n} further fits, each", found.get("seconds", []), peak_MB=run.peak_MB)
    figure.remark = run.complaint
    if found:
        figure.against, figure.versus = [found["first"]] * n, "the first, compiled"
        figure.remark = (
            f"{sum(found['seconds']):.0f} s in all by {found['sampler']}, {found['divergences']} divergences"
        )
    yield figure


def calibration(settings: Settings) -> Iterator[Figure]:
    """Simulation-based calibration by the command, on two processes."""
    n = settings.size(1000, 20)
    plan = write_csv(plan_of_42(1).drop_vars("V_m"), settings.folder / "plan.csv")
    command = [*VREST, "recover", str(plan), "--inside", TEXT, "--n", str(n), "--workers", "2", "--seed", "1"]
    run = measure([*command, "--out", str(settings.folder / "recover"), "--force"], None, settings.limit)
    seconds = [] if run.complaint else [run.seconds]
    yield Figure("calibration", f"{n} simulations", seconds, peak_MB=run.peak_MB, remark=run.complaint)


def imports(settings: Settings) -> Iterator[Figure]:
    """What a command line waits for before anything happens."""
    commands = {
        "python": [*PYTHON, "-c", "pass"],
        "import vrest": [*PYTHON, "-c", "import vrest"],
        "vrest --help": [*VREST, "--help"],
    }
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(max(5, settings.repeats)):
        for name, command in commands.items():
            runs[name].append(measure(command))
    for name, found in runs.items():
        figure = Figure("imports", name, [r.seconds for r in found], peak_MB=max(r.peak_MB for r in found))
        if name != "python":
            figure.against, figure.versus = [r.seconds for r in runs["python"]], "python"
        yield figure


def _growth(what: str, sizes: list[int], costs: list[float]) -> Figure:
    """An exponent, from all sizes that ran, with that of the last step beside it."""
    if len(costs) < 2:
        return Figure("growth", what, unit="exponent", remark="too few sizes ran")
    ran = sizes[: len(costs)]
    spelt = ", ".join(f"{n:,}: {cost:.3g} s" for n, cost in zip(ran, costs, strict=True))
    remark = f"last step {exponent(ran[-2:], costs[-2:]):.2f}; {spelt}"
    return Figure("growth", what, [exponent(ran, costs)], "exponent", remark=remark)


def _densities(settings: Settings, of: str, sizes: list[int], module: str, *more: object) -> Iterator[Figure]:
    """How a call of the log-density grows with rows or cells."""
    costs: list[float] = []
    for n in sizes:
        run, found = answer(settings, module, n, *more)
        if not found:
            yield Figure("growth", f"density, {n} {of}", remark=run.complaint)
            break
        costs.append(found["seconds"])
    yield _growth(f"log-density and gradient, by {of}", sizes, costs)


def _fits(settings: Settings, of: str, tables: dict[int, xr.Dataset]) -> Generator[Figure, None, list[float]]:
    """How sampling grows with rows or cells; returns the seconds of whole processes."""
    whole, sampling = list[float](), list[float]()
    for n, recordings in tables.items():
        table = write_csv(recordings, settings.folder / f"growth-{n}.csv")
        figure, found = staged(settings, "growth", f"fit of {n} {of}", table)
        yield figure
        if not found:
            break
        whole.append(figure.values[0])
        sampling.append(found["sampling"])
    yield _growth(f"sampling, by {of.split()[-1]}", [*tables], sampling)
    return whole


def growth_rows(settings: Settings) -> Iterator[Figure]:
    """Cost against rows, every row a condition of its own."""
    sizes = [100, 1000] if settings.small else [100, 1000, 10_000, 100_000, 1_000_000]
    yield from _densities(settings, "rows", sizes, "density", settings.repeats)
    fits = [100, 300] if settings.small else [100, 1000, 10_000]
    yield from _fits(settings, "distinct rows", {n: one_cell(n, distinct=True)[0] for n in fits})


def growth_cells(settings: Settings) -> Iterator[Figure]:
    """Cost against cells of 13 rows."""
    sizes = [5, 10] if settings.small else [5, 20, 100, 500]
    yield from _densities(settings, "cells", sizes, "cells")
    whole = yield from _fits(settings, "cells", {n: cells_of_13(n) for n in sizes})
    yield _growth("whole process, by cells", sizes, whole)


def replicated(settings: Settings) -> Iterator[Figure]:
    """Many repeats of 200 conditions against each measured once."""
    n = settings.size(1_000_000, 2000)
    few = write_csv(one_cell(200, distinct=False)[0], settings.folder / "replicated-200.csv")
    many = write_csv(one_cell(n, distinct=False)[0], settings.folder / f"replicated-{n}.csv")
    one, found = staged(settings, "replicated", "vrest, 200 rows", few)
    yield one
    figure, of_many = staged(settings, "replicated", f"vrest, {n:,} rows in 200 conditions", many)
    yield figure
    if found and of_many:
        yield Figure(
            "replicated", "of which sampling", [of_many["sampling"]], against=[found["sampling"]],
            versus="200 rows' sampling", remark=f"results folder {of_many['MB']:.0f} MB",
        )  # fmt: skip


def kernel(settings: Settings) -> Iterator[Figure]:
    """Log-density and gradient at distinct rows, one thread, against C."""
    n = settings.size(100_000, 1000)
    run, found = answer(settings, "density", n, max(5, settings.repeats), "--c")
    case, mine, other = "kernel", f"vrest, {n:,} distinct rows", "C pass"
    if not found:
        yield Figure(case, mine, remark=run.complaint)
        return
    if not found["agrees"]:
        yield Figure(case, mine, remark=f"DISAGREES with C by {found['disagreement']:.1e}, so no time")
        return
    held = [found["seconds"] / found["ratio"]]  # the median of ratios, each from one repeat
    agreed = f"agree to {found['disagreement']:.0e}; {1e9 * found['seconds'] / n:.0f} ns a row"
    yield Figure(case, mine, [found["seconds"]], against=held, versus=other, peak_MB=run.peak_MB, remark=agreed)
    yield Figure(case, other, [found["seconds_c"]], remark=f"gcc {found['flags']}")


CASES: dict[str, Callable[[Settings], Iterator[Figure]]] = {
    "imports": imports,
    "single": single,
    "kernel": kernel,
    "further": further,
    "cells": cells,
    "rows": rows,
    "replicated": replicated,
    "calibration": calibration,
    "growth-rows": growth_rows,
    "growth-cells": growth_cells,
}
