"""ArviZ's diagnostics on arrays, without what stands beside them."""

import sys
from functools import cache
from importlib import import_module
from typing import Any


@cache
def array_stats() -> Any:
    """`arviz_stats.base.array_stats`: ESS, R-hat, PSIS and more of NumPy arrays.

    arviz-stats offers it without arviz-base, and then imports neither xarray's accessors nor its loo part, a second. It is
    imported so here, once, and left to others to import whole.
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
