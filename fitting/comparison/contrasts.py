"""Do groups of cells differ, in what, and by how much?"""

from itertools import combinations

import numpy as np
import pandas as pd

from ...models.errors import ConfigurationError, typed
from ...models.parameters import Quantity
from ...models.priors import Scale
from ..checks.fitted import Fitted
from ..experiment.interval import bounds, interval_name
from ..experiment.levels import FEWEST_CELLS

COLUMNS = ["parameter", "kind", "a", "b", "median", "lower", "upper", "p_direction", "p_rope", "rope_low", "rope_high"]
ROPE_RATIO = (0.8, 1.25)
"""Ratios between these are taken as practically equal."""
ROPE_mV = (-1.0, 1.0)
"""Differences between these, in mV, are taken as practically equal: less than electrodes agree among themselves."""
_NO_ROPE = (np.nan, np.nan)
FEW_CELLS = 5


def contrasts(fit: Fitted) -> pd.DataFrame:
    """Every pair of groups compared in every parameter that differs between groups.

    Returns
    -------
    pandas.DataFrame
        `kind` is "ratio" (a / b) for ratios, currents and Q10s, "difference" (a - b) for what is in mV, as the pump, or can
        be negative; `p_direction` is the probability of the more probable direction, `p_rope` that of practical equality
        (empty for differences that are not in mV: there is no range that is agreed upon).

    Raises
    ------
    ConfigurationError
        The fit knows no groups.
    """
    levels = fit.experiment.levels
    if not levels.groups:
        raise ConfigurationError(
            f"this fit has no groups to compare: fit with {typed('by', 'cell_type')}, or another column."
        )
    posterior = fit.tree["posterior"].to_dataset()
    rows = []
    for q in fit.experiment.quantities:
        if q.symbol not in posterior or "population" not in posterior[q.symbol].dims:
            continue
        draws = posterior[q.symbol].to_numpy().reshape(-1, len(levels.groups))
        for i, j in combinations(range(len(levels.groups)), 2):
            rows.append(
                _contrast(
                    q, levels.groups[i], levels.groups[j], draws[:, i], draws[:, j], fit.experiment.config.interval
                )
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def _contrast(q: Quantity, a: str, b: str, x: np.ndarray, y: np.ndarray, probability: float) -> dict:
    difference = q.compared is Scale.NATURAL
    values, (low, high) = (x - y, ROPE_mV if q.unit == "mV" else _NO_ROPE) if difference else (x / y, ROPE_RATIO)
    lower, upper = bounds(values, probability)
    above = float(np.mean(x > y))
    return {
        "parameter": q.name,
        "kind": "difference" if difference else "ratio",
        "a": a,
        "b": b,
        "median": float(np.median(values)),
        "lower": float(lower),
        "upper": float(upper),
        "p_direction": max(above, 1 - above),
        "p_rope": np.nan if np.isnan(low) else float(np.mean((values > low) & (values < high))),
        "rope_low": low,
        "rope_high": high,
    }


def too_few(fit: Fitted) -> list[str]:
    """Honest sentences on groups that hold few cells, or none that can be told apart."""
    levels = fit.experiment.levels
    if not levels.cells:
        return [
            f"Cells were not told apart (it takes {FEWEST_CELLS} measured in two conditions or more), so scatter between cells"
            " counts as scatter of recordings and the intervals are too narrow for statements about types."
        ]
    counts = np.bincount(levels.group_of_cell, minlength=len(levels.groups))
    few = [f"{name} ({n})" for name, n in zip(levels.groups, counts, strict=True) if n < FEW_CELLS]
    if not few:
        return []
    return [
        f"Few cells in {', '.join(few)}: how much cells differ is then known mostly from the prior on their spread, and so is"
        " the width of these intervals. They speak of these cells first, of their types with caution."
    ]


def plot_contrasts(table: pd.DataFrame, probability: float):
    """Forest of the contrasts: ratios on a logarithmic axis, differences in their unit, practical equality shaded."""
    from matplotlib import pyplot

    in_mV = table["kind"].eq("difference") & table["rope_low"].notna()
    panels = {"ratio (logarithmic)": table[table["kind"] == "ratio"], "difference (mV)": table[in_mV]}
    alone = table[table["kind"].eq("difference") & ~in_mV]  # each in a unit of its own
    panels |= {f"difference in {name}": part for name, part in alone.groupby("parameter", sort=False)}
    panels = {label: part.iloc[::-1] for label, part in panels.items() if len(part)}
    heights = [len(part) + 1 for part in panels.values()]
    figure, axes = pyplot.subplots(
        len(panels),
        1,
        figsize=(7.2, 1.2 + 0.42 * sum(heights)),
        height_ratios=heights,
        layout="constrained",
        squeeze=False,
    )
    for ax, (label, part) in zip(axes[:, 0], panels.items(), strict=True):
        y, ratio = np.arange(len(part)), part["kind"].iloc[0] == "ratio"
        if part["rope_low"].notna().all():
            ax.axvspan(part["rope_low"].iloc[0], part["rope_high"].iloc[0], color="0.9", lw=0)
        ax.axvline(1.0 if ratio else 0.0, color="0.5", lw=0.8)
        error = [part["median"] - part["lower"], part["upper"] - part["median"]]
        ax.errorbar(part["median"], y, xerr=error, fmt="o", color="#0072B2", capsize=3)
        joined = " / " if ratio else " − "
        ax.set_yticks(y, [f"{r.parameter}: {r.a}{joined}{r.b}" for r in part.itertuples()])
        ax.set_ylim(-0.6, len(part) - 0.4)
        ax.spines[["top", "right"]].set_visible(False)
        if ratio:
            ax.set_xscale("log")
            ends = (min(part["lower"].min(), 0.7), max(part["upper"].max(), 1.4))
            ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if ends[0] / 1.2 < t < ends[1] * 1.2]
            ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
            ax.minorticks_off()
        ax.set_xlabel(f"{label}: median and {interval_name(probability)}")
    return figure
