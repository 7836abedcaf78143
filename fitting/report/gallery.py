"""The report's pictures: those in which a fit has something to show, each with its title and what it shows in words."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from matplotlib import pyplot

from ...models.parameters import JUNCTION, SIGMA, offset
from ..checks.fitted import Fitted
from ..checks.lack_of_fit import labels_of
from ..comparison.contrasts import contrasts
from .diagnostics import plot_predictive, plot_prior_posterior, plot_ranks
from .pictures import (
    MOST,
    contrast_kinds,
    plot_cells,
    plot_contrasts,
    plot_pair,
    plot_pump,
    plot_residuals,
    plot_temperature,
)
from .plots import SIZE
from .tornado import plot_robustness

_MOST = 3  # pictures of residuals by a column, of confounded pairs, and of groups one by one
Picture = tuple[str, str, Callable[[], object]]
"""Title, text alternative and drawing."""


def series_caption(fit: Fitted) -> str:
    """What the picture of the series shows, in words."""
    experiment, at = fit.experiment, fit.experiment.conditions
    groups = experiment.levels.groups
    colour = "group" if groups else "temperature"
    lines = f"median and {experiment.interval_name} of {experiment.law.name}"
    if len(np.unique(at.c_o["K"])) == 1:
        return f"Recordings, and to their right the {lines}, for each {colour}."
    caption = f"Recordings, and the {lines}, against K_o on a logarithmic axis; a colour for each {colour}"
    caption += ", in shades for temperatures" * (bool(groups) and len(np.unique(at.temperature_C)) > 1)
    caption += ", open symbols and broken lines where the pump is blocked" * bool(np.any(at.blocked))
    caption += "; dotted, E_K."
    if experiment.n_conditions > len(set(zip(at.c_o["K"], at.temperature_C, at.blocked, strict=True))):
        caption += " Diamonds: baths that differ in more than K_o, named; black-edged what was recorded, open what is expected."
    return caption


def pictures(fit: Fitted) -> Iterator[Picture]:
    """Every further picture in which this fit has something to show."""
    experiment, table, law = fit.experiment, fit.summary(), fit.experiment.law
    groups = experiment.levels.groups
    for kind in contrast_kinds(contrasts(fit)) if groups else ():
        title = {"difference": "Differences in mV", "ratio": "Ratios"}.get(kind, f"Differences of {kind}")
        caption = f"How far groups differ: medians and {experiment.interval_name}s; grey, what is practically equal."
        yield title, caption, partial(plot_contrasts, fit, kind=kind)
    for group in groups[:_MOST] or (None,):
        of = f", {group}" if group else ""
        if len(set(experiment.conditions.temperature_C)) > 1:
            caption = (
                "V_m in the reference bath, and what thermodynamics, leak and pump each have in its change with"
                " temperature."
            )
            yield f"Potential against temperature{of}", caption, partial(plot_temperature, fit, group=group)
        if law.has_pump:
            caption = "What poisoning the pump would cost at once in each bath; a colour for each temperature."
            yield f"The pump, bath by bath{of}", caption, partial(plot_pump, fit, group=group)
    remark = ": the recordings tell them apart badly" if fit.verdict().sampling.ok else ""
    for a, b, r in fit.verdict().identification.confounded[:_MOST]:
        caption = f"Posterior draws of {a} and {b}{remark} (correlation {r:+.2f})."
        yield f"{a} and {b}", caption, partial(plot_pair, fit, a, b)
    single = {offset(per).name: "bath" if per == JUNCTION else per for per in experiment.offsets}
    single |= {SIGMA.name: "level", **{e.quantity.name: "bath" for e in experiment.bath_errors}}
    for name in dict.fromkeys(table["parameter"][~table["group"].isin(["", *groups])]):
        unit = single.get(name, "cell")
        grouped = bool(table["group"][table["parameter"] == name].isin(groups).any())
        caption = f"{name} of single {unit}s, from the least to the greatest{', below that of their group' if grouped else ''}."
        yield f"{name}, {unit} by {unit}", caption, partial(plot_cells, fit, name)
    robustness = fit.verdict().robustness
    for answer, group in (
        robustness.table[["answer", "group"]].drop_duplicates().to_numpy()[:_MOST] if robustness else ()
    ):
        caption = f"{answer} under other priors and assumptions, and without cells or rows; what is filled counts."
        title = f"What {answer} rests on{f', {group}' if group else ''}"
        yield title, caption, partial(plot_robustness, fit, answer, group=group)
    for by in (None, *list(labels_of(experiment))[:_MOST]):
        caption = f"How far recordings lie from what the law expects, by {by or 'bath'}: rows, and their mean"
        caption += f", of the {MOST} farthest." if by and len(set(experiment.recordings[by].to_numpy())) > MOST else "."
        yield f"Residuals by {by or 'bath'}", caption, partial(plot_residuals, fit, by)
    caption = (
        "What was believed of each parameter before (grey), and what the recordings left of it; heights have one peak."
    )
    yield "Posterior against prior", caption, partial(_priors_and_posteriors, fit)
    caption = "Cumulative distribution of what was recorded (the strong line), and of 40 tables simulated from the fit."
    yield "Posterior predictive check", caption, partial(plot_predictive, fit)
    sampled = table[table["parameter"].isin([p.name for p in experiment.parameters])]
    worst = max(sampled.to_dict("records"), key=lambda row: row["r_hat"])["parameter"]
    caption = (
        f"Ranks of each chain's draws of {worst}, whose R-hat is the largest, less what is expected of chains that agree, a"
        " colour for each chain. 95 of 100 chains that agree stay within the grey; what decides is R-hat."
    )
    yield "Do the chains agree?", caption, partial(plot_ranks, fit, worst)


def _priors_and_posteriors(fit: Fitted) -> None:
    """A panel for each parameter, two in a row."""
    names = [q.name for q in fit.experiment.quantities]
    rows = (len(names) + 1) // 2
    figure, panels = pyplot.subplots(rows, 2, figsize=(SIZE[0], 0.4 + 1.6 * rows), squeeze=False)
    for name, axes in zip(names, panels.ravel(), strict=False):
        plot_prior_posterior(fit, name, axes)
    for axes in panels.ravel()[len(names) :]:
        figure.delaxes(axes)
