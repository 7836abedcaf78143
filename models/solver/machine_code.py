"""Compiled functions, kept between processes: numba compiles in seconds what it loads in a hundredth of one.

What is kept stands under a key of all that it depends on, so that nothing stale is ever found.
"""

import hashlib
import os
import pickle
import re
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numba
from llvmlite import binding
from numba.core.environment import lookup_environment
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from platformdirs import user_cache_path

from ..errors import CacheWarning

_LIBRARIES = ("numba", "llvmlite", "numpy")
_environments: list[Any] = []


@dataclass(frozen=True)
class MachineCode:
    """A function of C's calling convention, as numba keeps it.

    Attributes
    ----------
    name : the function's, in the library.
    library : numba's serialised code library.
    environments : numba's environments of what in it calls Python (to look up a function of SciPy's, say), serialised.
    """

    name: str
    library: tuple
    environments: bytes

    @classmethod
    def of(cls, function: Callable, signature: Any) -> "MachineCode":
        """Compile a Python function of this signature (of numba's types)."""
        compiled: Any = numba.cfunc(signature)(function)
        library = compiled._library.serialize_using_object_code()
        # Whatever reads its environment brings these words, for the case that it has none.
        names = {name.decode() for name in re.findall(rb"missing Environment: (\w+)", library[2][0])}
        environments = [lookup_environment(name) for name in sorted(names)]
        return cls(compiled._wrapper_name, library, dumps(environments))

    def address(self) -> int:
        """Where the function stands, loaded into this process."""
        context = cpu_target.target_context
        rtsys.initialize(context)  # the names under which compiled code allocates and frees
        codegen = context.codegen()
        address = codegen.unserialize_library(self.library).get_pointer_to_function(self.name)
        for environment in pickle.loads(self.environments):
            codegen.set_env(environment.env_name, environment)
            _environments.append(environment)  # the code holds its address only
        return address


def kept[T](depends: list, sources: list[Path], make: Callable[[], T]) -> T:
    """What `make` makes, from the disk if it is there.

    Parameters
    ----------
    depends : what it depends on, beside the libraries, Python and the processor; told by its `repr`.
    sources : the source files that it depends on, beside this one.
    """
    digest = hashlib.sha256(repr([depends, _machine()]).encode())
    for path in [Path(__file__), *sorted(sources)]:
        digest.update(path.read_bytes())
    place = cache_folder() / f"{digest.hexdigest()[:32]}.pickle"
    with suppress(Exception):  # not there, cut short, not to be read: it is made, and what cannot be kept is said
        return pickle.loads(place.read_bytes())
    made = make()
    try:
        _write(place, pickle.dumps(made))
    except OSError as error:
        why = f"compiled code cannot be kept in {place.parent} ({error.strerror}), so that every run compiles it anew."
        warnings.warn(f"{why} Make that folder writable and the next run starts at once.", CacheWarning, stacklevel=2)
    return made


def _write(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.with_suffix(f".{os.getpid()}")  # several processes may write at once
    aside.write_bytes(content)
    aside.replace(place)


def cache_folder() -> Path:
    """Where machine code is kept; it may be removed at any time."""
    return user_cache_path("vrest", appauthor=False)


def _machine() -> list:
    """What machine code of any source depends on."""
    processor = [binding.get_process_triple(), binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()]
    return [sys.version, [(name, version(name)) for name in _LIBRARIES], processor]
