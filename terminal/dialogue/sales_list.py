"""Sales to choose one from, newest first, page by page. Law: what was given back already stands beside the amount.

| beside the amount | what stands against the sale                              |
|-------------------|-----------------------------------------------------------|
| 处理中             | something of which nobody knows yet how it ends           |
| 已撤销 · 已全退     | all of it went back                                       |
| 已退部分            | a part of it did                                          |
| 有申请             | an application that has not ended                         |

All of them can be chosen: why one may not be given back is for the policy to say.
"""

from __future__ import annotations

from collections.abc import Sequence

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.desk import PAGE_ITEMS
from terminal.dialogue.room import Room
from terminal.events import DIGITS
from terminal.exchange.stages import Accepted, Stage
from terminal.iso8583.kinds import Kind
from terminal.refund.fees import counts, fee_sheet
from terminal.refund.sale import Sale, sold_here
from terminal.screens import Item, Menu, Say, say

MOST = 900  # sales of one list, a hundred pages; who wants an older one names its day


async def pick(room: Room, ids: Sequence[str], other: Item | None = None, *lines: Say) -> Sale | None:
    """One of these sales; None: `other`, each page's last item. Raises Scanned, Cancelled, TimedOut, Stopped."""
    if not ids and other is None:
        raise Stopped("sale-not-found")
    size = PAGE_ITEMS - (other is not None)
    page, pages = 0, max(1, -(-len(ids) // size))
    while True:
        here = await _accepted(room, ids[page * size : (page + 1) * size])
        items = [*await _items(room, here), *([other] if other else [])]
        is_end = page + 1 == pages and len(ids) == MOST
        told = (*lines, say("find.older")) if is_end else lines
        pressed = await room.desk.key(Menu(say("find.recent"), tuple(items), told, page + 1, pages))
        if pressed in DIGITS and 1 <= int(pressed) <= len(items):
            chosen = int(pressed) - 1
            return sold_here(here[chosen]) if chosen < len(here) else None
        page = max(0, min(pages - 1, page + {"down": 1, "up": -1}.get(pressed, 0)))


async def ids_of(room: Room, where: str = "", *arguments: object) -> list[str]:
    """The newest MOST sales; `where` names columns of the exchange table."""
    return await room.journal.sale_ids(where, *arguments, most=MOST)


async def _accepted(room: Room, ids: Sequence[str]) -> list[Accepted]:
    return [stage for stage in await room.journal.stages(ids) if isinstance(stage, Accepted)]


async def _items(room: Room, sales: Sequence[Accepted]) -> list[Item]:
    back = await room.journal.given_back_of([sale.request.id for sale in sales])
    year = f"{room.hardware.clock.now():%Y}"
    return [
        Item(
            _amount(sale, back[sale.request.id], await room.journal.applications.open_of_sale(sale.request.id)),
            _details(sale, year),
        )
        for sale in sales
    ]


def _amount(sale: Accepted, back: Sequence[Stage], application: str) -> str | Say:
    amount = str(sale.amount)
    standing = [stage for stage in back if counts(stage)]
    given = fee_sheet(sold_here(sale), standing)
    if any(not isinstance(stage, Accepted) for stage in standing):
        return say("find.item.open", amount=amount)
    if any(stage.request.kind is not Kind.REFUND for stage in standing):
        return say("find.item.voided", amount=amount)
    if given.remaining.minor <= 0:
        return say("find.item.all", amount=amount)
    if application:
        return say("find.item.application", amount=amount)
    if given.refunded_before.minor:
        return say("find.item.part", amount=amount)
    return f"¥{amount}"


def _details(sale: Accepted, year: str) -> str:
    """Day and time (the day alone of another year), last four digits, voucher."""
    request = sale.request
    day = f"{request.at[5:7]}/{request.at[8:10]}"
    when = f"{day} {request.at[11:16]}" if request.at[:4] == year else f"{request.at[:4]}/{day}"
    return f"{when} *{request.card.masked_pan[-4:]} #{request.stan}"
