"""Every error that a person can cause has a name here, and carries a sentence: what, where, why, what to do."""

import difflib
import json
import reprlib
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from datetime import date
from pathlib import Path
from typing import Any


class VrestError(Exception):
    """Base of all errors meant for the user; the command line prints its text and ends with status 2.

    `setting` is the one at fault, where that is known: whoever knows the file that it stands in names this.
    """

    def __init__(self, text: str = "", *, setting: str = "") -> None:
        super().__init__(text)
        self.setting = setting


class UnknownNameError(VrestError):
    """A law, ion, parameter, data set or cell that does not exist."""


class ConfigurationError(VrestError):
    """A setting that cannot be read, is missing, or contradicts another."""


class DataError(VrestError):
    """A table that cannot be trusted: its text lists every fault by file, row and column.

    `found` is the table's `Faults`, where it has them one by one, for whoever marks them at their cells.
    """

    def __init__(self, text: str, found: Any = None) -> None:
        super().__init__(text)
        self.found = found


class VrestWarning(UserWarning):
    """Base of all warnings meant for the user; the command line prints their text."""


class DataWarning(VrestWarning):
    """Something about the recordings that the user should know, and that does not stop the work."""


class RepairWarning(DataWarning):
    """Something in a table was repaired on reading; the Dataset's attribute `repairs` lists the same."""


class FileWarning(VrestWarning):
    """Something about the files that are written: what stays, or where else results are."""


class SamplerWarning(VrestWarning):
    """Another sampler than the one asked for draws, and why; results are as good."""


def no_such_file(path: Path) -> str:
    """The sentence for a file that is not there, with the nearest name that is."""
    siblings = [p.name for p in path.parent.iterdir() if p.is_file()] if path.parent.is_dir() else []
    return f"{path.name}: there is no such file in {path.parent.resolve()}.{nearest(path.name, siblings)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """' Did you mean X?' for the known name closest to `name`, or an empty string."""
    by_lower = {k.lower(): k for k in known}
    match = difflib.get_close_matches(str(name).lower(), by_lower, n=1, cutoff=0.5)
    return f" Did you mean {by_lower[match[0]]!r}?" if match else ""


class _Short(reprlib.Repr):
    def repr_bool(self, value: bool, level: int) -> str:
        return str(value).lower()

    def repr_date(self, value: date, level: int) -> str:
        return value.isoformat()

    repr_datetime = repr_time = repr_date


_SHORT = _Short(maxstring=80, maxother=80, maxlong=80, maxlevel=3)


def shown(value: Any) -> str:
    """A value for a message: short, whatever it is, and as a configuration file would have it."""
    return _SHORT.repr(value)


def visible(text: str) -> str:
    """Text from files as one line, whatever control characters or bytes stand in it: those of a terminal do nothing."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


spoken: ContextVar[Callable[[str, Any], str] | None] = ContextVar("spoken", default=None)
"""How settings are typed where the program runs: the command line puts its flags here; without, as Python keywords."""


def typed(setting: str, value: Any = "") -> str:
    """How a setting is typed, for sentences: `inside="K=140"` in Python, `--inside K=140` on the command line."""
    if (speak := spoken.get()) is not None:
        return speak(setting, value)
    if value == "":
        return f"{setting}=…"
    return f"{setting}={value if value is True else json.dumps(value, ensure_ascii=False)}"
