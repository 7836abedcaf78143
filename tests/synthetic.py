"""Recordings with a known truth, shared by the tests."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from vrest.models.conditions import Conditions
from vrest.models.ions import ions
from vrest.models.laws.registry import law as law_named

TRUTH = {"P_Na/P_K": 0.03, "P_Cl/P_K": 0.1, "pump_mV": 5.0, "Q10_pump": 2.52, "Q10_leak": 1.4}
INSIDE = "K=140,Na=12,Cl=10"


def recordings(
    seed: int = 1,
    law: str = "ghk-pump",
    theta: Mapping[str, float] | None = None,
    K_o: Sequence[float] = (2.5, 5, 10, 20, 40, 60, 80),
    temperatures: Sequence[float] = (15, 25, 35),
    pump: Sequence[bool] = (False, True),
    sigma: float = 1.5,
    repeats: int = 1,
) -> xr.Dataset:
    """Every combination of K_o (mM, replacing Na), temperature (°C) and pump block, with Normal scatter (mV)."""
    K, T, blocked, _ = (
        x.ravel().astype(float) for x in np.meshgrid(K_o, temperatures, pump, range(repeats), indexing="ij")
    )
    c_o = {"K": K, "Na": 149 - K, "Cl": np.full_like(K, 130)}
    c_i = {"K": 140.0, "Na": 12.0, "Cl": 10.0}
    at = Conditions(ions(c_o), c_o, c_i, T, blocked)
    reference = Conditions(at.ions, {name: x[0] for name, x in c_o.items()}, c_i, float(T[0]))
    V_m = law_named(law).potential(theta or TRUTH, at, reference) + np.random.default_rng(seed).normal(0, sigma, len(K))
    return xr.Dataset(
        {
            "V_m": ("obs", V_m),
            "c_o": (("obs", "ion"), np.stack(list(c_o.values()), axis=1)),
            "temperature": ("obs", T),
            "blocked": ("obs", blocked > 0),
        },
        coords={"ion": list(c_o), "row": ("obs", np.arange(2, len(K) + 2))},
        attrs={"source": "synthetic.csv", "sha256": "", "ljp": "corrected"},
    )
