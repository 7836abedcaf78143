"""What the model is: priors, law and scatter, said once, in whichever language it is to be written.

PyMC's are in `model.py`, the compiled density's in the folder `sampling`. Only free parameters and the likelihood are said here.
Whatever follows from them is computed from the draws afterwards, by the same equations on NumPy arrays.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from ...models.arrays import Array, namespace
from ...models.conditions import Conditions
from ...models.errors import ConfigurationError
from ...models.laws.registry import OWN
from ...models.parameters import (
    NU,
    NU_CELLS,
    PUMP,
    PUMP_CURRENT,
    Q10_LEAK,
    Q10_PUMP,
    R_IN_SCATTER,
    SIGMA,
    Parameter,
    offset,
)
from ...models.priors import Fixed, HalfNormal, Scale
from ..experiment.experiment import Experiment
from ..experiment.resistance import log_MOhm
from ..experiment.scatter import DIM as SCATTER_DIM
from .cells import speeds_tied
from .tiers import CELL, from_place, of_levels, place_prior, seen_from, tiers


class Language(ABC):
    """How a model is written: what stands for its unknowns and its data, and how its terms are said.

    Attributes
    ----------
    by_condition : whether a condition's rows enter by their number and mean; see `alike` in model_data.py.
    data : the arrays of `model_data` by name, in this language.
    as_reported : whether unknowns are those of the tree, rather than coordinates in which chains move well.
    """

    as_reported: bool = False
    by_condition: bool
    data: Mapping[str, Any]

    @abstractmethod
    def number(self, value: float) -> Any:
        """A number that an experiment of the same structure may have otherwise."""

    @abstractmethod
    def sampled(self, parameter: Parameter, dims: str | None = None) -> Any:
        """A parameter under its prior, under its tree name."""

    @abstractmethod
    def normal(self, name: str, mean: Any, sd: Any, dims: str | None = None) -> Any:
        """A further unknown, Normal."""

    @abstractmethod
    def student_t(self, name: str, nu: Any, mean: Any, scale: Any, dims: str) -> Any:
        """A further unknown, Student t."""

    def placed(
        self, name: str, place: str, scale: Scale, middle: Any, width: Any, estimate: Any, variance: Any, dims: str,
        nu: Any = None,
    ) -> Any:  # fmt: skip
        """Normal (Student t, given `nu`) around `middle` on a scale, where it is returned; sampled as `place`, the
        coordinate of `place_prior`.

        `name` is the tree's, of the value itself.
        """
        mu, sd = place_prior(middle, width, estimate, variance, nu)
        of_each = self.normal(place, mu, sd, dims) if nu is None else self.student_t(place, nu, mu, sd, dims)
        return from_place(of_each, middle, width, estimate, variance, nu)

    @abstractmethod
    def seen(self, name: str, family: str, given: Mapping[str, Any], observed: Any, dims: str) -> None:
        """Observations: `normal` or `log_normal` (mu, sigma), or `student_t` (nu, mu, sigma)."""

    @abstractmethod
    def term(self, name: str, value: Any) -> None:
        """A further term of the log density."""


class NumbersOnly(ConfigurationError):
    """A law of somebody's own does with symbols what only numbers can do."""


def describe(experiment: Experiment, language: Language) -> None:
    """Say the experiment's model.

    The likelihood is Normal, or Student t where the configuration says `robust`; the error that a row carries of its
    own is added to the scatter in quadrature.

    Raises
    ------
    NumbersOnly
        A law that is not vrest's own cannot be said in this language.
    """
    try:
        _describe(experiment, language)
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        if experiment.law.name in OWN:
            raise
        why = f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
        raise NumbersOnly(
            f"the law {experiment.law.name} works on numbers only ({why}). Its equations are called on symbols too: in place"
            " of NumPy's and SciPy's functions they use those of xp = namespace(x), and xp.where in place of if."
            " vrest.testing.check_law says where."
        ) from error


def _describe(experiment: Experiment, language: Language) -> None:
    data = language.data
    at = _true_baths(experiment, language, _as_variables(experiment.conditions, "", data))
    reference = _as_variables(experiment.reference, "reference_", data)
    theta = _theta(experiment, language, reference)
    V_m = experiment.law.potential(theta, at, reference)
    sigma = _scatter(experiment, language, theta[SIGMA.name])
    if language.by_condition:
        _replicated(language, V_m, sigma)
    else:
        mu = V_m[data["condition_of_row"]] + _offsets(experiment, language)
        given = {"mu": mu, "sigma": sigma}
        if "V_m_error" in data:
            given["sigma"] = (sigma**2 + data["V_m_error"] ** 2) ** 0.5
        if NU.name in theta:
            given["nu"] = theta[NU.name]
        language.seen("V_m", "student_t" if NU.name in theta else "normal", given, data["V_m_observed"], "obs")
    if experiment.resistance:
        rows, C_m_uF = data["R_in_condition"], data.get("R_in_C_m_uF")
        middle = log_MOhm(experiment.law, theta, at, reference, V_m, rows, C_m_uF)
        own, scatter = data["R_in_own_sd"], theta.get(R_IN_SCATTER.name)
        width = own if scatter is None else namespace(own).where(data["R_in_known_sd"] > 0, own, scatter)
        language.seen("R_in", "log_normal", {"mu": middle, "sigma": width}, data["R_in_observed"], "R_in_row")


def _as_variables(at: Conditions, prefix: str, data: Mapping[str, Any]) -> Conditions:
    """The same conditions as variables."""
    return at.with_arrays({name: data[prefix + name] for name in at.arrays})


