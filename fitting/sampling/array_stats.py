"""ArviZ's diagnostics on arrays, without what stands beside them."""

import sys
import warnings
from functools import cache, partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
import xarray as xr

from ...models.errors import SamplerWarning

OF_CHAINS = ("bfmi", "ess", "power_scale_sense", "rhat")
OF_DRAWS = ("power_scale_lw", "psislw", "uniformity_test")


@cache
def array_stats() -> Any:
    """`arviz_stats.base.array_stats`: ESS, R-hat, PSIS and more of NumPy arrays; at least OF_CHAINS and OF_DRAWS.

    Where arviz-stats does not have them there, they are what ArviZ adds to every DataArray, and a warning says so, once.
    """
    try:
        found = _alone()
        for name in (*OF_CHAINS, *OF_DRAWS):
            getattr(found, name)
        return found
    except (ImportError, AttributeError) as error:
        import_module("arviz_stats")  # which adds `azstats` to DataArrays

        warnings.warn(
            f"ArviZ's diagnostics are taken from its whole, which takes longer: this version of arviz-stats is not one that "
            f"vrest knows ({type(error).__name__}: {error}). Install the one that it was tested with.",
            SamplerWarning,
            stacklevel=2,
        )
        return SimpleNamespace(**{name: partial(_of_labelled, name) for name in (*OF_CHAINS, *OF_DRAWS)})


def _alone() -> Any:
    """arviz-stats offers it without arviz-base, and then imports neither xarray's accessors nor its loo part, a second.

    It is imported so here, once, and left to others to import whole.
    """
    if "arviz_stats" in sys.modules:
        return import_module("arviz_stats.base").array_stats
    hidden = {name: sys.modules[name] for name in sys.modules if name.split(".")[0] == "arviz_base"}
    absent: Any = dict.fromkeys(["arviz_base", *hidden])
    sys.modules.update(absent)  # as if it were not installed
    try:
        return import_module("arviz_stats.base").array_stats
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] in ("arviz_stats", "arviz_base")]:
            del sys.modules[name]
        sys.modules.update(hidden)


def _of_labelled(
    name: str, x: np.ndarray, axis: Any = -1, chain_axis: int = -2, draw_axis: int = -1, **more: Any
) -> Any:
    """What `array_stats` gives, by ArviZ's accessor of DataArrays."""
    dims = [f"axis_{i}" for i in range(np.ndim(x))]
    along = np.atleast_1d((chain_axis, draw_axis) if name in OF_CHAINS else axis)
    over = {"sample_dims" if name in OF_CHAINS else "dim": [dims[i] for i in along]}
    more = {key: xr.DataArray(v, dims=dims) if isinstance(v, np.ndarray) else v for key, v in more.items()}
    found = getattr(xr.DataArray(x, dims=dims).azstats, name)(**over, **more)
    return tuple(one.to_numpy() for one in found) if isinstance(found, tuple) else found.to_numpy()
