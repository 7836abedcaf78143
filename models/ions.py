"""The ions that cross a membrane, or might be asked to: name and valence."""

from collections.abc import Iterable
from dataclasses import dataclass

from .errors import UnknownNameError, nearest


@dataclass(frozen=True)
class Ion:
    """One permeant ion.

    Attributes
    ----------
    name : str
        As in the columns `K_o_mM` and `K_i_mM`.
    valence : int
        Charge number z, with sign: -2, -1, +1 or +2.
    """

    name: str
    valence: int

    @property
    def ratio(self) -> str:
        """The permeability ratio's name in tables, as in `P_Na/P_K`."""
        return f"P_{self.name}/P_K"

    @property
    def conductance_ratio(self) -> str:
        """The conductance ratio's name, as in `g_Na/g_K`."""
        return f"g_{self.name}/g_K"

    @property
    def outside(self) -> str:
        """The bath concentration's name, as in `K_o_mM`."""
        return f"{self.name}_o_mM"

    @property
    def inside(self) -> str:
        """The inside concentration's name, as in `K_i_mM`."""
        return f"{self.name}_i_mM"

    @property
    def activity(self) -> str:
        """The name of the activity coefficient inside, as in `gamma_K_i`."""
        return f"gamma_{self.name}_i"


IONS: dict[str, Ion] = {
    name: Ion(name, valence)
    for valence, names in {
        +1: ("K", "Na", "Li", "Rb", "Cs", "NH4", "Tl", "H", "choline", "TEA", "TMA", "NMDG", "Tris"),
        -1: ("Cl", "Br", "I", "F", "NO3", "SCN", "HCO3", "acetate", "gluconate", "methanesulfonate"),
        +2: ("Ca", "Mg", "Sr", "Ba"),
        -2: ("SO4",),
    }.items()
    for name in names
}


def ion(name: str) -> Ion:
    """The ion called `name`; raises UnknownNameError with the nearest known name."""
    if name not in IONS:
        raise UnknownNameError(f"unknown ion {name!r}.{nearest(name, IONS)} Known ions: {', '.join(IONS)}.")
    return IONS[name]


def ions(names: Iterable[str]) -> tuple[Ion, ...]:
    """The ions called `names`, in that order."""
    return tuple(ion(name) for name in names)
