"""How much a prior pulls on an answer, from draws alone: power-scaling sensitivity (Kallioinen et al. 2024)."""

import numpy as np

from ..sampling.array_stats import array_stats

SENSITIVE = 0.05
"""Sensitivity above which an answer is said to rest on a prior."""
_POWERS = (0.99, 1.01)


def sensitivity(log_prior: np.ndarray, *answers: np.ndarray) -> list[float]:
    """How far each answer's distribution moves as one prior is raised to powers near 1; `arviz_stats.psense` of arrays.

    Parameters
    ----------
    log_prior : log density of the prior in each draw. answers : their values there, all of shape (chain, draw).
    """
    stats = array_stats()
    weights = []
    for power in _POWERS:
        log_weight = stats.power_scale_lw(log_prior, alpha=power, axis=(-2, -1))
        weights.append(np.exp(log_weight - log_weight.max()))
    powers = dict(zip(("lower_w", "upper_w", "lower_alpha", "upper_alpha"), (*weights, *_POWERS), strict=True))
    return [float(stats.power_scale_sense(x, **powers)) if np.ptp(x) > 0 else 0.0 for x in answers]
