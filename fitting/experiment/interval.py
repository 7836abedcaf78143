"""The one interval that every table, plot and sentence uses."""

import numpy as np

PROBABILITY = 0.89
"""Equal-tailed posterior probability between `lower` and `upper`."""
LABEL = f"{PROBABILITY:.0%} interval"


def bounds(draws: np.ndarray, axis: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the equal-tailed interval of `draws`, along `axis` (or all of them)."""
    tail = (1 - PROBABILITY) / 2
    lower, upper = np.quantile(draws, [tail, 1 - tail], axis=axis)
    return lower, upper
