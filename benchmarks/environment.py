"""An environment of its own for a peer that does not run beside the others."""

import os
import subprocess
from pathlib import Path

from .process import ROOT

STAN = ("pystan==3.14.0", "numpy==2.5.1", "setuptools<80")


def with_stan(folder: Path) -> tuple[list[str], str]:
    """Python 3.12 with PyStan, whose wheels bring object code that later Pythons do not load: its command, or what failed."""
    python = folder / "stan" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    for command in (
        ["uv", "venv", "--quiet", "--python", "3.12", str(folder / "stan")],
        ["uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *STAN],
    ):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", errors="replace", check=False)
        if done.returncode:
            return [], f"no environment for Stan: {done.stderr.strip().splitlines()[-1][:200]}"
    return [str(python), "-W", "ignore"], ""
