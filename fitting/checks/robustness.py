"""Fourth part of the verdict: what do the answers rest on? Recomputed, not guessed.

Each variation reweights the posterior's draws by Pareto-smoothed importance sampling where that is reliable, and is
fitted again where it is not (Vehtari et al. 2024). Shifts are of medians, on the answer's own scale, in posterior sds.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import xarray as xr

from ...models.parameters import Parameter, Quantity
from ...models.priors import Scale
from ..experiment.experiment import Experiment
from ..model.draws import parameter_values
from ..results.loo import GOOD_K, resistance_density, row_density
from ..sampling.array_stats import array_stats
from ..sampling.progress import one_by_one
from .identification import draws_of, questions
from .power_scaling import SENSITIVE, sensitivity
from .variations import Kind, Variation, variations, varied_parameters

COLUMNS = ["answer", "group", "changed", "from", "to", "shift_sd", "median", "lower", "upper"]
_BESIDE = ["kind", "base", "counts"]
PRIOR_COUNTS = 0.5
"""Posterior sds by which another prior must move an answer to count."""
ASSUMPTION_COUNTS = 1.0
"""Posterior sds by which another assumption, or a cell left out, must move an answer to count; and it must matter:"""
RATIO_COUNTS, MV_COUNTS = 0.1, 1.0
"""by so much of a ratio or Q10, or so many mV."""
CONFLICT = 0.01
"""Two-sided probability under its prior of what the data say, below which prior and data are in conflict."""
_DRAWS = 1000  # enough for medians to a few hundredths of an sd

Redraw = Callable[[Experiment], xr.Dataset]
"""From an experiment to draws of its posterior, with what derives from them."""


@dataclass(frozen=True)
class Conflict:
    """A prior that the data contradict: the parameter, both medians, and the wider prior that gives the second."""

    parameter: str
    prior: str
    median: float
    wider: str
    wider_median: float
    wider_lower: float
    wider_upper: float


@dataclass(frozen=True)
class Robustness:
    """Fourth part of the verdict.

    Attributes
    ----------
    ok : no answer rests on a prior or an assumption more than the data allow.
    rests_on : answer, what it rests on, and the shift in posterior sds; the largest first.
    conflicts : priors that the data contradict.
    not_run : variations that could not be computed.
    sensitivities : answer, the parameter of a prior, and the answer's power-scaling sensitivity to it.
    table : a line for each answer and variation, in COLUMNS, with its `kind`, the median without it (`base`), and whether
        it `counts`.
    """

    ok: bool
    rests_on: tuple[tuple[str, str, float], ...]
    conflicts: tuple[Conflict, ...]
    not_run: tuple[str, ...]
    sensitivities: tuple[tuple[str, str, float], ...]
    table: pd.DataFrame

    @property
    def left_out(self) -> int:
        """How many cells or rows were left out, one after another."""
        return self.table.loc[self.table["kind"] == str(Kind.LEFT_OUT), "changed"].nunique()


def label(answer: str, group: str) -> str:
    """An answer's name, with the group that it is of."""
    return f"{answer} ({group})" if group else answer


