"""Independent tasks on one processor, several, or a cluster, by the one interface that all of them offer."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ...models.errors import ConfigurationError, VrestError, typed

ATTEMPTS = 3
"""So many deaths of workers in a row, with nothing done between them, end the run."""
ANSWER_s = 20
"""How long a scheduler may take to answer."""
_KEPT = "What is finished is kept: the same command goes on from there."


class WorkerError(VrestError):
    """Workers keep dying, or their scheduler has ended."""


@dataclass(frozen=True)
class Workers:
    """Where tasks are done.

    Attributes
    ----------
    number : processes on this machine; 1 works in this process itself.
    scheduler : address of a dask cluster's scheduler, as in `tcp://node1:8786`; it takes the place of `number`.
    """

    number: int = 1
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ConfigurationError(f"{typed('workers', self.number)}: it takes 1 or more.")

    @property
    def elsewhere(self) -> bool:
        """Whether tasks leave this process."""
        return self.number > 1 or self.scheduler is not None

    @contextmanager
    def executor(self) -> Iterator[tuple[Executor, Callable[[], int]]]:
        """An executor, and how many tasks it can work on at a time."""
        if self.scheduler is not None:
            with _without_log(), _client(self.scheduler) as client:
                from distributed.comm import CommClosedError

                try:
                    # Not pure: tasks are told apart by their number, not by what is in them.
                    yield client.get_executor(pure=False, retries=ATTEMPTS), lambda: sum(client.ncores().values()) or 1
                except (CommClosedError, CancelledError) as error:
                    raise WorkerError(
                        f"{typed('scheduler', self.scheduler)}: it ended during the run. {_KEPT}"
                    ) from error
        elif self.number == 1:
            yield _InThisProcess(), lambda: 1
        else:
            # Spawned, since a fork would copy locks that the threads of numerical libraries hold.
            context = multiprocessing.get_context("spawn")
            try:
                pool = ProcessPoolExecutor(self.number, mp_context=context, initializer=_in_worker)
            except OSError as error:
                reason = f"processes cannot share memory here (/dev/shm: {error.strerror})"
                raise ConfigurationError(f"--workers {self.number}: {reason}; leave it out.") from error
            with pool:
                with _without_interrupts():
                    pool.submit(int)  # starts all processes
                try:
                    yield pool, lambda: self.number
                except KeyboardInterrupt:
                    pool.shutdown(wait=False, cancel_futures=True)
                    for child in multiprocessing.active_children():
                        child.terminate()
                    raise


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back while processes start, which take that over: half started ones answer with a traceback."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if hasattr(signal, "pthread_sigmask") else None
    try:
        yield
    finally:
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _in_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it, whatever ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _InThisProcess(Executor):
    """Does each task at once, in this process."""

    def submit(self, fn, /, *args, **kwargs):
        future = Future[Any]()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def _without_log() -> Iterator[None]:
    """Keep the tracebacks of dask's client from the terminal: that a scheduler has ended is said here."""
    log = logging.getLogger("distributed.client")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def _client(scheduler: str):
    try:
        from dask.distributed import Client
    except ImportError as error:
        raise ConfigurationError(
            f"{typed('scheduler')} needs dask: pip install 'vrest[distributed]', here and on the cluster's workers."
        ) from error
    try:
        return Client(scheduler, timeout=ANSWER_s)
    except (OSError, ValueError, TimeoutError) as error:
        raise ConfigurationError(
            f"{typed('scheduler', scheduler)}: no dask scheduler answers there ({error}). Its log says its address, as in"
            " tcp://node1:8786."
        ) from error


def run_tasks(
    function: Callable[..., Any],
    tasks: Mapping[int, tuple],
    workers: Workers,
    land: Callable[[int, Any], None],
) -> None:
    """Do `function(*tasks[k])` for every k, and hand each result to `land(k, result)` as it comes.

    A worker that dies is replaced, and what it was working on is done again; an error of the function itself is raised.
    """
    waiting, deaths = dict(tasks), 0
    while waiting:
        try:
            with workers.executor() as (executor, capacity):
                queue, running = iter(list(waiting)), dict[Future, int]()
                while True:
                    # Two tasks a worker: one to work on, one so that it need not wait for the next.
                    while len(running) < 2 * capacity() and (k := next(queue, None)) is not None:
                        running[executor.submit(function, *waiting[k])] = k
                    if not running:
                        break
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        k = running.pop(future)
                        land(k, future.result())
                        del waiting[k]
                        deaths = 0
        except BrokenExecutor as error:
            deaths += 1
            if deaths >= ATTEMPTS:
                raise WorkerError(
                    f"workers died {ATTEMPTS} times in a row ({error}); most often memory ran out. Use fewer workers. {_KEPT}"
                ) from error


def available_cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
