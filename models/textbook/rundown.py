"""What happens when the Na/K pump is poisoned: a step of a few mV at once, then gradients that run down for hours."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp

from ..arrays import Array
from ..conditions import Conditions
from ..constants import thermal_voltage
from ..errors import VrestError
from ..ions import ions
from ..laws.mullins_noda import balanced
from ..solver.balance import gather, ion_current
from ..solver.rest import rest, rest_without_pump

_IONS = ions(("K", "Na", "Cl"))


@dataclass(frozen=True)
class RunDown:
    """A run-down: `time_s` after poisoning, `V_m_mV` and `c_i` (mM, by ion) at those times.

    `before_mV` is the balanced state's potential, and `impermeant_mM` the charge inside that cannot leave, with its sign.
    """

    time_s: np.ndarray
    V_m_mV: np.ndarray
    c_i: dict[str, np.ndarray]
    before_mV: float
    impermeant_mM: float


def run_down(
    c_o: Mapping[str, float],
    K_i_mM: float,
    Na_i_mM: float,
    p: Mapping[str, float],
    temperature_C: float,
    time_s: ArrayLike,
    *,
    P_K_cm_s: float = 1e-6,
    diameter_um: float = 20.0,
    poisoned: bool = True,
) -> RunDown:
    """Follow K, Na and Cl inside a round cell after its pump stops at time 0.

    The cell starts in the balanced state of the law mullins-noda: 3 Na : 2 K pumped against the leaks, chloride at
    equilibrium. The volume is fixed (a real cell would swell), the bath endless, and V_m at every instant the one at
    which no net current flows.

    Parameters
    ----------
    c_o : bath, mM, of K, Na and Cl; `K_i_mM` and `Na_i_mM` are inside, at the start.
    p : permeability ratios P_s / P_K of Na and Cl.
    temperature_C : °C; `time_s` : seconds after poisoning at which the state is wanted, increasing from 0.
    P_K_cm_s, diameter_um : permeability to K in cm/s and the cell's diameter, which set the clock and nothing else.
    poisoned : whether the pump stops; if not, nothing should change.

    Raises
    ------
    VrestError
        The integration failed.

    References
    ----------
    Mullins & Noda (1963) J Gen Physiol 47:117 (the starting state).
    """
    V_T, rate = thermal_voltage(temperature_C), P_K_cm_s * 6e4 / diameter_um  # surface/volume of a sphere, 1/cm
    permeability, valence = {"K": 1.0, **p}, np.array([s.valence for s in _IONS])
    ratios, outside = (np.array([of[s.name] for s in _IONS]) for of in (permeability, c_o))
    at = Conditions(_IONS, c_o, {"K": K_i_mM, "Na": Na_i_mM}, temperature_C, passive=("Cl",))
    u_start = float(balanced({f"P_{name}/P_K": x for name, x in p.items()}, at, at))
    start = np.array([K_i_mM, Na_i_mM, c_o["Cl"] * np.exp(u_start)])

    def leak(c_i: np.ndarray, u: Array) -> np.ndarray:
        return ion_current(valence, ratios, c_i, outside, u)

    pump = np.zeros(3) if poisoned else -leak(start, u_start)

    def potential(c_i: np.ndarray) -> np.ndarray:
        inside = {s.name: c for s, c in zip(_IONS, c_i, strict=True)}
        terms = gather(_IONS, permeability, inside, c_o)
        return rest_without_pump(terms) if poisoned else rest(replace(terms, j=pump.sum()))

    def change(time: float, c_i: np.ndarray) -> np.ndarray:
        return -rate * (leak(c_i, potential(c_i)) + pump) / valence

    times = np.asarray(time_s, float)
    solution = solve_ivp(change, (0.0, times[-1]), start, "LSODA", times, rtol=1e-9, atol=1e-9)
    if not solution.success:
        raise VrestError(f"the run-down could not be followed: {solution.message}")
    inside = {s.name: c for s, c in zip(_IONS, solution.y, strict=True)}
    return RunDown(solution.t, V_T * potential(solution.y), inside, V_T * u_start, -float(valence @ start))