def _true_baths(experiment: Experiment, language: Language, at: Conditions) -> Conditions:
    """The conditions with the errors of baths and thermometers, which are sampled."""
    data, arrays = language.data, at.arrays
    for e in experiment.bath_errors:
        q = e.quantity
        sd, variance = data[f"{q.symbol}_sd"], data[f"{q.symbol}_variance"]
        error = language.placed(q.symbol, q.place, Scale.NATURAL, 0.0, sd, 0.0, variance, e.dim)
        there = data[f"{q.symbol}_there"]
        arrays[e.column] = e.shifted(arrays[e.column], error[data[f"{q.symbol}_of_condition"]], there)
    return at.with_arrays(arrays)


def _theta(experiment: Experiment, language: Language, reference: Conditions) -> dict[str, Array]:
    """All parameters of the law and of the scatter; those that vary run over the conditions."""
    levels, data = experiment.levels, language.data
    theta: dict[str, Any] = {name: language.number(value) for name, value in experiment.fixed.items()}
    tied = speeds_tied(experiment) and not language.as_reported
    # What cells scatter by comes before them.
    for p in sorted(experiment.parameters, key=lambda p: p.name != NU_CELLS.name):
        if p.name == Q10_PUMP.name and tied:
            continue
        varies = experiment.varies(p.name)
        theta[p.name] = value = language.sampled(p, "population" if varies and levels.groups else None)
        if varies and levels.cells:
            theta[p.name] = _of_each_cell(experiment, language, p, value, theta.get(NU_CELLS.name))
    if tied:
        theta[Q10_PUMP.name] = _pump_speed(experiment, language, theta[Q10_LEAK.name])
    if PUMP.name in theta and PUMP_CURRENT in experiment.law.quantities:  # once a cell, not once a condition
        theta[PUMP_CURRENT.name] = experiment.law.derived(theta, reference)[PUMP_CURRENT.name]
    if not levels.entries:
        return theta
    return {name: x[data["entry_of_condition"]] if getattr(x, "ndim", 0) else x for name, x in theta.items()}


def _width(language: Language, parameter: Parameter, dims: str | None = None) -> Array:
    """The sd of cells or of offsets, of either sign, which means nothing: smooth across 0, where a logarithm has a tail
    that chains are slow to leave.
    """
    if isinstance(parameter.prior, Fixed):
        return language.number(parameter.prior.value)
    if language.as_reported or not isinstance(parameter.prior, HalfNormal):
        return language.sampled(parameter, dims)
    return language.number(parameter.prior.sigma) * language.normal(parameter.either_sign, 0.0, 1.0, dims)


def _of_each_cell(experiment: Experiment, language: Language, parameter: Parameter, mean: Array, nu: Any) -> Array:
    """The parameter's value in every cell: its group's, and Normal deviations of the units above and of its own, the latter
    Student t given `nu`.

    What the cells' own rows say of it on that scale tells where to look for it.
    """
    width = {
        d: _width(language, spread, "population" if experiment.by_group(spread) else None)
        for d, spread in tiers(experiment, parameter.name).items()
    }

    def value(d: str, middle: Any, own: dict[str, Any]) -> Any:
        given = seen_from(parameter, d, language.data, middle, own)
        tail = nu if d == CELL else None
        return language.placed(parameter.at(d), parameter.place_at(d), parameter.between, *given, d, tail)

    return parameter.between.undo(of_levels(experiment, parameter, language.data, mean, width, value)[CELL])


def _scatter(experiment: Experiment, language: Language, sigma: Array) -> Array:
    """The scatter that all rows share, or each row's own: its level's, lognormal around `sigma`."""
    if experiment.scatter is None:
        return sigma
    data, xp, width = language.data, namespace(sigma), _width(language, experiment.scatter.spread)
    given = xp.log(sigma), width, data["scatter_alone"], data["scatter_variance"]
    of_levels = language.placed(SIGMA.of_levels, SIGMA.place, Scale.LOG, *given, SCATTER_DIM)
    return xp.exp(of_levels)[data["scatter_of_row"]]


def _pump_speed(experiment: Experiment, language: Language, leak: Array) -> Array:
    """Q10_pump, sampled as its ratio to Q10_leak: steady potentials know the ratio well and either alone hardly."""
    prior = next(p.prior for p in experiment.parameters if p.name == Q10_PUMP.name)
    middle = language.number(prior.centre) - namespace(leak).log(leak)
    ratio = language.normal(Q10_PUMP.place, middle, language.number(prior.sd))
    return namespace(ratio).exp(ratio) * leak


def _offsets(experiment: Experiment, language: Language) -> Array:
    """Electrode offsets of every row in mV, sampled in the coordinate that cells' parameters are sampled in."""
    data, total = language.data, 0.0
    for per, parameter in experiment.offsets.items():
        variance, known = data[f"offset_{per}_variance"], data.get(f"offset_{per}_sd")
        width = _width(language, parameter) if known is None else known
        q, given = offset(per), (0.0, width, 0.0, variance, f"{per}_offset")
        of_each = language.placed(q.symbol, q.place, Scale.NATURAL, *given)
        total = total + of_each[data[f"{per}_of_row"]]
    return total


def _replicated(language: Language, V_m: Array, sigma: Array) -> None:
    """The Normal likelihood of all rows, from each condition's mean and the squares around it; exactly theirs, to a factor."""
    data = language.data
    number, xp = data["V_m_number"], namespace(V_m)
    given = {"mu": V_m, "sigma": sigma / number**0.5}
    language.seen("V_m_mean", "normal", given, data["V_m_mean_observed"], "condition")
    within = -data["V_m_freedom"] * xp.log(sigma) - data["V_m_squares"] / (2 * sigma**2)
    language.term("V_m_within", within)
