"""Looking up: pages of any size are the whole list, nothing twice; what is asked for often walks an index."""

import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.exchange.request import CardOnFile, Request, Terms
from terminal.exchange.stages import Accepted, AwaitingReply, Connecting, Refused, state
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Kind, Silence
from terminal.journal.journal import Journal
from terminal.journal.report_book import ReportBook, Search, Span
from terminal.money import Money
from tests.virtual_time import VirtualClock, inline, run

KINDS = ("stage", "bad-news", "operator", "x")


def request(number, minor=1000, day="2026-11-23", operator="01", kind=Kind.SALE):
    card = CardOnFile(hashlib.sha256(b"sealed").hexdigest(), "print", f"625000******{number % 7:04d}", "I")
    stan = f"{number:06d}"
    at = f"{day}T10:00:{number % 3:02d}+08:00"
    return Request(f"000001-{stan}", kind, stan, "000001", Money(minor), at, operator, card, Terms(Silence.REVERSE))


def on(work):
    async def whole():
        journal = Journal(Path(":memory:"), VirtualClock(), inline)
        try:
            return await work(journal, ReportBook(journal.rows))
        finally:
            await journal.close()

    return run(whole())


async def pages(fetch, key):
    """All of a list, page by page, and how long each page was."""
    found, after = [], None
    while page := await fetch(after):
        found += page
        assert len(found) < 100, "it goes round"
        after = page[-1]
    assert len({key(one) for one in found}) == len(found)
    return found


searches = st.builds(
    Search,
    amount=st.sampled_from([None, 1000, 2000]),
    operator=st.sampled_from(["", "01", "02"]),
    first=st.sampled_from(["", "2026-11-23"]),
    last=st.sampled_from(["", "2026-11-22"]),
    kinds=st.sampled_from([(), ("sale",), ("refund", "void")]),
    last_four=st.sampled_from(["", "0003"]),
)
made = st.tuples(
    st.sampled_from([1000, 2000]),
    st.sampled_from(["2026-11-22", "2026-11-23"]),
    st.sampled_from(["01", "02"]),
    st.sampled_from([Kind.SALE, Kind.REFUND]),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(made, max_size=25), searches, st.integers(1, 9))
def test_pages_are_the_list_newest_first(history, search, size):
    def fits(one):
        return (
            search.amount in (None, one.amount.minor)
            and search.operator in ("", one.operator)
            and (not search.first or one.at[:10] >= search.first)
            and (not search.last or one.at[:10] <= search.last)
            and (not search.kinds or one.kind.value in search.kinds)
            and one.card.masked_pan.endswith(search.last_four)
        )

    async def work(journal, book):
        wanted = [request(number, *one) for number, one in enumerate(history, 1)]
        for one in wanted:
            await journal.enter(Accepted(one, Reply("0210", "00")))
        found = await pages(lambda after: book.page(search, size, after), lambda stage: stage.request.id)
        truth = sorted((one for one in wanted if fits(one)), key=lambda one: (one.at, one.id), reverse=True)
        assert [stage.request.id for stage in found] == [one.id for one in truth]
        assert await book.count(search) == len(truth)

    on(work)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(KINDS), max_size=30), st.sets(st.sampled_from(KINDS)), st.integers(1, 9))
def test_events_are_paged_by_seq_and_none_is_left_out(kinds, wanted, size):
    async def work(journal, book):
        for kind in kinds:
            await journal.record(kind, {})
        span = Span(tuple(sorted(wanted)))

        async def page(after):
            return await (book.events(span, size) if after is None else book.events(span, size, after.seq))

        found = await pages(page, lambda event: event.seq)
        truth = [seq for seq, kind in enumerate(kinds, 1) if not wanted or kind in wanted]
        assert [event.seq for event in found] == truth[::-1]
        assert await book.event_count(span) == len(truth)

    on(work)


def test_the_events_of_a_day_are_all_of_that_day_even_when_the_clock_went_back():
    days = ["22", "23", "23", "22", "23", "24"]

    async def work(journal, book):
        for day in days:
            journal._store.write(f"2026-11-{day}T10:00:00.000+08:00", [("x", b"{}")], lambda db: None)
        found = {day: await book.of_day((), f"2026-11-{day}") for day in ("21", "22", "23", "24")}
        return {day: [event.seq for event in await book.events(span, 99)] for day, span in found.items()}

    assert on(work) == {"21": [], "22": [4, 1], "23": [5, 3, 2], "24": [6]}


@pytest.mark.parametrize("back", [False, True])
def test_the_stages_of_an_exchange_are_found_though_the_clock_was_set_back(back):
    async def work(journal, book):
        first = Connecting(request(1))
        other = Connecting(request(2))
        later = "2026-11-01T00:00:00.000+08:00" if back else "2026-11-23T10:00:09.000+08:00"
        told = (other, first, AwaitingReply(first.request), Refused(first.request, "51"), *[other] * 20)
        for number, stage in enumerate(told):
            at = "2026-11-23T10:00:01.000+08:00" if number < 3 else later
            journal._store.write(at, [("stage", msgspec.json.encode(stage))], lambda db: None)
        return [(event.seq, state(stage)) for event, stage in await book.stages_of(Refused(first.request, "51"))]

    assert on(work) == [(2, "connecting"), (3, "awaiting-reply"), (4, "refused")]


def test_a_shift_ends_with_the_log_out_or_with_the_next_log_in():
    async def work(journal, book):
        for kind, operator in (("logged-in", "01"), ("logged-out", "01"), ("logged-in", "02"), ("logged-in", "01")):
            await journal.record(kind, {"operator": operator})
        told = [(shift.operator, shift.first_seq, shift.last_seq) for shift in await book.shifts(2)]
        return told, [shift.operator for shift in await book.shifts(9, told[-1][1])], await book.shift_count()

    told, rest, count = on(work)
    assert told == [("01", 4, 1 << 62), ("02", 3, 4)]
    assert (rest, count) == (["01"], 3)


@pytest.mark.parametrize(
    "search",
    [Search(), Search(operator="01"), Search(rrn="1"), Search(stan="000001"), Search(last_four="1"), Search(amount=1)],
)
def test_no_page_of_exchanges_reads_the_whole_table(search):
    async def work(journal, book):
        asked = []

        async def rows(query, *arguments):
            asked.extend(await journal.rows(f"EXPLAIN QUERY PLAN {query}", *arguments))
            return []

        await ReportBook(rows).page(search, 9)
        return [str(row[-1]) for row in asked]

    assert all("USING INDEX" in step or "TEMP B-TREE" in step for step in on(work)), on(work)


def test_no_page_of_events_reads_the_whole_table():
    async def work(journal, book):
        asked = []

        async def rows(query, *arguments):
            asked.extend(await journal.rows(f"EXPLAIN QUERY PLAN {query}", *arguments))
            return []

        await ReportBook(rows).events(Span(("stage", "sent")), 9, 500)
        await ReportBook(rows).events(Span(), 9, 500)
        return [str(row[-1]) for row in asked]

    assert all(step.startswith("SEARCH") for step in on(work)), on(work)
