"""How far long work has come: a bar on a terminal or in a notebook, numbers for a listener, nothing in a pipe."""

import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import Any

listener: Callable[[int, int, str], None] | None = None
"""What is told, in place of a bar: how many are done, of how many, of what."""


def shown() -> bool:
    """Whether there is somebody to see a bar."""
    return (
        listener is not None
        or sys.stderr.isatty()
        or ("ipykernel" in sys.modules and find_spec("ipywidgets") is not None)
    )


class Progress:
    """Steps done of a total, and how long the rest will take; of steps that differ much in time only how long they took."""

    def __init__(
        self,
        total: int,
        done: int = 0,
        what: str = "fits",
        even: bool = True,
        show: bool | None = None,
        delay_s: float = 0,
    ):
        self._bar: Any = None
        self._done, self._total, self._what = done, total, what
        self._listener = None if show is False else listener
        if listener is None and (shown() if show is None else show):
            from tqdm.auto import tqdm

            times = "{elapsed}<{remaining}" if even else "{elapsed}"
            form = "{percentage:3.0f}%|{bar:30}| {n_fmt} of {total_fmt} {unit}, " + times + "{postfix}"
            self._bar = tqdm(
                total=total, initial=done, unit=what, bar_format=form, file=sys.stderr, leave=even, delay=delay_s
            )

    def step(self) -> None:
        self.to(self._done + 1)

    def to(self, done: int, remark: str = "") -> None:
        """So many steps are done."""
        if self._bar is not None:
            self._bar.set_postfix_str(remark, refresh=False)
            self._bar.update(done - self._done)
        if self._listener is not None:
            self._listener(done, self._total, self._what)
        self._done = done

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def one_by_one[Step](steps: Callable[[], Iterable[Step]], what: str, show: bool) -> Iterator[Step]:
    """Steps that differ much in time, shown as they are done where they take more than a second.

    They are made twice, where they are shown: once to be counted, since all at a time may not fit into memory.
    """
    if not show:
        yield from steps()
        return
    progress = Progress(sum(1 for _ in steps()), what=what, even=False, show=show, delay_s=1)
    try:
        for step in steps():
            yield step
            progress.step()
    finally:
        progress.close()
