"""A picture of each recording: what was taken as rest, or why nothing was, for an eye to judge."""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ...models.colours import COLOURS
from ...models.notes import number_of
from .baseline import Rest
from .formats import quiet
from .recording import Array, Recording, Source

_POINTS = 350  # per sweep; more cannot be seen


@quiet()
def save_picture(path: Path, name: str, rest: Rest) -> None:
    """Write a PNG of the sweeps (what was taken in blue) and of the level over the recording."""
    figure = Figure(figsize=(9, 3.4), dpi=90)
    figure.subplots_adjust(left=0.08, right=0.98, bottom=0.15, top=0.76, wspace=0.2)
    traces, levels = figure.subplots(1, 2, width_ratios=(3, 1))
    sweeps = rest.channel.sweeps
    shown = np.unique(np.linspace(0, len(sweeps) - 1, min(len(sweeps), 12)).astype(int))
    whole = [sweeps[i].values for i in shown]
    taken = [np.where(rest.taken[i], sweeps[i].values, np.nan) for i in shown]
    for color, values in (("0.75", whole), (COLOURS[0], taken)):
        for i, v in zip(shown, values, strict=True):
            if rest.taken[i].any() if values is taken else not rest.taken[i].all():  # only what will be seen
                traces.plot(*_envelope(v, sweeps[i].rate_Hz), color=color, linewidth=0.7)
    points = []
    for sweep, kept in zip(sweeps, rest.taken, strict=True):
        pieces = np.array_split(np.flatnonzero(kept), 40 if len(sweeps) == 1 else 1)
        points += [(sweep.start_s + at.mean() / sweep.rate_Hz, np.median(sweep.values[at])) for at in pieces if len(at)]
    levels.plot(*np.transpose(points), ".", color=COLOURS[0], markersize=3)
    for axes in (traces, levels):
        axes.axhline(rest.V_m, color=COLOURS[1], linewidth=0.8, linestyle="--")
        axes.spines[["top", "right"]].set_visible(False)
        axes.locator_params(nbins=5)  # ticks are what takes the time
    traces.set_xlabel("time in the sweep (s)" if len(sweeps) > 1 else "time (s)")
    plain = {"parse_math": False}  # names come from files: a dollar sign in them is a dollar sign
    traces.set_ylabel(f"{rest.channel.name} (mV)", **plain)
    levels.set(xlabel="time of the recording (s)")
    levels.set_title("level taken (mV)", fontsize=10)
    low, high = levels.get_ylim()
    middle, half = (low + high) / 2, max((high - low) / 2, 2.5)  # a steady recording shall look steady
    levels.set_ylim(middle - half, middle + half)
    lasted = f"{rest.duration:.{0 if rest.duration >= 10 else 2}f}"
    unless = " if no current was injected" if rest.current_from is Source.UNKNOWN else ""
    head = f"{name}: {rest.V_m:.1f} mV{unless} in {lasted} s of {number_of(rest.sweeps, 'sweep')}"
    head += f", {rest.spikes} spikes left out" if rest.spikes else ""
    traces.set_title(head, loc="left", fontsize=10, **plain)
    _say(figure, "; ".join(rest.flags))
    figure.savefig(path)


@quiet()
def save_refusal(path: Path, reason: str, recording: Recording | None) -> None:
    """Write a PNG of what a refused file shows, where it could be read at all, with the reason."""
    figure = Figure(figsize=(9, 3.4), dpi=90)
    channels = sorted(recording.channels if recording else [], key=lambda channel: channel.unit != "mV")[:2]
    for axes, channel in zip(np.ravel(figure.subplots(1, max(len(channels), 1))), channels, strict=False):
        for sweep in channel.sweeps[:12]:
            axes.plot(*_envelope(sweep.values, sweep.rate_Hz), color="0.5", linewidth=0.7)
        axes.locator_params(nbins=5)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel("time in the sweep (s)")
        axes.set_ylabel(channel.title, parse_math=False)
    if not channels:
        figure.axes[0].set_axis_off()
    figure.subplots_adjust(left=0.08, right=0.98, bottom=0.15, top=0.75, wspace=0.25)
    _say(figure, f"nothing taken: {reason}")
    figure.savefig(path)


def _say(figure: Figure, what: str) -> None:
    lines = textwrap.fill(what, 150, max_lines=3)
    figure.text(0.02, 0.99, lines, color=COLOURS[1], fontsize=8, verticalalignment="top", parse_math=False)


def _envelope(values: Array, rate_Hz: float) -> Array:
    """Times in s, and the least and greatest value of successive blocks by turns: spikes survive the thinning."""
    width = max(len(values) // _POINTS, 1)
    blocks = values[: len(values) // width * width].reshape(-1, width)
    extremes = np.stack([blocks.min(axis=1), blocks.max(axis=1)], axis=1)  # NaN where any sample was not taken
    return np.stack([np.repeat(np.arange(len(blocks)) * width / rate_Hz, 2), extremes.ravel()])
