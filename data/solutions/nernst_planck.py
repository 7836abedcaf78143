"""The stationary Nernst–Planck junction: a layer of fixed thickness through which no current flows."""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from scipy.integrate import solve_bvp

from ...models.constants import thermal_voltage
from ...models.errors import DataError
from .species import Form


def nernst_planck(
    pipette: Mapping[Form, float], bath: Mapping[Form, float], u: Mapping[Form, float], temperature_C: float
) -> float:
    """The potential of the bath relative to the pipette in mV, from Nernst and Planck's equations as LJPcalc solves them.

    Over x from 0 (pipette) to 1 (bath), with ψ in units of kT/e and constant fluxes J:
    ψ' = -Σ z J / u / Σ z² c and c' = -J / u - z c ψ'. The last ion follows from electroneutrality, its flux from zero
    current. Concentrations start from Henderson's straight lines. Ions alike in charge and mobility count as one.

    References
    ----------
    Marino M, Misuri L, Brogioli D (2014) A new open source software for the calculation of the liquid junction
    potential between two solutions according to the stationary Nernst-Planck equation. arXiv:1403.3640.
    """
    ends: dict[tuple[int, float], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for side, forms in enumerate((pipette, bath)):
        for form, amount in forms.items():
            if form[1] and amount > 0:
                ends[form[1], u[form]][side] += amount
    # The last one, which takes up what the others leave, is the most plentiful.
    order = sorted(ends, key=lambda kind: sum(ends[kind]))
    z, mobility = (np.array(column, dtype=float) for column in zip(*order, strict=True))
    c = np.array([ends[kind] for kind in order]).T
    scale = np.abs(c).max()
    c = c / scale
    count = len(z) - 1
    if count == 1 and np.allclose(c[0], c[1], rtol=1e-12):
        return 0.0

    def complete(free: np.ndarray) -> np.ndarray:
        return np.vstack([free, -(z[:-1] @ free) / z[-1]])

    def slopes(x: np.ndarray, y: np.ndarray, J: np.ndarray) -> np.ndarray:
        fluxes = np.append(J, -(z[:-1] @ J) / z[-1])
        every = complete(y[:count])
        field = -np.sum(z * fluxes / mobility) / (z**2 @ every)
        return np.vstack([-(fluxes[:-1] / mobility[:-1])[:, None] - z[:-1, None] * y[:count] * field, field])

    def at_ends(left: np.ndarray, right: np.ndarray, J: np.ndarray) -> np.ndarray:
        return np.concatenate([left[:count] - c[0, :-1], right[:count] - c[1, :-1], left[count:]])

    x = np.linspace(0.0, 1.0, 21)
    line = c[0, :, None] + (c[1] - c[0])[:, None] * x
    conductance = (z**2 * mobility) @ line
    field = -((z * mobility) @ (c[1] - c[0])) / conductance
    potential = np.concatenate([[0.0], np.cumsum((field[1:] + field[:-1]) / 2 * np.diff(x))])
    J = -(mobility * ((c[1] - c[0]) + z * line.mean(axis=1) * potential[-1]))[:-1]
    solved = solve_bvp(slopes, at_ends, x, np.vstack([line[:-1], potential]), p=J, tol=1e-6, max_nodes=20000)
    if not solved.success:
        raise DataError("the Nernst-Planck equations did not converge for these solutions; use --method henderson.")
    return float(thermal_voltage(temperature_C) * solved.y[count, -1])
