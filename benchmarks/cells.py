"""Log-density and gradient of a hierarchy of N cells: `python -m benchmarks.cells N`. Prints JSON."""

import json
import sys
import warnings

import numpy as np

from .data import cells_of_13
from .density import seconds_per_call
from .inside import TEXT


def main(cells: int) -> dict:
    warnings.simplefilter("ignore")
    from pymc.model.transform.optimization import freeze_dims_and_data

    from vrest.fitting.model import build_model
    from vrest.fitting.run import configure, prepare

    model = freeze_dims_and_data(build_model(prepare(cells_of_13(cells), configure(inside=TEXT))))
    density = model.logp_dlogp_function(ravel_inputs=True)
    density.set_extra_values({})
    function = density._pytensor_function
    function.trust_input = True
    size = sum(int(np.size(x)) for x in model.initial_point(1).values())
    return {"n": cells, "seconds": seconds_per_call(function, np.full(size, -1.0))}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
