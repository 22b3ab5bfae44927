"""The bank's part of the counter's HTTP interface: faults, the bank's own doings, its files (docs/counter.md).

Law: what cannot be understood is refused whole, with the word that is wrong.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.counter.desk import BankDesk, CannotShow
from simulator.counter.edge import Refused, body_of, done, sentence

Days = Annotated[int, msgspec.Meta(ge=-366, le=366)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3_600)]


class FaultsBody(msgspec.Struct, forbid_unknown_fields=True):
    script: str = ""
    clear: bool = False


class BankBody(msgspec.Struct, forbid_unknown_fields=True):
    days: Days = 0
    expire_keys: bool = False
    demand: str = ""
    down: Seconds = 0.0


def bank_routes(desk: BankDesk) -> list[Route]:
    """For the counter's application."""
    bank = _Bank(desk)
    return [
        Route("/api/faults", bank.faults),
        Route("/api/faults", sentence(bank.set_faults), methods=["POST"]),
        Route("/api/bank", sentence(bank.act), methods=["POST"]),
        Route("/api/reconciliation", sentence(bank.reconciliation)),
        Route("/api/signature/{id:int}.png", sentence(bank.signature)),
    ]


class _Bank:
    def __init__(self, desk: BankDesk) -> None:
        self._desk = desk

    async def faults(self, _: Request) -> Response:
        return JSONResponse(self._desk.faults())

    async def set_faults(self, request: Request) -> Response:
        body = await body_of(request, FaultsBody)
        if bool(body.script) == body.clear:
            raise Refused(400, "say script (the faults in words) or clear")
        if body.clear:
            self._desk.clear_faults()
            return done()
        try:
            self._desk.add_faults(body.script)
        except ValueError as error:
            raise Refused(400, f"the faults cannot be understood: {error}") from None
        return done()

    async def act(self, request: Request) -> Response:
        body = await body_of(request, BankBody)
        if sum((body.days != 0, body.expire_keys, body.demand != "", body.down > 0)) != 1:
            raise Refused(400, "say one of days, expire_keys, demand or down")
        if body.days:
            self._desk.shift_day(body.days)
        elif body.expire_keys:
            self._desk.expire_keys()
        elif body.demand:
            self._demand(body.demand)
        else:
            self._desk.go_down(body.down)
        return done()

    def _demand(self, code: str) -> None:
        try:
            self._desk.demand(code)
        except ValueError:
            raise Refused(404, "there is nothing of this code to demand; the codes are 1 to 9, b and c") from None

    async def reconciliation(self, request: Request) -> Response:
        day = request.query_params.get("day", "")
        try:
            wanted = date.fromisoformat(day).isoformat() if day else self._desk.day()
        except ValueError:
            raise Refused(400, "day is a date like 2026-04-28") from None
        name = f'attachment; filename="reconciliation-{wanted}.csv"'
        content = self._desk.reconciliation(wanted)
        return Response(content, media_type="text/csv", headers={"content-disposition": name})

    async def signature(self, request: Request) -> Response:
        try:
            return Response(self._desk.signature_png(request.path_params["id"]), media_type="image/png")
        except KeyError:
            raise Refused(404, "the bank has no signature of this number; see /api/ledger") from None
        except CannotShow as error:
            raise Refused(409, str(error)) from None
