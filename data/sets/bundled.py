"""The data sets that come with the package, each with a codebook saying what is measured and what assumed."""

import textwrap
import tomllib
import warnings
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import xarray as xr

from ...models.errors import DataWarning, UnknownNameError, nearest
from ..tables.reader import read_csv

_WIDTH = 80


@dataclass(frozen=True)
class Codebook:
    """What a bundled data set is: what was measured, what is assumed, what to beware of.

    `inside` holds assumed inside concentrations, as typed after `--inside`, used where a fit gives none; `columns`
    has each column's meaning and its status: measured, published or assumed.
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

    def describe(self) -> str:
        """The codebook as text of at most 80 columns."""
        lines = [f"{self.name}: {self.title}", ""]
        for label, text in (("Source", self.source), ("Reference", self.reference), ("Measured", self.measured)):
            lines.append(_wrapped(f"{label}: {text}", "", "  "))
        for label, items in (("Assumed, not published with the data", self.assumed), ("Caveats", self.caveats)):
            lines += ["", f"{label}:", *(_wrapped(item, "  - ", "    ") for item in items)]
        lines += ["", "Columns:"]
        for name, (meaning, status) in self.columns.items():
            lines.append(_wrapped(f"{meaning} [{status}]", f"  {name:<14} ", " " * 17))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.describe()


def datasets() -> dict[str, Codebook]:
    """The codebooks of all bundled data sets, by name."""
    folder = Path(str(files(__package__)))
    return {path.stem: _codebook(path) for path in sorted(folder.glob("*.toml"))}


def path_of(name: str) -> Path:
    """The CSV file of the bundled data set `name`; UnknownNameError where there is none."""
    known = datasets()
    if name not in known:
        raise UnknownNameError(f"unknown data set {name!r}.{nearest(name, known)} Bundled sets: {', '.join(known)}.")
    return Path(str(files(__package__))) / f"{name}.csv"


def load_data(name: str) -> xr.Dataset:
    """The bundled data set `name`, as `read_csv` gives it; its caveats are in `datasets()[name]`."""
    path = path_of(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the codebook says what they would
        recordings = read_csv(path)
    book = datasets()[name]
    return recordings.assign_attrs(source=name, title=book.title, inside=book.inside)


def _codebook(path: Path) -> Codebook:
    book = tomllib.loads(path.read_text(encoding="utf-8"))
    book["columns"] = {name: (entry["meaning"], entry["status"]) for name, entry in book["columns"].items()}
    return Codebook(path.stem, **book | {key: tuple(book[key]) for key in ("assumed", "caveats")})


def _wrapped(text: str, first: str, rest: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=first, subsequent_indent=rest)
