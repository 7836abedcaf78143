"""Reads recording files of several formats into channels and sweeps, whatever wrote them; runs nothing in them."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import ConfigurationError, DataError
from ..tables.grid import read_bytes

# What neo reads well and without executing anything; its readers of pickles and scripts are left out on purpose.
_NEO = {
    ".smr": "Spike2IO", ".smrx": "CedIO", ".wcp": "WinWcpIO", ".edr": "WinEdrIO", ".ibw": "IgorIO", ".pxp": "IgorIO",
    ".axgd": "AxographIO", ".axgx": "AxographIO",
}  # fmt: skip
FORMATS = (".abf", ".nwb", *_NEO)
_MOST_SAMPLES = 500_000_000  # 4 GB in memory; a larger claim is a damaged header
_UNITS = {
    "mv": ("mV", 1.0), "v": ("mV", 1e3), "volt": ("mV", 1e3), "volts": ("mV", 1e3), "uv": ("mV", 1e-3),
    "pa": ("pA", 1.0), "na": ("pA", 1e3), "a": ("pA", 1e12), "amperes": ("pA", 1e12), "ampere": ("pA", 1e12),
    "c": ("°C", 1.0), "degc": ("°C", 1.0), "deg.c": ("°C", 1.0), "celsius": ("°C", 1.0), "degreescelsius": ("°C", 1.0),
}  # fmt: skip


@dataclass
class Sweep:
    """One stretch of signal: its values, samples per second, start in s, and the sample where stimulation begins."""

    values: NDArray[np.float64]
    rate_Hz: float
    start_s: float = 0.0
    stimulus: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.rate_Hz <= 1e8:
            raise ValueError(f"it claims {self.rate_Hz:g} samples per second")


@dataclass
class Channel:
    """One signal of a recording; `unit` is mV, pA, °C, or what the file says where it is none of these."""

    name: str
    unit: str
    sweeps: list[Sweep] = field(default_factory=list)

    @classmethod
    def of(cls, name: str, unit: str) -> tuple["Channel", float]:
        """A channel in mV, pA or °C, and what its file's values are to be multiplied with."""
        key = (
            unit.lower().replace("µ", "u").replace("°", "deg").translate({ord(c): None for c in " _\x00"})
        )  # not n.a. to nA
        own, factor = _UNITS.get(key, (unit.strip(), 1.0))
        return cls(name.strip(" \x00") or "unnamed", own), factor

    @property
    def title(self) -> str:
        return f"{self.name} ({self.unit or 'no unit'})"


@dataclass
class Recording:
    """A recording file: its channels, the current injected throughout in pA (NaN: not known), signs of voltage clamp."""

    name: str
    channels: list[Channel]
    holding_pA: float = np.nan
    voltage_clamp: str = ""


def read_recording(path: Path) -> Recording:
    """The recording in a file; DataError, in a sentence, where it cannot be read.

    ConfigurationError where the package that reads it is not installed.
    """
    start = read_bytes(path, 4)
    suffix = path.suffix.lower()
    if not start:
        raise DataError(f"{path.name}: is empty (0 bytes).")
    if start[:4] in (b"ABF ", b"ABF2"):
        read, kind = _read_abf, "an ABF"
    elif suffix == ".nwb" and start == b"\x89HDF":
        read, kind = _read_nwb, "an NWB"
    elif suffix in _NEO:
        read, kind = _read_neo, f"a {suffix}"
    elif suffix in (".abf", ".nwb"):
        raise DataError(f"{path.name}: is no {suffix[1:].upper()} file, whatever its name: it begins with {start!r}.")
    else:
        hint = " HEKA's .dat is read after an export to NWB, ABF or Igor." if suffix == ".dat" else ""
        raise DataError(f"{path.name}: {suffix or 'this'} is no format that is read here: {', '.join(FORMATS)}.{hint}")
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # about dates and comments that are not needed
            return read(path)
    except (DataError, ConfigurationError):
        raise
    except ImportError as error:
        raise ConfigurationError(f"{path.name}: its reader needs another package: {str(error).rstrip('.')}.") from None
    except Exception as error:  # a damaged file may fail anywhere in its reader
        what = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{path.name}: cannot be read as {kind} file; it is damaged or cut short ({what[:120]})."
        ) from None


def _needs(package: str) -> Any:
    from importlib import import_module

    try:
        return import_module(package)
    except ImportError:
        raise ConfigurationError(
            f'reading this format needs {package}, which is not installed: pip install "vrest[recordings]".'
        ) from None


