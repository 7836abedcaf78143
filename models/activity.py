"""Activity coefficients by the Davies equation: how much less than its concentration an ion in salt water counts.

References
----------
Davies (1962) Ion Association.
"""

from collections.abc import Mapping

from .arrays import Array, namespace
from .constants import water_permittivity
from .ions import ion
from .limits import ABSOLUTE_ZERO_OFFSET


def davies(valence: int, ionic_strength_mM: Array, temperature_C: Array) -> Array:
    """Activity coefficient (1) of an ion of `valence`; good to about 500 mM of ionic strength (0.78 for K at 100 mM)."""
    t, root = temperature_C, namespace(ionic_strength_mM).sqrt(ionic_strength_mM / 1e3)
    A = 1.8248e6 / (water_permittivity(t) * (t + ABSOLUTE_ZERO_OFFSET)) ** 1.5
    return 10 ** (-A * valence**2 * (root / (1 + root) - 0.3e-3 * ionic_strength_mM))


def ionic_strength(c: Mapping[str, Array]) -> Array:
    """Ionic strength in mM of a solution of which some ions (mM, by name) are known.

    Monovalent counterions are taken to make up the charge: a cell's impermeant anions are in no table, nor are a bath's
    buffer and choline. The kind of ion, cations or anions, that accounts for more of the solution decides.
    """
    weighed = [(z := ion(name).valence, abs(z) * (abs(z) + 1) / 2 * x) for name, x in c.items()]
    cations, anions = sum(x for z, x in weighed if z > 0), sum(x for z, x in weighed if z < 0)
    return namespace(cations, anions).maximum(cations, anions)
