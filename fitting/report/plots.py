"""The pictures that electrophysiologists draw. Everything general is left to ArviZ, which takes `fit.tree`."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D

from ...models.colours import COLOURS
from ...models.conditions import Conditions
from ...models.errors import UnknownNameError, nearest
from ...models.laws.nernst import nernst_potential
from ..checks.fitted import Fitted
from ..experiment.experiment import Experiment, in_words
from ..experiment.interval import bounds
from ..model.draws import group_values

MARKERS = ("o", "s", "^", "v", "P", "X", "*", "<")
SIZE = (5.2, 3.9)
"""Of a picture, in inches: narrow enough for its words to be read on a phone."""
_CURVE_POINTS = 60
_CURVE_DRAWS = 500
_TO_THE_RIGHT = 1.08  # other baths stand so much to the right of their K_o, clear of those on the curve
_LONG = 7  # entries of a legend for which there is room inside
_NAMED = 6  # other baths whose names there is room for
_ZERO = 0.25  # where K_o = 0 stands on the logarithmic axis, relative to the lowest other bath


def thinned_draws(fit: Fitted, group: str | None = None) -> dict[str, np.ndarray]:
    """Parameter values by name, one axis of draws, as many as a picture needs: of one group, or the groups' mean."""
    values = group_values(fit.tree["posterior"].to_dataset(), fit.experiment, flat=True)
    groups = fit.experiment.levels.groups
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


@dataclass(frozen=True)
class _Strand:
    """Conditions that share a curve: of one group, one band of temperatures and one state of the pump."""

    these: np.ndarray
    values: dict[str, np.ndarray]
    label: str
    colour: str
    marker: str
    blocked: bool


