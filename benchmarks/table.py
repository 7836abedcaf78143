"""Figures, their agreement with the package's posterior, the table and the JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from .machine import median

MEANS_APART = 0.2  # sds; Monte Carlo errors of two posteriors with 400 effective draws each differ by 0.07 sd
SDS_APART = 0.2  # relative
POINT_APART = 0.5  # sds; a most probable point is not a mean
COLUMNS = ("case", "what", "median", "unit", "ratio", "against", "peak MB", "min ESS", "remark")


@dataclass
class Figure:
    """One line of the table: what was measured, over and over, and against which other line.

    Attributes
    ----------
    case, what : which benchmark, and who or what in it.
    values : one for each repeat; empty where nothing may be said (`remark` says why).
    against : the values, repeat by repeat, that `ratio` divides by; `versus` names them.
    """

    case: str
    what: str
    values: list[float] = field(default_factory=list)
    unit: str = "s"
    against: list[float] = field(default_factory=list)
    versus: str = ""
    peak_MB: float | None = None
    min_ess: float | None = None
    remark: str = ""

    @property
    def median(self) -> float | None:
        return median(self.values) if self.values else None

    @property
    def ratio(self) -> float | None:
        """Median over the repeats of this over what it is held against in the same repeat."""
        pairs = list(zip(self.values, self.against, strict=False))
        return median([mine / other for mine, other in pairs]) if pairs else None


def disagreement(draws: Mapping[str, np.ndarray], reference: Mapping[str, np.ndarray]) -> str:
    """How a posterior differs from the reference's, as a sentence; empty where it does not.

    Arrays are draws (chain, draw); those of shape (2,) are a point and its standard error.
    """
    missing = [name for name in reference if name not in draws]
    if missing:
        return f"has no {', '.join(missing)}"
    faults = []
    for name, theirs in reference.items():
        mine, sd = draws[name], float(np.std(theirs))
        is_point = mine.shape == (2,)
        centre, spread = (float(mine[0]), float(mine[1])) if is_point else (float(np.mean(mine)), float(np.std(mine)))
        apart = (centre - float(np.mean(theirs))) / sd
        if not abs(apart) <= (POINT_APART if is_point else MEANS_APART):
            faults.append(f"{name}: mean {apart:+.2f} sd away")
        elif not abs(spread / sd - 1) <= SDS_APART:
            faults.append(f"{name}: sd {spread / sd:.2f} times as large")
    return "; ".join(faults)


def judged(figure: Figure, draws: Mapping[str, np.ndarray], reference: Mapping[str, np.ndarray]) -> Figure:
    """The figure, without its times where the posterior is not the reference's."""
    fault = disagreement(draws, reference)
    if fault:
        figure.values, figure.remark = [], f"DISAGREES, so no time: {fault}"
    elif all(x.shape == (2,) for x in draws.values()):
        figure.remark = "point and standard errors only"
    else:
        figure.min_ess = min(effective(x) for x in draws.values())
    return figure


def effective(draws: np.ndarray) -> float:
    """Effective draws in the bulk."""
    from arviz_stats.base import array_stats

    return float(array_stats.ess(np.asarray(draws, float), method="bulk"))


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Slope of log cost on log size."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def markdown(figures: Sequence[Figure], machine: Mapping) -> str:
    """The one table, and below it what it was measured on."""
    rows = [
        [
            f.case, f.what, _number(f.median), f.unit, _number(f.ratio), f.versus if f.ratio is not None else "",
            _number(f.peak_MB), _number(f.min_ess), f.remark.replace("|", "/").replace("\n", " "),
        ]
        for f in figures
    ]  # fmt: skip
    widths = [max(len(row[k]) for row in [COLUMNS, *rows]) for k in range(len(COLUMNS))]
    lines = ["| " + " | ".join(x.ljust(w) for x, w in zip(row, widths, strict=True)) + " |" for row in [COLUMNS, *rows]]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    load = "" if machine.get("load") is None else f", load {machine['load']:.1f} at the start"
    where = f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}{load}"
    return "\n".join([*lines, "", f"{where}. {versions}.", ""])


def write_json(path: Path, figures: Sequence[Figure], machine: Mapping) -> None:
    """Everything, every repeat included."""
    found = [{**asdict(f), "median": f.median, "ratio": f.ratio} for f in figures]
    path.write_text(json.dumps({"machine": machine, "figures": found}, indent=1, ensure_ascii=False) + "\n", "utf-8")
