"""Does this program find the truth with this experiment? Simulate, fit, compare, many times.

With truths drawn from the prior, the rank of each truth among its posterior's draws is uniform if and only if sampler,
model and equations are right (simulation-based calibration: Talts et al. 2018, arXiv:1804.06788; with the likelihood as
one more quantity: Modrák et al. 2023, doi:10.1214/23-BA1404).
"""

import hashlib
import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from ...data.tables.table import to_frame
from ...models.parameters import Quantity
from ..experiment.config import Sampling
from ..experiment.experiment import Experiment
from ..experiment.interval import bounds, interval_name
from ..model.cells import place_cells
from ..model.draws import draw_prior, parameter_values, reported
from ..results.loo import resistance_density, row_density
from ..results.text import table_text
from ..sampling.array_stats import array_stats
from ..sampling.progress import Progress
from ..sampling.refits import QUICK, least_ess, longer, sampled
from ..sampling.workers import Workers, run_tasks
from .recovery_log import append, read_log
from .simulate import Truth, draw_truth, simulate

if TYPE_CHECKING:
    from arviz_plots.plot_collection import PlotCollection
    from matplotlib.figure import Figure

RANKED = 100
"""Draws, thinned to near independence, among which a truth is ranked."""
LIKELIHOOD = "log_likelihood"
LIMIT = 0.01
"""Calibration is doubted where the smallest p-value, times the number of quantities, falls below this."""

Generate = Callable[[Experiment, np.random.Generator, Truth | None], tuple[xr.Dataset, Experiment]]


def generate(experiment: Experiment, rng: np.random.Generator, truth: Truth | None) -> tuple[xr.Dataset, Experiment]:
    """A truth, from the prior or as stated, and the experiment with the recordings that it gives."""
    drawn = draw_truth(experiment, rng, truth)
    return drawn, simulate(experiment, drawn, rng)


@dataclass(frozen=True)
class Job:
    """What all simulations of a run share; number k has random numbers of its own, whoever does it and when."""

    experiment: Experiment
    truth: Truth | None
    generate: Generate = generate

    @property
    def seed(self) -> int:
        return self.experiment.config.seed

    @property
    def fingerprint(self) -> str:
        """A hash of all that decides the results."""
        plan = to_frame(self.experiment.recordings).to_csv(index=False)
        typical = {p.name: np.asarray(p.prior.typical) for p in self.experiment.parameters}
        law = np.round(self.experiment.pooled().potential(typical), 6)  # one's own may change between two runs
        parts = (self.experiment.config.to_toml(), plan, self.truth, self.experiment.parameters, law.tolist())
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def simulate_and_fit(job: Job | bytes, number: int) -> dict[str, Any]:
    """One simulation of a job (pickled, for workers): truth, recordings, fit, ranks."""
    todo = _unpickled(job) if isinstance(job, bytes) else job
    seeds = np.random.SeedSequence(todo.seed, spawn_key=(number,)).generate_state(2)
    rng = np.random.default_rng(seeds[0])
    truth, made = todo.generate(todo.experiment, rng, todo.truth)
    # Only the recordings are taken over: what they are fitted with is the job's own, whatever made them.
    experiment = replace(todo.experiment, recordings=made.recordings, resistance=made.resistance)
    sampling, reruns = experiment.config.sampling, 0
    while True:
        draws, divergences = sampled(experiment, sampling, int(seeds[1]))
        found = reported(draws, experiment)
        ess = least_ess([x for _, x in found.values()])
        ok = divergences == 0 and ess >= 2 * RANKED
        if ok or reruns:
            break
        sampling, reruns = longer(sampling), 1
    interval = experiment.config.interval
    known = {label: (q, float(x.item())) for label, (q, x) in reported(truth, experiment).items()}
    rows = {label: _judge(q, draws, known[label][1], interval) for label, (q, draws) in found.items() if label in known}
    values = (parameter_values(x, experiment, flat=True) for x in (draws, truth))
    of_draws, of_truth = (row_density(x, experiment).sum(axis=-1) + resistance_density(x, experiment) for x in values)
    likelihood = Quantity(LIKELIHOOD, "1", "log-likelihood of the recordings")
    rows[LIKELIHOOD] = _judge(likelihood, of_draws, of_truth.item(), interval)
    return {"simulation": number, "divergences": divergences, "ess": ess, "reruns": reruns, "ok": ok, "of": rows}


@lru_cache(maxsize=2)
def _unpickled(job: bytes) -> Job:
    todo: Job = pickle.loads(job)
    return todo


