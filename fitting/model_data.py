"""What a model reads and what it is: arrays, which change between data sets of one design, and the design itself."""

import hashlib

import numpy as np

from ..models.conditions import Conditions
from .experiment import Experiment
from .linear import centring, offset_centring


def model_data(experiment: Experiment) -> dict[str, tuple[np.ndarray, str | None]]:
    """Every array of the model by the name of its container, with its dimension: all that changes between data sets of
    one design, so that a compiled model serves them all.
    """
    at = experiment.conditions
    data: dict[str, tuple[np.ndarray, str | None]] = {
        **_containers(at, "", "condition"),
        **_containers(experiment.reference, "reference_", None),
        "condition_of_row": (experiment.condition_of_row, "obs"),
        "V_m_error": (experiment.error_mV, "obs"),
        "V_m_observed": (experiment.recordings["V_m"].to_numpy(), "obs"),
    }
    weights = centring(experiment) if experiment.spreads else {}
    for p in experiment.parameters:
        if experiment.varies(p.name):
            data[f"{p.symbol}_entry"] = (experiment.entry_of_condition, "condition")
        if p.name in weights:
            data[f"{p.symbol}_centring"] = (weights[p.name], "cell")
    for per in experiment.offsets:
        data[f"{per}_of_row"] = (experiment.labels_of(per)[1], "obs")
        data[f"offset_{per}_centring"] = (offset_centring(experiment, per), f"{per}_offset")
    if experiment.resistance:
        data["R_in_observed"] = (experiment.resistance.R_in_MOhm, "R_in_row")
    return data


def _containers(at: Conditions, prefix: str, dims: str | None) -> dict[str, tuple[np.ndarray, str | None]]:
    values = {f"{name}_o": x for name, x in at.c_o.items()} | {f"{name}_i": x for name, x in at.c_i.items()}
    values |= {"temperature": at.temperature_C, "blocked": at.blocked}
    values |= {"seal": at.seal} if np.ndim(at.seal) else {}
    return {f"{prefix}{name}": (np.asarray(x), dims) for name, x in values.items()}


def design_of(experiment: Experiment) -> str:
    """What a compiled model depends on beside its data, as a hash: experiments that share it share a model."""
    config, levels, at = experiment.config, experiment.levels, experiment.conditions
    parts = [
        config.law, config.options, config.robust, config.spread, config.sampling.sampler,
        experiment.parameters, sorted(experiment.fixed.items()), experiment.spreads, experiment.offsets,
        levels.groups, levels.cells, levels.group_of_cell.tolist(), levels.varying,
        [s.name for s in at.ions], sorted(at.c_i), at.passive, at.davies, np.ndim(at.seal),
        [experiment.labels_of(per)[0] for per in experiment.offsets],
    ]  # fmt: skip
    if experiment.resistance:  # its rows and areas are constants of the graph
        R = experiment.resistance
        parts += [R.rows.tolist(), R.own_sd.tolist(), None if R.area_cm2 is None else R.area_cm2.tolist()]
        parts += [experiment.condition_of_row.tolist()]
    return hashlib.sha256(repr(parts).encode()).hexdigest()
