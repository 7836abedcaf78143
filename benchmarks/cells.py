"""Log-density and gradient of a hierarchy of N cells: `python -m benchmarks.cells N`. Prints JSON."""

import json
import sys
import warnings

import numpy as np

from .data import cells_of_13
from .density import package_density, seconds_per_call


def main(cells: int) -> dict:
    warnings.simplefilter("ignore")
    function, names = package_density(cells_of_13(cells))
    return {"n": cells, "seconds": seconds_per_call(function, np.full(len(names), -1.0))}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