def plot_series(fit: Fitted, axes: Axes | None = None, group: str | None = None, by: bool = True) -> Axes:
    """V_m (mV) against K_o (mM, logarithmic): recordings, posterior median with its interval, Nernst line.

    Groups of cells are overlaid, each with its own colour, symbol, curve and interval; temperatures are then shades of the
    colour. Without groups, of one `group`, or without `by`, each temperature (or, where many were read off a thermometer,
    each band of them) has its colour. Open symbols and broken lines: the pump is blocked. A curve runs through the commonest
    bath at each K_o; baths that differ from it in more than K_o are named, their recordings are diamonds with a black edge,
    and what the law expects there is a large open diamond. Where all rows have one K_o, each group stands on its own place.
    """
    axes = axes or pyplot.subplots(figsize=SIZE, layout="constrained")[1]
    strands = _strands(fit, group, by)
    experiment, at = fit.experiment, fit.experiment.conditions
    K_o = at.c_o["K"]
    if len(np.unique(K_o)) == 1:
        _places(axes, experiment, strands)
    else:
        _curves(axes, experiment, strands)
    of = f"{short(group)}\n" if group is not None else ""
    axes.set_ylabel("$V_m$ (mV)")
    title = f"{of}{experiment.law.name}: median and {experiment.interval_name}"
    axes.set_title(title, parse_math=False, fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _strands(fit: Fitted, group: str | None, by: bool) -> list[_Strand]:
    experiment, levels, at = fit.experiment, fit.experiment.levels, fit.experiment.conditions
    shown = (group,) if group is not None else levels.groups or (None,)
    band, named = bands_of(at.temperature_C)
    several = len(shown) > 1
    found = []
    for g, name in enumerate(shown):
        values = thinned_draws(fit, name)
        own = np.ones(at.size, bool)
        if name is not None:
            own = levels.group_of_entry[experiment.entry_of_condition] == levels.groups.index(name)
        for k, temperature in enumerate(named):
            for blocked in (False, True):
                these = np.flatnonzero(own & (band == k) & ((at.blocked > 0) == blocked))
                if not len(these):
                    continue
                words = [short(name, 20)] if several and name is not None else []
                words += [temperature] * (len(named) > 1 or not (several and by)) + ["pump blocked"] * blocked
                colour = COLOURS[k % len(COLOURS)]
                if several and by:
                    colour = _shade(COLOURS[g % len(COLOURS)], (len(named) - 1 - k) / len(named))
                marker = MARKERS[g % len(MARKERS)]
                found.append(_Strand(these, values, ", ".join(words), colour, marker, blocked))
    return found


def _shade(colour: str, white: float) -> str:
    """A colour with so much of the way to white in it."""
    red, green, blue = (part * (1 - 0.7 * white) + 0.7 * white for part in to_rgb(colour))
    return to_hex((red, green, blue))


def _places(axes: Axes, experiment: Experiment, strands: list[_Strand]) -> None:
    """Rows that all have one K_o: a place for each group, temperature, state of the pump and bath."""
    at = experiment.conditions
    words: list[str] = []
    for strand in strands:
        through, aside = _through(experiment, strand.these)
        (usual,) = through.values()
        differs = np.array([_otherwise(at, i, usual) for i in aside], dtype=str)
        baths = {"": np.setdiff1d(strand.these, aside)}
        baths |= {what: aside[differs == what] for what in dict.fromkeys(differs)}
        for what, part in baths.items():
            place = float(len(words))
            rows = np.isin(experiment.condition_of_row, part)
            _recordings(axes, experiment, rows, place + 0.3 * (_ranks(np.zeros(rows.sum())) - 0.5), strand, bool(what))
            lower, middle, upper = _band(experiment, strand.values, at.take(part[:1]))
            axes.errorbar(
                place + 0.28, middle[0], yerr=[middle - lower, upper - middle], fmt="_", ms=10, mew=2, color=strand.colour,
                capsize=4, zorder=4, label=strand.label,
            )  # fmt: skip
            words.append("\n".join(filter(None, [*strand.label.split(", "), what])))
    (E_K,), of_what = _nernst(experiment, strands[0].values, at.c_o["K"][:1])
    low, high = axes.get_ylim()
    if low - (high - low) / 3 < E_K < high:  # farther away it would leave no room for the groups
        axes.axhline(E_K, ls=":", color="0.35", lw=1.3, zorder=1)
    axes.set_xticks(range(len(words)), words, parse_math=False)
    axes.set_xlim(-0.6, len(words) - 0.4)
    axes.set_xlabel(f"$K_o$ {at.c_o['K'][0]:g} mM\n{of_what}: {E_K:.1f} mV".replace("-", "−"))


def _curves(axes: Axes, experiment: Experiment, strands: list[_Strand]) -> None:
    """Rows at several K_o: recordings and a curve for each strand, on a logarithmic axis."""
    at = experiment.conditions
    K_o = at.c_o["K"]
    zero = _ZERO * (K_o[K_o > 0].min() if (K_o > 0).any() else 1.0)
    x = np.where(K_o > 0, K_o, zero)
    markers = list(dict.fromkeys(strand.marker for strand in strands))
    named: dict[str, tuple[float, float]] = {}
    for strand in strands:
        through, aside = _through(experiment, strand.these)
        beside = 1 + 0.03 * (markers.index(strand.marker) - (len(markers) - 1) / 2)
        for odd, part in ((False, np.setdiff1d(strand.these, aside)), (True, aside)):
            rows = np.isin(experiment.condition_of_row, part)
            place = x[experiment.condition_of_row[rows]]
            spread = 1 + 0.02 * (_ranks(place) - 0.5)  # replicates side by side
            _recordings(axes, experiment, rows, place * spread * beside * (_TO_THE_RIGHT if odd else 1), strand, odd)
        _curve(axes, experiment, strand, through, aside, beside)
        expected: Any = _band(experiment, strand.values, at.take(aside))[1] if len(aside) else []
        for i, V_m in zip(aside, expected, strict=True):
            named.setdefault(_otherwise(at, i, through[K_o[i]]), (_TO_THE_RIGHT * x[i], float(V_m)))
    for words, place in list(named.items())[:_NAMED]:
        axes.annotate(words, place, (7, -3), textcoords="offset points", fontsize="small", parse_math=False, zorder=5)
    path = np.geomspace(K_o[K_o > 0].min(), K_o.max(), _CURVE_POINTS)  # without K outside there is no E_K
    E_K, of_what = _nernst(experiment, strands[0].values, path)
    axes.plot(path, E_K, ":", color="0.35", lw=1.3, zorder=1, label="$E_K$")
    axes.set_xscale("log")
    if (K_o == 0).any():
        axes.axvline(zero, color="0.85", lw=6, zorder=0)
        axes.annotate(
            "K-free", (zero, 0.01), xycoords=("data", "axes fraction"), ha="center", fontsize="small", color="0.35"
        )
    ticks = [t for t in (0.1, 0.3, 1, 2, 5, 10, 20, 50, 100, 200, 500) if x[K_o > 0].min() / 1.6 < t < x.max() * 1.6]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("$K_o$ (mM, logarithmic)")
    handles = _legend(strands, bool(named), of_what)
    outside: Any = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if len(handles) > _LONG else {}
    axes.legend(handles=handles, frameon=False, fontsize="small", handlelength=2.6, **outside)


def _recordings(
    axes: Axes, experiment: Experiment, rows: np.ndarray, place: np.ndarray, strand: _Strand, odd: bool
) -> None:
    error = experiment.error_mV[rows]
    axes.errorbar(
        place, experiment.recordings["V_m"].to_numpy()[rows], yerr=error if error.any() else None,
        fmt="d" if odd else strand.marker, ms=6 if odd else 4, mfc="white" if strand.blocked else strand.colour,
        mec=COLOURS[6] if odd else strand.colour, ecolor=strand.colour, mew=1.1 if odd else 0.8, alpha=0.8, ls="none",
        zorder=3,
    )  # fmt: skip


def _otherwise(at: Conditions, index: int, usual: int) -> str:
    """In what a bath differs from another of the same K_o: `Na-free`, `Cl 8 mM`."""
    differs = {name: float(x[index]) for name, x in at.c_o.items() if not np.isclose(x[index], x[usual])}
    inside = [f"{name} inside {x[index]:.3g}" for name, x in at.c_i.items() if not np.isclose(x[index], x[usual])]
    outside = [f"{name} {mM:.3g} mM" if mM else f"{name}-free" for name, mM in differs.items()]
    return ", ".join(outside or inside or ["other"])


def _legend(strands: list[_Strand], odd: bool, nernst: str) -> list[Line2D]:
    """What the colours, shades, symbols and lines say, each once."""
    running = [strand for strand in strands if not strand.blocked] or strands
    labels = {s.label.removesuffix(", pump blocked"): s for s in [*reversed(strands), *reversed(running)]}
    handles = [
        Line2D([], [], color=s.colour, marker=s.marker, ms=4, lw=1.8, label=label.replace("$", r"\$"))
        for label, s in reversed(labels.items())
    ]
    if any(strand.blocked for strand in strands):
        handles.append(Line2D([], [], color="0.35", marker="o", mfc="white", ms=4, ls="--", label="pump blocked"))
    if odd:
        handles.append(
            Line2D([], [], color="0.35", marker="d", mec=COLOURS[6], ms=6, ls="none", label="other bath, as named")
        )
        handles.append(Line2D([], [], color="0.35", marker="D", mfc="white", ms=6, ls="none", label="expected there"))
    return [*handles, Line2D([], [], color="0.35", ls=":", lw=1.3, label=nernst)]


def bands_of(temperature_C: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Which band each temperature is in, and the bands' names: each temperature its own, unless there are too many for that.

    Then they are parted where over 1 °C lies between them, or, where that leaves one wider than 5 °C, evenly.
    """
    T = np.asarray(temperature_C, float)
    distinct, band = np.unique(T, return_inverse=True)
    if len(distinct) > len(COLOURS):
        gaps = np.diff(distinct) > 1
        ends = distinct[:-1][gaps]
        wide = np.diff([distinct[0], *np.ravel(np.column_stack([ends, distinct[1:][gaps]])), distinct[-1]])[::2]
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


def _curve(
    axes: Axes, experiment: Experiment, strand: _Strand, through: dict[float, int], aside: np.ndarray, beside: float
) -> None:
    at, colour = experiment.conditions, strand.colour
    positive = sorted(K for K in through if K > 0)
    if positive:
        line = _interpolated(at, np.array([through[K] for K in positive]))
        lower, middle, upper = _band(experiment, strand.values, line)
        alone = "_" if len(positive) == 1 else None
        style = "--" if strand.blocked else "-"
        axes.plot(line.c_o["K"], middle, style, color=colour, label=strand.label, lw=1.8, zorder=2, marker=alone, ms=9)
        axes.fill_between(line.c_o["K"], lower, upper, color=colour, alpha=0.18, lw=0, zorder=1)
    lone = np.array([*aside, *(i for K, i in through.items() if K == 0)], dtype=np.intp)
    if len(lone):
        lower, middle, upper = _band(experiment, strand.values, at.take(lone))
        place = np.where(at.c_o["K"] > 0, at.c_o["K"], _ZERO * min(positive, default=1.0))[lone]
        place = place * np.where(np.isin(lone, aside), _TO_THE_RIGHT, 1.0) * beside
        axes.errorbar(
            place, middle, yerr=[middle - lower, upper - middle], fmt="D", ms=6, mfc="white", mec=colour, mew=1.5,
            ecolor=colour, capsize=3, zorder=4,
        )  # fmt: skip


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


def _nernst(experiment: Experiment, values: dict[str, np.ndarray], K_o: np.ndarray) -> tuple[np.ndarray, str]:
    """E_K (mV) at each K_o (mM), and of which temperature and K_i it is."""
    T, K_i = experiment.reference.temperature_C, float(np.median(experiment.reference.inside(values)["K"]))
    return nernst_potential(1, K_i, K_o, T), f"$E_K$, {T:g} °C, $K_i$ {K_i:.0f} mM"
