"""Whole processes, measured from outside: wall clock and peak memory."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One process: seconds on the clock, peak memory (of its largest process, where it starts others), and its end."""

    seconds: float
    peak_MB: float
    status: int
    output: str
    error: str
    stopped: bool = False

    @property
    def complaint(self) -> str:
        """Why there is no figure, in a line; empty where all went well."""
        if self.status == 0:
            return ""
        last = [line for line in self.error.strip().splitlines() if line.strip()]
        return f"status {self.status}: {last[-1][:200] if last else 'no message'}"


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None, limit: float = 900) -> Run:
    """Run `command` to its end, or stop it after `limit` seconds (status negative)."""
    # An ordinary Python keeps compiled modules; without, every import would be compiled anew.
    ordinary = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(LAUNCH), str(figures), str(limit), *command],
            env={**ordinary, **(environment or {})},
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        found = json.loads(figures.read_text(encoding="utf-8"))
    trouble = f"stopped after {limit:.0f} s" if found["stopped"] else done.stderr
    return Run(**found, output=done.stdout, error=trouble)


def caches(folder: Path) -> dict[str, str]:
    """Environment in which everything that keeps compiled code between processes keeps it in `folder`."""
    return {
        "PYTENSOR_FLAGS": f"base_compiledir={folder / 'pytensor'}",
        "NUMBA_CACHE_DIR": str(folder / "numba"),
        "JAX_COMPILATION_CACHE_DIR": "",
        "XDG_CACHE_HOME": str(folder / "xdg"),
    }


def jax_cache(folder: Path) -> dict[str, str]:
    """JAX's persistent cache, for all that it compiles."""
    return {
        "JAX_COMPILATION_CACHE_DIR": str(folder / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


ROOT = Path(__file__).parents[1]
LAUNCH = Path(__file__).with_name("launch.py")
PYTHON = [sys.executable, "-W", "ignore"]
VREST = [*PYTHON, "-m", "vrest"]