def _judge(q: Quantity, draws: np.ndarray, truth: float, probability: float) -> dict[str, float]:
    """One truth against its posterior: rank among thinned draws, intervals, and on the own scale mean and sd."""
    flat = draws.ravel()
    spaced = np.arange(1, RANKED + 1) * len(flat) // RANKED - 1  # as many whatever the number of draws
    own, lower, upper = q.scale.of(flat), *bounds(flat, probability)
    inner = np.quantile(flat, (0.25, 0.75))
    return {
        "truth": truth,
        "median": float(np.median(flat)),
        "lower": float(lower),
        "upper": float(upper),
        "rank": int(np.sum(flat[spaced] < truth)),
        "inside_50": bool(inner[0] <= truth <= inner[1]),
        "inside": bool(lower <= truth <= upper),
        "z": float((own.mean() - q.scale.of(np.float64(truth))) / own.std()),
        "sd": float(own.std()),
    }


@dataclass(frozen=True)
class Recovery:
    """How well truths were recovered.

    Attributes
    ----------
    ranks : by simulation and quantity: truth, median, lower, upper, rank (0 to RANKED), z, sd and contraction on the own
        scale, whether the 50 % interval and that of `lower` and `upper` held the truth; by simulation:
        divergences, ess, reruns, ok.
    stated : whether the truth was stated; ranks are uniform only for truths drawn from the prior.
    """

    ranks: xr.Dataset
    stated: bool

    def __repr__(self) -> str:
        n = self.ranks.sizes["simulation"]
        return "\n".join([f"Recovery of {n} simulations", table_text(self.table()), *self.verdict()])

    def pit(self) -> xr.DataArray:
        """Ranks as numbers between 0 and 1, uniform where all is right; ties are spread by seeded noise."""
        rng = np.random.default_rng(self.ranks.attrs["seed"])
        return (self.ranks["rank"] + rng.uniform(size=self.ranks["rank"].shape)) / (RANKED + 1)

    def table(self) -> pd.DataFrame:
        """Coverage of the 50 % interval and the one asked for, mean error in posterior sds, p-value of the ranks' uniformity."""
        pit, ranks = self.pit().to_numpy(), self.ranks
        p = np.array([np.nan if self.stated else float(array_stats().uniformity_test(x)[0]) for x in pit.T])
        found = {"parameter": ranks["quantity"].to_numpy().astype(str)}
        for name, of in (("coverage_50", "inside_50"), (self.coverage, "inside"), ("bias_sd", "z")):
            found[name] = ranks[of].mean("simulation").to_numpy()
        return pd.DataFrame(found | {"sbc_p": p})

    @property
    def interval(self) -> float:
        """Probability of the interval between `lower` and `upper`."""
        return float(self.ranks.attrs["interval"])

    @property
    def coverage(self) -> str:
        """The table's column of that interval's coverage: `coverage_89`."""
        return f"coverage_{100 * self.interval:.4g}"

    def contraction(self) -> pd.DataFrame:
        """What the recordings add to the prior, the mean over simulations."""
        mean = self.ranks["contraction"].mean("simulation")
        return pd.DataFrame({"parameter": mean["quantity"].to_numpy().astype(str), "contraction": mean})

    def calibrated(self) -> bool | None:
        """Whether no quantity's ranks depart from uniform beyond chance; None for a stated truth."""
        return None if self.stated else bool(self.table()["sbc_p"].min() * self.ranks.sizes["quantity"] > LIMIT)

    def verdict(self) -> list[str]:
        """What was found, as sentences."""
        table, n = self.table(), self.ranks.sizes["simulation"]
        worst = table.loc[(table[self.coverage] - self.interval).abs().idxmax()]
        scatter = np.sqrt(self.interval * (1 - self.interval) / n)
        lines = []
        if self.stated:
            of_parameters = table[table["parameter"] != LIKELIHOOD]
            bias = of_parameters.loc[of_parameters["bias_sd"].abs().idxmax()]
            lines.append(
                f"At this truth the estimates of {bias['parameter']} are off most, by {bias['bias_sd']:+.2f}"
                f" ± {1 / np.sqrt(n):.2f} posterior sd on average; where the data say little, estimates lean towards the prior."
            )
        else:
            low = table.loc[table["sbc_p"].idxmin()]
            limit = LIMIT / len(table)
            lines.append(
                f"Calibration: {'ok' if self.calibrated() else 'NOT OK'}. The smallest of {len(table)} p-values is"
                f" {low['sbc_p']:.2g}, of {low['parameter']}; below {limit:.2g} the intervals would not be what they claim."
            )
        held = table[self.coverage]
        lines.append(
            f"The {interval_name(self.interval)} held the truth in {held.min():.0%} to {held.max():.0%} of"
            f" {n} simulations (chance alone: ± {2 * scatter:.0%}); furthest off is {worst['parameter']}."
        )
        again, short = int((self.ranks["reruns"] > 0).sum()), int((~self.ranks["ok"]).sum())
        lines.append(
            f"{again} of {n} fits fell short of the sampling checks and were run again, longer;"
            f" {short} still fall short. All are counted."
        )
        return lines

    @property
    def parameters(self) -> list[str]:
        """Names of what was recovered, the log-likelihood left out."""
        return [str(q) for q in self.ranks["quantity"].values if q != LIKELIHOOD]

    def plot_calibration(self) -> "PlotCollection":
        """ECDF of the ranks less that of a uniform, with simultaneous bands (ArviZ); a PlotCollection."""
        from .recovery_plots import plot_calibration

        return plot_calibration(self)

    def plot_recovery(self) -> "Figure":
        """Estimates with their intervals against truths, a panel a parameter; a Matplotlib figure."""
        from .recovery_plots import plot_recovery

        return plot_recovery(self)

    def plot_contraction(self) -> "Figure":
        """Error in posterior sds against contraction, a panel a parameter; a Matplotlib figure."""
        from .recovery_plots import plot_contraction

        return plot_contraction(self)


