"""Exact derivatives of a law on numbers alone, by the complex step: no graph is built, nothing compiled."""

from collections.abc import Sequence

import numpy as np

from .conditions import Conditions, Theta
from .law import Law

_STEP = 1e-30  # no difference is taken, so nothing cancels and the step can be as small as numbers go


def jacobian(law: Law, theta: Theta, at: Conditions, reference: Conditions, names: Sequence[str]) -> np.ndarray:
    """Derivatives of V_m (mV) with respect to the parameters `names`, last axis in their order.

    `theta` may hold draws, as arrays that broadcast against the conditions of `at`: the result then has their common
    shape, with one axis more.

    References
    ----------
    Squire & Trapp (1998) SIAM Review 40:110.
    """

    def derivative(name: str) -> np.ndarray:
        shifted = {**theta, name: np.asarray(theta[name]) + 1j * _STEP}
        return np.imag(law.potential(shifted, at, reference)) / _STEP

    return np.stack(np.broadcast_arrays(*(derivative(name) for name in names)), axis=-1)
