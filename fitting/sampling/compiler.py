"""From an experiment to machine code: PyMC derives the density, PyTensor rewrites it, numba compiles it."""

from typing import Any

import numba
import numpy as np
from numba import types
from pymc.logprob.transforms import IntervalTransform, LogTransform
from pytensor.link.numba.dispatch.basic import numba_funcify

from ...models.solver.machine_code import MachineCode
from ..experiment.experiment import Experiment
from ..model.model import Softplus, build_model
from .density import Free, Kept, import_nutpie

_NUMBERS = types.CPointer(types.double)
_LOG_DENSITY = types.int64(types.uint64, _NUMBERS, _NUMBERS, _NUMBERS, types.voidptr)
_EXPANSION = types.int64(types.uint64, types.uint64, _NUMBERS, _NUMBERS, types.voidptr)


def derive(experiment: Experiment) -> Kept:
    """Parameters, data and compiled log-density of an experiment's design."""
    model = build_model(experiment)
    free, point = [], {}
    lengths = {name: len(labels) for name, labels in model.coords.items() if labels is not None}
    for rv in model.free_RVs:
        dims = tuple(str(dim) for dim in model.named_vars_to_dims.get(rv.name, ()))
        free.append(Free(rv.name, tuple(lengths[dim] for dim in dims), dims, _scale(model.rvs_to_transforms[rv])))
        point[model.rvs_to_values[rv].name] = np.zeros(free[-1].shape)
    function = model.logp_dlogp_function(ravel_inputs=True, initial_point=point)._pytensor_function
    shared = function.get_shared()
    data = {v.name: v.get_value(borrow=True).dtype for v in shared}
    # Not the function that PyTensor would call: what it wraps around for Python's sake takes long to compile.
    inner = numba_funcify(function.maker.fgraph)
    log_density = _called_by_address(inner, [(v.ndim, data[v.name]) for v in shared])
    return Kept(tuple(free), data, MachineCode.of(log_density, _LOG_DENSITY), MachineCode.of(_copy, _EXPANSION))


def _scale(transform: Any) -> str:
    if isinstance(transform, LogTransform | IntervalTransform):  # every interval here is (0, infinity)
        return "log"
    if isinstance(transform, Softplus):
        return "softplus"
    if transform is None:
        return "natural"
    raise TypeError(f"{type(transform).__name__} is not a transform of a scalar prior")


def _called_by_address(inner: Any, data: list[tuple[int, np.dtype]]) -> Any:
    """`inner`, a function of the flat vector and of arrays of these numbers of dimensions, as C calls it."""
    arguments = "".join(
        f", carray(pointer(table[{2 * i}]), {f'(table[{2 * i + 1}],)' if ndim else '()'}, {dtype.name})"
        for i, (ndim, dtype) in enumerate(data)
    )
    source = f"""def log_density(n, x, gradient, value, user):
        table = carray(user, ({2 * len(data) + 1},), intp)
        found, slope = inner(carray(x, (n,)){arguments})
        value[0] = found[()]
        finite = isfinite(value[0])
        for i in range(n):
            gradient[i] = slope[i]
            finite &= isfinite(gradient[i])
        return 0 if finite else 3
    """
    names: dict[str, Any] = {dtype.name: getattr(np, dtype.name) for _, dtype in data}
    names |= {"carray": numba.carray, "intp": np.intp, "isfinite": np.isfinite, "inner": inner}
    exec(source, names | {"pointer": import_nutpie().compile_pymc.address_as_void_pointer}, names)
    return names["log_density"]


def _copy(seed, n, x, out, user):
    for i in range(n):
        out[i] = x[i]
    return 0
