"""The counter's page and its small HTTP interface (docs/counter.md). Law: loopback only, strict at the edge.

A wrong body is 400, an unknown name 404, what this device cannot do 409: always with a sentence in JSON. A foreign Host
or Origin is 403: no page from elsewhere may press keys here.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from simulator.counter.bank_web import bank_routes
from simulator.counter.desk import CounterDesk
from simulator.counter.edge import Loopback, Refused, body_of, done, sentence
from simulator.counter.film_web import film_routes
from terminal.events import KEYS

STATIC = Path(__file__).parent / "static"
MOST_POINTS = 2_000
Pixel = Annotated[int, msgspec.Meta(ge=0, le=4_095)]  # no screen of ours is larger
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]  # more than any bar code holds
LONGEST_NUMBER = 6  # digits
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
    is_down: bool = False


class DeviceBody(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class LessonBody(msgspec.Struct, forbid_unknown_fields=True):
    id: str = ""
    prepare: bool = False


class ScanBody(msgspec.Struct, forbid_unknown_fields=True):
    text: Code


class StateBody(msgspec.Struct, forbid_unknown_fields=True):
    state: str


class PowerBody(msgspec.Struct, forbid_unknown_fields=True):
    cut: bool


def counter_app(desk: CounterDesk) -> ASGIApp:
    """The ASGI application of one counter."""
    web = _Web(desk)
    routes = [
        Route("/", web.page),
        Route("/api/screen", web.screen),
        Route("/api/screen.png", web.screen_png),
        Route("/api/key", sentence(web.key), methods=["POST"]),
        Route("/api/cards", web.cards),
        Route("/api/card", sentence(web.card), methods=["POST"]),
        Route("/api/touch", sentence(web.touch), methods=["POST"]),
        Route("/api/scan", sentence(web.scan), methods=["POST"]),
        Route("/api/paper", sentence(web.paper)),
        Route("/api/line", sentence(web.line), methods=["POST"]),
        Route("/api/printer", sentence(web.printer), methods=["POST"]),
        Route("/api/ledger", web.ledger),
        Route("/api/power", sentence(web.power), methods=["POST"]),
        Route("/api/facts", web.facts),
        Route("/api/events", web.events),
        Route("/api/device", sentence(web.device), methods=["POST"]),
        Route("/api/lessons", web.lessons),
        Route("/api/lesson", sentence(web.lesson), methods=["POST"]),
        *film_routes(desk),
        *bank_routes(desk.bank),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Loopback(Starlette(routes=routes))


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
        body = await body_of(request, KeyBody)
        if body.key not in KEYS:
            raise Refused(404, f"there is no such key; the keys are {' '.join(KEYS)}")
        self._desk.press(body.key)
        return done()

    async def cards(self, _: Request) -> Response:
        return JSONResponse(self._desk.cards())

    async def card(self, request: Request) -> Response:
        body = await body_of(request, CardBody)
        wanted = [name for name in ("insert", "swipe", "tap", "remove") if getattr(body, name)]
        if len(wanted) != 1:
            raise Refused(400, "say one of insert, swipe, tap (with a card's id) or remove")
        if body.remove:
            await self._desk.remove()
            return done()
        await self._present(wanted[0], getattr(body, wanted[0]))
        return done()

    async def _present(self, way: str, id: str) -> None:
        ways = {card["id"]: card["kinds"] for card in self._desk.cards()}
        if id not in ways:
            raise Refused(404, "there is no such card in the tray; see /api/cards")
        if way not in ways[id]:
            raise Refused(409, f"this card cannot be presented by {way}")
        act = {"insert": self._desk.insert, "swipe": self._desk.swipe, "tap": self._desk.tap}[way]
        try:
            await act(id)
        except ValueError as error:
            raise Refused(409, str(error)) from None

    async def touch(self, request: Request) -> Response:
        body = await body_of(request, TouchBody)
        if not 1 <= len(body.stroke) <= MOST_POINTS:
            raise Refused(400, f"a stroke has 1 to {MOST_POINTS} points")
        self._desk.touch(body.stroke, body.is_down)
        return done()

    async def device(self, request: Request) -> Response:
        body = await body_of(request, DeviceBody)
        try:
            self._desk.turn_into(body.name)
        except ValueError as error:
            raise Refused(404, str(error)) from None
        return done()

    async def lessons(self, _: Request) -> Response:
        return JSONResponse(self._desk.lessons())

    async def lesson(self, request: Request) -> Response:
        body = await body_of(request, LessonBody)
        if bool(body.id) == body.prepare:
            raise Refused(400, "say id (of a lesson) or prepare")
        try:
            if body.prepare:
                self._desk.prepare()
            else:
                await self._desk.set_up(body.id)
        except KeyError:
            raise Refused(404, "there is no such lesson; see /api/lessons") from None
        except ValueError as error:
            raise Refused(409, str(error)) from None
        return done()

    async def scan(self, request: Request) -> Response:
        body = await body_of(request, ScanBody)
        try:
            self._desk.scan(body.text)
        except ValueError as error:
            raise Refused(409, str(error)) from None
        return done()

    async def paper(self, request: Request) -> Response:
        since = request.query_params.get("since", "0")
        if not (since.isascii() and since.isdigit() and len(since) <= LONGEST_NUMBER):
            raise Refused(400, "since is how many papers are known already")
        papers = self._desk.papers()[int(since) :]
        return JSONResponse(
            [{"text": paper["text"], "png": base64.b64encode(paper["png"]).decode()} for paper in papers]
        )

    async def line(self, request: Request) -> Response:
        return await self._set(request, self._desk.set_line)

    async def printer(self, request: Request) -> Response:
        return await self._set(request, self._desk.set_printer)

    async def _set(self, request: Request, setter: Callable[[str], None]) -> Response:
        body = await body_of(request, StateBody)
        try:
            setter(body.state)
        except ValueError as error:
            raise Refused(404, f"there is no such state: {error}") from None
        return done()

    async def ledger(self, _: Request) -> Response:
        return JSONResponse(self._desk.ledger())

    async def power(self, request: Request) -> Response:
        body = await body_of(request, PowerBody)
        if not body.cut:
            raise Refused(400, 'say {"cut": true}')
        await self._desk.power_cut()
        return done()

    async def facts(self, _: Request) -> Response:
        return JSONResponse(self._desk.facts())

    async def events(self, request: Request) -> Response:
        """Server-sent: the number of the newest frame, whenever there is another one."""

        async def told() -> AsyncIterator[str]:
            frame = -1
            while not await request.is_disconnected():
                newest = await self._desk.moved(frame, BEAT) if frame >= 0 else self._desk.frame
                yield f"event: frame\ndata: {newest}\n\n" if newest != frame else ": still here\n\n"
                frame = newest

        return StreamingResponse(told(), media_type="text/event-stream")
