"""The counter's page and its small HTTP interface (docs/counter.md). Law: loopback only, strict at the edge.

A wrong body is 400, an unknown name 404, what this device cannot do 409: always with a sentence in JSON. A foreign Host
or Origin is 403: no page from elsewhere may press keys here.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.counter.desk import CounterDesk
from terminal.events import KEYS

T = TypeVar("T", bound=msgspec.Struct)
STATIC = Path(__file__).parent / "static"
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
LONGEST_BODY, MOST_POINTS = 65_536, 2_000
Pixel = Annotated[int, msgspec.Meta(ge=0, le=4_095)]  # no screen of ours is larger
HTTP_PORT = 80  # the one that a Host header may leave out
BEAT = 15.0  # seconds between signs of life to the page


class KeyBody(msgspec.Struct, forbid_unknown_fields=True):
    key: str


class CardBody(msgspec.Struct, forbid_unknown_fields=True):
    insert: str = ""
    swipe: str = ""
    tap: str = ""
    remove: bool = False


class TouchBody(msgspec.Struct, forbid_unknown_fields=True):
    stroke: list[tuple[Pixel, Pixel]]


class StateBody(msgspec.Struct, forbid_unknown_fields=True):
    state: str


class PowerBody(msgspec.Struct, forbid_unknown_fields=True):
    cut: bool


class Refused(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


def counter_app(desk: CounterDesk) -> ASGIApp:
    """The ASGI application of one counter."""
    web = _Web(desk)
    routes = [
        Route("/", web.page),
        Route("/api/screen", web.screen),
        Route("/api/screen.png", web.screen_png),
        Route("/api/key", _sentence(web.key), methods=["POST"]),
        Route("/api/cards", web.cards),
        Route("/api/card", _sentence(web.card), methods=["POST"]),
        Route("/api/touch", _sentence(web.touch), methods=["POST"]),
        Route("/api/paper", web.paper),
        Route("/api/line", _sentence(web.line), methods=["POST"]),
        Route("/api/printer", _sentence(web.printer), methods=["POST"]),
        Route("/api/ledger", web.ledger),
        Route("/api/power", _sentence(web.power), methods=["POST"]),
        Route("/api/facts", web.facts),
        Route("/api/events", web.events),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return _Loopback(Starlette(routes=routes))


class _Web:
    def __init__(self, desk: CounterDesk) -> None:
        self._desk = desk

    async def page(self, _: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    async def screen(self, _: Request) -> Response:
        return JSONResponse(self._desk.screen())

    async def screen_png(self, _: Request) -> Response:
        return Response(self._desk.screen_png(), media_type="image/png")

    async def key(self, request: Request) -> Response:
        body = await _body(request, KeyBody)
        if body.key not in KEYS:
            raise Refused(404, f"there is no such key; the keys are {' '.join(KEYS)}")
        self._desk.press(body.key)
        return _done()

    async def cards(self, _: Request) -> Response:
        return JSONResponse(self._desk.cards())

    async def card(self, request: Request) -> Response:
        body = await _body(request, CardBody)
        wanted = [name for name in ("insert", "swipe", "tap", "remove") if getattr(body, name)]
        if len(wanted) != 1:
            raise Refused(400, "say one of insert, swipe, tap (with a card's id) or remove")
        if body.tap:
            raise Refused(409, "this terminal has no contactless reader: insert or swipe the card")
        if body.remove:
            await self._desk.remove()
            return _done()
        await self._present(body.insert, body.swipe)
        return _done()

    async def _present(self, insert: str, swipe: str) -> None:
        ways = {card["id"]: card["kinds"] for card in self._desk.cards()}
        way = "insert" if insert else "swipe"
        if (insert or swipe) not in ways:
            raise Refused(404, "there is no such card in the tray; see /api/cards")
        if way not in ways[insert or swipe]:
            raise Refused(409, f"this card cannot be presented by {way}")
        if insert:
            await self._desk.insert(insert)
        else:
            await self._desk.swipe(swipe)

    async def touch(self, request: Request) -> Response:
        body = await _body(request, TouchBody)
        if not 1 <= len(body.stroke) <= MOST_POINTS:
            raise Refused(400, f"a stroke has 1 to {MOST_POINTS} points")
        self._desk.touch(body.stroke)
        return _done()

    async def paper(self, _: Request) -> Response:
        papers = self._desk.papers()
        return JSONResponse(
            [{"text": paper["text"], "png": base64.b64encode(paper["png"]).decode()} for paper in papers]
        )

    async def line(self, request: Request) -> Response:
        return await self._set(request, self._desk.set_line)

    async def printer(self, request: Request) -> Response:
        return await self._set(request, self._desk.set_printer)

    async def _set(self, request: Request, setter: Callable[[str], None]) -> Response:
        body = await _body(request, StateBody)
        try:
            setter(body.state)
        except ValueError as error:
            raise Refused(404, f"there is no such state: {error}") from None
        return _done()

    async def ledger(self, _: Request) -> Response:
        return JSONResponse(self._desk.ledger())

    async def power(self, request: Request) -> Response:
        body = await _body(request, PowerBody)
        if not body.cut:
            raise Refused(400, 'say {"cut": true}')
        await self._desk.power_cut()
        return _done()

    async def facts(self, _: Request) -> Response:
        return JSONResponse(self._desk.facts())

    async def events(self, request: Request) -> Response:
        """Server-sent: the serial of the newest screen, whenever it changes."""

        async def told() -> AsyncIterator[str]:
            serial = -1
            while not await request.is_disconnected():
                newest = await self._desk.changed(serial, BEAT) if serial >= 0 else self._desk.serial
                yield f"event: screen\ndata: {newest}\n\n" if newest != serial else ": still here\n\n"
                serial = newest

        return StreamingResponse(told(), media_type="text/event-stream")


def _sentence(handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A refusal as its status and sentence."""

    async def handled(request: Request) -> Response:
        try:
            return await handle(request)
        except Refused as refusal:
            return JSONResponse({"error": refusal.sentence}, refusal.status)

    return handled


async def _body(request: Request, kind: type[T]) -> T:
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LONGEST_BODY:
            raise Refused(413, "that is too long")
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise Refused(400, f"the body is not what is asked for: {error}") from None


def _done() -> Response:
    return JSONResponse({"ok": True})


class _Loopback:
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
