"""What is shown of long work, where, and that quick work shows nothing."""

import io
import itertools

import pytest

from vrest.fitting.sampling import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("seconds_a_step", "shown"), [(2.0, True), (0.01, False)])
def test_a_terminal_shows_steps_that_take_more_than_a_second(seconds_a_step, shown, monkeypatch):
    clock = itertools.count(step=seconds_a_step)
    monkeypatch.setattr("tqdm.std.time", lambda: next(clock))
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    assert list(progress.one_by_one(lambda: "abc", "variations", progress.shown())) == ["a", "b", "c"]
    assert ("2 of 3 variations" in terminal.getvalue()) == shown
    assert (terminal.getvalue() != "") == shown


def test_nothing_is_shown_in_a_pipe_or_where_nobody_asks(monkeypatch):
    clock = itertools.count(step=5.0)
    monkeypatch.setattr("tqdm.std.time", lambda: next(clock))
    monkeypatch.setattr("sys.stderr", pipe := io.StringIO())
    assert list(progress.one_by_one(lambda: range(3), "variations", progress.shown())) == [0, 1, 2]
    assert pipe.getvalue() == ""
    told = []
    monkeypatch.setattr(progress, "listener", lambda *step: told.append(step))
    assert list(progress.one_by_one(lambda: range(2), "variations", False)) == [0, 1]
    progress.Progress(2, show=False).step()
    assert told == []
    list(progress.one_by_one(lambda: range(2), "variations", True))
    assert told == [(1, 2, "variations"), (2, 2, "variations")]
