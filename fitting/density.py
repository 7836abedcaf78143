"""The posterior's log-density and gradient as machine code, compiled once for every design and kept between processes.

PyMC derives the density, PyTensor rewrites and compiles it: seconds, against tenths for sampling a small job. So the
rewritten graph is kept beside PyTensor's own cache of compiled code, under a key of all that it depends on: the design,
the sources, the libraries. nutpie is given the address of the compiled function, and of the data that it reads.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numba
import numpy as np
import pytensor
from numba import types
from pytensor.compile.mode import Mode
from pytensor.link.numba.linker import NumbaLinker

from ..models import root
from .experiment import Experiment

_LIBRARIES = ("pytensor", "pymc", "numba", "numpy")
_C_DENSITY = types.int64(
    types.uint64,
    types.CPointer(types.double),
    types.CPointer(types.double),
    types.CPointer(types.double),
    types.voidptr,
)
_C_EXPANSION = types.int64(
    types.uint64, types.uint64, types.CPointer(types.double), types.CPointer(types.double), types.voidptr
)


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
class Density:
    """Log-density and gradient of a design.

    Attributes
    ----------
    free : the parameters, in the order of the flat vector.
    function : PyTensor's compiled function of that vector; it reads the data from shared variables.
    """

    free: tuple[Free, ...]
    function: Any

    @property
    def size(self) -> int:
        return sum(p.size for p in self.free)

    @cached_property
    def data(self) -> dict[str, np.dtype]:
        """Names of the arrays that the function reads, in order, and how it wants them."""
        return {v.name: v.get_value(borrow=True).dtype for v in self.function.get_shared()}

    @cached_property
    def compiled(self) -> Any:
        """The function as C calls it: (n, x, gradient, value, table of data) to 0, or 3 where it is not finite."""
        inner, dims = self.function.vm.jit_fn, [v.ndim for v in self.function.get_shared()]
        arguments = "".join(
            f", carray(pointer(table[{2 * i}]), {f'(table[{2 * i + 1}],)' if ndim else '()'}, {dtype.name})"
            for i, (ndim, dtype) in enumerate(zip(dims, self.data.values(), strict=True))
        )
        source = f"""def log_density(n, x, gradient, value, user):
            table = carray(user, ({2 * len(dims) + 1},), intp)
            found, slope = inner(carray(x, (n,)){arguments})
            value[0] = found[()]
            finite = isfinite(value[0])
            for i in range(n):
                gradient[i] = slope[i]
                finite &= isfinite(gradient[i])
            return 0 if finite else 3
        """
        names: dict[str, Any] = {str(t): getattr(np, str(t)) for t in self.data.values()}
        names |= {"carray": numba.carray, "intp": np.intp, "isfinite": np.isfinite, "inner": inner}
        from nutpie.compile_pymc import address_as_void_pointer

        exec(source, names | {"pointer": address_as_void_pointer}, names)
        return numba.cfunc(_C_DENSITY)(names["log_density"])

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
            compiled_logp_func=self.compiled,
            compiled_expand_func=_expansion(),
            initial_point_func=lambda seed: start + np.random.default_rng(seed).uniform(-1, 1, n),
            shared_data=held,  # kept alive with the model, since the table holds addresses only
            shared_var_keys={},
            user_data=table,
            n_expanded=n,
            shape_info=(["unconstrained"], [slice(0, n)], [(n,)]),
            logp_func=self.function,
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
    place = cache_folder() / f"{_key(design)}.pickle"
    kept = _read(place)
    if kept is None:
        kept = _derive(experiment)
        _write(place, kept)
    free, inputs, outputs = kept
    mode = Mode(NumbaLinker(), optimizer=cast(Any, None))  # it was rewritten before it was kept
    return Density(free, pytensor.function(inputs, outputs, mode=mode, accept_inplace=True, trust_input=True))


def cache_folder() -> Path:
    """Where rewritten graphs are kept: beside PyTensor's compiled code, and removed with it."""
    return Path(pytensor.config.compiledir) / "vrest"


def _derive(experiment: Experiment) -> tuple[tuple[Free, ...], list, list]:
    """Parameters, and the rewritten graph of log-density and gradient: input vector and outputs."""
    from .model import build_model

    model = build_model(experiment)
    free, point = [], {}
    lengths = {name: len(labels) for name, labels in model.coords.items() if labels is not None}
    for rv in model.free_RVs:
        dims = tuple(str(dim) for dim in model.named_vars_to_dims.get(rv.name, ()))
        free.append(Free(rv.name, tuple(lengths[dim] for dim in dims), dims, _scale(model.rvs_to_transforms[rv])))
        point[model.rvs_to_values[rv].name] = np.zeros(free[-1].shape)
    function = model.logp_dlogp_function(ravel_inputs=True, initial_point=point)._pytensor_function
    graph = function.maker.fgraph
    return tuple(free), [v for v in graph.inputs if v.name == "joined_inputs"], list(graph.outputs)


def _scale(transform: Any) -> str:
    from pymc.logprob.transforms import IntervalTransform, LogTransform

    from .model import Softplus

    if isinstance(transform, LogTransform | IntervalTransform):  # every interval here is (0, infinity)
        return "log"
    if isinstance(transform, Softplus):
        return "softplus"
    if transform is None:
        return "natural"
    raise TypeError(f"{type(transform).__name__} is not a transform of a scalar prior")


def _key(design: str) -> str:
    """A hash of all that a kept graph depends on."""
    here = Path(__file__).parent
    sources = sorted([*here.glob("*.py"), *here.parent.glob("models/*.py"), *Path(root.__file__).parent.glob("*.py")])
    found = hashlib.sha256(design.encode())
    for path in dict.fromkeys(sources):
        found.update(path.read_bytes())
    found.update(repr([(name, version(name)) for name in _LIBRARIES] + [sys.version]).encode())
    return found.hexdigest()[:32]


def _read(place: Path) -> Any:
    if not place.exists():
        return None
    try:
        return pickle.loads(place.read_bytes())
    except Exception:  # cut short or of another library: it is made again
        return None


def _write(place: Path, kept: Any) -> None:
    import cloudpickle

    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.with_suffix(f".{os.getpid()}")  # several processes may write at once
    aside.write_bytes(cloudpickle.dumps(kept))
    aside.replace(place)


def _expansion() -> Any:
    """For nutpie, which expands every draw: the draw itself."""

    def copy(n, size, x, out, user):
        for i in range(n):
            out[i] = x[i]
        return 0

    return numba.cfunc(_C_EXPANSION)(copy)


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
