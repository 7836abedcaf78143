"""The conditions under which a potential was measured, and the one condition that they are all referred to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from .activity import davies, ionic_strength
from .arrays import Array
from .ions import Ion, ion

Theta = Mapping[str, Array]
"""Values of a law's parameters by name (`P_Na/P_K`, `pump_mV`, …), each broadcasting against the conditions."""


@dataclass(frozen=True)
class Conditions:
    """Baths, temperatures and pump states, as arrays that broadcast with one another (one entry a condition).

    Attributes
    ----------
    ions : the ions of the model.
    c_o : bath concentration by ion name, mM.
    c_i : inside concentration by ion name, mM; where the inside is inferred the ion is absent here and a parameter.
    temperature_C : °C.
    blocked : 1 where the pump is blocked, else 0.
    passive : ions that are at equilibrium wherever the pump runs, and stay where they were when it is blocked.
    davies : whether activities by the Davies equation stand in for concentrations.
    seal : conductance of the electrode's seal or shunt: S/µF where the cell's capacitance is known, else S; 0.0 for none.
    columns : what the law reads beside, by the names of the table's columns, which have the units.
    """

    ions: tuple[Ion, ...]
    c_o: Mapping[str, Array]
    c_i: Mapping[str, Array]
    temperature_C: Array
    blocked: Array = 0.0
    passive: tuple[str, ...] = ()
    davies: bool = False
    seal: Array = 0.0
    columns: Mapping[str, Array] = field(default_factory=dict)

    @property
    def bath(self) -> dict[str, Array]:
        """What the bath is, by the names of the table's columns: its concentrations, temperature, and what else acts."""
        outside = {ion(name).outside: x for name, x in self.c_o.items()}
        return {**outside, "temperature_C": self.temperature_C, **self.columns}

    @property
    def arrays(self) -> dict[str, Array]:
        """Everything that differs between conditions, by name: the one list of it. A seal only where there is one."""
        inside = {ion(name).inside: x for name, x in self.c_i.items()}
        return {**self.bath, **inside, "blocked": self.blocked, **({"seal": self.seal} if self.sealed else {})}

    @property
    def sealed(self) -> bool:
        """Whether an electrode's seal conducts anywhere."""
        return not (isinstance(self.seal, float) and self.seal == 0.0)

    def with_arrays(self, arrays: Mapping[str, Array]) -> "Conditions":
        """The same conditions with other arrays, by the names of `arrays`; none may be missing."""
        return replace(
            self,
            c_o={name: arrays[ion(name).outside] for name in self.c_o},
            c_i={name: arrays[ion(name).inside] for name in self.c_i},
            temperature_C=arrays["temperature_C"],
            blocked=arrays["blocked"],
            seal=arrays["seal"] if self.sealed else 0.0,
            columns={name: arrays[name] for name in self.columns},
        )

    def map(self, function: Callable[[Array], Array]) -> "Conditions":
        """The same conditions with `function` of every array."""
        return self.with_arrays({name: function(x) for name, x in self.arrays.items()})

    @property
    def size(self) -> int:
        """How many conditions there are."""
        return len(self.temperature_C)

    def take(self, index: int | np.ndarray) -> "Conditions":
        """Those of the conditions that `index` names."""
        return self.map(lambda x: x[..., index] if np.ndim(x) else x)

    def unsealed(self) -> "Conditions":
        """The same conditions as no seal would have them."""
        return replace(self, seal=0.0)

    def inside(self, theta: Theta) -> dict[str, Array]:
        """Inside concentrations in mM: those known, and those that are parameters (`K_i_mM`)."""
        return {s.name: theta.get(s.inside, self.c_i.get(s.name)) for s in self.ions}

    def activities(self, theta: Theta) -> tuple[dict[str, Array], dict[str, Array]]:
        """What drives the ions, inside and outside, in mM: concentrations, or activities where those are asked for."""
        inside = {name: x for name, x in self.inside(theta).items() if x is not None}
        strength_i, strength_o = (ionic_strength(inside), ionic_strength(self.c_o)) if self.davies else (None, None)
        a_i, a_o = {}, {}
        for s in self.ions:
            a_o[s.name] = self.c_o[s.name]
            if self.davies:
                a_o[s.name] = a_o[s.name] * davies(s.valence, strength_o, self.temperature_C)
            if s.name in inside:
                given = theta.get(s.activity)
                if given is None:
                    given = davies(s.valence, strength_i, self.temperature_C) if self.davies else 1.0
                a_i[s.name] = given * inside[s.name]
        return a_i, a_o

    def steady(self) -> "Conditions":
        """The same conditions with the pump running everywhere: passive ions drop out, since they carry no current."""
        return replace(self, ions=tuple(s for s in self.ions if s.name not in self.passive), blocked=0.0, passive=())
