"""How often groups that do not differ are called different, and how often intervals hold the truth; imports no PyMC."""

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from tests.synthetic import INSIDE, TRUTH, recordings
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.planning.simulate import draw_truth, simulate
from vrest.fitting.sampling.refits import QUICK, least_ess, sampled
from vrest.fitting.sampling.spreads import settled

RATIOS = ("P_Na/P_K", "P_Cl/P_K")
BY_SYMBOL = {"p_Na": "P_Na/P_K", "p_Cl": "P_Cl/P_K", "pump_mV": "pump_mV"}


def plan(animals: int, cells: int, types: str = "AB", mixed: bool = False, **baths) -> xr.Dataset:
    """So many animals of each type, or in all where types are mixed within them, with so many cells of each type."""
    baths = {"K_o": (2.5, 10, 40), "temperatures": (22,)} | baths
    parts = []
    for kind in types:
        for animal in range(animals):
            for cell in range(cells):
                part = recordings(**baths)
                of = f"{animal}" if mixed else f"{kind}{animal}"
                labels = {"cell": f"{kind}{animal}.{cell}", "cell_type": kind, "animal": of}
                parts.append(part.assign_coords({n: ("obs", [x] * part.sizes["obs"]) for n, x in labels.items()}))
    together = xr.concat(
        parts, "obs", data_vars="minimal", coords="minimal", compat="override", combine_attrs="override"
    )
    return together.assign_coords(row=("obs", np.arange(2, together.sizes["obs"] + 2)))


def planned(rows: xr.Dataset, **settings):
    return prepare(rows, configure(**{"inside": INSIDE, "by": "cell_type", **settings}))


def truth(experiment, spreads: dict[str, float], factor: float = 1.0, sigma: float = 1.2) -> dict:
    """Every cell's mean alike, but for a `factor` on the second type's P_Na/P_K; `spreads` by the level's column."""
    known = TRUTH | {"sigma_mV": sigma}
    groups = experiment.levels.groups
    found = {p.name: known[p.name] for p in experiment.parameters if p.name in known}
    found["P_Na/P_K"] = {group: known["P_Na/P_K"] * (factor if k else 1.0) for k, group in enumerate(groups)}
    for p in experiment.every_spread:
        column = p.name.split()[1] if len(p.name.split()) == 3 else "cell"
        found[p.name] = spreads[column]
    return found


def one(experiment, given: dict, number: int, fitted=None, sampling=QUICK) -> list[dict]:
    """One data set drawn and fitted: for each parameter, the direction's probability and whether the interval holds."""
    rng = np.random.default_rng(np.random.SeedSequence(20261129, spawn_key=(number,)))
    drawn = draw_truth(experiment, rng, given)
    made = simulate(experiment, drawn, rng)
    fitted = replace(fitted or experiment, recordings=made.recordings)
    posterior, divergences = sampled(settled(fitted, number + 1), sampling, number + 1)
    rows = []
    for symbol, name in BY_SYMBOL.items():
        x, true = posterior[symbol].to_numpy(), drawn[symbol].to_numpy()[0, 0]
        ratio = x[..., 0] / x[..., 1]
        lower, upper = np.quantile(ratio, [0.055, 0.945])
        above = float(np.mean(ratio > 1))
        rows.append(
            {"number": number, "parameter": name, "p_direction": max(above, 1 - above), "above": above > 0.5,
             "inside": bool(lower <= true[0] / true[1] <= upper), "width": float(np.log(upper / lower)),
             "divergences": divergences, "ess": least_ess([x[..., 0], x[..., 1]])}
        )  # fmt: skip
    return rows


def rates(table: pd.DataFrame) -> pd.DataFrame:
    """By parameter: called different at 0.975, and coverage of the 89 % interval, each with its Monte Carlo error."""
    found = table.groupby("parameter").agg(
        n=("inside", "size"), called=("p_direction", lambda p: np.mean(p > 0.975)), covered=("inside", "mean"),
        width=("width", "median"), divergences=("divergences", "sum"), ess=("ess", "min"),
    )  # fmt: skip
    for name in ("called", "covered"):
        found[f"{name}_se"] = np.sqrt(found[name] * (1 - found[name]) / found["n"])
    return found
