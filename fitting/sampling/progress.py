"""How far long work has come: a bar on a terminal or in a notebook, nothing in a pipe."""

import sys
from importlib.util import find_spec
from typing import Any


def shown() -> bool:
    """Whether there is somebody to see a bar."""
    return sys.stderr.isatty() or ("ipykernel" in sys.modules and find_spec("ipywidgets") is not None)


class Progress:
    """Steps done of a total, and how long the rest will take; of steps that differ much in time only how long they took."""

    def __init__(self, total: int, done: int = 0, what: str = "fits", even: bool = True, show: bool | None = None):
        self._bar: Any = None
        if shown() if show is None else show:
            from tqdm.auto import tqdm

            times = "{elapsed}<{remaining}" if even else "{elapsed}"
            form = "{percentage:3.0f}%|{bar:30}| {n_fmt} of {total_fmt} {unit}, " + times + "{postfix}"
            self._bar = tqdm(total=total, initial=done, unit=what, bar_format=form, file=sys.stderr, leave=even)

    def step(self) -> None:
        if self._bar is not None:
            self._bar.update()

    def to(self, done: int, remark: str = "") -> None:
        """So many steps are done."""
        if self._bar is not None:
            self._bar.set_postfix_str(remark, refresh=False)
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
