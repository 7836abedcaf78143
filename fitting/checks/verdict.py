"""May this result be believed? Three parts: the sampling, the fit, and what was identified."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import xarray as xr

from ..experiment.experiment import Experiment
from .identification import UNINFORMED, Identification, identify
from .lack_of_fit import FitCheck, check_fit

MAX_R_HAT = 1.01
MAX_R_HAT_CELL = 1.02
"""Of single cells: with hundreds of them, some pass the stricter bound by chance."""
MIN_ESS = 400
MIN_BFMI = 0.3


@dataclass(frozen=True)
class SamplingCheck:
    """First part of the verdict: divergences, the worst R-hat and effective sample size, the least E-BFMI of a chain."""

    ok: bool
    divergences: int
    max_r_hat: float
    min_ess: float
    min_bfmi: float


def check_sampling(tree: xr.DataTree, summary: pd.DataFrame, experiment: Experiment) -> SamplingCheck:
    """Whether the chains agree and are long enough."""
    from arviz_stats.base import array_stats

    of_cells = ~summary["group"].isin(["", *experiment.levels.groups])
    statistics = tree["sample_stats"].to_dataset()
    divergences = int(statistics["diverging"].sum())
    r_hat = float(summary["r_hat"].max())
    ess = float(summary[["ess_bulk", "ess_tail"]].to_numpy().min())
    bfmi = float(np.min(array_stats.bfmi(statistics["energy"].to_numpy())))
    agree = summary["r_hat"] < np.where(of_cells, MAX_R_HAT_CELL, MAX_R_HAT)
    ok = divergences == 0 and bool(agree.all()) and ess >= MIN_ESS and bfmi >= MIN_BFMI
    return SamplingCheck(ok, divergences, r_hat, ess, bfmi)


@dataclass(frozen=True)
class Verdict:
    """The three judgements; `to_dict` is what `verdict.json` holds, `str` is the same in words."""

    sampling: SamplingCheck
    fit: FitCheck
    identification: Identification

    def to_dict(self) -> dict:
        return asdict(self)

    def words(self) -> dict[str, list[str]]:
        """Each part's sentences, the judgement first."""
        return {
            "sampling": _say_sampling(self.sampling),
            "fit": _say_fit(self.fit),
            "identification": say_identification(self.identification),
        }

    def __str__(self):
        return "\n".join(line for lines in self.words().values() for line in lines)


def judge(tree: xr.DataTree, experiment: Experiment, summary: pd.DataFrame) -> Verdict:
    """All three parts of the verdict on a fit."""
    return Verdict(
        check_sampling(tree, summary, experiment), check_fit(tree, experiment), identify(tree, experiment, summary)
    )


def _mark(ok: bool) -> str:
    return "ok" if ok else "NOT OK"


def _say_sampling(s: SamplingCheck) -> list[str]:
    lines = [
        f"Sampling: {_mark(s.ok)}. {s.divergences} divergence{'s' * (s.divergences != 1)}, R-hat at most {s.max_r_hat:.3f},"
        f" effective draws at least {s.min_ess:.0f}, E-BFMI at least {s.min_bfmi:.2f}."
    ]
    if not s.ok:
        lines.append(
            f"  Do not use these numbers: it takes 0 divergences, R-hat below {MAX_R_HAT}, {MIN_ESS} effective draws and"
            f" E-BFMI of {MIN_BFMI}. Try more draws or narrower priors ([sampling] and [priors] in the configuration)."
        )
    return lines


def _say_fit(f: FitCheck) -> list[str]:
    lines = [f"Fit: {_mark(f.ok) if f.judged else 'not judged'}: {f.reason}."]
    if not f.ok:
        lines.append("  This law does not describe these recordings; its parameters are not to be trusted.")
        lines += [f"  There, {sentence}." for sentence in f.shared]
    far = [w for w in f.worst_rows if abs(w.z) > 3]
    lines += [
        f"  Row {w.row} ({w.condition}): {w.V_m_mV:.1f} mV where {w.expected_mV:.1f} was expected ({w.z:+.1f} sd)."
        for w in far
    ]
    if f.max_pareto_k > 0.7:
        lines.append(f"  A single row decides much of the result (Pareto k {f.max_pareto_k:.2f}).")
    return lines


def say_identification(i: Identification) -> list[str]:
    """The third part of the verdict in words, a line each."""
    lines = [f"Identification: {_mark(i.ok)}." + (" Every question asked was answered by the data." if i.ok else "")]
    if i.uninformed:
        lines.append(
            f"  Not informed by these recordings (contraction under {UNINFORMED}): {', '.join(i.uninformed)};"
            " what stands in the table is largely the prior."
        )
    lines += [f"  {a} and {b} are confounded (correlation {r:+.2f}): told apart badly." for a, b, r in i.confounded]
    lines += [f"  {sentence}" for sentence in i.advice]
    return lines
