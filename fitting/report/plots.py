"""The pictures that electrophysiologists draw. Everything general is left to ArviZ, which takes `fit.tree`."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

from ...models.conditions import Conditions
from ...models.errors import UnknownNameError, nearest
from ...models.laws.nernst import nernst_potential
from ..experiment.experiment import Experiment, in_words
from ..experiment.interval import bounds
from ..model.draws import group_values
from ..results.colours import COLOURS

if TYPE_CHECKING:
    from ..checks.fitted import Fitted

SIZE = (5.2, 3.9)
"""Of a picture, in inches: narrow enough for its words to be read on a phone."""
_CURVE_POINTS = 60
_CURVE_DRAWS = 500
_ZERO = 0.25  # where K_o = 0 stands on the logarithmic axis, relative to the lowest other bath


def thinned_draws(fit: "Fitted", group: str | None = None) -> dict[str, np.ndarray]:
    """Parameter values by name, one axis of draws, as many as a picture needs: of one group, or the groups' mean."""
    values, groups = (
        group_values(fit.tree["posterior"].to_dataset(), fit.experiment, flat=True),
        fit.experiment.levels.groups,
    )
    if group is not None and group not in groups:
        raise UnknownNameError(f"no group {group!r}.{nearest(group, groups)} Groups: {', '.join(groups) or 'none'}.")
    which = slice(None) if group is None else [groups.index(group)]
    between = {p.name: p.between for p in fit.experiment.parameters}
    values = {
        name: between[name].undo(between[name].of(x[..., which]).mean(axis=-1)) if x.ndim > 1 else x
        for name, x in values.items()
    }
    step = max(1, len(next(iter(values.values()))) // _CURVE_DRAWS)
    return {name: x[::step] for name, x in values.items()}


def plot_series(fit: "Fitted", axes: Axes | None = None, group: str | None = None) -> Axes:
    """V_m (mV) against K_o (mM, logarithmic): recordings, posterior median with its interval, Nernst line.

    One colour for each temperature (or, where many were read off a thermometer, for each band of them, with the curve of
    its middle), open symbols and a broken line where the pump is blocked. The curve runs through the commonest bath at each
    K_o; other baths of the same K_o have their own prediction, a large diamond with its interval, and their recordings are
    small diamonds. Of several groups of cells, all or one `group` is shown.
    """
    experiment = fit.experiment
    if axes is None:
        _, axes = pyplot.subplots(figsize=(7.2, 4.8), layout="constrained")
    values, levels = thinned_draws(fit, group), experiment.levels
    at = experiment.conditions
    shown = np.ones(len(at.temperature_C), bool)
    if group is not None:
        shown = levels.group_of_entry[experiment.entry_of_condition] == levels.groups.index(group)
    K_o = at.c_o["K"]
    zero = _ZERO * (K_o[K_o > 0].min() if (K_o > 0).any() else 1.0)
    x = np.where(K_o > 0, K_o, zero)
    band, named = bands_of(at.temperature_C)
    recorded = experiment.recordings["V_m"].to_numpy()
    for k, (colour, name) in enumerate(zip(COLOURS, named, strict=False)):
        for blocked in (0.0, 1.0):
            these = np.flatnonzero((band == k) & (at.blocked == blocked) & shown)
            if not len(these):
                continue
            label = name + (", pump blocked" if blocked else "")
            through, aside = _through(experiment, these)
            for marker, part in (("o", np.setdiff1d(these, aside)), ("d", aside)):
                rows = np.isin(experiment.condition_of_row, part)
                place = x[experiment.condition_of_row[rows]]
                spread = 1 + 0.02 * (_ranks(place) - 0.5)  # replicates side by side
                axes.errorbar(
                    place * spread,
                    recorded[rows],
                    yerr=experiment.error_mV[rows] if experiment.error_mV[rows].any() else None,
                    fmt=marker, ms=4, mfc="white" if blocked else colour, mec=colour, ecolor=colour, mew=0.8, alpha=0.75,
                    ls="none", zorder=3,
                )  # fmt: skip
            _curve(axes, experiment, values, through, aside, colour, "--" if blocked else "-", label)

    _nernst(axes, experiment, values, x)
    axes.set_xscale("log")
    if (K_o == 0).any():
        axes.axvline(zero, color="0.85", lw=6, zorder=0)
        axes.annotate("K-free", (zero, 0.01), xycoords=("data", "axes fraction"), ha="center", fontsize=8, color="0.35")
    ticks = [t for t in (0.1, 0.3, 1, 2, 5, 10, 20, 50, 100, 200, 500) if x[K_o > 0].min() / 1.6 < t < x.max() * 1.6]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    of = f"{short(group)}\n" if group is not None else "mean of the groups\n" if levels.groups else ""
    axes.set(xlabel="$K_o$ (mM, logarithmic)", ylabel="$V_m$ (mV)")
    axes.set_title(f"{of}{experiment.law.name}: median and {experiment.interval_name}", parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    return axes


def bands_of(temperature_C: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Which band each temperature is in, and the bands' names: each temperature its own, unless there are too many for that.

    Then they are parted where over 1 °C lies between them, or, where that leaves one wider than 5 °C, evenly.
    """
    T = np.asarray(temperature_C, float)
    distinct, band = np.unique(T, return_inverse=True)
    if len(distinct) > len(COLOURS):
        apart = np.diff(distinct) > 1
        ends = distinct[:-1][apart]
        wide = np.diff([distinct[0], *np.ravel(np.column_stack([ends, distinct[1:][apart]])), distinct[-1]])[::2]
        if len(ends) >= len(COLOURS) or wide.max() > 5:
            n = min(len(COLOURS), int(np.ceil((distinct[-1] - distinct[0]) / 5)))
            ends = np.linspace(distinct[0], distinct[-1], n + 1)[1:-1]
        band = np.unique(np.searchsorted(ends, T), return_inverse=True)[1]
    ends_of = [(np.min(T[band == k]), np.max(T[band == k])) for k in range(band.max() + 1)]
    return band, [f"{low:g} °C" if low == high else f"{low:.3g}–{high:.3g} °C" for low, high in ends_of]


def _ranks(place: np.ndarray) -> np.ndarray:
    """Rank of each row among those at the same place, from 0 to 1, in table order."""
    _, at, count = np.unique(place, return_inverse=True, return_counts=True)
    rank = np.empty(len(place))
    rank[np.argsort(at, kind="stable")] = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    return np.where(count[at] > 1, rank / np.maximum(count[at] - 1, 1), 0.5)


def short(name: str, most: int = 26) -> str:
    """A name of the table as a picture has room for it: a long one without its middle."""
    return name if len(name) <= most else f"{name[: most // 2]}…{name[1 - most // 2 :]}"


def _through(experiment: Experiment, these: np.ndarray) -> tuple[dict[float, int], np.ndarray]:
    """Of some conditions, the commonest at each K_o, through which a curve runs, and those in other baths."""
    at, counts = experiment.conditions, np.bincount(experiment.condition_of_row)
    through: dict[float, int] = {}

    def bath(i: int) -> str:
        return in_words(replace(at.take(i), temperature_C=0.0))  # those of a band differ a little

    for i in these[np.argsort(-counts[these], kind="stable")]:
        through.setdefault(at.c_o["K"][i], i)
    drawn = {bath(i) for i in through.values()}  # other cells in the same bath are on the curve too
    return through, np.array([i for i in these if bath(i) not in drawn], dtype=np.intp)


def _curve(axes, experiment: Experiment, values, through, aside, colour: str, style: str, label: str) -> None:
    at = experiment.conditions
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
        lower, middle, upper = _band(experiment, values, at.take(lone))
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
    between = at.take(nodes).map(lambda x: np.interp(path, K, x))
    return replace(between, temperature_C=np.full(len(path), np.median(at.temperature_C[nodes])))


def _band(experiment: Experiment, values, at: Conditions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    V_m = experiment.law.potential(experiment.pooled().theta(values), at, experiment.reference)
    V_m = np.broadcast_to(V_m, (len(next(iter(values.values()))), len(at.temperature_C)))
    lower, upper = bounds(V_m, experiment.config.interval, axis=0)
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
