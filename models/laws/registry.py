"""The laws there are: vrest's own, those that are registered, and those that installed packages offer.

A new law of vrest's is one new file and one line here. One of somebody else's is registered, or offered by a package as an
entry point of the group `vrest.laws`: the law's name = "module:variable".
"""

import copyreg
import re
import sys
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from ..errors import ConfigurationError, UnknownNameError, nearest, shown
from .chord import CHORD
from .ghk import GHK
from .ghk_pump import GHK_PUMP
from .kinetic import KINETIC
from .law import Law
from .mullins_noda import MULLINS_NODA
from .nernst import NERNST

GROUP = "vrest.laws"
LAWS: dict[str, Law] = {law.name: law for law in (NERNST, GHK, GHK_PUMP, KINETIC, MULLINS_NODA, CHORD)}
"""The laws in use, by name: vrest's own, those registered, and those of other packages once they are asked for."""
OWN = frozenset(LAWS)
"""Names of the laws that come with vrest."""


def register(law: Law) -> Law:
    """Make a law known by its name, to `law=`, `--law` and `load`; returns it.

    A law that is defined again where it was (a cell of a notebook that is run again) takes the place of its older self.

    Raises
    ------
    ConfigurationError
        It is no law, its name cannot be typed, another law has that name, or it leaves K out.
    """
    if not isinstance(law, Law):
        raise ConfigurationError(f"{shown(law)} is no law: it takes a vrest.laws.Law, or the name of one.")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,60}", law.name):
        raise ConfigurationError(f"a law's name is letters, digits, - and _, as in ghk-pump, not {shown(law.name)}.")
    if "K" not in law.needs or (law.only and "K" not in law.only):
        raise ConfigurationError(
            f"the law {law.name} leaves K out, along whose bath concentration every fit is judged and drawn: name K in needs"
            " (and in only). Its potential may still depend on other ions alone."
        )
    offered = _load(law.name) if law.name not in LAWS and law.name in _offered() else None
    known = LAWS.get(law.name, offered)
    if known not in (None, law) and (law.name in OWN or offered or origin(known) != origin(law)):
        raise ConfigurationError(
            f"there is another law called {law.name}, from {origin(known)[0]}. Give yours a name of its own."
        )
    LAWS[law.name] = law
    return law


def law(name: str) -> Law:
    """The law called `name`; raises UnknownNameError with the nearest known name."""
    if name not in LAWS and name in _offered():
        register(_load(name))
    if name not in LAWS:
        names = list(dict.fromkeys([*LAWS, *_offered()]))
        raise UnknownNameError(
            f"unknown law {name!r}.{nearest(name, names)} Laws: {', '.join(names)}."
            " One of your own is registered first (vrest.register), or offered by an installed package (entry point vrest.laws)."
        )
    return LAWS[name]


def every_law() -> dict[str, Law]:
    """All laws by name, those that installed packages offer among them."""
    for name, points in _offered().items():
        if name in OWN:
            raise ConfigurationError(
                f"{_package(points[0])} offers a law called {name}, which is vrest's own: {_MEND}."
            )
        law(name)
    return LAWS


def origin(law: Law) -> tuple[str, str]:
    """Module and name of a law's equation: what tells it, defined again, from another law of its name."""
    return law.potential.__module__, law.potential.__qualname__


def module_and_variable(law: Law) -> tuple[str, str]:
    """The module that holds a law, and under which name (empty where none does); the script itself only as a last resort."""
    for module in sorted(sys.modules, key="__main__".__eq__):
        held = list(getattr(sys.modules[module], "__dict__", {}).items())
        if variable := next((name for name, value in held if value is law), ""):
            return module, variable
    return origin(law)[0], ""


def how_to_import(law: Law) -> str:
    """What makes a law known in another process, as a person types it; empty for vrest's own."""
    if law.name in OWN:
        return ""
    if law.name in _offered():
        return f"install {_package(_offered()[law.name][0])}"
    module, variable = module_and_variable(law)
    if module == "__main__":
        return f"it was defined in a script or notebook: run that part again, and vrest.register({variable or 'it'})"
    return f"import {module} and type vrest.register({module}.{variable or '…'})"


_MEND = "ask its authors to rename it, or uninstall it"


@cache
def _offered() -> dict[str, list[EntryPoint]]:
    """What installed packages offer, by name."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    return found


def _package(point: EntryPoint) -> str:
    return f"the package {point.dist.name}" if point.dist else point.value


def _load(name: str) -> Law:
    """The law that an installed package offers under a name."""
    point, *more = _offered()[name]
    if any(one.value != point.value for one in more):
        packages = " and ".join(_package(one) for one in (point, *more))
        raise ConfigurationError(f"{packages} both offer a law called {name}: {_MEND}.")
    said = f"{_package(point)} offers the law {name}, but {point.value}"
    try:
        found = point.load()
    except Exception as error:  # whatever somebody else's module does when it is imported
        raise ConfigurationError(f"{said} cannot be imported ({type(error).__name__}: {error}): {_MEND}.") from error
    if not isinstance(found, Law) or found.name != name:
        what = f"is the law {found.name}" if isinstance(found, Law) else f"is no law but a {type(found).__name__}"
        raise ConfigurationError(f"{said} {what}: {_MEND}.")
    return found


def _found(name: str, module: str) -> Law:
    """A law in another process than it was made in: known there, or held by the module that held it here."""
    if name in LAWS or name in _offered():
        return law(name)
    try:
        for value in list(vars(import_module(module)).values()):
            if isinstance(value, Law) and value.name == name:
                return register(value)
    except ImportError:
        pass
    raise UnknownNameError(
        f"worker processes do not find the law {name}: they look for it in the module {module}. Define it in a file that can"
        " be imported, at the top level, or do without workers."
    )


# By name: a law's functions need not be ones that pickle knows.
copyreg.pickle(Law, lambda one: (_found, (one.name, module_and_variable(one)[0])))
