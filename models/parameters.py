"""What can be inferred: each parameter's name, unit, meaning, default prior and where that prior comes from."""

from dataclasses import dataclass, replace

import numpy as np

from .arrays import Array
from .errors import ConfigurationError
from .ions import Ion
from .priors import Fixed, Gamma, HalfNormal, LogNormal, Normal, Prior

SPREAD = " spread"
"""Ends the name of a parameter's spread between cells."""
REFERENCE = "at the reference condition"


@dataclass(frozen=True)
class Quantity:
    """Something a fit reports: `name` as in tables and plots, `unit` (1 where it has none), `meaning` in words."""

    name: str
    unit: str
    meaning: str

    def own_scale(self, values: Array) -> Array:
        """`values` on the scale where contraction is judged: the logarithm for what is a factor, else themselves."""
        factor = self.name.startswith(("Q10_", "pump_current_pA", "pump_current_uA"))  # the latter scale with P_K
        return np.log(values) if factor else values

    @property
    def symbol(self) -> str:
        """The name inside the DataTree, where PyMC and netCDF forbid '/': `P_Na/P_K` is `p_Na`."""
        if self.name.endswith(SPREAD):
            return Quantity(self.name.removesuffix(SPREAD), "1", "").symbol + "_spread"
        if self.name.endswith(("/P_K", "/g_K")):
            return self.name[:-4].replace("P_", "p_")
        return "Q10_ratio" if self.name == "Q10_pump/Q10_leak" else self.name


@dataclass(frozen=True)
class Parameter(Quantity):
    """A quantity that is sampled, with its prior and the `source` of that prior."""

    prior: Prior
    source: str

    def own_scale(self, values: Array) -> Array:
        return self.prior.own_scale(values)

    def with_prior(self, prior: Prior, source: str = "set by the user") -> "Parameter":
        """The same parameter under another prior, which is cut off at 0 where the parameter is never below.

        Raises
        ------
        ConfigurationError
            It would be held at a value that it cannot have.
        """
        if isinstance(self.prior, Normal) and not self.prior.positive:
            return replace(self, prior=prior, source=source)
        if isinstance(prior, Fixed):
            may_vanish = self.name.endswith(("/P_K", "/g_K")) or isinstance(self.prior, HalfNormal)
            if prior.value < 0 or (prior.value == 0 and not may_vanish):
                low = "0 or above" if may_vanish else "above 0"
                raise ConfigurationError(f"priors: {self.name} = {prior.value:g}: it must be {low}.")
        cut = replace(prior, positive=True) if isinstance(prior, Normal) else prior
        return replace(self, prior=cut, source=source)


def permeability_ratio(ion: Ion) -> Parameter:
    """P_s / P_K of one ion."""
    prior, source = {
        "Na": (LogNormal(0.04, 1.0), "squid axon 0.04 (Hodgkin & Katz 1949), Purkinje 0.02–0.05 (Miura et al. 1977)"),
        "Cl": (LogNormal(0.3, 1.0), "a neurone's; squid axon 0.45 (Hodgkin & Katz 1949)"),
    }.get(ion.name, (LogNormal(0.1, 1.5), "wide: little is known"))  # fmt: skip
    return Parameter(ion.ratio, "1", f"permeability of {ion.name} relative to K", prior, source)


def inside_concentration(ion: Ion, mean_mM: float, sd_mM: float) -> Parameter:
    """The uncertain concentration of one ion inside the cell."""
    prior = Normal(mean_mM, sd_mM, positive=True)
    return Parameter(f"{ion.name}_i_mM", "mM", f"{ion.name} inside the cell", prior, "given by the user")


def inside_activity(ion: Ion) -> Parameter:
    """The activity coefficient of one ion inside the cell."""
    name, meaning = f"gamma_{ion.name}_i", f"activity coefficient of {ion.name} inside the cell"
    return Parameter(name, "1", meaning, LogNormal(0.7, 0.1), "rabbit papillary muscle K: 82.6 of 134.9 mM, 0.61")


def conductance_ratio(ion: Ion) -> Parameter:
    """g_s / g_K of one ion, for the law of chord conductances."""
    derived = "derived from P_{}/P_K {} in the constant field at −70 mV, {} mM"
    prior, source = {
        "Na": (LogNormal(0.15, 1.0), derived.format("Na", 0.04, "K 5/140, Na 150/15")),
        "Cl": (LogNormal(0.4, 1.0), derived.format("Cl", 0.3, "K 5/140, Cl 120/10")),
    }.get(ion.name, (LogNormal(0.1, 1.5), "wide: little is known"))
    return Parameter(f"g_{ion.name}/g_K", "1", f"conductance of {ion.name} relative to K's", prior, source)


