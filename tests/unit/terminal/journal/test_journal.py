"""The journal: what is entered is on disk, in a chain, and found again."""

import hashlib
import sqlite3
from importlib.resources import files

import msgspec
import pytest

from terminal.exchange.request import CardOnFile, Request, Terms
from terminal.exchange.settling import Item, ItemsDue, Settled, What
from terminal.exchange.stages import Accepted, AwaitingReply, Connecting, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Kind, Silence
from terminal.iso8583.settlement import Totals
from terminal.journal.batch_book import Listed
from terminal.journal.journal import Journal, Operator
from terminal.journal.store import JournalFailed, Store
from terminal.money import Money
from tests.virtual_time import VirtualClock, inline, run


def request(stan="000001", kind=Kind.SALE, minor=1000, sealed=b"sealed", silence=Silence.REVERSE):
    card = CardOnFile(hashlib.sha256(sealed).hexdigest(), "print", "625000******0001", "I")
    return Request(
        f"000001-{stan}", kind, stan, "000001", Money(minor), "2026-11-23T10:00:00+08:00", "01", card, Terms(silence)
    )


def on(path, dialogue):
    async def work():
        journal = Journal(path, VirtualClock(), inline)
        try:
            return await dialogue(journal)
        finally:
            await journal.close()

    return run(work())


def test_a_stage_is_found_again_after_the_power_came_back(tmp_path):
    async def before(journal):
        await journal.begin(request(), b"sealed")
        await journal.enter(Connecting(request()))
        await journal.enter(AwaitingReply(request()))

    async def after(journal):
        return await journal.open_stages(), await journal.sealed_card(request().card.digest)

    on(tmp_path / "j", before)
    assert on(tmp_path / "j", after) == ([AwaitingReply(request())], b"sealed")


def test_an_ended_stage_is_no_longer_open_and_is_found_as_a_sale(tmp_path):
    done = Accepted(request(), Reply("0210", "00", rrn="091947145060"))

    async def dialogue(journal):
        await journal.begin(request(), b"sealed")
        await journal.enter(done)
        return (
            await journal.open_stages(),
            await journal.sales(),
            await journal.sales("last_four = ?", "0001"),
            await journal.sales("amount = ?", 999),
        )

    assert on(tmp_path / "j", dialogue) == ([], [done], [done], [])


def test_what_was_given_back_today_counts_unknown_ones(tmp_path):
    async def dialogue(journal):
        await journal.enter(Unknown(request("000002", Kind.REFUND, 300), "98"))
        await journal.enter(Accepted(request("000003", Kind.REFUND, 200), Reply("0230", "00")))
        await journal.enter(Accepted(request("000004", Kind.SALE, 900), Reply("0210", "00")))
        return [await journal.refunded("day = ?", day) for day in ("2026-11-23", "2026-11-22")]

    assert on(tmp_path / "j", dialogue) == [(2, 500), (0, 0)]


def test_f11_is_never_given_twice_and_wraps_to_1(tmp_path):
    async def two(journal):
        return [await journal.next_stan(), await journal.next_stan()]

    async def last(journal):
        await journal.remember("stan", "999999")
        return await journal.next_stan()

    assert on(tmp_path / "j", two) + on(tmp_path / "j", two) == ["000001", "000002", "000003", "000004"]
    assert on(tmp_path / "j", last) == "000001"


@pytest.mark.parametrize("what", ["body", "at", "kind", "hash"])
def test_one_altered_event_is_named(tmp_path, what):
    async def write(journal):
        for number in range(5):
            await journal.record("fact", {"number": str(number)})
        return await journal.verify()

    assert on(tmp_path / "j", write) is None
    with sqlite3.connect(tmp_path / "j") as db:
        db.execute(f"UPDATE event SET {what} = 'x' || substr({what}, 2) WHERE seq = 3")
    db.close()

    async def verify(journal):
        return (await journal.verify()).seq

    assert on(tmp_path / "j", verify) == 3


def test_a_removed_event_is_named(tmp_path):
    async def write(journal):
        for number in range(5):
            await journal.record("fact", {"number": str(number)})

    on(tmp_path / "j", write)
    with sqlite3.connect(tmp_path / "j") as db:
        db.execute("DELETE FROM event WHERE seq = 2")
    db.close()
    store = Store(tmp_path / "j")
    assert store.verify().seq == 3
    store.close()


