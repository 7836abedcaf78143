"""A command of vrest as a process of its own, which tells how far it is and ends with whoever started it.

Run as `python -m vrest.app.job fit DATA …`: the very `vrest fit DATA …`, with progress as lines on standard error.
"""

import _thread
import json
import os
import sys
import threading
import time

MARK = "\x1eprogress "
"""Opens a line of progress: `{"done": …, "of": …, "what": …}`."""
GRACE_s = 5.0
"""How long a command may take to clean up when it is told to stop."""
FORCED = 131
"""Status of a command that took longer, and was ended without a word."""


def _tell(done: int, of: int, what: str) -> None:
    print(MARK + json.dumps({"done": done, "of": of, "what": what}), file=sys.stderr, flush=True)


def end_with_parent() -> None:
    """Stop as by Ctrl-C once standard input closes: the parent cancelled, or is gone."""
    while os.read(0, 4096):
        pass
    _thread.interrupt_main()
    time.sleep(GRACE_s)
    os._exit(FORCED)


def main() -> None:
    from ..fitting.sampling import progress
    from ..start import process

    progress.listener = _tell
    threading.Thread(target=end_with_parent, daemon=True).start()
    process()


if __name__ == "__main__":
    main()
