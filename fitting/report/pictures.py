"""Pictures of what a fit says beyond its series: pump, temperature, residuals, a confounded pair, single cells."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...models.colours import COLOURS
from ...models.conditions import Conditions
from ...models.constants import thermal_voltage
from ...models.errors import ConfigurationError, UnknownNameError, nearest
from ...models.textbook.cooling import OWNER, PARTS, shapley
from ..checks.fitted import Fitted
from ..comparison.contrasts import contrasts
from ..experiment.experiment import Experiment, distinct
from ..experiment.interval import bounds
from ..model.draws import parameter_values, reported
from .plots import SIZE, bands_of, short, thinned_draws

MOST = 30
"""Baths or cells that one picture lists; more would be too small to read."""
_DEGREES, _DOTS = 16, 600


def plot_pump(fit: Fitted, axes: Axes | None = None, group: str | None = None) -> Axes:
    """What poisoning the pump would cost at once (mV), bath by bath, with its interval; one colour per temperature.

    Of several groups of cells, one `group`, or their mean.
    Of very many baths some, evenly spaced, are shown. A law without a pump raises ConfigurationError.
    """
    law, at, reference = fit.experiment.law, fit.experiment.conditions, fit.experiment.reference
    if not law.has_pump:
        raise ConfigurationError(f"the law {law.name} has no pump to draw.")
    theta = fit.experiment.pooled().theta(thinned_draws(fit, group))
    first = distinct(replace(at.unsealed(), blocked=0 * at.blocked))[1]
    first = first[np.lexsort([*reversed(list(at.take(first).arrays.values()))])]
    chosen = first[sorted({*np.linspace(0, first.size - 1, MOST).round().astype(int).tolist()})]
    baths = at.take(chosen)
    state = np.zeros(len(baths.temperature_C))
    running, poisoned = (law.potential(theta, replace(baths, blocked=state + b), reference) for b in (0.0, 1.0))
    lost = np.atleast_2d(poisoned - running)
    colours = [COLOURS[k] for k in bands_of(at.temperature_C)[0][chosen]]
    words = short_words(replace(baths, blocked=state))
    axes = _lines(axes, words, np.median(lost, axis=0), bounds(lost, fit.experiment.config.interval, axis=0), colours)
    without = f", as if no {', '.join(fit.experiment.dormant)} crossed" if fit.experiment.dormant else ""
    what = f"$V_m$ lost at once on poisoning the pump (mV){without}"
    axes.set_xlabel(f"{what}\nmedian and {fit.experiment.interval_name}")
    axes.set_xlim(left=0)
    return axes


def temperature_parts(
    experiment: Experiment, values: dict[str, np.ndarray], path_C: np.ndarray
) -> dict[str, np.ndarray]:
    """Change of V_m (mV) from the reference condition to each temperature of `path_C` (°C, last axis), by part.

    The parts are those of `models.cooling`, here under any law: they add up to the whole change.
    """
    theta, reference = experiment.pooled().theta(values), experiment.reference
    at = replace(reference, temperature_C=path_C)
    unscaled = thermal_voltage(reference.temperature_C) / thermal_voltage(path_C)

    def potential(changed: frozenset[str]) -> np.ndarray:
        frozen = {name: x if OWNER.get(name) in {None, *changed} else np.ones(1) for name, x in theta.items()}
        V_m = np.atleast_2d(experiment.law.potential(frozen, at, reference))
        return V_m if "thermodynamic" in changed else V_m * unscaled

    return shapley(potential, PARTS)


def plot_temperature(fit: Fitted, axes: Axes | None = None, group: str | None = None) -> Axes:
    """V_m (mV) against temperature (°C) in the reference bath, and what V_T, leak and pump each have in its change.

    Of several groups of cells, one `group`, or their mean.
    Each part's line leaves V_m at the reference temperature; dots are recordings in that bath with the pump running.
    """
    experiment, at, reference = fit.experiment, fit.experiment.conditions, fit.experiment.reference
    values, recorded = thinned_draws(fit, group), experiment.recordings["V_m"].to_numpy()
    path = np.linspace(at.temperature_C.min() - 1, at.temperature_C.max() + 1, _DEGREES)
    parts = temperature_parts(experiment, values, path)
    condition = replace(reference, temperature_C=np.array([reference.temperature_C]))
    start = experiment.law.potential(experiment.pooled().theta(values), condition, reference)
    whole = start + sum(parts.values())
    axes = axes or pyplot.subplots(figsize=SIZE, layout="constrained")[1]
    axes.fill_between(path, *bounds(whole, experiment.config.interval, axis=0), color=COLOURS[0], alpha=0.18, lw=0)
    axes.plot(path, np.median(whole, axis=0), color=COLOURS[0], lw=1.8, label=f"$V_m$, {experiment.interval_name}")
    for (name, part), colour, style in zip(parts.items(), COLOURS[1:4], ("--", "-.", ":"), strict=True):
        if np.any(np.abs(part) > 1e-9):
            axes.plot(path, np.median(start + part, axis=0), style, color=colour, lw=1.6, label=f"{name} part alone")
    same = np.all([np.isclose(at.c_o[name], x) for name, x in reference.c_o.items()], axis=0) & (at.blocked == 0)
    index = experiment.condition_of_row
    rows = same[index]
    if group is not None:
        rows = rows & (experiment.levels.group_of_row == experiment.levels.groups.index(group))
    axes.plot(at.temperature_C[index][rows], recorded[rows], "o", ms=4, color=COLOURS[0], alpha=0.75)
    bath = ", ".join(f"{name}_o {float(x):.4g}" for name, x in reference.c_o.items())
    axes.set(xlabel="temperature (°C)", ylabel="$V_m$ (mV)", title=f"in the bath {bath} mM")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    return axes


def plot_residuals(fit: Fitted, by: str | None = None, axes: Axes | None = None) -> Axes:
    """Recordings minus what the law expects (mV), by a column of the table (`cell`, `saline`, …) or else by bath.

    Dots are rows, the bar is their mean with its standard error; of many groups the farthest from the law are shown.
    A column that the recordings lack raises UnknownNameError.
    """
    experiment, recordings = fit.experiment, fit.experiment.recordings
    known = [str(name) for name in recordings.coords if name not in ("ion", "row")]
    if by is not None and by not in known:
        raise UnknownNameError(f"no column {by!r} to sort by.{nearest(by, known)} Columns: {', '.join(known)}.")
    index, at = experiment.condition_of_row, experiment.conditions
    values = parameter_values(fit.tree["posterior"].to_dataset(), experiment, flat=True)
    step = max(1, len(next(iter(values.values()))) // _DOTS)
    expected = np.atleast_2d(experiment.row_mean({name: x[::step] for name, x in values.items()})).mean(axis=0)
    residual = recordings["V_m"].to_numpy() - expected
    labels = np.array(short_words(at))[index] if by is None else recordings[by].to_numpy().astype(str)
    bath = np.lexsort([at.blocked, at.temperature_C, *reversed(list(at.c_o.values()))])
    order = labels if by is not None else np.array(short_words(at))[bath]
    groups = {label: residual[labels == label] for label in dict.fromkeys(order)}
    farthest = sorted(groups, key=lambda label: -abs(groups[label].mean()))[:MOST]
    groups = {label: x for label, x in groups.items() if label in farthest}
    mean = np.array([x.mean() for x in groups.values()])
    error = np.array([x.std(ddof=1) / np.sqrt(len(x)) if len(x) > 1 else 0.0 for x in groups.values()])
    names = list(groups) if by is None else list(map(short, groups))
    axes = _lines(axes, names, mean, (mean - error, mean + error), COLOURS[1:2] * len(groups))
    for place, x in enumerate(groups.values()):
        axes.plot(x, place + np.linspace(-0.2, 0.2, len(x)), "o", ms=3, color=COLOURS[0], alpha=0.5)
    axes.set_xlabel("$V_m$ recorded − expected (mV)\nrows, and their mean ± standard error")
    return axes


def plot_pair(fit: Fitted, a: str, b: str, axes: Axes | None = None) -> Axes:
    """Draws of two parameters against each other, by the labels that the verdict gives them: are they confounded?

    A label that there is not raises UnknownNameError.
    """
    known = reported(fit.tree["posterior"].to_dataset(), fit.experiment, all_cells=True)
    for label in (a, b):
        if label not in known:
            raise UnknownNameError(f"no parameter {label!r}.{nearest(label, known)} There are {', '.join(known)}.")
    pair, draws = zip(*(known[label] for label in (a, b)), strict=True)
    x, y = map(np.ravel, draws)
    axes = axes or pyplot.subplots(figsize=SIZE, layout="constrained")[1]
    axes.locator_params(nbins=6)
    step = max(1, len(x) // _DOTS)
    axes.plot(x[::step], y[::step], "o", ms=3, mew=0, color=COLOURS[0], alpha=0.35)
    labels = [with_unit(q.name, q.unit) for q in pair]
    axes.set(xlabel=labels[0], ylabel=labels[1], title=f"correlation {np.corrcoef(x, y)[0, 1]:+.2f}".replace("-", "−"))
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def plot_cells(fit: Fitted, parameter: str, axes: Axes | None = None) -> Axes:
    """One parameter's median and interval for every cell, a colour for each type, under that of the type (black).

    Cells that the verdict names as far from their type are ringed.
    Of very many cells some are shown, from the least to the greatest. Electrode offsets are shown so, too, of cells or of
    solutions. A parameter that the fit has for no single one raises ConfigurationError.
    """
    parameter = {q.symbol: q.name for q in fit.experiment.quantities}.get(parameter, parameter)
    levels, table = fit.experiment.levels, fit.summary().query("parameter == @parameter and group != ''")
    single = ~table["group"].isin(levels.groups)
    if not single.any():
        raise ConfigurationError(f"this fit has no {parameter} for single cells.")
    type_of = {name: name for name in levels.groups}
    if levels.groups:
        type_of |= {cell: levels.groups[g] for cell, g in zip(levels.cells, levels.group_of_cell, strict=True)}
    types = [type_of.get(name, "") for name in table["group"]]
    table = table.assign(type=types, single=single).sort_values(["type", "single", "median"])
    order = sorted(set(table["type"]))
    most = max(3, 2 * MOST // len(order))
    places = {t: np.linspace(0, n - 1, min(n, most)).round() for t, n in table.groupby("type").size().items()}
    ranks = table.groupby("type").cumcount()
    table = table[[rank in places[t] for t, rank in zip(table["type"], ranks, strict=True)]]
    kinds = zip(table["type"], table["single"], strict=True)
    colours = [COLOURS[order.index(t) % 6] if one else COLOURS[6] for t, one in kinds]
    ends = table["lower"].to_numpy(), table["upper"].to_numpy()
    odd = {o.name for o in fit.verdict().odd}
    words = [short(name) + " (odd)" * (name in odd) for name in table["group"]]
    axes = _lines(axes, words, table["median"].to_numpy(), ends, colours)
    for place, name in enumerate(table["group"]):
        if name in odd:
            axes.plot(table["median"].iloc[place], place, "o", ms=11, mfc="none", mec=COLOURS[6], mew=1.2, zorder=5)
    axes.set_xlabel(f"{with_unit(parameter, table['unit'].iloc[0])}\nmedian and {fit.experiment.interval_name}")
    return axes


def contrast_kinds(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A table of contrasts by what one axis can hold: differences in mV, ratios, and each difference in another unit."""
    difference = table["kind"] == "difference"
    in_mV = difference & table["rope_low"].notna()
    kinds = {"difference": table[in_mV], "ratio": table[~difference]}
    kinds |= {str(name): part for name, part in table[difference & ~in_mV].groupby("parameter", sort=False)}
    return {kind: part for kind, part in kinds.items() if len(part)}


