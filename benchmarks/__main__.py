"""Run the benchmarks: `uv run --group bench python -m benchmarks [--only single,kernel] [--repeats 3]`.

One table in markdown goes to standard output, all repeats to a JSON file; every ratio is of things run side by side.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from .cases import CASES, Settings
from .machine import describe
from .table import Figure, markdown, write_json


def main() -> int:
    """Run what is asked for; returns 1 where anything has no figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", metavar="CASES", help=f"of {','.join(CASES)}")
    parser.add_argument("--peers", metavar="NAMES", default="", help="only peers with these in their names: stan,emcee")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="of whole processes, in turn (default: 3)")
    parser.add_argument(
        "--limit", type=float, default=900, metavar="S", help="stop a process after this (default: 900)"
    )
    parser.add_argument("--small", action="store_true", help="small sizes, to see that everything runs")
    parser.add_argument("--json", type=Path, default=Path("benchmarks.json"), metavar="FILE")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(CASES)
    unknown = [name for name in names if name not in CASES]
    if unknown:
        parser.error(f"no case {', '.join(unknown)}; there are {', '.join(CASES)}")
    machine, figures = describe(), list[Figure]()
    with tempfile.TemporaryDirectory() as folder:
        peers = tuple(name for name in options.peers.split(",") if name)
        settings = Settings(Path(folder), options.repeats, options.limit, options.small, peers)
        for name in names:
            apart = Path(folder) / name
            apart.mkdir()
            for figure in CASES[name](replace(settings, folder=apart)):
                shown = "no figure" if figure.median is None else f"{figure.median:.3g} {figure.unit}"
                print(f"{figure.case}: {figure.what}: {shown} {figure.remark}", file=sys.stderr, flush=True)
                figures.append(figure)
                write_json(options.json, figures, machine)
    print(markdown(figures, machine))
    return int(any(figure.median is None for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
