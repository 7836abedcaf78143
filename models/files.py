"""Reads small files of text, whole, and no more than that: a device or a pipe without end is refused, not read."""

import tomllib
from pathlib import Path
from typing import Any

MOST = 4 * 2**20
"""Bytes; a configuration or a file of recipes has thousands."""


def read_text(path: str | Path) -> str:
    """The text of a small file; OSError where it cannot be read, ValueError where it is too large or no UTF-8."""
    with Path(path).open("rb") as file:
        content = file.read(MOST + 1)
    if len(content) > MOST:
        raise ValueError(f"it is larger than {MOST // 2**20} MB")
    return content.decode("utf-8-sig")


_DEEPEST = 50  # brackets


def read_toml(path: str | Path) -> dict[str, Any]:
    """The tables of a small TOML file; OSError or ValueError where it has none."""
    text = read_text(path)
    if too_deep(text):
        raise ValueError("it has brackets within brackets beyond measure")
    return tomllib.loads(text)


def too_deep(text: str) -> bool:
    """Whether brackets stand within brackets, deeper than any file of settings or recipes has them, or can be parsed."""
    depth = 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        if depth > _DEEPEST:
            return True
    return False
