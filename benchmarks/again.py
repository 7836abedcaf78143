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
    from vrest.fitting.experiment.prepare import configure, prepare
    from vrest.fitting.sampling.refits import QUICK
    from vrest.fitting.sampling.sampling import draw

    configuration = configure(inside=TEXT, sampling=QUICK)
    start = time.perf_counter()
    draw(prepare(plan_of_42(1), configuration), QUICK, 1)
    compiled = time.perf_counter() - start
    others = [prepare(plan_of_42(seed), configuration) for seed in range(2, n + 2)]
    seconds, divergences = [], 0
    for seed, experiment in enumerate(others):
        start = time.perf_counter()
        draws = draw(experiment, QUICK, seed)
        seconds.append(time.perf_counter() - start)
        divergences += int(draws.sample_stats["diverging"].sum())
    return {"first": compiled, "seconds": seconds, "sampler": draws.sampler, "divergences": divergences}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
