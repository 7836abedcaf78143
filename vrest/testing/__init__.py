"""Is a law right? What whoever writes one asks before it is fitted: `check_law(law)`."""

from collections.abc import Mapping, Sequence

from ..models.ions import ions as ions_named
from ..models.laws.law import Law
from .physics import complex_step, limits, numbers, physics, sensitive
from .recovery import recovery as recovered
from .symbols import one_root, symbols
from .trial import Flaw, FlawedLawError, Kind, Trial

__all__ = ["Flaw", "FlawedLawError", "Kind", "check_law"]


def check_law(
    law: Law,
    ions: Sequence[str] = ("K", "Na", "Cl"),
    columns: Mapping[str, float] | None = None,
    recovery: bool = True,
) -> None:
    """Hold a law against what every law must do.

    Its potentials are finite, and 0 or the common Nernst potential where all ions are at equilibrium and the pump is
    stopped; they rise with K outside, and do not depend on the unit in which all concentrations are given; every
    parameter moves them. NumPy, PyTensor, JAX (where it is installed) and the compiled code agree in values and
    derivatives, finite differences too, also at 0 mV and in a bath without K. The balance of currents has one root. From
    synthetic recordings the parameters are found again.

    Parameters
    ----------
    law : the law. ions : those it is tried with, where it takes them; what it needs is added.
    columns : high values of the further columns that it reads, by name; without, 1.
    recovery : whether to simulate and fit, which takes seconds.

    Raises
    ------
    FlawedLawError
        With a sentence for everything that is wrong.

    Examples
    --------
    >>> import vrest
    >>> from vrest.testing import check_law
    >>> check_law(vrest.LAWS["mullins-noda"], recovery=False)
    """
    trial = Trial(law, law.usable(ions_named(dict.fromkeys((*ions, *law.needs)))), columns or {})
    flaws: list[Flaw] = []
    of_numbers, of_symbols = (physics, sensitive, complex_step, limits), (symbols, one_root)
    for stage in ((numbers,), of_numbers, of_symbols, (recovered,) * recovery):
        for check in stage:
            flaws += check(trial)
        if flaws:  # what follows would only repeat them
            raise FlawedLawError(law, flaws)
