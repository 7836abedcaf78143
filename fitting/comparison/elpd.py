"""Which law predicts best what it has not seen: a row left out, or a whole cell, or animal.

References
----------
Vehtari, Gelman & Gabry (2017) Stat Comput 27:1413 (PSIS-LOO); Yao et al. (2018) Bayesian Anal 13:917 (stacking).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from ...models.parameters import SIGMA, Parameter
from ..checks.fitted import Fitted
from ..experiment.experiment import Experiment
from ..model.draws import around, group_values, parameter_values, scatter_mV
from ..model.tiers import CELL, deviations, tail
from ..results.loo import GOOD_K, leave_one_out, row_density, se_of_sum
from ..results.tree import THINNED
from ..sampling.progress import one_by_one
from ..sampling.refits import QUICK, sampled, without_rows
from ..sampling.workers import available_cores
from .left_out import rows_density, spread_values, unit_density

COLUMNS = ["law", "scheme", "n", "elpd", "se", "elpd_diff", "dse", "weight"]
FEWEST_CELLS = 5
"""Leaving out cells of fewer says nothing about their differences."""
_DRAWS = 500
_PLACES = 160
_NEAR = 120  # of the places, those taken from the cell's own posterior

Refit = Callable[[np.ndarray], xr.Dataset]
"""Draws from the posterior without the rows of a mask."""


@dataclass(frozen=True)
class LeftOut:
    """What a law predicts of what is left out, one after the other: log densities, and of how many by fitting again."""

    law: str
    scheme: str
    elpd: np.ndarray
    refits: int


def leave_rows_out(fit: Fitted, refit: Refit, progress: bool = False) -> LeftOut:
    """Leave-one-row-out by importance sampling, exactly where that fails."""
    log_likelihood = _densities(fit)
    elpd, k = leave_one_out(log_likelihood)
    bad = np.flatnonzero(k > GOOD_K)
    for row in one_by_one(lambda: bad, "rows left out", progress):
        without = np.arange(log_likelihood.shape[1]) == row
        density = row_density(parameter_values(refit(without), fit.experiment, flat=True), fit.experiment)[:, row]
        elpd[row] = logsumexp(density) - np.log(len(density))
    return LeftOut(fit.experiment.law.name, "row", elpd, len(bad))


def _densities(fit: Fitted) -> np.ndarray:
    """Log density of each row under each draw (draw, row); of large tables the tree holds too few, and they are made anew."""
    kept = _flat(fit.tree["log_likelihood"]["V_m"].to_numpy()).astype(float)
    values = parameter_values(fit.tree["posterior"].to_dataset(), fit.experiment, flat=True)
    total = len(next(iter(values.values())))
    if len(kept) >= min(THINNED, total):
        return kept
    few = {name: x[:: max(1, total // THINNED)] for name, x in values.items()}
    return row_density(few, fit.experiment)


def leave_cells_out(fit: Fitted, refit: Refit, progress: bool = False) -> LeftOut | None:
    """Leave-one-cell-out, each cell's likelihood integrated over parameters of its own; None for fewer than five.

    None with electrode offsets, too: they would have to be integrated with the cell's parameters.
    """
    experiment = fit.experiment
    cells = experiment.levels.cells
    if len(cells) < FEWEST_CELLS or experiment.offsets:
        return None
    posterior = fit.tree["posterior"].to_dataset()
    rng = np.random.default_rng(np.random.SeedSequence(experiment.config.seed, spawn_key=(7,)))
    proposals = [_proposal(posterior, experiment, cell) for cell in range(len(cells))]
    each = one_by_one(lambda: range(len(cells)), "cells left out", progress)
    densities = np.stack([_integrated(posterior, experiment, c, proposals[c], rng) for c in each], axis=1)
    elpd, k = leave_one_out(densities)
    bad = np.flatnonzero(k > GOOD_K)
    for cell in one_by_one(bad.tolist, "cells left out", progress):
        without = experiment.levels.entry_of_row == cell
        density = _integrated(refit(without), experiment, cell, proposals[cell], rng)
        elpd[cell] = logsumexp(density) - np.log(len(density))
    return LeftOut(experiment.law.name, "cell", elpd, len(bad))


def leave_units_out(fit: Fitted, seed: int, progress: bool = False) -> LeftOut | None:
    """Leave out each of the outermost units (cells, without levels above), fitted again without it; None for fewer than five."""
    experiment = fit.experiment
    if not experiment.levels.above:
        return leave_cells_out(fit, refit_of(fit, available_cores()), progress)
    top = experiment.levels.above[0]
    if len(top.units) < FEWEST_CELLS or experiment.offsets:
        return None
    densities = []
    for unit in one_by_one(lambda: range(len(top.units)), f"units of {top.column} left out", progress):
        without = without_rows(experiment, (top.of_cell == unit)[experiment.levels.entry_of_row])
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(8, unit)))
        densities.append(unit_density(sampled(without, QUICK, seed + unit)[0], experiment, unit, rng))
    return LeftOut(experiment.law.name, top.column, np.array(densities), 0)


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(-1, *x.shape[2:])


def _population(posterior, experiment: Experiment, cell: int) -> tuple[dict, np.ndarray, np.ndarray]:
    """Parameters of the cell's group for a thinned set of draws, and mean and sd of what varies between its cells."""
    total = posterior.sizes["chain"] * posterior.sizes["draw"]
    thin = slice(None, None, max(1, total // _DRAWS))
    group = experiment.levels.group_of_cell[cell]

    def own(x: np.ndarray) -> np.ndarray:
        return x[:, group] if x.ndim > 1 else x

    values = {name: own(x)[thin] for name, x in group_values(posterior, experiment, flat=True).items()}
    if experiment.scatter:
        values[SIGMA.name] = _flat(posterior[SIGMA.of_levels].to_numpy())[thin]
    values |= {e.quantity.name: _flat(posterior[e.quantity.symbol].to_numpy())[thin] for e in experiment.bath_errors}
    n = len(next(iter(values.values())))
    spreads = (spread_values(posterior, spread)[thin] for spread in experiment.spreads.values())
    widths = [np.broadcast_to(x[:, group if x.shape[1] > 1 else 0], n) for x in spreads]
    middle = [p.between.of(values[p.name]) for p in _varying(experiment)]
    return values, np.stack(middle, axis=-1), np.stack(widths, axis=-1)


def _varying(experiment: Experiment) -> list[Parameter]:
    """The parameters that differ between cells, in the order of the spreads."""
    by_name = {p.name: p for p in experiment.parameters}
    return [by_name[name] for name in experiment.spreads]


def _proposal(posterior, experiment: Experiment, cell: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and inflated covariance of a cell's own parameters (on the scales on which cells differ), as its rows left them."""
    own = [p.between.of(_flat(posterior[p.of_cells].to_numpy())[:, cell]) for p in _varying(experiment)]
    return np.mean(own, axis=1), np.atleast_2d(np.cov(own)) * 1.5


def _integrated(posterior, experiment: Experiment, cell: int, proposal, rng: np.random.Generator) -> np.ndarray:
    """Log density of all of a cell's rows under each draw of the population, its own parameters integrated out.

    Most places come from the cell's posterior, the rest from the population, weighed against their mixture.
    """
    values, middle, width = _population(posterior, experiment, cell)
    n = len(middle)
    near = rng.multivariate_normal(proposal[0], proposal[1], (n, _NEAR))
    nu = tail(experiment, CELL, values)
    anywhere = middle[:, None] + width[:, None] * deviations(rng, nu, (n, _PLACES - _NEAR, middle.shape[1]))
    place = np.concatenate([near, anywhere], axis=1)
    nu = nu if nu is None else np.reshape(nu, (-1, 1, 1))
    prior = around(middle[:, None], width[:, None], nu).logpdf(place).sum(axis=-1)
    share = _NEAR / _PLACES
    mixture = np.logaddexp(multivariate_normal(*proposal).logpdf(place) + np.log(share), prior + np.log(1 - share))

    # Of all conditions.
    errors = {e.quantity.name: values.pop(e.quantity.name)[:, None, e.index] for e in experiment.bath_errors}
    rows = np.flatnonzero(experiment.levels.entry_of_row == cell)
    theta = {name: x[:, None, None] for name, x in values.items() if x.ndim == 1}
    theta |= {p.name: p.between.undo(place[..., i])[..., None] for i, p in enumerate(_varying(experiment))}
    theta |= {name: np.asarray(x) for name, x in experiment.fixed.items()}
    scale = scatter_mV(values, experiment, rows)[:, None]
    density = rows_density(experiment, rows, theta, experiment.true_conditions(errors), scale)
    return logsumexp(density + prior - mixture, axis=1) - np.log(_PLACES)


def stacking(elpd: np.ndarray) -> np.ndarray:
    """Weights of the mixture of laws (columns) that predicts the items (rows) best, by expectation-maximisation."""
    density = np.exp(elpd - elpd.max(axis=1, keepdims=True))
    weight = np.full(elpd.shape[1], 1 / elpd.shape[1])
    for _ in range(2000):
        weight = np.mean(weight * density / (density @ weight)[:, None], axis=0)
    return weight


def comparison(left: list[LeftOut]) -> pd.DataFrame:
    """The table of a comparison: laws of each scheme, best first; `elpd_diff` is how far each falls behind the best."""
    rows = []
    for scheme in dict.fromkeys(one.scheme for one in left):
        laws = [one for one in left if one.scheme == scheme]
        elpd = np.stack([one.elpd for one in laws], axis=1)
        total, n, weight = elpd.sum(axis=0), len(elpd), stacking(elpd)
        best = int(np.argmax(total))
        for i in np.argsort(-total):
            behind = elpd[:, i] - elpd[:, best]
            se, dse = se_of_sum(elpd[:, i]), se_of_sum(behind)
            rows.append([laws[i].law, scheme, n, total[i], se, behind.sum(), dse, weight[i]])
    return pd.DataFrame(rows, columns=COLUMNS)


def judgement(table: pd.DataFrame, fits: Mapping[str, Fitted]) -> Iterator[str]:
    """The comparison in words, and whether it could have been decided at all."""
    pair = [fits[name] for name in ("ghk", "mullins-noda") if name in fits]
    conditions = [fit.experiment.conditions for fit in pair]
    of_two_ions = all({s.name for s in at.steady().ions} == {"K", "Na"} for at in conditions)
    if len(pair) == 2 and of_two_ions and not any(np.any(at.blocked) for at in conditions):
        yield (
            "ghk and mullins-noda cannot be told apart by these recordings, whatever their number: without rows with the"
            " pump blocked, mullins-noda with P_Na/P_K is ghk of K and Na with P_Na/P_K divided by 3/2."
        )
    for scheme, part in table.groupby("scheme", sort=False):
        best, *others = part.itertuples()
        for other in others:
            ahead, word = abs(other.elpd_diff), f"undecided between {best.law} and {other.law}"
            if ahead >= 4 and ahead >= 2 * other.dse:
                word = f"{best.law} predicts better than {other.law}"
            yield f"Leaving out a {scheme}: {word} (difference {ahead:.1f}, standard error {other.dse:.1f})."


def refit_of(fit: Fitted, cores: int) -> Refit:
    """A way to fit again without some rows."""
    experiment = fit.experiment
    sampling, seed = replace(fit.sampling, sampler="auto"), experiment.config.seed + 1

    def refit(mask: np.ndarray) -> xr.Dataset:
        return sampled(without_rows(experiment, mask), sampling, seed, cores)[0]

    return refit
