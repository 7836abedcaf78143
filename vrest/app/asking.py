"""From what is set on the page to what would be typed: settings as flags, and the settings that there are."""

from collections.abc import Mapping
from dataclasses import Field
from typing import Any, get_origin

from ..fitting.experiment.settings import MODEL, ONE_FIT, SAMPLING, TABLE, declaration, default_of, kind, words
from ..flags import FLAGGED, quoted
from ..models.errors import ConfigurationError

MORE = "more-settings.toml"
"""File of the settings that have no flag, beside the table."""


def typed_settings(state: Mapping[str, Any], *groups: str) -> list[str]:
    """What follows a command: the table, and a flag for each setting of some `groups` that was set."""
    argv = [state["data"]]
    for name, value in state["settings"].items():
        f = FLAGGED.get(name)
        if f is None:
            raise ConfigurationError(f"{name[:80]}: there is no such setting.")
        if declaration(f).group in groups and value not in ("", False, None, []):
            for one in value if isinstance(value, list) else [value]:
                argv += typed_flag(declaration(f).flag, one)
    return argv + (["--config", MORE] if state["more"].strip() else [])


def typed_flag(flag: str, value: Any) -> list[str]:
    """A flag and its value as the command line takes them apart."""
    text = str(value)
    return [flag] if value is True else [f"{flag}={text}"] if text.startswith("-") else [flag, text]


def command(*argv: str) -> str:
    """The command as it is typed."""
    return " ".join(["vrest", *map(quoted, argv)])


def _form(f: Field) -> dict[str, Any]:
    """What a page needs to know to ask for a setting."""
    s, of, choices = declaration(f), kind(f), words(f)
    if of is bool:
        form = "yes"
    elif s.repeats:
        form = "several"
    elif choices and get_origin(of) is not tuple:
        form = "choice"
    else:
        form = "number" if of in (int, float) else "text"
    return {
        "name": f.name, "flag": s.flag, "group": s.group, "form": form, "choices": choices, "metavar": s.metavar,
        "meaning": s.meaning[:1].upper() + s.meaning[1:] + default_of(f) + ".", "low": s.low, "high": s.high,
        "whole": of is int,
    }  # fmt: skip


def offered() -> dict[str, Any]:
    """Everything that can be chosen: settings, laws, options, presets, columns, bundled sets."""
    from ..data.sets.bundled import datasets
    from ..data.tables.schema import COLUMNS
    from ..fitting.experiment.inside import TYPICAL
    from ..models.ions import IONS
    from ..models.laws.options import OPTIONS
    from ..models.laws.registry import LAWS
    from ..models.presets import PRESETS

    forms = {name: _form(f) for name, f in FLAGGED.items()}
    forms["preset"] |= {"form": "choice", "choices": list(PRESETS)}
    return {
        "settings": list(forms.values()),
        "laws": [
            {"name": one.name, "summary": one.summary, "options": one.options, "only": one.only}
            for one in LAWS.values()
        ],
        "options": {name: one.meaning for name, one in OPTIONS.items()},
        "ions": list(IONS),
        "typical": TYPICAL,
        "columns": [{"name": c.name, "meaning": c.meaning} for c in COLUMNS.values()],
        "sets": [
            {"name": book.name, "title": book.title, "measured": book.measured}
            for book in datasets().values()
            if book.recordings
        ],
    }


ASKED = (TABLE, MODEL)
"""Groups of settings for commands that sample nothing; `SAMPLED` for those that do."""
SAMPLED = (*ASKED, SAMPLING, ONE_FIT)
