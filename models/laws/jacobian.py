"""Exact derivatives of a law on numbers alone, by the complex step: no graph is built, nothing compiled."""

from collections.abc import Callable, Sequence

import numpy as np

from ..conditions import Conditions, Theta
from .law import Law

_STEP = 1e-30  # no difference is taken, so nothing cancels and the step can be as small as numbers go


def jacobian(law: Law, theta: Theta, at: Conditions, reference: Conditions, names: Sequence[str]) -> np.ndarray:
    """Derivatives of V_m (mV) by the parameters `names`; see `derivatives`."""
    return derivatives(lambda theta: law.potential(theta, at, reference), theta, names)


def derivatives(function: Callable[[Theta], np.ndarray], theta: Theta, names: Sequence[str]) -> np.ndarray:
    """Derivatives of a function of all parameters with respect to those in `names`, last axis in their order.

    `theta` may hold draws, as arrays that broadcast against what the function returns: the result then has their
    common shape, with one axis more.

    References
    ----------
    Squire & Trapp (1998) SIAM Review 40:110.
    """

    axes = max(1, *(np.ndim(x) for x in theta.values()))
    steps = np.eye(len(names)).reshape(len(names), len(names), *(1,) * axes) * 1j * _STEP
    shifted = {name: np.asarray(theta[name]) + step for name, step in zip(names, steps, strict=True)}
    found = np.imag(function({**theta, **shifted})) / _STEP  # all in one go: an axis of their own
    if np.ndim(found) <= axes:  # none of the parameters is in the function
        found = np.zeros((len(names), *np.shape(found)))
    return np.moveaxis(found, 0, -1)
