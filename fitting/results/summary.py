"""The table of results: one row a parameter, with its interval, its diagnostics and what the data added."""

import numpy as np
import pandas as pd
import xarray as xr

from ...models.parameters import SIGMA, Quantity
from ..experiment.experiment import Experiment
from ..experiment.interval import bounds
from ..sampling.array_stats import array_stats

COLUMNS = [
    "parameter", "group", "unit", "mean", "sd", "median", "lower", "upper", "ess_bulk", "ess_tail", "r_hat", "contraction",
]  # fmt: skip


def contraction(posterior: np.ndarray, prior: np.ndarray) -> float:
    """1 - posterior variance / prior variance, of draws on the prior's own scale: 0 learned nothing, 1 everything."""
    return float(1 - np.var(posterior) / np.var(prior))


def summarise(tree: xr.DataTree, experiment: Experiment) -> pd.DataFrame:
    """Summary of everything the fit reports; intervals are equal-tailed, contraction is on the prior's own scale.

    Parameters that differ between groups have a row for each group, then spreads and offsets, then a row for each cell or level.
    """
    interval = experiment.config.interval
    posterior, prior = tree["posterior"].to_dataset(), tree["prior"].to_dataset()
    sampled = [q for q in (*experiment.quantities, *experiment.widths) if q.symbol in posterior]
    rows = [
        _row(q, group, draws, before, interval)
        for q in sampled
        for (group, draws), (_, before) in zip(
            labelled_draws(posterior[q.symbol]), labelled_draws(prior[q.symbol]), strict=True
        )
    ]
    for p in experiment.parameters:
        cells = posterior.get(p.of_cells)
        if cells is not None:
            before = labelled_draws(prior[p.symbol])
            group = experiment.levels.group_of_cell if len(before) > 1 else np.zeros(cells.sizes["cell"], int)
            rows += [
                _row(p, cell, draws, before[group[i]][1], interval)
                for i, (cell, draws) in enumerate(labelled_draws(cells))
            ]
    if experiment.scatter:
        rows += [
            _row(SIGMA, level, draws, None, interval) for level, draws in labelled_draws(posterior[SIGMA.of_levels])
        ]
    for e in experiment.errors:
        rows += [_row(e, label, draws, None, interval) for label, draws in labelled_draws(posterior[e.symbol])]
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[3:], float))


def labelled_draws(variable: xr.DataArray) -> list[tuple[str, np.ndarray]]:
    """A variable's draws (chain, draw) for each label of its last dimension; one, without a label, where it has none."""
    if variable.ndim == 2:
        return [("", variable.to_numpy())]
    labels = variable[variable.dims[2]].to_numpy().astype(str)
    return [(str(label), variable.to_numpy()[..., i]) for i, label in enumerate(labels)]


def _row(q: Quantity, group: str, draws: np.ndarray, prior: np.ndarray | None, probability: float) -> dict:
    lower, upper = bounds(draws, probability)
    with np.errstate(invalid="ignore", divide="ignore"):  # of chains that never moved it is NaN, which passes no check
        r_hat = float(array_stats().rhat(draws))
    return {
        "parameter": q.name,
        "group": group,
        "unit": q.unit,
        "mean": draws.mean(),
        "sd": draws.std(ddof=1),
        "median": np.median(draws),
        "lower": lower,
        "upper": upper,
        "ess_bulk": array_stats().ess(draws, method="bulk"),
        "ess_tail": array_stats().ess(draws, method="tail", prob=(0.05, 0.95)),
        "r_hat": r_hat,
        "contraction": np.nan if prior is None else contraction(q.scale.of(draws), q.scale.of(prior)),
    }
