"""Simulations of a recovery as they are finished, a line each with its checksum, so that a stopped run can go on."""

import json
import os
from pathlib import Path
from typing import Any
from zlib import crc32

from ...models.errors import ConfigurationError


def read_log(path: Path, run: str) -> dict[int, dict[str, Any]]:
    """Simulations that an earlier part of the `run` finished; a line that was cut off in the middle of writing does not count.

    A file that is damaged, or of another run, raises ConfigurationError.
    """
    if not path.exists():
        return {}
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if not whole:  # killed as it wrote the first line
        path.unlink()
        return {}
    lines = []
    for line in whole.splitlines():
        given, _, text = line.partition(b" ")
        if given != _checksum(text):
            raise ConfigurationError(f"{path} is damaged; start anew with --force.")
        lines.append(json.loads(text))
    if lines[0].get("run") != run:
        raise ConfigurationError(
            f"{path.parent} holds an unfinished run with other settings. Type the command as it was to finish it, or start"
            " anew with --force."
        )
    if whole != content:
        os.truncate(path, len(whole))
    return {record["simulation"]: record for record in lines[1:]}


def append(path: Path, run: str, record: dict[str, Any]) -> None:
    """Write down a simulation at once; the first line of the file says whose run it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    start = [] if path.exists() else [{"run": run}]
    try:
        texts = [json.dumps(line).encode() for line in [*start, record]]
        with path.open("ab") as file:
            file.writelines(b"%b %b\n" % (_checksum(text), text) for text in texts)
    except OSError as error:
        error.filename = str(path)
        raise


def _checksum(text: bytes) -> bytes:
    return b"%08x" % crc32(text)
