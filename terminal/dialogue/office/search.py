"""Looking for exchanges by what is known of them. Law: every thing known narrows it; how many are left is always said.

| criterion | typed as                           |
|-----------|------------------------------------|
| day       | YYYYMMDD; today and yesterday a key|
| amount    | as an amount                       |
| last four | of the card                        |
| voucher   | F11, its zeros need not be typed   |
| RRN       | twelve digits                      |
| operator  | two digits                         |
| kind      | sale, void, refund, any            |
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import msgspec

from terminal.day_report import REFUNDS, SALES, VOIDS
from terminal.dialogue.desk import PAGE_ITEMS, Cancelled
from terminal.dialogue.office.pages import browse, come_back
from terminal.dialogue.outcome import word
from terminal.dialogue.room import Room
from terminal.exchange.stages import Stage
from terminal.journal.report_book import ReportBook, Search
from terminal.money import Money
from terminal.screens import Item, Say, say

TITLE = say("records.title")
KINDS = {"sales": SALES, "voids": VOIDS, "refunds": REFUNDS}
replace = msgspec.structs.replace


async def search(room: Room, look: Callable[[Stage], Awaitable[None]]) -> None:
    """Criteria, then a list, then `look` at one. Raises Cancelled, TimedOut, Stopped."""
    book, wanted = ReportBook(room.journal.rows), Search()
    while True:
        count = await book.count(wanted)
        choices: list[tuple[Criterion | None, Item]] = [
            (ask, Item(say(f"search.{name}"), _value(wanted, name))) for name, ask in CRITERIA
        ]
        ask = await room.desk.choose(TITLE, [*choices, (None, Item(say("search.show"), str(count)))], say("search.how"))
        if ask is None:
            await come_back(room, TITLE, found(room, wanted, look))
            continue
        with contextlib.suppress(Cancelled):
            wanted = await ask(room, wanted)


async def found(room: Room, wanted: Search, look: Callable[[Stage], Awaitable[None]]) -> None:
    """The list. Raises Cancelled, TimedOut; Stopped for none."""
    book = ReportBook(room.journal.rows)

    async def fetch(after: Stage | None) -> list[tuple[Stage, Item]]:
        return [(stage, item(stage)) for stage in await book.page(wanted, PAGE_ITEMS, after)]

    await browse(room, TITLE, await book.count(wanted), fetch, look)


def item(stage: Stage) -> Item:
    """One line of a list of exchanges."""
    request = stage.request
    at = f"{request.at[5:7]}/{request.at[8:10]} {request.at[11:16]}"
    return Item(
        f"¥{request.amount}", say("records.item", kind=say(f"kind.{request.kind.value}"), outcome=word(stage), at=at)
    )


async def ask_day(room: Room, title: Say) -> date:
    """Today, yesterday, or typed. Raises Cancelled, TimedOut."""
    today = room.hardware.clock.now().date()
    days = [
        (today, Item(say("search.today"), today.isoformat())),
        (today - timedelta(days=1), Item(say("search.yesterday"), (today - timedelta(days=1)).isoformat())),
        (None, Item(say("search.other_day"))),
    ]
    day = await room.desk.choose(title, days)
    lines: tuple[Say, ...] = (say("search.day_hint"),)
    while day is None:
        typed = await room.desk.digits(title, say("search.ask_day"), (8, 8), *lines)
        try:
            day = date(int(typed[:4]), int(typed[4:6]), int(typed[6:]))
        except ValueError:
            lines = (say("search.no_day"), say("search.day_hint"))
    return day


# --- one criterion each ----------------------------------------------------------------------------------------------
async def _day(room: Room, wanted: Search) -> Search:
    day = (await ask_day(room, say("search.day"))).isoformat()
    return replace(wanted, first=day, last=day)


async def _amount(room: Room, wanted: Search) -> Search:
    amount = await room.desk.amount(TITLE, say("search.amount"))
    return replace(wanted, amount=amount.minor or None)


async def _last_four(room: Room, wanted: Search) -> Search:
    return replace(wanted, last_four=await _digits(room, "search.last_four", (0, 4)))


async def _voucher(room: Room, wanted: Search) -> Search:
    typed = await _digits(room, "search.voucher", (0, 6))
    return replace(wanted, stan=typed and typed.zfill(6))


async def _rrn(room: Room, wanted: Search) -> Search:
    return replace(wanted, rrn=await _digits(room, "search.rrn", (0, 12)))


async def _operator(room: Room, wanted: Search) -> Search:
    return replace(wanted, operator=await _digits(room, "search.operator", (0, 2)))


async def _kind(room: Room, wanted: Search) -> Search:
    choices = [((), Item(say("search.any"))), *((KINDS[name], Item(say(f"finance.{name}"))) for name in KINDS)]
    kinds = await room.desk.choose(TITLE, choices, say("search.kind"))
    return replace(wanted, kinds=tuple(sorted(kind.value for kind in kinds)))


async def _digits(room: Room, prompt: str, size: tuple[int, int]) -> str:
    return await room.desk.digits(TITLE, say(prompt), size, say("search.empty"))


def _value(wanted: Search, name: str) -> str | Say:
    """What is wanted, as it stands beside the criterion."""
    if name == "amount":
        return "" if wanted.amount is None else f"¥{Money(wanted.amount)}"
    if name == "kind":
        names = (each for each, kinds in KINDS.items() if wanted.kinds == tuple(sorted(kind.value for kind in kinds)))
        return next((say(f"finance.{each}") for each in names), "")
    plain = {
        "day": wanted.first,
        "last_four": wanted.last_four,
        "voucher": wanted.stan,
        "rrn": wanted.rrn,
        "operator": wanted.operator,
    }
    return plain[name]


Criterion = Callable[[Room, Search], Awaitable[Search]]
CRITERIA: tuple[tuple[str, Criterion], ...] = (
    ("day", _day),
    ("amount", _amount),
    ("last_four", _last_four),
    ("voucher", _voucher),
    ("rrn", _rrn),
    ("operator", _operator),
    ("kind", _kind),
)