def _read_abf(path: Path) -> Recording:
    abf = _needs("pyabf").ABF(str(path))
    made = [Channel.of(name, unit) for name, unit in zip(abf.adcNames, abf.adcUnits, strict=True)]
    commands = [Channel.of("", unit)[0].unit for unit in abf.dacUnits]
    currents = [i for i, unit in enumerate(commands) if unit == "pA"]
    recording = Recording(path.name, [channel for channel, _ in made])
    if currents and currents[0] < len(abf.holdingCommand):
        recording.holding_pA = float(abf.holdingCommand[currents[0]])
    for sweep in abf.sweepList:
        samples = slice(sweep * abf.sweepPointCount, (sweep + 1) * abf.sweepPointCount)
        waveforms = [np.asarray(stimulus.stimulusWaveform(sweep)) for stimulus in abf.stimulusByChannel]
        onset = min((k for w in waveforms if (k := first_change(w)) is not None), default=None)
        for i, (channel, factor) in enumerate(made):
            values = np.asarray(abf.data[i][samples], dtype=float) * factor
            channel.sweeps.append(Sweep(values, abf.dataRate, float(abf.sweepTimesSec[sweep]), onset))
            if i < len(waveforms) and commands[i : i + 1] == ["mV"] and _follows(channel, waveforms[i]):
                recording.voltage_clamp = f"{channel.name} follows the voltage command"
    # The amplifier's own word counts only where the command agrees: some rigs send 0, voltage clamp, whatever they do.
    section: Any = getattr(abf, "_adcSection", None) or getattr(abf, "_headerV1", None)
    modes = list(zip(section.nTelegraphEnable, section.nTelegraphMode, commands, strict=False))
    if modes and modes[0][:2] == (1, 0) and modes[0][2] == "mV":
        recording.voltage_clamp = "the amplifier reported voltage clamp"
    return recording


def first_change(values: NDArray[np.float64]) -> int | None:
    """The first sample that differs from the first one, or None."""
    changed = np.flatnonzero(np.abs(values - values[:1]) > 0)  # NaN, where a file stores no command, is no change
    return int(changed[0]) if len(changed) else None


def _follows(channel: Channel, command: NDArray[np.float64]) -> bool:
    values = channel.sweeps[-1].values
    if channel.unit != "mV" or len(values) != len(command) or np.ptp(command) < 1 or np.ptp(values) < 1:
        return False
    slope = np.polyfit(command, values, 1)[0]
    return bool(np.corrcoef(command, values)[0, 1] > 0.98 and 0.8 < slope < 1.2)


def _read_nwb(path: Path) -> Recording:
    import h5py

    clamped, stimuli, series = [], [], []
    with h5py.File(path, "r") as file:

        def sort(_: str, group: Any) -> None:
            kind = _text(group.attrs.get("neurodata_type", "")) if isinstance(group, h5py.Group) else ""
            if kind == "VoltageClampSeries":
                clamped.append(group)
            elif kind == "CurrentClampStimulusSeries":
                stimuli.append(group)
            elif kind in ("CurrentClampSeries", "IZeroClampSeries") or (
                kind == "TimeSeries" and "data" in group and group.name.startswith("/acquisition")
            ):
                series.append(group)

        file.visititems(sort)
        recording = Recording(path.name, [])
        channels: dict[str, Channel] = {}
        for group in sorted(series, key=_start):
            name = _text(group.attrs["neurodata_type"])
            link = group.get("electrode", getlink=True) if "electrode" in group else None
            electrode = getattr(link, "path", None) or (group["electrode"].name if link is not None else group.name)
            channel, factor = Channel.of(electrode.rsplit("/", 1)[-1], _text(group["data"].attrs.get("unit", "")))
            sweep = _nwb_sweep(group, factor)
            steps = [_nwb_sweep(s, 1.0) for s in stimuli if _same_sweep(s, group)]
            onsets = [(first_change(step.values), step.rate_Hz) for step in steps]
            sweep.stimulus = min((round(k * sweep.rate_Hz / rate) for k, rate in onsets if k is not None), default=None)
            channels.setdefault(electrode, channel).sweeps.append(sweep)
            if "bias_current" in group or name == "IZeroClampSeries":
                recording.holding_pA = 1e12 * float(group["bias_current"][()]) if "bias_current" in group else 0.0
        recording.channels = list(channels.values())
        if clamped and not any(channel.unit == "mV" for channel in recording.channels):
            recording.voltage_clamp = "VoltageClampSeries, and no other intracellular ones"
    return recording


def _nwb_sweep(group, factor: float) -> Sweep:
    data = group["data"]
    if data.size > _MOST_SAMPLES:
        raise DataError(f"claims {data.size:,} samples in {group.name}")
    values = np.asarray(data[()], dtype=float).reshape(-1)
    values = (values * float(data.attrs.get("conversion", 1)) + float(data.attrs.get("offset", 0))) * factor
    if "starting_time" in group:
        return Sweep(values, float(group["starting_time"].attrs["rate"]), _start(group))
    return Sweep(values, 1 / float(np.median(np.diff(group["timestamps"][:1000]))), _start(group))


def _start(group) -> float:
    return float(group["starting_time"][()] if "starting_time" in group else group["timestamps"][0])


def _same_sweep(stimulus, group) -> bool:
    if "sweep_number" in stimulus.attrs and "sweep_number" in group.attrs:
        return bool(stimulus.attrs["sweep_number"] == group.attrs["sweep_number"])
    return abs(_start(stimulus) - _start(group)) < 1e-3


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _read_neo(path: Path) -> Recording:
    _needs("neo")
    reader = getattr(_needs("neo.io"), _NEO[path.suffix.lower()])(str(path))
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
    return Recording(path.name, list(channels.values()))
