"""What can be inferred: each parameter's name, unit, meaning, default prior and where that prior comes from."""

from dataclasses import dataclass, field, replace
from enum import Enum

from .arrays import Array
from .errors import ConfigurationError
from .ions import Ion
from .priors import Fixed, Gamma, HalfNormal, LogNormal, Normal, Prior, Scale, believable

REFERENCE = "at the reference condition"


class Role(Enum):
    """What a quantity is to the membrane or to the recordings, where that decides how it is treated."""

    OTHER = "whatever a law needs"
    PERMEABILITY_RATIO = "permeability of an ion relative to K"
    CONDUCTANCE_RATIO = "conductance of an ion relative to K's"
    PUMP = "what the pump adds to V_m"
    PUMP_CURRENT = "current of the pump"
    Q10 = "factor on the pump's or the leak's rate for 10 °C"
    Q10_RATIO = "the pump's Q10 over the leak's"
    Q10_OF_RATIO = "factor on a permeability ratio for 10 °C"
    INSIDE = "concentration inside"
    ACTIVITY = "activity coefficient"
    PERMEABILITY = "permeability of K, absolute"
    CAPACITANCE = "capacitance of membrane"
    SCATTER = "scatter of recordings, nothing of the membrane"
    SPREAD = "how much cells differ"
    OFFSET = "electrode offset, or how much offsets differ"
    BATH_ERROR = "error of a bath's concentration, or of the thermometer"


@dataclass(frozen=True)
class Quantity:
    """Something a fit reports.

    Attributes
    ----------
    name : as in tables and plots. unit : 1 where it has none. meaning : in words.
    role : what it is, where that matters.
    symbol : the name inside the DataTree, where PyMC and netCDF forbid '/': `P_Na/P_K` is `p_Na`.
    scale : where contraction is judged, and sds are given.
    signed : whether it can be below 0.
    judged : whether identification is judged on it.
    ion : the ion that it is of, if any. group : the group of cells that it is of, where each has its own.
    """

    name: str
    unit: str
    meaning: str
    role: Role = field(default=Role.OTHER, kw_only=True)
    symbol: str = field(default="", kw_only=True)
    scale: Scale = field(default=Scale.NATURAL, kw_only=True)
    signed: bool = field(default=False, kw_only=True)
    judged: bool = field(default=False, kw_only=True)
    ion: str = field(default="", kw_only=True)
    group: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "symbol", self.symbol or self.name.replace("/", "_"))

    @property
    def label(self) -> str:
        """The name, with its group in brackets."""
        return f"{self.name} ({self.group})" if self.group else self.name

    @property
    def of_cells(self) -> str:
        """The tree's name for its values in every cell."""
        return self.at("cell")

    def at(self, dim: str = "") -> str:
        """The tree's name for its values in the units of a level above the cell, or of the population."""
        return f"{self.symbol}_{dim}" if dim else self.symbol

    @property
    def of_levels(self) -> str:
        """The tree's name for its values in every level of a column."""
        return f"{self.symbol}_level"

    @property
    def place(self) -> str:
        """The tree's name for the coordinate that stands for it (of offsets, or of a speed) in the sampling."""
        return self.place_at("")

    def place_at(self, dim: str) -> str:
        """The same for its values in the units of a level, or in cells."""
        return f"{self.at(dim)}_place"

    @property
    def compared(self) -> Scale:
        """How two values are compared: by their difference (natural) or by their ratio (log)."""
        return Scale.NATURAL if self.signed or self.unit == "mV" else Scale.LOG


