"""The current that was injected while a potential was recorded: what is known of it, and where it stays at one level."""

import re
from dataclasses import dataclass, field

import numpy as np

from .recording import Array, Channel, Clamp, Recording, Source, finite

LEAST_S = 0.005  # a shorter baseline before a stimulus is none
CLEAN_pA = 0.01  # what rounding does to a command
NOISY_pA = 2.0  # a smaller step drowns in a measured current
_OFFSET_pA = 5.0  # how far an amplifier's reading wanders while what it injects is as commanded
_BLOCK_S = 0.001  # of a noisy current
_LONG_BLOCK_S = 0.005  # in sweeps over 5 s, so that the traces of action potentials drown
_SIGMAS = 6  # of a block's median: beyond, it is no noise
_SETTLED_S = 0.1  # after a stimulus, or as long as it lasted
_WORTH = 10  # how many times longer rest at less current must be, to be taken in place of what comes first
_NO_NAME = re.compile(r"(in|ai|adc)[ _#]*\d+|unnamed|\?", re.IGNORECASE)  # as Clampex calls an input that nobody named


_Bounds = list[tuple[int, int] | None]  # first sample and end, by sweep
_Found = tuple[float, _Bounds]  # at a level


@dataclass
class Injected:
    """The current of a channel's sweeps in pA, and how well it is known."""

    sweeps: list[Array | None]  # NaN where it is changing or not known; None for a sweep of which nothing is known
    source: Source
    silent: str = ""  # why it is not known, in words
    tolerance: float = CLEAN_pA  # how far it may be from a level and still be there
    notes: list[str] = field(default_factory=list)


@dataclass
class Windows:
    """Where each sweep (None: nowhere) is at the one `level` in pA that counts as rest, and what is to be said of it."""

    bounds: _Bounds
    level: float
    notes: list[str]


def injected(recording: Recording, channel: Channel, clamp: Clamp, assume_none: bool) -> Injected:
    """What is known of the current injected into the cell of `channel`: as measured, commanded, or stored beside it."""
    stated, source = [sweep.current for sweep in channel.sweeps], recording.current_from
    described = any(current is not None for current in stated)
    if source is Source.UNKNOWN and clamp is Clamp.CURRENT and described:
        source = Source.COMMAND  # the user said what the telegraph did not
    notes = []
    measured = None if source is Source.AMPLIFIER else measured_current(recording, channel)
    if measured:
        values = [sweep.values for sweep in measured.sweeps]
        seen, tolerance = _quietened(values, measured.sweeps[0].rate_Hz, True)
        dead, follows = _dead(values), described and _follow(seen, stated)
        if follows or not (_NO_NAME.fullmatch(measured.name) or (dead and source is not Source.UNKNOWN)):
            if follows or (described and source is not Source.UNKNOWN):
                return Injected(_joined(seen, stated, max(tolerance, _OFFSET_pA)), Source.MEASURED)
            return Injected(list(seen), Source.MEASURED, tolerance=tolerance)
        level = _level(np.concatenate(seen))
        if source is not Source.UNKNOWN and abs(level) > NOISY_pA and not dead:
            read = f"{measured.title} reads {level:+.0f} pA"
            notes.append(f"{read}: an unused input, or a current that no output commanded")
    silent = recording.silent
    if source is Source.UNKNOWN and assume_none:
        source, silent = Source.ASSUMED, ""
    if not described:
        return Injected(stated, source, silent, notes=notes)
    known, tolerance = _quietened([t for t in stated if t is not None], channel.sweeps[0].rate_Hz, False)
    left = iter(known)
    return Injected([None if t is None else next(left) for t in stated], source, silent, tolerance, notes)


