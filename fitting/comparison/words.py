"""The contrasts in words: V_m and its difference first, then a sentence for every row of the table."""

from typing import Any

import numpy as np
import pandas as pd

from ..checks.fitted import Fitted
from ..checks.identification import UNINFORMED
from ..checks.words import listed
from ..experiment.experiment import Experiment, in_words
from ..experiment.interval import bounds
from ..results.text import digits
from .contrasts import V_M, reference_potentials

CALLED = 0.975
"""Probability of a direction that corresponds to a two-sided test at 5 %."""
ALIKE = 0.9
"""Probability of practical equality above which groups are said to be alike."""


def potentials_in_words(fit: Fitted) -> str:
    """V_m of every group in the reference bath, with its interval."""
    experiment, V_m = fit.experiment, reference_potentials(fit)
    lower, upper = bounds(V_m, experiment.config.interval, axis=0)
    groups = zip(experiment.levels.groups, np.median(V_m, axis=0), lower, upper, strict=True)
    interval = f"{experiment.interval_name} "  # said once
    potentials = [
        f"{middle:.1f} mV in {group} ({interval * (k == 0)}{low:.1f} to {high:.1f})"
        for k, (group, middle, low, high) in enumerate(groups)
    ]
    text = f"In the reference bath ({in_words(experiment.reference)}) V_m is {listed(potentials)}."
    if unseen := _unrecorded(experiment):
        text += f" No row of {listed(unseen)} is of that bath: there V_m is what the law predicts."
    return text


def _unrecorded(experiment: Experiment) -> list[str]:
    """The groups without a row in the reference bath with the pump running."""
    at, reference = experiment.conditions, experiment.reference.bath
    in_reference = (at.blocked == 0) & np.all([np.isclose(x, reference[name]) for name, x in at.bath.items()], axis=0)
    recorded = set(experiment.levels.group_of_row[in_reference[experiment.condition_of_row]].tolist())
    return [group for k, group in enumerate(experiment.levels.groups) if k not in recorded]


def unanswered(fit: Fitted, table: pd.DataFrame) -> np.ndarray:
    """Which contrasts the recordings say little of: one of their groups has a parameter that is largely the prior."""
    known = fit.summary().set_index(["parameter", "group"])["contraction"]
    weak = {name for name, contraction in known.items() if contraction < UNINFORMED}
    return np.array([bool({(r.parameter, r.a), (r.parameter, r.b)} & weak) for r in table.itertuples()], dtype=bool)


def contrasts_in_words(fit: Fitted, table: pd.DataFrame) -> list[str]:
    """A sentence for each contrast of which the recordings say something, and one for all the others."""
    open_ones = unanswered(fit, table)
    judged = int(table["p_direction"].notna().sum())
    said = [_sentence(row, fit.experiment.interval_name) for row in table[~open_ones].itertuples()]
    if open_ones.any():
        names = listed(list(dict.fromkeys(table["parameter"][open_ones])))
        said.append(f"The recordings do not say how {names} differ: what the table shows there is largely the prior.")
    if judged > 2 and said:
        chance = 2 * (1 - CALLED) * judged
        said.append(
            f"These are {judged} contrasts: were there no difference in any, {chance:.1f} would on average still have a direction"
            f" with a probability above {CALLED} (p_direction is of each by itself)."
        )
    return said


def _sentence(row: Any, interval: str) -> str:
    is_ratio = row.kind == "ratio"
    even = 1.0 if is_ratio else 0.0
    above = row.median > even
    if is_ratio:
        ends = f"{interval} {digits(row.lower)} to {digits(row.upper)}"
        what = f"{row.parameter} of {row.a} is {digits(row.median)} times that of {row.b} ({ends})"
    else:
        in_mV = not np.isnan(row.rope_low)  # others have no agreed range of equality
        low, high = (f"{x:+.1f}" if in_mV else digits(x) for x in (row.lower, row.upper))
        unit, size = " mV" * in_mV, f"{abs(row.median):.1f} mV" if in_mV else digits(abs(row.median))
        ends = f"{interval} of the difference {low} to {high}{unit}"
        what = f"{row.parameter} of {row.a} is {size} {'above' if above else 'below'} that of {row.b} ({ends})"
    if row.parameter == V_M.name:
        what = f"V_m of {row.a} lies {size} {'above' if above else 'below'} that of {row.b} ({ends})"
    if np.isnan(row.p_direction):
        return f"{what}; no direction is claimed."
    if not row.lower <= even <= row.upper:
        return f"{what}: {'higher' if above else 'lower'} with probability {_probability(row.p_direction)}."
    if row.p_rope > ALIKE:
        return f"{what}: practically equal with probability {_probability(row.p_rope)}."
    return f"{what}: which of them is higher cannot be told ({_probability(row.p_direction)} for this direction)."


def _probability(p: float) -> str:
    return "above 0.999" if p > 0.999 else f"{p:.3f}"
