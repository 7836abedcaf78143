"""What holds of every membrane, whatever its law."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..models.conditions import Conditions
from ..models.constants import thermal_voltage
from ..models.laws.jacobian import jacobian
from ..models.laws.options import option_parameters
from ..models.parameters import PUMP
from .trial import COLD_C, WARM_C, CLOSE_mV, Flaw, Kind, Trial, differ, finite_differences, listed


def numbers(trial: Trial) -> Iterator[Flaw]:
    """Potentials of numbers, of draws, and with inside concentrations that are parameters."""
    theta, at = trial.theta(), trial.everywhere
    try:
        plain = trial.V_m(theta, at)
        draws = trial.law.potential({name: np.array([[x], [x]]) for name, x in theta.items()}, at, trial.reference)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        yield Flaw(Kind.NUMBERS, f"it cannot be called on arrays ({type(error).__name__}: {error}).")
        return
    if not np.isfinite(plain).all():
        yield Flaw(Kind.NUMBERS, f"its potentials are not all finite numbers: {listed(plain)} mV.")
    elif theta and (np.shape(draws) != (2, at.size) or not np.allclose(draws, plain)):
        yield Flaw(Kind.NUMBERS, "draws on a leading axis do not give the potentials of single values, draw by draw.")
    at = trial.at(K=np.array([2.5, 20.0]))
    unknown = replace(at, c_i={}), replace(trial.reference, c_i={})
    inside = {s.inside: trial.inside(s.name) for s in trial.ions}
    try:
        same = np.allclose(trial.V_m({**theta, **inside}, *unknown), trial.V_m(theta, at))
    except (KeyError, TypeError):
        same = False
    if not same:
        yield Flaw(Kind.INSIDE, "it does not take them as parameters (K_i_mM): read at.activities(theta), not at.c_i.")


def physics(trial: Trial) -> Iterator[Flaw]:
    """What holds of every membrane: equilibrium, K's direction, the pump's direction, no unit."""
    off, blocked = trial.stopped(), float(trial.law.has_pump)
    for ratio, T in ((1.0, WARM_C), (0.2, WARM_C), (0.2, COLD_C), (3.0, WARM_C)):
        E = float(thermal_voltage(T) * np.log(ratio))
        bath = trial.at(T, blocked, **{s.name: trial.inside(s.name) * ratio**s.valence for s in trial.ions})
        found = float(trial.V_m(off, bath, bath.take(0)).item())
        if abs(found - E) > 1e-3:
            kind, why = (
                Kind.EQUILIBRIUM,
                "a current flows that no parameter stops (what carries one has may_vanish=True)",
            )
            if ratio != 1 and np.isclose(found, -E, rtol=1e-3):
                kind, why = Kind.SIGN, "V_m is inside minus outside"
            elif any(ratio != 1 and np.isclose(found * factor, E, rtol=1e-3) for factor in (1e-3, 1e3)):
                kind, why = Kind.UNITS, "V_m is in mV"
            yield Flaw(kind, f"with every ion at equilibrium at {E:.1f} mV and no pump, V_m is {found:.4g}: {why}.")
            return
    rising = trial.V_m(off, trial.at(blocked=blocked, K=np.array([2.5, 5.0, 20.0, 80.0])))
    if not (np.diff(rising) > 0).all():
        yield Flaw(Kind.SIGN, f"without a pump V_m does not rise with K_o from 2.5 to 80 mM: {listed(rising)} mV.")
    if trial.law.has_pump:
        on, stopped = trial.V_m(trial.theta(), trial.at(blocked=np.array([0.0, 1.0])))
        lost, known = stopped - on, trial.theta().get(PUMP.name)
        if lost < 0:
            yield Flaw(Kind.SIGN, f"blocking the pump hyperpolarises by {-lost:.4g} mV; its current is outward.")
        elif known is not None and abs(lost - known) > CLOSE_mV:
            yield Flaw(
                Kind.UNITS, f"pump_mV = {known:.4g}, and blocking the pump costs {lost:.4g} mV at the reference."
            )
    yield from _no_unit(trial)


def _no_unit(trial: Trial) -> Iterator[Flaw]:
    """All concentrations, and what is in their unit or is a current, twice as large: V_m stays."""

    def doubled(unit: str) -> float:
        return 2.0 if "mM" in unit or unit.split("/")[0] in ("pA", "nA", "uA", "uA_cm2") else 1.0

    theta = trial.theta()
    double = {p.name: doubled(p.unit) * theta[p.name] for p in trial.parameters}

    def twice(at: Conditions) -> Conditions:
        c_o, c_i = ({name: 2 * x for name, x in of.items()} for of in (at.c_o, at.c_i))
        return replace(at, c_o=c_o, c_i=c_i, columns={name: doubled(name) * x for name, x in at.columns.items()})

    at, reference = trial.everywhere, trial.reference
    before, after = trial.V_m(theta, at, reference), trial.V_m(double, twice(at), twice(reference))
    if (apart := np.abs(before - after).max()) > CLOSE_mV:
        yield Flaw(Kind.UNITS, f"V_m changes by {apart:.3g} mV where all that is in mM, and all currents, are doubled:"
                   " a number hidden in it, or a parameter, has another unit than is said.")  # fmt: skip
    derived, again = trial.law.derived(theta, reference), trial.law.derived(double, twice(reference))
    for q in trial.law.quantities:
        if not np.allclose(again[q.name], doubled(q.unit) * np.asarray(derived[q.name]), rtol=1e-6):
            yield Flaw(Kind.UNITS, f"{q.name} is said to be in {q.unit}, and does not change as that unit does.")


def sensitive(trial: Trial) -> Iterator[Flaw]:
    """Every parameter, and every option, does something."""
    theta, at = trial.theta(), trial.everywhere
    before = trial.V_m(theta, at)
    driven = [s for s in trial.ions if not trial.law.at_equilibrium or s.name in ("K", "Na")]
    options = [p for name in trial.law.options for p in option_parameters(trial.law, [name], driven)]
    for p in (*trial.parameters, *options):
        moved = {**theta, p.name: float(p.scale.undo(p.prior.centre + 1.3 * p.prior.sd))}
        if np.abs(trial.V_m(moved, at) - before).max() < CLOSE_mV:
            yield Flaw(Kind.PARAMETERS, f"{p.name} moves V_m nowhere: no recording could tell of it.")


def complex_step(trial: Trial) -> Iterator[Flaw]:
    """The complex step, which foresees and linearises, against finite differences."""
    for shift in (0.3, -0.3):
        theta, at = trial.theta(shift), trial.everywhere
        if not theta:
            return
        expected = finite_differences(trial, theta, at)
        wrong = differ(jacobian(trial.law, theta, at, trial.reference, list(theta)), expected).any(axis=0)
        if wrong.any():
            names = ", ".join(np.array(list(theta))[wrong])
            yield Flaw(Kind.JACOBIAN, f"the complex step gives other derivatives by {names} than finite differences: abs,"
                       " real, floor and comparisons of what may be complex lose them.")  # fmt: skip
            return


def limits(trial: Trial) -> Iterator[Flaw]:
    """V_m = 0, and a bath without K: values and derivatives stay finite, and are the limits of what is near."""
    level = trial.at(blocked=float(trial.law.has_pump), **{s.name: trial.inside(s.name) for s in trial.ions})
    limits = {"at 0 mV": (trial.stopped(), level, level)}
    if any(s.valence < 0 or s.name != "K" for s in trial.ions):
        limits["in a bath without K"] = (trial.theta(), trial.at(K=0.0), trial.at(K=1e-9))
    for where, (theta, at, near) in limits.items():
        if trial.refused(at):
            continue
        with np.errstate(all="ignore"):
            found = trial.V_m(theta, at).item()
            slopes = jacobian(trial.law, theta, at, trial.reference, list(theta)) if theta else np.zeros(0)
        apart = abs(found - trial.V_m(theta, near).item())
        if not (np.isfinite(found) and np.isfinite(slopes).all()):
            yield Flaw(Kind.LIMIT, f"{where} V_m or a derivative is not finite; a law that has no answer there says so by"
                       " its `refusal`.")  # fmt: skip
        elif apart > 0.01:
            yield Flaw(Kind.LIMIT, f"{where} V_m jumps by {apart:.3g} mV.")
