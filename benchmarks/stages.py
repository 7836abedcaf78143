"""A fit with its sampling timed apart: `python -m benchmarks.stages TABLE OUT`. Prints JSON."""

import json
import sys
import time
import warnings

from .inside import TEXT


def main(table: str, out: str) -> dict:
    warnings.simplefilter("ignore")
    import vrest
    import vrest.fitting.sampling.refits  # before `draw` is replaced: what they draw is not timed
    from vrest.fitting.sampling import sampling

    spent, draw = [], sampling.draw

    def timed(*arguments, **options):
        start = time.perf_counter()
        try:
            return draw(*arguments, **options)
        finally:
            spent.append(time.perf_counter() - start)

    sampling.draw = timed
    fit = vrest.fit(vrest.read_csv(table), inside=TEXT, seed=1, progress=False)
    folder = fit.save(out, force=True)
    check = fit.verdict().sampling
    return {
        "sampling": sum(spent),
        "runs": len(spent),
        "divergences": check.divergences,
        "min_ess": check.min_ess,
        "MB": sum(file.stat().st_size for file in folder.iterdir()) / 2**20,
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:3])))