@dataclass(frozen=True)
class Parameter(Quantity):
    """A quantity that is sampled, with its prior and the `source` of that prior; `scale` is the prior's.

    Attributes
    ----------
    signed : as of a quantity; said by the prior where nothing else is.
    judged : True unless said otherwise: what a law infers is a question that recordings are to answer.
    varies : whether it differs between cells unless the configuration says what does.
    may_vanish : whether it can be held at 0; said by the prior, a HalfNormal, where nothing else is.
    """

    prior: Prior
    source: str
    scale: Scale = field(init=False, repr=False)
    signed: bool = field(default=None, kw_only=True)  # type: ignore[assignment]
    judged: bool = field(default=True, kw_only=True)
    varies: bool = field(default=False, kw_only=True)
    may_vanish: bool = field(default=None, kw_only=True)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        super().__post_init__()
        said = {"scale": self.prior.scale}
        said |= {"signed": self.prior.reaches_below_zero} if self.signed is None else {}
        said |= {"may_vanish": isinstance(self.prior, HalfNormal)} if self.may_vanish is None else {}
        for name, value in said.items():
            object.__setattr__(self, name, value)

    @property
    def between(self) -> Scale:
        """The scale on which cells differ: a signed parameter has no logarithm."""
        return Scale.NATURAL if self.signed else Scale.LOG

    def cell_slope(self, values: Array) -> Array:
        """d(own scale) / d(scale on which cells differ), at `values`."""
        return self.between.slope(values) / self.scale.slope(values)

    @property
    def either_sign(self) -> str:
        """The tree's name for an sd that is sampled with either sign, in units of its HalfNormal prior's."""
        return f"{self.symbol}_signed"

    def with_prior(self, prior: Prior, source: str = "set by the user") -> "Parameter":
        """The same parameter under another prior, which is cut off at 0 where the parameter is never below.

        Raises
        ------
        ConfigurationError
            It would be held at a value that it cannot have.
        """
        if self.signed:
            return replace(self, prior=prior, source=source)
        if isinstance(prior, Fixed) and (prior.value < 0 or (prior.value == 0 and not self.may_vanish)):
            low = "0 or above" if self.may_vanish else "above 0"
            raise ConfigurationError(f"priors: {self.name} = {prior.value:g}: it must be {low}.", setting="priors")
        cut = replace(prior, positive=True) if isinstance(prior, Normal) else prior
        if not believable(cut):
            raise ConfigurationError(
                f"priors: {self.name} = {prior}: never below 0, where all of that prior lies.", setting="priors"
            )
        return replace(self, prior=cut, source=source)


def permeability_ratio(ion: Ion) -> Parameter:
    """P_s / P_K of one ion."""
    prior, source = {
        "Na": (LogNormal(0.04, 1.0), "squid axon 0.04 (Hodgkin & Katz 1949), Purkinje 0.02–0.05 (Miura et al. 1977)"),
        "Cl": (LogNormal(0.3, 1.0), "assumed for a neurone, around squid axon's 0.45 (Hodgkin & Katz 1949)"),
    }.get(ion.name, (LogNormal(0.1, 1.5), "assumed, wide: little is known"))  # fmt: skip
    return Parameter(
        ion.ratio, "1", f"permeability of {ion.name} relative to K", prior, source, role=Role.PERMEABILITY_RATIO,
        symbol=f"p_{ion.name}", ion=ion.name, varies=True, may_vanish=True,
    )  # fmt: skip


def inside_concentration(ion: Ion, mean_mM: float, sd_mM: float) -> Parameter:
    """The uncertain concentration of one ion inside the cell."""
    prior = Normal(mean_mM, sd_mM, positive=True)
    meaning, source = f"{ion.name} inside the cell", "given by the user"
    return Parameter(ion.inside, "mM", meaning, prior, source, role=Role.INSIDE, ion=ion.name, judged=False)


def inside_activity(ion: Ion) -> Parameter:
    """The activity coefficient of one ion inside the cell."""
    meaning, source = (
        f"activity coefficient of {ion.name} inside the cell",
        "rabbit papillary muscle K: 82.6 of 134.9 mM, 0.61 (J Gen Physiol 65:695)",
    )
    prior = LogNormal(0.7, 0.1)
    return Parameter(ion.activity, "1", meaning, prior, source, role=Role.ACTIVITY, ion=ion.name, judged=False)


def conductance_ratio(ion: Ion) -> Parameter:
    """g_s / g_K of one ion, for the law of chord conductances."""
    derived = "derived from P_{}/P_K {} in the constant field at −70 mV, {} mM"
    prior, source = {
        "Na": (LogNormal(0.15, 1.0), derived.format("Na", 0.04, "K 5/140, Na 150/15")),
        "Cl": (LogNormal(0.4, 1.0), derived.format("Cl", 0.3, "K 5/140, Cl 120/10")),
    }.get(ion.name, (LogNormal(0.1, 1.5), "assumed, wide: little is known"))
    return Parameter(
        ion.conductance_ratio, "1", f"conductance of {ion.name} relative to K's", prior, source,
        role=Role.CONDUCTANCE_RATIO, symbol=f"g_{ion.name}", ion=ion.name, varies=True, may_vanish=True,
    )  # fmt: skip


