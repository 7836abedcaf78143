"""Recordings of many cells with a known truth, shared by the tests."""

import numpy as np
import xarray as xr

from tests.synthetic import TRUTH, recordings


def many_cells(
    seed: int = 1,
    cells: int = 20,
    types: dict[str, dict[str, float]] | None = None,
    spread: float = 0.2,
    sigma: float = 1.2,
    drop: int = 0,
    **plan,
) -> tuple[xr.Dataset, dict[str, dict[str, float]]]:
    """`cells` cells of each type, log parameters Normal around their type's; returns the rows and each cell's truth.

    `drop` rows of each cell are left out at random. `plan` is that of `recordings`.
    """
    rng = np.random.default_rng(seed)
    types = types or {"A": {}, "B": {"P_Na/P_K": 0.06}}
    parts, truth = [], {}
    for kind, changed in types.items():
        for k in range(cells):
            theta = {**TRUTH, **changed}
            theta |= {n: theta[n] * np.exp(rng.normal(0, spread)) for n in ("P_Na/P_K", "P_Cl/P_K", "pump_mV")}
            part = recordings(seed=int(rng.integers(1 << 31)), theta=theta, sigma=sigma, **plan)
            n = part.sizes["obs"]
            part = part.isel(obs=np.sort(rng.choice(n, n - drop, replace=False)))
            truth[f"{kind}{k}"] = theta
            labels = {"cell": ("obs", [f"{kind}{k}"] * (n - drop)), "cell_type": ("obs", [kind] * (n - drop))}
            parts.append(part.assign_coords(labels))
    together = xr.concat(
        parts, "obs", data_vars="minimal", coords="minimal", compat="override", combine_attrs="override"
    )
    return together.assign_coords(row=("obs", np.arange(2, together.sizes["obs"] + 2))), truth
