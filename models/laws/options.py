"""Additions to a law that are off unless asked for, each by name: most are one more parameter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import ConfigurationError, UnknownNameError, nearest
from ..ions import Ion
from ..parameters import PUMP_RATIO, Q10_P_NA, RECTIFICATION, Parameter, inside_activity
from .law import Law


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes
    ----------
    meaning : what it does, a clause for reports.
    parameters : those that switch it on, for given ions; `needs` the ions that it cannot do without.
    """

    meaning: str
    parameters: Callable[[Sequence[Ion]], tuple[Parameter, ...]] = lambda ions: ()
    needs: tuple[str, ...] = ()


OPTIONS: dict[str, Option] = {
    "Q10_P_Na": Option(
        "P_Na/P_K changes with temperature, by a Q10 of its own", lambda ions: (Q10_P_NA,), needs=("Na",)
    ),
    "rectification": Option("P_K changes with K_o, as (K_o/K_ref)^m", lambda ions: (RECTIFICATION,)),
    "davies": Option("activities replace concentrations, by the Davies equation (bath and inside)"),
    "activity_inside": Option(
        "activity coefficients inside are parameters, in place of 1 or Davies; hold each with a prior such as gamma_K_i = 0.61",
        lambda ions: tuple(inside_activity(s) for s in ions),
    ),
    "pump_ratio": Option("the pump's Na/K ratio is inferred instead of taken as 3/2", lambda ions: (PUMP_RATIO,)),
}


def option_parameters(law: Law, names: Sequence[str], ions: Sequence[Ion]) -> tuple[Parameter, ...]:
    """The parameters that the options called `names` add to a law."""
    added: list[Parameter] = []
    for name in dict.fromkeys(names):
        if name not in OPTIONS:
            raise UnknownNameError(f"unknown option {name!r}.{nearest(name, OPTIONS)} Options: {', '.join(OPTIONS)}.")
        if name not in law.options:
            raise ConfigurationError(f"the law {law.name} has no option {name}; it has: {', '.join(law.options)}.")
        missing = [ion for ion in OPTIONS[name].needs if ion not in [s.name for s in ions]]
        if missing:
            raise ConfigurationError(f"the option {name} needs {', '.join(missing)} among the ions.")
        added += OPTIONS[name].parameters(ions)
    return tuple(added)
