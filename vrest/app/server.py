"""The server: what it answers under which address. What computes is the worker's, what fits is a process of its own."""

import asyncio
import io
import json
import re
import secrets
import time
import zipfile
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from ..models.errors import ConfigurationError, VrestError
from . import page
from .analyses import STATE, Analyses, Analysis, free, write_whole
from .asking import MORE, SAMPLED, command, typed_flag, typed_settings
from .desk import Desk
from .jobs import Jobs, runs_of

IDLE_s = 15 * 60
"""How long after the last page was closed the server ends."""
KINDS = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png",
    ".csv": "text/csv", ".json": "application/json", ".toml": "text/plain", ".pdf": "application/pdf",
}  # fmt: skip
REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""Of what a run wrote: it may show itself, and do nothing."""
HEADER = "cell,K_o_mM,Na_o_mM,Cl_o_mM,temperature_C,pump,V_m_mV\n"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_SHOWN_ERRORS = (VrestError, OSError)


class App:
    """The analyses, the worker and the runs of one server."""

    def __init__(self, root: Path) -> None:
        self.analyses, self.desk, self.jobs = Analyses(root), Desk(), Jobs()
        self.instance, self.last_seen = secrets.token_hex(4), time.monotonic()
        self._editing = asyncio.Lock()

    def idle(self) -> bool:
        """Whether nobody has asked for long, and nothing runs."""
        return self.jobs.running is None and time.monotonic() - self.last_seen > IDLE_s

    def starlette(self) -> Starlette:
        """The application, unguarded."""
        api: dict[str, Callable[..., Awaitable[Any]]] = {
            "/api/start": self.start, "/api/new": self.new, "/api/progress": self.progress, "/api/cancel": self.cancel,
            "/api/explain": self.explain, "/api/a/{id}": self.analysis, "/api/a/{id}/save": self.save,
            "/api/a/{id}/edit": self.edit, "/api/a/{id}/run": self.run, "/api/a/{id}/ask/{what}": self.ask,
        }  # fmt: skip
        return Starlette(
            routes=[
                Route("/", _page),
                Route("/page/{name}", _page),
                *(Route(path, self._answering(do), methods=["POST"]) for path, do in api.items()),
                Route("/file/{id}/{name}", self.file),
                Route("/file/{id}/{run}/{name}", self.file),
                Route("/zip/{id}/{run}", self.zip),
            ],
            exception_handlers={HTTPException: _refused, VrestError: _failed, OSError: _failed},
        )

    def _answering(self, do: Callable[..., Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            self.last_seen = time.monotonic()
            return JSONResponse({"instance": self.instance, **await do(request)})

        return answer

    async def start(self, request: Request) -> dict[str, Any]:
        """All that the page needs first."""
        known = [
            {"id": one.id, "data": one.state["original"], "changed": (one.path / STATE).stat().st_mtime}
            for one in self.analyses.all()
        ]
        offered = await self.desk.ask("offered")
        return {**offered, "folder": str(self.analyses.root), "version": version("vrest"), "analyses": known}

    async def new(self, request: Request) -> dict[str, Any]:
        """An analysis of an uploaded file, a bundled set, or an empty table."""
        kind, name = request.query_params.get("kind"), request.query_params.get("name", "")
        if kind == "file":
            content = await request.body()
            if not content:
                raise ConfigurationError(f"{name[:60]}: is empty.")
        elif kind == "set":
            content = None
            if not _NAME.fullmatch(name):
                raise ConfigurationError("There is no such bundled set.")
        else:
            name, content = "table.csv", (HEADER + "\n" * 30).encode()
        made = self.analyses.new(name, content)
        return {"id": made.id}

    async def analysis(self, request: Request) -> dict[str, Any]:
        return self._described(self._of(request))

    async def save(self, request: Request) -> dict[str, Any]:
        """Keep what is asked on the page; of the settings only those named change, and one that is empty goes."""
        one, given = self._of(request), await _json(request)
        unknown = set(given) - {"settings", "more", "plan", "original"}
        if unknown:
            raise ConfigurationError(f"{sorted(unknown)[0][:60]}: nothing of that name is kept.")
        if given.pop("original", False):
            given["data"] = one.state["original"]
        if "more" in given:
            write_whole(one.path / MORE, str(given["more"]).encode())
        if "settings" in given:
            settings = one.state["settings"] | given["settings"]
            given["settings"] = {name: value for name, value in settings.items() if value not in ("", False, None, [])}
        one.save(given)
        return self._described(one)

    async def edit(self, request: Request) -> dict[str, Any]:
        """Change cells, on a copy of the table; one edit at a time, so that two pages make one copy."""
        one, given = self._of(request), await _json(request)
        async with self._editing:
            state = one.state
            copy = state["data"]
            if copy == state["original"]:
                copy = free(one.path, f"{Path(copy).stem}-edited", ".csv")
            found = await self._asked("edit", one, changes=given["changes"], copy=copy)
            if "error" not in found:
                one.save({"data": found["data"], "settings": found["settings"]})
        return found | self._described(one)

    async def ask(self, request: Request) -> dict[str, Any]:
        """What the worker says of an analysis: table, check, plan, result, explore."""
        what = request.path_params["what"]
        if what not in ("table", "check", "plan", "result", "explore"):
            raise HTTPException(404, "There is no such question.")
        one, given = self._of(request), await _json(request)
        if "run" in given:
            given["run"] = _run(given["run"])
            return await self.desk.ask(what, folder=str(one.path), **given)
        found = await self._asked(what, one, **given)
        if "argv" in found:
            found["command"] = command(*found["argv"])
        return found

    async def explain(self, request: Request) -> dict[str, Any]:
        return await self.desk.ask("explain", **await _json(request))

    async def run(self, request: Request) -> dict[str, Any]:
        """Start a fit, or a comparison."""
        one, given = self._of(request), await _json(request)
        argv, stem = _command(one.state, given)
        name = free(one.path, re.sub(r"[^A-Za-z0-9_-]+", "-", stem)[:60])
        await self.jobs.start(one, name, [*argv, "--out", name])
        return self._described(one)

    async def progress(self, request: Request) -> dict[str, Any]:
        run = self.jobs.running
        if run is None:
            return {"running": None}
        known = {"analysis": run.analysis, "name": run.name, "command": run.argv[0]}
        return {"running": {**known, "seconds": time.time() - run.started, **self.jobs.progress}}

    async def cancel(self, request: Request) -> dict[str, Any]:
        await self.jobs.cancel()
        return {}

    async def file(self, request: Request) -> Response:
        """A file of an analysis or of one of its runs."""
        parts = [request.path_params[key] for key in ("run", "name") if key in request.path_params]
        path = self._of(request).file(*map(_run, parts))
        kept = "download" in request.query_params or path.suffix not in (".html", ".png", ".svg")
        kind, headers = KINDS.get(path.suffix, "application/octet-stream"), {"content-security-policy": REPORT_POLICY}
        return FileResponse(path, media_type=kind, headers=headers, filename=path.name if kept else None)

    async def zip(self, request: Request) -> Response:
        """A run's whole folder."""
        one, run = self._of(request), _run(request.path_params["run"])
        one.file(run, "config.toml")

        def packed() -> bytes:
            content = io.BytesIO()
            with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in sorted((one.path / run).rglob("*")):
                    if path.is_file() and not path.is_symlink():
                        archive.write(path, Path(run) / path.relative_to(one.path / run))
            return content.getvalue()

        headers = {"content-disposition": f'attachment; filename="{run}.zip"'}
        return Response(await asyncio.to_thread(packed), media_type="application/zip", headers=headers)

    def _of(self, request: Request) -> Analysis:
        self.last_seen = time.monotonic()
        return self.analyses.get(request.path_params["id"])

    async def _asked(self, what: str, one: Analysis, **given: Any) -> dict[str, Any]:
        return await self.desk.ask(what, folder=str(one.path), state=one.state, **given)

    def _described(self, one: Analysis) -> dict[str, Any]:
        """An analysis as the page has it: what was set, the command, and the runs."""
        state = one.state
        runs = [run | {"command": command(*run["argv"])} for run in runs_of(one, self.jobs.running)]
        now = command(*_command(state, {})[0])
        return {"id": one.id, "folder": str(one.path), **state, "runs": runs, "command": now}


