"""What a membrane law is: a name, its parameters, and the potential that it predicts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .arrays import Array
from .conditions import Conditions, Theta
from .errors import ConfigurationError
from .ions import Ion
from .parameters import Parameter, Quantity


def nothing_derived(theta: Theta, reference: Conditions) -> dict[str, Array]:
    """For laws whose parameters say it all."""
    return {}


def no_cautions(at: Conditions) -> tuple[str, ...]:
    """For laws that no bath is known to break."""
    return ()


@dataclass(frozen=True)
class Law:
    """One law of the resting potential, as an entry of the registry.

    Attributes
    ----------
    name : as typed after `--law`.
    summary : what it assumes, in a sentence.
    equation : the formula, for reports.
    citation : the paper.
    parameters : the parameters it infers for given ions, with default priors.
    potential : V_m in mV from parameters, conditions and the reference condition; works on numbers and on graphs.
    derived : further quantities from the parameters, keyed by the names in `quantities`.
    quantities : names, units and meanings of what `derived` returns.
    only : the ions it can use, or none for any.
    has_pump : whether `pump = blocked` makes a difference.
    cautions : sentences on those conditions of an experiment in which the law is known to be wrong.
    """

    name: str
    summary: str
    equation: str
    citation: str
    parameters: Callable[[Sequence[Ion]], tuple[Parameter, ...]]
    potential: Callable[[Theta, Conditions, Conditions], Array]
    derived: Callable[[Theta, Conditions], dict[str, Array]] = nothing_derived
    quantities: tuple[Quantity, ...] = ()
    only: tuple[str, ...] = ()
    has_pump: bool = False
    cautions: Callable[[Conditions], tuple[str, ...]] = no_cautions

    def usable(self, ions: Sequence[Ion]) -> tuple[Ion, ...]:
        """Those of `ions` that the law speaks of; K must be among them, since permeabilities are relative to K."""
        if "K" not in [s.name for s in ions]:
            raise ConfigurationError(f"the law {self.name} needs K among the ions: permeabilities are ratios to P_K.")
        return tuple(s for s in ions if not self.only or s.name in self.only)
