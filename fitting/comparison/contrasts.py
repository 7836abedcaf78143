"""Do groups of cells differ, in what, and by how much?"""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd

from ...models.errors import ConfigurationError, typed
from ...models.parameters import REFERENCE, Quantity
from ...models.priors import Scale
from ..checks.fitted import Fitted
from ..experiment.interval import bounds
from ..model.draws import group_values
from .predict import potentials
from .units import units

COLUMNS = ["parameter", "kind", "a", "b", "median", "lower", "upper", "p_direction", "p_rope", "rope_low", "rope_high"]
ROPE_RATIO = (0.8, 1.25)
"""Ratios between these are taken as practically equal."""
ROPE_mV = (-1.0, 1.0)
"""Differences between these, in mV, are taken as practically equal: less than electrodes agree among themselves."""
_NO_ROPE = (np.nan, np.nan)

V_M = Quantity("V_m_mV", "mV", f"resting potential {REFERENCE}")


def contrasts(fit: Fitted) -> pd.DataFrame:
    """Every pair of groups compared: in V_m (mV) in the reference bath, then in every parameter that differs between them.

    Returns
    -------
    pandas.DataFrame
        `kind` is "ratio" (a / b) for ratios, currents and Q10s, "difference" (a - b) for what is in mV, as V_m and the pump,
        or can be negative; `p_direction` is the probability of the more probable direction (empty where rows of one cell
        count as independent, or a group has one animal, and no direction may be claimed), `p_rope` that of practical equality
        (empty for differences that are not in mV: there is no range that is agreed upon).
    """
    levels, posterior = fit.experiment.levels, fit.tree["posterior"].to_dataset()
    if not levels.groups:
        how = typed("by", "genotype")
        raise ConfigurationError(f"this fit has no groups to compare: fit with {how}, or the column that names them.")
    differing = [
        (q, posterior[q.symbol].to_numpy().reshape(-1, len(levels.groups)))
        for q in fit.experiment.quantities
        if q.symbol in posterior and "population" in posterior[q.symbol].dims
    ]
    compared = [(V_M, reference_potentials(fit)), *differing] if levels.varying else differing
    probability, claimed = fit.experiment.config.interval, units(fit).claimed
    rows = [
        _contrast(q, levels.groups[i], levels.groups[j], draws[:, i], draws[:, j], probability, claimed)
        for q, draws in compared
        for i, j in combinations(range(len(levels.groups)), 2)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def reference_potentials(fit: Fitted) -> np.ndarray:
    """V_m (mV) of each group in the reference bath, with the pump running; (draw, group)."""
    experiment = fit.experiment
    values = group_values(fit.tree["posterior"].to_dataset(), experiment, flat=True)
    at = experiment.reference.map(lambda x: np.full(1, x))
    values = {name: x if x.ndim > 1 else x[:, None] for name, x in values.items()}
    return potentials(experiment, values, at)[..., 0]


def _contrast(
    q: Quantity, a: str, b: str, x: np.ndarray, y: np.ndarray, probability: float, claimed: Callable[[str, str], bool]
) -> dict:
    difference = q.compared is Scale.NATURAL
    values, (low, high) = (x - y, ROPE_mV if q.unit == "mV" else _NO_ROPE) if difference else (x / y, ROPE_RATIO)
    lower, upper = bounds(values, probability)
    return {
        "parameter": q.name,
        "kind": "difference" if difference else "ratio",
        "a": a,
        "b": b,
        "median": float(np.median(values)),
        "lower": float(lower),
        "upper": float(upper),
        "p_direction": max(float(np.mean(x > y)), float(np.mean(x < y))) if claimed(a, b) else np.nan,
        "p_rope": np.nan if np.isnan(low) else float(np.mean((values > low) & (values < high))),
        "rope_low": low,
        "rope_high": high,
    }
