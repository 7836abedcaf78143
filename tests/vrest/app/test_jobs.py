"""What is said of a run that was ended by force: whether its results stand, which may be put in place at that moment."""

import asyncio
import json
import os
import signal
import sys

import pytest

from vrest.app.analyses import Analyses
from vrest.app.jobs import RUNS, Jobs, runs_of

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


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9 is a POSIX notion")
@pytest.mark.parametrize(("does", "said"), [("writes", "run was written before"), ("waits", "nothing was written")])
@pytest.mark.parametrize("how", ["cancelled", "killed"])
def test_an_end_by_force_says_what_stands(does, said, how, tmp_path, monkeypatch):
    start = asyncio.create_subprocess_exec
    monkeypatch.setattr(
        "vrest.app.jobs.asyncio.create_subprocess_exec",
        lambda *command, **more: start(sys.executable, "-c", BUSY, does, **more),
    )
    analysis, jobs = Analyses(tmp_path).new("crayfish_muscle", None), Jobs()

    async def end() -> str:
        run = await jobs.start(analysis, "run", ["fit"])
        while "busy" not in run.said:
            await asyncio.sleep(0.01)
        if how == "killed":
            os.kill(jobs._process.pid, signal.SIGKILL)
            await jobs._watch
        else:
            await jobs.cancel()
        return run.said

    assert said in asyncio.run(end())
    (kept,) = runs_of(analysis, None)
    assert kept["state"] == ("failed" if how == "killed" else "cancelled")
    path = analysis.path / RUNS / "run.json"
    path.write_text(json.dumps(kept | {"state": "running"}))  # as if the server had been ended at that moment
    (found,) = runs_of(analysis, None)
    assert found["state"] == "interrupted"
    assert said in found["said"]
