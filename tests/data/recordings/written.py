"""Recordings written by the tests: what each holds is known, since it was put there."""

import struct
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from .signals import RATE


def write_abf(path: Path, *sweeps: np.ndarray, unit: str = "mV") -> Path:
    """pyABF's own file: nothing in it describes an output."""
    from pyabf.abfWriter import writeABF1

    writeABF1(np.array(sweeps), str(path), RATE, units=unit)
    return path


def abf1(
    path: Path,
    channels: dict[str, tuple[str, list[np.ndarray]]],
    outputs: tuple[str, ...] = ("pA",),
    *,
    epochs: dict[int, list[tuple]] | None = None,
    holding: dict[int, float] | None = None,
    telegraph: dict[int, int] | None = None,
    files: dict[int, str] | None = None,
    instrument: dict[int, float] | None = None,
    **header: object,
) -> Path:
    """Clampex 9's file. `channels` are name: (unit, sweeps); `epochs` of an output are (level, increment, samples).

    `telegraph` is the amplifier's word on an input (by default: current clamp on the first); other fields of the header
    are given by name.
    """
    h = bytearray(6144)
    count, lengths = len(channels), [len(v) for v in next(iter(channels.values()))[1]]

    def put(form: str, at: int, *values: object) -> None:
        struct.pack_into(f"<{form}", h, at, *values)

    put("4sfh", 0, b"ABF ", 1.83, 5)
    put("i", 10, sum(lengths) * count)
    put("i", 16, len(lengths))
    put("i", 40, 12)
    put("h", 120, count)
    put("f", 122, 1e6 / RATE / count)
    put("i", 138, lengths[0] * count)
    put("f", 244, 10.0)
    put("i", 252, 32768)
    put("16h", 410, *range(count), *[-1] * (16 - count))
    for i, (name, (unit, _)) in enumerate(channels.items()):
        put("10s", 442 + 10 * i, name.encode("latin-1").ljust(10))
        put("8s", 602 + 8 * i, unit.encode("latin-1").ljust(8))
        for at, value in ((730, 1.0), (922, 0.01), (1050, 1.0), (4576, 1.0)):
            put("f", at + 4 * i, value)
    for i, unit in enumerate(outputs):
        put("8s", 1346 + 8 * i, unit.encode("latin-1").ljust(8))
        put("f", 1394 + 4 * i, (holding or {}).get(i, 0.0))
        put("f", 5298 + 4 * i, (instrument or {}).get(i, 0.0))
    for i, listed in (epochs or {}).items():
        put("h", 2296 + 2 * i, 1)
        put("h", 2300 + 2 * i, 1)
        for k, (level, step, samples, *kind) in enumerate(listed):
            n = 10 * i + k
            put("h", 2308 + 2 * n, *(kind or [1]))
            for at, form, value in ((2348, "f", level), (2428, "f", step), (2508, "i", samples)):
                put(form, at + 4 * n, value)
    for i, name in (files or {}).items():
        put("h", 2296 + 2 * i, 1)
        put("h", 2300 + 2 * i, 2)
        put("256s", 2736 + 256 * i, name.encode())
    for i, mode in ({0: 1} if telegraph is None else telegraph).items():
        put("h", 4512 + 2 * i, 1)
        put("h", 4768 + 2 * i, mode)
    places = {
        "mode": ("h", 8),
        "stays": ("2h", 2304),
        "synch": ("2i", 92),
        "synch_unit": ("f", 130),
        "user_list": ("h", 3360),
    }
    for name, value in header.items():
        form, at = places[name]
        put(form, at, *(value if isinstance(value, tuple) else (value,)))
    data = np.concatenate([np.stack(sweeps, axis=1) for sweeps in zip(*(s for _, s in channels.values()), strict=True)])
    content = bytes(h) + np.round(data / (10 / 32768 / 0.01)).astype("<i2").tobytes()
    if "synch" in header:  # starts in units of `synch_unit` µs, lengths in samples of all channels
        content = content.ljust((len(content) // 512 + 1) * 512, b"\0")
        content = content[:92] + struct.pack("<2i", len(content) // 512, len(lengths)) + content[100:]
        for k, n in enumerate(lengths):
            content += struct.pack("<2i", int(header["synch"][0]) * k, n * count)
    path.write_bytes(content)
    return path


def abf2(
    path: Path,
    channels: dict[str, tuple[str, list[np.ndarray]]],
    outputs: tuple[str, ...] = ("pA",),
    *,
    epochs: dict[int, list[tuple]] | None = None,
    holding: dict[int, float] | None = None,
    telegraph: dict[int, int] | None = None,
    files: dict[int, str] | None = None,
    mode: int = 5,
    floats: bool = False,
    user_list: bool = False,
) -> Path:
    """Clampex 10's file, by sections; the arguments are those of `abf1`."""
    count, lengths = len(channels), [len(v) for v in next(iter(channels.values()))[1]]
    texts = ["", "Clampex"]

    def text(value: str) -> int:
        texts.extend([value] * bool(value))
        return len(texts) - 1 if value else 0

    def section(size: int, *fields: tuple[str, int, object]) -> bytes:
        made = bytearray(size)
        for form, at, value in fields:
            struct.pack_into(f"<{form}", made, at, value)
        return bytes(made)

    adc = [
        section(128, ("h", 0, i), ("h", 2, int(i in (telegraph if telegraph is not None else {0: 1}))), ("f", 6, 1.0),
                ("h", 18, (telegraph if telegraph is not None else {0: 1}).get(i, 0)), ("f", 28, 1.0), ("f", 40, 0.01),
                ("f", 48, 1.0), ("i", 74, text(name)), ("i", 78, text(unit)))
        for i, (name, (unit, _)) in enumerate(channels.items())
    ]  # fmt: skip
    dac = [
        section(256, ("h", 0, i), ("f", 12, (holding or {}).get(i, 0.0)), ("i", 24, text(f"Cmd {i}")), ("i", 28, text(unit)),
                ("h", 40, int(i in (epochs or {}) or i in (files or {}))), ("h", 42, 2 if i in (files or {}) else 1),
                ("i", 118, text((files or {}).get(i, ""))))
        for i, unit in enumerate(outputs)
    ]  # fmt: skip
    per_dac = [
        section(48, ("h", 0, k), ("h", 2, i), ("h", 4, (kind or [1])[0]), ("f", 6, level), ("f", 10, step), ("i", 14, samples))
        for i, listed in (epochs or {}).items() for k, (level, step, samples, *kind) in enumerate(listed)
    ]  # fmt: skip
    protocol = section(512, ("h", 0, mode), ("f", 2, 1e6 / RATE), ("f", 14, 100.0), ("i", 22, lengths[0] * count),
                       ("f", 110, 10.0), ("i", 118, 32768))  # fmt: skip
    synch = [struct.pack("<2i", 20_000 * k, n * count) for k, n in enumerate(lengths)]
    data = np.concatenate([np.stack(sweeps, axis=1) for sweeps in zip(*(s for _, s in channels.values()), strict=True)])
    stored = data.astype("<f4") if floats else np.round(data / (10 / 32768 / 0.01)).astype("<i2")
    strings = b"SSCH" + bytes(40) + b"\0".join(t.encode("latin-1") for t in texts) + b"\0"
    parts: dict[int, tuple[int, int, bytes]] = {
        0: (512, 1, protocol), 1: (128, count, b"".join(adc)), 2: (256, len(dac), b"".join(dac)),
        5: (48, len(per_dac), b"".join(per_dac)), 6: (64, int(user_list), b"\0\0\1\0".ljust(64, b"\0") * user_list),
        9: (len(strings), len(texts), strings), 10: (stored.itemsize, stored.size, stored.tobytes()),
        15: (8, len(synch), b"".join(synch)),
    }  # fmt: skip
    head, body = bytearray(512), b""
    struct.pack_into("<4s4bII", head, 0, b"ABF2", 0, 0, 0, 2, 512, len(lengths))
    struct.pack_into("<II6xH", head, 16, 20240101, 0, int(floats))
    struct.pack_into("<I", head, 60, 1)
    for n, (size, entries, content) in parts.items():
        struct.pack_into("<IIq", head, 76 + 16 * n, 1 + len(body) // 512 if entries else 0, size, entries)
        body += content.ljust(-(-len(content) // 512) * 512, b"\0")
    path.write_bytes(bytes(head) + body)
    return path


def nwb(
    path: Path, sweeps: list[np.ndarray], kind: str = "CurrentClampSeries", currents: list[np.ndarray] | None = None,
    bias: float | None = None,
) -> Path:  # fmt: skip
    """NWB 2 by pynwb: sweeps in mV, and stimuli in pA."""
    from pynwb import NWBHDF5IO, NWBFile, icephys

    file = NWBFile("written by a test", "it", datetime(2024, 1, 1, tzinfo=UTC))
    electrode = file.create_icephys_electrode("e0", description="patch", device=file.create_device("amplifier"))
    shared = {"electrode": electrode, "gain": 1.0, "rate": float(RATE)}
    for i, v in enumerate(sweeps):
        more = {} if bias is None else {"bias_current": bias * 1e-12}
        file.add_acquisition(
            getattr(icephys, kind)(name=f"sweep{i}", data=np.float32(v), starting_time=3.0 * i, conversion=1e-3,
                                   sweep_number=np.uint32(i), **shared, **more)
        )  # fmt: skip
        if currents is not None:
            data = np.float32(currents[i] * 1e-12)
            file.add_stimulus(
                icephys.CurrentClampStimulusSeries(
                    name=f"step{i}", data=data, starting_time=3.0 * i, sweep_number=np.uint32(i), **shared
                )
            )
    with NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


def nwb1(
    path: Path, sweeps: list[np.ndarray], currents: list[np.ndarray] | None, units: tuple[str, str] = ("Volts", "Amps")
) -> Path:
    """NWB 1.0 as the first instruments wrote it: ancestry in place of a type, a version as a data set."""
    import h5py

    with h5py.File(path, "w") as file:
        file["nwb_version"] = b"NWB-1.0.5"
        kinds = [("acquisition/timeseries", b"CurrentClampSeries", sweeps, 1e-3, units[0])]
        kinds += (
            [("stimulus/presentation", b"CurrentClampStimulusSeries", currents, 1e-12, units[1])] if currents else []
        )
        for folder, kind, values, factor, unit in kinds:
            for i, v in enumerate(values):
                group = file.create_group(f"{folder}/Sweep_{i}")
                group.attrs["ancestry"] = np.array([b"TimeSeries", b"PatchClampSeries", kind])
                group.attrs["neurodata_type"] = "TimeSeries"
                group["data"] = np.float32(v * factor)
                group["data"].attrs.update({"unit": unit, "conversion": 1.0})
                group["starting_time"] = 2.0 * i
                group["starting_time"].attrs["rate"] = float(RATE)
                group["electrode_name"] = b"Electrode 1"
    return path


def ibw(path: Path, v: np.ndarray, unit: str = "V") -> Path:
    """Igor's binary wave, version 2, in SI units: a header whose 16-bit words sum to zero, and the data."""
    data = np.asarray(v * (1e-3 if unit == "V" else 1e-12), dtype="<f4").tobytes()
    zeros = [0] * 3 + [0.0, 0.0] + [0] * 5
    wave = struct.pack("<hI20shhI4s4sihddhhhddbbIiI2sII", 2, 0, path.stem.encode()[:18], 0, 0, 0, unit.encode(), b"s", len(v),
                       0, 1 / RATE, 0.0, *zeros, b"", 0, 0)  # fmt: skip
    head = struct.pack("<hiii", 2, len(wave) + 16 + len(data), 0, 0)
    words = sum(np.frombuffer(head + b"\0\0" + wave, dtype="<i2").tolist())
    path.write_bytes(head + struct.pack("<h", (2**15 - words) % 2**16 - 2**15) + wave + data + bytes(16))
    return path


def atf(
    path: Path, columns: list[tuple[str, str, np.ndarray]], starts: str = "", ms: bool = False, signals: bool = True
) -> Path:
    """Axon text: columns of (signal, unit, values), sweep by sweep."""
    n = max(len(v) for _, _, v in columns)
    records = ['"AcquisitionMode=Episodic Stimulation"', f'"SweepStartTimesMS={starts}"']
    records += ["\t".join(['"Signals="', *(f'"{name}"' for name, _, _ in columns)])] if signals else []
    titles = [
        f'"Time ({"ms" if ms else "s"})"',
        *(f'"Trace #{k + 1} ({unit})"' for k, (_, unit, _) in enumerate(columns)),
    ]
    lines = ["ATF\t1.0", f"{len(records)}\t{1 + len(columns)}     ", *records, "\t".join(titles)]
    for i in range(n):
        cells = [f"{v[i]:.5g}" if i < len(v) else "" for _, _, v in columns]
        lines.append("\t".join([f"{i / RATE * (1e3 if ms else 1):.6g}", *cells]))
    path.write_bytes("\r\n".join(lines).encode("latin-1"))
    return path


def stimfit(path: Path, channels: dict[str, tuple[str, list[np.ndarray]]], xunits: str = "ms") -> Path:
    import h5py

    kind = np.dtype([("dt", "<f8"), ("xunits", "S16"), ("yunits", "S16")])
    with h5py.File(path, "w") as file:
        file["channels/ch0"] = b"Vm"
        file["description"] = np.zeros(1, np.dtype([("channels", "<i4"), ("date", "S128")]))
        for name, (unit, sweeps) in channels.items():
            for k, v in enumerate(sweeps):
                section = file.create_group(f"{name}/section_{k}")
                section["data"] = v
                dt = 1 / RATE * (1e3 if xunits == "ms" else 1)
                section["description"] = np.array([(dt, xunits.encode(), unit.encode())], kind)
    return path
