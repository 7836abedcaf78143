"""The verbs: fit a law to recordings, and what can be done with the result."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr

from ..models.errors import ConfigurationError
from ..models.laws.law import Law
from . import report as reports
from .checks.fitted import Fitted
from .checks.run import run
from .comparison.contrasts import contrasts
from .comparison.predict import predict
from .experiment.build import build_experiment
from .experiment.config import Config, parse_config
from .experiment.experiment import Experiment
from .experiment.prepare import configure, prepare, takes_settings
from .results import store
from .results.outputs import ResultsFolder
from .results.own_laws import law_of, refuse_changed

if TYPE_CHECKING:
    import pymc as pm
    from matplotlib.axes import Axes


class Fit(Fitted):
    """The result of fitting one law to recordings, with the verbs that follow from it.

    Attributes
    ----------
    tree : xarray.DataTree with draws, data and configuration: what ArviZ takes, and all that `save` keeps.
    experiment : the same data and configuration, ready to compute with.
    """

    @cached_property
    def model(self) -> "pm.Model":
        """The posterior as a PyMC model, with the tree's names and V_m observed row by row, whatever form was sampled.

        The tree's draws are points of it: `pm.sample_posterior_predictive(fit.tree, model=fit.model)`. A term of one's own is
        added by `with fit.model: pm.Potential(…)`, after which `pm.sample()` draws anew.
        """
        from .model.model import reported_model

        return reported_model(self.experiment)

    def methods(self) -> "reports.Methods":
        """Methods text, ready to paste, and the references that it cites; prints as text, `.bibtex` are the entries."""
        return reports.describe(self)

    def plot_series(self, axes: "Axes | None" = None, group: str | None = None, by: bool = True) -> "Axes":
        """V_m against K_o on a logarithmic axis: recordings, posterior median and interval, and the Nernst line.

        Groups of cells are overlaid in colours of their own, or one `group` is shown; without `by`, colours are temperatures.
        """
        return reports.plot_series(self, axes, group, by)

    def predict(self, baths: xr.Dataset | pd.DataFrame, cell: str = "population") -> pd.DataFrame:
        """Mean V_m (mV) with its interval in other baths, for the `population`, a `new` cell or a recorded one by name."""
        return predict(self, baths, cell)

    def contrasts(self) -> pd.DataFrame:
        """Every pair of groups compared in every parameter that differs between them."""
        return contrasts(self)

    def plot_pump(self, axes: "Axes | None" = None, group: str | None = None) -> "Axes":
        """What poisoning the pump would cost at once, bath by bath (mV), with its interval; of one `group`, or their mean."""
        return reports.plot_pump(self, axes, group)

    def plot_temperature(self, axes: "Axes | None" = None, group: str | None = None) -> "Axes":
        """V_m against temperature in the reference bath, and what V_T, leak and pump each have in its change."""
        return reports.plot_temperature(self, axes, group)

    def plot_contrasts(self, axes: "Axes | None" = None, kind: str = "difference") -> "Axes":
        """How far the groups differ: `difference` in mV, V_m first, or `ratio`; practical equality in grey."""
        return reports.plot_contrasts(self, axes, kind)

    def plot_residuals(self, by: str | None = None, axes: "Axes | None" = None) -> "Axes":
        """Recordings less what the law expects of them (mV), by bath or by a column of the table."""
        return reports.plot_residuals(self, by, axes)

    def plot_pair(self, a: str, b: str, axes: "Axes | None" = None) -> "Axes":
        """Draws of two parameters against each other: how far the recordings tell them apart."""
        return reports.plot_pair(self, a, b, axes)

    def plot_cells(self, parameter: str, axes: "Axes | None" = None) -> "Axes":
        """One parameter's median and interval for every cell, under that of its group."""
        return reports.plot_cells(self, parameter, axes)

    def plot_prior_posterior(self, parameter: str, axes: "Axes | None" = None) -> "Axes":
        """What was believed of a parameter (grey), and what the recordings left of it: a colour for each group."""
        return reports.plot_prior_posterior(self, parameter, axes)

    def plot_predictive(self, axes: "Axes | None" = None) -> "Axes":
        """Cumulative distribution of the recordings, and of tables simulated from the fit."""
        return reports.plot_predictive(self, axes)

    def plot_prior_predictive(self, axes: "Axes | None" = None) -> "Axes":
        """Cumulative distribution of the recordings, and of tables simulated from the priors alone: are they believable?"""
        return reports.plot_predictive(self, axes, "prior_predictive")

    def plot_ranks(self, parameter: str, axes: "Axes | None" = None) -> "Axes":
        """Whether the chains agree on a parameter: those that do stay within the grey."""
        return reports.plot_ranks(self, parameter, axes)

    def plot_robustness(self, answer: str, axes: "Axes | None" = None, group: str = "") -> "Axes":
        """How far one answer moves under each other prior or assumption, the largest shift on top."""
        return reports.plot_robustness(self, answer, axes, group)

    def page(self) -> str:
        """The report as HTML."""
        return reports.report_html(self)

    def report(self, path: str | Path) -> Path:
        """Write the report, a page of HTML that needs nothing but itself, to `path`; returns it."""
        return reports.write_report(self, Path(path))

    def save(
        self,
        folder: str | Path,
        force: bool = False,
        report: bool = False,
        picture: bool = True,
        figure: str | Sequence[str] = (),
    ) -> Path:
        """Write the results folder (fit.nc, summary.csv, verdict.json, config.toml, figure.png); returns its path.

        With `report`, report.html as well; `figure` (as in `svg,pdf`) adds the figure in other formats, without `picture`
        there is no figure.png. The folder is written aside and renamed into place, so that one that exists is complete.

        Raises
        ------
        ConfigurationError
            The folder exists and `force` is not set.
        """
        config, figures = self.experiment.config, store.figure_files(figure, picture)
        inputs, writes = filter(None, (config.data, config.solutions)), (*store.FILES, *figures)
        with ResultsFolder(folder, force, inputs, writes).writing() as aside:
            store.write_fit(self, aside, Path(folder), report, figures)
        return Path(folder)


