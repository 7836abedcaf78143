"""Runs of vrest's commands: one at a time, each a process of its own whose fate is kept beside its results."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..models.errors import ConfigurationError
from .analyses import Analysis, write_whole
from .job import FORCED, MARK, GRACE_s

RUNS = "runs"
"""Sub-folder of an analysis in which it is written how each run went."""
_MOST_SAID = 200_000


@dataclass
class Run:
    """One run of a command.

    Attributes
    ----------
    analysis, name : whose, and the results folder's name in it. argv : what follows `vrest`.
    state : `running`, `done`, `failed`, `cancelled` or `interrupted`; `status` is the process's.
    said, printed : what it wrote to standard error and output, progress left out.
    """

    analysis: str
    name: str
    argv: list[str]
    state: str = "running"
    status: int | None = None
    started: float = field(default_factory=time.time)
    seconds: float = 0.0
    said: str = ""
    printed: str = ""


def runs_of(analysis: Analysis, running: Run | None) -> list[dict[str, Any]]:
    """Every run of an analysis, the latest first; one that was under way when the server ended is `interrupted`."""
    found = []
    for path in (analysis.path / RUNS).glob("*.json"):
        try:
            one = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue  # written by something else, or damaged: its results folder is as it is
        if one["state"] == "running":
            if running is not None and (running.analysis, running.name) == (analysis.id, one["name"]):
                one = asdict(running)
            else:
                left = _left(analysis, one["name"], " Start it again.")
                one |= {"state": "interrupted", "said": f"The fit ended with vrest app; {left}"}
        found.append(one)
    return sorted(found, key=lambda one: one["started"], reverse=True)


def _left(analysis: Analysis, name: str, advice: str = "") -> str:
    """What a run that was ended by force left, by looking: its folder is put in place whole, at the very end."""
    return f"{name} was written before." if (analysis.path / name).exists() else f"nothing was written.{advice}"


class Jobs:
    """What runs now, if anything, and how far it is."""

    def __init__(self) -> None:
        self.running: Run | None = None
        self.progress: dict[str, Any] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task | None = None
        self._cancelled = False

    async def start(self, analysis: Analysis, name: str, argv: Sequence[str]) -> Run:
        """Start a command whose results go into the folder `name` of the analysis."""
        if self.running is not None:
            raise ConfigurationError("Another fit is running; wait for it, or cancel it.")
        self.running = run = Run(analysis.id, name, list(argv))
        try:
            (analysis.path / RUNS).mkdir(exist_ok=True)
            self._keep(analysis, run)
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", f"{__package__}.job", *argv, cwd=analysis.path, stdin=pipe, stdout=pipe, stderr=pipe,
                limit=2**26,  # bytes of a line
            )  # fmt: skip
        except OSError:
            self.running = None
            raise
        self.progress, self._cancelled = {}, False
        self._watch = asyncio.create_task(self._follow(self._process, analysis, run))
        return run

    async def cancel(self) -> None:
        """Stop what runs, as Ctrl-C does; returns once it has ended."""
        if self._process is None or self._watch is None or self.running is None:
            return
        self._cancelled = True
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(asyncio.shield(self._watch), GRACE_s + 2)
        except TimeoutError:
            self._process.kill()
            await self._watch

    async def _follow(self, process: asyncio.subprocess.Process, analysis: Analysis, run: Run) -> None:
        assert process.stdout is not None, "piped"
        printed, _ = await asyncio.gather(process.stdout.read(), self._listen(process, run))
        run.status, run.seconds = await process.wait(), time.time() - run.started
        run.printed = printed.decode("utf-8", "replace")[:_MOST_SAID]
        run.state = "done" if run.status in (0, 3) else "cancelled" if self._cancelled else "failed"
        if self._cancelled and (run.status < 0 or run.status == FORCED):
            run.said += f"stopped; {_left(analysis, run.name)}\n"
        elif run.status < 0:
            advice = " If memory ran out, close other programs, or ask for fewer draws. Start it again."
            left = _left(analysis, run.name, advice)
            run.said += f"The fit's process was ended from outside (signal {-run.status}); {left}\n"
        elif run.status == 1:
            run.said = "This is a fault of vrest itself, not of the table. What it said last:\n" + run.said[-2000:]
        self.running = None
        try:
            self._keep(analysis, run)
        except OSError as error:
            run.said += f"{error.filename}: {error.strerror}.\n"

    async def _listen(self, process: asyncio.subprocess.Process, run: Run) -> None:
        assert process.stderr is not None, "piped"
        async for line in process.stderr:
            text = line.decode("utf-8", "replace")
            if text.startswith(MARK):
                self.progress = json.loads(text.removeprefix(MARK)) | {"at": time.time() - run.started}
            else:
                run.said = (run.said + text)[-_MOST_SAID:]

    @staticmethod
    def _keep(analysis: Analysis, run: Run) -> None:
        write_whole(analysis.path / RUNS / f"{run.name}.json", json.dumps(asdict(run), ensure_ascii=False).encode())
