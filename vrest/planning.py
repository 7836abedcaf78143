"""Many fits from Python: recordings of a known truth, recovery, and every cell by itself."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .fitting.experiment.config import Config
from .fitting.experiment.experiment import Experiment
from .fitting.experiment.prepare import configure, prepare, recordings_of, takes_settings
from .fitting.fit import Fit
from .fitting.planning import recovery, single_cells
from .fitting.planning import simulate as simulation
from .fitting.planning.recovery import Recovery
from .fitting.planning.simulate import Truth
from .fitting.sampling.workers import Workers
from .models.errors import DataWarning
from .models.laws.law import Law


def _planned(
    plan: xr.Dataset | pd.DataFrame, law: str | Law | None, config: Config | None, settings: dict[str, Any]
) -> Experiment:
    config = configure(config, law=law, **settings)
    return prepare(recordings_of(plan, config, potentials=False).drop_vars("V_m", errors="ignore"), config)


@takes_settings
def simulate(
    plan: xr.Dataset | pd.DataFrame,
    truth: Truth,
    law: str | Law | None = None,
    *,
    config: Config | None = None,
    **settings: Any,
) -> xr.Dataset:
    """Recordings of a plan, as they would be if `truth` were so.

    Parameters
    ----------
    plan : a table without V_m_mV, as from `read_csv(…, potentials=False)`; potentials that it has are not used.
    truth : every parameter's value by its name in the summary, as `{"P_Na/P_K": 0.03, "pump_mV": {"A": 5, "B": 8}, …}`.
    law, config, **settings : as of `fit`: inside, ions, by, robust, seed, …

    Returns
    -------
    xarray.Dataset
        The plan with V_m (mV), and R_in (MOhm) where the plan has it, in the rows that have it.

    Raises
    ------
    ConfigurationError, UnknownNameError, DataError
        With a sentence that says what to change; a truth that lacks values is answered with lines to paste.

    Examples
    --------
    >>> import pandas as pd, vrest
    >>> plan = pd.DataFrame({"K_o_mM": [2.5, 10.0, 40.0], "Na_o_mM": 150.0, "temperature_C": 22.0})
    >>> truth = {"P_Na/P_K": 0.03, "sigma_mV": 1.0}
    >>> vrest.simulate(plan, truth, law="ghk", ions="K,Na", inside="K=140,Na=12", seed=1)["V_m"].values.round(1)
    array([-75.9, -56.9, -28.9])
    """
    experiment = _planned(plan, law, config, settings)
    rng = np.random.default_rng(experiment.config.seed)
    return simulation.simulate(experiment, simulation.draw_truth(experiment, rng, truth), rng).recordings


@takes_settings
def recover(
    plan: xr.Dataset | pd.DataFrame,
    law: str | Law | None = None,
    *,
    n: int = 200,
    truth: Truth | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    config: Config | None = None,
    **settings: Any,
) -> Recovery:
    """Simulate and fit a plan `n` times: does this program find the truth with this experiment?

    Parameters
    ----------
    plan : a table without V_m_mV, as from `read_csv(…, potentials=False)`; potentials that it has are not used.
    n : how many simulations.
    truth : as of `simulate`; without, each simulation draws its own truth from the priors, and ranks are judged.
    workers : processes on this machine. scheduler : address of a dask cluster instead.
    law, config, **settings : as of `fit`: inside, ions, by, robust, seed, …

    Returns
    -------
    Recovery
        `table()`, `verdict()`, and pictures.

    Raises
    ------
    ConfigurationError, UnknownNameError, DataError, WorkerError
        With a sentence that says what to change.
    """
    experiment = _planned(plan, law, config, settings)
    return recovery.recover(experiment, n, truth, Workers(workers, scheduler))


@takes_settings
def fit_each(
    recordings: xr.Dataset | pd.DataFrame,
    law: str | Law | None = None,
    *,
    column: str = "cell",
    workers: int = 1,
    scheduler: str | None = None,
    config: Config | None = None,
    **settings: Any,
) -> dict[str, Fit]:
    """Fit every cell (or other label of `column`) by itself, all under one reference condition.

    Cells that cannot be fitted are left out, with a DataWarning that says why.

    Raises
    ------
    ConfigurationError, UnknownNameError, DataError, WorkerError
        With a sentence that says what to change.
    """
    config = configure(config, law=law, **settings)
    fits, refused = single_cells.fit_each(
        recordings_of(recordings, config), config, column, Workers(workers, scheduler)
    )
    for label, reason in refused.items():
        warnings.warn(f"{label} was not fitted: {reason}", DataWarning, stacklevel=2)
    return {label: Fit(fit.tree, fit.experiment) for label, fit in fits.items()}