def load(folder: str | Path) -> Fit:
    """A fit that was saved: from its folder, or from its `fit.nc` alone.

    Raises
    ------
    ConfigurationError
        There is no such folder or file, it holds no fit, or one of a law that is not known here or has changed.
    """
    path = Path(folder)
    path = path / "fit.nc" if path.is_dir() else path
    if not path.is_file():
        raise ConfigurationError(f"{path}: there is no fit here (vrest fit writes one).")
    tree = store.read_tree(path)
    config = parse_config(tree.attrs["config"], f"{path}, config").beside(path.parent)
    experiment = build_experiment(store.recordings_of(tree), config, law=law_of(tree, config.law, path))
    refuse_changed(tree, experiment, path)
    return Fit(tree, experiment)


@takes_settings
def model(
    recordings: xr.Dataset | pd.DataFrame,
    law: str | Law | None = None,
    *,
    config: Config | None = None,
    **settings: Any,
) -> "pm.Model":
    """The PyMC model that `fit` would draw from, without drawing: as `Fit.model`.

    Parameters
    ----------
    recordings, law, config, **settings : as of `fit`.

    Returns
    -------
    pymc.Model
        With the names that a fit's tree has, and V_m observed row by row.

    Raises
    ------
    ConfigurationError, UnknownNameError, DataError
        With a sentence that says what to change.
    """
    from .model.model import reported_model

    return reported_model(prepare(recordings, configure(config, law=law, **settings)))


@takes_settings
def fit(
    recordings: xr.Dataset | pd.DataFrame,
    law: str | Law | None = None,
    *,
    config: Config | None = None,
    progress: bool | None = None,
    **settings: Any,
) -> Fit:
    """Infer a law's parameters from resting potentials.

    Parameters
    ----------
    recordings : from `read_csv`, `from_frame` or `load_data`, or a DataFrame with the columns of a table.
    law : name of the membrane law (default `ghk-pump`), or one of your own, which is registered by its name.
    config : a whole configuration, over which the other arguments are laid.
    progress : show a progress bar; default on a terminal only.
    **settings :

    Returns
    -------
    Fit
        A run that falls short of the sampling checks is repeated once, longer; `verdict()` says how it ended.

    Raises
    ------
    ConfigurationError, UnknownNameError, DataError
        With a sentence that says what to change.

    Examples
    --------
    >>> import vrest
    >>> fit = vrest.fit(vrest.load_data("simulated_series"), ions="K,Na", robustness="off")
    >>> fit.summary()["parameter"].tolist()[:2]
    ['P_Na/P_K', 'pump_mV']
    """
    return fit_experiment(prepare(recordings, configure(config, law=law, **settings)), progress=progress)


def fit_experiment(experiment: Experiment, progress: bool | None = None) -> Fit:
    """Sample an experiment that has been prepared; see `fit`."""
    fitted = run(experiment, progress=progress)
    return Fit(fitted.tree, fitted.experiment)
