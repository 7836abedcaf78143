"""The laws there are. A new law is one new file and one line here."""

from .errors import UnknownNameError, nearest
from .ghk import GHK
from .ghk_pump import GHK_PUMP
from .law import Law
from .nernst import NERNST

LAWS: dict[str, Law] = {law.name: law for law in (NERNST, GHK, GHK_PUMP)}


def law(name: str) -> Law:
    """The law called `name`; raises UnknownNameError with the nearest known name."""
    if name not in LAWS:
        raise UnknownNameError(f"unknown law {name!r}.{nearest(name, LAWS)} Laws: {', '.join(LAWS)}.")
    return LAWS[name]
