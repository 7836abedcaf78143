"""What a membrane law is: a name, its parameters, and the potential that it predicts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..arrays import Array
from ..conditions import Conditions, Theta
from ..errors import ConfigurationError
from ..ions import Ion
from ..parameters import Parameter, Quantity


@dataclass(frozen=True)
class Law:
    """One law of the resting potential, as an entry of the registry.

    Attributes
    ----------
    name : as typed after `--law`, or given as `law=`.
    summary : what it assumes, in a sentence.
    equation : the formula, for reports.
    citation : the paper.
    parameters : the parameters it infers for given ions, with default priors.
    potential : V_m in mV from parameters, conditions and the reference condition; works on numbers and on graphs.
    derived : further quantities from the parameters, keyed by the names in `quantities`.
    quantities : names, units and meanings of what `derived` returns.
    only : the ions it can use, or none for any; `needs` those that it cannot do without, K among them.
    columns : names of further columns of the table, numbers, that it reads as `at.columns[name]`, as in `light_lx`.
    options : names of the options that it takes; see options.py.
    has_pump : whether `pump = blocked` makes a difference.
    at_equilibrium : whether ions other than Na and K are passive by the law itself, wherever the pump runs.
    cautions : sentences on those conditions of an experiment in which the law, with its options, is known to be wrong.
    conductance : slope conductance at rest from the same three, V_m and V_m with the pump on (mV); none without a P_K.
    refined_by : name of the law that says of its pump what it leaves out; empty where there is none.
    refusal : why the law has no answer for an experiment's conditions, reference and options; empty where it has one.
    """

    name: str
    summary: str
    equation: str
    citation: str
    parameters: Callable[[Sequence[Ion]], tuple[Parameter, ...]]
    potential: Callable[[Theta, Conditions, Conditions], Array]
    derived: Callable[[Theta, Conditions], dict[str, Array]] = lambda theta, reference: {}
    quantities: tuple[Quantity, ...] = ()
    only: tuple[str, ...] = ()
    needs: tuple[str, ...] = ("K",)
    columns: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    has_pump: bool = False
    at_equilibrium: bool = False
    cautions: Callable[[Conditions, Sequence[str]], tuple[str, ...]] = lambda at, options: ()
    conductance: Callable[[Theta, Conditions, Conditions, Array, Array], Array] | None = None
    refined_by: str = ""
    refusal: Callable[[Conditions, Conditions, Sequence[str]], str] = lambda at, reference, options: ""

    def usable(self, ions: Sequence[Ion]) -> tuple[Ion, ...]:
        """Those of `ions` that the law speaks of; raises ConfigurationError where one that it needs is not among them."""
        for name in self.needs:
            if name not in [s.name for s in ions]:
                why = "all else is relative to K's" if name == "K" else "the pump exchanges it for K"
                raise ConfigurationError(f"the law {self.name} needs {name} among the ions: {why}.")
        return tuple(s for s in ions if not self.only or s.name in self.only)
