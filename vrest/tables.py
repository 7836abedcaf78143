"""Answers that are tables: laws compared, one resting potential taken apart, priors and where they come from."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .fitting.comparison import laws as law_comparison
from .fitting.experiment.build import DEFAULT_IONS
from .fitting.experiment.config import Config
from .fitting.experiment.declared import foreseen_parameters
from .fitting.experiment.prepare import configure, recordings_of, takes_settings
from .models.ions import ions as ions_named
from .models.laws.law import Law
from .models.laws.registry import law as law_named
from .models.parameters import Parameter
from .models.textbook.explain import DAY, HOUR, SECOND, Explanation
from .models.textbook.explain import explain as take_apart


@takes_settings
def compare_laws(
    recordings: xr.Dataset | pd.DataFrame,
    laws: str | Sequence[str | Law],
    *,
    config: Config | None = None,
    progress: bool | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Which of several laws predicts best a row, or a cell, that was left out.

    Parameters
    ----------
    recordings : as of `fit`.
    laws : two names or more, as in `"ghk,ghk-pump"`, or a list of names and laws of your own.
    config : a whole configuration, over which the other arguments are laid.
    progress : show a progress bar; default on a terminal only.
    **settings :

    Returns
    -------
    pandas.DataFrame
        A line for each law and scheme (row, cell), best first: n, elpd, its standard error, how far it falls behind the best
        (elpd_diff, with standard error dse), and its weight. `attrs["sentences"]` says it in words.

    Raises
    ------
    ConfigurationError, UnknownNameError, DataError
        With a sentence that says what to change.
    """
    config = configure(config, **settings)
    experiments = law_comparison.experiments_of(recordings_of(recordings, config), config, laws)
    found = law_comparison.compare_laws(experiments, progress)
    found.table.attrs["sentences"] = found.sentences
    return found.table


def explain(
    K_o: float = 5.0,
    Na_o: float = 150.0,
    Cl_o: float = 120.0,
    K_i: float = 140.0,
    Na_i: float = 15.0,
    Cl_i: float = 10.0,
    P_Na: float = 0.04,
    P_Cl: float = 0.45,
    temperature_C: float = 37.0,
    **more: Any,
) -> pd.DataFrame:
    """One resting potential taken apart: Nernst potentials, sodium's pull, pump, cooling, charge, run-down.

    Parameters
    ----------
    K_o, Na_o, Cl_o, K_i, Na_i, Cl_i : mM outside and inside.
    P_Na, P_Cl : relative to P_K.
    temperature_C : °C.
    **more : pump_mV, Q10_pump, Q10_leak, cooled_by_C, P_K_cm_s, diameter_um, as of `vrest.textbook.explain`.

    Returns
    -------
    pandas.DataFrame
        What, value, unit and meaning, a line each.

    Raises
    ------
    ConfigurationError
        A concentration, permeability or size that no cell has.

    Examples
    --------
    >>> import vrest
    >>> vrest.explain(K_o=5, K_i=140).set_index("what").loc["E_K", "value"].round(1)
    np.float64(-89.1)
    """
    outside, inside = {"K": K_o, "Na": Na_o, "Cl": Cl_o}, {"K": K_i, "Na": Na_i, "Cl": Cl_i}
    return explanation_table(take_apart(outside, inside, {"Na": P_Na, "Cl": P_Cl}, temperature_C, **more))


def explanation_table(of: Explanation) -> pd.DataFrame:
    """An explanation as a table."""
    return pd.DataFrame(_lines(of), columns=["what", "value", "unit", "meaning"])


def _lines(of: Explanation) -> Iterator[tuple[str, float, str, str]]:
    cool, run = f"cooling by {of.cooled_by_C:g} °C", of.run_down
    start, *steps = of.steps_mV.values()
    for name, E in of.nernst_mV.items():
        yield f"E_{name}", E, "mV", f"Nernst potential of {name}"
    yield "from potassium alone", start, "mV", "a membrane that nothing but K crosses"
    for name, step, meaning in zip(("sodium", "chloride", "pump"), steps, ("", "", "directly"), strict=True):
        yield f"{name} adds", step, "mV", meaning
    yield "resting potential", of.V_m_mV, "mV", "the sum"
    yield "3:2 pump in balance", -of.balanced_mV, "mV", "what a pump that makes good the leaks of Na and K adds"
    yield "pump current", of.pump_current_mM, "mM", "over F·P_K, outward"
    for name, part in of.cooling_mV.items():
        yield f"{cool}: {name}", part, "mV", "mean over the orders of switching the parts"
    yield cool, sum(of.cooling_mV.values()), "mV", "the sum"
    yield "charge on the membrane", of.charge.charge_pC, "pC", "of a round cell with 1 µF/cm²"
    yield "ions moved to put it there", of.charge.ions, "1", f"{of.charge.share_of_K:.2g} of the cell's K"
    yield "balanced state", run.before_mV, "mV", "3:2 pump in balance with the leaks, chloride at equilibrium"
    for when, time in (("at once", 0.0), ("after 1 s", SECOND), ("after 1 h", HOUR), ("after 1 day", DAY)):
        inside = ", ".join(f"{name} {np.interp(time, run.time_s, c):.1f}" for name, c in run.c_i.items())
        yield f"pump poisoned: {when}", float(np.interp(time, run.time_s, run.V_m_mV)), "mV", f"inside {inside} mM"
    end = "equilibrium of all that crosses; a real cell would have swollen by then"
    yield "pump poisoned: in the end", of.donnan_mV, "mV", end


@takes_settings
def priors(law: str | Law | None = None, *, config: Config | None = None, **settings: Any) -> pd.DataFrame:
    """A law's parameters with their priors, and where those come from.

    Parameters
    ----------
    law : name of the membrane law (default `ghk-pump`), or one of your own.
    config : a whole configuration, over which the other arguments are laid.
    **settings :

    Returns
    -------
    pandas.DataFrame
        Parameter, its name `in_tree` (either serves in `priors=`), unit, prior, meaning, source, and what in a table brings
        it in (`brought_by`; empty for what is always there).

    Raises
    ------
    ConfigurationError, UnknownNameError
        With a sentence that says what to change.

    Examples
    --------
    >>> import vrest
    >>> vrest.priors("ghk", ions="K,Na").set_index("parameter").loc["P_Na/P_K", "prior"]
    'LogNormal(log 0.04, 1)'
    """
    config = configure(config, law=law, **settings)
    chosen = law_named(config.law)
    certain, brought = foreseen_parameters(chosen, chosen.usable(ions_named(config.ions or DEFAULT_IONS)), config)

    def line(p: Parameter, why: str = "") -> dict[str, str]:
        columns = {"unit": p.unit, "prior": str(p.prior), "meaning": p.meaning, "source": p.source, "brought_by": why}
        return {"parameter": p.name, "in_tree": p.symbol} | columns

    return pd.DataFrame([*map(line, certain), *(line(p, why) for why, p in brought)])
