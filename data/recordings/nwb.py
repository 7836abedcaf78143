"""Neurodata Without Borders, versions 1 and 2, by h5py alone: sweeps, and the stimulus stored beside each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...models.errors import DataError
from .recording import Array, Channel, Recording, Source, Sweep, sized, text

_CLAMPED = ("CurrentClampSeries", "IZeroClampSeries")


@dataclass
class Series:
    """One stored series: its group, kind, clock, and what tells which others belong to it."""

    group: Any
    kind: str
    start_s: float
    rate_Hz: float
    sweep: int | None
    electrode: str

    def belongs(self, other: "Series") -> bool:
        if self.electrode and other.electrode and self.electrode != other.electrode:
            return False
        if self.sweep is not None and other.sweep is not None:
            return self.sweep == other.sweep
        return abs(self.start_s - other.start_s) < 1e-3


def read_nwb(path: Path) -> Recording:
    import h5py

    with h5py.File(path, "r") as file:
        found = [series for top in ("acquisition", "stimulus") if top in file for series in _all(file[top], h5py.Group)]
        if not found:
            stored = file["nwb_version"][()] if "nwb_version" in file else "of no version"
            version = text(file.attrs.get("nwb_version", stored)).removeprefix("NWB-")
            raise DataError(f"holds no series of one signal in volts or amperes (NWB {version})")
        stimulus = "CurrentClampStimulusSeries"
        presented = [s for s in found if s.kind == stimulus or s.group.name.startswith("/stimulus/")]
        clamped = [s for s in found if s.kind == "VoltageClampSeries"]
        series = [s for s in found if s not in presented and s not in clamped]
        recording = Recording(path.name, [], silent="no stimulus is stored beside the sweeps")
        if clamped and not any(s.kind in _CLAMPED for s in series):
            recording.voltage_clamp = "VoltageClampSeries, and no other intracellular ones"
            series += clamped
        channels: dict[tuple[str, str], Channel] = {}
        for one in sorted(series, key=lambda s: s.start_s):
            electrode = one.electrode or one.group.name
            usual = "volts" if one.kind in _CLAMPED else ""
            channel, values = _values(one.group, electrode.rsplit("/", 1)[-1], usual)
            sweep = Sweep(values, one.rate_Hz, one.start_s)
            sweep.current = _current(one, sweep, [s for s in presented if s.belongs(one)])
            if sweep.current is not None:
                known = Source.AMPLIFIER if one.kind == "IZeroClampSeries" else Source.STIMULUS
                if recording.current_from is not Source.STIMULUS:
                    recording.current_from, recording.silent = known, ""
            channels.setdefault((electrode, channel.unit), channel).sweeps.append(sweep)
    recording.channels = list(channels.values())
    return recording


def _all(folder: Any, kind: type) -> Iterator[Series]:
    """The series in a folder of the file and in those below it."""
    for group in folder.values():
        if isinstance(group, kind):
            series = _series(group)
            yield from [series] if series else _all(group, kind)


def _series(group: Any) -> Series | None:
    """A series of one signal; None where a group is something else."""
    kind = _kind(group)
    plain = kind == "TimeSeries" and group.name.startswith(("/acquisition", "/stimulus/presentation"))
    clamp = kind in (*_CLAMPED, "VoltageClampSeries", "CurrentClampStimulusSeries")
    shape: tuple[int, ...] = getattr(group.get("data"), "shape", ()) if plain or clamp else ()
    if not (1 <= len(shape) <= 2 and shape[0] > 0 and shape[1:] in ((), (1,))):
        return None
    if "starting_time" in group:
        first, rate = group["starting_time"][()], group["starting_time"].attrs["rate"]
    elif "timestamps" in group:
        first, rate = group["timestamps"][0], 1 / np.median(np.diff(group["timestamps"][:1000]))
    else:
        return None
    number = group.attrs.get("sweep_number")
    link = group.get("electrode", getlink=True)
    electrode = getattr(link, "path", None) or (group["electrode"].name if link is not None else "")
    if "electrode_name" in group:
        electrode = text(group["electrode_name"][()])
    return Series(group, kind, float(first), float(rate), None if number is None else int(number), electrode)


def _kind(group: Any) -> str:
    """The class of a series; version 1 lists its ancestors instead, itself last."""
    ancestry = group.attrs.get("ancestry", ())
    return text(ancestry[-1] if len(ancestry) else group.attrs.get("neurodata_type", ""))


def _values(group: Any, name: str, usual: str) -> tuple[Channel, Array]:
    data = group["data"]
    sized(data.size, group.name)
    channel, factor = Channel.of(name, text(data.attrs.get("unit", "")).strip() or usual)
    values = np.asarray(data[()], dtype=float).reshape(-1)
    return channel, (values * float(data.attrs.get("conversion", 1)) + float(data.attrs.get("offset", 0))) * factor


def _current(one: Series, sweep: Sweep, presented: list[Series]) -> Array | None:
    """The current injected in a sweep, in pA: its stimuli and the bias; None where no stimulus is stored for it."""
    count = len(sweep.values)
    if one.kind == "IZeroClampSeries":
        return np.zeros(count)
    bias = float(one.group["bias_current"][()]) * 1e12 if "bias_current" in one.group else 0.0
    total, known = np.full(count, bias if np.isfinite(bias) else 0.0), False
    for stimulus in presented:
        channel, values = _values(stimulus.group, "", "amperes" if stimulus.kind != "TimeSeries" else "")
        seconds = np.arange(count) / sweep.rate_Hz + sweep.start_s - stimulus.start_s
        at = np.round(seconds * stimulus.rate_Hz).astype(int)
        if stimulus.sweep is not None and stimulus.sweep == one.sweep and not 0 <= at[count // 2] < len(values):
            at = np.arange(count)  # of one sweep, on clocks of their own
        inside = (at >= 0) & (at < len(values))
        values = np.where(inside, values[np.clip(at, 0, len(values) - 1)], np.nan)
        if channel.unit == "pA":
            total, known = total + values, True
        else:
            total = total + np.where(values == values[:1], 0.0, np.nan)
    return total if known else None
