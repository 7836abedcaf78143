"""The command line: what can be typed. What it does stands in `commands.py`, imported only when it is needed."""

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from math import isfinite

from .fitting.experiment.settings import MODEL, SAMPLING, TABLE
from .flags import add_setting_flags, as_flag

EPILOG = "Status: 0 results usable, 1 a bug, 2 bad input or usage, 3 sampling failed its checks (results written and marked)."


class UsageError(Exception):
    """What was typed is no command; `args` are the command's name and the sentence."""


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are printed as all others are."""

    def error(self, message: str):
        raise UsageError(self.prog, message.removeprefix("argument "))


def number(low: float = -1e6, high: float = 1e6) -> Callable[[str], float]:
    """What reads a flag's number, and refuses what is none or lies outside `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number.") from None
        if not (isfinite(value) and low <= value <= high):
            kelvin = f" It looks like kelvin: give {value - 273.15:.4g}." if high == 50 and 223 < value < 324 else ""
            raise argparse.ArgumentTypeError(f"{text} is not between {low:g} and {high:g}.{kelvin}")
        return value

    return read


def whole(low: int, high: int) -> Callable[[str], int]:
    """As `number`, of whole numbers."""

    def read(text: str) -> int:
        if not (text.strip().lstrip("-").isdecimal() and len(text) < 30 and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"{text} is not a whole number from {low} to {high}.")
        return int(text)

    return read


