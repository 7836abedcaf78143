"""Whether a potential was clamped: the amplifier's word, checked by the signal."""

import numpy as np

from .current import blocks, measured_current
from .recording import Array, Channel, Clamp, Recording, Source, finite

_FREE_mV = 2.0  # a clamped potential does not stray as far from its command
_AT_mV = 3.0  # and lies no further from it
_OVERSHOOT = 1.5  # of a clamped cell's current where the potential steps


def clamped(recording: Recording, channel: Channel) -> str:
    """Why the channel is taken to be voltage-clamped, in words; empty where it is not."""
    if channel.clamp is not Clamp.CURRENT:
        for command in channel.commands_mV:
            if _follows(channel, command):
                return f"{channel.name} follows the voltage command"
            if _keeps(channel, command):
                return f"{channel.name} lies at the voltage commanded"
    if recording.voltage_clamp:
        held = all(_free(channel, command) for command in (channel.commands_mV or (None,)))
        return "" if held else recording.voltage_clamp
    if channel.clamp is Clamp.VOLTAGE and any(c.clamp is Clamp.CURRENT for c in recording.channels):
        return f"the amplifier reported it for {channel.name}"
    if channel.clamp is Clamp.UNKNOWN and recording.current_from is Source.UNKNOWN and _steps_drive(recording, channel):
        return "the current has transients where the potential steps"
    return ""


def _follows(channel: Channel, command: list[Array]) -> bool:
    """Whether the potential takes the command's steps, as large as they are."""
    pairs = [(c, s.values) for c, s in zip(command, channel.sweeps, strict=True) if len(c) == len(s.values)]
    both = [(c[there], v[there]) for c, v in pairs if (there := np.isfinite(c) & np.isfinite(v)).any()]
    both = [(c, v) for c, v in both if np.ptp(c) >= 1 and np.ptp(v) >= 1]
    if not both:
        return False
    c, v = both[-1]
    return bool(np.corrcoef(c, v)[0, 1] > 0.98 and 0.8 < np.polyfit(c, v, 1)[0] < 1.2)


def _keeps(channel: Channel, command: list[Array]) -> bool:
    """Whether the potential lies at a voltage that an output commands, and stays there."""
    deviation = _deviation(channel, command)
    asked = max((float(np.abs(k).max()) for c in command if len(k := finite(c))), default=0.0)
    return bool(
        len(deviation) and asked > _AT_mV and abs(np.median(deviation)) < _AT_mV and not _free(channel, command)
    )


def _free(channel: Channel, command: list[Array] | None) -> bool:
    """Whether the potential goes its own way, apart from a voltage command; not where that is unknown."""
    deviation = _deviation(channel, command)
    low, high = np.percentile(deviation, (2, 98)) if len(deviation) else (0.0, 0.0)
    return bool(high - low > _FREE_mV)


def _deviation(channel: Channel, command: list[Array] | None) -> Array:
    """How far the potential is from a command, in medians of 5 ms."""
    found = []
    for i, sweep in enumerate(channel.sweeps):
        deviation = sweep.values if command is None else sweep.values - command[i]
        if len(deviation := finite(deviation)):
            found.append(blocks(deviation, max(int(0.005 * sweep.rate_Hz), 1)))
    return np.concatenate(found) if found else np.empty(0)


def _steps_drive(recording: Recording, channel: Channel) -> bool:
    """Whether the potential takes steps and the current overshoots at them; in current clamp the current takes the steps."""
    other = measured_current(recording, channel)
    if other is None:
        return False
    slow, over = [], []
    for signal in (channel, other):
        rate = signal.sweeps[0].rate_Hz
        level, fast = (
            np.concatenate([blocks(s.values, max(int(t * rate), 1)) for s in signal.sweeps]) for t in (0.005, 5e-4)
        )
        if len(fast) < 3:
            return False
        low, high = np.percentile(level, (2, 98))
        noise = 1.4826 / np.sqrt(2) * np.median(np.abs(np.diff(fast)))
        slow.append(level)
        whole = np.ptp(fast) if signal is other else np.subtract(*np.percentile(fast, (99.8, 0.2)))
        over.append((whole - 8 * noise) / max(high - low, 1e-9))
    moves = np.subtract(*np.percentile(slow[0], (98, 2)))
    if moves < 5 or np.ptp(slow[1]) == 0 or np.corrcoef(slow[0], slow[1])[0, 1] < 0.7:
        return False
    return bool(over[0] < 1.3 and over[1] > _OVERSHOOT)
