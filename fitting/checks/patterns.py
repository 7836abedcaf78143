"""Do the residuals have a pattern that a right law would not leave? Judged without replicates.

Each statistic is held against what it would be, were the law right and fitted again to other recordings: residuals then have
the covariance 1 - H, where the posterior's own covariance of the rows' expectations is H in units of the scatter. A
posterior-predictive p-value without this would be far too large, since the fit has already bent towards the recordings
(Bayarri & Berger 2000).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ...models.laws.options import RECTIFYING, WARMING_P_NA
from ...models.parameters import NU, Q10_P_NA, RECTIFICATION
from ..experiment.experiment import Experiment

REJECTED = 0.015
"""p below which a pattern counts; with the F test of replicates, 1 to 4 % of right laws are rejected (`docs/validated.md`)."""
FEWEST_ROWS = 8
_REPLICATES, _FEWEST_REPLICATES = 4000, 400
_MOST_VALUES = 4_000_000
_STEP = 1e-3
_ABSORBED = 0.02  # of a direction, below which the parameters take all of it
_KEPT = 0.2  # of the variance in a direction: below it draws cannot tell what the fit leaves from none
_REACH = 0.15  # of all ranks: a law that is bent wrongly leaves residuals of two or three turns


class Trace(StrEnum):
    """What a pattern looks like."""

    ALONG_K = "neighbours in K_o"
    ALONG_T = "neighbours in temperature"
    CELLS = "cells"
    RECTIFIES = "as rectification bends V_m"
    WARMS = "as a Q10 of P_Na/P_K bends V_m"
    SCATTER_WITH_K = "|residual| against K_o"
    SCATTER_WITH_V = "|residual| against V_m"


SIZES = frozenset({Trace.SCATTER_WITH_K, Trace.SCATTER_WITH_V})
"""Patterns of the residuals' size, which scatter that differs between levels of a column would explain."""


@dataclass(frozen=True)
class Pattern:
    """One pattern that was looked for; p is the chance that any of those looked for were as clear, were the law right."""

    trace: Trace
    p: float


