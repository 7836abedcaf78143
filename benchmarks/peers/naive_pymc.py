"""PyMC as the model is written from the textbook: Newton's method unrolled in the graph, `pm.sample()` as it comes.

With `--rearranged`, as somebody writes it who has waited for that to compile: one exponential a step, all else from it.
"""

import sys

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from recordings import INSIDE, arguments, write

STEPS = 10  # with five, warm-up's corners are off by whole units of u


def current(A, B, j, u):
    return A * u / (1 - pt.exp(-u)) - B * u / (pt.exp(u) - 1) + j


def slope(A, B, u):
    outward = 1 / (1 - pt.exp(-u)) - u * pt.exp(-u) / (1 - pt.exp(-u)) ** 2
    inward = 1 / (pt.exp(u) - 1) - u * pt.exp(u) / (pt.exp(u) - 1) ** 2
    return A * outward - B * inward


def newton(A, B, j, u):
    return u - current(A, B, j, u) / slope(A, B, u)


def newton_rearranged(A, B, j, u):
    e = pt.expm1(u)
    b = u / e
    b_slope = (1 - b * (e + 1)) / e
    return u - (A * (b + u) - B * b + j) / (A * (1 + b_slope) - B * b_slope)


def main() -> None:
    data, path = arguments()
    step = newton_rearranged if "--rearranged" in sys.argv else newton
    with pm.Model():
        p_Na = pm.LogNormal("p_Na", np.log(0.04), 1.0)
        p_Cl = pm.LogNormal("p_Cl", np.log(0.3), 1.0)
        pump_mV = pm.HalfNormal("pump_mV", 8.0)
        Q10_pump = pm.LogNormal("Q10_pump", np.log(2.3), 0.2)
        Q10_leak = pm.LogNormal("Q10_leak", np.log(1.4), 0.15)
        sigma_mV = pm.HalfNormal("sigma_mV", 5.0)

        A = INSIDE["K"] + p_Na * INSIDE["Na"] + p_Cl * data["Cl"]
        B = data["K"] + p_Na * data["Na"] + p_Cl * INSIDE["Cl"]
        at_reference = pt.log(B[0] / A[0]) - pump_mV / data["V_T"][0]
        j_reference = -current(A[0], B[0], 0.0, at_reference)
        j = j_reference * (Q10_pump / Q10_leak) ** ((data["T"] - data["T"][0]) / 10) * data["on"]
        u = pt.log(B / A)
        for _ in range(STEPS):
            u = step(A, B, j, u)
        pm.Normal("V_m", data["V_T"] * u, sigma_mV, observed=data["V_m"])
        trace = pm.sample(random_seed=1, progressbar=False)
    write(path, **{name: x.to_numpy() for name, x in trace["posterior"].data_vars.items()})


if __name__ == "__main__":
    main()
