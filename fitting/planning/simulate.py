"""Recordings with a known truth: what a planned experiment would show if the membrane were so."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ...models.errors import ConfigurationError, UnknownNameError, nearest, shown
from ...models.files import read_toml
from ...models.parameters import Parameter
from ...models.priors import MOST, Fixed
from ..experiment.experiment import Experiment
from ..model.cells import place_cells
from ..model.draws import draw_prior, parameter_values, resistance_distribution, row_distribution

Truth = Mapping[str, float | Mapping[str, float]]
"""Parameter values by public name; a mapping from group to value where groups differ."""


def read_truth(path: str | Path) -> Truth:
    """A truth from a TOML file of lines such as `"P_Na/P_K" = 0.03` or `pump_mV = { A = 5, B = 8 }`.

    The file that a simulation leaves can be read again; what it says of single cells, under `[drawn]`, is passed over.
    """
    try:
        table = read_toml(path)
    except OSError as error:
        raise ConfigurationError(f"--truth {path}: cannot be read: {error.strerror or error}.") from None
    except ValueError as error:  # TOML's errors, and text that is none
        raise ConfigurationError(
            f"--truth {path}: {error}. It takes lines of a name and a number; names with / or spaces stand in quotes,"
            ' as in "P_Na/P_K" = 0.03.'
        ) from None
    table.pop("drawn", None)
    for name, value in table.items():
        values = value.values() if isinstance(value, dict) else [value]
        if not values or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in values):
            raise ConfigurationError(
                f"--truth {path}: {name} = {shown(value)} is neither a number nor numbers by group, as in"
                ' "P_Na/P_K" = { A = 0.03, B = 0.06 }.'
            )
    return table


def stated_population(experiment: Experiment, truth: Truth) -> xr.Dataset:
    """A stated truth in the posterior's layout (one chain, one draw): populations, spreads, and sds of offsets."""
    wanted = [*experiment.parameters, *(p for p in experiment.widths if not isinstance(p.prior, Fixed))]
    names = [p.name for p in wanted]
    for name in truth:
        if name in experiment.fixed:
            raise ConfigurationError(f"truth: {name} is held at {experiment.fixed[name]:g} by the configuration.")
        if name not in names:
            raise UnknownNameError(
                f"truth: the model has no parameter {name!r}.{nearest(name, names)} Its parameters: {', '.join(names)}."
            )
    missing = [p for p in wanted if p.name not in truth]
    if missing:
        lines = "\n".join(f'"{p.name}" = {p.prior.typical:.3g}' for p in missing)
        raise ConfigurationError(
            f"truth: values are missing. Typical ones by the priors, to paste and change:\n{lines}"
        )
    groups, found = experiment.levels.groups, {}
    for p in wanted:
        own = groups if experiment.by_group(p) or experiment.varies(p.name) else ()
        values = _of_groups(p, truth[p.name], own)
        allowed = p.signed | (values > 0) | (p.may_vanish & (values == 0))
        if not np.all(allowed & (np.abs(values) <= MOST)):
            raise ConfigurationError(f"truth: {p.name} = {truth[p.name]} is impossible under its prior, {p.prior}.")
        dims = ("chain", "draw", *["population"] * bool(own))
        found[p.symbol] = (dims, values.reshape((1, 1, -1)[: len(dims)]))
    return xr.Dataset(found, {"chain": [0], "draw": [0], **({"population": list(groups)} if groups else {})})


def _of_groups(parameter: Parameter, value: Any, groups: tuple[str, ...]) -> np.ndarray:
    if not isinstance(value, Mapping):
        return np.full(max(len(groups), 1), float(value))
    if set(value) != set(groups):
        known = f"the table's are {', '.join(groups)}" if groups else "the model has one value for all"
        raise ConfigurationError(f"truth: {parameter.name} is given for {', '.join(value)}, but {known}.")
    return np.array([float(value[group]) for group in groups])


def draw_truth(experiment: Experiment, rng: np.random.Generator, truth: Truth | None = None) -> xr.Dataset:
    """One truth in the posterior's layout: populations as stated or from the prior, then cells and offsets from those."""
    population = draw_prior(experiment, 1, rng) if truth is None else stated_population(experiment, truth)
    return place_cells(population, experiment, rng)


def simulate(experiment: Experiment, truth: xr.Dataset, rng: np.random.Generator) -> Experiment:
    """The experiment with recordings (and input resistances, where it has them) drawn as `truth` would have them."""
    values = parameter_values(truth, experiment, flat=True)
    V_m = row_distribution(values, experiment).rvs((1, experiment.recordings.sizes["obs"]), random_state=rng)[0]
    found, variables = experiment.resistance, {"V_m": ("obs", V_m, {"units": "mV"})}
    if found:
        R_in = resistance_distribution(values, experiment).rvs((1, len(found.rows)), random_state=rng)[0]
        everywhere = np.full(len(V_m), np.nan)
        everywhere[found.rows] = R_in
        variables["R_in"] = ("obs", everywhere, {"units": "MOhm"})
        if "R_in_sd" in experiment.recordings:  # an error of so many percent stays one
            sd = everywhere.copy()
            sd[found.rows] = found.own_sd * R_in
            variables["R_in_sd"] = ("obs", sd, {"units": "MOhm"})
        found = replace(found, R_in_MOhm=R_in)
    return replace(experiment, recordings=experiment.recordings.assign(variables), resistance=found)


def truth_in_toml(experiment: Experiment, truth: xr.Dataset) -> str:
    """A truth as `read_truth` reads it, with every cell's and electrode's own values under `[drawn]`."""
    import tomli_w

    stated: dict[str, Any] = {}
    drawn: dict[str, Any] = {}
    for p in [*experiment.parameters, *experiment.widths]:
        if p.symbol in truth and not isinstance(p.prior, Fixed):
            stated[p.name] = _plain(truth[p.symbol], experiment.levels.groups)
        if p.of_cells in truth:
            drawn[p.name] = _plain(truth[p.of_cells], experiment.levels.cells)
        if p.of_levels in truth and experiment.scatter:
            drawn[p.name] = _plain(truth[p.of_levels], experiment.scatter.levels)
    for q, (_, labels) in experiment.errors.items():
        drawn[q.name] = _plain(truth[q.symbol], labels)
    return tomli_w.dumps({**stated, "drawn": drawn} if drawn else stated)


def _plain(x: xr.DataArray, labels: tuple[str, ...]) -> float | dict[str, float]:
    values = x.to_numpy().ravel().tolist()
    return values[0] if x.ndim == 2 else dict(zip(labels, values, strict=True))
