"""The posterior's log-density and gradient as machine code, made once for every design and kept between processes.

PyMC derives the density, PyTensor rewrites and numba compiles it: seconds, against tenths for sampling a small job. So the
machine code is kept, under a key of all that it depends on: the design, the sources, the libraries, the processor. A process
that finds it imports no PyMC, and PyTensor only where the code calls or raises what PyTensor brought. nutpie is given the
code's address, and that of the data that it reads.
"""

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import numpy as np

from ... import fitting, models
from ...models.solver import fused
from ...models.solver.machine_code import MachineCode, kept
from ..experiment.experiment import Experiment


@dataclass(frozen=True)
class Free:
    """One free parameter in the density's flat vector: its tree name, shape, dims, and the scale it is sampled on."""

    name: str
    shape: tuple[int, ...]
    dims: tuple[str, ...]
    scale: str

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=int))

    def constrain(self, x: np.ndarray) -> np.ndarray:
        """Back to the natural scale; a test holds it against PyMC's own transforms."""
        if self.scale == "log":
            return np.exp(x)
        return np.logaddexp(0, x) if self.scale == "softplus" else x

    def unconstrain(self, x: np.ndarray) -> np.ndarray:
        """The inverse of `constrain`."""
        if self.scale == "log":
            return np.log(x)
        return np.log(np.expm1(x)) if self.scale == "softplus" else np.asarray(x, float)


@dataclass(frozen=True)
class Loaded:
    """A function in this process, as nutpie wants it."""

    address: int


@dataclass(frozen=True)
class Kept:
    """What is kept of a design.

    Attributes
    ----------
    free : the parameters, in the order of the flat vector.
    data : names of the arrays that the density reads, in order, and how it wants them.
    log_density : (n, x, gradient, value, table of data) to 0, or 3 where it is not finite.
    expansion : (seed, n, x, out, table of data) to 0; for nutpie, which expands every draw: a copy.
    """

    free: tuple[Free, ...]
    data: dict[str, np.dtype]
    log_density: MachineCode
    expansion: MachineCode


@dataclass(frozen=True)
class Density:
    """Log-density and gradient of a design, loaded into this process; see `Kept`."""

    free: tuple[Free, ...]
    data: dict[str, np.dtype]
    log_density: Loaded
    expansion: Loaded

    @property
    def size(self) -> int:
        return sum(p.size for p in self.free)

    def with_data(self, data: Mapping[str, np.ndarray], start: np.ndarray):
        """What nutpie samples from: the density on these data, chains beginning around `start` (a flat vector)."""
        import_nutpie()
        from nutpie.compile_pymc import CompiledPyMCModel

        held = {name: np.ascontiguousarray(data[name], dtype) for name, dtype in self.data.items()}
        table = np.array([n for x in held.values() for n in (x.ctypes.data, x.size)] + [0], np.intp)
        n = self.size
        return CompiledPyMCModel(
            dims={},
            _n_dim=n,
            _coords={},
            _shapes={"unconstrained": (n,)},
            compiled_logp_func=self.log_density,
            compiled_expand_func=self.expansion,
            initial_point_func=lambda seed: start + np.random.default_rng(seed).uniform(-1, 1, n),
            shared_data=held,  # kept alive with the model, since the table holds addresses only
            shared_var_keys={},
            user_data=table,
            n_expanded=n,
            shape_info=(["unconstrained"], [slice(0, n)], [(n,)]),
            logp_func=None,
            expand_func=None,
            reparameterized_names=[],
        )

    def flatten(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """The flat vector of parameter values by tree name."""
        return np.concatenate([np.ravel(p.unconstrain(np.broadcast_to(values[p.name], p.shape))) for p in self.free])

    def unflatten(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Parameter values by tree name, of flat vectors on the last axis."""
        ends = np.cumsum([p.size for p in self.free])[:-1]
        parts = np.split(x, ends, axis=-1)
        return {p.name: p.constrain(y.reshape(*x.shape[:-1], *p.shape)) for p, y in zip(self.free, parts, strict=True)}


def density_of(experiment: Experiment, design: str) -> Density:
    """The density of an experiment's design (whose hash is `design`), from the disk if it is there."""
    fused.compiled()  # the density calls it by name

    def make() -> Kept:
        from .compiler import derive  # PyMC and PyTensor, which are slow to import

        with _uncollected():
            return derive(experiment)

    found = kept([design, version("pymc"), version("pytensor")], sources(), make)
    return Density(found.free, found.data, Loaded(found.log_density.address()), Loaded(found.expansion.address()))


def sources() -> list[Path]:
    """Every source file that a compiled density may depend on: all of `models` and `fitting`, sub-folders included."""
    return [path for package in (models, fitting) for path in Path(str(package.__file__)).parent.rglob("*.py")]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection, which searches all that a compiler allocates, again and again, and finds nothing."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


class _Later(ModuleType):
    """Stands for a module that is imported when it is first used."""

    def __getattr__(self, name: str):
        return getattr(import_module(self.__name__), name)


def import_nutpie() -> ModuleType:
    """nutpie, without ArviZ and all of its plots, which it imports for a conversion that is not used here."""
    if "nutpie" not in sys.modules and "arviz" not in sys.modules:
        sys.modules["arviz"] = _Later("arviz")
        try:
            import_module("nutpie")
        finally:
            del sys.modules["arviz"]
    return import_module("nutpie")
