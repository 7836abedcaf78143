"""A fit: the draws, the data and the configuration in one tree, and what can be said of them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, overload

import pandas as pd
import xarray as xr

from ..models.errors import ConfigurationError
from .checks.verdict import Verdict, judge
from .experiment.build import build_experiment
from .experiment.config import parse_config
from .experiment.experiment import Experiment
from .experiment.interval import LABEL
from .results import store
from .results.summary import summarise
from .results.tables import Style, summary_table
from .results.text import summary_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .report.methods import Methods


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

    @overload
    def summary(self) -> pd.DataFrame: ...
    @overload
    def summary(self, style: Style) -> str: ...
    def summary(self, style: Style | None = None) -> pd.DataFrame | str:
        """One row a parameter: unit, mean, sd, median, 89 % equal-tailed interval, diagnostics, contraction.

        With a `style` (`latex`, `markdown` or `html`), the same as text to paste.
        """
        return self._summary.copy() if style is None else summary_table(self._summary, style)

    def methods(self) -> "Methods":
        """Methods text, ready to paste, and the references that it cites; prints as text, `.bibtex` are the entries."""
        from .report.methods import describe

        return describe(self)

    def verdict(self) -> Verdict:
        """Whether the sampling, the law and the identification can be trusted; prints as sentences."""
        return self._verdict

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided on the user's behalf, as sentences."""
        rerun, notes = self.tree.attrs.get("rerun", ""), self.tree.attrs.get("notes", "")
        return (*notes.splitlines(), *((rerun,) if rerun else ()))

    def plot_series(self, axes: "Axes | None" = None, group: str | None = None) -> "Axes":
        """V_m against K_o on a logarithmic axis: recordings, posterior median and interval, and the Nernst line.

        Of several groups of cells, all or one `group` is shown.
        """
        from .report.plots import plot_series

        return plot_series(self, axes, group)

    def predict(self, baths, cell: str = "population") -> pd.DataFrame:
        """Mean V_m (mV) with its interval in other baths, for the `population`, a `new` cell or a recorded one by name."""
        from .comparison.predict import predict

        return predict(self, baths, cell)

    def contrasts(self) -> pd.DataFrame:
        """Every pair of groups compared in every parameter that differs between them."""
        from .comparison.contrasts import contrasts

        return contrasts(self)

    def plot_pump(self, axes: "Axes | None" = None) -> "Axes":
        """What poisoning the pump would cost at once, bath by bath (mV), with its interval."""
        from .report.pictures import plot_pump

        return plot_pump(self, axes)

    def page(self) -> str:
        """The report as HTML."""
        from .report.report import report_html

        return report_html(self)

    def report(self, path: str | Path) -> Path:
        """Write the report, a page of HTML that needs nothing but itself, to `path`; returns it."""
        from .report.report import write_report

        return write_report(self, Path(path))

    def save(self, folder: str | Path, force: bool = False, report: bool = False, picture: bool = True) -> Path:
        """Write the results folder (fit.nc, summary.csv, verdict.json, config.toml, series.png); returns its path.

        With `report`, report.html as well; without `picture`, no series.png. The folder is written aside and renamed into
        place, so that one that exists is complete.

        Raises
        ------
        ConfigurationError
            The folder exists and `force` is not set.
        """
        return store.save(self, folder, force, report, picture)

    def __repr__(self):
        config = self.experiment.config
        return (
            f"Fit of {config.law} to {self.experiment.recordings.sizes['obs']} rows"
            f" of {self.tree.attrs['source'] or 'a table in memory'}, seed {config.seed}\n"
            f"{summary_text(self._summary)}\nlower, upper: {LABEL}\n{self._verdict}"
        )

    def _repr_html_(self):
        from html import escape

        verdict = "<br>".join(escape(line) for line in str(self._verdict).splitlines())
        return f"<p><b>{escape(repr(self).splitlines()[0])}</b></p>{self.summary('html')}<p>{verdict}</p>"


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
