"""The one interval that every table, plot and sentence uses: equal-tailed, of the probability that was asked for."""

import numpy as np


def interval_name(probability: float) -> str:
    """The interval's name: `89% interval`."""
    return f"{100 * probability:.4g}% interval"


def bounds(draws: np.ndarray, probability: float, axis: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the equal-tailed interval of `draws`, along `axis` (or all of them)."""
    tail = (1 - probability) / 2
    lower, upper = np.quantile(draws, [tail, 1 - tail], axis=axis)
    return lower, upper
