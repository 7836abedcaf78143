"""Axon binary files, versions 1 and 2: signals, what every output commanded, and what the amplifier said.

The sections are parsed by neo; sweeps, outputs and epochs are put together here, since no library tells a command that is
known from one that is not.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...models.errors import DataError
from .recording import Array, Channel, Clamp, Recording, Source, Sweep, needs, sized, text

_BLOCK = 512
_EPISODIC = 5  # the only mode in which waveforms are played
_STEP, _RAMP = 1, 2
_HEADER_1 = 6144  # bytes; older headers are shorter, and what they lack is 0
_MORE_OF_1 = [
    ("sDACChannelName", 1306, "10s" * 4), ("sDACChannelUnit", 1346, "8s" * 4), ("fDACHoldingLevel", 1394, "4f"),
    ("nOldWaveformSource", 1438, "h"), ("nOldInterEpisodeLevel", 1442, "h"), ("nOldEpochType", 1444, "10h"),
    ("fOldEpochInitLevel", 1464, "10f"), ("fOldEpochLevelInc", 1504, "10f"), ("lOldEpochInitDuration", 1544, "10h"),
    ("lOldEpochDurationInc", 1564, "10h"), ("sDACFilePath", 2736, "256s" * 2), ("nULEnable", 3360, "4h"),
    ("nTelegraphMode", 4768, "16h"), ("fInstrumentHoldingLevel", 5298, "4f"),
]  # fmt: skip
_CLAMPS: dict[int | None, Clamp] = {0: Clamp.VOLTAGE, 1: Clamp.CURRENT, 2: Clamp.CURRENT}
_NO_CURRENT = 2  # the telegraph's I = 0


@dataclass
class Input:
    """A channel's names, scale, and its telegraph (None where it is silent)."""

    name: str
    unit: str
    gain: float
    offset: float
    telegraph: int | None


@dataclass
class Output:
    """What one output commands: holding level in its own unit, and its epochs (type, level, duration, and increments)."""

    number: int
    unit: str
    holding: float
    epochs: list[tuple[int, float, float, int, int]]
    stays: bool  # at the last epoch's level between sweeps
    file: str | None  # a waveform that stands in another file


@dataclass
class Header:
    """What both versions say, in one form."""

    mode: int
    rate_Hz: float
    data: tuple[int, int, str]  # first byte, samples of all channels, type
    episodes: int
    starts: list[tuple[float, int]]  # s, samples of all channels, for each sweep; empty where not listed
    inputs: list[Input]
    outputs: list[Output]
    varied: bool  # a user list changes epochs from sweep to sweep


def read_abf(path: Path) -> Recording:
    axon = needs("neo.rawio.axonrawio")
    content = path.read_bytes()
    header = (_version_1 if content[:4] == b"ABF " else _version_2)(axon, path, content)
    count = len(header.inputs)
    first, samples, kind = header.data
    sized(samples, "its header")
    if not count or first + samples * np.dtype(kind).itemsize > len(content):
        raise DataError(f"claims {samples:,} samples of {count} channels and holds {len(content):,} bytes")
    raw = np.frombuffer(content, kind, samples - samples % count, first).reshape(-1, count)
    bounds = _sweeps(header, len(raw), count)
    made = [Channel.of(line.name, line.unit) for line in header.inputs]
    recording = Recording(path.name, [channel for channel, _ in made])
    lengths = [stop - start for start, stop, _ in bounds]
    currents, recording.current_from, recording.silent = _currents(header, lengths)
    volts = [o for o in header.outputs if _unit(o) == "mV" and (o.epochs or o.file is not None or o.holding)]
    commands = [[level * Channel.of("", o.unit)[1] for level in _levels(o, lengths, header.varied)] for o in volts]
    for i, ((channel, factor), own) in enumerate(zip(made, header.inputs, strict=True)):
        channel.clamp = _CLAMPS.get(own.telegraph, Clamp.UNKNOWN)
        for k, (start, stop, at) in enumerate(bounds):
            scaled = raw[start:stop, i] * (own.gain * factor) + own.offset * factor
            channel.sweeps.append(Sweep(scaled, header.rate_Hz, at, None if currents is None else currents[k]))
        channel.commands_mV = commands if channel.unit == "mV" else []
    _read_telegraphs(recording, header)
    return recording


