"""What neo reads well and without executing anything; its readers of pickles and scripts are left out on purpose."""

import re
from pathlib import Path

import numpy as np

from .recording import Channel, Recording, Sweep, needs

READERS = {
    ".smr": "Spike2IO", ".smrx": "CedIO", ".wcp": "WinWcpIO", ".edr": "WinEdrIO", ".ibw": "IgorIO", ".pxp": "IgorIO",
    ".axgd": "AxographIO", ".axgx": "AxographIO",
}  # fmt: skip
_CHANNEL = r"(?:ch|chan|channel|adc?)[ _-]?\d+"
_MARK = re.compile(rf"{_CHANNEL}|(?<=record)[a-h](?=\d)", re.IGNORECASE)


def read_neo(path: Path) -> Recording:
    needs("neo")
    reader = getattr(needs("neo.io"), READERS[path.suffix.lower()])(str(path))
    channels: dict[tuple[int, int], Channel] = {}
    for block in reader.read(lazy=False):
        for segment in block.segments:
            for i, signal in enumerate(segment.analogsignals):
                for j in range(signal.shape[1]):
                    names = signal.array_annotations.get("channel_names", [signal.name or ""] * signal.shape[1])
                    channel, factor = Channel.of(str(names[j]), signal.units.dimensionality.string)
                    rate, start = float(signal.sampling_rate.rescale("Hz")), float(signal.t_start.rescale("s"))
                    values = np.asarray(signal.magnitude[:, j], dtype=float) * factor
                    channels.setdefault((i, j), channel).sweeps.append(Sweep(values, rate, start))
    return Recording(path.name, list(channels.values()), silent=f"{path.suffix} files do not describe it", files=[path])


def read_igor(path: Path) -> Recording:
    """A binary wave, with its companions: the other channels of the same sweep, each in a file of its own.

    They are read together where one of them is a potential and the others are not; two potentials are two recordings.
    """
    own = read_neo(path)
    others = [read_neo(other) for other in _companions(path)]
    together = sorted([own, *others], key=lambda r: r.files)
    potentials = [r for r in together if any(c.unit == "mV" for c in r.channels)]
    if len(potentials) != 1 or not others:
        own.silent = "no companion wave with the current of this sweep is there"
        return own
    whole = potentials[0]
    added = [r for r in together if r is not whole]
    whole.channels += [channel for r in added for channel in r.channels]
    whole.files += [file for r in added for file in r.files]
    whole.silent = "none of its companion waves is in a unit of current"
    return whole


def _companions(path: Path) -> list[Path]:
    """Files beside `path` whose names differ from its own in the channel alone."""
    if not (found := list(_MARK.finditer(path.stem))):
        return []
    start, stop = found[-1].span()
    before, after = re.escape(path.stem[:start]), re.escape(path.stem[stop:])
    same = re.compile(rf"{before}(?:{_CHANNEL}|[a-h]){after}", re.IGNORECASE)
    beside = (p for p in path.parent.iterdir() if p != path and p.suffix.lower() == path.suffix.lower())
    return sorted(p for p in beside if same.fullmatch(p.stem))
