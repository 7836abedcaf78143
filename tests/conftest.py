"""Fits that many tests look at are made once."""

import numpy as np
import pytest

from tests.many_cells import many_cells
from tests.synthetic import INSIDE, recordings
from vrest.fitting.fit import fit


@pytest.fixture(scope="session")
def full_fit():
    """K_o × temperature × block, 42 rows, 1.5 mV: everything is identified."""
    return fit(recordings(seed=1), inside=INSIDE, seed=1, progress=False)


@pytest.fixture(scope="session")
def potassium_fit():
    """A K_o series alone: the pump and P_Na/P_K cannot be told apart."""
    series = recordings(seed=2, temperatures=[22], pump=[False], repeats=3)
    return fit(series, inside=INSIDE, seed=1, progress=False, robustness="off")


@pytest.fixture(scope="session")
def gluconate_fit():
    """The three K-gluconate salines of the bundled set under GHK."""
    import vrest

    where = "saline.str.contains('gluconate')"
    return fit(
        vrest.load_data("crayfish_muscle"),
        "ghk",
        ions="K,Na",
        inside="K=250+-60,Na=20",
        where=where,
        progress=False,
        robustness="off",
    )


@pytest.fixture(scope="session")
def typed_fit():
    """Six cells of each of two types, P_Na/P_K twice as large in B; cell A0 has a single row left."""
    data, truth = many_cells(seed=3, cells=6, K_o=(2.5, 10, 40), temperatures=(22,))
    rows = np.flatnonzero((data["cell"] != "A0") | (np.arange(data.sizes["obs"]) == 1))
    return fit(data.isel(obs=rows), inside=INSIDE, by="cell_type", seed=1, progress=False, robustness="off"), truth
