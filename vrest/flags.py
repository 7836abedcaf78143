"""The flags that several commands share, most of them made from the declarations of the configuration's settings."""

import argparse
import json
import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import Field, replace
from functools import partial
from typing import Any

from .fitting.experiment.command import Command
from .fitting.experiment.config import Config, Sampling, read_config
from .fitting.experiment.settings import (
    MODEL,
    TABLE,
    declaration,
    default_of,
    form,
    kind,
    read,
    settings,
    spelled_out,
)
from .models.errors import ConfigurationError, shown, spoken
from .models.files import read_toml
from .models.limits import TEMPERATURE_C, kelvin_as_celsius

FLAGGED = {f.name: f for of in (Config, Sampling) for f in settings(of).values() if declaration(f).flag}
"""The settings that have a flag, by name."""
ASKED = {f.name: f for f in settings(Command).values() if declaration(f).flag}
"""What some commands are asked beside the settings, by name."""


def add_data(parser: argparse.ArgumentParser, *groups: str, plan: bool = False) -> None:
    """Add DATA (or PLAN), how a table is read, the model's settings, and further `groups` of settings."""
    parser.add_argument(
        "data",
        nargs="?",
        metavar="PLAN" if plan else "DATA",
        help="a table (.csv, .tsv, .xlsx, .xls, .ods), a saved fit.nc or a bundled set (default: the configuration's)"
        + ("; V_m_mV is not needed and not used" if plan else ""),
    )
    add_setting_flags(parser, TABLE, MODEL, *groups)


def add_out(parser: argparse.ArgumentParser, what: str, default: str) -> None:
    """Add --out and --force, for a FOLDER or a FILE of results."""
    parser.add_argument("--out", type=_place, metavar=what, help=f"where results go (default: {default})")
    parser.add_argument("--force", action="store_true", help="replace what vrest wrote there, and nothing else")


