"""The laws there are. A new law is one new file and one line here."""

import copyreg

from ..errors import UnknownNameError, nearest
from .chord import CHORD
from .ghk import GHK
from .ghk_pump import GHK_PUMP
from .kinetic import KINETIC
from .law import Law
from .mullins_noda import MULLINS_NODA
from .nernst import NERNST

LAWS: dict[str, Law] = {law.name: law for law in (NERNST, GHK, GHK_PUMP, KINETIC, MULLINS_NODA, CHORD)}


def law(name: str) -> Law:
    """The law called `name`; raises UnknownNameError with the nearest known name."""
    if name not in LAWS:
        raise UnknownNameError(f"unknown law {name!r}.{nearest(name, LAWS)} Laws: {', '.join(LAWS)}.")
    return LAWS[name]


# By name: a law's functions need not be ones that pickle knows.
copyreg.pickle(Law, lambda one: (law, (one.name,)))