def robustness(experiment: Experiment, posterior: xr.Dataset, redraw: Redraw, progress: bool = False) -> Robustness:
    """Vary everything that might have been otherwise, and see what moves.

    Parameters
    ----------
    posterior : draws with what derives from them, as the tree's `posterior` holds them.
    redraw : fits a varied experiment again, where reweighting is not reliable.
    """
    asked = questions(experiment)
    if not asked:
        return judge_table(pd.DataFrame(columns=[*COLUMNS, *_BESIDE]))
    step = max(1, posterior.sizes["chain"] * posterior.sizes["draw"] // _DRAWS)
    few = posterior.isel(draw=slice(None, None, step))
    joint = _Joint(few, experiment)
    answers = draws_of(asked, posterior)
    # Medians, and sds on the answers' own scales; of the thinned draws too, so that thinning itself shifts nothing.
    of_all, of_few = (
        {q: (float(np.median(x)), float(np.std(q.scale.of(x)))) for q, x in draws.items()}
        for draws in (answers, draws_of(asked, few))
    )
    rows, not_run = [], []
    for v in one_by_one(lambda: variations(experiment), "variations", progress):
        log_weight = joint.log_weight(v)
        weight = None if log_weight is None else smoothed(log_weight)
        draws = draws_of(asked, few if weight is not None else redraw(v.experiment))
        for q in answers:
            if q not in draws:
                not_run.append(f"{v.changed} {v.after}")
                continue
            lower, median, upper = weighted_quantiles(draws[q], weight, experiment.config.interval)
            before, sd = (of_all if weight is None else of_few)[q]
            shift = float((q.scale.of(median) - q.scale.of(before)) / sd) if sd > 0 else 0.0
            changed = [q.name, q.group, v.changed, v.before, v.after]
            counts = _counts(v.kind, q, shift, before, median)
            rows.append([*changed, shift, median, lower, upper, str(v.kind), before, counts])
    table = pd.DataFrame(rows, columns=[*COLUMNS, *_BESIDE])
    conflicts = tuple(_conflicts(experiment, posterior, table))
    return judge_table(
        table, conflicts, tuple(dict.fromkeys(not_run)), tuple(_sensitivities(experiment, posterior, answers))
    )


def _sensitivities(
    experiment: Experiment, posterior: xr.Dataset, answers: dict[Quantity, np.ndarray]
) -> Iterator[tuple[str, str, float]]:
    """Each answer's power-scaling sensitivity to each prior that acts on the questions."""
    shape = (posterior.sizes["chain"], posterior.sizes["draw"])
    drawn = [x.reshape(shape) for x in answers.values()]
    for p in varied_parameters(experiment):
        log_prior = p.prior.log_density(posterior[p.symbol].to_numpy()).reshape(*shape, -1).sum(axis=-1)
        for q, found in zip(answers, sensitivity(log_prior, *drawn), strict=True):
            yield q.label, p.name, round(found, 4)


def to_dataset(found: Robustness) -> xr.Dataset:
    """What a tree keeps of it: the table over a dim `change`, and the rest as attributes."""
    columns = {name: ("change", found.table[name].to_numpy()) for name in found.table}
    conflicts = json.dumps([asdict(one) for one in found.conflicts])
    beside = {"not_run": json.dumps(found.not_run), "sensitivities": json.dumps(found.sensitivities)}
    return xr.Dataset(columns, attrs={"conflicts": conflicts, **beside})


def from_dataset(stored: xr.Dataset) -> Robustness:
    """The inverse of `to_dataset`."""
    table = stored.to_dataframe()[[*COLUMNS, *_BESIDE]].reset_index(drop=True)
    conflicts = tuple(Conflict(**one) for one in json.loads(stored.attrs["conflicts"]))
    sensitivities = tuple(
        (answer, prior, value) for answer, prior, value in json.loads(stored.attrs.get("sensitivities", "[]"))
    )
    return judge_table(table, conflicts, tuple(json.loads(stored.attrs["not_run"])), sensitivities)


def judge_table(
    table: pd.DataFrame,
    conflicts: tuple[Conflict, ...] = (),
    not_run: tuple[str, ...] = (),
    sensitivities: tuple[tuple[str, str, float], ...] = (),
) -> Robustness:
    """The judgement that shifts and sensitivities carry: for each answer and what it rests on, the largest shift."""
    counting = {(answer, prior) for answer, prior, value in sensitivities if value > SENSITIVE}
    largest: dict[tuple[str, str], float] = {}
    for row in table.to_dict("records"):
        key = (label(row["answer"], row["group"]), row["changed"])
        if row["counts"]:
            counting.add(key)
        if abs(row["shift_sd"]) >= abs(largest.get(key, 0.0)):
            largest[key] = float(row["shift_sd"])
    found = ((answer, what, round(largest.get((answer, what), 0.0), 3)) for answer, what in counting)
    rests_on = tuple(sorted(found, key=lambda one: (-abs(one[2]), one)))
    return Robustness(not rests_on, rests_on, conflicts, not_run, sensitivities, table)


def smoothed(log_weight: np.ndarray) -> np.ndarray | None:
    """Normalised weights of draws, Pareto-smoothed; None where they are not reliable (k of GOOD_K or more)."""
    if not np.all(np.isfinite(log_weight)):
        return None
    if np.ptp(log_weight) < 1e-12:
        return np.full(len(log_weight), 1 / len(log_weight))
    smooth, k = array_stats().psislw(-log_weight)  # it takes the log-likelihood of what is left out
    return np.exp(smooth) if float(k) < GOOD_K else None


def weighted_quantiles(x: np.ndarray, weight: np.ndarray | None, interval: float) -> tuple[float, float, float]:
    """Lower end, median and upper end of the equal-tailed interval of weighted draws."""
    tail = (1 - interval) / 2
    if weight is None:
        lower, median, upper = np.quantile(x, [tail, 0.5, 1 - tail])
    else:
        order = np.argsort(x)
        cumulated = np.cumsum(weight[order])
        lower, median, upper = np.interp([tail, 0.5, 1 - tail], cumulated - weight[order] / 2, x[order])
    return float(lower), float(median), float(upper)


class _Joint:
    """The joint log density of draws, part by part, from which a variation's weights follow."""

    def __init__(self, posterior: xr.Dataset, experiment: Experiment):
        self.posterior, self.values = posterior, parameter_values(posterior, experiment, flat=True)
        self.rows = row_density(self.values, experiment)
        self.resistance = resistance_density(self.values, experiment)

    def log_weight(self, v: Variation) -> np.ndarray | None:
        """Log weight of each draw under a variation; None where only another fit can tell."""
        if v.kind is Kind.STRUCTURE:
            return None
        if v.kind is Kind.PRIOR and v.parameter is not None:
            x = self.posterior[v.parameter.symbol].to_numpy().reshape(self.rows.shape[0], -1)
            varied = next(p for p in v.experiment.parameters if p.name == v.parameter.name)
            return (varied.prior.log_density(x) - v.parameter.prior.log_density(x)).sum(axis=1)
        if v.rows is not None:
            return -self.rows[:, v.rows].sum(axis=1)
        change = row_density(self.values, v.experiment) - self.rows
        return change.sum(axis=1) + resistance_density(self.values, v.experiment) - self.resistance


def _counts(kind: Kind, q: Quantity, shift: float, before: float, after: float) -> bool:
    if kind is Kind.PRIOR:
        return abs(shift) > PRIOR_COUNTS
    if abs(shift) <= ASSUMPTION_COUNTS:
        return False
    if q.compared is Scale.LOG:
        return abs(after / before - 1) > RATIO_COUNTS
    return abs(after - before) > (MV_COUNTS if q.unit == "mV" else RATIO_COUNTS)


def _conflicts(experiment: Experiment, posterior: xr.Dataset, table: pd.DataFrame) -> Iterator[Conflict]:
    """Priors under which what the data say, as a prior twice as wide lets them say it, is hardly possible."""
    for p in varied_parameters(experiment):
        if not p.prior.alternatives:
            continue
        wider = str(p.prior.alternatives[0])
        of_p = table[(table["changed"] == p.name) & (table["to"] == wider) & (table["answer"] == p.name)]
        for q, x in draws_of([p], posterior).items():
            median, own = float(np.median(x)), of_p[of_p["group"] == q.group]
            wide = own[["median", "lower", "upper"]].to_numpy()[0] if len(own) else np.array([median, np.nan, np.nan])
            if two_sided(p, wide[0]) < CONFLICT:
                yield Conflict(q.label, str(p.prior), median, wider, *map(float, wide))


def two_sided(parameter: Parameter, value: float) -> float:
    """Probability under a parameter's prior of what lies at least as far out as `value`: where the prior is no higher."""
    prior = parameter.prior
    x = np.append(prior.draw(np.random.default_rng(0), 20_000), value)
    height = prior.log_density(x) + np.log(prior.scale.slope(x))
    return float(np.mean(height[:-1] <= height[-1]))
