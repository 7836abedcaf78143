"""Fourth part of the verdict: what do the answers rest on? Recomputed, not guessed.

Each variation reweights the posterior's draws by Pareto-smoothed importance sampling where that is reliable, and is
fitted again where it is not (Vehtari et al. 2024). Shifts are of medians, on the answer's own scale, in posterior sds.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import xarray as xr

from ...models.parameters import Parameter, Quantity
from ...models.priors import Scale
from ..experiment.experiment import Experiment
from ..model.draws import parameter_values, resistance_distribution, row_distribution
from ..results.loo import GOOD_K
from ..sampling.array_stats import array_stats
from .identification import questions
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


@dataclass(frozen=True)
class _Answer:
    """One answer (of one group) in draws: its quantity, the group, and where its values stand in a posterior."""

    quantity: Quantity
    group: str

    @property
    def name(self) -> str:
        return label(self.quantity.name, self.group)

    def of(self, posterior: xr.Dataset) -> np.ndarray:
        x = posterior[self.quantity.symbol]
        x = x.sel(population=self.group) if "population" in x.dims else x
        return x.to_numpy().ravel()


def robustness(experiment: Experiment, posterior: xr.Dataset, redraw: Redraw) -> Robustness:
    """Vary everything that might have been otherwise, and see what moves.

    Parameters
    ----------
    posterior : draws with what derives from them, as the tree's `posterior` holds them.
    redraw : fits a varied experiment again, where reweighting is not reliable.
    """
    answers = [_Answer(q, group) for q in questions(experiment) for group in _groups(posterior, q)]
    if not answers:
        return judge_table(pd.DataFrame(columns=[*COLUMNS, *_BESIDE]))
    few = _thinned(posterior)
    joint = _Joint(few, experiment)
    base = {a.name: _Spread.of(a, a.of(posterior)) for a in answers}
    of_few = {a.name: _Spread.of(a, a.of(few)) for a in answers}  # so that thinning itself shifts nothing
    rows, not_run = [], []
    for v in variations(experiment):
        log_weight = joint.log_weight(v)
        weight = None if log_weight is None else smoothed(log_weight)
        draws = few if weight is not None else redraw(v.experiment)
        for a in answers:
            if a.quantity.symbol not in draws:
                not_run.append(f"{v.changed} {v.after}")
                continue
            x = a.of(draws)
            lower, median, upper = weighted_quantiles(x, weight, experiment.config.interval)
            start = base[a.name] if weight is None else of_few[a.name]
            shift = start.shift(median, a.quantity.scale)
            counts = _counts(v.kind, a.quantity, shift, start.median, median)
            changed = [a.quantity.name, a.group, v.changed, v.before, v.after]
            rows.append([*changed, shift, median, lower, upper, str(v.kind), start.median, counts])
    table = pd.DataFrame(rows, columns=[*COLUMNS, *_BESIDE])
    conflicts = tuple(_conflicts(experiment, posterior, table))
    return judge_table(
        table, conflicts, tuple(dict.fromkeys(not_run)), tuple(_sensitivities(experiment, posterior, answers))
    )


def _sensitivities(
    experiment: Experiment, posterior: xr.Dataset, answers: Sequence[_Answer]
) -> Iterator[tuple[str, str, float]]:
    """Each answer's power-scaling sensitivity to each prior that acts on the questions."""
    shape = (posterior.sizes["chain"], posterior.sizes["draw"])
    drawn = [a.of(posterior).reshape(shape) for a in answers]
    for p in varied_parameters(experiment):
        log_prior = p.prior.log_density(posterior[p.symbol].to_numpy()).reshape(*shape, -1).sum(axis=-1)
        for a, found in zip(answers, sensitivity(log_prior, *drawn), strict=True):
            yield a.name, p.name, round(found, 4)


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
        self.posterior, self.experiment = posterior, experiment
        self.y = experiment.recordings["V_m"].to_numpy()
        self.values = parameter_values(posterior, experiment, flat=True)
        self.rows = row_distribution(self.values, experiment).logpdf(self.y)
        self.resistance = self._of_resistance(experiment)

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
        other = v.experiment
        y = other.recordings["V_m"].to_numpy()
        change = row_distribution(self.values, other).logpdf(y) - self.rows
        return change.sum(axis=1) + self._of_resistance(other) - self.resistance

    def _of_resistance(self, experiment: Experiment) -> np.ndarray:
        if experiment.resistance is None:
            return np.zeros(len(self.rows))
        of_rows = resistance_distribution(self.values, experiment)
        return of_rows.logpdf(experiment.resistance.R_in_MOhm).sum(axis=-1)


@dataclass(frozen=True)
class _Spread:
    """Median of an answer, and its sd on its own scale."""

    median: float
    sd: float

    @classmethod
    def of(cls, answer: _Answer, x: np.ndarray) -> "_Spread":
        return cls(float(np.median(x)), float(np.std(answer.quantity.scale.of(x))))

    def shift(self, median: float, scale: Scale) -> float:
        """How far another median lies from this one, in sds."""
        return float((scale.of(median) - scale.of(self.median)) / self.sd) if self.sd > 0 else 0.0


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
        for group in _groups(posterior, p):
            answer = _Answer(p, group)
            median, own = float(np.median(answer.of(posterior))), of_p[of_p["group"] == group]
            wide = own[["median", "lower", "upper"]].to_numpy()[0] if len(own) else np.array([median, np.nan, np.nan])
            if two_sided(p, wide[0]) < CONFLICT:
                yield Conflict(answer.name, str(p.prior), median, wider, *map(float, wide))


def two_sided(parameter: Parameter, value: float) -> float:
    """Probability under a parameter's prior of what lies at least as far out as `value`: where the prior is no higher."""
    prior = parameter.prior
    x = np.append(prior.draw(np.random.default_rng(0), 20_000), value)
    height = prior.log_density(x) + np.log(prior.scale.slope(x))
    return float(np.mean(height[:-1] <= height[-1]))


def _groups(posterior: xr.Dataset, q: Quantity) -> list[str]:
    x = posterior[q.symbol]
    return [str(name) for name in x["population"].to_numpy()] if "population" in x.dims else [""]


def _thinned(posterior: xr.Dataset) -> xr.Dataset:
    step = max(1, posterior.sizes["chain"] * posterior.sizes["draw"] // _DRAWS)
    return posterior.isel(draw=slice(None, None, step))
