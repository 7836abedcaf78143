"""Lets one equation serve NumPy, PyTensor and JAX: each equation asks here which library its numbers belong to."""

from types import ModuleType
from typing import Any

import numpy as np

Array = Any
"""A number, a NumPy array, or a symbolic variable of PyTensor or JAX: equations take them all."""

NAMESPACES: dict[str, ModuleType | Any] = {}
"""Array libraries by the package that their variables come from; a symbolic library registers itself on import."""


def namespace(*values: Array) -> Any:
    """The library (`numpy` unless a value is symbolic) whose `expm1`, `where`, … work on all of `values`."""
    for value in values:
        module = type(value).__module__
        for prefix, library in NAMESPACES.items():
            if module.startswith(prefix):
                return library
    return np


def is_symbolic(*values: Array) -> bool:
    """Whether any of `values` is a variable of a graph rather than a number."""
    return namespace(*values) is not np
