"""A sale that this terminal has no record of. Law: typed from a paper, marked so, and always typed the same way.

| what is known                          | origin    | id                            |
|----------------------------------------|-----------|-------------------------------|
| RRN, day, amount, of another terminal   | elsewhere | of RRN and day                |
| nothing at all                          | naked     | its own each time             |

Who gave a part of such a sale back before said what it was: another day or another amount now is a contradiction, and
the first holds, or the same sale would be paid back twice under two names. So is an RRN that is one of this terminal's.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import date, datetime, time

from terminal.dialogue.bad_news import Stopped, tell
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.room import Room
from terminal.exchange.request import Original
from terminal.exchange.stages import Accepted
from terminal.refund.application import OPEN
from terminal.refund.fees import counts
from terminal.refund.sale import Origin, Sale, elsewhere_prefix, original_of, sold_elsewhere
from terminal.refund.typed_day import FULL, DayAhead, NoSuchDay, typed_day
from terminal.screens import Row, Say, say

TITLE = say("kind.give_back")
NO_STAN, NO_RRN, NO_DATE = "0" * 6, "0" * 12, "0" * 4  # not known: F61.1, F61.2 and F37, F61.3 (cup.md 2.3, 2.4)


async def elsewhere(room: Room, rrn: str, day: date | None = None) -> Sale:
    """Another terminal's sale: what is not known of it yet is asked. Raises Cancelled, TimedOut, Scanned, Stopped."""
    if day is None:
        day = await ask_day(room, say("find.elsewhere.day"))
    if day > room.hardware.clock.now().date():
        raise Stopped("day-ahead", day=day.isoformat())
    rows = (Row(say("row.rrn"), rrn), Row(say("row.day"), day.isoformat()))
    amount = await room.desk.amount(TITLE, say("find.elsewhere.amount"), rows)
    if amount.minor <= 0:
        raise Stopped("amount-zero")
    sale = sold_elsewhere(rrn, day, amount, _zone(room, day))
    async for before in _told_before(room, rrn):
        if (before.exchange_id, before.amount) != (sale.id, amount):
            shown = f"{before.date[:2]}/{before.date[2:]}"
            raise Stopped("amount-contradicts", rrn=rrn, date=shown, amount=str(before.amount))
    return sale


async def naked(room: Room) -> Sale:
    """No sale at all: what is typed is all there is to give back. Raises Cancelled, TimedOut, Stopped."""
    amount = await room.desk.amount(TITLE, say("find.naked.amount"))
    if amount.minor <= 0:
        raise Stopped("amount-zero")
    id = f"{Origin.NAKED.value}-{secrets.token_hex(8)}"
    original = Original(id, NO_STAN, NO_STAN, NO_RRN, "", NO_DATE, amount)
    return Sale(original, room.hardware.clock.now().isoformat(timespec="seconds"), origin=Origin.NAKED)


async def ask_day(room: Room, prompt: Say) -> date:
    """Until there is such a day. Raises Cancelled, TimedOut, Scanned."""
    day = await _day(room, prompt, 1)
    assert day is not None
    return day


async def day_or_all(room: Room, prompt: Say) -> date | None:
    """The same; None: confirm was pressed on nothing."""
    return await _day(room, prompt, 0, say("find.all_days"))


async def _day(room: Room, prompt: Say, least: int, *lines: Say) -> date | None:
    while True:
        typed = await room.desk.digits(TITLE, prompt, (least, FULL), say("find.day_help"), *lines)
        try:
            today = room.hardware.clock.now().date()
            return typed_day(typed, today, room.policy.days) if typed else None
        except NoSuchDay:
            name = "day-wrong"
        except DayAhead:
            name = "day-ahead"
        day = f"{typed[:2]}/{typed[2:]}" if len(typed) == FULL else typed
        if await tell(room.desk, room.journal, name, TITLE, day=day) != "enter":
            raise Cancelled


async def _told_before(room: Room, rrn: str) -> AsyncIterator[Original]:
    """What was said of this sale when it was given back, or is to be, whichever day and amount that was; or is ours."""
    for own in await room.journal.of_rrn(rrn):
        if isinstance(own, Accepted):
            yield original_of(own)
    prefix = elsewhere_prefix(rrn)
    for stage in await room.journal.given_back_under(prefix):
        if counts(stage) and stage.request.original is not None:
            yield stage.request.original
    for application in await room.journal.applications.in_state(OPEN):
        if application.sale.id.startswith(prefix):
            yield application.sale.original


def _zone(room: Room, day: date) -> str:
    """The offset of the terminal's times on that day."""
    midnight = datetime.combine(day, time(), room.hardware.clock.now().tzinfo)
    return midnight.isoformat()[-6:]