def plot_contrasts(fit: Fitted, axes: Axes | None = None, kind: str = "difference") -> Axes:
    """How far the groups differ, with intervals, and the range of practical equality in grey.

    `kind` is `difference` (in mV, V_m first), `ratio` (on a logarithmic axis), or the name of a parameter whose difference
    has another unit. A kind that there is not raises UnknownNameError.
    """
    kinds = contrast_kinds(contrasts(fit))
    if kind not in kinds:
        raise UnknownNameError(f"no contrasts of the kind {kind!r}.{nearest(kind, kinds)} Kinds: {', '.join(kinds)}.")
    part, ratio = kinds[kind], kind == "ratio"
    joined = " / " if ratio else " − "
    words = [f"{r.parameter.removesuffix('_mV')}: {short(r.a, 16)}{joined}{short(r.b, 16)}" for r in part.itertuples()]
    ends = part["lower"].to_numpy(), part["upper"].to_numpy()
    axes = _lines(axes, words, part["median"].to_numpy(), ends, COLOURS[:1] * len(part))
    if part["rope_low"].notna().all():
        axes.axvspan(part["rope_low"].iloc[0], part["rope_high"].iloc[0], color="0.85", lw=0, zorder=-1)
    axes.axvline(1.0 if ratio else 0.0, color="0.5", lw=0.8, zorder=0)
    if ratio:
        axes.set_xscale("log")
        low, high = min(ends[0].min(), 0.7), max(ends[1].max(), 1.4)
        ticks = [t for t in (0.01, 0.03, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 100) if low / 1.2 < t < high * 1.2]
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.minorticks_off()
    what = "ratio (logarithmic)" if ratio else "difference (mV)" if kind == "difference" else f"difference in {kind}"
    axes.set_xlabel(f"{what}\nmedian and {fit.experiment.interval_name}")
    return axes


