"""Second part of the verdict: does the law describe these recordings?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import fdtrc

from ...models.parameters import SIGMA
from ..experiment.experiment import Experiment, in_words
from ..experiment.interval import bounds
from ..model.draws import parameter_values, row_distribution

REJECTED = 0.01
"""p-value of lack of fit below which the law is said not to describe the recordings."""
MOST_VALUES = 1_000_000
"""Rows times draws that the check computes with; larger posteriors are thinned for it."""
FEWEST_DRAWS, ENOUGH_DRAWS = 10, 400
"""Draws that are kept at least: for means over rows, and for leaving rows out."""
_WORST = 5
_SHARED = 3.0  # standard errors by which a group of rows must miss the law to be named


@dataclass(frozen=True)
class WorstRow:
    """A row far from the law: its spreadsheet row, value and expectation (mV), distance in scatter sd, condition."""

    row: int
    V_m_mV: float
    expected_mV: float
    z: float
    condition: str


@dataclass(frozen=True)
class FitCheck:
    """How well the law describes the recordings.

    Attributes
    ----------
    ok : False where the p-value is below REJECTED, or scatter exceeds the rows' own errors twofold.
    p_value : of lack of fit against pure replicate scatter; None without replicated conditions.
    worst_rows : the rows farthest from the law.
    shared : sentences that name what poorly described rows have in common.
    max_pareto_k : largest Pareto k of leave-one-row-out; above 0.7 a single row decides much.
    loo_pit_p : uniformity (Kolmogorov–Smirnov) of the leave-one-out predictive ranks; shown, decides nothing.
    reason : a sentence on what `ok` rests on.
    """

    ok: bool
    p_value: float | None
    worst_rows: tuple[WorstRow, ...]
    shared: tuple[str, ...]
    max_pareto_k: float
    loo_pit_p: float
    reason: str

    @property
    def judged(self) -> bool:
        """Whether there was anything to judge by: replicated conditions, or errors that rows carry of their own."""
        return self.p_value is not None or self.reason.startswith(("scatter", "rows"))


def lack_of_fit(
    mu: np.ndarray, sigma: np.ndarray, y: np.ndarray, index: np.ndarray
) -> tuple[float, float, float] | None:
    """F test of a law's means against the scatter of replicates.

    Parameters
    ----------
    mu : the law's mean of each row, mV; shape (draw, row).
    sigma : scatter of each row, mV; shape (draw, row).
    y : recordings, mV. index : condition of each row.

    Returns
    -------
    F, p-value and the degrees of freedom left to lack of fit, or None where no condition is replicated, or the
    parameters are as many as the conditions. Degrees of freedom spent on parameters are those that the posterior used,
    so that priors count for what they are worth.
    """
    weight = np.mean(1 / sigma**2, axis=0)
    total = np.bincount(index, weight)

    def means(x: np.ndarray) -> np.ndarray:
        return np.bincount(index, weight * x) / total

    centre = mu.mean(axis=0)
    residual = y - centre
    missed, spread = means(residual), residual - means(residual)[index]
    if len(y) == len(total) or not np.any(spread):
        return None
    # What the posterior's wandering spends between conditions, and within them where cells differ.
    spent = np.mean([np.sum(total * means(x) ** 2) for x in _few(mu - centre)])
    within = np.mean(np.sum((mu - centre) ** 2 / sigma**2, axis=1)) - spent
    left, replicates = len(total) - spent, len(y) - len(total) - max(within, 0.0)
    if left < 0.5 or replicates < 1:
        return None
    F = (np.sum(total * missed**2) / left) / (np.sum(weight * spread**2) / replicates)
    return float(F), float(fdtrc(left, replicates, F)), float(left)


def _few(draws: np.ndarray, most: int = 1000) -> np.ndarray:
    return draws[:: max(1, len(draws) // most)]


def check_fit(tree: xr.DataTree, experiment: Experiment) -> FitCheck:
    """Hold the posterior against the recordings that it was drawn from."""
    from arviz_stats.base import array_stats  # slow to import: not before chains run
    from scipy.stats import kstest

    posterior = tree["posterior"].to_dataset()
    n = posterior.sizes["chain"] * posterior.sizes["draw"]
    everything, y = parameter_values(posterior, experiment, flat=True), experiment.recordings["V_m"].to_numpy()
    thin = min(max(1, n * len(y) // MOST_VALUES), max(1, n // FEWEST_DRAWS))
    values = {name: x[::thin] for name, x in everything.items()}
    distribution = row_distribution(values, experiment)
    mu, sigma = np.broadcast_arrays(*distribution.args[-2:])

    baths = [in_words(experiment.conditions.take(i), inside=True) for i in range(experiment.conditions.size)]
    bath_of_row = np.unique(baths, return_inverse=True)[1][experiment.condition_of_row]  # whichever cell was in it
    test = lack_of_fit(mu, sigma, y, bath_of_row)
    excess = _excess_over_own_error(values, experiment)
    z = (y - mu.mean(axis=0)) / np.sqrt(np.mean(sigma**2, axis=0))
    # Leaving rows out takes many draws: of a large table, rows evenly spaced stand for all.
    rows: Any = ...
    if thin > n // ENOUGH_DRAWS:
        rows = np.unique(np.linspace(0, len(y) - 1, MOST_VALUES // ENOUGH_DRAWS).astype(int))
        distribution = row_distribution({q: x[:: n // ENOUGH_DRAWS] for q, x in everything.items()}, experiment, rows)
    log_weight, k = array_stats.psislw(distribution.logpdf(y[rows]).T)  # rows lead, draws last
    pit = np.sum(np.exp(log_weight) * distribution.cdf(y[rows]).T, axis=-1)
    rejected = (test is not None and test[1] < REJECTED) or excess is not None
    return FitCheck(
        ok=not rejected,
        p_value=None if test is None else test[1],
        worst_rows=tuple(_worst(experiment, y, mu.mean(axis=0), z)),
        shared=tuple(_shared(experiment, y - mu.mean(axis=0), z)) if rejected else (),
        max_pareto_k=float(np.max(k)),
        loo_pit_p=float(kstest(np.clip(pit, 0, 1), "uniform").pvalue),
        reason=excess or _reason(test, experiment),
    )


def _reason(test, experiment: Experiment) -> str:
    if test is None and experiment.error_mV.any():
        return "scatter around the law is within twice the rows' own errors"
    if test is None:
        return (
            "cannot be judged: no condition was measured twice and rows carry no error of their own (or the law has as"
            " many parameters as there are conditions)"
        )
    F, p, left = test
    verb = "misses the conditions' means by more than" if p < REJECTED else "agrees with the conditions' means within"
    return f"the law {verb} the replicates scatter (F = {F:.2g} with {left:.1f} degrees of freedom, p = {p:.2g})"


def _excess_over_own_error(values, experiment: Experiment) -> str | None:
    own = experiment.error_mV[experiment.error_mV > 0]
    if not len(own) or SIGMA.name not in values:
        return None
    lower, _ = bounds(values[SIGMA.name])
    if lower <= 2 * np.median(own):
        return None
    return (
        f"rows scatter around the law by at least {lower:.2g} mV, more than twice the standard error they carry"
        f" (median {np.median(own):.2g} mV)"
    )


def _worst(experiment: Experiment, y, centre, z) -> Iterator[WorstRow]:
    rows = experiment.recordings["row"].to_numpy()
    for i in np.argsort(-np.abs(z))[:_WORST]:
        words = experiment.words(experiment.condition_of_row[i])
        label = ", ".join(f"{name} {values[i]}" for name, values in labels_of(experiment).items())
        yield WorstRow(
            int(rows[i]), float(y[i]), float(centre[i]), float(z[i]), f"{label}; {words}" if label else words
        )


def labels_of(experiment: Experiment) -> dict[str, np.ndarray]:
    """The table's own words for its rows (saline, cell, …), where they sort rows into groups."""
    recordings = experiment.recordings
    found = {}
    for name in recordings.coords:
        values = recordings[name]
        if name in ("row", "ion") or values.dims != ("obs",) or values.dtype.kind not in "OUST":
            continue
        words = values.to_numpy().astype(str)
        if 1 < len(np.unique(words)) <= len(words) / 2:
            found[str(name)] = words
    return found


def _shared(experiment: Experiment, residual: np.ndarray, z: np.ndarray) -> Iterator[str]:
    """What rows that miss the law together have in common, worst group first."""
    words = np.array([experiment.words(i) for i in range(experiment.conditions.size)])
    groupings = {**labels_of(experiment), "condition": words[experiment.condition_of_row]}
    found: dict[tuple, tuple] = {}
    for name, labels in groupings.items():
        for label in np.unique(labels):
            member = labels == label
            distance = float(z[member].mean() * np.sqrt(member.sum()))
            if abs(distance) > _SHARED:
                found.setdefault(tuple(np.flatnonzero(member)), (distance, name, str(label), residual[member]))
    for distance, name, label, missed in sorted(found.values(), key=lambda entry: -abs(entry[0]))[:3]:
        side = "above" if distance > 0 else "below"
        what = f"{name} {label!r}" if name != "condition" else label
        yield f"the {len(missed)} rows of {what} lie {abs(missed.mean()):.1f} mV {side} the law"
