"""The table of results: one row a parameter, with its interval, its diagnostics and what the data added."""

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats

from .experiment import Experiment
from .interval import bounds

COLUMNS = [
    "parameter", "group", "unit", "mean", "sd", "median", "lower", "upper", "ess_bulk", "ess_tail", "r_hat", "contraction",
]  # fmt: skip


def contraction(posterior: np.ndarray, prior: np.ndarray) -> float:
    """1 - posterior variance / prior variance, of draws on the prior's own scale: 0 learned nothing, 1 everything."""
    return float(1 - np.var(posterior) / np.var(prior))


def summarise(tree: xr.DataTree, experiment: Experiment) -> pd.DataFrame:
    """Summary of everything the fit reports; intervals are equal-tailed, contraction is on the prior's own scale."""
    posterior, prior = tree["posterior"].to_dataset(), tree["prior"].to_dataset()
    rows = []
    for q in experiment.quantities:
        draws = posterior[q.symbol].to_numpy()
        lower, upper = bounds(draws)
        rows.append(
            {
                "parameter": q.name,
                "group": "",
                "unit": q.unit,
                "mean": draws.mean(),
                "sd": draws.std(ddof=1),
                "median": np.median(draws),
                "lower": lower,
                "upper": upper,
                "ess_bulk": array_stats.ess(draws, method="bulk"),
                "ess_tail": array_stats.ess(draws, method="tail", prob=(0.05, 0.95)),
                "r_hat": array_stats.rhat(draws),
                "contraction": contraction(q.own_scale(draws), q.own_scale(prior[q.symbol].to_numpy())),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[3:], float))
