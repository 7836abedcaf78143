"""The pictures that electrophysiologists draw. Everything general is left to ArviZ, which takes `fit.tree`."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

from ..models.conditions import Conditions
from ..models.nernst import nernst_potential
from .experiment import Experiment, at_index, in_words
from .interval import LABEL, bounds
from .posterior import group_values

if TYPE_CHECKING:
    from .result import Fit

# Okabe & Ito's colours, which the colour-blind tell apart, strongest on white first.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SIZE = (5.2, 3.9)
"""Of a picture, in inches: narrow enough for its words to be read on a phone."""
_CURVE_POINTS = 60
_CURVE_DRAWS = 500
_ZERO = 0.25  # where K_o = 0 stands on the logarithmic axis, relative to the lowest other bath


def thinned_draws(fit: "Fit") -> dict[str, np.ndarray]:
    """Parameter values by name, one axis of draws: as many as a picture needs."""
    values = group_values(fit.tree["posterior"].to_dataset(), fit.experiment, flat=True)
    values = {name: np.exp(np.log(x).mean(axis=-1)) if x.ndim > 1 else x for name, x in values.items()}
    step = max(1, len(next(iter(values.values()))) // _CURVE_DRAWS)
    return {name: x[::step] for name, x in values.items()}


def plot_series(fit: "Fit", axes: Axes | None = None) -> Axes:
    """V_m (mV) against K_o (mM, logarithmic): recordings, posterior median with its interval, Nernst line.

    One colour for each temperature, open symbols and a broken line where the pump is blocked. The curve runs through
    the commonest bath at each K_o; other baths of the same K_o have their own prediction, a diamond with its interval.
    """
    experiment = fit.experiment
    if axes is None:
        _, axes = pyplot.subplots(figsize=(7.2, 4.8), layout="constrained")
    values = thinned_draws(fit)

    at = experiment.conditions
    K_o = at.c_o["K"]
    zero = _ZERO * (K_o[K_o > 0].min() if (K_o > 0).any() else 1.0)
    x = np.where(K_o > 0, K_o, zero)
    temperatures = np.unique(at.temperature_C)
    recorded = experiment.recordings["V_m"].to_numpy()
    for T in temperatures:
        for blocked in (0.0, 1.0):
            group = np.flatnonzero((at.temperature_C == T) & (at.blocked == blocked))
            if not len(group):
                continue
            colour = COLOURS[int(np.searchsorted(temperatures, T)) % len(COLOURS)]
            label = f"{T:g} °C" + (", pump blocked" if blocked else "")
            rows = np.isin(experiment.condition_of_row, group)
            place = x[experiment.condition_of_row[rows]]
            spread = 1 + 0.02 * (_ranks(place) - 0.5)  # replicates side by side
            face = "white" if blocked else colour
            axes.errorbar(
                place * spread,
                recorded[rows],
                yerr=experiment.error_mV[rows] if experiment.error_mV[rows].any() else None,
                fmt="o", ms=4, mfc=face, mec=colour, ecolor=colour, mew=0.8, alpha=0.75, ls="none", zorder=3,
            )  # fmt: skip
            _curve(axes, experiment, values, group, colour, "--" if blocked else "-", label)

    _nernst(axes, experiment, values, x)
    axes.set_xscale("log")
    if (K_o == 0).any():
        axes.axvline(zero, color="0.85", lw=6, zorder=0)
        axes.annotate("K-free", (zero, 0.01), xycoords=("data", "axes fraction"), ha="center", fontsize=8, color="0.35")
    ticks = [t for t in (0.1, 0.3, 1, 2, 5, 10, 20, 50, 100, 200, 500) if x[K_o > 0].min() / 1.6 < t < x.max() * 1.6]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set(xlabel="$K_o$ (mM, logarithmic)", ylabel="$V_m$ (mV)", title=f"{experiment.law.name}: median and {LABEL}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    return axes


def _ranks(place: np.ndarray) -> np.ndarray:
    """Rank of each row among those at the same place, from 0 to 1, in table order."""
    ranks = np.empty(len(place))
    for value in np.unique(place):
        member = place == value
        ranks[member] = np.linspace(0, 1, member.sum()) if member.sum() > 1 else 0.5
    return ranks


def _curve(axes, experiment: Experiment, values, group: np.ndarray, colour: str, style: str, label: str) -> None:
    at = experiment.conditions
    counts = np.bincount(experiment.condition_of_row)
    through: dict[float, int] = {}
    for i in group[np.argsort(-counts[group], kind="stable")]:
        through.setdefault(at.c_o["K"][i], i)
    drawn = {in_words(at_index(at, i)) for i in through.values()}  # other cells in the same bath are on the curve too
    aside = np.array([i for i in group if in_words(at_index(at, i)) not in drawn], dtype=np.intp)
    positive = sorted(K for K in through if K > 0)
    if positive:
        line = _interpolated(at, np.array([through[K] for K in positive]))
        lower, middle, upper = _band(experiment, values, line)
        axes.plot(
            line.c_o["K"], middle, style, color=colour, label=label, lw=1.8, zorder=2, marker=_alone(positive), ms=9
        )
        axes.fill_between(line.c_o["K"], lower, upper, color=colour, alpha=0.18, lw=0, zorder=1)
    lone = np.array([*aside, *(i for K, i in through.items() if K == 0)], dtype=np.intp)
    if len(lone):
        lower, middle, upper = _band(experiment, values, at_index(at, lone))
        place = np.where(at.c_o["K"] > 0, at.c_o["K"], _ZERO * min(positive, default=1.0))[lone]
        axes.errorbar(
            place, middle, yerr=[middle - lower, upper - middle], fmt="D", ms=6, mfc="white", mec=colour, mew=1.5,
            ecolor=colour, capsize=3, zorder=4,
        )  # fmt: skip


def _alone(positive: list[float]) -> str | None:
    return "_" if len(positive) == 1 else None


def _interpolated(at: Conditions, nodes: np.ndarray) -> Conditions:
    """Baths between the measured ones: every concentration follows K_o linearly between neighbours."""
    K = at.c_o["K"][nodes]
    path = np.unique(np.concatenate([np.geomspace(K[0], K[-1], _CURVE_POINTS), K])) if len(K) > 1 else K
    at = at_index(at, nodes)
    return replace(
        at,
        c_o={name: np.interp(path, K, x) for name, x in at.c_o.items()},
        c_i={name: np.interp(path, K, x) for name, x in at.c_i.items()},
        temperature_C=np.full(len(path), at.temperature_C[0]),
        blocked=np.full(len(path), at.blocked[0]),
        seal=float(np.mean(at.seal)),
    )


def _band(experiment: Experiment, values, at: Conditions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    V_m = experiment.law.potential(experiment.pooled().theta(values), at, experiment.reference)
    V_m = np.broadcast_to(V_m, (len(next(iter(values.values()))), len(at.temperature_C)))
    lower, upper = bounds(V_m, axis=0)
    return lower, np.median(V_m, axis=0), upper


def _nernst(axes, experiment: Experiment, values, x: np.ndarray) -> None:
    reference = experiment.reference
    K_i = float(np.median(reference.inside(values)["K"]))
    path = np.geomspace(x.min(), x.max(), _CURVE_POINTS) if x.min() < x.max() else np.array([x[0] / 2, x[0] * 2])
    E_K = nernst_potential(1, K_i, path, reference.temperature_C)
    axes.plot(
        path,
        E_K,
        ":",
        color="0.35",
        lw=1.3,
        zorder=1,
        label=f"$E_K$, {reference.temperature_C:g} °C, $K_i$ {K_i:.0f} mM",
    )
