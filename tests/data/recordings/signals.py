"""Signals whose rest is known, in memory, and what is taken from a file."""

from pathlib import Path

import numpy as np

from vrest.data.recordings.baseline import Rest, resting_potential
from vrest.data.recordings.formats import read_recording
from vrest.data.recordings.recording import Channel, Recording, Source, Sweep

RATE = 10_000


def trace(seconds: float, rest: float = -65.0, noise: float = 0.4, drift: float = 0.0, seed: int = 1) -> np.ndarray:
    """A membrane at rest in mV, with slow and fast noise and a linear drift (mV from beginning to end)."""
    generator = np.random.default_rng(seed)
    count = int(seconds * RATE)
    slow = np.convolve(generator.normal(size=count + 200), np.ones(201) / np.sqrt(201), "valid")
    return rest + noise * (generator.normal(size=count) + 0.5 * slow) + drift * np.linspace(-0.5, 0.5, count)


def with_spikes(v: np.ndarray, times: list[float], after: float = -10.0, tau_s: float = 0.06) -> np.ndarray:
    """Action potentials of 2 ms to +30 mV, each with a decaying after-potential."""
    v = v.copy()
    t = np.arange(len(v)) / RATE
    for at in times:
        since = t - at
        v += np.where(since > 0.002, after * np.exp(-(since - 0.002) / tau_s), 0)
        v += 95 * np.exp(-0.5 * ((since - 0.001) / 0.0004) ** 2)
    return v


def stepped(seconds: float, *steps: tuple[int, int, float], rest: float = -65.0, seed: int = 1) -> np.ndarray:
    """Rest with steps of (first sample, end, mV)."""
    v = trace(seconds, rest, noise=0.2, seed=seed)
    for start, stop, height in steps:
        v[start:stop] += height
    return v


def sweeps(count: int, *steps: tuple[int, int, float], rest: float = -65.0) -> list[np.ndarray]:
    """So many seconds of `stepped`."""
    return [stepped(1, *steps, rest=rest, seed=k) for k in range(count)]


def on(start: int, stop: int, level: float, base: float = 0.0, count: int = RATE) -> np.ndarray:
    """A current in pA that is at another level for some samples."""
    current = np.full(count, base)
    current[start:stop] = level
    return current


def rest_of(path: Path, **how: object) -> Rest:
    """What is taken from a file."""
    return resting_potential(read_recording(path), **how)


def recording(*sweeps: np.ndarray, unit: str = "mV", current: object = 0.0, **more) -> Recording:
    """A recording in memory; `current` in pA, the same in every sweep, or None where nothing tells it."""
    told = None if current is None else [np.broadcast_to(np.asarray(current, float), v.shape).copy() for v in sweeps]
    made = [Sweep(v, RATE, 5.0 * i, told[i] if told else None) for i, v in enumerate(sweeps)]
    more = {"current_from": Source.COMMAND, "silent": ""} | more if told else more
    return Recording("r.abf", [Channel("Vm", unit, made)], **more)
