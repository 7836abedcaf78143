"""Pictures of a recovery: calibration (ArviZ's), estimates against truths, error against contraction."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ...models.colours import COLOURS
from ..experiment.interval import interval_name

if TYPE_CHECKING:
    from arviz_plots.plot_collection import PlotCollection
    from matplotlib.figure import Figure

    from .recovery import Recovery

_STROKE = "\u2044"
_HIT, _MISS = COLOURS[:2]


def plot_calibration(recovery: "Recovery") -> "PlotCollection":
    """ECDF of the ranks less that of a uniform, with simultaneous 99 % bands; a PlotCollection of ArviZ."""
    import arviz_plots
    from arviz_stats.ecdf_utils import ecdf_pit

    pit = recovery.pit().rename(simulation="sample")
    # A fraction's stroke in names, since a DataTree takes "/" for a path.
    by_quantity = {str(q).replace("/", _STROKE): pit.sel(quantity=q, drop=True) for q in pit["quantity"].values}
    tree, n, width = (
        xr.DataTree.from_dict({"prior_sbc": xr.Dataset(by_quantity)}),
        pit.sizes["sample"],
        min(4, len(by_quantity)),
    )
    size = {"figsize": (3.2 * width, 2.6 * int(np.ceil(len(by_quantity) / width)))}
    plain: Any = {"xlabel": False, "p_value_text": False}
    pictures = arviz_plots.plot_ecdf_pit(
        tree, sample_dims=["sample"], method="pot_c", col_wrap=width, figure_kwargs=size, visuals=plain
    )
    x, _, low, high = ecdf_pit(
        np.linspace(0, 1, n), 0.99, 1000, rng=np.random.default_rng(recovery.ranks.attrs["seed"])
    )
    farthest = max(
        *(float(np.abs(np.sort(one) - np.arange(n) / n).max()) for one in by_quantity.values()), (high - x).max()
    )
    for name in by_quantity:
        axes = pictures.get_target(name, {})
        axes.fill_between(x, low - x, high - x, color="0.88", lw=0, zorder=0)
        axes.set_ylim(-1.1 * farthest, 1.1 * farthest)
        axes.set_title(name.replace(_STROKE, "/"))
    return pictures


def plot_recovery(recovery: "Recovery") -> "Figure":
    """Estimates with their intervals against truths; intervals that miss are in another colour and shape."""
    figure, panels = _panels(recovery, f"median and {interval_name(recovery.interval)}")
    for axes, name in panels:
        of = recovery.ranks.sel(quantity=name)
        hit, wide = of["inside"].to_numpy(), of["truth"].to_numpy()
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


def plot_contraction(recovery: "Recovery") -> "Figure":
    """Error in posterior sds against contraction: far right is informed, far up or down is wrong."""
    figure, panels = _panels(recovery, "error / posterior sd")
    for axes, name in panels:
        of = recovery.ranks.sel(quantity=name)
        axes.scatter(of["contraction"], of["z"], s=8, alpha=0.5, color=_HIT, lw=0)
        axes.axhspan(-2, 2, color="0.9", zorder=0)
        axes.set(title=name, xlabel="contraction", xlim=(min(-0.1, float(of["contraction"].min()) - 0.05), 1.05))
    return figure


def _panels(recovery: "Recovery", ylabel: str):
    from matplotlib import pyplot

    names = recovery.parameters
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
