"""Names that stay names when a spreadsheet opens the file: a text that would start a formula gets an apostrophe."""

import re
from pathlib import Path

import pandas as pd

_STARTS = ("=", "+", "-", "@", "\t", "\r")
_MADE = re.compile("'+[=+\\-@\t\r]")  # with more than one apostrophe, of a text that had some itself


def inert(text: object) -> object:
    """What stands in a CSV for a text; numbers and other texts stay as they are."""
    return f"'{text}" if isinstance(text, str) and (text.startswith(_STARTS) or _MADE.match(text)) else text


def as_written(text: str) -> str:
    """The text that `inert` made inert, or any other as it is."""
    return text[1:] if _MADE.match(text) else text


def csv_text(frame: pd.DataFrame) -> str:
    """A table as CSV, its texts and column names inert."""
    texts = frame.select_dtypes(exclude="number").columns
    return frame.assign(**{name: frame[name].map(inert) for name in texts}).rename(columns=inert).to_csv(index=False)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write `csv_text` to a file."""
    path.write_text(csv_text(frame), encoding="utf-8", newline="")
