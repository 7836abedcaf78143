"""Who may ask: the page that this server sent, on this machine, and nobody else."""

import hmac

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 50 * 2**20
"""Of a request, hence of an uploaded table."""
TOO_LONG = (
    f"More than {MOST_BYTES // 2**20} MB: a table of resting potentials is smaller; give one measured potential a row."
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load: its own files, and nothing from another host."""
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Stands before the application: the names of hosts and origins, the token, and the length of what is sent.

    Checked before any body is read. The token comes once in the address, and is then a cookie.
    """

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        self._app, self._token, self._cookie = app, token, f"vrest-{port}"
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # a socket: the page opens none, and closing it unanswered is a refusal
            await send({"type": "websocket.close"})
            return
        answer = self._instead(Request(scope)) or self._app
        await answer(scope, _bounded(receive), _with_headers(send))

    def _instead(self, request: Request) -> ASGIApp | None:
        """What is answered in the application's place, if anything."""
        headers = request.headers
        if headers.get("host") not in self._hosts:
            return PlainTextResponse("This address is not this page's: use the one that vrest app printed.", 403)
        own_page = headers.get("origin") in (None, *(f"http://{host}" for host in self._hosts))
        if not own_page or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return PlainTextResponse("Another page asked; only this server's own page may.", 403)
        given = request.query_params.get("token", "")
        if request.method == "GET" and request.scope["path"] == "/" and self._is_token(given):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            return answer
        if not self._is_token(request.cookies.get(self._cookie, "")):
            return PlainTextResponse("Open the address that vrest app printed, with its token.", 401)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return PlainTextResponse(TOO_LONG, 413)
        return None

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


def _bounded(receive: Receive) -> Receive:
    """What is received, up to the bound, whatever length was announced."""
    total = 0

    async def bounded() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MOST_BYTES:
            raise HTTPException(413, TOO_LONG)
        return message

    return bounded


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return with_headers
