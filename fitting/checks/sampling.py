"""First part of the verdict: did the chains agree, and were they long enough?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from ..experiment.experiment import Experiment
from ..sampling.array_stats import array_stats

MAX_R_HAT = 1.01
MAX_R_HAT_CELL = 1.02
"""Of single cells: with hundreds of them, some pass the stricter bound by chance."""
MIN_ESS = 400
MIN_BFMI = 0.3


FEW_DIVERGENCES = 0.005
"""Share of the draws up to which divergences, of chains that agree otherwise, are a blemish."""
NEAR_R_HAT, NEAR_ESS = 1.05, 100
AGREE_SD = 0.25
"""Posterior sds within which answers of repeated runs must agree for the same."""


@dataclass(frozen=True)
class SamplingCheck:
    """First part of the verdict.

    Attributes
    ----------
    ok : no divergences, and R-hat, effective draws and E-BFMI within their bounds.
    divergences, draws : how many diverged, of how many.
    max_r_hat, min_ess, min_bfmi : the worst R-hat and effective sample size, and the least E-BFMI of a chain.
    apart_sd : how far any answer's median differs between the last two runs, in posterior sds; None where the first was the last.
    """

    ok: bool
    divergences: int
    draws: int
    max_r_hat: float
    min_ess: float
    min_bfmi: float
    apart_sd: float | None

    @property
    def nearly_ok(self) -> bool:
        """Not ok, and yet about right: few divergences, and chains and repeated runs that agree."""
        near = self.max_r_hat < NEAR_R_HAT and self.min_ess >= NEAR_ESS and self.min_bfmi >= MIN_BFMI
        few = self.divergences <= FEW_DIVERGENCES * self.draws
        return not self.ok and near and few and self.apart_sd is not None and self.apart_sd <= AGREE_SD


def check_sampling(tree: xr.DataTree, summary: pd.DataFrame, experiment: Experiment) -> SamplingCheck:
    """Whether the chains agree and are long enough."""
    of_cells = ~summary["group"].isin(["", *experiment.levels.groups])
    statistics = tree["sample_stats"].to_dataset()
    divergences = int(statistics["diverging"].sum())
    r_hat = float(summary["r_hat"].max())
    ess = float(summary[["ess_bulk", "ess_tail"]].to_numpy().min())
    bfmi = float(np.min(array_stats().bfmi(statistics["energy"].to_numpy())))
    agree = summary["r_hat"] < np.where(of_cells, MAX_R_HAT_CELL, MAX_R_HAT)
    ok = divergences == 0 and bool(agree.all()) and ess >= MIN_ESS and bfmi >= MIN_BFMI
    draws, apart_sd = int(statistics["diverging"].size), tree.attrs.get("apart_sd")
    return SamplingCheck(ok, divergences, draws, r_hat, ess, bfmi, apart_sd)


def apart_sd(summary: pd.DataFrame, other: pd.DataFrame, experiment: Experiment) -> float:
    """How far medians of two runs of an experiment differ at most, single cells aside, in posterior sds."""
    shared = summary["group"].isin(["", *experiment.levels.groups]) & (summary["sd"] > 0)
    return float(((summary["median"] - other["median"]).abs() / summary["sd"])[shared].max())
