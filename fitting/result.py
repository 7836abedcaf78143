"""A fit: the draws, the data and the configuration in one tree, and what can be said of them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr

from ..models.errors import ConfigurationError
from . import store
from .config import parse_config
from .experiment import Experiment, build_experiment
from .interval import LABEL
from .summary import summarise
from .text import SUMMARY_FORMATS, digits, summary_text
from .verdict import Verdict, judge

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Fit:
    """The result of fitting one law to recordings.

    Attributes
    ----------
    tree : xarray.DataTree with draws, data and configuration: what ArviZ takes, and all that `save` keeps.
    experiment : the same data and configuration, ready to compute with.
    """

    tree: xr.DataTree
    experiment: Experiment

    @cached_property
    def _summary(self) -> pd.DataFrame:
        return summarise(self.tree, self.experiment)

    @cached_property
    def _verdict(self) -> Verdict:
        return judge(self.tree, self.experiment, self._summary)

    def summary(self) -> pd.DataFrame:
        """One row a parameter: unit, mean, sd, median, 89 % equal-tailed interval, diagnostics, contraction."""
        return self._summary.copy()

    def verdict(self) -> Verdict:
        """Whether the sampling, the law and the identification can be trusted; prints as sentences."""
        return self._verdict

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided on the user's behalf, as sentences."""
        rerun = self.tree.attrs.get("rerun", "")
        return (*self.experiment.notes, *((rerun,) if rerun else ()))

    def plot_series(self, axes: "Axes | None" = None) -> "Axes":
        """V_m against K_o on a logarithmic axis: recordings, posterior median and interval, and the Nernst line."""
        from .plots import plot_series

        return plot_series(self, axes)

    def predict(self, baths, cell: str = "population") -> pd.DataFrame:
        """Mean V_m (mV) with its interval in other baths, for the `population`, a `new` cell or a recorded one by name."""
        from .predict import predict

        return predict(self, baths, cell)

    def contrasts(self) -> pd.DataFrame:
        """Every pair of groups compared in every parameter that differs between them."""
        from .contrasts import contrasts

        return contrasts(self)

    def save(self, folder: str | Path, force: bool = False) -> Path:
        """Write the results folder (fit.nc, summary.csv, verdict.json, config.toml, series.png); returns its path.

        It is written aside and renamed into place, so a folder that exists is complete.

        Raises
        ------
        ConfigurationError
            The folder exists and `force` is not set.
        """
        return store.save(self, folder, force)

    def __repr__(self):
        config = self.experiment.config
        return (
            f"Fit of {config.law} to {self.experiment.recordings.sizes['obs']} rows"
            f" of {self.tree.attrs['source'] or 'a table in memory'}, seed {config.seed}\n"
            f"{summary_text(self._summary)}\nlower, upper: {LABEL}\n{self._verdict}"
        )

    def _repr_html_(self):
        from html import escape

        shown = self._summary.drop(columns="group") if (self._summary["group"] == "").all() else self._summary
        formats = {name: (lambda x, spec=spec: format(x, spec)) for name, spec in SUMMARY_FORMATS.items()}
        table = shown.to_html(index=False, float_format=digits, formatters=formats, border=0)
        heading = escape(repr(self).splitlines()[0])
        verdict = "<br>".join(escape(line) for line in str(self._verdict).splitlines())
        return f"<p><b>{heading}</b></p>{table}<p>lower, upper: {LABEL}</p><p>{verdict}</p>"


def load(folder: str | Path) -> Fit:
    """A fit that was saved: from its folder, or from its `fit.nc` alone.

    Raises
    ------
    ConfigurationError
        There is no such folder or file, or it holds no fit.
    """
    path = Path(folder)
    path = path / "fit.nc" if path.is_dir() else path
    if not path.is_file():
        raise ConfigurationError(f"{path}: there is no fit here (vrest fit writes one).")
    tree = store.read_tree(path)
    return Fit(tree, build_experiment(store.recordings_of(tree), parse_config(tree.attrs["config"], f"{path}, config")))
