"""Which sale? By list, voucher number, amount or last four digits. Law: accepted sales of this terminal."""

from __future__ import annotations

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.room import Room
from terminal.exchange.stages import Accepted, Stage
from terminal.refund.sale import Sale, sold_here
from terminal.screens import Item, say

TITLE = say("kind.refund")
WAYS = ("list", "voucher", "amount", "last_four")
RECENT = 8  # on the first page, so that 9 is "another way"


async def find_sale(room: Room) -> Sale:
    """The sale. Raises Stopped(sale-not-found), Cancelled, TimedOut."""
    recent = _accepted(await room.journal.sales())
    if not recent:
        raise Stopped("sale-not-found")
    if recent:
        choices: list[tuple[Accepted | None, Item]] = [(sale, _item(sale)) for sale in recent[:RECENT]]
        choices.append((None, Item(say("find.other"))))
        chosen = await room.desk.choose(say("find.recent"), choices)
        if chosen is not None:
            return sold_here(chosen)
    way = await room.desk.choose(say("find.how"), [(way, Item(say(f"find.{way}"))) for way in WAYS])
    return sold_here(await _pick(room, _accepted(await _search(room, way))))


async def _search(room: Room, way: str) -> list[Stage]:
    desk, journal = room.desk, room.journal
    if way == "voucher":
        return await journal.sales("stan = ?", (await desk.digits(TITLE, say("find.voucher"), (1, 6))).zfill(6))
    if way == "amount":
        return await journal.sales("amount = ?", (await desk.amount(TITLE, say("find.amount"))).minor)
    if way == "last_four":
        return await journal.sales("last_four = ?", await desk.digits(TITLE, say("find.last_four"), (4, 4)))
    return await journal.sales()


async def _pick(room: Room, sales: list[Accepted]) -> Accepted:
    if not sales:
        raise Stopped("sale-not-found")
    return await room.desk.choose(say("find.recent"), [(sale, _item(sale)) for sale in sales])


def _accepted(stages: list[Stage]) -> list[Accepted]:
    return [stage for stage in stages if isinstance(stage, Accepted)]


def _item(sale: Accepted) -> Item:
    request = sale.request
    when = f"{request.at[5:7]}/{request.at[8:10]} {request.at[11:16]}"
    return Item(f"¥{sale.amount}", f"{when} *{request.card.masked_pan[-4:]} #{request.stan}")
