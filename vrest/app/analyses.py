"""Analyses on disk: a folder for each, with its table, what was asked, and the results; nothing stands outside `root`."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from ..models.errors import ConfigurationError

STATE = "analysis.json"
ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


class Analysis:
    """One table, what is asked of it, and its runs. `state` is a plain dict, kept in `STATE`.

    Its keys: `data` (the table: a file of the folder, or a bundled set), `original` (the file or set it began with),
    `settings` (by name, as typed after their flags), `more` (TOML lines of settings without a flag), `plan` (rows of text).
    """

    def __init__(self, path: Path) -> None:
        self.path, self.id = path, path.name

    @property
    def state(self) -> dict[str, Any]:
        try:
            return json.loads((self.path / STATE).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigurationError(
                f"{self.path / STATE} is damaged ({error}); its tables and results are whole."
            ) from None

    def save(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Lay changes over the state, whole or not at all."""
        state = (self.state if (self.path / STATE).exists() else {}) | dict(changes)
        write_whole(self.path / STATE, json.dumps(state, ensure_ascii=False, indent=1).encode())
        return state

    def file(self, name: str, *parts: str) -> Path:
        """A file of the folder that stands in it and is no link to elsewhere."""
        path = self.path.joinpath(name, *parts)
        if not path.is_file() or self.path.resolve() not in path.resolve().parents:
            raise ConfigurationError(f"{Path(name, *parts)}: there is no such file in {self.id}.")
        return path


class Analyses:
    """All analyses of a folder, which is made where it is not there."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.root.mkdir(parents=True, exist_ok=True)

    def all(self) -> list[Analysis]:
        """The latest first."""
        found = [p.parent for p in self.root.glob(f"*/{STATE}") if _ID.fullmatch(p.parent.name)]
        return [Analysis(path) for path in sorted(found, key=lambda p: (p / STATE).stat().st_mtime, reverse=True)]

    def get(self, name: str) -> Analysis:
        path = self.root / name
        if not (_ID.fullmatch(name) and (path / STATE).is_file() and path.resolve().parent == self.root):
            raise ConfigurationError(f"{name[:60]}: there is no such analysis in {self.root}.")
        return Analysis(path)

    def new(self, name: str, content: bytes | None) -> Analysis:
        """A new analysis: of a file's content, or of the bundled set `name` where there is none."""
        given = Path(name.replace("\\", "/")).name
        ending = Path(given).suffix.lower()
        if content is not None and ending not in ENDINGS:
            raise ConfigurationError(f"{given[:60]}: not a table that can be read. These can: {', '.join(ENDINGS)}.")
        stem = re.sub(r"[^A-Za-z0-9_]+", "-", Path(given).stem).strip("-_")[:40] or "table"
        folder = self.root / free(self.root, stem.lower().replace("_", "-"))
        folder.mkdir()
        try:
            data = name if content is None else f"{stem}{ending}"
            if content is not None:
                write_whole(folder / data, content)
            Analysis(folder).save({"data": data, "original": data, "settings": {}, "more": "", "plan": []})
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return Analysis(folder)


def free(folder: Path, stem: str, ending: str = "") -> str:
    """The first name of `stem`, `stem-2`, … that nothing in the folder has."""
    names = (f"{stem}{'' if n == 1 else f'-{n}'}{ending}" for n in count(1))
    return next(name for name in names if not os.path.lexists(folder / name))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file aside, then put it in place, so that what is there is whole."""
    handle, aside = tempfile.mkstemp(prefix=f".{path.name[:40]}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(aside, path)
    except OSError as error:
        Path(aside).unlink(missing_ok=True)
        error.filename, error.filename2 = str(path), None
        raise