def _place(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; leave it out, or name a place.")
    return text


def add_figure(parser: argparse.ArgumentParser) -> None:
    """Add --figure, for the figure in other formats."""
    parser.add_argument(
        "--figure", metavar="LIST", default="", help="further formats of figure.png, for a journal: svg,pdf,tiff"
    )


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Add --workers and --scheduler, for many fits."""
    parser.add_argument("--workers", type=whole(1, 10_000), default=1, metavar="N", help="processes here (default: 1)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a dask cluster instead, as in tcp://node1:8786")


def number(low: float = -1e6, high: float = 1e6) -> Callable[[str], float]:
    """What reads a flag's number, and refuses what is none or lies outside `low` to `high`."""

    def read(text: str) -> float:
        value = _number(text)
        if value is None:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number.")
        if not low <= value <= high:
            celsius = kelvin_as_celsius(value) if (low, high) == TEMPERATURE_C else None
            kelvin = "" if celsius is None else f" It looks like kelvin: give {celsius:.4g}."
            raise argparse.ArgumentTypeError(f"{text} is not between {low:g} and {high:g}.{kelvin}")
        return value

    return read


def whole(low: int, high: int) -> Callable[[str], int]:
    """As `number`, of whole numbers."""

    def read(text: str) -> int:
        value = _number(text)
        if not (isinstance(value, int) and low <= value <= high):
            raise argparse.ArgumentTypeError(f"{text} is not a whole number from {low} to {high}.")
        return value

    return read


def add_setting_flags(parser: argparse.ArgumentParser, *groups: str) -> None:
    """Add the flags of some `groups` of settings (TABLE, MODEL, SAMPLING) to a command, and --config."""
    for f in FLAGGED.values():
        s = declaration(f)
        if s.group not in groups:
            continue
        _add_flag(parser, f)
        if s.off_flag:
            parser.add_argument(s.off_flag, dest=f.name, action="store_const", const="off", help=f"{s.flag} off")
        if f.name == "columns":
            parser.add_argument(
                "--map-file", metavar="FILE", help=f"TOML file of such pairs, one a line; {s.flag} wins over it"
            )
    parser.add_argument("--config", metavar="FILE", help="TOML file with settings; flags win over it")


def add_asked(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add flags of what a command is asked beside the settings, which its configuration keeps."""
    for f in map(ASKED.__getitem__, names):
        s = declaration(f)
        _add_flag(parser, f, **{"type": whole(int(s.low or 0), int(s.high or 0))} if kind(f) is int else {})


def _add_flag(parser: argparse.ArgumentParser, f: Field, **further: Any) -> None:
    s = declaration(f)
    more: dict[str, Any] = {"action": "store_true"} if kind(f) is bool else {"metavar": s.metavar}
    if s.repeats:
        more["action"] = "append"
    meaning = (s.meaning + default_of(f) + ("; repeatable" if s.repeats else "")).replace("%", "%%")
    parser.add_argument(*filter(None, (s.short, s.flag)), dest=f.name, default=None, help=meaning, **more, **further)


def settings_from(options: argparse.Namespace) -> Config:
    """The configuration file, if any, with DATA and the flags laid over it.

    Raises
    ------
    ConfigurationError, UnknownNameError
        With the flag, or the file and the key.
    """
    config = Config()
    if path := getattr(options, "config", None):
        config = read_config(path)
        named = {name: getattr(config, name) for name in settings(Config) if getattr(options, name, None) is None}
        held = {name: value for name, value in named.items() if value != getattr(Config(), name)}
        if spoken.get() is as_flag:
            spoken.set(partial(as_flag, file=os.path.basename(path), held=held))
    given, asked = (
        {f.name: _read(f, typed) for f in of.values() if (typed := getattr(options, f.name, None)) is not None}
        for of in (FLAGGED, ASKED)
    )
    command = getattr(options, "command", "")
    repeated = config.command.repeated_by(command, str(path))
    for name in repeated.asked:
        if not hasattr(options, name):
            raise ConfigurationError(f"{path}: command.{name}: vrest {command} is not asked that; leave it out.")
    if path := getattr(options, "map_file", None):
        given["columns"] = {**mapping_file(path), **given.get("columns", {})}
    if (data := getattr(options, "data", None)) is not None:
        config = replace(config, data=data, data_sha256=None)  # the hash was of the configuration's own table
    return replace(config.updated(**given), command=replace(repeated, **asked))


def as_flag(name: str, value: Any = "", file: str = "the configuration", held: Mapping[str, Any] | None = None) -> str:
    """How a setting is typed on the command line, for messages: `--inside K=140`, `--map V_m_mV="RMP (mV)"`.

    A value that a configuration `file` gives (those `held` there) is named as it stands in the file.
    """
    f = (settings(Config) | settings(Sampling) | ASKED).get(name)
    flag = declaration(f).flag if f else f"--{name.replace('_', '-')}"
    given = (held or {}).get(name)
    within = isinstance(given, tuple) and set(value if isinstance(value, list) else [value]) <= set(given)
    if not flag or (value != "" and (given == value or within)):
        return f"{name} = {json.dumps(value, ensure_ascii=False) if value != '' else '…'} in {file}"
    if isinstance(value, Mapping):
        return " ".join(f"{flag} {_pair(str(key), str(one))}" for key, one in value.items())
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is True else str(value)
    return f"{flag} {quoted(text)}" if text else flag


def mapping_file(path: str) -> dict[str, str]:
    """Column names by contract name, from a TOML file of lines such as V_m_mV = "RMP (mV)"."""
    try:
        table = read_toml(path)
    except (OSError, ValueError) as error:  # TOML's errors and bad text are ValueErrors
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"--map-file {path}: cannot be read: {reason}.") from None
    for name, column in table.items():
        if not isinstance(column, str):
            raise ConfigurationError(
                f'--map-file {path}: {name} = {shown(column)} is not a name, as in V_m_mV = "RMP (mV)".'
            )
    return table


def _read(f: Field, typed: Any) -> Any:
    """A setting's value from what was typed after its flag."""
    of, flag = kind(f), declaration(f).flag
    if of in (int, float) and isinstance(typed, str):
        number = _number(typed)
        if number is None:
            raise ConfigurationError(f"{flag} {shown(typed)} is not {form(f)}.")
        return read(f, number, lambda name, value: f"{flag} {typed}")
    said = " ".join(typed) if isinstance(typed, list) else typed
    if isinstance(said, str) and not said.strip(" ,") and f.default != "":
        raise ConfigurationError(f"{flag} {said!r} is empty; leave it out, or say what it is.")
    return read(f, spelled_out(f, typed), lambda name, value: f"{flag} {said}")


def _number(text: str) -> int | float | None:
    """A number as typed; None where it is none. Python's own extras (1_000, ５) are none."""
    if re.fullmatch(r"[-+]?[0-9]{1,300}", text):  # int() itself takes 4300 figures at most
        return int(text)
    return float(text) if re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", text) else None


def _pair(key: str, value: str) -> str:
    return f"{key}={quoted(value)}" if quoted(key) == key else quoted(f"{key}={value}")


def quoted(text: str) -> str:
    """A word of a command as it is typed, in quotation marks where it needs them."""
    if re.search(r'["`$!\\]', text):  # a shell reads these within double quotes
        return shlex.quote(text)
    return f'"{text}"' if re.search(r"[\s()'&|;<>*?$#]", text) else text
