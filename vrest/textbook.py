"""The textbook's systems as small functions: Nernst and Donnan potentials, charge, cooling, a poisoned cell's run-down."""

from .models.constants import thermal_voltage
from .models.laws.nernst import nernst_potential
from .models.textbook.charge import charge_separated
from .models.textbook.cooling import cooling
from .models.textbook.donnan import donnan
from .models.textbook.explain import explain
from .models.textbook.rundown import run_down

__all__ = ["charge_separated", "cooling", "donnan", "explain", "nernst_potential", "run_down", "thermal_voltage"]