def junction(text: str) -> str:
    """`compute`, `corrected`, or a junction potential in mV, as the table's columns take it."""
    if text not in ("compute", "corrected"):
        try:
            number(-30, 30)(text)
        except argparse.ArgumentTypeError:
            sentence = f"give compute, corrected, or the mV to subtract, from -30 to 30; not {text}."
            raise argparse.ArgumentTypeError(sentence) from None
    return text


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = Parser(
        prog="vrest",
        description="What resting membrane potentials say about the membrane: permeability ratios, pump current, Q10.",
        epilog=EPILOG,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    fit = commands.add_parser("fit", help="infer a law's parameters from a table of resting potentials", epilog=EPILOG)
    _data_options(fit, False, SAMPLING)
    fit.add_argument("--out", metavar="FOLDER", help="results folder (default: <data>-<law>)")
    fit.add_argument("--force", action="store_true", help="replace results that exist")
    fit.add_argument("--each", metavar="COLUMN", help="fit every cell (or other label) by itself: --each cell")
    _worker_options(fit)
    fit.add_argument(
        "--no-report", action="store_true", help="leave out report.html and series.png, which take seconds"
    )

    report = commands.add_parser("report", help="make the report of a saved fit again")
    report.add_argument("run", metavar="RUN", help="a results folder, or the fit.nc in it")

    compare = commands.add_parser("compare", help="compare laws (--laws) or groups of cells (--by)", epilog=EPILOG)
    _data_options(compare, False, SAMPLING)
    compare.add_argument(
        "--laws", metavar="LIST", help="laws to compare by what they predict, as in ghk,ghk-pump,mullins-noda"
    )
    compare.add_argument("--out", metavar="FOLDER", help="results folder (default: <data>-laws or <data>-by-<column>)")
    compare.add_argument("--force", action="store_true", help="replace results that exist")

    predict = commands.add_parser("predict", help="V_m with uncertainty in baths that were not measured")
    predict.add_argument("run", metavar="RUN", help="results folder of a fit")
    predict.add_argument("baths", metavar="BATHS", help="CSV table of baths, temperatures and pump states")
    predict.add_argument(
        "--cell", default="population", metavar="WHO", help="population (default), new, or a cell's name"
    )
    predict.add_argument("--out", metavar="FILE", help="CSV file (default: standard output)")
    predict.add_argument("--force", action="store_true", help="replace a file that exists")

    check = commands.add_parser("check", help="check a table, and foresee what it can tell, without sampling")
    _data_options(check)

    design = commands.add_parser(
        "design", help="what a plan (a table without V_m_mV) would pin down, and which rows would help most"
    )
    _data_options(design, plan=True)
    design.add_argument(
        "--add", metavar="TABLE", help="rows to choose from, a plan too (default: variations of the commonest bath)"
    )
    design.add_argument("--goal", metavar="NAME", help="the parameter to rank by, as in pump_mV (default: all asked)")
    design.add_argument(
        "--truth", metavar="FILE", help='TOML lines such as "P_Na/P_K" = 0.03 (default: averaged over the priors)'
    )
    design.add_argument(
        "--recordings", type=whole(1, 10_000), default=1, metavar="N", help="of each candidate (default: 1)"
    )
    design.add_argument(
        "-k",
        "--choose",
        type=whole(0, 1000),
        default=0,
        metavar="K",
        help="choose the next K rows, each given those before it",
    )
    design.add_argument("--out", metavar="FOLDER", help="results folder (default: <plan>-<law>-design)")
    design.add_argument("--force", action="store_true", help="replace results that exist")

    simulate = commands.add_parser("simulate", help="recordings of a plan (a table without V_m_mV) with a known truth")
    _data_options(simulate, plan=True)
    simulate.add_argument(
        "--truth",
        metavar="FILE",
        required=True,
        help='TOML lines such as "P_Na/P_K" = 0.03; all that are left out are named',
    )
    simulate.add_argument("--out", metavar="FILE", help="CSV file; its truth goes beside it (default: standard output)")
    simulate.add_argument("--force", action="store_true", help="replace a file that exists")

    recover = commands.add_parser(
        "recover", help="simulate a plan and fit it, many times: coverage, bias, calibration", epilog=EPILOG
    )
    _data_options(recover, True, SAMPLING)
    recover.add_argument("--n", type=whole(20, 100_000), default=200, metavar="N", help="simulations (default: 200)")
    recover.add_argument(
        "--truth", metavar="FILE", help="simulate this truth only (default: truths drawn from the priors)"
    )
    _worker_options(recover)
    recover.add_argument("--out", metavar="FOLDER", help="results folder (default: <plan>-<law>-recovery)")
    recover.add_argument("--force", action="store_true", help="replace results that exist, or a run that was stopped")

    explain = commands.add_parser("explain", help="take one resting potential apart: ions, pump, cooling, run-down")
    for flag, unit, default, meaning in (
        *((f"--{s}-o", "mM", mM, f"{s} in the bath") for s, mM in (("K", 5.0), ("Na", 150.0), ("Cl", 120.0))),
        *((f"--{s}-i", "mM", mM, f"{s} inside") for s, mM in (("K", 140.0), ("Na", 15.0), ("Cl", 10.0))),
        *((f"--P-{s}", "RATIO", p, f"P_{s}/P_K") for s, p in (("Na", 0.04), ("Cl", 0.45))),
        ("--temperature", "C", 37.0, "°C"),
        ("--cool", "C", 10.0, "cool by so many °C"),
        ("--Q10-pump", "Q10", 2.3, "of the pump's current"),
        ("--Q10-leak", "Q10", 1.4, "of P_K"),
        ("--P-K", "CM_S", 1e-6, "P_K in cm/s, the clock of the run-down"),
        ("--diameter", "UM", 20.0, "of a round cell, µm"),
    ):
        explain.add_argument(
            flag, type=number(), default=default, metavar=unit, help=f"{meaning} (default: {default:g})"
        )
    explain.add_argument(
        "--pump", type=number(), metavar="mV", help="what the pump adds (default: 3:2 balance with the leaks)"
    )
    explain.add_argument("--plot", metavar="FILE", help="draw the parts and the run-down into a PNG, PDF or SVG")
    explain.add_argument("--force", action="store_true", help="replace a picture that vrest drew")

    commands.add_parser("laws", help="the membrane laws there are")
    priors = commands.add_parser("priors", help="a law's parameters with their priors, and where those come from")
    add_setting_flags(priors, MODEL)
    commands.add_parser("datasets", help="the data sets that come with vrest")

    solutions = commands.add_parser("solutions", help="recipes as weighed: ions, osmolarity, junction potentials")
    solutions.add_argument("file", metavar="FILE", help="TOML file of recipes, salts in mM: [control] NaCl = 140 …")
    solutions.add_argument("--pipette", metavar="NAME", help="junction potential of each bath against this solution")
    solutions.add_argument("--temperature", type=number(-2, 50), default=22.0, metavar="C", help="in °C (default: 22)")
    _file_options(solutions, None)

    importing = commands.add_parser("import", help="resting potentials out of ABF, NWB and other recordings")
    importing.add_argument("files", nargs="+", metavar="FILES", help="recordings, or folders of them")
    importing.add_argument("--solution", metavar="NAME", help="the bath, for the column solution")
    importing.add_argument(
        "--temperature", type=number(-2, 50), metavar="C", help="in °C, where a file has no such channel"
    )
    importing.add_argument("--channel", metavar="N", help="number (from 0) or name, instead of the one that fits")
    importing.add_argument("--ljp", type=junction, metavar="WHAT", help="compute, corrected, or mV to subtract")
    _file_options(importing, "recordings.csv")
    return top


def _worker_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--workers", type=whole(1, 10_000), default=1, metavar="N", help="processes here (default: 1)")
    command.add_argument("--scheduler", metavar="ADDRESS", help="a dask cluster instead, as in tcp://node1:8786")


def _file_options(command: argparse.ArgumentParser, default: str | None) -> None:
    command.add_argument("--out", metavar="FILE", default=default, help=f"CSV to write (default: {default or 'none'})")
    command.add_argument("--force", action="store_true", help="replace a file that exists")


def _data_options(command: argparse.ArgumentParser, plan: bool = False, *groups: str) -> None:
    command.add_argument(
        "data",
        nargs="?",
        metavar="PLAN" if plan else "DATA",
        help="a CSV table, a saved fit.nc or a bundled set (default: the configuration's)"
        + ("; V_m_mV is not needed and not used" if plan else ""),
    )
    add_setting_flags(command, TABLE, MODEL, *groups)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the status to exit with."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")  # µ and ° on every system
    try:
        options = parser().parse_args(arguments)
    except UsageError as error:
        command, sentence = error.args
        print(f"{command}: {sentence} ({command} --help shows what can be typed.)", file=sys.stderr)
        return 2

    from . import bench, commands, truth
    from .models.errors import VrestError, VrestWarning, spoken

    def show(message, category, *where, **more):
        if issubclass(category, VrestWarning):
            print(f"warning: {message}", file=sys.stderr)
        else:
            ordinary(message, category, *where, **more)

    with warnings.catch_warnings():
        ordinary = warnings.showwarning
        warnings.showwarning = show
        warnings.simplefilter("always", VrestWarning)
        told = spoken.set(as_flag)
        try:
            apart = {**bench.COMMANDS, **truth.COMMANDS}
            return (apart.get(options.command) or getattr(commands, options.command))(options)
        except VrestError as error:
            print(f"vrest {options.command}: {error}" if "\n" not in str(error) else error, file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("stopped; nothing was written", file=sys.stderr)
            return 130
        except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
            sys.stderr.close()
            return 0
        finally:
            spoken.reset(told)


if __name__ == "__main__":
    sys.exit(main())
