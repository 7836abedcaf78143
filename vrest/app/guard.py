"""Who may ask: the page that this server sent, on this machine, and nobody else."""

import hmac
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 50 * 2**20
"""Of a request, hence of an uploaded table."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load: its own files, and nothing from another host."""
_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


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
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = self._refusal(scope, headers)
        if answer is not None:
            await answer(scope, receive, send)
            return
        await self._app(scope, _bounded(receive), _with_headers(send))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> ASGIApp | None:
        """What is answered in the application's place, if anything."""
        if headers.get("host") not in self._hosts:
            return _refused(403, "This address is not this page's: use the one that vrest app printed.")
        if "origin" in headers and headers["origin"] not in {f"http://{host}" for host in self._hosts}:
            return _refused(403, "Another page asked; only this server's own page may.")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return _refused(403, "Another page asked; only this server's own page may.")
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] == "GET" and scope["path"] == "/" and self._is_token(given):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            return answer
        kept = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        if not self._is_token(kept.value if kept else ""):
            return _refused(401, "Open the address that vrest app printed, with its token.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return _refused(413, too_long())
        return None

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


def too_long() -> str:
    """The sentence for an upload beyond the bound."""
    return f"More than {MOST_BYTES // 2**20} MB: a table of resting potentials is smaller; give one measured potential a row."


def _refused(status: int, sentence: str) -> ASGIApp:
    return PlainTextResponse(sentence, status, {n.decode(): v.decode() for n, v in _HEADERS})


def _bounded(receive: Receive) -> Receive:
    """What is received, up to the bound, whatever length was announced."""
    total = 0

    async def bounded() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MOST_BYTES:
            raise HTTPException(413, too_long())
        return message

    return bounded


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *((n, v) for n, v in _HEADERS if n not in own)]
        await send(message)

    return with_headers
