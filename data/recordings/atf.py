"""Axon text files: a column for the time, and one for each signal of each sweep."""

import io
import re
from pathlib import Path

import numpy as np

from ...models.errors import DataError
from .recording import Array, Channel, Recording, Sweep, text


def read_atf(path: Path) -> Recording:
    import pandas as pd

    lines = text(path.read_bytes()).splitlines()
    records, columns = (int(n) for n in lines[1].split()[:2])
    header, titles = lines[2 : 2 + records], _cells(lines[2 + records])
    if len(titles) != columns:
        raise DataError(f"announces {columns} columns and names {len(titles)}")
    fields = dict(record.strip('"\t ').split("=", 1) for record in header if "=" in record)
    names = [cell for cell in _cells(next((r for r in header if '"Signals="' in r), "")) if cell != "Signals="]
    body = io.StringIO("\n".join(lines[3 + records :]))
    table = pd.read_csv(body, sep="," if "," in lines[3 + records] else r"\s+" if "\t" not in lines[3 + records] else "\t",
                        header=None, usecols=range(columns)).to_numpy(float)  # fmt: skip
    time = table[:, 0] * (1e-3 if re.search(r"\(m(illi)?s", titles[0]) else 1.0)
    rate = (len(time) - 1) / (time[-1] - time[0])
    starts = [float(ms) / 1e3 for ms in fields.get("SweepStartTimesMS", "").split(",") if ms.strip()]
    channels: dict[tuple[str, str], Channel] = {}
    for i, title in enumerate(titles[1:]):
        unit = "".join(re.findall(r"\(([^()]*)\)\s*$", title))
        name = names[i] if i < len(names) else re.sub(r"\s*(#\s*\d+)?\s*(\([^()]*\))?$", "", title)
        channel, factor = Channel.of(name, unit)
        channel = channels.setdefault((channel.name, channel.unit), channel)
        k = len(channel.sweeps)
        at = starts[k] if k < len(starts) else k * len(time) / rate
        channel.sweeps.append(Sweep(_ended(table[:, i + 1]) * factor, rate, at))
    return Recording(path.name, list(channels.values()), silent="Axon text files do not describe it")


def _cells(line: str) -> list[str]:
    separator = "\t" if "\t" in line else ","
    return [cell.strip().strip('"').strip() for cell in line.rstrip("\r\n\t ").split(separator)] if line else []


def _ended(values: Array) -> Array:
    """Without the blanks below a sweep that is shorter than others."""
    there = np.flatnonzero(np.isfinite(values))
    return values[: there[-1] + 1 if len(there) else 0]
