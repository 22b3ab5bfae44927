"""Finding a sale and deciding on it, in a journal of 100,000 transactions. Limits: 100 ms to find, 20 ms to decide.

200 days of 500 transactions, each day a batch: four fifths are sales, a fifth of those of one amount, a twentieth by
one card; the rest are refunds with their applications; the chain of events is as long. What is measured is the dialogue
itself, with a front that paints nothing: from the key or scan that settles the search to the next screen, the journal
in its own thread as in the product. Beside it what else runs at idle and before each refund. TEST CARDS ONLY.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from terminal.app import in_thread
from terminal.config import Merchant
from terminal.dialogue import find_sale as finding
from terminal.dialogue.applications import tidy
from terminal.dialogue.desk import Desk
from terminal.dialogue.past import is_senior, past_of
from terminal.dialogue.room import Room
from terminal.dialogue.sales_list import ids_of, pick
from terminal.dialogue.staff import Staff
from terminal.events import CodeScanned, Event, KeyPressed
from terminal.exchange.request import CardOnFile, FeeSheet, Request, Terms
from terminal.exchange.stages import Accepted, Refused, Stage, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Kind, Silence
from terminal.journal.journal import Journal, row_of
from terminal.journal.store import START, chained, told
from terminal.money import Money
from terminal.refund.application import Act, Application, Mark, State
from terminal.refund.fees import fee_sheet
from terminal.refund.policy import Decision, Policy, Wanted, decide, may_give_back
from terminal.refund.receipt_code import text
from terminal.refund.sale import Sale, original_of, sold_here
from terminal.screens import Ask, Menu, Screen, Shown

DAYS, A_DAY, ROUNDS = 200, 500, 100
FIND_MS, DECIDE_MS = 100.0, 20.0
NOW = datetime.fromisoformat("2026-11-24T12:00:00+08:00")
ME = Merchant("TEST", "10000001", "898310000000001")
COMMON_AMOUNT, COMMON_CARD = 8800, 3


class Books:
    """Transactions as the terminal would have entered them, as rows."""

    def __init__(self) -> None:
        self.chance = random.Random(6)
        self.sales: list[Accepted] = []
        self.refunds: list[Stage] = []

    def stages(self) -> list[Stage]:
        return [self._stage(day, number) for day in range(DAYS) for number in range(A_DAY)]

    def _stage(self, day: int, number: int) -> Stage:
        dice = self.chance.random()
        if dice < 0.80 or not self.sales:
            sale = self._accepted(self._request(day, number, Kind.SALE, self._amount()))
            self.sales.append(sale)
            return sale
        of = self.chance.choice(self.sales[-5 * A_DAY :])
        request = self._request(day, number, Kind.REFUND, min(of.amount.minor, 1 + self.chance.randrange(5000)), of)
        if dice < 0.99:
            self.refunds.append(self._accepted(request))
        else:
            self.refunds.append(Refused(request, "61") if dice < 0.9999 else Unknown(request, "98"))
        return self.refunds[-1]

    def _request(self, day: int, number: int, kind: Kind, minor: int, of: Accepted | None = None) -> Request:
        at = NOW - timedelta(days=DAYS - 1 - day) - timedelta(hours=10) + timedelta(seconds=60 * number)
        batch, stan = f"{day + 1:06d}", f"{(day * A_DAY + number) % 999_999 + 1:06d}"
        card = of.request.card if of else self._card()
        original = original_of(of) if of else None
        sheet = FeeSheet(of.amount) if of else None
        return Request(
            f"{batch}-{stan}", kind, stan, batch, Money(minor), at.isoformat(timespec="seconds"), f"0{number % 3 + 1}",
            card, Terms(Silence.QUERY if of else Silence.REVERSE), original, sheet, "returned" if of else "",
            application=f"{len(self.refunds) + 1:06d}" if of else "",
        )  # fmt: skip

    def _accepted(self, request: Request) -> Accepted:
        rrn = f"{int(request.batch):04d}{int(request.stan):08d}"
        date = request.at[5:7] + request.at[8:10]
        return Accepted(request, Reply("0210", "00", time="120000", date=date, rrn=rrn, approval_code="123456"))

    def _amount(self) -> int:
        return COMMON_AMOUNT if self.chance.random() < 0.2 else self.chance.randrange(100, 100_000)

    def _card(self) -> CardOnFile:
        number = COMMON_CARD if self.chance.random() < 0.05 else self.chance.randrange(20_000)
        print_ = hashlib.sha256(str(number).encode()).hexdigest()
        return CardOnFile(print_, print_, f"621094******{number % 10_000:04d}", "I", aid="A000000333010101")


def fill(path: Path, books: Books) -> int:
    """All in one transaction; the number of exchanges."""
    stages, seq, last = books.stages(), 0, START
    events, rows = [], []
    for stage in stages:
        body = msgspec.json.encode(stage)
        seq, last = seq + 1, chained(last, told(seq + 1, stage.request.at, "stage", body))
        events.append((seq, stage.request.at, "stage", body, last))
        rows.append(row_of(stage, body))
    with sqlite3.connect(path) as db:
        db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", events)
        db.executemany(f"INSERT INTO exchange VALUES ({','.join('?' * len(rows[0]))})", rows)
        filed = [_filed(number, stage) for number, stage in enumerate(books.refunds, 1)]
        db.executemany("INSERT INTO application VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", filed)
        db.execute("INSERT OR REPLACE INTO setting VALUES ('batch', ?)", (f"{DAYS:06d}",))
    db.close()
    return len(stages)


def _filed(number: int, stage: Stage) -> tuple[object, ...]:
    request = stage.request
    assert request.original is not None
    assert request.fee_sheet is not None
    states = {Accepted: State.ACCEPTED, Refused: State.REFUSED, Unknown: State.UNKNOWN}
    sale = sold_here(Accepted(request, Reply("0210", "00")))
    sale = msgspec.structs.replace(sale, original=request.original, kind=Kind.SALE)
    marks = tuple(Mark(act, request.at, "policy") for act in (Act.SUBMIT, Act.APPROVE, Act.CARRY_OUT))
    application = Application(
        f"{number:06d}", sale, request.fee_sheet, "returned", Kind.REFUND, request.operator, request.at, "factory",
        marks=marks, state=states[type(stage)], exchange_id=request.id,
    )  # fmt: skip
    body = msgspec.json.encode(application)
    state, day = application.state.value, request.at[:10]
    amount = request.amount.minor
    return (application.id, state, sale.id, request.id, request.operator, amount, request.at, day, body)


class SilentFront:
    """The Front port: notes when a screen came, paints nothing."""

    def __init__(self) -> None:
        self.shown: asyncio.Event = asyncio.Event()
        self.at = 0.0
        self.screen: Screen | None = None
        self._inbox: asyncio.Queue[Event] = asyncio.Queue()

    def show(self, shown: Shown) -> None:
        self.at, self.screen = time.perf_counter(), shown.screen
        self.shown.set()

    async def event(self) -> Event:
        return await self._inbox.get()

    async def tell(self, event: Event) -> None:
        """Returns with the screen that follows."""
        self.shown.clear()
        self._inbox.put_nowait(event)
        await self.shown.wait()

    def end(self, event: Event) -> float:
        """The last of them, and when it was."""
        self.shown.clear()
        self._inbox.put_nowait(event)
        return time.perf_counter()


class StoppedClock:
    """The Clock port."""

    def now(self) -> datetime:
        return NOW


def room_of(journal: Journal, front: SilentFront) -> Room:
    """What finding and deciding need of a room."""
    desk, clock = Desk(cast(Any, front)), StoppedClock()
    staff = Staff(desk, journal, cast(Any, None), cast(Any, clock), "")
    nothing = cast(Any, None)
    return Room(
        desk, journal, nothing, nothing, nothing, staff, cast(Any, SimpleNamespace(clock=clock)),
        cast(Any, SimpleNamespace(merchant=ME)), nothing, Policy(), operator="01", shift_began=NOW.isoformat()[:11],
    )  # fmt: skip


async def searched(front: SilentFront, search: Awaitable[object], keys: str, last: Event, is_sale: bool) -> float:
    """Milliseconds from `last` to the list, or to the sale; `keys` before it: digits, and n for 确认."""
    front.shown.clear()
    task = asyncio.ensure_future(search)
    await front.shown.wait()
    for key in keys:
        await front.tell(KeyPressed({"n": "enter", "o": "9"}.get(key, key)))
    start = front.end(last)
    if is_sale:
        sale = await task
        assert isinstance(sale, Sale)
        return (time.perf_counter() - start) * 1000
    await front.shown.wait()
    assert isinstance(front.screen, Menu | Ask), "nothing was found"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return (front.at - start) * 1000


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await work()
    return (time.perf_counter() - start) * 1000


Measure = Callable[[], Awaitable[float]]


def searches(room: Room, front: SilentFront, books: Books) -> dict[str, Measure]:
    """Each way, for another sale each time where one is typed."""
    enter = KeyPressed("enter")

    def any_sale() -> Accepted:
        return books.chance.choice(books.sales)

    def find() -> Awaitable[object]:
        return finding.find_sale(room)

    def way(keys: Callable[[Accepted], str], last: Event = enter, is_sale: bool = False) -> Measure:
        return lambda: searched(front, find(), keys(any_sale()), last, is_sale)

    def scan(code: Callable[[Accepted], str]) -> Measure:
        return lambda: searched(front, find(), "", CodeScanned(code(any_sale())), True)

    async def first_page() -> float:
        front.shown.clear()
        start, task = time.perf_counter(), asyncio.ensure_future(find())
        await front.shown.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return (front.at - start) * 1000

    async def by_card() -> float:
        front.shown.clear()
        common = hashlib.sha256(str(COMMON_CARD).encode()).hexdigest()
        start = time.perf_counter()
        task = asyncio.ensure_future(_by_print(room, common))
        await front.shown.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return (front.at - start) * 1000

    return {
        "list, first page": first_page,
        "list, next page": way(lambda _: "", KeyPressed("down")),
        "day": way(lambda sale: "o1" + sale.request.at[5:7] + sale.request.at[8:10]),
        "voucher": way(lambda sale: "o2" + sale.request.stan),
        "amount, rare": way(lambda sale: f"o3{sale.amount.minor}"),
        "amount, common": way(lambda _: f"o3{COMMON_AMOUNT}"),
        "amount, common, and day": way(lambda _: f"o3{COMMON_AMOUNT}n1123"),
        "last four, common": way(lambda _: f"o4{COMMON_CARD:04d}"),
        "card, common": by_card,
        "RRN": way(lambda sale: "o6" + sale.reply.rrn, is_sale=True),
        "short code": way(lambda sale: "o7" + sale.request.id.replace("-", ""), is_sale=True),
        "scan of the QR": scan(
            lambda sale: text(ME.terminal_id, ME.merchant_id, sale.request.at[:10], sale.reply.rrn, "")
        ),
        "scan of the short code": scan(lambda sale: sale.request.id),
        "elsewhere: no such RRN": way(lambda _: "o8555566667777"),
        "elsewhere: said before?": way(lambda _: "o8555566667777n2n10000", is_sale=True),
    }


def _qr(sale: Accepted) -> str:
    return text(ME.terminal_id, ME.merchant_id, sale.request.at[:10], sale.reply.rrn, sale.request.id)


async def _by_print(room: Room, print_: str) -> None:
    await pick(room, await ids_of(room, "fingerprint = ?", print_))


def decisions(room: Room, books: Books) -> dict[str, Measure]:
    """may_give_back, and decide, each with its facts from the journal."""

    async def decided() -> Decision:
        sale = sold_here(books.chance.choice(books.sales))
        past = await past_of(room, sale, "01")
        fees = fee_sheet(sale, past.given_back)
        return decide(sale, Wanted(fees, "returned", NOW, await is_senior(room, "01")), past, room.policy)

    async def may() -> str:
        sale = sold_here(books.chance.choice(books.sales))
        return may_give_back(sale, await past_of(room, sale, "01"), NOW, room.policy)

    return {"may it at all": lambda: timed(may), "decision": lambda: timed(decided)}


def beside(room: Room) -> dict[str, Measure]:
    """What else runs at idle and before each refund."""
    journal = room.journal

    async def count() -> None:
        await journal.count(await journal.batch())

    async def bar() -> None:
        await journal.open_stages()
        await journal.applications.in_state((State.SUBMITTED, State.UNDER_REVIEW))

    async def newest() -> None:
        await journal.recent(8)

    return {
        "records, newest": lambda: timed(newest),
        "exchanges of the open batch": lambda: timed(count),
        "status bar": lambda: timed(bar),
        "tidy the applications": lambda: timed(lambda: tidy(room)),
    }


async def report(name: str, measures: dict[str, Measure], limit: float, rounds: int = ROUNDS) -> bool:
    """One line each; whether all p99 are within the limit."""
    is_right = True
    print(f"{name} (limit {limit:.0f} ms){'':<12}   p50 ms   p99 ms")
    for what, measure in measures.items():
        spans = sorted([await measure() for _ in range(rounds)])
        p50, p99 = spans[len(spans) // 2], spans[-1 - len(spans) // 100]
        is_right = is_right and p99 <= limit
        print(f"  {what:<36} {p50:8.2f} {p99:8.2f}{'' if p99 <= limit else '   ABOVE THE LIMIT'}")
    return is_right


async def measured(folder: Path, worker: ThreadPoolExecutor) -> bool:
    path, books, front = folder / "journal", Books(), SilentFront()
    Journal(path, cast(Any, StoppedClock()), in_thread(worker))._store.close()  # the schema
    start = time.perf_counter()
    count = fill(path, books)
    size = path.stat().st_size / 1e6
    print(f"journal of {count} transactions, {size:.0f} MB, made in {time.perf_counter() - start:.1f} s")
    journal = Journal(path, cast(Any, StoppedClock()), in_thread(worker))
    room = room_of(journal, front)
    try:
        is_right = await report("find", searches(room, front, books), FIND_MS)
        is_right &= await report("decide", decisions(room, books), DECIDE_MS)
        return is_right & await report("beside it", beside(room), FIND_MS, 50)
    finally:
        await journal.close()


def main() -> int:
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(1) as worker:
        return 0 if asyncio.run(measured(Path(name), worker)) else 1


if __name__ == "__main__":
    sys.exit(main())
