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

    of_cells = ~summary["group"].isin(["", *experiment.levels.groups])
    statistics = tree["sample_stats"].to_dataset()
    divergences = int(statistics["diverging"].sum())
    r_hat = float(summary["r_hat"].max())
    ess = float(summary[["ess_bulk", "ess_tail"]].to_numpy().min())
    bfmi = float(np.min(array_stats().bfmi(statistics["energy"].to_numpy())))
    agree = summary["r_hat"] < np.where(of_cells, MAX_R_HAT_CELL, MAX_R_HAT)
    ok = divergences == 0 and bool(agree.all()) and ess >= MIN_ESS and bfmi >= MIN_BFMI
    return SamplingCheck(ok, divergences, r_hat, ess, bfmi)
