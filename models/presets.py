"""Priors by preparation, in place of the default ones: `--preset skeletal-muscle`."""

from .errors import UnknownNameError, nearest
from .parameters import Parameter
from .priors import LogNormal, Prior

_CHLORIDE = "chloride is 85–89 % of the resting conductance of rat diaphragm, gastrocnemius, soleus (PMC2215020)"

PRESETS: dict[str, dict[str, tuple[Prior, str]]] = {
    "neuron": {},  # what the defaults are
    "skeletal-muscle": {
        "P_Cl/P_K": (LogNormal(7.8, 0.5), f"derived for both ions at equilibrium at −85 mV, the rest K's: {_CHLORIDE}"),
        "g_Cl/g_K": (LogNormal(6.7, 0.3), f"derived: {_CHLORIDE}, the rest K's"),
    },
    "cardiac": {
        "P_Na/P_K": (LogNormal(0.032, 0.5), "Purkinje fibre 0.033, 0.022, 0.047 at K_o 2, 4, 16 (Miura et al. 1977)"),
    },
    "glia": {
        "P_Na/P_K": (LogNormal(0.005, 1.0), "nearly Nernstian over 3–160 mM K_o: well under 0.01 (qualitative)"),
        "P_Cl/P_K": (LogNormal(0.01, 1.0), "nearly Nernstian, so nearly no chloride conductance (qualitative)"),
    },
}


def preset(parameter: Parameter, name: str | None) -> Parameter:
    """The parameter with the prior that the preparation called `name` gives it; raises UnknownNameError."""
    if name is None:
        return parameter
    if name not in PRESETS:
        raise UnknownNameError(f"unknown preset {name!r}.{nearest(name, PRESETS)} Presets: {', '.join(PRESETS)}.")
    prior, source = PRESETS[name].get(parameter.name, (parameter.prior, parameter.source))
    return parameter.with_prior(prior, source)
