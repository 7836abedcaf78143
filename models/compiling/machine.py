"""Text of LLVM's intermediate representation as machine code in this process, by llvmlite's public interface."""

import ctypes
from functools import cache
from threading import Lock

import numpy as np
from llvmlite import binding

from .emit import module
from .schedule import Schedule

_NAME = "vrest"
_lock = Lock()
_known: dict[str, "Machine"] = {}


class Machine:
    """A compiled function at its `address`, where it stays as long as this does."""

    @classmethod
    def of(cls, source: str) -> "Machine":
        """What this process has compiled of a text already, or compiles now: structures that differ in data share it."""
        with _lock:  # a worker may have threads
            if source not in _known:
                _prepare()
                _known[source] = cls(source)
            return _known[source]

    def __init__(self, source: str):
        target = binding.Target.from_default_triple()
        features = binding.get_host_cpu_features().flatten()
        machine = target.create_target_machine(cpu=binding.get_host_cpu_name(), features=features, opt=2)
        code = binding.parse_assembly(source)
        code.triple, code.data_layout = target.triple, str(machine.target_data)
        tuning = binding.create_pipeline_tuning_options(speed_level=2)
        tuning.loop_vectorization, tuning.slp_vectorization = True, False
        # More code would take longer to compile than it saves.
        tuning.loop_unrolling = tuning.loop_interleaving = False
        passes = binding.create_pass_builder(machine, tuning)
        passes.getModulePassManager().run(code, passes)
        self._engine = binding.create_mcjit_compiler(code, machine)
        self._engine.finalize_object()
        self.address = self._engine.get_function_address(_NAME)

    def __call__(self, x: np.ndarray, table: list[np.ndarray]) -> tuple[int, float, np.ndarray]:
        """Status, value and gradient at x."""
        x = np.ascontiguousarray(x, float)
        value, gradient, places = np.zeros(1), np.zeros(len(x)), addresses(table)
        function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)(self.address)
        status = function(len(x), *(a.ctypes.data for a in (x, gradient, value, places)))
        return status, float(value[0]), gradient


def addresses(table: list[np.ndarray]) -> np.ndarray:
    """The addresses of arrays, which must outlive their use."""
    return np.array([x.ctypes.data for x in table], np.intp)


@cache
def _prepare() -> None:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    for name, function in (("allocate", "PyMem_RawMalloc"), ("release", "PyMem_RawFree")):  # no lock, on every platform
        address = ctypes.cast(getattr(ctypes.pythonapi, function), ctypes.c_void_p).value
        binding.add_symbol(f"vrest_{name}", address)


def compiled(schedule: Schedule) -> Machine:
    """The schedule's function."""
    return Machine.of(module(schedule, _NAME))
