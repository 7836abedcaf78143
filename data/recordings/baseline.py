"""The resting potential in a recording: what is taken for rest, and why something is not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...models.errors import ConfigurationError, DataError
from ...models.limits import TEMPERATURE_C, V_M_mV
from .clamp import clamped
from .current import LEAST_S, CLEAN_pA, Windows, blocks, injected, windows
from .recording import Channel, Clamp, Recording, Source, Sweep, finite

LEAST_SHARE = 0.05  # of the baseline, between action potentials
DRIFT_FLAG, DRIFT_REFUSED = 3.0, 15.0  # mV from beginning to end
WANDER_FLAG, WANDER_REFUSED = 2.0, 12.0  # mV, sd of slow changes
USUAL = (-110.0, -10.0)  # mV
HELD_pA = 0.5, 5.0  # as commanded; as measured, since an amplifier's offset is no holding
SPIKE_mV, SPIKE_RISE = 20.0, 8.0  # above baseline; within 2 ms
RECOVERY_s = (0.05, 1.0)  # an after-potential lasts at least, at most
_IN_CLAMP = "no resting potential in voltage clamp ({}). --clamp current overrules this."


@dataclass
class Rest:
    """A resting potential taken from a recording."""

    V_m: float  # mV, the median of the sweeps' medians
    noise_sd: float  # mV, robust, of the samples about their sweep's median
    drift: float  # mV, the straight-line change from beginning to end (Theil-Sen)
    current_pA: float  # injected meanwhile; where it is not known (NaN), V_m is what holds without any
    current_from: Source
    first_s: float  # the earliest second of a sweep that was used, and the latest
    last_s: float
    duration: float  # s of signal in all
    sweeps: int  # used
    spikes: int  # action potentials left out
    temperature_C: float  # NaN where the file does not say
    channel: Channel
    taken: list[NDArray[np.bool_]]  # per sweep, the samples used
    flags: list[str]  # reasons to doubt that this is rest


def resting_potential(
    recording: Recording, choice: str | None = None, clamp: Clamp = Clamp.UNKNOWN, assume_no_current: bool = False
) -> Rest:
    """The resting potential of a recording; DataError with the reason where it holds none.

    Parameters
    ----------
    recording
        As `read_recording` gives it.
    choice
        Number (from 0) or name of the channel, instead of the one whose unit and signal fit.
    clamp
        `Clamp.CURRENT` overrules signs of voltage clamp, and what a silent telegraph leaves open.
    assume_no_current
        The user's word that nothing was injected where the file does not say.
    """
    temperature = _temperature(recording)
    try:
        channel, flags = _chosen(recording, choice, clamp)
        return _rest(recording, channel, clamp, assume_no_current, temperature, flags)
    except DataError as error:
        more = f" Its temperature is {temperature:.1f} °C." if np.isfinite(temperature) else ""
        raise DataError(f"{recording.name}: {error}{more}") from None


def _rest(
    recording: Recording, channel: Channel, clamp: Clamp, assume: bool, temperature: float, flags: list[str]
) -> Rest:
    current = injected(recording, channel, clamp, assume)
    where = windows(current, channel)
    described = any(c is not None for c in current.sweeps)
    where = _before_a_common_step(channel, where, 0.015 if described else np.inf)
    flags += [*recording.notes, *current.notes, *where.notes]
    found = [_at_rest(sweep, bounds) for sweep, bounds in zip(channel.sweeps, where.bounds, strict=True)]
    taken, spikes = [kept for kept, _ in found], sum(count for _, count in found)
    used = [i for i, kept in enumerate(taken) if kept.sum() >= LEAST_S * channel.sweeps[i].rate_Hz]
    offered = sum(b[1] - b[0] for b in where.bounds if b)
    if spikes and sum(int(kept.sum()) for kept in taken) < LEAST_SHARE * offered:
        raise DataError(f"{channel.title} fires all the time ({spikes} action potentials): nothing is left as rest.")
    if not used:
        raise DataError(f"{channel.title} has no {1e3 * LEAST_S:g} ms of baseline before or well after stimulation.")
    values = [channel.sweeps[i].values[taken[i]] for i in used]
    medians = np.array([np.median(v) for v in values])
    V_m = float(np.median(medians))
    sd = 1.4826 * float(np.median(np.abs(np.concatenate([v - m for v, m in zip(values, medians, strict=True)]))))
    drift, wander, span = _drift([(channel.sweeps[i], taken[i]) for i in used])
    refusal = "there is no one resting potential."
    if not V_M_mV.holds(V_m):
        raise DataError(f"{channel.title} lies at {V_m:.0f} mV, where no membrane potential is: wrong gain or offset.")
    if abs(drift) > DRIFT_REFUSED:
        raise DataError(f"{channel.title} drifts by {drift:+.1f} mV in {span:.0f} s: {refusal}")
    if wander > WANDER_REFUSED:
        raise DataError(f"{channel.title} jumps about (± {wander:.0f} mV): {refusal}")
    if abs(drift) > DRIFT_FLAG:
        flags.append(f"drifts by {drift:+.1f} mV in {span:.0f} s")
    if wander > WANDER_FLAG:
        flags.append(f"wanders by ± {wander:.1f} mV")
    if not USUAL[0] <= V_m <= USUAL[1]:
        flags.append("no usual resting potential: is the offset, or the channel, right?")
    level = 0.0 if current.source is Source.ASSUMED else where.level
    if current.source is Source.UNKNOWN:
        level = np.nan
        without = f"Without any, V_m is {V_m:.1f} mV: --assume-no-current"
        flags.append(f"injected current unknown: {current.silent}. {without}")
    elif current.source is Source.ASSUMED:
        commanded = f", though outputs commanded {where.level:+.0f} pA" if abs(where.level) > HELD_pA[0] else ""
        flags.append(f"assumed that no current was injected{commanded}")
    elif abs(level) > HELD_pA[bool(current.source is Source.MEASURED or current.tolerance > CLEAN_pA)]:
        flags.append(f"held with {level:+.0f} pA")
    edges = [(np.flatnonzero(taken[i])[[0, -1]] + (0, 1)) / channel.sweeps[i].rate_Hz for i in used]
    first, last = float(min(e[0] for e in edges)), float(max(e[1] for e in edges))
    duration = float(sum(taken[i].sum() / channel.sweeps[i].rate_Hz for i in used))
    return Rest(V_m, sd, drift, level, current.source, first, last, duration, len(used), spikes, temperature, channel,
                taken, flags)  # fmt: skip


def _chosen(recording: Recording, choice: str | None, clamp: Clamp) -> tuple[Channel, list[str]]:
    channels = recording.channels
    listed = ", ".join(f"{i}: {c.title}" for i, c in enumerate(channels)) or "none"
    if choice is not None:
        named = next((c for i, c in enumerate(channels) if choice in (str(i), c.name)), None)
        if named is None:
            raise ConfigurationError(f"--channel {choice}: {recording.name} has these channels: {listed}.")
        if clamp is not Clamp.CURRENT and (why := clamped(recording, named)):
            raise DataError(_IN_CLAMP.format(why))
        return named, [] if named.unit == "mV" else [f"chosen although its unit is {named.unit or 'unknown'}"]
    candidates = [c for c in channels if c.unit == "mV" and any(np.isfinite(s.values).any() for s in c.sweeps)]
    if not candidates:
        if recording.voltage_clamp:
            overrule = "--clamp current with --channel N overrules this"
            raise DataError(f"no resting potential in voltage clamp ({recording.voltage_clamp}). {overrule}.")
        overrule = " --channel N takes one all the same." if channels else ""
        raise DataError(f"no channel is in mV (channels: {listed}): voltage clamp, or no membrane potential.{overrule}")
    held = ["" if clamp is Clamp.CURRENT else clamped(recording, c) for c in candidates]
    free = [c for c, why in zip(candidates, held, strict=True) if not why]
    if not free:
        raise DataError(_IN_CLAMP.format(held[0]))
    reasons = [_no_potential(channel) for channel in free]
    good = [c for c, reason in zip(free, reasons, strict=True) if not reason]
    if not good:
        all_the_same = any(V_M_mV.holds(_middle(c)[0]) for c in free)
        overrule = " --channel N takes one all the same." if all_the_same else ""
        raise DataError(f"no channel looks like a membrane potential: {'; '.join(reasons)}.{overrule}")
    usual = [c for c in good if USUAL[0] <= _middle(c)[0] <= USUAL[1]] or good
    others = ", ".join(c.title for c in usual[1:])
    flags = [f"{others} would do as well: --channel chooses"] if others else []
    if recording.voltage_clamp and clamp is not Clamp.CURRENT:
        flags.append(f"{recording.voltage_clamp}, but the potential moves freely: taken for current clamp")
    return usual[0], flags


def _middle(channel: Channel) -> tuple[float, float]:
    """Median and spread (5 to 95 %) of what the channel shows, in its unit."""
    values = finite(np.concatenate([sweep.values[::20] for sweep in channel.sweeps]))
    low, median, high = np.percentile(values, (5, 50, 95)) if len(values) else (np.nan,) * 3
    return float(median), float(high - low)


def _no_potential(channel: Channel) -> str:
    """Why a channel in mV is no membrane potential, whatever its name; empty where it may be one."""
    median, spread = _middle(channel)
    if not V_M_mV.holds(median):
        return f"{channel.title} lies at {median:.0f} mV"
    if spread > 200:
        return f"{channel.title} spreads over {spread:.0f} mV"
    if spread < 1e-3 or (spread < 0.05 and abs(median) < 1):
        return f"{channel.title} stays at {median:.2f} mV, as an unused input or a command does"
    return ""


def _temperature(recording: Recording) -> float:
    for channel in recording.channels:
        if channel.unit == "°C" and channel.sweeps:
            values = finite(np.concatenate([sweep.values[::20] for sweep in channel.sweeps]))
            median = float(np.median(values)) if len(values) else np.nan
            if TEMPERATURE_C.holds(median):
                return round(median, 1)
    return np.nan


def _before_a_common_step(channel: Channel, where: Windows, within_s: float) -> Windows:
    """What is before a change of the potential that comes in every sweep, by more than the sweeps change by themselves.

    Three sweeps or more that change together were stimulated, by what the file does not describe: a light, another
    amplifier. A change counts from the sweep's beginning, or within `within_s` where the current is known.
    """
    starting = [b for b in where.bounds if b and b[0] == 0]
    width = max(int(0.005 * channel.sweeps[0].rate_Hz), 1)
    count = min((stop for _, stop in starting), default=0) // width
    if len(starting) < max(3, len(where.bounds)) or count < 10:
        return where
    levels = np.stack([blocks(sweep.values[: count * width], width) for sweep in channel.sweeps])
    noise = 1.4826 / np.sqrt(2) * float(np.median(np.abs(np.diff(levels))))
    back = int(min(within_s / 0.005, count))
    earlier = np.median(levels[:, :4], axis=1, keepdims=True) if back == count else levels[:, :-back]
    moved = np.median(np.abs(levels[:, 0 if back == count else back :] - earlier), axis=0)
    changed = np.flatnonzero(moved > max(8 * noise, 2.0 if back == count else 4.0))
    if not len(changed) or (end := int(changed[0]) * width) < LEAST_S * channel.sweeps[0].rate_Hz:
        return where
    when = f"{1e3 * end / channel.sweeps[0].rate_Hz:.0f} ms into every sweep"
    note = f"the potential changes {when}: only what is before is taken"
    return Windows([(0, end)] * len(channel.sweeps), where.level, [*where.notes, note])


def _at_rest(sweep: Sweep, bounds: tuple[int, int] | None) -> tuple[NDArray[np.bool_], int]:
    """The samples within bounds without action potentials and what follows them; and how many of these there are."""
    whole = np.zeros(len(sweep.values), dtype=bool)
    if bounds is None:
        return whole, 0
    v = sweep.values[slice(*bounds)]
    end, kept = len(v), whole[slice(*bounds)]
    kept[:] = np.isfinite(v)
    if not kept.any():
        return whole, 0
    ms = sweep.rate_Hz / 1e3
    above = v > np.median(v[kept]) + SPIKE_mV
    edges: list[int] = (np.flatnonzero(np.diff(above.astype(np.int8)) == 1) + 1).tolist()
    starts = [k for k in edges if v[min(k + int(ms), end - 1)] - v[max(k - int(2 * ms), 0)] > SPIKE_RISE]
    width = max(int(5 * ms), 1)
    for k in starts:
        before = v[max(k - int(30 * ms), 0) : max(k - int(10 * ms), 1)]
        after = k + int(RECOVERY_s[0] * sweep.rate_Hz)
        last = min(k + int(RECOVERY_s[1] * sweep.rate_Hz), end)
        recovering = blocks(v[after:last], width) if last - after >= width else np.empty(0)
        back = np.flatnonzero(np.abs(recovering - np.median(before)) < 0.5)
        until = after + int(back[0]) * width if len(back) else last
        kept[max(k - int(10 * ms), 0) : until] = False
    return whole, len(starts)


def _drift(used: list[tuple[Sweep, NDArray[np.bool_]]]) -> tuple[float, float, float]:
    """Change from beginning to end in mV by the median of slopes, sd about that line, and the span in s.

    The sd is that of a Normal distribution with the same 10 and 90 % points: a tenth of outliers changes
    nothing, and a level that is left for a quarter of the time counts.
    """
    times, levels = [], []
    pieces = max(1, 40 // len(used))
    for sweep, kept in used:
        worth = int(kept.sum() / max(0.05 * sweep.rate_Hz, 20))  # slopes within less than 50 ms are noise
        for at in np.array_split(np.flatnonzero(kept), min(max(worth, 1), pieces)):
            times.append(sweep.start_s + at.mean() / sweep.rate_Hz)
            levels.append(np.median(sweep.values[at]))
    step = max(1, len(times) // 200)
    t, level = np.array(times)[::step], np.array(levels)[::step]
    i, j = np.triu_indices(len(t), 1)
    later = t[j] > t[i]
    if not later.any():
        return 0.0, 0.0, 0.0
    slope = np.median((level[j] - level[i])[later] / (t[j] - t[i])[later])
    rest = level - slope * t
    low, high = np.percentile(rest, (10, 90))
    return float(slope * np.ptp(t)), float(high - low) / 2.563, float(np.ptp(t))
