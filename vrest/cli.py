"""The command line: finds the command that is typed, and turns whatever a person caused into a sentence and a status."""

import _thread
import argparse
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress
from functools import partial
from importlib.metadata import version
from typing import Any

from .commands import COMMANDS, module_of
from .flags import as_flag
from .models.errors import RepairWarning, VrestError, VrestWarning, nearest, spoken

STATUS = "Status: 0 results usable, 1 a bug, 2 bad input or usage, 3 sampling failed its checks (results written and marked)."


class UsageError(Exception):
    """What was typed is no command."""


class _Stream:
    """A standard stream whose failures say which one failed."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream, self.name = stream, name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        return self._do(self._stream.write, text)

    def flush(self) -> None:
        self._do(self._stream.flush)

    def _do(self, what: Callable, *more: str) -> Any:
        try:
            return what(*more)
        except OSError as error:
            error.filename = self.name
            raise


class _Stops:
    """Makes Ctrl-C and a request to end the same exception, so that either leaves nothing behind; `status` says which.

    Where it is raised in what native code or a destructor calls, Python lets it go; it is raised once more, elsewhere.
    """

    status = 0

    def __enter__(self) -> None:
        self._before, self._unraisable = {}, sys.unraisablehook
        sys.unraisablehook = self._let_go
        if threading.current_thread() is threading.main_thread():
            signals = (n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) is not signal.SIG_IGN)
            self._before = {n: signal.signal(n, self._stop) for n in signals}

    def _stop(self, number: int, frame: Any) -> None:
        self.status = 128 + number
        raise KeyboardInterrupt

    def _let_go(self, what: Any) -> None:
        if self.status and issubclass(what.exc_type, KeyboardInterrupt):
            main = threading.main_thread().ident or 0  # it runs
            again = partial(signal.pthread_kill, main) if hasattr(signal, "pthread_kill") else _thread.interrupt_main
            threading.Timer(0.01, again, [self.status - 128]).start()
        else:
            self._unraisable(what)

    def __exit__(self, *error: object) -> None:
        sys.unraisablehook = self._unraisable
        for number, handler in self._before.items():
            signal.signal(number, handler)


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are printed as all others are, and name the flag that was probably meant."""

    flags: tuple[str, ...] = ()

    def add_argument(self, *names: Any, **more: Any) -> argparse.Action:
        self.flags += names
        return super().add_argument(*names, **more)

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """The options typed; UsageError where they cannot be read."""
        options, unknown = self.parse_known_args(arguments)
        if unknown and unknown[0].startswith("-"):
            near = nearest(unknown[0].partition("=")[0], self.flags)
            self.error(f"{unknown[0]}: there is no such flag.{near}")
        if unknown:
            self.error(f"{unknown[0]}: there is no such argument.")
        return options

    def print_help(self, file: Any = None) -> None:
        print(self.format_help(), end="", flush=True)  # argparse's own passes over a full disk

    def error(self, message: str):
        raise UsageError(message.removeprefix("argument "))


def parser_of(command: str) -> Parser:
    """What can be typed after a command."""
    parser = Parser(prog=f"vrest {command}", description=f"{COMMANDS[command]}.", epilog=STATUS, allow_abbrev=False)
    parser.set_defaults(command=command)
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
            stream.reconfigure(
                encoding="utf-8", errors="backslashreplace"
            )  # µ and ° on every system; names that are no text
    command, *rest = list(sys.argv[1:] if arguments is None else arguments) or [""]
    name = f"vrest {command}" if command in COMMANDS else "vrest"
    output: Any = _Stream(sys.stdout, "standard output")
    token = spoken.set(as_flag)
    stops = _Stops()
    try:
        with stops, redirect_stdout(output), warnings.catch_warnings():
            warnings.showwarning = partial(_show, warnings.showwarning)
            warnings.simplefilter("always", VrestWarning)
            status = _run(command, rest)
            output.flush()
            return status
    except UsageError as error:
        return _end(2, f"{name}: {error} ({name} --help shows what can be typed.)")
    except VrestError as error:
        return _end(2, f"{name}: {error}" if "\n" not in str(error) else str(error))
    except KeyboardInterrupt as stop:
        return _end(stops.status or 130, _stopped(getattr(stop, "__notes__", [])))
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        _give_up(sys.stdout)
        return 0
    except OSError as error:
        if error.filename == output.name:
            _give_up(sys.stdout)
        reason = error.strerror or str(error).splitlines()[0]
        where = f"{error.filename}: " if error.filename else ""
        return _end(2, " ".join([f"{name}: {where}{reason}.", *getattr(error, "__notes__", [])]))
    except Exception:
        if not stops.status:
            raise
        return _end(stops.status, _stopped([]))  # what a library makes of Ctrl-C in the middle of an import, say
    finally:
        spoken.reset(token)


def _run(command: str, rest: list[str]) -> int:
    if command in ("-h", "--help", "--version"):
        print(f"vrest {version('vrest')}" if command == "--version" else overview().format_help().rstrip())
        return 0
    if command not in COMMANDS:
        what = f"there is no command {command!r}.{nearest(command, COMMANDS)}" if command else "say what to do."
        raise UsageError(f"{what} Commands: {', '.join(COMMANDS)}.")
    options = parser_of(command).parse(rest)
    try:
        return module_of(command).run(options)
    except VrestError as error:
        file = getattr(options, "config", None)
        if file and error.setting and getattr(options, error.setting, None) is None:  # no flag: the file holds it
            raise type(error)(f"{os.path.basename(file)}: {error}") from error
        raise


def _show(ordinary: Callable, message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """Print a warning that is meant for the user as a sentence, and any other as Python does."""
    if issubclass(category, VrestWarning):
        print(f"{'repaired' if category is RepairWarning else 'warning'}: {message}", file=sys.stderr)
    else:
        ordinary(message, category, *where, **more)


def _end(status: int, sentence: str) -> int:
    """The status, after a sentence to standard error where that is possible."""
    try:
        print(sentence, file=sys.stderr, flush=True)
    except OSError:
        _give_up(sys.stderr)
    return status


def _stopped(notes: Sequence[str]) -> str:
    from .fitting.results.outputs import finished

    done = [f"{', '.join(finished)} was written before"] if finished else notes or ["nothing was written"]
    return f"stopped; {' '.join(done)}."


def _give_up(stream: Any) -> None:
    """Let what is left of a stream go nowhere: Python would try once more at the end, and complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
