"""After a misfit, or a sampling that failed: which addition to the law, or to what was assumed, would mend it?

Each is fitted, and predicts the rows that it has not seen (leave-one-out); what it gains is said, and nothing is adopted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from ...models.errors import VrestError
from ..experiment.build import build_experiment
from ..experiment.config import Config
from ..experiment.experiment import Experiment
from ..model.draws import parameter_values, row_distribution
from ..results.loo import leave_one_out

_SHUNTS = (0.9, 0.8)  # what a seal or an impalement may leave of V_m
_OPTIONS = ("Q10_P_Na", "rectification", "davies")


@dataclass(frozen=True)
class Cure:
    """One addition: what to type, what it gains in expected log predictive density, and the standard error of that."""

    typed: str
    gain: float
    se: float

    @property
    def helps(self) -> bool:
        """Whether the gain is more than chance would give: 4, and two standard errors."""
        return self.gain > 4 and self.gain > 2 * self.se


def cures(
    experiment: Experiment, posterior: xr.Dataset, redraw: Callable[[Experiment], xr.Dataset]
) -> tuple[Cure, ...]:
    """What each addition that these recordings could show would gain, best first.

    Parameters
    ----------
    posterior : draws under the experiment's own law.
    redraw : fits another experiment.
    """
    base = _predicted(posterior, experiment)
    found = []
    for typed, other, jacobian in _candidates(experiment):
        gained = _predicted(redraw(other), other) + jacobian - base
        found.append(Cure(typed, float(gained.sum()), float(np.sqrt(len(gained)) * gained.std(ddof=1))))
    return tuple(sorted(found, key=lambda cure: -cure.gain))


def _predicted(posterior: xr.Dataset, experiment: Experiment) -> np.ndarray:
    """Expected log predictive density of each row left out, of densities in 1/mV."""
    values = parameter_values(posterior, experiment, flat=True)
    return leave_one_out(row_distribution(values, experiment).logpdf(experiment.recordings["V_m"].to_numpy()))[0]


def _candidates(experiment: Experiment) -> Iterator[tuple[str, Experiment, float]]:
    """What to type, the experiment with it, and what a change of the recordings' scale adds to each row's log density."""
    config, law, at = experiment.config, experiment.law, experiment.conditions
    varied = {
        "Q10_P_Na": len(np.unique(at.temperature_C)) > 1,
        "rectification": len(np.unique(at.c_o["K"])) > 2,
        "davies": len(np.unique(at.c_o["K"])) > 2,
    }
    for name in _OPTIONS:
        if varied[name] and name in law.options and name not in config.options:
            yield from _built(experiment, f"--option {name}", replace(config, options=(*config.options, name)))
    if law.name == "ghk-pump":
        yield from _built(experiment, "--law ghk-pump-kinetic", replace(config, law="ghk-pump-kinetic"))
    if not config.robust:
        yield from _built(experiment, "--robust", replace(config, robust=True))
    if experiment.resistance is None or experiment.resistance.seal is None:
        for left in _SHUNTS:
            recordings = experiment.recordings.assign(V_m=experiment.recordings["V_m"] / left)
            typed = f"a column R_seal_GOhm (a shunt that takes {1 - left:.0%} of V_m)"
            yield typed, replace(experiment, recordings=recordings), -float(np.log(left))


def _built(experiment: Experiment, typed: str, config: Config) -> Iterator[tuple[str, Experiment, float]]:
    try:
        yield typed, build_experiment(experiment.recordings, config), 0.0
    except VrestError:  # not for these recordings: there is nothing to try
        return
