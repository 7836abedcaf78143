"""Leaving rows out without fitting again: Pareto-smoothed importance sampling (Vehtari, Gelman & Gabry 2017)."""

import numpy as np
from scipy.special import logsumexp

from ..sampling.array_stats import array_stats

GOOD_K = 0.7
"""Pareto k above which leaving a row out moves the posterior too far for reweighting."""


def leave_one_out(log_likelihood: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Expected log predictive density and Pareto k of each item, from log-likelihoods of shape (draw, item).

    k is infinite where draws are so stuck that their weights have no tail.
    """
    try:
        log_weight, k = array_stats().psislw(log_likelihood.T)  # items lead, draws last
    except ValueError:  # "All tail values are the same"
        log_weight = -log_likelihood.T - logsumexp(-log_likelihood.T, axis=-1, keepdims=True)
        k = np.full(log_likelihood.shape[1], np.inf)
    return logsumexp(log_weight + log_likelihood.T, axis=-1), np.asarray(k)
