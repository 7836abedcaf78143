"""Recordings for the benchmarks: the designs of the tests' own generators, at other sizes."""

from pathlib import Path

import numpy as np
import xarray as xr

from tests.many_cells import many_cells
from tests.synthetic import TRUTH, recordings
from vrest.data.tables.table import to_frame
from vrest.models.conditions import Conditions
from vrest.models.ions import ions
from vrest.models.laws.registry import law

from .inside import INSIDE


def one_cell(n: int, distinct: bool, seed: int = 1, conditions: int = 200) -> tuple[xr.Dataset, dict[str, np.ndarray]]:
    """`n` rows of one cell, in as many baths (`distinct`) or in `conditions` of them; also as plain arrays."""
    rng = np.random.default_rng(seed)
    baths = n if distinct else conditions
    K, T = rng.uniform(2.5, 80, baths), rng.uniform(15, 35, baths)
    on = np.arange(baths) % 2 == 0
    row = np.arange(n) % baths
    c_o = {"K": K, "Na": 149 - K, "Cl": np.full(baths, 130.0)}
    at = Conditions(ions(c_o), c_o, INSIDE, T, (~on).astype(float))
    reference = Conditions(at.ions, {name: x[0] for name, x in c_o.items()}, INSIDE, float(T[0]))
    V_m = law("ghk-pump").potential(TRUTH, at, reference)[row] + rng.normal(0, 1.5, n)
    dataset = xr.Dataset(
        {
            "V_m": ("obs", V_m),
            "c_o": (("obs", "ion"), np.stack(list(c_o.values()), axis=1)[row]),
            "temperature": ("obs", T[row]),
            "blocked": ("obs", ~on[row]),
        },
        coords={"ion": list(c_o), "row": ("obs", np.arange(2, n + 2))},
        attrs={"source": "benchmark.csv", "sha256": "", "ljp": "corrected"},
    )
    plain = {"K": K, "Na": c_o["Na"], "Cl": c_o["Cl"], "T": T, "on": on.astype(float)}
    return dataset, {**{name: np.ascontiguousarray(x[row]) for name, x in plain.items()}, "V_m": V_m}


def plan_of_42(seed: int) -> xr.Dataset:
    """Seven K_o, three temperatures, pump on and blocked."""
    return recordings(seed=seed)


def cells_of_13(cells: int, seed: int = 1) -> xr.Dataset:
    """`cells` cells, 13 rows each: seven K_o with the pump on and blocked, less one row at random."""
    return many_cells(seed=seed, cells=cells, types={"A": {}}, temperatures=(25,), drop=1)[0]


def write_csv(dataset: xr.Dataset, path: Path) -> Path:
    """The table that a user would have."""
    to_frame(dataset).to_csv(path, index=False)
    return path
