"""Draws by nutpie from the compiled density: the one module that knows nutpie."""

import sys
from importlib import import_module
from types import ModuleType

import numpy as np

from ...models.compiling.machine import Machine, addresses
from ..experiment.config import Sampling
from .density import Density

MANY_PARAMETERS = 100
"""Above so many, the low-rank metric that follows ridges costs more than it saves."""
STATISTICS = ("diverging", "energy", "n_steps", "step_size", "depth")
Arrays = dict[str, np.ndarray]
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

    Raises
    ------
    InterfaceChanged
        This version of nutpie cannot be used in this way.
    """
    many = density.size > MANY_PARAMETERS
    tuning = sampling.tune // 2 if many else sampling.tune
    try:
        chains = import_nutpie().sample(
            _model(density, start),
            chains=sampling.chains,
            draws=sampling.draws,
            tune=tuning,
            target_accept=sampling.target_accept,
            # Permeabilities and pump lie on ridges that a diagonal metric crawls along, but it is learned in half the time.
            adaptation="diag" if many else "low_rank",
            seed=seed,
            cores=cores,
            progress_bar=progress,
            return_raw_trace=True,
            blocking=False,
        )
    except (ImportError, AttributeError, TypeError) as error:
        raise InterfaceChanged(f"{type(error).__name__}: {error}") from error
    try:
        import_module("arviz_stats.base")  # needed next, and slow to import: it comes while the chains run
        batches = chains.wait().get_arrow_trace()
    except BaseException:
        chains.cancel()
        raise
    draws, statistics = _after_warm_up(*batches)
    return density.unflatten(draws["unconstrained"]), statistics, tuning


def _model(density: Density, start: np.ndarray):
    """The density as nutpie takes it from PyMC."""
    import_nutpie()
    from nutpie.compile_pymc import CompiledPyMCModel

    n = density.size
    return CompiledPyMCModel(
        dims={},
        _n_dim=n,
        _coords={},
        _shapes={"unconstrained": (n,)},
        compiled_logp_func=density.machine,
        compiled_expand_func=_copy(),
        initial_point_func=lambda seed: start + np.random.default_rng(seed).uniform(-1, 1, n),
        shared_data={
            str(k): x for k, x in enumerate(density.table)
        },  # kept alive with the model, as its code reads them
        shared_var_keys={},
        user_data=addresses(density.table),
        n_expanded=n,
        shape_info=(["unconstrained"], [slice(0, n)], [(n,)]),
        logp_func=None,
        expand_func=None,
        reparameterized_names=[],
    )


def _copy() -> Machine:
    return Machine.of(_COPY)


def _after_warm_up(draws, statistics) -> tuple[Arrays, Arrays]:
    """nutpie's Arrow batches (one a chain) as arrays; its own conversion to a tree takes longer than a small fit."""
    import pyarrow

    draws, statistics = ([pyarrow.record_batch(chain) for chain in kind] for kind in (draws, statistics))
    first = [int(np.sum(chain["tuning"].to_numpy(zero_copy_only=False))) for chain in statistics]
    return _arrays(draws, first), _arrays([chain.select(list(STATISTICS)) for chain in statistics], first)


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
