"""emcee: an ensemble of walkers, the log posterior vectorised over them in NumPy, the root by Newton's method."""

import emcee
import numpy as np
from recordings import INSIDE, arguments, write

NAMES = ("p_Na", "p_Cl", "pump_mV", "Q10_pump", "Q10_leak", "sigma_mV")
MEDIAN = np.array([0.04, 0.3, np.nan, 2.3, 1.4, np.nan])
WIDTH = np.array([1.0, 1.0, 8.0, 0.2, 0.15, 5.0])
LOGNORMAL = ~np.isnan(MEDIAN)


def bernoulli(x):
    return x / np.expm1(x)


def potential(theta, data):
    """V_m in mV of every row (last axis) for parameters (walker, 6)."""
    p_Na, p_Cl, pump_mV, Q10_pump, Q10_leak, _ = theta.T[:, :, None]
    A = INSIDE["K"] + p_Na * INSIDE["Na"] + p_Cl * data["Cl"]
    B = data["K"] + p_Na * data["Na"] + p_Cl * INSIDE["Cl"]
    at_reference = np.log(B[:, :1] / A[:, :1]) - pump_mV / data["V_T"][0]
    j_reference = B[:, :1] * bernoulli(at_reference) - A[:, :1] * bernoulli(-at_reference)
    j = j_reference * (Q10_pump / Q10_leak) ** ((data["T"] - data["T"][0]) / 10) * data["on"]
    u = np.log(B / A)
    for _ in range(20):
        e = np.expm1(u)
        b = u / e
        slope = A * (1 + (1 - b * (e + 1)) / e) - B * (1 - b * (e + 1)) / e
        step = (A * (b + u) - B * b + j) / slope
        u = u - step
        if np.all(np.abs(step) < 1e-8):
            break
    return data["V_T"] * u


def log_posterior(logs, data):
    """Walkers move in logarithms; their Jacobian is the sum of them."""
    theta = np.exp(logs)
    prior = np.where(LOGNORMAL, -0.5 * ((logs - np.log(MEDIAN)) / WIDTH) ** 2, -0.5 * (theta / WIDTH) ** 2 + logs)
    with np.errstate(all="ignore"):
        z = (data["V_m"] - potential(theta, data)) / theta[:, -1:]
    total = prior.sum(axis=1) - 0.5 * (z**2).sum(axis=1) - len(data["V_m"]) * logs[:, -1]
    return np.where(np.isfinite(total), total, -np.inf)


def main() -> None:
    data, path = arguments()
    rng = np.random.default_rng(1)
    start = np.log([0.04, 0.3, 5.0, 2.3, 1.4, 3.0]) + 0.1 * rng.normal(size=(32, 6))
    sampler = emcee.EnsembleSampler(32, 6, log_posterior, args=(data,), vectorize=True)
    sampler.random_state = np.random.RandomState(1).get_state()
    sampler.run_mcmc(start, 6000)
    draws = np.exp(sampler.get_chain(discard=1000))
    write(path, **{name: draws[:, :, k].T for k, name in enumerate(NAMES)})


if __name__ == "__main__":
    main()
