"""The command line: finds the command that is typed, and turns whatever a person caused into a sentence and a status."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn, cast

from .commands import COMMANDS, module_of
from .flags import as_flag
from .models.errors import VrestError, VrestWarning, nearest, spoken

STATUS = "Status: 0 results usable, 1 a bug, 2 bad input or usage, 3 sampling failed its checks (results written and marked)."


class UsageError(Exception):
    """What was typed is no command; `args` are the command's name and the sentence."""


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are printed as all others are, and name the flag that was probably meant."""

    flags: tuple[str, ...] = ()

    def add_argument(self, *names: Any, **more: Any) -> argparse.Action:
        self.flags += names
        return super().add_argument(*names, **more)

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """The options typed; UsageError where they cannot be read."""
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            flag = unknown[0].partition("=")[0]
            near = nearest(flag, self.flags) if flag.startswith("-") else ""
            self.error(
                f"{unknown[0]}: there is no such {'flag' if near or flag.startswith('-') else 'argument'}.{near}"
            )
        return options

    def error(self, message: str):
        raise UsageError(self.prog, message.removeprefix("argument "))


def parser_of(command: str) -> Parser:
    """What can be typed after a command."""
    parser = Parser(prog=f"vrest {command}", description=f"{COMMANDS[command]}.", epilog=STATUS, allow_abbrev=False)
    module_of(command).arguments(parser)
    return parser


def overview() -> argparse.ArgumentParser:
    """The parser of `vrest` itself, which knows the commands and a line of each."""
    top = argparse.ArgumentParser(
        prog="vrest",
        description="What resting membrane potentials say about the membrane: permeability ratios, pump current, Q10.",
        epilog=STATUS,
    )
    top.add_argument("--version", action="store_true", help="print the version")
    commands = top.add_subparsers(metavar="COMMAND", title="commands")
    for name, line in COMMANDS.items():
        commands.add_parser(name, help=line, add_help=False)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the status to exit with."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")  # µ and ° on every system
    command, *rest = list(sys.argv[1:] if arguments is None else arguments) or [""]
    if command in ("-h", "--help", "--version"):
        return _about(command)
    if command not in COMMANDS:
        what = f"there is no command {command!r}.{nearest(command, COMMANDS)}" if command else "say what to do."
        print(f"vrest: {what} Commands: {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    try:
        options = parser_of(command).parse(rest)
    except UsageError as error:
        print(f"{error.args[0]}: {error.args[1]} (vrest {command} --help shows what can be typed.)", file=sys.stderr)
        return 2

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
            return module_of(command).run(options)
        except VrestError as error:
            print(f"vrest {command}: {error}" if "\n" not in str(error) else error, file=sys.stderr)
            return 2
        except KeyboardInterrupt as stop:
            print(f"stopped; {' '.join(getattr(stop, '__notes__', ['nothing was written']))}.", file=sys.stderr)
            return 130
        except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
            sys.stderr.close()
            return 0
        finally:
            spoken.reset(told)


def _about(flag: str) -> int:
    from . import __version__

    print(f"vrest {__version__}" if flag == "--version" else overview().format_help().rstrip())
    return 0


def process() -> NoReturn:
    """The command line as a process of its own, which ends once all is written and said."""
    if "--scheduler" not in sys.argv:
        sys.modules.setdefault("dask", cast(Any, None))  # xarray imports it wherever it finds it: half a second
    status = main()
    with suppress(OSError):  # the reader of a pipe may be gone
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)  # taking an interpreter full of libraries apart takes a third of a second


if __name__ == "__main__":
    process()