def contrasts_figure(fit: Fitted) -> Figure:
    """All contrasts in one figure, a panel for each kind."""
    kinds = contrast_kinds(contrasts(fit))
    heights = [len(part) + 1.5 for part in kinds.values()]
    size = (SIZE[0], 0.6 + 0.4 * sum(heights))
    figure, axes = pyplot.subplots(
        len(kinds), 1, figsize=size, height_ratios=heights, layout="constrained", squeeze=False
    )
    for panel, kind in zip(axes[:, 0], kinds, strict=True):
        plot_contrasts(fit, panel, kind)
    return figure


def with_unit(name: str, unit: str) -> str:
    """An axis' label: `P_Na/P_K`, or `pump (mV)` for pump_mV."""
    return name if unit == "1" else f"{name.removesuffix('_' + unit)} ({unit})"


def short_words(at: Conditions) -> list[str]:
    """Conditions in words, of which only that is said which differs between them: `K_o 5 mM, 22 °C, blocked`."""
    columns = {f"{name}_{side} {{:.4g}}": x for side, c in (("o", at.c_o), ("i", at.c_i)) for name, x in c.items()}
    columns |= {"{:.4g} °C": at.temperature_C}
    differing = {form: x for form, x in columns.items() if len(np.unique(x)) > 1} or columns
    units = dict.fromkeys([form for form in differing if "°C" not in form][-1:], " mM")  # once, behind the last
    words = (
        ", ".join(form.format(x[i]) + units.get(form, "") for form, x in differing.items())
        for i in range(len(at.temperature_C))
    )
    return [text + ", blocked" * int(state > 0) for text, state in zip(words, np.atleast_1d(at.blocked), strict=True)]


def _lines(axes: Axes | None, words: Sequence[str], middle: np.ndarray, ends: tuple, colours: Sequence[str]) -> Axes:
    """A line for each of `words`, from the top: a dot at `middle`, a bar between the `ends`."""
    size = (SIZE[0], max(2.2, 1.3 + 0.24 * len(words)))
    axes, places = axes or pyplot.subplots(figsize=size, layout="constrained")[1], np.arange(len(words))
    axes.hlines(places, ends[0], ends[1], colors=list(colours), lw=1.8)
    axes.scatter(middle, places, c=list(colours), s=26, zorder=4)
    if min(ends[0]) < 0 < max(ends[1]):
        axes.axvline(0, color="0.5", lw=0.8, zorder=0)
    # Words come from the table: a dollar sign in them is a dollar sign, not mathematics.
    axes.set_yticks(places, list(words), parse_math=False, fontsize=9)
    axes.locator_params(axis="x", nbins=6)
    axes.set_ylim(len(words) - 0.4, -0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return axes
