"""Looking a sale up never walks the whole journal, whatever is asked for, and finds no more than sales."""

import sqlite3

import pytest

from terminal.exchange.request import CardOnFile, Original, Request, Terms
from terminal.exchange.stages import Accepted, Refused
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Kind, Silence
from terminal.journal.journal import Journal
from terminal.money import Money
from tests.virtual_time import VirtualClock, inline, run


def request(stan, kind=Kind.SALE, at="2026-11-23T10:00:00+08:00", of=""):
    original = Original(of, "", "", "", "", "", Money(0)) if of else None
    card = CardOnFile("digest", "print", "621094******0003", "I")
    return Request(f"000001-{stan}", kind, stan, "000001", Money(100), at, "01", card, Terms(Silence.QUERY), original)


def on(path, dialogue):
    async def work():
        journal = Journal(path, VirtualClock(), inline)
        try:
            return await dialogue(journal)
        finally:
            await journal.close()

    return run(work())


def test_only_accepted_sales_and_completions_newest_first(tmp_path):
    async def dialogue(journal):
        for number, kind in enumerate(Kind):
            at = f"2026-11-23T10:00:{number:02d}+08:00"
            await journal.enter(Accepted(request(f"{number:06d}", kind, at), Reply("0210", "00")))
        await journal.enter(Refused(request("000900"), "51"))
        return [stage.request.kind for stage in await journal.sales()], await journal.sale_ids(most=2)

    kinds, newest = on(tmp_path / "j", dialogue)
    assert kinds == [Kind.COMPLETION_NOTICE, Kind.COMPLETION, Kind.SALE]
    assert newest == ["000001-000008", "000001-000007"]


def test_what_was_given_back_is_found_for_each_and_under_a_name(tmp_path):
    async def dialogue(journal):
        for number, of in enumerate(("a-1", "a-2", "a-1", "b-1", "a.1", "a", "aa-1")):
            await journal.enter(Refused(request(f"{number:06d}", Kind.REFUND, of=of), "61"))
        each = await journal.given_back_of(["a-1", "c-1", "b-1"])
        under = await journal.given_back_under("a-")
        none = await journal.given_back_of([]), await journal.stages([])
        order = await journal.stages(["000001-000003", "none", "000001-000001"])
        return {id: len(stages) for id, stages in each.items()}, len(under), none, [s.request.stan for s in order]

    assert on(tmp_path / "j", dialogue) == ({"a-1": 2, "c-1": 0, "b-1": 1}, 3, ({}, []), ["000003", "000001"])


WAYS = {
    "": (),
    "day = ?": ("2026-11-23",),
    "stan = ?": ("000001",),
    "amount = ?": (100,),
    "amount = ? AND at BETWEEN ? AND ?": (100, "2026-11-23T", "2026-11-23U"),
    "last_four = ?": ("0003",),
    "fingerprint = ?": ("print",),
}


@pytest.mark.parametrize("where", WAYS)
def test_no_search_walks_or_sorts_all_sales(tmp_path, where):
    asked: list[str] = []

    async def dialogue(journal):
        journal._store.db.set_trace_callback(asked.append)
        await journal.sale_ids(where, *WAYS[where], most=9)

    on(tmp_path / "j", dialogue)
    query = next(each for each in asked if each.startswith("SELECT id"))
    with sqlite3.connect(tmp_path / "j") as db:
        plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}"))
    db.close()
    if where:
        assert "SEARCH exchange USING INDEX" in plan
        assert "(kind=" not in plan
    else:
        assert plan == "SCAN exchange USING INDEX exchange_newest"  # in its order, to the LIMIT


def test_the_newest_of_all_kinds_are_read_in_their_order(tmp_path):
    asked: list[str] = []

    async def dialogue(journal):
        journal._store.db.set_trace_callback(asked.append)
        await journal.recent(8)
        await journal.given_back_under("elsewhere-123456789012-")

    on(tmp_path / "j", dialogue)
    newest, under = [each for each in asked if each.startswith("SELECT stage")]
    with sqlite3.connect(tmp_path / "j") as db:
        plans = [" ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}")) for query in (newest, under)]
    db.close()
    assert plans[0] == "SCAN exchange USING INDEX exchange_newest"
    assert plans[1].startswith("SEARCH exchange USING INDEX exchange_original (original_id>? AND original_id<?)")
