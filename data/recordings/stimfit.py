"""Stimfit's HDF5: a group a channel, in it a group a sweep, with its samples and their interval."""

from pathlib import Path

import numpy as np

from ...models.errors import DataError
from .recording import Channel, Recording, Sweep, sized, text

_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6}


def read_stimfit(path: Path) -> Recording:
    import h5py

    channels: dict[tuple[str, str], Channel] = {}
    with h5py.File(path, "r") as file:
        for name, group in file.items():
            sections = [k for k in group if k.startswith("section_")] if isinstance(group, h5py.Group) else []
            at = 0.0
            for section in sorted(sections, key=lambda k: int(k.rpartition("_")[2])):
                data, described = group[section]["data"], group[section]["description"][()].ravel()[0]
                sized(data.size, f"{name}/{section}")
                rate = _PER_SECOND[text(described["xunits"]).strip(" \x00").replace("µ", "u") or "ms"] / float(
                    described["dt"]
                )
                channel, factor = Channel.of(name, text(described["yunits"]))
                channel = channels.setdefault((name, channel.unit), channel)
                channel.sweeps.append(Sweep(np.asarray(data[()], dtype=float).reshape(-1) * factor, rate, at))
                at += data.size / rate
    if not channels:
        raise DataError("is HDF5, but not from stimfit, the one program whose .h5 is read here")
    return Recording(path.name, list(channels.values()), silent="stimfit's files do not describe it")
