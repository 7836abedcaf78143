"""What a model reads and what it is: arrays, which change between data sets of one design, and the design itself."""

import hashlib

import numpy as np

from ...models.conditions import Conditions
from ...models.parameters import JUNCTION
from ..experiment.experiment import Experiment
from .linear import cells_alone, offset_variance

REPLICATES = 10
"""Rows a condition, on average, from which the model takes their means and sums of squares instead of the rows: below,
solving the conditions costs more than the rows do, and nothing would be won."""


def collapsed(experiment: Experiment) -> bool:
    """Whether the rows of a condition enter by number, mean and sum of squares, which under a Normal scatter that all rows
    share say all that they say.
    """
    alike = not (experiment.config.robust or experiment.offsets or experiment.error_mV.any())
    return alike and len(experiment.condition_of_row) >= REPLICATES * len(experiment.conditions.temperature_C)


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
    }


def model_data(experiment: Experiment) -> dict[str, tuple[np.ndarray, str | None]]:
    """Every array of the model by the name of its container, with its dimension: all that changes between data sets of
    one design, so that a compiled model serves them all.
    """
    at = experiment.conditions
    data: dict[str, tuple[np.ndarray, str | None]] = {
        **_containers(at, "", "condition"),
        **_containers(experiment.reference, "reference_", None),
    }
    if collapsed(experiment):
        data |= _replicates(experiment)
    else:
        data["condition_of_row"] = (experiment.condition_of_row, "obs")
        data["V_m_error"] = (experiment.error_mV, "obs")
        data["V_m_observed"] = (experiment.recordings["V_m"].to_numpy(), "obs")
    if experiment.levels.entries:
        data["entry_of_condition"] = (experiment.entry_of_condition, "condition")
    alone = cells_alone(experiment) if experiment.spreads else {}
    for p in experiment.parameters:
        if p.name in alone:
            data[f"{p.symbol}_alone"], data[f"{p.symbol}_variance"] = ((x, "cell") for x in alone[p.name])
    for per in experiment.offsets:
        data[f"{per}_of_row"] = (experiment.labels_of(per)[1], "obs")
        data[f"offset_{per}_variance"] = (offset_variance(experiment, per), f"{per}_offset")
        if per == JUNCTION:
            data[f"offset_{per}_sd"] = (experiment.offset_sd(per, None), f"{per}_offset")
    if experiment.resistance:
        data["R_in_observed"] = (experiment.resistance.R_in_MOhm, "R_in_row")
    return data


def _containers(at: Conditions, prefix: str, dims: str | None) -> dict[str, tuple[np.ndarray, str | None]]:
    return {prefix + name: (np.asarray(x), dims) for name, x in at.arrays.items()}


def design_of(experiment: Experiment) -> str:
    """What a compiled model depends on beside its data, as a hash: experiments that share it share a model."""
    config, levels, at = experiment.config, experiment.levels, experiment.conditions
    parts = [
        config.law, config.options, config.robust, config.spread, config.sampling.sampler,
        experiment.parameters, sorted(experiment.fixed.items()), experiment.spreads, experiment.offsets,
        levels.groups, levels.cells, levels.group_of_cell.tolist(), levels.varying,
        [s.name for s in at.ions], sorted(at.arrays), at.passive, at.davies,
        [experiment.labels_of(per)[0] for per in experiment.offsets],
        collapsed(experiment),
    ]  # fmt: skip
    if experiment.resistance:  # its rows and capacitances are constants of the graph
        R = experiment.resistance
        parts += [R.rows.tolist(), R.own_sd.tolist(), None if R.C_m_uF is None else R.C_m_uF.tolist()]
        parts += [experiment.condition_of_row.tolist()]
    return hashlib.sha256(repr(parts).encode()).hexdigest()
