"""vrest: what resting membrane potentials say about the membrane.

import vrest
recordings = vrest.load_data("crayfish_muscle")      # or vrest.read_csv("recordings.csv")
fit = vrest.fit(recordings, law="ghk-pump", seed=1)
fit.summary()
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .data.sets.bundled import datasets, load_data
    from .data.tables.reader import from_frame, read_csv
    from .data.tables.table import select, to_frame
    from .fitting.experiment.config import Config, Sampling, read_config
    from .fitting.fit import Fit, fit, load, model
    from .fitting.planning.design import Design, design
    from .models.errors import ConfigurationError, DataError, DataWarning, UnknownNameError, VrestError
    from .models.laws.law import Law
    from .models.laws.registry import LAWS, register
    from .planning import fit_each, recover, simulate
    from .tables import compare_laws, explain, priors

# Imported on first use, so that `import vrest` and `vrest --help` do not wait for samplers.
_HOME = {
    "LAWS": "models.laws.registry",
    "Config": "fitting.experiment.config",
    "ConfigurationError": "models.errors",
    "DataError": "models.errors",
    "DataWarning": "models.errors",
    "Design": "fitting.planning.design",
    "Fit": "fitting.fit",
    "Law": "models.laws.law",
    "Sampling": "fitting.experiment.config",
    "UnknownNameError": "models.errors",
    "VrestError": "models.errors",
    "compare_laws": "tables",
    "datasets": "data.sets.bundled",
    "design": "fitting.planning.design",
    "explain": "tables",
    "fit": "fitting.fit",
    "fit_each": "planning",
    "from_frame": "data.tables.reader",
    "load": "fitting.fit",
    "load_data": "data.sets.bundled",
    "model": "fitting.fit",
    "priors": "tables",
    "read_config": "fitting.experiment.config",
    "read_csv": "data.tables.reader",
    "recover": "planning",
    "register": "models.laws.registry",
    "select": "data.tables.table",
    "simulate": "planning",
    "to_frame": "data.tables.table",
}

__all__ = [
    "LAWS",
    "Config",
    "ConfigurationError",
    "DataError",
    "DataWarning",
    "Design",
    "Fit",
    "Law",
    "Sampling",
    "UnknownNameError",
    "VrestError",
    "compare_laws",
    "datasets",
    "design",
    "explain",
    "fit",
    "fit_each",
    "from_frame",
    "load",
    "load_data",
    "model",
    "priors",
    "read_config",
    "read_csv",
    "recover",
    "register",
    "select",
    "simulate",
    "to_frame",
]


def __getattr__(name: str):
    if name == "__version__":
        from importlib.metadata import version

        return version("vrest")
    if name not in _HOME:
        raise AttributeError(f"module 'vrest' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*__all__, "__version__"])
