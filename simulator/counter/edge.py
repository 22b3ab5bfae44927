"""The edge of the counter's page: who may ask, how a body is read, how a refusal is said. Law: strict at the edge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

T = TypeVar("T", bound=msgspec.Struct)
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
POLICY = b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = (
    (b"content-security-policy", POLICY),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
LONGEST_BODY = 65_536
HTTP_PORT = 80  # the one that a Host header may leave out


class Refused(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


def sentence(handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A refusal as its status and sentence."""

    async def handled(request: Request) -> Response:
        try:
            return await handle(request)
        except Refused as refusal:
            return JSONResponse({"error": refusal.sentence}, refusal.status)

    return handled


async def body_of(request: Request, kind: type[T]) -> T:
    """Raises Refused: 413 too long, 400 not what is asked for."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LONGEST_BODY:
            raise Refused(413, "that is too long")
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise Refused(400, f"the body is not what is asked for: {error}") from None


def done() -> Response:
    """It was done."""
    return JSONResponse({"ok": True})


class Loopback:
    """Turns away foreign hosts and origins, and adds the headers of a closed page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *HEADERS]}
            await send(message)

        if not _is_local(dict(scope["headers"]), scope["server"][1]):
            refusal = JSONResponse({"error": "the counter answers to pages of this machine only"}, 403)
            await refusal(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)


def _is_local(headers: dict[bytes, bytes], port: int) -> bool:
    """Whether Host is one of our own names at our own port, and Origin, where a browser sends it, is our page."""
    host = headers.get(b"host", b"").decode("latin-1")
    origin = headers.get(b"origin", b"").decode("latin-1")
    ours = {f"{name}:{port}" for name in LOCAL_NAMES} | (LOCAL_NAMES if port == HTTP_PORT else frozenset())
    return host in ours and origin in ("", f"http://{host}")
