"""Leaving rows out without fitting again: Pareto-smoothed importance sampling (Vehtari, Gelman & Gabry 2017)."""

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from ..experiment.experiment import Experiment
from ..model.draws import resistance_distribution, row_distribution
from ..sampling.array_stats import array_stats

GOOD_K = 0.7
"""Pareto k above which leaving a row out moves the posterior too far for reweighting."""


def relative_efficiency(posterior: xr.Dataset) -> float:
    """Effective draws for means, over draws, averaged over everything in a posterior: what `az.loo` takes."""
    if posterior.sizes["chain"] == 1:
        return 1.0
    n, stats = posterior.sizes["chain"] * posterior.sizes["draw"], array_stats()
    ess = [stats.ess(x.to_numpy(), method="mean", chain_axis=0, draw_axis=1).ravel() for x in posterior.values()]
    return float(np.concatenate(ess).mean() / n)


def row_density(values: dict[str, np.ndarray], experiment: Experiment) -> np.ndarray:
    """Log density of each row's V_m, in 1/mV, under each draw (leading axes) of parameter values."""
    return row_distribution(values, experiment).logpdf(experiment.recordings["V_m"].to_numpy())


def resistance_density(values: dict[str, np.ndarray], experiment: Experiment) -> np.ndarray | float:
    """Log density of all input resistances together under each draw; 0 where there are none."""
    if experiment.resistance is None:
        return 0.0
    return resistance_distribution(values, experiment).logpdf(experiment.resistance.R_in_MOhm).sum(axis=-1)


def left_out_weights(log_likelihood: np.ndarray, r_eff: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Smoothed log weights (item, draw) that leave each item out, and Pareto k; log-likelihoods are (draw, item).

    k is infinite where draws are so stuck that their weights have no tail.
    """
    try:
        log_weight, k = array_stats().psislw(log_likelihood.T, r_eff=r_eff)  # items lead, draws last
    except ValueError:  # "All tail values are the same"
        log_weight = -log_likelihood.T - logsumexp(-log_likelihood.T, axis=-1, keepdims=True)
        k = np.full(log_likelihood.shape[1], np.inf)
    return log_weight, np.asarray(k)


def leave_one_out(log_likelihood: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Expected log predictive density and Pareto k of each item, from log-likelihoods of shape (draw, item)."""
    log_weight, k = left_out_weights(log_likelihood)
    return logsumexp(log_weight + log_likelihood.T, axis=-1), k


def se_of_sum(pointwise: np.ndarray) -> float:
    """Standard error of the sum of independent items."""
    return float(np.sqrt(len(pointwise)) * pointwise.std(ddof=1))
