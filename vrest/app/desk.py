"""The worker that reads tables and computes, kept warm beside the server; the server itself loads nothing heavy."""

import asyncio
import json
import sys
from typing import Any

from ..models.errors import ConfigurationError

_LONGEST = 2**30  # bytes of an answer, which is one line


class Desk:
    """Asks the worker one thing at a time; a worker that died is replaced, and that is said."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def start(self) -> asyncio.subprocess.Process:
        """Start the worker where none lives."""
        if self._process is None or self._process.returncode is not None:
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", f"{__package__}.worker", stdin=pipe, stdout=pipe, limit=_LONGEST
            )
        return self._process

    async def ask(self, what: str, **given: Any) -> dict[str, Any]:
        """The worker's answer."""
        async with self._lock:
            process = await self.start()
            assert process.stdin is not None, "piped"
            assert process.stdout is not None, "piped"
            try:
                process.stdin.write(json.dumps({"do": what, **given}).encode() + b"\n")
                await process.stdin.drain()
                return json.loads(await process.stdout.readuntil())
            except asyncio.CancelledError:
                process.kill()  # its answer would be taken for that to the next question
                raise
            except (asyncio.IncompleteReadError, ConnectionError):
                status = await process.wait()
                why = f"signal {-status}" if status < 0 else f"status {status}; the terminal of vrest app says more"
                raise ConfigurationError(f"The process that reads and computes ended ({why}). Try again.") from None

    def stop(self) -> None:
        """Let the worker end: it does when its input closes."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