PUMP = Parameter(
    "pump_mV", "mV", f"hyperpolarisation lost at once when the pump is poisoned, {REFERENCE}",
    HalfNormal(8.0),
    "ouabain depolarises barnacle muscle by 1–4 (Lederer & Nelson 1984), ileum by 8.1 (Bolton 1973), fly muscle by 13.7 mV"
    " (Henon & Ikeda 1981)",
    role=Role.PUMP, varies=True, may_vanish=True,
)  # fmt: skip
Q10_PUMP = Parameter(
    "Q10_pump", "1", "factor on the pump's current for 10 °C of warming",
    LogNormal(2.3, 0.2),
    "pump current of rabbit SA node 2.1 (Sakai et al. 1996); pump rate of sheep Purkinje fibres 2.4 from 22 to 35 °C, 1.2"
    " above (Glitsch & Pusch 1984)",
    role=Role.Q10, judged=False,
)  # fmt: skip
Q10_LEAK = Parameter(
    "Q10_leak", "1", "factor on P_K for 10 °C of warming",
    LogNormal(1.4, 0.15),
    "resting conductance: Purkinje fibres 1.3 (PMID 1239002), stick insect muscle 1.44 (J Exp Biol 86:249); locust muscle 2.1"
    " (J Exp Biol 127:173)",
    role=Role.Q10, judged=False,
)  # fmt: skip
Q10_P_NA = Parameter(
    "Q10_P_Na/P_K", "1", "factor on P_Na/P_K for 10 °C of warming",
    LogNormal(1.0, 0.4), "hippocampal neurones depolarise by 8–14 mV from 30 to 41 °C, against the pump's sign (PMID 22783167)",
    role=Role.Q10_OF_RATIO, symbol="Q10_p_Na",
)  # fmt: skip
RECTIFICATION = Parameter(
    "rectification", "1", "exponent m of P_K ~ (K_o/K_ref)^m; above 0, P_K rises with K_o",
    Normal(0.0, 0.5, positive=False), "Purkinje fibre: about 0.6 from K_o 2 to 4 and -0.5 from 4 to 16 (Miura et al. 1977)",
    judged=False,
)  # fmt: skip
PUMP_RATIO = Parameter(
    "pump_ratio", "1", "Na ions that the pump carries for each K ion", LogNormal(1.5, 0.2),
    "3 Na : 2 K (PMC2216238), give or take", judged=False,
)  # fmt: skip
K_K = Parameter(
    "K_K_mM", "mM", "K outside that activates the pump's K sites by half",
    LogNormal(1.5, 0.4),
    "rabbit SA node 1.4 (Sakai et al. 1996); squid axon 0.45 without and 3.9 in 400 mM Na (PMC2216238)", judged=False,
)  # fmt: skip
N_K = Parameter(
    "n_K", "1", "Hill exponent of K outside", Normal(1.4, 0.3),
    "rabbit SA node 1.2 (Sakai et al. 1996), squid axon 1.5 (PMC2216238)", judged=False,
)  # fmt: skip
K_NA = Parameter(
    "K_Na_mM", "mM", "Na inside that activates the pump's Na sites by half", LogNormal(13.0, 0.4),
    "rabbit SA node 14 mM (Sakai et al. 1996), sheep Purkinje cells 9 mM (Glitsch et al. 1989)", judged=False,
)  # fmt: skip
N_NA = Parameter(
    "n_Na", "1", "Hill exponent of Na inside", Normal(2.0, 0.6),
    "rabbit SA node 1.3 (Sakai et al. 1996); 3 if three sites fill together", judged=False,
)  # fmt: skip
P_K = Parameter(
    "P_K_cm_s", "cm/s", f"permeability of K, {REFERENCE}", LogNormal(1e-6, 2.0), "assumed, wide: a factor of 50 either way",
    role=Role.PERMEABILITY, varies=True, judged=False,
)  # fmt: skip
P_K_AREA = Parameter(
    "P_K_area_cm3_s", "cm3/s", f"permeability of K times the membrane's area, {REFERENCE}",
    LogNormal(2e-11, 3.0), "assumed: a cell of 20 pF at 1e-6 cm/s, and wide enough for muscle fibres",
    role=Role.PERMEABILITY, varies=True, judged=False,
)  # fmt: skip
C_M = Parameter(
    "C_m_uF_cm2", "uF/cm2", "capacitance of membrane, by which C_m_pF gives the area", Fixed(1.0),
    "neurones 0.9 (Gentet et al. 2000); insect muscle 6–12 (J Exp Biol 127:173 and 86:249)", role=Role.CAPACITANCE, judged=False,
)  # fmt: skip
R_IN_SCATTER = Parameter(
    "R_in_scatter", "1", "sd of the logarithm of input resistances that carry no sd of their own",
    HalfNormal(0.2), "assumed: input resistances repeat to tens of percent",
    role=Role.SCATTER, judged=False, may_vanish=False,
)  # fmt: skip
SIGMA = Parameter(
    "sigma_mV", "mV", "scatter of single recordings around the law",
    HalfNormal(5.0), "assumed: electrodes and cells together scatter by 1–10 mV",
    role=Role.SCATTER, judged=False, may_vanish=False,
)  # fmt: skip
SIGMA_SPREAD = Parameter(
    "sigma_mV spread", "1", "how much the scatter differs between levels of a column: sd of its logarithm",
    HalfNormal(0.5), "where baths differ in scatter they do so by factors of 2 or 3",
    role=Role.SPREAD, symbol="sigma_mV_spread", judged=False, may_vanish=False,
)  # fmt: skip
NU = Parameter(
    "nu", "1", "degrees of freedom of the robust scatter; small means heavy tails",
    Gamma(2.0, 0.1), "Juárez & Steel (2010) J Bus Econ Stat 28:52", role=Role.SCATTER, judged=False,
)  # fmt: skip
NU_CELLS = Parameter(
    "nu_cells", "1", "degrees of freedom of the population of cells; small means heavy tails", Fixed(4.0),
    "few cells do not tell it: 4 as Lange et al. (1989) J Am Stat Assoc 84:881 advise", role=Role.SCATTER, judged=False,
)  # fmt: skip

