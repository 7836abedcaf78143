"""lmfit: the most probable point and its standard errors, the priors as further residuals; not a posterior."""

import lmfit
import numpy as np
from recordings import INSIDE, arguments, write

START = {"p_Na": 0.04, "p_Cl": 0.3, "pump_mV": 5.0, "Q10_pump": 2.3, "Q10_leak": 1.4}
WIDTH = {"p_Na": 1.0, "p_Cl": 1.0, "Q10_pump": 0.2, "Q10_leak": 0.15}


def bernoulli(x):
    return x / np.expm1(x)


def potential(p, data):
    A = INSIDE["K"] + p["p_Na"] * INSIDE["Na"] + p["p_Cl"] * data["Cl"]
    B = data["K"] + p["p_Na"] * data["Na"] + p["p_Cl"] * INSIDE["Cl"]
    at_reference = np.log(B[0] / A[0]) - p["pump_mV"] / data["V_T"][0]
    j_reference = B[0] * bernoulli(at_reference) - A[0] * bernoulli(-at_reference)
    j = j_reference * (p["Q10_pump"] / p["Q10_leak"]) ** ((data["T"] - data["T"][0]) / 10) * data["on"]
    u = np.log(B / A)
    for _ in range(20):
        e = np.expm1(u)
        b = u / e
        slope = A * (1 + (1 - b * (e + 1)) / e) - B * (1 - b * (e + 1)) / e
        step = (A * (b + u) - B * b + j) / slope
        u = u - step
        if np.all(np.abs(step) < 1e-10):
            break
    return data["V_T"] * u


def residuals(parameters, data, sigma):
    p = parameters.valuesdict()
    prior = [np.log(p[name] / START[name]) / width for name, width in WIDTH.items()]
    return np.concatenate([(data["V_m"] - potential(p, data)) / sigma, prior, [p["pump_mV"] / 8.0]])


def main() -> None:
    data, path = arguments()
    parameters = lmfit.Parameters()
    for name, value in START.items():
        parameters.add(name, value, min=0 if name == "pump_mV" else 1e-6)
    sigma, n = 3.0, len(data["V_m"])
    for _ in range(4):  # the scatter from the residuals, and again with it
        found = lmfit.minimize(residuals, parameters, args=(data, sigma), scale_covar=False)
        parameters = found.params
        left = data["V_m"] - potential(parameters.valuesdict(), data)
        sigma = float(np.sqrt(np.sum(left**2) / (n - len(START))))
    point = {name: np.array([p.value, p.stderr]) for name, p in parameters.items()}
    write(path, **point, sigma_mV=np.array([sigma, sigma / np.sqrt(2 * (n - len(START)))]))


if __name__ == "__main__":
    main()