def _unit(line: Input | Output) -> str:
    return Channel.of("", line.unit)[0].unit


def _read_telegraphs(recording: Recording, header: Header) -> None:
    """What the telegraphs say of the mode; without them a command is not known to have been injected.

    Some rigs send 0, voltage clamp, whatever they do: it counts only where the first output commands a voltage.
    """
    said = [(c, i.telegraph) for c, i in zip(recording.channels, header.inputs, strict=True) if i.telegraph is not None]
    if not said:
        if recording.current_from is Source.COMMAND:
            recording.current_from = Source.UNKNOWN
            recording.silent = "no telegraph says that this was current clamp (--clamp current says so)"
        return
    commands_volts = bool(header.outputs) and _unit(header.outputs[0]) == "mV"
    potentials = [(c, word) for c, word in said if c.unit == "mV"]
    words = {word for _, word in potentials or said}
    if words == {_NO_CURRENT}:
        recording.current_from, recording.silent = Source.AMPLIFIER, ""
        for sweep in (sweep for channel in recording.channels for sweep in channel.sweeps):
            sweep.current = np.zeros(len(sweep.values))
    elif words <= {0} and commands_volts:
        recording.voltage_clamp = "the amplifier reported voltage clamp"
    elif words <= {0}:
        recording.notes.append("the amplifier reported voltage clamp, its units are current clamp's")


