"""After a misfit, or a sampling that failed: which addition to the law, or to what was assumed, would mend it?

Each is fitted, and predicts the rows that it has not seen (leave-one-out); what it gains is said, and nothing is adopted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from ..experiment.experiment import Experiment
from ..model.draws import parameter_values
from ..results.loo import leave_one_out, row_density, se_of_sum
from ..sampling.progress import one_by_one
from .lack_of_fit import check_fit
from .robustness import Redraw
from .variations import rebuilt

_SHUNTS = (0.1, 0.2)  # of V_m, taken by a seal or an impalement: where the best one is sought from
_MOST_SHUNT = 0.4
_USUAL_SHUNT = 0.1  # what an input resistance of 0.5 GOhm loses to a seal of 5


@dataclass(frozen=True)
class Cure:
    """One addition to the law, or to what was assumed.

    Attributes
    ----------
    typed : what to type.
    gain, se : what it gains in expected log predictive density, and the standard error of that.
    mends : whether the fit with it passes the checks that the law failed.
    tied : whether these recordings do not tell it from the one that is named first.
    """

    typed: str
    gain: float
    se: float
    mends: bool
    tied: bool = False

    @property
    def helps(self) -> bool:
        """Whether the gain is more than chance would give: 4 (of one that mends, 2), and two standard errors."""
        return self.gain > (2 if self.mends else 4) and self.gain > 2 * self.se


Tried = tuple[Cure, np.ndarray]
"""A cure, and what it gains row by row."""


def cures(experiment: Experiment, posterior: xr.Dataset, redraw: Redraw, progress: bool = False) -> tuple[Cure, ...]:
    """What each addition that these recordings could show would gain: those that mend the fit first, the best of them first.

    A shunt that cannot be told from the best goes before it: every electrode has one, and few membranes what looks like it.

    Parameters
    ----------
    posterior : draws under the experiment's own law.
    redraw : fits another experiment.
    """
    base = _predicted(posterior, experiment)
    candidates = one_by_one(lambda: _candidates(experiment), "additions", progress)
    gained = dict(_tried(typed, other, redraw, base) for typed, other in candidates)
    shunt = None
    if experiment.resistance is None or experiment.resistance.seal is None:
        shunt, of_rows = _shunt(experiment, redraw, base, progress)
        gained[shunt] = of_rows

    def tied(one: Cure, other: Cure) -> bool:
        """Whether the difference between two is within two standard errors of itself."""
        difference = gained[one] - gained[other]
        return bool(abs(difference.sum()) < 2 * se_of_sum(difference))

    found = sorted(gained, key=lambda cure: (not (cure.helps and cure.mends), -cure.gain))
    if shunt and shunt.helps and shunt.mends and tied(shunt, found[0]):
        found.sort(key=lambda cure: cure is not shunt)
    return tuple(replace(c, tied=c is not found[0] and found[0].helps and tied(c, found[0])) for c in found)


def _tried(typed: str, other: Experiment, redraw: Redraw, base: np.ndarray, beside: float = 0.0) -> Tried:
    """An addition as it does; `beside` is what its gain has beside the rows' predictions."""
    posterior = redraw(other)
    gained = _predicted(posterior, other) - base + beside / len(base)
    return Cure(typed, float(gained.sum()), se_of_sum(gained), check_fit(posterior, other).ok), gained


def _predicted(posterior: xr.Dataset, experiment: Experiment) -> np.ndarray:
    """Expected log predictive density of each row left out, of densities in 1/mV."""
    return leave_one_out(row_density(parameter_values(posterior, experiment, flat=True), experiment))[0]


def _shunt(experiment: Experiment, redraw: Redraw, base: np.ndarray, progress: bool) -> Tried:
    """The shunt that gains most: a parabola's top through the gains of none and of two.

    Its size is one more parameter, and has a prior, as the options' parameters have theirs: a half-Normal of the usual one.
    """

    def of(share: float) -> Tried:
        recordings = experiment.recordings.assign(V_m=experiment.recordings["V_m"] / (1 - share))
        typed = f"a column R_seal_GOhm (a shunt that takes {share:.0%} of V_m)"
        scale = -len(base) * float(np.log(1 - share))  # of recordings that are stretched, per mV of those before
        unlikely = 0.5 * (1 + (share / _USUAL_SHUNT) ** 2)
        return _tried(typed, replace(experiment, recordings=recordings), redraw, base, scale - unlikely)

    tried = [of(share) for share in one_by_one(lambda: _SHUNTS, "shunts", progress)]
    curve, slope, _ = np.polyfit((0.0, *_SHUNTS), (0.0, *(cure.gain for cure, _ in tried)), 2)
    top = -slope / (2 * curve) if curve < 0 else _MOST_SHUNT
    if top > 0:
        tried.append(of(min(top, _MOST_SHUNT)))
    return max(tried, key=lambda one: one[0].gain)


def _candidates(experiment: Experiment) -> Iterator[tuple[str, Experiment]]:
    """What to type, and the experiment with it."""
    on, better = experiment.config.options, experiment.law.refined_by
    changes: dict[str, dict[str, Any]] = {
        f"--option {option.name}": {"options": (*on, option.name)}
        for option in experiment.possible_options
        if option.along is not None and len(np.unique(option.along(experiment.conditions))) >= option.fewest
    }
    if better:
        changes[f"--law {better}"] = {"law": better}
    if not experiment.config.robust:
        changes["--robust"] = {"robust": True}
    for typed, settings in changes.items():
        if other := rebuilt(experiment, **settings):
            yield typed, other