def recover(
    experiment: Experiment,
    n: int = 200,
    truth: Truth | None = None,
    workers: Workers | None = None,
    log: Path | None = None,
    generate: Generate = generate,
) -> Recovery:
    """Simulate and fit a planned experiment `n` times: quickly, unless its configuration says how draws are made.

    Parameters
    ----------
    experiment : of a plan: a table without potentials.
    truth : parameter values by name; without, each simulation draws its own from the prior.
    log : file to which each simulation is written as it is done; those that it holds already are not done again.
    generate : makes truth and recordings; another than the default serves to see that errors are noticed.
    """
    asked = experiment.config.sampling
    config = replace(experiment.config, sampling=QUICK if asked == Sampling() else asked)
    job = Job(replace(experiment, config=config), truth, generate)
    done = read_log(log, job.fingerprint) if log else {}
    done = {k: record for k, record in done.items() if k < n}
    workers, progress = workers or Workers(), Progress(n, len(done))
    packed = pickle.dumps(job) if workers.elsewhere else job

    def land(k: int, record: dict[str, Any]) -> None:
        done[k] = record
        if log:
            append(log, job.fingerprint, record)
        progress.step()

    try:
        run_tasks(simulate_and_fit, {k: (packed, k) for k in range(n) if k not in done}, workers, land)
    except KeyboardInterrupt as stop:
        if log and done:
            kept = f"{len(done)} of {n} simulations are kept in {log.parent}"
            stop.add_note(f"{kept}: the same command goes on with them")
        raise
    return Recovery(_as_dataset([done[k] for k in range(n)], job), stated=truth is not None)


def _as_dataset(records: list[dict[str, Any]], job: Job) -> xr.Dataset:
    labels = list(records[0]["of"])
    names = list(records[0]["of"][labels[0]])
    dims = ("simulation", "quantity")
    found: dict[str, Any] = {
        name: (dims, np.array([[record["of"][label][name] for label in labels] for record in records]))
        for name in names
    }
    for name in ("divergences", "ess", "reruns", "ok"):
        found[name] = ("simulation", np.array([record[name] for record in records]))
    before = _prior_variance(job)
    variance = np.array([before.get(label, np.nan) for label in labels])
    found["contraction"] = (dims, 1 - found["sd"][1] ** 2 / variance)
    dataset = xr.Dataset(found, {"quantity": labels, "simulation": np.arange(len(records))})
    dataset.attrs.update(
        seed=job.seed,
        ranked=RANKED,
        interval=job.experiment.config.interval,
        config=job.experiment.config.to_toml(),
        truth=json.dumps(job.truth) if job.truth else "",
        source=job.experiment.recordings.attrs.get("source", ""),
    )
    return dataset


def _prior_variance(job: Job) -> Mapping[str, float]:
    """Variance of each quantity before any data, on its own scale."""
    rng = np.random.default_rng(np.random.SeedSequence(job.seed, spawn_key=(0, 0)))
    draws = place_cells(draw_prior(job.experiment, 10_000, rng), job.experiment, rng)
    return {label: float(np.var(q.scale.of(x))) for label, (q, x) in reported(draws, job.experiment).items()}
