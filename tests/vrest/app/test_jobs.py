"""How commands that the page starts end, and what is kept of it."""

import asyncio
import json
import os
import signal
import sys

import pytest

import vrest
from vrest.app.analyses import Analysis
from vrest.app.jobs import RUNS, Jobs, runs_of
from vrest.models.errors import ConfigurationError

BUSY = """
import os, sys, threading, time
from vrest.app import job
job.GRACE_s = 0
if sys.argv[1] == "writes": os.mkdir("run")
threading.Thread(target=job.end_with_parent, daemon=True).start()
print("busy", file=sys.stderr, flush=True)
while True:
    try: time.sleep(60)
    except KeyboardInterrupt: pass
"""
"""A command that does not end when it is told to."""


def test_a_command_that_ends_well_and_one_that_does_not_are_kept_and_one_at_a_time_runs(tmp_path):
    analysis, jobs = Analysis(tmp_path), Jobs()

    async def ran(name, *argv):
        run = await jobs.start(analysis, name, argv)
        with pytest.raises(ConfigurationError, match="Another fit is running"):
            await jobs.start(analysis, "other", ["laws"])
        assert runs_of(analysis, jobs.running)[0]["state"] == "running"
        while jobs.running:
            await asyncio.sleep(0.02)
        return run

    async def both():
        return await ran("good", "laws"), await ran("bad", "datasets", "none")

    good, bad = asyncio.run(both())
    assert (good.state, good.status, good.said) == ("done", 0, "")
    assert all(name in good.printed for name in vrest.LAWS)
    assert (bad.state, bad.status, bad.printed) == ("failed", 2, "")
    assert "none" in bad.said
    assert good.started < bad.started < good.started + 60
    assert [one["name"] for one in runs_of(analysis, None)] == ["bad", "good"]
    kept = json.loads((tmp_path / RUNS / "good.json").read_text())
    assert (kept["state"], kept["argv"], kept["seconds"]) == ("done", ["laws"], good.seconds)


def test_a_run_that_was_under_way_when_the_server_ended_was_interrupted(tmp_path):
    (tmp_path / RUNS).mkdir()
    for name in ("run", "again"):
        (tmp_path / RUNS / f"{name}.json").write_text(json.dumps({"name": name, "state": "running", "started": 1.0}))
    (tmp_path / "again").mkdir()
    (tmp_path / RUNS / "damaged.json").write_text("{")
    found = {one["name"]: one for one in runs_of(Analysis(tmp_path), None)}
    assert {one["state"] for one in found.values()} == {"interrupted"}
    assert found["run"]["said"] == "The fit ended with vrest app; nothing was written. Start it again."
    assert found["again"]["said"] == "The fit ended with vrest app; again was written before."


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9 is a POSIX notion")
@pytest.mark.parametrize(("does", "said"), [("writes", "run was written before."), ("waits", "nothing was written.")])
@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_an_end_by_force_says_by_looking_what_stands(does, said, how, tmp_path, monkeypatch):
    start = asyncio.create_subprocess_exec
    monkeypatch.setattr(
        "vrest.app.jobs.asyncio.create_subprocess_exec",
        lambda *command, **more: start(sys.executable, "-c", BUSY, does, **more),
    )
    analysis, jobs = Analysis(tmp_path), Jobs()

    async def end():
        run = await jobs.start(analysis, "run", ["fit"])
        while "busy" not in run.said:
            await asyncio.sleep(0.01)
        if how == "cancelled":
            await jobs.cancel()
        else:
            os.kill(jobs._process.pid, signal.SIGKILL)
            await jobs._watch
        return run

    run = asyncio.run(end())
    assert run.state == how
    assert said in run.said
