"""The law on symbols: what PyTensor, JAX and the compiler make of its equations."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..models.conditions import Conditions
from ..models.constants import thermal_voltage
from .trial import WARM_C, CLOSE_mV, Flaw, Kind, Trial, differ, finite_differences

_STEEP = 5.0  # times V_T for each e-fold of K_o, which no single root exceeds


def _weights(at: Conditions) -> np.ndarray:
    return 1.0 + 0.1 * np.arange(at.size)


def _by_pytensor(
    trial: Trial, theta: Mapping[str, float], at: Conditions, mode: str = "FAST_COMPILE"
) -> tuple[np.ndarray, np.ndarray]:
    import pytensor
    import pytensor.tensor as pt

    from ..models.solver import root  # noqa: F401  teaches the equations PyTensor

    symbols = {name: pt.dscalar(name.replace("/", "_")) for name in theta}
    variables, reference = at.map(pt.constant), trial.reference.map(pt.constant)
    total = (trial.law.potential(symbols, variables, reference) * _weights(at)).sum()
    slopes: Any = pytensor.grad(total, list(symbols.values()), disconnected_inputs="ignore")
    f = pytensor.function(list(symbols.values()), [total, *slopes], mode=mode, on_unused_input="ignore")
    found = [np.asarray(x, float) for x in f(*theta.values())]
    return found[0], np.array(found[1:])


def _by_compiler(trial: Trial, theta: Mapping[str, float], at: Conditions) -> tuple[np.ndarray, np.ndarray]:
    from ..models.compiling.machine import compiled
    from ..models.compiling.reverse import gradient
    from ..models.compiling.schedule import Schedule
    from ..models.compiling.trace import Axis, Graph

    graph, axis = Graph(), Axis("condition", long=True)
    variables = at.map(lambda x: graph.data(np.asarray(x, float), axis))
    reference = trial.reference.map(lambda x: graph.number(float(x)))
    symbols = {name: graph.parameter() for name in theta}
    total = trial.law.potential(symbols, variables, reference) * graph.data(_weights(at), axis)
    machine = compiled(Schedule(graph, *gradient(graph, [total])))
    _, value, slopes = machine(np.array(list(theta.values())), graph.table())
    return np.asarray(value), slopes


def symbols(trial: Trial) -> Iterator[Flaw]:
    """PyTensor, JAX and the compiler against NumPy, values and derivatives."""
    theta, at = trial.theta(), trial.everywhere
    if not theta:
        return
    value = float(trial.V_m(theta, at) @ _weights(at))
    slopes = _weights(at) @ finite_differences(trial, theta, at)
    libraries: dict[str, Callable] = {"PyTensor": _by_pytensor, "the compiled code": _by_compiler}
    if find_spec("jax"):
        from ..models.solver.root import enable_jax

        enable_jax()
        libraries["JAX"] = partial(_by_pytensor, mode="JAX")
    for library, call in libraries.items():  # each gives a weighted sum of V_m, and its derivatives by the parameters
        try:
            found, gradient = call(trial, theta, at)
        except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
            why = f"{type(error).__name__}: {str(error).splitlines()[0][:160]}"
            yield Flaw(Kind.SYMBOLS, f"{library} cannot call it ({why}): use the functions of xp = namespace(x) in place of"
                       " NumPy's and SciPy's, and xp.where in place of if.")  # fmt: skip
            continue
        if abs(found - value) > CLOSE_mV * at.size:
            yield Flaw(Kind.VALUES, f"{library} and NumPy differ by {abs(found - value) / at.size:.3g} mV.")
        if (wrong := differ(gradient, slopes)).any():
            names = ", ".join(np.array(list(theta))[wrong])
            yield Flaw(Kind.DERIVATIVE, f"{library} gives another derivative by {names} than finite differences do.")


def one_root(trial: Trial) -> Iterator[Flaw]:
    """The balance of currents rises with V_m: no weight of an ion and no leak below 0, and no jump between near baths."""
    K_o = np.geomspace(1.0, 150.0, 400)
    for shift in (-1.0, 0.3, 1.5):
        theta, at = trial.theta(shift), trial.at(K=K_o)
        if low := [f"{name} {x:.3g}" for name, x in _coefficients(trial, theta, at) if x < 0]:
            yield Flaw(
                Kind.BALANCE, f"the balance has a coefficient below 0 ({', '.join(low)} mM): it need not have one root."
            )
            return
        V_m = trial.V_m(theta, at)
        steps = np.abs(np.diff(V_m)) / np.diff(np.log(K_o)) / thermal_voltage(WARM_C)
        if not (steps < _STEEP).all():
            k = int(np.argmax(steps))
            yield Flaw(Kind.BALANCE, f"V_m jumps from {V_m[k]:.1f} to {V_m[k + 1]:.1f} mV between K_o {K_o[k]:.3g} and"
                       f" {K_o[k + 1]:.3g} mM: the balance of currents has more than one root.")  # fmt: skip
            return


def _coefficients(trial: Trial, theta: Mapping[str, float], at: Conditions) -> Iterator[tuple[str, float]]:
    """The least of each coefficient, but the pump's, of all zero-current equations that the law solves."""
    import pytensor.tensor as pt
    from pytensor.graph.traversal import ancestors

    from ..models.solver.kernel import coefficients
    from ..models.solver.root import RestingPotential

    V_m = trial.law.potential(
        {n: pt.constant(x) for n, x in theta.items()}, at.map(pt.constant), trial.reference.map(pt.constant)
    )
    for apply in {v.owner for v in ancestors([V_m]) if v.owner and isinstance(v.owner.op, RestingPotential)}:
        for name, x in zip(coefficients(apply.op.monovalent), apply.inputs, strict=True):
            if name != "j":
                yield name, float(np.min(x.eval(mode="FAST_COMPILE")))
