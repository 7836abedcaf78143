"""What an answer rests on, as a picture: how far it moves under each other prior or assumption."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

from ...models.errors import ConfigurationError, UnknownNameError, nearest
from ..results.colours import COLOURS
from .plots import SIZE, short

if TYPE_CHECKING:
    from ..checks.fitted import Fitted

_BARS = 10


def plot_robustness(fit: "Fitted", answer: str, axes: Axes | None = None, group: str = "") -> Axes:
    """Median of one answer under each change, the largest shift on top; filled bars are changes that count.

    Raises
    ------
    ConfigurationError, UnknownNameError
        The fit was made without robustness, or has no such answer.
    """
    found = fit.verdict().robustness
    if found is None or not len(found.table):
        raise ConfigurationError(
            "what the answers rest on was not computed: the fit was made without, or its sampling failed."
        )
    names = dict.fromkeys(found.table["answer"])
    if answer not in names:
        raise UnknownNameError(f"no answer {answer!r}.{nearest(answer, names)} Answers: {', '.join(names)}.")
    table = found.table[(found.table["answer"] == answer) & (found.table["group"] == group)]
    worst = table.assign(size=table["shift_sd"].abs())
    order = worst.groupby("changed")["size"].max().sort_values().index[-_BARS:]
    if axes is None:
        _, axes = pyplot.subplots(figsize=(SIZE[0], 1.0 + 0.32 * len(order)), layout="constrained")
    base = float(table["base"].median())
    for place, changed in enumerate(order):
        for row in worst[worst["changed"] == changed].to_dict("records"):
            colour = COLOURS[1] if row["median"] > base else COLOURS[0]
            fill = colour if row["counts"] else "none"
            axes.barh(place, row["median"] - base, left=base, height=0.6, facecolor=fill, edgecolor=colour, lw=1.2)
            ha = "left" if row["median"] > base else "right"
            axes.annotate(row["to"], (row["median"], place), (3 if ha == "left" else -3, 0), textcoords="offset points",
                          ha=ha, va="center", fontsize=7, parse_math=False)  # fmt: skip
    axes.axvline(base, color="0.35", lw=1)
    axes.set_yticks(np.arange(len(order)), [short(name) for name in order], parse_math=False)
    unit = next(q.unit for q in fit.experiment.quantities if q.name == answer)
    axes.set_xlabel(f"{answer}{f' ({unit})' if unit != '1' else ''}; filled: counts", parse_math=False)
    axes.margins(x=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return axes
