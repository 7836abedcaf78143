"""One resting potential, taken apart: what each ion and the pump add, what cooling changes, and what keeps it up."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..conditions import Conditions
from ..errors import ConfigurationError
from ..ions import ions
from ..laws.ghk import GHK
from ..laws.ghk_pump import GHK_PUMP
from ..laws.mullins_noda import MULLINS_NODA
from ..laws.nernst import nernst_potential
from ..limits import TEMPERATURE_C, CONCENTRATION_mM
from .charge import Charge, charge_separated
from .cooling import cooling
from .donnan import donnan
from .rundown import RunDown, run_down

SECOND, HOUR, DAY = 1.0, 3600.0, 86400.0


@dataclass(frozen=True)
class Explanation:
    """A resting potential's parts, in mV unless said.

    Attributes
    ----------
    nernst_mV : each ion's equilibrium potential.
    steps_mV : what is added in turn, from nothing to V_m: K alone, sodium, chloride, the pump.
    V_m_mV : their sum.
    pump_current_mM : the pump's current over F·P_K; `balanced_mV` what a pump in 3:2 balance with the leaks would add.
    cooling_mV : the change on cooling by `cooled_by_C` °C, by part.
    charge : what sits on the membrane.
    run_down : what follows when the pump is poisoned in the balanced state; `donnan_mV` is where that ends.
    """

    nernst_mV: dict[str, float]
    steps_mV: dict[str, float]
    V_m_mV: float
    pump_current_mM: float
    balanced_mV: float
    cooling_mV: dict[str, float]
    cooled_by_C: float
    charge: Charge
    run_down: RunDown
    donnan_mV: float


def explain(
    c_o: Mapping[str, float],
    c_i: Mapping[str, float],
    p: Mapping[str, float],
    temperature_C: float = 37.0,
    *,
    pump_mV: float | None = None,
    Q10_pump: float = 2.3,
    Q10_leak: float = 1.4,
    cooled_by_C: float = 10.0,
    P_K_cm_s: float = 1e-6,
    diameter_um: float = 20.0,
) -> Explanation:
    """Take one resting potential of the law ghk-pump apart.

    Parameters
    ----------
    c_o, c_i : concentrations of K, Na and Cl outside and inside, mM.
    p : permeability ratios P_s / P_K of Na and Cl.
    temperature_C, cooled_by_C : °C.
    pump_mV : the pump's direct contribution; without it, that of a pump in 3:2 balance with the leaks.
    Q10_pump, Q10_leak : of the pump's current and of P_K.
    P_K_cm_s, diameter_um : P_K in cm/s and diameter in µm of a round cell, for charge and run-down.

    Raises
    ------
    ConfigurationError
        A concentration, permeability or size that no cell has.
    """
    positive: dict[str, tuple[float, float, float]] = {
        f"{name} outside": (x, 1e-6, CONCENTRATION_mM.high) for name, x in c_o.items()
    }
    positive |= {f"{name} inside": (x, 1e-6, CONCENTRATION_mM.high) for name, x in c_i.items()}
    positive |= {
        "diameter": (diameter_um, 0.1, 1e4),
        "P_K": (P_K_cm_s, 1e-12, 1),
        "Q10_pump": (Q10_pump, 0.1, 10),
        "Q10_leak": (Q10_leak, 0.1, 10),
    }
    for name, (x, least, most) in positive.items():
        if not least <= x <= most:
            raise ConfigurationError(
                f"{name} = {x:g}: it must be between {least:g} and {most:g} for a potential to be taken apart."
            )
    for name, x in {**{f"P_{name}/P_K": x for name, x in p.items()}, "pump_mV": pump_mV or 0.0}.items():
        if not 0 <= x <= 100:
            raise ConfigurationError(f"{name} = {x:g}: it must be between 0 and 100.")
    if not (TEMPERATURE_C.holds(temperature_C) and TEMPERATURE_C.holds(temperature_C - cooled_by_C)):
        low, high = (f"{T:g}".replace("-", "−") for T in TEMPERATURE_C)
        what = f"{temperature_C:g} °C, cooled by {cooled_by_C:g}"
        raise ConfigurationError(f"{what}: cells live between {low} and {high} °C.")
    theta = {f"P_{name}/P_K": x for name, x in p.items()} | {"Q10_pump": Q10_pump, "Q10_leak": Q10_leak}
    K, K_Na, everything = (
        Conditions(ions(names), c_o, c_i, temperature_C) for names in (("K",), ("K", "Na"), ("K", "Na", "Cl"))
    )
    balanced = float(MULLINS_NODA.derived(theta, K_Na)["pump_mV"])
    theta["pump_mV"] = balanced if pump_mV is None else pump_mV

    levels = [0.0, *(float(GHK.potential(theta, at, at)) for at in (K, K_Na, everything))]
    levels.append(float(GHK_PUMP.potential(theta, everything, everything)))
    times = np.concatenate([[0.0], np.geomspace(SECOND, 30 * DAY, 200), [HOUR]])
    run = run_down(
        c_o, c_i["K"], c_i["Na"], p, temperature_C, np.unique(times), P_K_cm_s=P_K_cm_s, diameter_um=diameter_um
    )
    mobile = [s for s in everything.ions if p.get(s.name, 1.0) > 0]
    trapped = sum(s.valence * run.c_i[s.name][0] for s in mobile)  # what cannot leave balances what can
    return Explanation(
        nernst_mV={
            s.name: float(nernst_potential(s.valence, c_i[s.name], c_o[s.name], temperature_C)) for s in everything.ions
        },
        steps_mV=dict(zip(("potassium", "sodium", "chloride", "pump"), np.diff(levels).tolist(), strict=True)),
        V_m_mV=levels[-1],
        pump_current_mM=round(float(GHK_PUMP.derived(theta, everything)["pump_current_mM"]), 9),
        balanced_mV=balanced,
        cooling_mV=cooling(theta, everything, temperature_C - cooled_by_C),
        cooled_by_C=cooled_by_C,
        charge=charge_separated(levels[-1], c_i["K"], diameter_um),
        run_down=run,
        donnan_mV=donnan({s.name: c_o[s.name] for s in mobile}, {1: -trapped}, temperature_C)[0],
    )
