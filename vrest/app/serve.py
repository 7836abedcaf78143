"""Starts the server on this machine alone, opens the page, and ends with Ctrl-C or when the page has long been closed."""

import asyncio
import secrets
import socket
import webbrowser
from contextlib import suppress
from pathlib import Path

import uvicorn

from ..models.errors import ConfigurationError
from ..shared import say
from .guard import Guard
from .server import App

HOST = "127.0.0.1"
_LOOK_s = 5.0  # between two looks whether anybody is still there


def serve(root: Path, port: int = 0, browser: bool = True) -> None:
    """Serve until Ctrl-C, or until no page has been open for a while.

    Parameters
    ----------
    root : the folder in which every file is written; made where it is not there.
    port : of 127.0.0.1; 0 takes a free one. browser : whether to open the page.
    """
    app = App(root)
    try:
        listening = socket.create_server((HOST, port))
    except OSError as error:
        raise ConfigurationError(f"--port {port}: {error.strerror}; leave it out, and a free one is taken.") from None
    with listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer's end waits 40 ms for an ACK
        token = secrets.token_urlsafe(24)
        address = f"http://{HOST}:{listening.getsockname()[1]}/?token={token}"
        guarded = Guard(app.starlette(), listening.getsockname()[1], token)
        config = uvicorn.Config(guarded, log_level="warning", access_log=False, server_header=False, ws="none")
        print(address, flush=True)
        say(f"Tables and results are in {app.analyses.root}. Ctrl-C ends.")
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(app, uvicorn.Server(config), listening, address if browser else ""))
    say("vrest app has ended; what was done is kept.")


async def _serve(app: App, server: uvicorn.Server, listening: socket.socket, address: str) -> None:
    """The server, its worker warm, until it ends or nobody is there."""
    await app.desk.start()
    serving = asyncio.create_task(server.serve([listening]))
    if address:
        await asyncio.to_thread(webbrowser.open, address)
    while not serving.done():
        await asyncio.wait([serving], timeout=_LOOK_s)
        server.should_exit |= app.idle()
    await app.jobs.cancel()
    app.desk.stop()
    await serving
