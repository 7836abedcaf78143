"""A recording in memory: channels of sweeps, the current that was injected, and the units that files write."""

from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import ConfigurationError, DataError, visible

Array = NDArray[np.float64]
MOST_SAMPLES = 500_000_000  # 4 GB in memory; a larger claim is a damaged header
_PREFIXES = {"": 0, "m": -3, "milli": -3, "u": -6, "micro": -6, "n": -9, "nano": -9, "p": -12, "pico": -12}
_UNITS = {
    prefix + name: (unit, 10.0 ** (power + to))
    for names, unit, to in ((("v", "volt", "volts"), "mV", 3), (("a", "amp", "amps", "ampere", "amperes"), "pA", 12))
    for prefix, power in _PREFIXES.items()
    for name in names
} | dict.fromkeys(("c", "degc", "deg.c", "celsius", "degreescelsius"), ("°C", 1.0))
_SPELLING = str.maketrans({"µ": "u", "μ": "u", "°": "deg", " ": None, "_": None, "\x00": None})


class Source(StrEnum):
    """Where the injected current is known from: the column `current_from`."""

    MEASURED = "measured"  # a channel of the recording shows it
    COMMAND = "command"  # the outputs that the file describes
    STIMULUS = "stimulus"  # the stimulus stored beside each sweep
    AMPLIFIER = "amplifier"  # which said that it injects none (I = 0)
    ASSUMED = "assumed"  # the user's word
    UNKNOWN = "unknown"


class Clamp(StrEnum):
    """What is known of the amplifier's mode."""

    CURRENT = "current"
    VOLTAGE = "voltage"
    UNKNOWN = "unknown"


@dataclass
class Sweep:
    """One stretch of signal.

    `current` is the current injected at each sample in pA, as commanded or stored beside the sweep: NaN where it is
    changing or not known, None where nothing describes it.
    """

    values: Array  # in the channel's unit
    rate_Hz: float
    start_s: float = 0.0  # of the first sample, in the recording
    current: Array | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.rate_Hz <= 1e8:
            raise ValueError(f"it claims {self.rate_Hz:g} samples per second")
        self.values = _known(self.values)
        self.current = None if self.current is None else _known(self.current)


@dataclass
class Channel:
    """One signal of a recording; `unit` is mV, pA, °C, or what the file says where it is none of these.

    `clamp` is the amplifier's word about this channel; `commands_mV` are the sweeps of each output that commanded a voltage.
    """

    name: str
    unit: str
    sweeps: list[Sweep] = field(default_factory=list)
    clamp: Clamp = Clamp.UNKNOWN
    commands_mV: list[list[Array]] = field(default_factory=list)

    @classmethod
    def of(cls, name: str, unit: str) -> tuple["Channel", float]:
        """A channel in mV, pA or °C, and what its file's values are to be multiplied with."""
        own, factor = _UNITS.get(unit.lower().translate(_SPELLING), (unit.strip(" \x00"), 1.0))  # not n.a. to nA
        return cls(visible(name.strip(" \x00")) or "unnamed", visible(own)), factor

    @property
    def title(self) -> str:
        return f"{self.name} ({self.unit or 'no unit'})"


@dataclass
class Recording:
    """A recording file."""

    name: str
    channels: list[Channel]  # those in a unit of current as well
    current_from: Source = Source.UNKNOWN  # what the sweeps' `current` comes from
    silent: str = "the file does not describe it"  # why the injected current is unknown; empty where it is
    voltage_clamp: str = ""  # a sign of voltage clamp, in words; empty where there is none
    notes: list[str] = field(default_factory=list)  # what a reader of the row should know
    files: list[Path] = field(default_factory=list)  # all that was read together


def _known(values: Array) -> Array:
    return values if np.isfinite(values).all() else np.where(np.isfinite(values), values, np.nan)


def finite(values: Array) -> Array:
    return values[np.isfinite(values)]


def sized(samples: int, where: str) -> int:
    """The number of samples, refused where no recording has as many."""
    if not 0 <= samples <= MOST_SAMPLES:
        raise DataError(f"claims {samples:,} samples in {where}")
    return samples


def text(value: object) -> str:
    """Text of a file: UTF-8, or Latin-1 where it is not."""
    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def needs(package: str, extra: str = "recordings") -> Any:
    try:
        return import_module(package)
    except ImportError:
        missing = f"{package.split('.')[0]}, which is not installed"
        raise ConfigurationError(f'reading this format needs {missing}: pip install "vrest[{extra}]".') from None
