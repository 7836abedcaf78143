"""`vrest report`: make the report of a saved fit again."""

import argparse
from pathlib import Path

from ..shared import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a results folder, or the fit.nc in it")


def run(options: argparse.Namespace) -> int:
    from ..fitting.fit import load

    at = Path(options.run)
    say(f"The report is {load(at).report((at if at.is_dir() else at.parent) / 'report.html')}")
    return 0
