"""`vrest info`: versions and platform, for reports of faults."""

import argparse
import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(options: argparse.Namespace) -> int:
    names = dict.fromkeys(re.match(r"[\w.-]+", line)[0] for line in requires("vrest") or [])  # type: ignore[index]
    facts = {
        "vrest": f"{version('vrest')} in {Path(__file__).parents[1]}",
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "platform": platform.platform(),
        **{name: _installed(name) for name in names if name != "vrest"},
    }
    width = max(map(len, facts))
    print("\n".join(f"{name:<{width}}  {fact}" for name, fact in facts.items()))
    return 0


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
