"""What an answer rests on, as a picture: how far it moves under each other prior or assumption."""

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

from ...models.colours import COLOURS
from ...models.errors import ConfigurationError, UnknownNameError, nearest
from ..checks.fitted import Fitted
from .plots import SIZE, short

_BARS = 12


def plot_robustness(fit: Fitted, answer: str, axes: Axes | None = None, group: str = "") -> Axes:
    """Median of one answer under each change, the largest shift on top; filled bars are changes that count.

    A fit made without robustness raises ConfigurationError, an answer that it has not UnknownNameError.
    """
    found = fit.verdict().robustness
    if found is None or not len(found.table):
        raise ConfigurationError(
            "what the answers rest on was not computed: the fit was made without, or its sampling failed."
        )
    answers = dict.fromkeys(found.table["answer"])
    if answer not in answers:
        raise UnknownNameError(f"no answer {answer!r}.{nearest(answer, answers)} Answers: {', '.join(answers)}.")
    table = found.table[(found.table["answer"] == answer) & (found.table["group"] == group)]
    base, size = float(table["base"].median()), table["shift_sd"].abs()
    side = table["median"] > base
    farthest = size.groupby([table["changed"], side]).idxmax()  # of each change, either way
    shown = table.loc[size[farthest].sort_values(kind="stable").index[-_BARS:]]
    axes = axes or pyplot.subplots(figsize=(SIZE[0], 1.0 + 0.32 * len(shown)), layout="constrained")[1]
    colours = [COLOURS[int(up)] for up in side[shown.index]]
    fill = [colour if counts else "none" for colour, counts in zip(colours, shown["counts"], strict=True)]
    places = np.arange(len(shown))
    axes.barh(places, shown["median"] - base, left=base, height=0.6, facecolor=fill, edgecolor=colours, lw=1.2)
    axes.axvline(base, color="0.35", lw=1)
    names = [f"{short(changed)}: {to}" for changed, to in zip(shown["changed"], shown["to"], strict=True)]
    axes.set_yticks(places, names, parse_math=False)
    unit = next(q.unit for q in fit.experiment.quantities if q.name == answer)
    axes.set_xlabel(f"{answer}{f' ({unit})' if unit != '1' else ''}; filled: counts", parse_math=False)
    axes.locator_params(axis="x", nbins=4)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return axes
