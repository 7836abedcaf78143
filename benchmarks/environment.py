"""Environments with what a contender needs and nothing else, as its users have."""

import os
import subprocess
import tomllib
from pathlib import Path

from .process import ROOT


def environment(folder: Path, *packages: str, python: str) -> tuple[list[str], str]:
    """A new environment in `folder`: the command that runs its Python, or why there is none."""
    command = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    constraints = folder.with_suffix(".txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    constraints.write_text("\n".join(project["tool"]["uv"]["constraint-dependencies"]), encoding="utf-8")
    install = ["uv", "pip", "install", "--quiet", "--compile-bytecode", "--constraints", str(constraints)]
    for step in (
        ["uv", "venv", "--quiet", "--python", python, str(folder)],
        [*install, "--python", command, *packages],
    ):
        done = subprocess.run(step, cwd=ROOT, capture_output=True, encoding="utf-8", errors="replace", check=False)
        if done.returncode:
            return [], f"no environment: {done.stderr.strip().splitlines()[-1].strip()[:200]}"
    return [command, "-W", "ignore"], ""
