"""V_m under the posterior in any bath, from thinned draws, quick enough to follow a slider; and what another ratio would say."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..fitting.comparison.predict import potentials
from ..fitting.experiment.experiment import Experiment
from ..fitting.experiment.interval import bounds
from ..fitting.fit import Fit
from ..fitting.model.draws import group_values
from ..models.laws.nernst import nernst_potential
from ..models.parameters import Role
from .showing import fit_of

_DRAWS, _POINTS = 300, 48
_SPAN_mM = (0.3, 200.0)
"""Of the K_o axis at least; wider where the recordings are."""


def explore(
    run: str,
    at: Mapping[str, float] | None = None,
    group: str = "",
    what_if: Mapping[str, float] | None = None,
    replaces: bool | None = None,
) -> dict[str, Any]:
    """V_m along K_o in the bath `at` (by column), with its interval, and at its own K_o.

    Without `at`, the reference condition, and all that a page needs to offer the rest. With `replaces`, K takes the place of
    Na along the curve, as it does in most baths (default: where the recordings have it so). `what_if` puts ratios in the place of
    their medians, all else at its median; the misfit is the root mean square of the recordings less the law, in mV.
    """
    fit = fit_of(run)
    experiment = fit.experiment
    groups = experiment.levels.groups
    g = groups.index(group) if group in groups else 0
    values = _values(fit, g)
    reference = {**experiment.reference.bath, "blocked": experiment.reference.blocked}
    start = {name: float(x) for name, x in reference.items()}
    here = start | {name: float(x) for name, x in (at or {}).items() if name in start}
    span = _span(experiment)
    K_o = np.append(np.geomspace(*span, _POINTS), here["K_o_mM"])
    replaces = _replaced(experiment) if replaces is None else replaces
    along = here | {"K_o_mM": K_o}
    if replaces and "Na_o_mM" in here:
        along["Na_o_mM"] = np.maximum(here["Na_o_mM"] + here["K_o_mM"] - K_o, 0.0)
    everywhere = experiment.reference.arrays | along
    baths = experiment.reference.with_arrays({name: np.full(K_o.size, x, float) for name, x in everywhere.items()})
    V_m = potentials(experiment, {name: x[:, None] for name, x in values.items()}, baths)[:, 0]
    lower, upper = bounds(V_m, experiment.config.interval, axis=0)
    middle = np.median(V_m, axis=0)
    inside = np.median(baths.inside(values | experiment.fixed)["K"])
    found: dict[str, Any] = {
        "K_o": _round(K_o[:-1]),
        "Na_o": _round(baths.c_o["Na"][:-1]) if "Na" in baths.c_o else [],
        "band": [_round(x[:-1]) for x in (lower, middle, upper)],
        "here": _round([x[-1] for x in (lower, middle, upper)]),
        "E_K": _round(nernst_potential(1, inside, K_o[:-1], here["temperature_C"])),
    }
    medians = {name: np.median(x, axis=0, keepdims=True)[:, None] for name, x in values.items()}
    rows = np.flatnonzero(experiment.levels.group_of_row == g)
    if what_if:
        other = medians | {name: np.full((1, 1), x) for name, x in what_if.items() if name in medians}
        found |= {
            "other": _round(potentials(experiment, other, baths)[0, 0, :-1]),
            "other_misfit": _misfit(experiment, other, rows),
        }
    if at is None:
        found |= _offered(experiment, values, rows, start, span)
        found |= {"misfit": _misfit(experiment, medians, rows), "replaces": replaces}
    return found


def _values(fit: Fit, group: int) -> dict[str, np.ndarray]:
    """Thinned draws of one group's parameters, or of all cells', by public name."""
    every = group_values(fit.tree["posterior"].to_dataset(), fit.experiment, flat=True)
    step = max(1, max(map(len, every.values()), default=1) // _DRAWS)
    return {name: (x[::step, group] if x.ndim > 1 else x[::step]) for name, x in every.items()}


def _offered(
    experiment: Experiment, values: Mapping[str, np.ndarray], rows: np.ndarray, start: Mapping[str, float], span: tuple
) -> dict[str, Any]:
    """What a page needs beside the curve: sliders, handles, recordings."""
    at, bath = experiment.conditions.take(experiment.condition_of_row), experiment.conditions.bath
    ranges = {name: (0.0, float(max(1.5 * np.max(x), start[name], 1.0))) for name, x in bath.items()}
    ranges |= {"K_o_mM": span, "temperature_C": (0.0, 45.0)}
    points = zip(
        at.c_o["K"][rows], experiment.recordings["V_m"].to_numpy()[rows], at.temperature_C[rows], at.blocked[rows],
        experiment.recordings["row"].to_numpy()[rows].tolist(), at.c_o.get("Na", np.zeros(at.size))[rows], strict=True,
    )  # fmt: skip
    ratios = [p.name for p in experiment.parameters if p.role is Role.PERMEABILITY_RATIO]
    return {
        "start": start,
        "ranges": ranges,
        "groups": experiment.levels.groups,
        "interval": experiment.interval_name,
        "law": experiment.law.name,
        "pump": experiment.law.has_pump,
        "ratios": {name: _round(np.quantile(values[name], [0.001, 0.5, 0.999]), 5) for name in ratios},
        "dormant": experiment.dormant,
        "points": [[float(x) for x in point] for point in points],
    }


def _replaced(experiment: Experiment) -> bool:
    """Whether the baths with much K have little Na."""
    c_o = experiment.conditions.c_o
    if "Na" not in c_o or len(np.unique(c_o["K"])) < 2 or len(np.unique(c_o["Na"])) < 2:
        return False
    return bool(np.corrcoef(c_o["K"], c_o["Na"])[0, 1] < -0.3)


def _span(experiment: Experiment) -> tuple[float, float]:
    K_o = experiment.conditions.c_o["K"]
    least = K_o[K_o > 0].min(initial=_SPAN_mM[1])
    return float(min(_SPAN_mM[0], least)), float(max(_SPAN_mM[1], K_o.max()))


def _misfit(experiment: Experiment, values: dict[str, np.ndarray], rows: np.ndarray) -> float:
    """Root mean square (mV) of the recordings less what a typical cell would have."""
    expected = potentials(experiment, values, experiment.conditions)[0, 0][experiment.condition_of_row[rows]]
    return float(np.round(np.sqrt(np.mean((experiment.recordings["V_m"].to_numpy()[rows] - expected) ** 2)), 3))


def _round(x: ArrayLike, places: int = 3) -> list[float]:
    return np.round(np.asarray(x, float), places).tolist()