def test_a_write_that_fails_leaves_nothing_and_can_be_tried_again(tmp_path):
    async def dialogue(journal):
        await journal.record("fact", {})
        journal._store.db.execute("PRAGMA max_page_count = 1")  # a full disk, as SQLite sees it
        journal.note("sent", "0200", {"3": "x" * 90_000})
        with pytest.raises(JournalFailed):
            await journal.record("fact", {})
        journal._store.db.execute("PRAGMA max_page_count = 100000")
        await journal.record("fact", {})
        return await journal.verify(), len(journal._store.rows("SELECT 1 FROM event"))

    broken, events = on(tmp_path / "j", dialogue)
    assert broken is None
    assert events == 3  # the first fact, the note that waited, the second fact


def test_a_journal_of_a_newer_program_is_refused(tmp_path):
    on(tmp_path / "j", lambda journal: journal.record("fact", {}))
    with sqlite3.connect(tmp_path / "j") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(JournalFailed, match="version 99"):
        Store(tmp_path / "j")


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    (tmp_path / "j").write_bytes(b"not a database, but long enough to be looked at " * 100)
    with pytest.raises(JournalFailed):
        Store(tmp_path / "j")


def test_operators_are_kept_and_their_hash_is_not_in_the_chain(tmp_path):
    someone = Operator("01", "operator", "secret-hash", is_factory=True)

    async def dialogue(journal):
        await journal.keep_operator(someone, "seeded", "factory")
        return await journal.operators(), journal._store.rows("SELECT body FROM event")

    operators, events = on(tmp_path / "j", dialogue)
    assert operators == [someone]
    assert "secret-hash" not in repr(events) + repr(someone)


def test_a_journal_of_before_settlements_is_carried_over_with_its_open_exchanges(tmp_path):
    """Version 1 knew neither terms nor a card's digest in its row; nothing of it may be lost."""
    waiting = AwaitingReply(request("000002", Kind.REFUND))
    old = msgspec.json.decode(msgspec.json.encode(waiting))
    del old["request"]["terms"], old["address"]
    row = ("000001-000002", "refund", "awaiting-reply", 1, "2026-11-23T10:00:00+08:00", "2026-11-23", "000002")
    row += ("000001", 1000, "", "", "0001", "print", "", "01", msgspec.json.encode(old))
    with sqlite3.connect(tmp_path / "j") as db:
        db.executescript((files("terminal.journal") / "schema" / "001.sql").read_text("utf-8"))
        db.execute("PRAGMA user_version = 1")
        db.execute(f"INSERT INTO exchange VALUES ({','.join('?' * len(row))})", row)
        db.execute("INSERT INTO sealed_card VALUES (?, ?)", (waiting.request.card.digest, b"sealed"))
    db.close()

    async def dialogue(journal):
        found = await journal.open_stages()
        await journal.settlements.close(Settled("000001", Totals(), 1, 1, 0, 0))
        return found, await journal.sealed_card(waiting.request.card.digest), await journal.batch()

    kept = AwaitingReply(request("000002", Kind.REFUND, silence=Silence.QUERY))
    assert on(tmp_path / "j", dialogue) == ([kept], b"sealed", "000002")


def test_a_closed_batch_destroys_the_cards_that_nothing_is_owed_for(tmp_path):
    done, waiting = request("000001", sealed=b"one"), request("000002", Kind.REFUND, sealed=b"two")

    async def dialogue(journal):
        for each, sealed in ((done, b"one"), (waiting, b"two")):
            await journal.begin(each, sealed)
        await journal.enter(Accepted(done, Reply("0210", "00")))
        await journal.enter(Unknown(waiting, "98"))
        await journal.settlements.close(Settled("000001", Totals(), 1, 1, 1, 0))
        assert await journal.sealed_card(waiting.card.digest) == b"two"
        with pytest.raises(JournalFailed):
            await journal.sealed_card(done.card.digest)
        return await journal.settlements.open(), await journal.settlements.last()

    assert on(tmp_path / "j", dialogue) == (None, Settled("000001", Totals(), 1, 1, 1, 0))


def test_an_item_of_an_upload_is_missing_until_it_is_answered(tmp_path):
    items = [Item(What.NOTICE, ("000001-000001",), "000001"), Item(What.DETAILS, ("a", "b"), "000009")]
    stage = ItemsDue("000001", Totals(debit=1, debits=1), 2, 1)

    async def begin(journal):
        await journal.settlements.enter(stage, items)
        await journal.settlements.answered("000001", 0, "94")

    async def after(journal):
        return await journal.settlements.open(), await journal.settlements.items("000001", is_missing=True)

    on(tmp_path / "j", begin)
    assert on(tmp_path / "j", after) == (stage, [Listed(1, items[1], "")])