def _sweeps(header: Header, length: int, count: int) -> list[tuple[int, int, float]]:
    """First sample, end and start in s of each sweep; lengths and times are the file's own where it lists them."""
    lengths = [length // count for _, length in header.starts]
    if lengths and min(lengths) > 0 and sum(lengths) <= length:
        ends = np.cumsum(lengths).tolist()
        return [(end - n, end, at) for end, n, (at, _) in zip(ends, lengths, header.starts, strict=True)]
    episodes = max(header.episodes, 1) if header.mode != 3 else 1  # gap-free is one sweep
    size = length // episodes
    return [(k * size, (k + 1) * size, k * size / header.rate_Hz) for k in range(episodes)]


def _currents(header: Header, lengths: list[int]) -> tuple[list[Array] | None, Source, str]:
    """The current that all outputs together command in each sweep, in pA, or why it is not known.

    An output of another unit injects nothing that is known: it counts by ending rest where it departs from its level.
    """
    made = [(output, *Channel.of("", output.unit)) for output in header.outputs]
    amperes = [(output, factor) for output, channel, factor in made if channel.unit == "pA"]
    gone = [o for o in header.outputs if o.file is not None]
    if gone:
        files = ", ".join(f"output {o.number} played {o.file or 'a file'}" for o in gone)
        return None, Source.UNKNOWN, f"{files}, which is not part of the recording"
    if not amperes:
        return None, Source.UNKNOWN, "no output in a unit of current is described"
    holdings = {o.holding * factor for o, factor in amperes}
    if not all(np.isfinite(h) for h in holdings):
        return None, Source.UNKNOWN, "two holding levels are given for one output"
    if len(holdings) > 1 and sum(_unit(i) == "mV" for i in header.inputs) > 1:
        return None, Source.UNKNOWN, "outputs hold different currents, and the file does not say which cell each feeds"
    total = [np.zeros(n) for n in lengths]
    for output, channel, factor in made:
        for k, level in enumerate(_levels(output, lengths, header.varied)):
            total[k] += level * factor if channel.unit == "pA" else np.where(level == level[:1], 0.0, np.nan)
    return total, Source.COMMAND, ""


def _levels(output: Output, lengths: list[int], varied: bool) -> list[Array]:
    """An output's level in each sweep, in its own unit; NaN where it is not known, or never at rest (pulse trains).

    Clampex waits for a 64th of the sweep, at the holding level or where the last sweep ended, before the first epoch.
    """
    before, made = output.holding, []
    for k, n in enumerate(lengths):
        level = np.full(n, output.holding if output.file is None else np.nan)
        if output.epochs:
            at = first = n // 64
            level[:at] = last = before
            for kind, start, step, duration, longer in output.epochs:
                now, end = start + k * step, min(at + max(duration + k * longer, 0), n)
                level[at:end] = now if kind == _STEP or now == last else np.nan
                if kind == _RAMP:
                    level[at:end] = np.linspace(last, now, end - at)
                at, last = end, now
            before = last if output.stays else output.holding
            level[at:] = before
            if varied:
                level[first:] = np.nan
        made.append(level)
    return made


def _holding(own: float, instrument: float) -> float:
    """The level that an output holds: its own, or the instrument's; NaN where both say something, and not the same."""
    levels = [float(level) for level in (own, instrument) if 1e-15 < abs(level) < 1e6]  # others are bytes never written
    return 0.0 if not levels else levels[0] if math.isclose(levels[0], levels[-1], rel_tol=1e-6) else np.nan


def _file(paths: dict[int, bytes], n: int) -> str:
    return _plain(paths.get(n, b"")).replace("\\", "/").rsplit("/", 1)[-1]


def _plain(name: bytes) -> str:
    return text(bytes(name).replace(b"\xc2u", b"u").strip(b" \x00"))  # neo writes u for one byte of a two-byte µ


def _version_1(axon: Any, path: Path, content: bytes) -> Header:
    data = struct.unpack_from("<i", content, 40)[0] * _BLOCK
    head = content[: min(max(data, 2048), _HEADER_1)].ljust(_HEADER_1, b"\0")  # what follows a short header is data
    h: dict[str, Any] = {}
    for name, offset, form in (*axon.headerDescriptionV1, *_MORE_OF_1):
        values = struct.unpack_from(f"<{form}", head, offset)
        h[name] = values[0] if len(values) == 1 else values
    count = h["nADCNumChannels"]
    order = [i for i in h["nADCSamplingSeq"][:count] if 0 <= i < 16]
    if len(set(order)) < count:  # re-saved files repeat one number
        order = list(range(count))
    rate = 1e6 / (h["fADCSampleInterval"] * count)
    kind = "<f4" if h["nDataFormat"] == 1 else "<i2"
    of_channels = {name: values for name, values in h.items() if isinstance(values, tuple) and len(values) == 16}
    channels = [{name: values[i] for name, values in of_channels.items()} for i in order]
    inputs = [_input(adc["sADCChannelName"], adc["sADCUnits"], adc, h, kind) for adc in channels]
    old = h["fFileVersionNumber"] < 1.6
    outputs = [_output_1(h, n, old) for n in range(4)]
    first = data + h["nNumPointsIgnored"] * np.dtype(kind).itemsize
    listed = range(h["lSynchArrayPtr"] * _BLOCK, h["lSynchArrayPtr"] * _BLOCK + 8 * h["lSynchArraySize"], 8)
    return Header(
        h["nOperationMode"], rate, (first, h["lActualAcqLength"], kind), h["lActualEpisodes"],
        _starts(content, listed, h["fSynchTimeUnit"], rate, count), inputs,
        [output for output in outputs if output.unit or output.epochs or output.file is not None],
        not old and any(h["nULEnable"]),
    )  # fmt: skip


def _input(name: bytes, unit: bytes, adc: Mapping[str, Any], rig: Mapping[str, Any], kind: str) -> Input:
    """An input with its scale, from its own part of the header and from what holds for all."""
    telegraph = adc["nTelegraphMode"] if adc["nTelegraphEnable"] == 1 else None
    factor, zero = 1.0, 0.0
    if kind != "<f4":
        gain = adc["fInstrumentScaleFactor"] * adc["fSignalGain"] * adc["fADCProgrammableGain"]
        gain *= (adc["fTelegraphAdditGain"] or 1.0) if telegraph is not None else 1.0
        factor = rig["fADCRange"] / rig["lADCResolution"] / gain
        zero = adc["fInstrumentOffset"] - adc["fSignalOffset"]
    return Input(_plain(name), _plain(unit), factor, zero, telegraph)


def _starts(content: bytes, listed: range, unit: float, rate: float, count: int) -> list[tuple[float, int]]:
    """Start in s and samples of each sweep, from the bytes where these are listed; `unit` is in µs, 0 for samples."""
    pairs = (struct.unpack_from("<2i", content, at) for at in listed)
    return [(at * unit * 1e-6 if unit else at / rate / count, length) for at, length in pairs]


def _output_1(h: dict[str, Any], n: int, old: bool) -> Output:
    """Output `n`; before version 1.6 there was one waveform, and two since."""
    columns: tuple[Any, ...] = ()
    source, stays = 0, False
    if h["nOperationMode"] == _EPISODIC and old and n == h["nActiveDACChannel"]:
        source, stays = h["nOldWaveformSource"], h["nOldInterEpisodeLevel"]
        columns = tuple(h[f"{t}Old{name}"] for t, name in _EPOCH_FIELDS)
    elif h["nOperationMode"] == _EPISODIC and not old and n < 2 and h["nWaveformEnable"][n]:
        source, stays = h["nWaveformSource"][n], h["nInterEpisodeLevel"][n]
        columns = tuple(h[f"{t}{name}"][10 * n : 10 * n + 10] for t, name in _EPOCH_FIELDS)
    epochs = [epoch for epoch in zip(*columns, strict=True) if epoch[0]] if source == 1 else []
    file = _file(dict(enumerate(h["sDACFilePath"])), n) if source > 1 else None
    holding = _holding(h["fDACHoldingLevel"][n], h["fInstrumentHoldingLevel"][n])
    return Output(n, _plain(h["sDACChannelUnit"][n]), holding, epochs, bool(stays), file)


_EPOCH_FIELDS = (
    ("n", "EpochType"), ("f", "EpochInitLevel"), ("f", "EpochLevelInc"), ("l", "EpochInitDuration"),
    ("l", "EpochDurationInc"),
)  # fmt: skip


def _version_2(axon: Any, path: Path, content: bytes) -> Header:
    h = axon.parse_axon_soup(str(path))
    protocol, sections = h["protocol"], h["sections"]
    count = len(h["listADCInfo"])
    rate = 1e6 / protocol["fADCSequenceInterval"]
    kind = "<f4" if h["nDataFormat"] == 1 else "<i2"
    inputs = [_input(adc["ADCChNames"], adc["ADCChUnits"], adc, protocol, kind) for adc in h["listADCInfo"]]
    where = sections["StringsSection"]
    packed = content[where["uBlockIndex"] * _BLOCK :][: where["uBytes"]]
    strings = dict(enumerate(packed[packed.rfind(b"\0\0") :].split(b"\0")[1:]))
    outputs = []
    for dac in h["listDACInfo"]:
        epochs: list[tuple[int, float, float, int, int]] = []
        playing = dac["nWaveformEnable"] and protocol["nOperationMode"] == _EPISODIC
        if playing and dac["nWaveformSource"] == 1:
            own = [e for _, e in sorted(h["dictEpochInfoPerDAC"].get(dac["nDACNum"], {}).items())]
            epochs = [tuple(e[t + name] for t, name in _EPOCH_FIELDS) for e in own if e["nEpochType"]]
        file = _file(strings, dac["lDACFilePathIndex"]) if playing and dac["nWaveformSource"] > 1 else None
        holding = _holding(dac["fDACHoldingLevel"], dac["fInstrumentHoldingLevel"])
        unit, stays = _plain(dac["DACChUnits"]), bool(dac["nInterEpisodeLevel"])
        outputs.append(Output(dac["nDACNum"], unit, holding, epochs, stays, file))
    starts = _starts(content, _entries(sections["SynchArraySection"]), protocol["fSynchTimeUnit"], rate, count)
    data = sections["DataSection"]
    varied = any(struct.unpack_from("<h", content, at + 2)[0] for at in _entries(sections["UserListSection"]))
    return Header(
        protocol["nOperationMode"], rate, (data["uBlockIndex"] * _BLOCK, data["llNumEntries"], kind),
        h["lActualEpisodes"], starts, inputs, outputs, varied,
    )  # fmt: skip


def _entries(section: Mapping[str, int]) -> range:
    """The first byte of each entry of a section."""
    first, size = section["uBlockIndex"] * _BLOCK, section["uBytes"]
    return range(first, first + section["llNumEntries"] * size, size or 1)
