"""The command line as a process of its own. It imports little, so that Ctrl-C is answered while the rest is imported."""

import os
import signal
import sys
from contextlib import suppress


def process() -> None:
    """Run the command line, and end once all is written and said."""
    awaited = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if awaited:
        signal.signal(signal.SIGINT, _leave)
    if "--scheduler" not in sys.argv:
        sys.modules.setdefault("dask", None)  # type: ignore[arg-type]  # xarray imports it wherever it finds it: half a second
    from .cli import main

    if awaited:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    status = 130  # of Ctrl-C before the work begins
    with suppress(KeyboardInterrupt):
        status = main()
        if status > 128:  # stopped: what workers shared has to be given back
            sys.exit(status)
        with suppress(OSError, ValueError):  # the reader of a pipe may be gone, and the stream closed
            sys.stdout.flush()
            sys.stderr.flush()
    os._exit(status)  # taking an interpreter full of libraries apart takes a third of a second


def _leave(number: int, frame: object) -> None:
    """Ctrl-C before there is anything to clean up."""
    os.write(2, b"stopped; nothing was written.\n")
    os._exit(128 + number)
