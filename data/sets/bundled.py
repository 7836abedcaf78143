"""The data sets that come with the package, each with a codebook saying what is measured and what assumed."""

import textwrap
import tomllib
import warnings
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import xarray as xr

from ...models.errors import DataError, DataWarning, RepairWarning, UnknownNameError, nearest
from ..tables.reader import read_csv

_WIDTH = 80


@dataclass(frozen=True)
class Codebook:
    """What a bundled data set is: what was measured, what is assumed, what vrest says of it, what to beware of.

    `inside` holds assumed inside concentrations, as typed after `--inside`, used where a fit gives none; `columns`
    has each column's meaning and its status: measured, published, assumed or simulated. `allow` names columns whose
    limits of plausibility do not hold. Where `recordings` is false the set is a table of facts, which no fit reads.
    """

    name: str
    title: str
    source: str
    reference: str
    measured: str
    inside: str
    assumed: tuple[str, ...]
    caveats: tuple[str, ...]
    columns: dict[str, tuple[str, str]]
    says: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    recordings: bool = True

    @property
    def path(self) -> Path:
        """The CSV file of the set."""
        return Path(str(files(__package__))) / f"{self.name}.csv"

    def __str__(self) -> str:
        """The codebook as text of at most 80 columns."""
        lines = [_wrapped(f"{self.name}: {self.title}", "", "  "), ""]
        for label, text in (("Source", self.source), ("Reference", self.reference), ("Measured", self.measured)):
            lines.append(_wrapped(f"{label}: {text}", "", "  "))
        parts = {"Assumed, not published with the data": self.assumed, "What vrest says of it": self.says}
        for label, items in {**parts, "Caveats": self.caveats}.items():
            if items:
                lines += ["", f"{label}:", *(_wrapped(item, "  - ", "    ") for item in items)]
        lines += ["", "Columns:"]
        for name, (meaning, status) in self.columns.items():
            lines.append(_wrapped(f"{meaning} [{status}]", f"  {name:<16} ", " " * 19))
        return "\n".join(lines)


def datasets() -> dict[str, Codebook]:
    """The codebooks of all bundled data sets, by name.

    Examples
    --------
    >>> import vrest
    >>> vrest.datasets()["crayfish_muscle"].inside
    'K=250+-60,Na=20,Cl=passive'
    """
    folder = Path(str(files(__package__)))
    return {path.stem: _codebook(path) for path in sorted(folder.glob("*.toml"))}


def codebook(name: str) -> Codebook:
    """The codebook of the bundled data set `name`; UnknownNameError where there is none."""
    known = datasets()
    if name not in known:
        raise UnknownNameError(f"unknown data set {name!r}.{nearest(name, known)} Bundled sets: {', '.join(known)}.")
    return known[name]


def load_data(name: str) -> xr.Dataset:
    """The bundled data set `name`, as `read_csv` gives it; its caveats are in `datasets()[name]`.

    Raises
    ------
    UnknownNameError
        No set has this name.
    DataError
        The set is a table of facts, not of recordings.
    """
    book = codebook(name)
    if not book.recordings:
        raise DataError(f"{name} is a table of facts, not of recordings. Read it with pandas: {book.path}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the codebook says what they would
        warnings.simplefilter("ignore", RepairWarning)
        recordings = read_csv(book.path, allow=book.allow)
    return recordings.assign_attrs(source=name, title=book.title, inside=book.inside)


def _codebook(path: Path) -> Codebook:
    book: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    book["columns"] = {name: (entry["meaning"], entry["status"]) for name, entry in book["columns"].items()}
    book |= {key: tuple(book[key]) for key in ("assumed", "caveats", "says", "allow") if key in book}
    return Codebook(path.stem, **book)


def _wrapped(text: str, first: str, rest: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=first, subsequent_indent=rest)
