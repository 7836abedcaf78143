"""Log-density and gradient at N distinct rows: the package's compiled model against a hand-written C pass.

Run as a process of its own: `python -m benchmarks.density N REPEATS`. Prints JSON; times only after both agree.
"""

import ctypes
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from .data import one_cell
from .inside import INSIDE, TEXT
from .machine import median

FLAGS = [
    ["-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512"],
    ["-O3", "-march=native", "-ffast-math"],
    ["-O3", "-ffast-math"],
]
AGREE = 1e-9  # relative to the largest component
PRIORS = {"p_Na": (0.04, 1.0), "p_Cl": (0.3, 1.0), "Q10_pump": (2.3, 0.2), "Q10_leak": (1.4, 0.15)}
HALF_NORMAL = {"pump_mV": 8.0, "sigma_mV": 5.0}


def compile_c(folder: Path):
    """The C pass as a callable, with the first set of flags that this compiler takes."""
    source, library = Path(__file__).with_name("density.c"), folder / "density.so"
    for flags in FLAGS:
        command = ["gcc", *flags, "-shared", "-fPIC", str(source), "-o", str(library), "-lmvec", "-lm"]
        for attempt in (command, [x for x in command if x != "-lmvec"]):
            if subprocess.run(attempt, capture_output=True, check=False).returncode == 0:
                return ctypes.CDLL(str(library)).density, " ".join(attempt[1 : 1 + len(flags)])
    raise RuntimeError("gcc compiles the C pass with none of the sets of flags")


def c_density(function, data: dict[str, np.ndarray], names: list[str]):
    """The same log posterior as the package's, on its unconstrained scales, around the C pass over the rows."""
    pointer = ctypes.POINTER(ctypes.c_double)
    n = len(data["V_m"])
    rows = [data[name].ctypes.data_as(pointer) for name in ("K", "Na", "Cl", "T", "on", "V_m")]
    first = int(np.argmax(data["on"]))
    K, Na, Cl, T = (data[name][first] for name in ("K", "Na", "Cl", "T"))
    V_T = 1e3 * 8.31446261815324 / 96485.33212331001 * (T + 273.15)
    K_i, Na_i, Cl_i = (INSIDE[ion] for ion in ("K", "Na", "Cl"))
    p, sums = np.zeros(8), np.zeros(5)

    def log_density(y: np.ndarray) -> tuple[float, np.ndarray]:
        by_name = dict(zip(names, y, strict=True))
        x = {name: np.logaddexp(0, v) if name == "pump_mV" else np.exp(v) for name, v in by_name.items()}
        A, B = K_i + x["p_Na"] * Na_i + x["p_Cl"] * Cl, K + x["p_Na"] * Na + x["p_Cl"] * Cl_i
        u = np.log(B / A) - x["pump_mV"] / V_T
        e = np.expm1(u)
        b, b_slope = u / e, (1 - u / e * (e + 1)) / e
        current = B * b - A * (b + u)
        by_u = B * b_slope - A * (1 + b_slope)
        by_A, by_B = -(b + u) - by_u / A, b + by_u / B
        p[:] = x["p_Na"], x["p_Cl"], current, np.log(x["Q10_pump"] / x["Q10_leak"]) / 10, T, K_i, Na_i, Cl_i
        function(n, *rows, p.ctypes.data_as(pointer), sums.ctypes.data_as(pointer))
        sigma = x["sigma_mV"]
        squares, *(r_Na, r_Cl, r_j, r_q) = sums
        value = -n * np.log(sigma * np.sqrt(2 * np.pi)) - squares / (2 * sigma**2)
        slope = {
            "p_Na": (r_Na + r_j * (by_A * Na_i + by_B * Na)) / sigma**2,
            "p_Cl": (r_Cl + r_j * (by_A * Cl + by_B * Cl_i)) / sigma**2,
            "pump_mV": -r_j * by_u / V_T / sigma**2,
            "Q10_pump": r_q / (10 * x["Q10_pump"] * sigma**2),
            "Q10_leak": -r_q / (10 * x["Q10_leak"] * sigma**2),
            "sigma_mV": -n / sigma + squares / sigma**3,
        }
        gradient = np.empty(len(names))
        for k, (name, v) in enumerate(by_name.items()):
            if name in PRIORS:  # Normal in the logarithm, where the Jacobian cancels the density's 1 / x
                middle, width = np.log(PRIORS[name][0]), PRIORS[name][1]
                value += -0.5 * ((v - middle) / width) ** 2 - np.log(width * np.sqrt(2 * np.pi))
                gradient[k] = slope[name] * x[name] - (v - middle) / width**2
                continue
            width = HALF_NORMAL[name]
            value += -0.5 * (x[name] / width) ** 2 + np.log(2 / (width * np.sqrt(2 * np.pi)))
            stretch = 1 / (1 + np.exp(-v)) if name == "pump_mV" else x[name]
            value += np.log(stretch)
            bend = 1 - stretch if name == "pump_mV" else 1.0
            gradient[k] = (slope[name] - x[name] / width**2) * stretch + bend
        return float(value), gradient

    return log_density


def package_density(recordings):
    """The package's compiled log-density and gradient, as a function of a flat vector, and the names along it."""
    from vrest.fitting.experiment.prepare import configure, prepare
    from vrest.fitting.sampling.density import Density

    density = Density(prepare(recordings, configure(inside=TEXT)))

    def evaluate(x: np.ndarray) -> tuple[float, np.ndarray]:
        _, value, gradient = density(x)
        return value, gradient

    return evaluate, [p.name for p in density.free for _ in range(p.size)]


def agreement(mine: tuple[float, np.ndarray], other: tuple[float, np.ndarray], apart: float) -> float:
    """Largest difference of value, but for the constant by which the two are `apart`, and gradient, relative to the largest."""
    value = abs(float(mine[0]) - float(other[0]) - apart) / abs(float(other[0]))
    return max(value, float(np.max(np.abs(mine[1] - other[1])) / np.max(np.abs(other[1]))))


def seconds_per_call(function, x: np.ndarray, least: float = 0.2) -> float:
    """Seconds of one call, over as many calls as fill `least` seconds."""
    function(x)
    calls, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < least:
        function(x)
        calls += 1
    return spent / calls


def main(n: int, repeats: int, against_c: bool) -> dict:
    recordings, data = one_cell(n, distinct=True)
    mine, names = package_density(recordings)
    centre = {"p_Na": 0.035, "p_Cl": 0.12, "pump_mV": 4.0, "Q10_pump": 2.4, "Q10_leak": 1.45, "sigma_mV": 2.0}
    x = np.array([np.log(np.expm1(v)) if (v := centre[k]) and k == "pump_mV" else np.log(centre[k]) for k in names])
    if not against_c:
        return {"n": n, "seconds": median([seconds_per_call(mine, x) for _ in range(repeats)])}
    with tempfile.TemporaryDirectory() as folder:
        function, flags = compile_c(Path(folder))
        other = c_density(function, data, names)
        apart = mine(x)[0] - other(x)[0]
        far = max(agreement(mine(x + step), other(x + step), apart) for step in (0.0, 0.1, -0.1))
        result = {"n": n, "flags": flags, "disagreement": far, "agrees": far < AGREE}
        if far < AGREE:
            pairs = [(seconds_per_call(mine, x), seconds_per_call(other, x)) for _ in range(repeats)]
            result["seconds"] = median([a for a, _ in pairs])
            result["seconds_c"] = median([b for _, b in pairs])
            result["ratio"] = median([a / b for a, b in pairs])
    return result


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), "--c" in sys.argv)))
