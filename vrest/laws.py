"""What a membrane law of one's own is made of: all that such a module imports.

A law is a `Law`: its parameters with their priors, and V_m in mV from them, from the conditions and from the reference
condition. Its equations are called on numbers, on draws and on symbols, so that they use the functions of
`namespace(x)` (`xp.exp`, `xp.where`, …) in place of NumPy's, and no `if` on values. A zero-current equation is written as
`Terms` and solved by `rest`, which knows its derivatives. See `vrest.testing.check_law`.
"""

from .models.arrays import Array, namespace
from .models.conditions import Conditions, Theta
from .models.constants import rate_factor, thermal_voltage
from .models.ions import Ion, ion, ions
from .models.laws.ghk import passive_terms, permeabilities, ratios
from .models.laws.law import Law
from .models.laws.nernst import nernst_potential
from .models.laws.registry import LAWS, register
from .models.parameters import (
    PUMP,
    PUMP_CURRENT,
    Q10_LEAK,
    Q10_PUMP,
    Parameter,
    Quantity,
    Role,
    conductance_ratio,
    permeability_ratio,
)
from .models.priors import Fixed, Gamma, HalfNormal, LogNormal, Normal, Prior
from .models.solver.balance import Terms, gather
from .models.solver.rest import balancing_current, rest, rest_without_pump

__all__ = [
    "LAWS",
    "PUMP",
    "PUMP_CURRENT",
    "Q10_LEAK",
    "Q10_PUMP",
    "Array",
    "Conditions",
    "Fixed",
    "Gamma",
    "HalfNormal",
    "Ion",
    "Law",
    "LogNormal",
    "Normal",
    "Parameter",
    "Prior",
    "Quantity",
    "Role",
    "Terms",
    "Theta",
    "balancing_current",
    "conductance_ratio",
    "gather",
    "ion",
    "ions",
    "namespace",
    "nernst_potential",
    "passive_terms",
    "permeabilities",
    "permeability_ratio",
    "rate_factor",
    "ratios",
    "register",
    "rest",
    "rest_without_pump",
    "thermal_voltage",
]