def _command(state: dict[str, Any], given: dict[str, Any]) -> tuple[list[str], str]:
    """What is typed, and what the results folder is called."""
    settings = state["settings"]
    stem = str(settings.get("law") or "ghk-pump")
    if laws := given.get("laws"):
        of_all = {name: value for name, value in settings.items() if name != "law"}
        argv = typed_settings({**state, "settings": of_all}, *SAMPLED)
        return ["compare", *argv, *typed_flag("--laws", laws)], "laws"
    figure = typed_flag("--figure", given["figure"]) if given.get("figure") else []
    if by := given.get("by"):
        argv = typed_settings({**state, "settings": settings | {"by": by}}, *SAMPLED)
        return ["compare", *argv, *figure], f"{stem}-by-{by}"
    return ["fit", *typed_settings(state, *SAMPLED), *figure], stem


def _run(name: str) -> str:
    """The name of a run's folder or file, where it is one."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigurationError("There is no such run.")
    return name


async def _json(request: Request) -> dict[str, Any]:
    try:
        given = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        raise HTTPException(400, "What was sent is not JSON.") from None
    if not isinstance(given, dict):
        raise HTTPException(400, "What was sent is no JSON object.")
    return given


async def _page(request: Request) -> Response:
    """The page's own files."""
    name = request.path_params.get("name", "index.html")
    path = files(page) / name
    suffix = Path(name).suffix
    if not _NAME.fullmatch(name) or suffix not in (".html", ".css", ".js", ".svg") or not path.is_file():
        raise HTTPException(404, "There is no such page.")
    return Response(path.read_bytes(), media_type=KINDS[suffix])


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for these"
    return JSONResponse({"error": error.detail}, error.status_code)


async def _failed(request: Request, error: Exception) -> Response:
    """What a person can mend, as a sentence."""
    if isinstance(error, OSError):
        return JSONResponse({"error": f"{error.filename or 'The disk'}: {error.strerror or error}."}, 507)
    return JSONResponse({"error": str(error)}, 422)
