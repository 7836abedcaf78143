"""Synthetic recordings of any law and option, for tests."""

from itertools import product

import numpy as np
import pandas as pd
import xarray as xr

import vrest
from vrest.models.conditions import Conditions
from vrest.models.ions import ions
from vrest.models.laws.registry import LAWS

TRUTH = {
    "P_Na/P_K": 0.05, "P_Cl/P_K": 0.4, "g_Na/g_K": 0.1, "g_Cl/g_K": 0.5, "pump_mV": 7.0, "Q10_pump": 2.3, "Q10_leak": 1.4,
    "K_K_mM": 1.5, "n_K": 1.4, "K_Na_mM": 13.0, "n_Na": 2.0, "rectification": 0.25, "Q10_P_Na/P_K": 1.3, "pump_ratio": 1.6,
}  # fmt: skip
INSIDE = {"K": 140.0, "Na": 15.0}


def law_recordings(
    law: str,
    K_o=(2.5, 5.0, 5.0, 10.0, 20.0, 40.0),
    temperatures=(15.0, 25.0, 35.0),
    sigma=1.5,
    seed=1,
    truth=None,
    without=(),
) -> xr.Dataset:
    """Rows of every K_o, temperature and pump state (reference: K_o 5 mM at 25 °C, chloride passive), with noise in mV.

    `truth` changes parameters of TRUTH, or adds those of an option, which are left out otherwise.
    """
    grid = np.array(list(product(K_o, temperatures, (0.0, 1.0))))
    names = ("K", "Na", "Cl")
    c_o = {"K": grid[:, 0], "Na": 150.0 - grid[:, 0] + 5.0, "Cl": np.full(len(grid), 155.0)}
    at = Conditions(ions(names), c_o, INSIDE, grid[:, 1], grid[:, 2] * LAWS[law].has_pump, ("Cl",))
    reference = Conditions(at.ions, {"K": 5.0, "Na": 150.0, "Cl": 155.0}, INSIDE, 25.0, passive=("Cl",))
    options = ("rectification", "Q10_P_Na/P_K", "pump_ratio")
    theta = {name: x for name, x in TRUTH.items() if name not in options} | (truth or {})
    V_m = LAWS[law].potential(theta, at if LAWS[law].has_pump else at.steady(), reference)
    columns = {f"{name}_o_mM": x for name, x in c_o.items()} | {"temperature_C": at.temperature_C}
    frame = pd.DataFrame({"V_m_mV": V_m + np.random.default_rng(seed).normal(0, sigma, len(grid)), **columns})
    frame["pump"] = np.where(at.blocked > 0, "blocked", "on")
    frame["ljp"] = "corrected"
    return vrest.from_frame(frame)
