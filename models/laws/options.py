"""Additions to a law that are off unless asked for, each by name: most are one more parameter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..conditions import Conditions
from ..errors import ConfigurationError, UnknownNameError, nearest
from ..ions import Ion
from ..parameters import PUMP_RATIO, Q10_P_NA, RECTIFICATION, Parameter, inside_activity
from .law import Law


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes
    ----------
    name : as typed after `--option`.
    meaning : what it does, a clause for reports.
    parameters : those that switch it on, for given ions; `needs` the ions that it cannot do without.
    along : what moves its effect from one condition to the next; None where residuals cannot ask for it.
    fewest : levels of that from which on a fit can tell it from what the law has without it.
    """

    name: str
    meaning: str
    parameters: Callable[[Sequence[Ion]], tuple[Parameter, ...]] = lambda ions: ()
    needs: tuple[str, ...] = ()
    along: Callable[[Conditions], Array] | None = None
    fewest: int = 2

    def lacks(self, ions: Sequence[Ion]) -> list[str]:
        """Names of the ions that it needs and that are not among `ions`."""
        return [name for name in self.needs if name not in [s.name for s in ions]]


def _K_o(at: Conditions) -> Array:
    return at.c_o["K"]


WARMING_P_NA = Option(
    "Q10_P_Na", "P_Na/P_K changes with temperature, by a Q10 of its own", lambda ions: (Q10_P_NA,),
    needs=("Na",), along=lambda at: at.temperature_C,
)  # fmt: skip
RECTIFYING = Option(
    "rectification", "P_K changes with K_o, as (K_o/K_ref)^m", lambda ions: (RECTIFICATION,), along=_K_o, fewest=3
)
DAVIES = Option(
    "davies", "activities replace concentrations, by the Davies equation (bath and inside)", along=_K_o, fewest=3
)
ACTIVITY_INSIDE = Option(
    "activity_inside",
    "activity coefficients inside are parameters, in place of 1 or Davies; hold each with a prior such as gamma_K_i = 0.61",
    lambda ions: tuple(inside_activity(s) for s in ions),
)
FREE_RATIO = Option(
    "pump_ratio", "the pump's Na/K ratio is inferred instead of taken as 3/2", lambda ions: (PUMP_RATIO,)
)
OPTIONS = {option.name: option for option in (WARMING_P_NA, RECTIFYING, DAVIES, ACTIVITY_INSIDE, FREE_RATIO)}


def option_parameters(law: Law, names: Sequence[str], ions: Sequence[Ion]) -> tuple[Parameter, ...]:
    """The parameters that the options called `names` add to a law."""
    added: list[Parameter] = []
    for name in dict.fromkeys(names):
        if name not in OPTIONS:
            raise UnknownNameError(f"unknown option {name!r}.{nearest(name, OPTIONS)} Options: {', '.join(OPTIONS)}.")
        if name not in law.options:
            raise ConfigurationError(f"the law {law.name} has no option {name}; it has: {', '.join(law.options)}.")
        if missing := OPTIONS[name].lacks(ions):
            raise ConfigurationError(f"the option {name} needs {', '.join(missing)} among the ions.")
        added += OPTIONS[name].parameters(ions)
    return tuple(added)


def possible_options(law: Law, at: Conditions, reference: Conditions, on: Sequence[str]) -> tuple[Option, ...]:
    """The options that may be switched on beside those that are `on`, and that recordings in `at` could ask for."""
    acting = [s for s in at.ions if s.name not in at.passive]
    return tuple(
        option
        for name, option in OPTIONS.items()
        if name in law.options
        and name not in on
        and not option.lacks(acting)
        and option.along is not None
        and len(np.unique(option.along(at))) > 1
        and not law.refusal(at, reference, (*on, name))
    )
