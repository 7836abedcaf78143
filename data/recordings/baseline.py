"""The resting potential in a recording: what is taken for rest, and why something is not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...models.errors import ConfigurationError, DataError
from .formats import Channel, Recording, Sweep

LEAST_S = 0.005  # a shorter baseline before a stimulus is none
LEAST_SHARE = 0.05  # of the baseline, between action potentials
DRIFT_FLAG, DRIFT_REFUSED = 3.0, 15.0  # mV from beginning to end
WANDER_FLAG, WANDER_REFUSED = 2.0, 12.0  # mV, sd of slow changes
USUAL = (-110.0, -10.0)  # mV
HELD_pA = 5.0
SPIKE_mV, SPIKE_RISE = 20.0, 8.0  # above baseline; within 2 ms
RECOVERY_s = (0.05, 1.0)  # an after-potential lasts at least, at most


@dataclass
class Rest:
    """A resting potential taken from a recording.

    Attributes
    ----------
    V_m, noise_sd, drift : in mV: median of the sweeps' medians, robust sd of the samples about them, and the
        straight-line change from beginning to end (Theil-Sen).
    duration : seconds of signal used.
    sweeps, spikes : sweeps used, action potentials left out.
    holding_pA, temperature_C : NaN where the file does not say.
    channel, taken : where it was taken, and per sweep the samples used.
    flags : reasons to doubt that this is rest.
    """

    V_m: float
    noise_sd: float
    drift: float
    duration: float
    sweeps: int
    spikes: int
    holding_pA: float
    temperature_C: float
    channel: Channel
    taken: list[NDArray[np.bool_]]
    flags: list[str]


def resting_potential(recording: Recording, choice: str | None = None) -> Rest:
    """The resting potential of a recording; DataError with the reason where it holds none.

    `choice` is the number (from 0) or name of the channel, instead of the one whose unit and signal fit.
    """
    temperature = _temperature(recording)
    try:
        channel, flags = _chosen(recording, choice)
        return _rest(recording, channel, temperature, flags)
    except DataError as error:
        more = f" Its temperature is {temperature:.1f} °C." if np.isfinite(temperature) else ""
        raise DataError(f"{recording.name}: {error}{more}") from None


def _rest(recording: Recording, channel: Channel, temperature: float, flags: list[str]) -> Rest:
    ends = [_end(recording, channel, i) for i in range(len(channel.sweeps))]
    found = [_at_rest(sweep, end) for sweep, end in zip(channel.sweeps, ends, strict=True)]
    taken, spikes = [kept for kept, _ in found], sum(count for _, count in found)
    used = [i for i, kept in enumerate(taken) if kept.sum() >= LEAST_S * channel.sweeps[i].rate_Hz]
    if spikes and sum(int(kept.sum()) for kept in taken) < LEAST_SHARE * sum(ends):
        raise DataError(f"{channel.title} fires all the time ({spikes} action potentials): nothing is left as rest.")
    if not used:
        raise DataError(f"{channel.title} has no {1e3 * LEAST_S:g} ms of baseline before stimulation.")
    values = [channel.sweeps[i].values[taken[i]] for i in used]
    medians = np.array([np.median(v) for v in values])
    V_m = float(np.median(medians))
    sd = 1.4826 * float(np.median(np.abs(np.concatenate([v - m for v, m in zip(values, medians, strict=True)]))))
    drift, wander, span = _drift([(channel.sweeps[i], taken[i]) for i in used])
    duration = float(sum(taken[i].sum() / channel.sweeps[i].rate_Hz for i in used))
    if not -150 <= V_m <= 60:
        raise DataError(f"{channel.title} lies at {V_m:.0f} mV, where no membrane potential is: wrong gain or offset.")
    if abs(drift) > DRIFT_REFUSED:
        raise DataError(
            f"{channel.title} drifts by {drift:+.1f} mV in {span:.0f} s: there is no one resting potential."
        )
    if abs(drift) > DRIFT_FLAG:
        flags.append(f"drifts by {drift:+.1f} mV in {span:.0f} s")
    if wander > WANDER_REFUSED:
        raise DataError(f"{channel.title} jumps about (± {wander:.0f} mV): there is no one resting potential.")
    if wander > WANDER_FLAG:
        flags.append(f"wanders by ± {wander:.1f} mV")
    if not USUAL[0] <= V_m <= USUAL[1]:
        flags.append("no usual resting potential: is the offset, or the channel, right?")
    holding = _holding(recording, taken, channel)
    if abs(holding) > HELD_pA:
        flags.append(f"held with {holding:+.0f} pA")
    return Rest(V_m, sd, drift, duration, len(used), spikes, holding, temperature, channel, taken, flags)


def _chosen(recording: Recording, choice: str | None) -> tuple[Channel, list[str]]:
    channels = recording.channels
    if choice is not None:
        named = [c for i, c in enumerate(channels) if choice in (str(i), c.name)]
        if not named:
            listed = ", ".join(f"{i}: {c.title}" for i, c in enumerate(channels))
            raise ConfigurationError(f"--channel {choice}: {recording.name} has {listed or 'no channels'}.")
        return named[0], [] if named[0].unit == "mV" else [f"chosen although its unit is {named[0].unit or 'unknown'}"]
    if recording.voltage_clamp:
        raise DataError(f"no resting potential in voltage clamp ({recording.voltage_clamp}).")
    listed = ", ".join(channel.title for channel in channels) or "none"
    candidates = [c for c in channels if c.unit == "mV" and any(np.isfinite(s.values).any() for s in c.sweeps)]
    if not candidates:
        raise DataError(f"no channel is in mV (channels: {listed}): voltage clamp, or no membrane potential.")
    reasons = [_no_potential(channel) for channel in candidates]
    good = [c for c, reason in zip(candidates, reasons, strict=True) if not reason]
    if not good:
        raise DataError(f"no channel looks like a membrane potential: {'; '.join(reasons)}.")
    usual = [c for c in good if USUAL[0] <= _level(c)[0] <= USUAL[1]] or good
    others = ", ".join(c.title for c in usual[1:])
    return usual[0], [f"{others} would do as well: --channel chooses"] if others else []


def _level(channel: Channel) -> tuple[float, float]:
    """Median and spread (5 to 95 %) of what the channel shows, in its unit."""
    values = np.concatenate([sweep.values[: sweep.stimulus or None][::20] for sweep in channel.sweeps[:50]])
    low, median, high = np.nanpercentile(values, (5, 50, 95))
    return float(median), float(high - low)


def _no_potential(channel: Channel) -> str:
    """Why a channel in mV is no membrane potential, whatever its name; empty where it may be one."""
    median, spread = _level(channel)
    if not -150 <= median <= 60:
        return f"{channel.title} lies at {median:.0f} mV"
    if spread < 1e-3 or (spread < 0.05 and abs(median) < 1):
        return f"{channel.title} stays at {median:.2f} mV, as an unused input or a command does"
    return ""


def _temperature(recording: Recording) -> float:
    for channel in recording.channels:
        if channel.unit == "°C" and channel.sweeps:
            median = float(np.nanmedian(np.concatenate([sweep.values[::20] for sweep in channel.sweeps])))
            if -2 <= median <= 50:
                return round(median, 1)
    return np.nan


def _end(recording: Recording, channel: Channel, i: int) -> int:
    """Where the baseline of sweep `i` ends: at the stimulus, commanded or seen in a current channel."""
    sweep = channel.sweeps[i]
    ends = [len(sweep.values) if sweep.stimulus is None else sweep.stimulus]
    for other in recording.channels:
        if other.unit == "pA" and i < len(other.sweeps) and len(other.sweeps[i].values) == len(sweep.values):
            width = max(int(0.005 * sweep.rate_Hz), 1)
            current = _blocks(other.sweeps[i].values, width)
            start = current[: max(len(current) // 50, 2)]
            noise = 1.4826 * np.median(np.abs(current - np.median(current)))
            stepped = np.flatnonzero(np.abs(current - np.median(start)) > max(8 * noise, 10.0))
            ends += [int(stepped[0]) * width] if len(stepped) else []
    return min(ends)


def _blocks(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Medians of successive blocks of `width` samples; a shorter rest is left out."""
    count = max(len(values) // width, 1)
    return np.median(values[: count * width].reshape(count, -1), axis=1)


def _at_rest(sweep: Sweep, end: int) -> tuple[NDArray[np.bool_], int]:
    """The samples before `end` without action potentials and what follows them; and how many of these there are."""
    kept = np.zeros(len(sweep.values), dtype=bool)
    v = sweep.values[:end]
    kept[:end] = np.isfinite(v)
    if not kept.any():
        return kept, 0
    ms = sweep.rate_Hz / 1e3
    above = v > np.median(v[kept[:end]]) + SPIKE_mV
    edges: list[int] = (np.flatnonzero(np.diff(above.astype(np.int8)) == 1) + 1).tolist()
    starts = [k for k in edges if v[min(k + int(ms), end - 1)] - v[max(k - int(2 * ms), 0)] > SPIKE_RISE]
    width = max(int(5 * ms), 1)
    for k in starts:
        before = v[max(k - int(30 * ms), 0) : max(k - int(10 * ms), 1)]
        after = k + int(RECOVERY_s[0] * sweep.rate_Hz)
        last = min(k + int(RECOVERY_s[1] * sweep.rate_Hz), end)
        recovering = _blocks(v[after:last], width) if last - after >= width else np.empty(0)
        back = np.flatnonzero(np.abs(recovering - np.median(before)) < 0.5)
        until = after + int(back[0]) * width if len(back) else last
        kept[max(k - int(10 * ms), 0) : until] = False
    return kept, len(starts)


def _drift(used: list[tuple[Sweep, NDArray[np.bool_]]]) -> tuple[float, float, float]:
    """Change from beginning to end in mV by the median of slopes, sd about that line, and the span in s.

    The sd is that of a Normal distribution with the same 10 and 90 % points: a tenth of strays is let pass, and a level
    that is left for a quarter of the time is not.
    """
    times, levels = [], []
    pieces = max(1, 40 // len(used))
    for sweep, kept in used:
        for at in np.array_split(np.flatnonzero(kept), pieces if kept.sum() > 20 * pieces else 1):
            times.append(sweep.start_s + at.mean() / sweep.rate_Hz)
            levels.append(np.median(sweep.values[at]))
    step = max(1, len(times) // 200)
    t, level = np.array(times)[::step], np.array(levels)[::step]
    i, j = np.triu_indices(len(t), 1)
    apart = t[j] > t[i]
    if not apart.any():
        return 0.0, 0.0, 0.0
    slope = np.median((level[j] - level[i])[apart] / (t[j] - t[i])[apart])
    rest = level - slope * t
    low, high = np.percentile(rest, (10, 90))
    return float(slope * np.ptp(t)), float(high - low) / 2.563, float(np.ptp(t))


def _holding(recording: Recording, taken: list[NDArray[np.bool_]], channel: Channel) -> float:
    """The current injected at rest, in pA: as measured where there is such a channel, else as commanded."""
    for other in recording.channels:
        fits = other.unit == "pA" and len(other.sweeps) == len(channel.sweeps)
        if fits and all(len(s.values) == len(k) for s, k in zip(other.sweeps, taken, strict=True)):
            return float(np.median(np.concatenate([s.values[k] for s, k in zip(other.sweeps, taken, strict=True)])))
    return recording.holding_pA
