"""Further fits of one design, in one process: `python -m benchmarks.again N`. Prints JSON.

Each fit is 2 × (500 + 500) draws from a model compiled once, with other potentials put in.
"""

import json
import sys
import time
import warnings

from .data import plan_of_42
from .inside import TEXT


def main(n: int) -> dict:
    warnings.simplefilter("ignore")
    from vrest.fitting.config import Sampling
    from vrest.fitting.linear import starting_point
    from vrest.fitting.model import build_model
    from vrest.fitting.run import available_cores, configure, prepare
    from vrest.fitting.sampling import compile_sampler

    settings = Sampling(chains=2, draws=500, tune=500)
    experiment = prepare(plan_of_42(1), configure(inside=TEXT))
    start = time.perf_counter()
    model = build_model(experiment)
    sampler = compile_sampler(model, settings, starting_point(experiment), available_cores(), exchange=True)
    sampler.draw(settings, 1)
    compiled = time.perf_counter() - start
    others = [plan_of_42(seed)["V_m"].to_numpy() for seed in range(2, n + 2)]
    seconds, divergences = [], 0
    for seed, V_m in enumerate(others):
        start = time.perf_counter()
        draws = sampler.draw(settings, seed, V_m_observed=V_m)
        seconds.append(time.perf_counter() - start)
        divergences += int(draws.sample_stats["diverging"].sum())
    return {"first": compiled, "seconds": seconds, "sampler": sampler.name, "divergences": divergences}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