PUMP = Parameter(
    "pump_mV", "mV", f"hyperpolarisation lost at once when the pump is poisoned, {REFERENCE}",
    HalfNormal(8.0), "ouabain depolarises by 1–14 mV: barnacle 1–4, atria 5, ileum 8, fly muscle 13.7",
)  # fmt: skip
Q10_PUMP = Parameter(
    "Q10_pump", "1", "factor on the pump's current for 10 °C of warming",
    LogNormal(2.3, 0.2), "SA node 2.1, Purkinje fibre 2.4, heart 2.7",
)  # fmt: skip
Q10_LEAK = Parameter(
    "Q10_leak", "1", "factor on P_K for 10 °C of warming",
    LogNormal(1.4, 0.15), "resting conductance: Purkinje fibre 1.3, stick insect muscle 1.44, locust muscle 2.1",
)  # fmt: skip
Q10_P_NA = Parameter(
    "Q10_P_Na/P_K", "1", "factor on P_Na/P_K for 10 °C of warming",
    LogNormal(1.0, 0.4), "hippocampal neurones depolarise by 8–14 mV from 30 to 41 °C, against the pump's sign (PMID 22783167)",
)  # fmt: skip
RECTIFICATION = Parameter(
    "rectification", "1", "exponent m of P_K ~ (K_o/K_ref)^m; above 0, P_K rises with K_o",
    Normal(0.0, 0.5, positive=False), "Purkinje fibre: about 0.6 from K_o 2 to 4 and -0.5 from 4 to 16 (Miura et al. 1977)",
)  # fmt: skip
PUMP_RATIO = Parameter(
    "pump_ratio", "1", "Na ions that the pump carries for each K ion", LogNormal(1.5, 0.2), "3 Na : 2 K, give or take",
)  # fmt: skip
K_K = Parameter(
    "K_K_mM", "mM", "K outside that activates the pump's K sites by half",
    LogNormal(1.5, 0.4), "SA node 1.4; squid 0.45 without and 3.9 in 400 mM Na (PMC2216238)",
)  # fmt: skip
N_K = Parameter("n_K", "1", "Hill exponent of K outside", Normal(1.4, 0.3), "SA node 1.2, squid 1.5")
K_NA = Parameter(
    "K_Na_mM", "mM", "Na inside that activates the pump's Na sites by half", LogNormal(13.0, 0.4), "9, 14 and 17 mM",
)  # fmt: skip
N_NA = Parameter("n_Na", "1", "Hill exponent of Na inside", Normal(2.0, 0.6), "1.3 to 3")
P_K = Parameter(
    "P_K_cm_s", "cm/s", f"permeability of K, {REFERENCE}", LogNormal(1e-6, 2.0), "wide: a factor of 50 either way",
)  # fmt: skip
P_K_AREA = Parameter(
    "P_K_area_cm3_s", "cm3/s", f"permeability of K times the membrane's area, {REFERENCE}",
    LogNormal(2e-11, 3.0), "a cell of 20 pF at 1e-6 cm/s, and wide enough for muscle fibres",
)  # fmt: skip
C_M = Parameter(
    "C_m_uF_cm2", "uF/cm2", "capacitance of membrane, by which C_m_pF gives the area", Fixed(1.0),
    "neurones 0.9–1 µF/cm²; insect muscle 6–12",
)  # fmt: skip
R_IN_SCATTER = Parameter(
    "R_in_scatter", "1", "sd of the logarithm of input resistances that carry no sd of their own",
    HalfNormal(0.2), "input resistances repeat to tens of percent",
)  # fmt: skip
SIGMA = Parameter(
    "sigma_mV", "mV", "scatter of single recordings around the law",
    HalfNormal(5.0), "electrodes and cells together: 1–10 mV",
)  # fmt: skip
NU = Parameter(
    "nu", "1", "degrees of freedom of the robust scatter; small means heavy tails",
    Gamma(2.0, 0.1), "Juárez & Steel (2010) J Bus Econ Stat 28:52",
)  # fmt: skip

SCATTER = (SIGMA.name, NU.name, R_IN_SCATTER.name)
"""Names of the parameters that describe scatter and nothing of the membrane."""

PUMP_CURRENT = Quantity("pump_current_mM", "mM", f"pump current over F·P_K, {REFERENCE}")
PUMP_CURRENT_PA = Quantity("pump_current_pA", "pA", f"pump current of the cell, {REFERENCE}")
PUMP_CURRENT_DENSITY = Quantity("pump_current_uA_cm2", "uA/cm2", f"pump current per membrane area, {REFERENCE}")
Q10_RATIO = Quantity("Q10_pump/Q10_leak", "1", "how much faster than the leak the pump speeds up with 10 °C of warming")


def between_cells(parameter: Parameter) -> Parameter:
    """How much cells of one type differ in a parameter: the sd of its logarithm."""
    meaning = f"how much cells of one type differ in {parameter.name}: sd of its logarithm, 0.1 being about 10 %"
    return Parameter(
        parameter.name + SPREAD, "1", meaning, HalfNormal(0.3), "cells of one type differ by tens of percent"
    )


JUNCTION = "ljp"
"""What an offset belongs to that comes from a junction potential known with an error."""


def electrode_offset(per: str) -> Parameter:
    """How much the electrode's offset differs between cells, or between solutions; for `ljp` it stands in the table."""
    if per == JUNCTION:
        return Parameter("ljp_sd_mV", "mV", "sd of the junction potential", Fixed(1.0), "as given in the table")
    meaning = f"sd of the electrode's offset between {per}s"
    return Parameter(f"offset_{per}_sd_mV", "mV", meaning, HalfNormal(2.0), "electrodes drift by a few mV")
