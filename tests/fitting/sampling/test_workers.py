"""Independent tasks: done once each, whoever dies on the way."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

import vrest
from vrest.fitting.sampling import workers
from vrest.fitting.sampling.workers import ATTEMPTS, WorkerError, Workers, run_tasks
from vrest.models.errors import ConfigurationError


def square(x: int) -> int:
    return x * x


def die_once(x: int, marks: str) -> int:
    """The first process to come to number 3 dies of it."""
    mark = Path(marks) / "died"
    if x == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def die(x: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return x


def collect(function, tasks, where) -> dict:
    landed = {}
    run_tasks(function, tasks, where, lambda k, result: landed.setdefault(k, result))
    return landed


@pytest.mark.parametrize("number", [1, 2])
def test_every_task_is_done(number):
    assert collect(square, {k: (k,) for k in range(9)}, Workers(number)) == {k: k * k for k in range(9)}


@pytest.mark.thorough
def test_a_worker_that_dies_is_replaced_and_its_task_done_again(tmp_path):
    tasks = {k: (k, str(tmp_path)) for k in range(8)}
    assert collect(die_once, tasks, Workers(2)) == {k: k * k for k in range(8)}
    assert (tmp_path / "died").exists()


@pytest.mark.thorough
def test_workers_that_always_die_end_the_run():
    with pytest.raises(WorkerError, match=f"died {ATTEMPTS} times in a row"):
        collect(die, {0: (0,), 1: (1,)}, Workers(2))


def test_an_error_of_the_task_is_raised():
    with pytest.raises(TypeError):
        collect(square, {0: ("text",)}, Workers())


def test_no_workers_is_refused():
    with pytest.raises(ConfigurationError, match="workers=0"):
        Workers(0)


def test_both_kinds_of_executor_are_of_one_interface():
    with Workers(2).executor() as (executor, capacity):
        assert isinstance(executor, ProcessPoolExecutor)
        assert capacity() == 2


@pytest.fixture
def cluster(tmp_path):
    """A dask scheduler and two worker processes, as on a cluster; its address and the workers."""
    pytest.importorskip("distributed")
    dask, log = [sys.executable, "-m", "distributed.cli.dask_scheduler"], (tmp_path / "log").open("wb")
    address_file = tmp_path / "scheduler.json"
    options = ["--scheduler-file", str(address_file)]
    scheduler = subprocess.Popen(
        [*dask, *options, "--port", "0", "--no-dashboard", "--host", "127.0.0.1"], stdout=log, stderr=log
    )
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", *options, "--nthreads", "1", "--no-dashboard"]
    worker += ["--no-nanny", "--local-directory", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    processes = [subprocess.Popen(worker, stdout=log, stderr=log, env=environment) for _ in range(2)]
    deadline = time.monotonic() + 60
    while not address_file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    yield json.loads(address_file.read_text())["address"], scheduler, processes
    for process in (*processes, scheduler):
        process.kill()
        process.wait()
    log.close()


LOSES_ITS_SCHEDULER = """
import os, sys, time
from vrest.fitting.sampling.workers import WorkerError, Workers, run_tasks
try:
    run_tasks(time.sleep, {k: (0.2,) for k in range(9)}, Workers(scheduler=sys.argv[1]), lambda *_: os.kill(int(sys.argv[2]), 9))
except WorkerError as error:
    print(error, file=sys.stderr)
"""


def slow_square(x: int) -> int:
    time.sleep(0.2)
    return x * x


@pytest.mark.thorough
def test_a_cluster_does_the_same_survives_the_death_of_a_worker_and_not_that_of_its_scheduler(cluster):
    address, scheduler, processes = cluster
    landed = {}

    def land(k, result):
        landed[k] = result
        if len(landed) == 2:
            processes[0].kill()

    run_tasks(slow_square, {k: (k,) for k in range(12)}, Workers(scheduler=address), land)
    assert landed == {k: k * k for k in range(12)}
    ended = [sys.executable, "-c", LOSES_ITS_SCHEDULER, address, str(scheduler.pid)]
    said = subprocess.run(ended, capture_output=True, text=True, check=True).stderr
    assert said.startswith(f'scheduler="{address}": it ended during the run. What is finished is kept')
    assert len(said.splitlines()) == 1, "dask's tracebacks are no answer"


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "ANSWER_s", 1)
    with pytest.raises(ConfigurationError, match=r"tcp://127\.0\.0\.1:9.?: no dask"):
        collect(square, {0: (0,)}, Workers(scheduler="tcp://127.0.0.1:9"))


def test_the_script_for_clusters_compiles_without_what_it_needs_there():
    path = Path(__file__).parents[3] / "notebooks/recover_on_slurm.py"
    names = runpy.run_path(str(path), run_name="not main")
    assert names["LAW"] in vrest.LAWS


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]  # one that nobody waits for has ended
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads Linux's list of processes")
@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_workers_end_with_the_process_that_began_them(how, tmp_path):
    pids = tmp_path / "pids"
    script = Path(__file__).with_name("sleepers.py")
    parent = subprocess.Popen(
        [sys.executable, str(script), str(pids)], stderr=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    deadline = time.monotonic() + 60
    while not pids.exists() or len(pids.read_text().split()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    workers = [int(pid) for pid in pids.read_text().split()]
    assert all(map(is_alive, workers))
    parent.send_signal(getattr(signal, how))
    parent.wait(20)
    while any(map(is_alive, workers)):
        assert time.monotonic() < deadline, "a worker lives on"
        time.sleep(0.05)
    parent.stderr.close()