def patterns(
    experiment: Experiment, y: np.ndarray, mu: np.ndarray, sigma: np.ndarray, values: dict[str, np.ndarray], seed: int
) -> tuple[Pattern, ...]:
    """Look for every pattern that these rows could show; for none in few rows, or in very many.

    Parameters
    ----------
    y : recordings, mV. mu, sigma : expectation and scatter of each row under each draw, mV; shape (draw, row).
    values : parameters by name, of which nu decides the shape of the scatter.
    """
    from scipy.stats import rankdata  # slow to load, and needless for what is foreseen

    n = len(y)
    replicates = min(_REPLICATES, _MOST_VALUES // n)
    if n < FEWEST_ROWS or replicates < _FEWEST_REPLICATES:
        return ()
    scale, rng = 1 / np.sqrt(np.mean(sigma**-2.0, axis=0)), np.random.default_rng(seed)
    expected = mu.mean(axis=0)
    # Draws of larger scatter wander farther, which would count as more than the fit can take, were it not divided out.
    wander = (mu - expected) / scale / np.sqrt(np.mean((sigma / scale) ** 2, axis=1, keepdims=True))
    share, axes = np.linalg.eigh(wander.T @ wander / len(mu))
    left = np.where(share < 1 - _KEPT, np.sqrt(np.clip(1 - share, 0, 1)), 0.0)

    def kept(x: np.ndarray, of: np.ndarray) -> np.ndarray:
        """Rows' values with so much kept `of` each direction in which the fit may bend."""
        return x - np.linalg.multi_dot([x, axes * (1 - of), axes.T])

    scatter = rng.standard_normal((replicates, n))
    if NU.name in values or NU.name in experiment.fixed:
        nu = rng.choice(np.ravel(experiment.value(values, NU.name)), replicates)[:, None]
        scatter /= np.sqrt(rng.chisquare(nu, (replicates, n)) / nu)
    drawn, z = kept(scatter, left), kept(((y - expected) / scale)[None], left > 0)
    usual = float(np.mean(np.sum(drawn**2, axis=1)))
    looked = dict(_statistics(experiment, expected, usual))
    for trace, direction in _directions(experiment, values):
        own = (direction / scale)[None]
        unabsorbed = kept(own, left**2)[0]
        if np.linalg.norm(unabsorbed) > _ABSORBED * np.linalg.norm(own):
            looked[trace] = _along(unabsorbed, usual)
    if not looked:
        return ()
    among = np.stack([of(drawn) for of in looked.values()])
    # The chance of each pattern alone, and then, from the same draws, that of the least of them all.
    p = [(1 + np.sum(x >= of(z))) / (1 + replicates) for x, of in zip(among, looked.values(), strict=True)]
    least = (rankdata(-among, method="max", axis=1) / replicates).min(axis=0)
    return tuple(Pattern(t, float((1 + np.sum(least <= x)) / (1 + replicates))) for t, x in zip(looked, p, strict=True))


def _directions(experiment: Experiment, values: dict[str, np.ndarray]) -> Iterator[tuple[Trace, np.ndarray]]:
    """How much what the law leaves out would move each row (mV), per unit of it: the likeliest additions, to first order.

    None in hierarchies, whose cells bend with what is sought.
    """
    if experiment.spreads:
        return
    mean, possible = {name: x.mean(axis=0) for name, x in values.items()}, experiment.possible_options
    for option, trace, p, none in (
        (RECTIFYING, Trace.RECTIFIES, RECTIFICATION, 0.0),
        (WARMING_P_NA, Trace.WARMS, Q10_P_NA, 1.0),
    ):
        if option in possible:
            up, down = (experiment.row_mean({**mean, p.name: np.asarray(none + h)}) for h in (_STEP, -_STEP))
            yield trace, (up - down) / (2 * _STEP)


def _statistics(
    experiment: Experiment, expected: np.ndarray, usual: float
) -> Iterator[tuple[Trace, Callable[[np.ndarray], np.ndarray]]]:
    """Statistics of residuals (draw, row), each large where its pattern is there.

    They are relative to the residuals' sum of squares, or to the `usual` one where that is larger: residuals far within the
    errors that rows carry are no misfit, whatever their pattern.
    """
    at, of_row = experiment.conditions, experiment.condition_of_row
    K_o, T = at.c_o["K"][of_row], at.temperature_C[of_row]
    if len(np.unique(K_o)) > 3:
        yield Trace.ALONG_K, _neighbours(K_o, usual)
        yield Trace.SCATTER_WITH_K, _grows(np.log(np.maximum(K_o, K_o[K_o > 0].min() / 2)))
    if len(np.unique(T)) > 3:
        yield Trace.ALONG_T, _neighbours(T, usual)
    if np.ptp(expected) > 0:
        yield Trace.SCATTER_WITH_V, _grows(expected)
    if "cell" in experiment.recordings.coords:
        names, cell = np.unique(experiment.recordings["cell"].to_numpy().astype(str), return_inverse=True)
        if 1 < len(names) < len(cell) and not experiment.spreads:  # a hierarchy's cells have parameters of their own
            yield Trace.CELLS, _between(cell, usual)


def _neighbours(level: np.ndarray, usual: float) -> Callable[[np.ndarray], np.ndarray]:
    """How alike residuals are whose levels are near: products of pairs, weighted by how near they rank."""
    from scipy.stats import rankdata

    rank = rankdata(level)
    near = np.exp(-0.5 * ((rank[:, None] - rank) / (_REACH * len(level))) ** 2)
    np.fill_diagonal(near, 0.0)
    return lambda z: np.sum((z @ near) * z, axis=1) / np.maximum(np.sum(z**2, axis=1), usual)


def _along(direction: np.ndarray, usual: float) -> Callable[[np.ndarray], np.ndarray]:
    """The residuals' share in one direction, of either sign."""
    unit = direction / np.linalg.norm(direction)
    return lambda z: np.abs(z @ unit) / np.sqrt(np.maximum(np.sum(z**2, axis=1), usual))


def _grows(level: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Absolute correlation of the residuals' size with a level: scatter that grows, or shrinks.

    Of the size's root, as single large residuals, which small samples' errors bring, would decide alone otherwise.
    """
    centred = level - level.mean()
    centred = centred / np.linalg.norm(centred)

    def statistic(z: np.ndarray) -> np.ndarray:
        size = np.sqrt(np.abs(z))
        size = size - size.mean(axis=1, keepdims=True)
        return np.abs(size @ centred) / np.linalg.norm(size, axis=1)

    return statistic


def _between(label: np.ndarray, usual: float) -> Callable[[np.ndarray], np.ndarray]:
    """Share of the sum of squares that lies between labels."""
    count = np.bincount(label)
    member = np.zeros((len(label), len(count)))
    member[np.arange(len(label)), label] = 1 / np.sqrt(count[label])
    return lambda z: np.sum((z @ member) ** 2, axis=1) / np.maximum(np.sum(z**2, axis=1), usual)
