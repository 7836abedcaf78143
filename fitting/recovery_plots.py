"""Pictures of a recovery: calibration (ArviZ's), estimates against truths, error against contraction."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from .interval import LABEL
from .recovery import LIKELIHOOD, Recovery

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HIT, _MISS = "#0072B2", "#D55E00"


def plot_calibration(recovery: Recovery):
    """ECDF of the ranks less that of a uniform, with simultaneous bands; a PlotCollection of ArviZ."""
    import arviz_plots

    pit = recovery.pit().rename(simulation="sample")
    apart = {_inert(str(q)): pit.sel(quantity=q, drop=True) for q in pit["quantity"].values}
    tree = xr.DataTree.from_dict({"prior_sbc": xr.Dataset(apart)})
    width = min(4, len(pit["quantity"]))
    return arviz_plots.plot_ecdf_pit(
        tree, sample_dims="sample", method="envelope", envelope_prob=0.99, col_wrap=width,
        figure_kwargs={"figsize": (3.2 * width, 2.6 * int(np.ceil(len(pit["quantity"]) / width)))},
    )  # fmt: skip


def _inert(name: str) -> str:
    """The name with a fraction's stroke, since a DataTree takes "/" for a path."""
    return name.replace("/", "\u2044")


def plot_recovery(recovery: Recovery) -> "Figure":
    """Estimates with their intervals against truths; intervals that miss are in another colour and shape."""
    figure, panels = _panels(recovery, f"median and {LABEL}")
    for axes, name in panels:
        of = recovery.ranks.sel(quantity=name)
        hit, wide = of["inside_89"].to_numpy(), of["truth"].to_numpy()
        for chosen, colour, mark in ((hit, _HIT, "o"), (~hit, _MISS, "X")):
            one = of.isel(simulation=np.flatnonzero(chosen))
            error = np.abs(np.stack([one["median"] - one["lower"], one["upper"] - one["median"]]))
            axes.errorbar(one["truth"], one["median"], error, fmt=mark, color=colour, ms=3, lw=0.6, alpha=0.6)
        if (wide > 0).all() and wide.max() > 20 * wide.min():
            axes.set(xscale="log", yscale="log")
        low, high = wide.min(), wide.max()
        axes.plot([low, high], [low, high], color="0.3", lw=0.8, zorder=3)
        axes.set(title=name, xlabel="truth")
    return figure


def plot_contraction(recovery: Recovery) -> "Figure":
    """Error in posterior sds against contraction: far right is informed, far up or down is wrong."""
    figure, panels = _panels(recovery, "error / posterior sd")
    for axes, name in panels:
        of = recovery.ranks.sel(quantity=name)
        axes.scatter(of["contraction"], of["z"], s=8, alpha=0.5, color=_HIT, lw=0)
        axes.axhspan(-2, 2, color="0.9", zorder=0)
        axes.set(title=name, xlabel="contraction", xlim=(min(-0.1, float(of["contraction"].min()) - 0.05), 1.05))
    return figure


def _panels(recovery: Recovery, ylabel: str):
    from matplotlib import pyplot

    names = [str(q) for q in recovery.ranks["quantity"].values if q != LIKELIHOOD]
    columns = min(4, len(names))
    rows = int(np.ceil(len(names) / columns))
    figure, grid = pyplot.subplots(
        rows, columns, figsize=(3.1 * columns, 2.8 * rows), layout="constrained", squeeze=False
    )
    for axes in grid.ravel()[len(names) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel(ylabel)
    for axes in grid.ravel():
        axes.spines[["top", "right"]].set_visible(False)
    return figure, list(zip(grid.ravel()[: len(names)], names, strict=True))
