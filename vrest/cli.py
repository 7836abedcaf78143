"""The command line: what can be typed. What it does stands in `commands.py`, imported only when it is needed."""

import argparse
import sys
import warnings
from collections.abc import Sequence

EPILOG = "Status: 0 results usable, 1 a bug, 2 bad input or usage, 3 sampling failed its checks (results written and marked)."


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="vrest",
        description="What resting membrane potentials say about the membrane: permeability ratios, pump current, Q10.",
        epilog=EPILOG,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    fit = commands.add_parser("fit", help="infer a law's parameters from a table of resting potentials", epilog=EPILOG)
    _data_options(fit)
    _model_options(fit)
    fit.add_argument("--out", metavar="FOLDER", help="results folder (default: <data>-<law>)")
    fit.add_argument("--force", action="store_true", help="replace results that exist")
    fit.add_argument("--sampler", metavar="NAME", help="auto, nutpie-light, nutpie, pymc or numpyro (default: auto)")

    check = commands.add_parser("check", help="check a table, and foresee what it can tell, without sampling")
    _data_options(check)
    _model_options(check)

    commands.add_parser("laws", help="the membrane laws there are")
    priors = commands.add_parser("priors", help="a law's parameters with their priors, and where those come from")
    _model_options(priors)
    commands.add_parser("datasets", help="the data sets that come with vrest")
    return top


def _data_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "data",
        nargs="?",
        metavar="DATA",
        help="a CSV table, a saved fit.nc or a bundled set (default: the configuration's)",
    )
    command.add_argument("--where", metavar="QUERY", help="use only these rows: \"saline == 'control' and K_o_mM > 2\"")
    command.add_argument(
        "--temperature", type=float, metavar="C", help="one temperature in °C, for a table without that column"
    )
    command.add_argument(
        "--map",
        action="append",
        metavar="NAME=COLUMN",
        help='the table\'s own column name, as in "V_m_mV=RMP (mV)"; repeatable',
    )
    command.add_argument("--delimiter", default=",", metavar="CHAR", help='what separates the cells, as in ";" or tab')
    command.add_argument("--decimal", default=".", metavar="CHAR", help='the decimal mark, "." or ","')
    command.add_argument("--encoding", default="utf-8", metavar="NAME", help="of the table's text, as in cp1252")


def _model_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--law", metavar="NAME", help="membrane law (default: ghk-pump); see vrest laws")
    command.add_argument(
        "--ions", metavar="LIST", help="ions of the model, as in K,Na (default: K, Na, Cl as in the table)"
    )
    command.add_argument(
        "--inside", metavar="LIST", help="inside concentrations in mM, as in K=140+-10,Na=12,Cl=passive"
    )
    command.add_argument(
        "--robust", action="store_true", default=None, help="Student t scatter, for tables with outliers"
    )
    command.add_argument("--config", metavar="FILE", help="TOML file with settings; flags win over it")
    command.add_argument("--seed", type=int, metavar="N", help="every random number follows from it (default: 1)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the status to exit with."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")  # µ and ° on every system
    options = parser().parse_args(arguments)

    from . import commands
    from .models.errors import DataWarning, VrestError

    def show(message, category, *where, **more):
        if issubclass(category, DataWarning):
            print(f"warning: {message}", file=sys.stderr)
        else:
            ordinary(message, category, *where, **more)

    with warnings.catch_warnings():
        ordinary = warnings.showwarning
        warnings.showwarning = show
        warnings.simplefilter("always", DataWarning)
        try:
            return getattr(commands, options.command)(options)
        except VrestError as error:
            print(f"vrest {options.command}: {error}" if "\n" not in str(error) else error, file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("stopped; nothing was written", file=sys.stderr)
            return 130
        except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
            sys.stderr.close()
            return 0


if __name__ == "__main__":
    sys.exit(main())
