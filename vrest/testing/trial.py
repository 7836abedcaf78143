"""A law to be tried: with ions, in conditions, at values of its parameters; and what can be wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from ..models.conditions import Conditions
from ..models.errors import VrestError
from ..models.ions import Ion
from ..models.laws.law import Law
from ..models.parameters import Parameter, Role

_INSIDE = {"K": 140.0, "Na": 15.0, "Cl": 10.0, "Ca": 1e-4, "Mg": 0.8, "H": 6e-5}
_OUTSIDE = {"K": 5.0, "Na": 145.0, "Cl": 120.0, "Ca": 2.0, "Mg": 1.0, "H": 4e-5}
_MANY_mM = 1.0  # of an ion that neither names
WARM_C, COLD_C = 37.0, 17.0
CLOSE_mV = 1e-6


class Kind(StrEnum):
    """What can be wrong with a law."""

    NUMBERS = "numbers"
    INSIDE = "inside concentrations"
    SIGN = "sign"
    UNITS = "units"
    EQUILIBRIUM = "equilibrium"
    PARAMETERS = "parameters"
    SYMBOLS = "a call that only numbers know"
    VALUES = "values"
    JACOBIAN = "Jacobian"
    DERIVATIVE = "derivative"
    LIMIT = "limit"
    BALANCE = "balance"
    RECOVERY = "recovery"


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong: its kind, and a sentence."""

    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class FlawedLawError(VrestError):
    """A law that is not right; `flaws` are what was found."""

    def __init__(self, law: Law, flaws: Sequence[Flaw]):
        self.flaws: tuple[Flaw, ...] = tuple(flaws)
        super().__init__("\n".join([f"the law {law.name} is not right:", *(f"  {flaw}" for flaw in flaws)]))


@dataclass(frozen=True)
class Trial:
    """A law with ions, and the conditions that it is tried in."""

    law: Law
    ions: tuple[Ion, ...]
    columns: Mapping[str, float]

    def inside(self, name: str) -> float:
        return _INSIDE.get(name, _MANY_mM)

    def at(self, temperature_C: Any = WARM_C, blocked: Any = 0.0, **outside: Any) -> Conditions:
        """Baths as arrays."""
        given = {s.name: outside.get(s.name, _OUTSIDE.get(s.name, _MANY_mM)) for s in self.ions}
        shape = np.broadcast_shapes(*(np.shape(x) for x in (*given.values(), temperature_C, blocked)), (1,))
        spread = {name: np.broadcast_to(np.asarray(x, float), shape) for name, x in given.items()}
        inside = {s.name: np.full(shape, self.inside(s.name)) for s in self.ions}
        T, stopped = (np.broadcast_to(np.asarray(x, float), shape) for x in (temperature_C, blocked))
        return Conditions(self.ions, spread, inside, T, stopped, columns=self._columns(np.ones(shape)))

    def _columns(self, factor: np.ndarray) -> dict[str, np.ndarray]:
        return {name: self.columns.get(name, 1.0) * factor for name in self.law.columns}

    @property
    def reference(self) -> Conditions:
        return self.at().take(0)

    @property
    def everywhere(self) -> Conditions:
        """Low and high K_o, warm and cold, twice the other ions inside, columns up to their values, the pump blocked."""
        K_o = np.array([2.5, 5.0, 20.0, 80.0, 5.0, 20.0])
        T, blocked = np.array([WARM_C, COLD_C, WARM_C, WARM_C, WARM_C, COLD_C]), np.array([0.0, 0, 0, 0, 1, 1])
        at = self.at(T, blocked * self.law.has_pump, K=K_o)
        c_i = {name: x * (K_o == 20.0) + x if name != "K" else x for name, x in at.c_i.items()}
        return replace(at, c_i=c_i, columns=self._columns(np.array([0.0, 1.0, 0.5, 1.0, 0.2, 0.7])))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return self.law.parameters(self.ions)

    def theta(self, shift: float = 0.3, **held: float) -> dict[str, Any]:
        """Values of the parameters, `shift` prior sds above their centres."""
        return {p.name: float(p.scale.undo(p.prior.centre + shift * p.prior.sd)) for p in self.parameters} | held

    def stopped(self) -> dict[str, Any]:
        """The same with neither pump nor leak: 0 for all that may vanish, but the ratios of ions."""
        ratios = (Role.PERMEABILITY_RATIO, Role.CONDUCTANCE_RATIO)
        return self.theta() | {p.name: 0.0 for p in self.parameters if p.may_vanish and p.role not in ratios}

    def V_m(self, theta: Mapping[str, Any], at: Conditions, reference: Conditions | None = None) -> np.ndarray:
        return np.asarray(self.law.potential(theta, at, reference or self.reference)) + np.zeros(at.size)

    def refused(self, at: Conditions) -> bool:
        return bool(self.law.refusal(at, self.reference, ()))


def finite_differences(trial: Trial, theta: Mapping[str, float], at: Conditions) -> np.ndarray:
    """dV_m by each parameter, last axis."""
    columns = []
    for name, x in theta.items():
        h = 1e-5 * max(abs(x), 1e-3)
        up, down = (trial.V_m({**theta, name: x + side * h}, at) for side in (1, -1))
        columns.append((up - down) / (2 * h))
    return np.stack(columns, axis=-1)


def differ(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Whether derivatives differ by more than differences are good for; NaN does."""
    return ~(np.abs(found - expected) <= 1e-4 * np.abs(expected) + 1e-4)


def listed(values: np.ndarray) -> str:
    return ", ".join(f"{x:.4g}" for x in values)
