"""Second part of the verdict: does the law describe these recordings?"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import chdtri, fdtrc

from ...models.parameters import SIGMA
from ..experiment.experiment import Experiment, in_words
from ..experiment.interval import bounds
from ..model.draws import parameter_values, row_distribution
from ..results.loo import left_out_weights, relative_efficiency
from .patterns import REJECTED as PATTERN_REJECTED
from .patterns import SIZES, Pattern, patterns

REJECTED = 0.01
"""p-value of lack of fit below which the law is said not to describe the recordings."""
MOST_VALUES = 1_000_000
"""Rows times draws that the check computes with; larger posteriors are thinned for it."""
FEWEST_DRAWS, ENOUGH_DRAWS = 10, 400
"""Draws that are kept at least: for means over rows, and for leaving rows out."""
_OF_DECISION = 0.89  # a judgement does not change with the interval that is shown
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


class Basis(StrEnum):
    """What a fit is judged by."""

    REPLICATES = "replicates"
    OWN_ERRORS = "own errors"
    PATTERNS = "patterns of the residuals"
    NO_REPLICATES = "no replicates"
    IDENTICAL = "identical replicates"
    SATURATED = "as many parameters as conditions"
    SCATTER = "sigma against replicates"

    @property
    def judged(self) -> bool:
        """Whether anything could be judged."""
        return self in (Basis.REPLICATES, Basis.OWN_ERRORS, Basis.PATTERNS, Basis.SCATTER)


@dataclass(frozen=True)
class Miss:
    """Rows that miss the law together: what they share, how many they are, and their mean distance (mV, above > 0)."""

    what: str
    rows: int
    miss_mV: float


@dataclass(frozen=True)
class FitCheck:
    """How well the law describes the recordings.

    Attributes
    ----------
    ok : False where the p-value is below REJECTED, scatter exceeds the rows' own errors twofold, or what replicates allow
        where nothing else can be judged, or residuals have a pattern.
    basis : what `ok` rests on.
    p_value, F, degrees_of_freedom : of lack of fit against pure replicate scatter; None without replicated conditions.
    replicate_sd_mV : scatter of rows around the mean of those in the same condition and group; None without such rows.
    sigma_mV : median of the scatter around the law; None where it is held.
    least_sigma_mV, own_error_mV : lower bound of the scatter around the law, and the median error that rows carry of their
        own; None where they carry none.
    patterns : what was looked for in the residuals, each with its p.
    worst_rows : the rows farthest from the law.
    shared : what poorly described rows have in common, worst first.
    max_pareto_k : largest Pareto k of leave-one-row-out; above GOOD_K a single row decides much.
    loo_pit_p : uniformity (Kolmogorov–Smirnov) of the leave-one-out predictive ranks; shown, decides nothing.
    scatter_by : where scatter changes, the column that `scatter_by` may name; empty where the table has none.
    """

    ok: bool
    basis: Basis
    p_value: float | None
    F: float | None
    degrees_of_freedom: float | None
    replicate_sd_mV: float | None
    sigma_mV: float | None
    least_sigma_mV: float | None
    own_error_mV: float | None
    patterns: tuple[Pattern, ...]
    worst_rows: tuple[WorstRow, ...]
    shared: tuple[Miss, ...]
    max_pareto_k: float
    loo_pit_p: float
    scatter_by: str = ""


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
    wander = (mu - centre) / sigma  # in units of its own draw's scatter, which by their means would count twice
    few = (wander / np.sqrt(weight))[:: max(1, len(wander) // 1000)]
    spent = np.mean([np.sum(total * means(x) ** 2) for x in few])
    within = np.mean(np.sum(wander**2, axis=1)) - spent
    left, replicates = len(total) - spent, len(y) - len(total) - max(within, 0.0)
    if left < 0.5 or replicates < 1:
        return None
    F = (np.sum(total * missed**2) / left) / (np.sum(weight * spread**2) / replicates)
    return float(F), float(fdtrc(left, replicates, F)), float(left)


def check_fit(posterior: xr.Dataset, experiment: Experiment) -> FitCheck:
    """Hold the posterior against the recordings that it was drawn from."""
    from scipy.stats import kstest  # slow to load, and needless for what is foreseen

    n = posterior.sizes["chain"] * posterior.sizes["draw"]
    everything, y = parameter_values(posterior, experiment, flat=True), experiment.recordings["V_m"].to_numpy()
    thin = min(max(1, n * len(y) // MOST_VALUES), max(1, n // FEWEST_DRAWS))
    values = {name: x[::thin] for name, x in everything.items()}
    distribution = row_distribution(values, experiment)
    mu, sigma = np.broadcast_arrays(*distribution.args[-2:])

    baths = [in_words(experiment.conditions.take(i), inside=True) for i in range(experiment.conditions.size)]
    bath_of_row = np.unique(baths, return_inverse=True)[1][experiment.condition_of_row]  # whichever cell was in it
    like = np.unique([bath_of_row, experiment.levels.group_of_row], axis=1, return_inverse=True)[1].ravel()
    test, (replicate_sd, most) = lack_of_fit(mu, sigma, y, like), _replicates(y, like)
    z = (y - mu.mean(axis=0)) / np.sqrt(np.mean(sigma**2, axis=0))
    # Leaving rows out takes many draws: of a large table, rows evenly spaced stand for all.
    rows: Any = ...
    if thin > (step := max(1, n // ENOUGH_DRAWS)):
        rows = np.unique(np.linspace(0, len(y) - 1, MOST_VALUES // ENOUGH_DRAWS).astype(int))
        distribution = row_distribution({q: x[::step] for q, x in everything.items()}, experiment, rows)
    log_weight, k = left_out_weights(distribution.logpdf(y[rows]), relative_efficiency(posterior))
    pit = np.sum(np.exp(log_weight) * distribution.cdf(y[rows]).T, axis=-1)
    F, p, left = test or (None, None, None)
    least, own = _own_errors(values, experiment)
    exceeds = least is not None and own is not None and least > 2 * own
    median = float(np.median(values[SIGMA.name])) if SIGMA.name in values else None
    beyond = test is None and bool(replicate_sd) and median is not None and median > most
    found = patterns(experiment, y, mu, sigma, values, experiment.config.seed)
    seen = {one.trace for one in found if one.p < PATTERN_REJECTED}
    misfit = exceeds or beyond or (p is not None and p < REJECTED)
    rejected = misfit or bool(seen)
    if seen and not misfit:
        basis = Basis.PATTERNS
    elif beyond and not exceeds:
        basis = Basis.SCATTER
    elif exceeds or (test is None and own is not None):
        basis = Basis.OWN_ERRORS
    elif test is not None:
        basis = Basis.REPLICATES
    elif replicate_sd is None:
        basis = Basis.PATTERNS if found else Basis.NO_REPLICATES
    else:
        basis = Basis.SATURATED if replicate_sd else Basis.IDENTICAL
    return FitCheck(
        ok=not rejected,
        basis=basis,
        p_value=p,
        F=F,
        degrees_of_freedom=left,
        replicate_sd_mV=replicate_sd,
        sigma_mV=median,
        least_sigma_mV=least,
        own_error_mV=own,
        patterns=found,
        scatter_by=_scatter_column(experiment) if seen & SIZES else "",
        worst_rows=tuple(_worst(experiment, y, mu.mean(axis=0), z)),
        shared=tuple(_shared(experiment, y - mu.mean(axis=0), z)) if rejected else (),
        max_pareto_k=float(np.max(k)),
        loo_pit_p=float(kstest(np.clip(pit, 0, 1), "uniform").pvalue),
    )


def _scatter_column(experiment: Experiment) -> str:
    """A column whose levels may well differ in scatter, of two rows and more on average; empty where there is none."""
    labels = labels_of(experiment)
    K_o = experiment.conditions.c_o["K"][experiment.condition_of_row]
    sorting = ["K_o_mM"] if 1 < len(np.unique(K_o)) <= len(K_o) / 2 else []
    return next(iter([name for name in ("solution",) if name in labels] + sorting + list(labels)), "")


def _replicates(y: np.ndarray, index: np.ndarray) -> tuple[float | None, float]:
    """Pooled sd (mV) of rows around the mean of their condition, and the scatter that such an sd still leaves possible.

    None and infinity where every condition has a single row. The second is the upper bound of the scatter at REJECTED.
    """
    count = np.bincount(index)
    repeats = len(y) - len(count)
    if not repeats:
        return None, np.inf
    squares = np.sum((y - (np.bincount(index, y) / count)[index]) ** 2)
    return float(np.sqrt(squares / repeats)), float(np.sqrt(squares / chdtri(repeats, 1 - REJECTED)))


def _own_errors(values, experiment: Experiment) -> tuple[float | None, float | None]:
    """Lower bound of sigma (None where it is held fixed), and the median of the errors that rows carry of their own, mV."""
    own = experiment.error_mV[experiment.error_mV > 0]
    if not len(own):
        return None, None
    scatter = values.get(SIGMA.name)  # where it differs between levels of a column, a usual row's
    typical = None if scatter is None else np.median(scatter.reshape(len(scatter), -1), axis=1)
    lower = None if typical is None else float(bounds(typical, _OF_DECISION)[0])
    return lower, float(np.median(own))


def _worst(experiment: Experiment, y, centre, z) -> Iterator[WorstRow]:
    rows = experiment.recordings["row"].to_numpy()
    for i in np.argsort(-np.abs(z))[:_WORST]:
        words = in_words(experiment.conditions.take(experiment.condition_of_row[i]))
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


def _shared(experiment: Experiment, residual: np.ndarray, z: np.ndarray) -> Iterator[Miss]:
    """What rows that miss the law together have in common, worst group first."""
    words = np.array([in_words(experiment.conditions.take(i)) for i in range(experiment.conditions.size)])
    groupings = {**labels_of(experiment), "condition": words[experiment.condition_of_row]}
    found: dict[tuple, tuple] = {}
    for name, labels in groupings.items():
        for label in np.unique(labels):
            member = labels == label
            distance = float(z[member].mean() * np.sqrt(member.sum()))
            if abs(distance) > _SHARED:
                found.setdefault(tuple(np.flatnonzero(member)), (distance, name, str(label), residual[member]))
    for _, name, label, missed in sorted(found.values(), key=lambda entry: -abs(entry[0]))[:3]:
        what = f"{name} {label!r}" if name != "condition" else label
        yield Miss(what, len(missed), float(missed.mean()))
