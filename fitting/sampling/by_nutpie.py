"""Draws by nutpie from the compiled density: the one module that knows nutpie.

Its compiled core, `nutpie._lib`, is used directly. nutpie's Python around it takes no address of compiled code, except from
PyMC's models, and imports numba and all of ArviZ's plots, more than a second, for what is not used here.
"""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from types import ModuleType

import numpy as np

from ...models.compiling.machine import Machine, addresses
from ..experiment.config import Sampling
from .array_stats import array_stats
from .density import Density
from .progress import Progress

MANY_PARAMETERS = 100
"""Above so many, the low-rank metric that follows ridges costs more than it saves."""
STATISTICS = ("diverging", "energy", "n_steps", "step_size", "tree_depth")
Arrays = dict[str, np.ndarray]
_SHOWN_ms = 200  # between two looks at the progress
_COPY = """declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define i64 @vrest(i64 %seed, i64 %n, ptr %x, ptr %out, ptr %table) {
  %size = shl i64 %n, 3
  call void @llvm.memcpy.p0.p0.i64(ptr %out, ptr %x, i64 %size, i1 false)
  ret i64 0
}
"""
"""What nutpie calls to expand every draw: a copy."""


class InterfaceChanged(Exception):
    """nutpie is not as this module expects."""


def draw_by_nutpie(
    density: Density, start: np.ndarray, sampling: Sampling, seed: int, cores: int, progress: bool
) -> tuple[Arrays, Arrays, int]:
    """Arrays of draws and of statistics, by name, and the draws of tuning; chains begin around `start`, a flat vector.

    A version of nutpie that cannot be used in this way raises InterfaceChanged.
    """
    large = density.size > MANY_PARAMETERS
    tuning = sampling.tune // 2 if large else sampling.tune
    bar = Progress(sampling.chains * (tuning + sampling.draws), what="draws", even=False, show=progress)
    with _interface(), closing(bar):
        lib = core()
        # Permeabilities and pump lie on ridges that a diagonal metric crawls along, but it is learned in half the time.
        settings = lib.PyNutsSettings.Diag(seed) if large else lib.PyNutsSettings.LowRank(seed)
        numbers = {"num_tune": tuning, "num_draws": sampling.draws, "num_chains": sampling.chains}
        settings.update({**numbers, "target_accept": sampling.target_accept})
        model, quiet, arrow = _model(density, start), lib.ProgressType.none(), lib.PyStorage.arrow()
        look = (lambda chains: _look(bar, chains)) if progress else None
        chains = lib.PySampler.from_pymc(settings, cores, model, quiet, look, _SHOWN_ms, arrow)
        try:
            array_stats()  # needed next, and slow to import: it comes while the chains run
            chains.wait(None)
            batches = chains.take_results().get_arrow_trace()
        except BaseException:
            chains.abort()
            raise
        draws, statistics = _after_warm_up(*batches)
    return density.unflatten(draws["unconstrained"]), statistics, tuning


@contextmanager
def _interface() -> Iterator[None]:
    """What an interface that has changed raises, in what it has, takes or gives, as InterfaceChanged."""
    try:
        yield
    except (ImportError, AttributeError, TypeError, ValueError, KeyError) as error:
        raise InterfaceChanged(f"{type(error).__name__}: {error}") from error


def _look(bar: Progress, chains: list) -> None:
    divergences = sum(chain.divergences for chain in chains)
    bar.to(sum(chain.finished_draws for chain in chains), f", {divergences} divergences" if divergences else "")


def _model(density: Density, start: np.ndarray):
    """The density as nutpie's core takes it."""
    lib, n, table, copy = core(), density.size, addresses(density.table), Machine.of(_COPY)
    dims: dict[str, int] = {}  # filled by new_variables
    held = (density, table, copy)  # what the addresses are of, kept alive with the model
    return lib.PyMcModel(
        lib.LogpFunc(density.machine.address, table.ctypes.data, held),
        lib.ExpandFunc(n, n, copy.address, table.ctypes.data, held),
        lib.PyVariable.new_variables(["unconstrained"], ["float64"], [(n,)], dims, {}),
        n,
        dims,
        {},
        lambda seed: start + np.random.default_rng(seed).uniform(-1, 1, n),
        None,
    )


def _after_warm_up(draws, statistics) -> tuple[Arrays, Arrays]:
    """nutpie's Arrow batches (one a chain) as arrays; its own conversion to a tree takes longer than a small fit."""
    import pyarrow

    draws, statistics = ([pyarrow.record_batch(chain) for chain in kind] for kind in (draws, statistics))
    first = [int(np.sum(chain["tuning"].to_numpy(zero_copy_only=False))) for chain in statistics]
    names = ["depth" if name == "tree_depth" else name for name in STATISTICS]
    kept = [chain.select(names).rename_columns(list(STATISTICS)) for chain in statistics]
    return _arrays(draws, first), _arrays(kept, first)


def _arrays(chains, first: list[int]) -> Arrays:
    """Columns as arrays (chain, draw, …), each chain from its `first` row on."""
    found = {}
    for field in chains[0].schema:
        shape = [int(n) for n in (field.metadata or {}).get(b"shape", b"").decode().split(",") if n]
        columns = [chain[field.name].slice(skip) for chain, skip in zip(chains, first, strict=True)]
        flat = [column.flatten() if shape else column for column in columns]
        stacked = np.stack([x.to_numpy(zero_copy_only=False) for x in flat])
        found[field.name] = stacked.reshape(len(chains), len(columns[0]), *shape)
    return found


@cache
def core() -> ModuleType:
    """nutpie's compiled core, without the rest of nutpie, which finds it there if it is imported later."""
    name = "nutpie._lib"
    if name in sys.modules:
        return sys.modules[name]
    package = importlib.util.find_spec("nutpie")
    spec = package and PathFinder.find_spec(name, package.submodule_search_locations)
    if not (spec and spec.loader):
        return import_module(name)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
