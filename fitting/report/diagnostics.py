"""Pictures that tell whether draws can be trusted and what they are of: prior and posterior, prediction, chains."""

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ...models.colours import COLOURS
from ...models.errors import ConfigurationError, UnknownNameError, nearest
from ...models.parameters import Quantity
from ...models.priors import Scale
from ..checks.fitted import Fitted
from ..results.summary import labelled_draws
from .pictures import with_unit
from .plots import SIZE, short

_SIMULATED = 40  # tables that are shown
_RANKED = 250  # draws of a chain whose ranks are shown: far enough apart to be independent where chains are good
_AGREE = 1.36  # of sqrt(n): Kolmogorov's bound, within which 95 % of chains that agree stay


def quantity(fit: Fitted, name: str) -> Quantity:
    """What the fit reports under a name, as tables have it (`P_Na/P_K`) or the tree (`p_Na`); else UnknownNameError."""
    known = {q.name: q for q in fit.experiment.quantities}
    known |= {q.symbol: q for q in fit.experiment.quantities}
    if name not in known:
        raise UnknownNameError(f"no parameter {name!r}.{nearest(name, known)} There are {', '.join(known)}.")
    return known[name]


def plot_prior_posterior(fit: Fitted, parameter: str, axes: Axes | None = None) -> Axes:
    """What was believed of a parameter (grey), and what the recordings left of it: a colour for each group.

    Heights are scaled to one peak. The axis is logarithmic where the prior spans orders of magnitude.
    """
    q = quantity(fit, parameter)
    axes = axes or pyplot.subplots(figsize=SIZE, layout="constrained")[1]
    prior, posterior = (fit.tree[group].to_dataset()[q.symbol] for group in ("prior", "posterior"))
    wide = q.scale is Scale.LOG and np.ptp(np.quantile(np.log10(prior), (0.05, 0.95))) > 1
    every = [("", prior.to_numpy(), "0.5")]
    every += [(group, x, COLOURS[k % 6]) for k, (group, x) in enumerate(labelled_draws(posterior))]
    for label, x, colour in every:
        values = np.log10(x.ravel()) if wide else x.ravel()
        low, high = np.quantile(values, (0.002, 0.998))
        height, edge = np.histogram(values, bins=30, range=(low, high if high > low else low + 1))
        axes.stairs(height / height.max(), edge, fill=True, color=colour, alpha=0.35, lw=0)
        name = short(label, 20).replace("$", r"\$")
        axes.stairs(height / height.max(), edge, color=colour, lw=1.2, label=name or None)
    if "population" in posterior.dims:
        axes.legend(frameon=False, fontsize="small")
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=wide))
    if wide:
        axes.xaxis.set_major_formatter(lambda x, _: f"{10.0**x:g}")
    axes.set_xlabel(with_unit(q.name, q.unit), parse_math=False)
    axes.set_yticks([])
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return axes


def plot_predictive(fit: Fitted, axes: Axes | None = None, group: str = "posterior_predictive") -> Axes:
    """Cumulative distribution of the recorded V_m (mV), and those of tables simulated from the fit, or from the prior.

    A fit made before vrest kept tables of the prior raises ConfigurationError.
    """
    if group not in fit.tree:
        raise ConfigurationError(f"this fit has no {group}: an earlier version of vrest made it. Fit again.")
    axes = axes or pyplot.subplots(figsize=SIZE, layout="constrained")[1]
    recorded = fit.experiment.recordings["V_m"].to_numpy()
    simulated = fit.tree[group]["V_m"].to_numpy().reshape(-1, len(recorded))
    share = (np.arange(len(recorded)) + 1) / len(recorded)
    for one in simulated[:: max(1, len(simulated) // _SIMULATED)][:_SIMULATED]:
        axes.step(np.sort(one), share, where="post", color=COLOURS[5], lw=0.7, alpha=0.5)
    axes.step(np.sort(recorded), share, where="post", color=COLOURS[6], lw=1.8)
    axes.set(xlabel="$V_m$ (mV)", ylabel="share of rows below")
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def plot_ranks(fit: Fitted, parameter: str, axes: Axes | None = None) -> Axes:
    """Ranks of each chain's draws among all, as distance from even: chains that agree stay within the grey, 95 % of them.

    Of a parameter that groups have apart, that of the group that strays farthest is shown.
    """
    q = quantity(fit, parameter)
    axes = axes or pyplot.subplots(figsize=SIZE, layout="constrained")[1]
    draws = fit.tree["posterior"][q.symbol].to_numpy()
    draws = draws[:, :: -(-draws.shape[1] // _RANKED)]
    chains, n = draws.shape[:2]
    ranks = draws.reshape(chains * n, -1).argsort(axis=0).argsort(axis=0).reshape(chains, n, -1) / (chains * n)
    even = np.arange(1, n + 1)[:, None] / n
    distance = even - np.sort(ranks, axis=1)
    farthest = np.abs(distance).max(axis=(0, 1)).argmax()
    for chain, colour in zip(range(chains), COLOURS * chains, strict=False):
        axes.plot(np.sort(ranks[chain, :, farthest]), distance[chain, :, farthest], color=colour, lw=1.2)
    axes.axhspan(-_AGREE / np.sqrt(n), _AGREE / np.sqrt(n), color="0.85", lw=0, zorder=0)
    axes.set(xlim=(0, 1), xlabel="rank among all draws", ylabel="chain less even")
    axes.set_title(q.name, parse_math=False, fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
    return axes
