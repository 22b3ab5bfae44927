"""Which sale? By scanning, from the list, or by whatever the cardholder still has. Law: only a sale is found.

| way       | what is typed or shown                    | finds                                             |
|-----------|-------------------------------------------|---------------------------------------------------|
| recent    | a digit                                   | one of the newest, all of them by paging           |
| scan      | the receipt's QR, its short code, an RRN   | the sale at once, from any of these questions      |
| day       | 1 today, 2 yesterday ..., or MMDD         | the sales of that day                             |
| voucher   | F11                                       | one in each batch, mostly                         |
| amount    | and the day, where there are several      |                                                   |
| last four | of the card                               |                                                   |
| card      | the card itself: its fingerprint, no PIN  | all that was paid with it                         |
| rrn       | twelve digits; letters are scanned        |                                                   |
| code      | the short code, without its dash          | one exchange, whatever it was                     |
| elsewhere | RRN, day, amount of another terminal      | nothing here: said as it stands on the paper      |
| naked     | an amount                                 | nothing at all                                    |

What is found and is a refund or a void itself is never given back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date

from terminal.dialogue import bad_news
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.desk import Cancelled, Scanned
from terminal.dialogue.no_record import TITLE, ask_day, day_or_all, elsewhere, naked
from terminal.dialogue.presented import seal
from terminal.dialogue.room import Room
from terminal.dialogue.sales_list import ids_of, pick
from terminal.dialogue.same_card import any_card
from terminal.exchange.stages import Accepted, Stage
from terminal.refund.receipt_code import OfExchange, OfReceipt, OfRrn, read, shop_mark, short
from terminal.refund.sale import SOLD, Sale, sold_here
from terminal.screens import Item, say

Way = Callable[[Room], Awaitable[Sale]]
RRN_SIZE, CODE_SIZE, LAST_FOUR, VOUCHER = (12, 12), (12, 12), (4, 4), (1, 6)


async def find_sale(room: Room, scanned: str | None = None) -> Sale:
    """The sale; `scanned` is what was scanned before anything was asked. Raises Stopped, Cancelled, TimedOut."""
    if not await _ways(room):
        raise Stopped("sale-not-found")
    while True:
        try:
            with room.desk.hearing_codes():
                return await (_asked(room) if scanned is None else _of_code(room, scanned))
        except Scanned as code:
            scanned = code.text
        except Stopped as stop:
            if await bad_news.tell(room.desk, room.journal, stop.name, TITLE, **stop.args_) != "enter":
                raise Cancelled from None
            scanned = None


async def _asked(room: Room) -> Sale:
    """取消 goes from a way to the ways, and from there to the newest sales."""
    while ids := await ids_of(room):
        sale = await pick(room, ids, Item(say("find.other")), say("find.scan"))
        if sale is not None:
            return sale
        with suppress(Cancelled):
            return await _another_way(room)
    return await _another_way(room)


async def _another_way(room: Room) -> Sale:
    choices = [(way, Item(say(f"find.{name}"))) for name, way in (await _ways(room)).items()]
    while True:
        way = await room.desk.choose(say("find.how"), choices, say("find.scan"))
        with suppress(Cancelled):
            return await way(room)


async def _ways(room: Room) -> dict[str, Way]:
    """Those that can find anything: none of the records where there are none, the others where the policy has them."""
    ways = dict(HERE) if await room.journal.sale_ids(most=1) else {}
    if room.policy.elsewhere.is_on:
        ways["elsewhere"] = _by_rrn_elsewhere
    if room.policy.naked.is_on:
        ways["naked"] = naked
    return ways


# --- the ways of the records -----------------------------------------------------------------------------------------
async def _by_day(room: Room) -> Sale:
    day = await ask_day(room, say("find.which_day"))
    return await _one_of(room, await ids_of(room, "day = ?", day.isoformat()))


async def _by_voucher(room: Room) -> Sale:
    stan = await room.desk.digits(TITLE, say("find.voucher"), VOUCHER)
    return await _one_of(room, await ids_of(room, "stan = ?", stan.zfill(6)))


async def _by_amount(room: Room) -> Sale:
    """The day is asked for only where it tells sales apart."""
    amount = await room.desk.amount(TITLE, say("find.amount"))
    ids = await ids_of(room, "amount = ?", amount.minor)
    ends = await room.journal.stages([ids[0], ids[-1]]) if ids else []
    if len({stage.request.at[:10] for stage in ends}) > 1:
        day = await day_or_all(room, say("find.which_day"))
        if day is not None:
            within = (f"{day}T", f"{day}U")  # by time, not by day: that is the index of an amount that many sales have
            ids = await ids_of(room, "amount = ? AND at BETWEEN ? AND ?", amount.minor, *within)
    return await _one_of(room, ids)


async def _by_last_four(room: Room) -> Sale:
    last_four = await room.desk.digits(TITLE, say("find.last_four"), LAST_FOUR)
    return await _one_of(room, await ids_of(room, "last_four = ?", last_four))


async def _by_card(room: Room) -> Sale:
    """What was read of it is sealed and forgotten: it is read again, and proven, before the money moves."""
    presented = await seal(room, await any_card(room, TITLE))
    return await _one_of(room, await ids_of(room, "fingerprint = ?", presented.card.fingerprint))


async def _by_rrn(room: Room) -> Sale:
    rrn = await room.desk.digits(TITLE, say("find.ask_rrn"), RRN_SIZE, say("find.rrn_letters"))
    return _found(await _of_rrn(room, rrn))


async def _by_code(room: Room) -> Sale:
    typed = await room.desk.digits(TITLE, say("find.ask_code"), CODE_SIZE, say("find.code_help"))
    code = short(typed)
    assert code is not None
    return _found(await _of_exchange(room, code))


async def _by_rrn_elsewhere(room: Room) -> Sale:
    rrn = await room.desk.digits(TITLE, say("find.elsewhere.rrn"), RRN_SIZE, say("find.rrn_letters"))
    return await _of_rrn(room, rrn) or await elsewhere(room, rrn)


HERE: dict[str, Way] = {
    "day": _by_day,
    "voucher": _by_voucher,
    "amount": _by_amount,
    "last_four": _by_last_four,
    "card": _by_card,
    "rrn": _by_rrn,
    "code": _by_code,
}


# --- what a code names -----------------------------------------------------------------------------------------------
async def _of_code(room: Room, scanned: str) -> Sale:
    """What was scanned, wherever. Raises Stopped for what is no sale, and for nothing that we know."""
    match read(scanned):
        case OfReceipt() as code:
            return await _of_receipt(room, code)
        case OfExchange() as code:
            return _found(await _of_exchange(room, code))
        case OfRrn(rrn):
            typed = short(rrn)
            found = await _of_rrn(room, rrn) or (await _of_exchange(room, typed) if typed else None)
            return found or await _if_on(room, rrn)
    raise Stopped("code-unreadable")


async def _of_receipt(room: Room, code: OfReceipt) -> Sale:
    """A receipt's QR: ours, or another terminal's of the shop, of which the amount must be typed."""
    if code.shop not in ("", shop_mark(room.config.merchant.merchant_id)):
        raise Stopped("other-shop")
    is_ours = code.terminal_id == room.config.merchant.terminal_id
    if code.exchange_id:
        return _found(await _of_exchange(room, OfExchange(code.exchange_id)) if is_ours else None)
    found = await _of_rrn(room, code.rrn, code.day)
    if found is not None or is_ours:
        return _found(found)
    if not room.policy.elsewhere.is_on:
        raise Stopped("other-terminal", terminal=code.terminal_id)
    return await elsewhere(room, code.rrn, date.fromisoformat(code.day))


async def _if_on(room: Room, rrn: str) -> Sale:
    if not room.policy.elsewhere.is_on:
        raise Stopped("sale-not-found")
    return await elsewhere(room, rrn)


async def _of_rrn(room: Room, rrn: str, day: str = "") -> Sale | None:
    """Ours with this F37, of this day if it is said; None: none. Raises Stopped (not-a-sale), and as `pick`."""
    stages = [stage for stage in await room.journal.of_rrn(rrn) if day in ("", stage.request.at[:10])]
    ids = [stage.request.id for stage in stages if stage.request.kind in SOLD]
    if stages and not ids:
        raise _no_sale(stages[0])
    return await _one_of(room, ids) if len(ids) > 1 else _sold(stages, ids)


def _sold(stages: list[Stage], ids: list[str]) -> Sale | None:
    return next((sold_here(stage) for stage in stages if isinstance(stage, Accepted) and stage.request.id in ids), None)


async def _of_exchange(room: Room, code: OfExchange) -> Sale | None:
    """Raises Stopped for one that is no sale, or that did not come about."""
    stage = await room.journal.exchange(code.id)
    if stage is None:
        return None
    if stage.request.kind not in SOLD:
        raise _no_sale(stage)
    if not isinstance(stage, Accepted):
        raise Stopped("sale-not-taken")
    return sold_here(stage)


def _no_sale(stage: Stage) -> Stopped:
    return Stopped("not-a-sale", kind=say(f"kind.{stage.request.kind.value}"))


def _found(sale: Sale | None) -> Sale:
    if sale is None:
        raise Stopped("sale-not-found")
    return sale


async def _one_of(room: Room, ids: list[str]) -> Sale:
    return _found(await pick(room, ids))