PUMP_CURRENT = Quantity("pump_current_mM", "mM", f"pump current over F·P_K, {REFERENCE}", role=Role.PUMP_CURRENT)
PUMP_CURRENT_PA = Quantity(
    "pump_current_pA", "pA", f"pump current of the cell, {REFERENCE}", role=Role.PUMP_CURRENT, scale=Scale.LOG
)
PUMP_CURRENT_DENSITY = Quantity(
    "pump_current_uA_cm2", "uA/cm2", f"pump current per membrane area, {REFERENCE}", role=Role.PUMP_CURRENT,
    scale=Scale.LOG,
)  # fmt: skip
Q10_RATIO = Quantity(
    "Q10_pump/Q10_leak", "1", "how much faster than the leak the pump speeds up with 10 °C of warming",
    role=Role.Q10_RATIO, symbol="Q10_ratio", scale=Scale.LOG,
)  # fmt: skip


_CALIBRATED = {Role.PERMEABILITY_RATIO: 1.0, Role.CONDUCTANCE_RATIO: 1.0, Role.PERMEABILITY: 1.0, Role.PUMP: 0.7}
"""Scales of the priors of spreads. Narrower ones find differences between few units where there are none; a pump, whose mV have
a ceiling, cannot differ as much as ratios do."""


def between_cells(parameter: Parameter, level: str = "cell", dim: str = "", robust: bool = False) -> Parameter:
    """How much cells of one type, or the units of a level above, differ in a parameter: the sd of its logarithm, or its own
    where it can be negative. `dim` is the tree's name for that level. The scale of a Student t where `robust`.
    """
    unit, what = "1", "sd of its logarithm, 0.1 being about 10 %"
    prior, source = HalfNormal(0.3), "assumed: cells of one type differ by tens of percent"
    if parameter.signed:
        unit, what, prior = parameter.unit, "sd", HalfNormal(parameter.prior.sd / 2)
        source = "assumed: cells of one type differ by less than what is believed of them all"
    elif parameter.role in _CALIBRATED:
        prior = HalfNormal(_CALIBRATED[parameter.role])
        source = "calibrated: of equal types, 3 to 12 units each with spreads of 0 to 1, 6 to 7 % at most were called different"
    what = what.replace("sd", "scale of a Student t", 1) if robust else what
    name = f"{parameter.name} spread" if level == "cell" else f"{parameter.name} {level} spread"
    who = "cells of one type differ" if level == "cell" else f"the means of each {level} differ"
    return Parameter(
        name, unit, f"how much {who} in {parameter.name}: {what}", prior, source, role=Role.SPREAD,
        symbol=f"{parameter.at(dim)}_spread", judged=False, may_vanish=False,
    )  # fmt: skip


JUNCTION = "ljp"
"""What an offset belongs to that comes from a junction potential known with an error."""


def offset_sd(per: str) -> Parameter:
    """How much the electrode's offset differs between cells, or between solutions; for `ljp` it stands in the table."""
    prior: Prior
    if per == JUNCTION:
        name, meaning, prior, source = "ljp_sd_mV", "sd of the junction potential", Fixed(1.0), "as given in the table"
    else:
        name, meaning = f"offset_{per}_sd_mV", f"sd of the electrode's offset between {per}s"
        prior, source = HalfNormal(2.0), "assumed: electrodes drift by a few mV"
    return Parameter(name, "mV", meaning, prior, source, role=Role.OFFSET, judged=False, may_vanish=False)


def offset(per: str) -> Quantity:
    """The electrode's offset in a cell, or in a solution."""
    return Quantity(f"offset_{per}_mV", "mV", f"electrode offset of the {per}", role=Role.OFFSET, signed=True)