def windows(current: Injected, channel: Channel) -> Windows:
    """Where the current stays at one level: at none where that is possible, before the first stimulus or well after it."""
    rates = [sweep.rate_Hz for sweep in channel.sweeps]
    if not any(c is not None for c in current.sweeps):
        return Windows([(0, len(s.values)) for s in channel.sweeps], np.nan, [])
    starts = [_level(c[: max(int(0.003 * r), 1)]) for c, r in zip(current.sweeps, rates, strict=True) if c is not None]
    some = np.concatenate([c[:: max(len(c) // 1000, 1)] for c in current.sweeps if c is not None])
    about = [_level(some[np.abs(some - guess) <= current.tolerance]) for guess in {*starts, _level(some), 0.0}]
    levels = sorted({round(level, 3) for level in about if np.isfinite(level)}, key=abs)
    first: _Found | None = None
    late: _Found | None = None
    for level in levels:
        runs = [_runs(c, level, current.tolerance) for c in current.sweeps]
        if first is None and any(found := [_first(r, rate) for r, rate in zip(runs, rates, strict=True)]):
            first = level, found
            break
        if late is None and any(found := [_late(r, rate) for r, rate in zip(runs, rates, strict=True)]):
            late = level, found
    if first and (late is None or _s(late) < _WORTH * _s(first)):
        level, bounds = first
        notes = []
    elif late:
        level, bounds = late
        settled, length = (
            float(np.median([f(b) / r for b, r in zip(bounds, rates, strict=True) if b])) for f in (min, np.ptp)
        )
        notes = [f"rest is taken behind a stimulus: {length:.2g} s, from {1e3 * settled:.0f} ms into the sweep, "
                 f"{1e3 * _SETTLED_S:.0f} ms or more after the stimulus"]  # fmt: skip
    else:
        return Windows([None] * len(rates), np.nan, [])
    out = sum(b is None for b in bounds)
    if out:
        notes.append(f"{out} of {len(bounds)} sweeps left out: another current, or none that is known")
    return Windows(bounds, level, notes)


def _level(values: Array) -> float:
    known = finite(values)
    return float(np.median(known)) if len(known) else np.nan


def _runs(current: Array | None, level: float, tolerance: float) -> list[tuple[int, int]]:
    """First and end of each stretch at a level."""
    if current is None or not len(current):
        return []
    there = np.abs(current - level) <= tolerance  # NaN is nowhere
    edges = (np.flatnonzero(there[1:] != there[:-1]) + 1).tolist()
    edges = [0] * bool(there[0]) + edges + [len(there)] * bool(there[-1])
    return list(zip(edges[::2], edges[1::2], strict=True))


def _first(runs: list[tuple[int, int]], rate: float) -> tuple[int, int] | None:
    return runs[0] if runs and runs[0][0] == 0 and runs[0][1] >= LEAST_S * rate else None


def _late(runs: list[tuple[int, int]], rate: float) -> tuple[int, int] | None:
    """The longest stretch behind a stimulus, without what the cell needs to settle."""
    ends = [0, *(stop for _, stop in runs)]
    behind = [(start + max(int(_SETTLED_S * rate), start - end), stop) for (start, stop), end in zip(runs, ends, strict=False)
              if start > 0]  # fmt: skip
    return max((b for b in behind if b[1] - b[0] >= LEAST_S * rate), key=lambda b: b[1] - b[0], default=None)


def _s(found: _Found) -> int:
    return sum(b[1] - b[0] for b in found[1] if b)


def measured_current(recording: Recording, channel: Channel) -> Channel | None:
    """The channel that shows the current: in pA, sampled together with the potential; of several, the one of its number."""
    together = [
        other for other in recording.channels
        if other.unit == "pA" and other is not channel and len(other.sweeps) == len(channel.sweeps)
        and all(len(a.values) == len(b.values) and a.rate_Hz == b.rate_Hz and abs(a.start_s - b.start_s) < 1e-3
                for a, b in zip(other.sweeps, channel.sweeps, strict=True))
    ]  # fmt: skip
    number = re.findall(r"\d+", channel.name)[-1:]
    named = [c for c in together if not _NO_NAME.fullmatch(c.name)] or together
    return min(named, key=lambda c: re.findall(r"\d+", c.name)[-1:] != number, default=None)


def _quietened(sweeps: list[Array], rate: float, measured: bool) -> tuple[list[Array], float]:
    """A command as it is, unless it is noisy; else medians of short blocks; and how far these may be from their level.

    Noise is judged by the sweeps' beginnings as well, so that a noisy stimulus does not excuse itself.
    """
    some = [s[:20_000] for s in sweeps[:: max(len(sweeps) // 10, 1)]]
    first, second = (_level(np.concatenate([np.abs(np.diff(s, n)) for s in some])) for n in (1, 2))
    if not measured and not second > 0.5 * first:  # constant, or a smooth ramp
        return sweeps, CLEAN_pA
    long = max(map(len, sweeps)) > 5 * rate
    width = max(int((_LONG_BLOCK_S if long else _BLOCK_S) * rate), 1)
    medians = [blocks(s, width) for s in sweeps]
    if long:
        medians = [np.median([np.r_[m[:1], m[:-1]], m, np.r_[m[1:], m[-1:]]], axis=0) for m in medians]
    jumps = [np.abs(np.diff(m)) for m in medians if len(m) > 1] or [np.zeros(1)]
    noise = min(_level(np.concatenate(jumps)), 1.2 * float(np.median([_level(j[:20]) for j in jumps])))
    made = [np.repeat(m, width)[: len(s)] for m, s in zip(medians, sweeps, strict=True)]
    made = [np.pad(m, (0, len(s) - len(m)), mode="edge") for m, s in zip(made, sweeps, strict=True)]
    return made, max(_SIGMAS * 1.4826 / np.sqrt(2) * noise, 1.5 * _grain(sweeps[0]), NOISY_pA)


def blocks(values: Array, width: int) -> Array:
    """Medians of successive blocks of `width` samples; a shorter rest is left out."""
    count = max(len(values) // width, 1)
    return np.median(values[: count * width].reshape(count, -1), axis=1)


def _grain(values: Array) -> float:
    """The least step of a signal that flickers; 0 for one that does not."""
    steps = np.abs(np.diff(values[:5000]))
    return float(steps[steps > 0].min()) if np.count_nonzero(steps > 0) > 0.02 * len(steps) else 0.0


def _dead(sweeps: list[Array]) -> bool:
    """Whether a signal only flickers between the values next to 0, as an input that is not connected does."""
    values = np.concatenate([s[:5000] for s in sweeps[:10]])
    return len(np.unique(values)) <= 4 and float(np.abs(values).max()) <= 4.5 * _grain(values)


def _follow(seen: list[Array], stated: list[Array | None]) -> bool:
    """Whether the measured current goes with the commanded one."""
    pairs = [(s[::10], t[::10]) for s, t in zip(seen, stated, strict=True) if t is not None]
    s, t = (np.concatenate(side) for side in zip(*pairs, strict=True))
    both = np.isfinite(s) & np.isfinite(t)
    if both.sum() < 10 or np.ptp(t[both]) < CLEAN_pA or np.ptp(s[both]) == 0:
        return False
    return bool(np.corrcoef(s[both], t[both])[0, 1] > 0.9)


def _joined(seen: list[Array], stated: list[Array | None], tolerance: float) -> list[Array | None]:
    """The command, moved to where the measured current lies; NaN where that one does not go with it."""
    least = min((float(np.abs(k).min()) for t in stated if t is not None and len(k := finite(t))), default=0.0)
    differences = [None if t is None else s - t for s, t in zip(seen, stated, strict=True)]
    resting = [
        a[np.abs(t) <= least + CLEAN_pA]
        for a, t in zip(differences, stated, strict=True)
        if a is not None and t is not None
    ]
    offset = _level(np.concatenate(resting))
    return [None if t is None or a is None else np.where(np.abs(a - offset) <= tolerance, t + offset, np.nan)
            for a, t in zip(differences, stated, strict=True)]  # fmt: skip
