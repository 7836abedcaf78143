"""What a model reads: its arrays by name. Whatever in them may change between experiments of one structure."""

import numpy as np

from ...models.conditions import Conditions
from ...models.parameters import JUNCTION
from ..experiment.experiment import Experiment
from ..experiment.scatter import DIM as SCATTER_DIM
from .linear import bath_variance, offset_variance, scatter_alone
from .tiers import tier_data

REPLICATES = 10
"""Rows a condition, on average, from which PyMC's model takes their means and sums of squares instead of the rows."""


def alike(experiment: Experiment) -> bool:
    """Whether the rows of a condition may enter by number, mean and sum of squares, which under a Normal scatter that all
    rows share say all that they say.
    """
    return not (experiment.config.robust or experiment.scatter or experiment.offsets or experiment.error_mV.any())


def collapsed(experiment: Experiment) -> bool:
    """Whether PyMC's model takes the rows so: where solving the conditions costs less than the rows do."""
    few = len(experiment.condition_of_row) >= REPLICATES * len(experiment.conditions.temperature_C)
    return alike(experiment) and few


def _replicates(experiment: Experiment) -> dict[str, tuple[np.ndarray, str | None]]:
    """Each condition's number of rows and mean (mV), and the squares (mV²) of all rows around their conditions' means."""
    index, y = experiment.condition_of_row, experiment.recordings["V_m"].to_numpy()
    number = np.bincount(index)
    mean = np.bincount(index, y) / number
    squares = np.sum((y - mean[index]) ** 2)
    return {
        "V_m_number": (number.astype(float), "condition"),
        "V_m_mean_observed": (mean, "condition"),
        "V_m_squares": (np.asarray(squares), None),
        "V_m_freedom": (np.asarray(float(len(y) - len(number))), None),  # degrees of freedom within conditions
    }


def model_data(experiment: Experiment, by_condition: bool) -> dict[str, tuple[np.ndarray, str | None]]:
    """Every array of the model by name, with its dimension; `by_condition`: see `alike`."""
    at = experiment.conditions
    data: dict[str, tuple[np.ndarray, str | None]] = {
        **_containers(at, "", "condition"),
        **_containers(experiment.reference, "reference_", None),
    }
    if by_condition:
        data |= _replicates(experiment)
    else:
        data["condition_of_row"] = (experiment.condition_of_row, "obs")
        if experiment.error_mV.any():
            data["V_m_error"] = (experiment.error_mV, "obs")
        data["V_m_observed"] = (experiment.recordings["V_m"].to_numpy(), "obs")
    if experiment.levels.entries:
        data["entry_of_condition"] = (experiment.entry_of_condition, "condition")
    data |= tier_data(experiment)
    for per in experiment.offsets:
        data[f"{per}_of_row"] = (experiment.labels_of(per)[1], "obs")
        data[f"offset_{per}_variance"] = (offset_variance(experiment, per), f"{per}_offset")
        if per == JUNCTION:
            data[f"offset_{per}_sd"] = (experiment.offset_sd(per, None), f"{per}_offset")
    for e in experiment.bath_errors:
        of_each = {"sd": e.sd, "variance": bath_variance(experiment, e)}
        of_condition = {"of_condition": e.index, "there": e.there}
        data |= {f"{e.quantity.symbol}_{name}": (x, e.dim) for name, x in of_each.items()}
        data |= {f"{e.quantity.symbol}_{name}": (x, "condition") for name, x in of_condition.items()}
    if experiment.scatter:
        data["scatter_of_row"] = (experiment.scatter.of_row, "obs")
        data["scatter_alone"], data["scatter_variance"] = ((x, SCATTER_DIM) for x in scatter_alone(experiment))
    if experiment.resistance:
        data |= _resistances(experiment)
    return data


def _resistances(experiment: Experiment) -> dict[str, tuple[np.ndarray, str | None]]:
    """The rows with an input resistance: their condition, R_in (MΩ), sd of its logarithm where known, and capacitance (µF)."""
    R = experiment.resistance
    assert R is not None, "asked only of tables with input resistances"
    known = ~np.isnan(R.own_sd)
    found = {
        "R_in_condition": experiment.condition_of_row[R.rows],
        "R_in_observed": R.R_in_MOhm,
        "R_in_own_sd": np.where(known, R.own_sd, 1.0),
        "R_in_known_sd": known.astype(float),
        **({} if R.C_m_uF is None else {"R_in_C_m_uF": R.C_m_uF[R.rows]}),
    }
    return {name: (x, "R_in_row") for name, x in found.items()}


def _containers(at: Conditions, prefix: str, dims: str | None) -> dict[str, tuple[np.ndarray, str | None]]:
    return {prefix + name: (np.asarray(x), dims) for name, x in at.arrays.items()}
