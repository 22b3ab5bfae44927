"""A journal examined from outside: nothing is written, and whatever was altered is named (`yuanlu journal verify`)."""

import hashlib
import json
import sqlite3

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.__main__ import main
from terminal.exchange.request import FeeSheet, Original
from terminal.exchange.settling import Settled
from terminal.exchange.stages import Accepted, AwaitingReply, Connecting
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Kind
from terminal.iso8583.settlement import Totals
from terminal.journal.evidence_book import drop_before
from terminal.journal.examination import examined
from terminal.journal.owed import Owed
from terminal.journal.store import START, JournalFailed, Store, chained, first_broken, told
from terminal.money import Money
from terminal.refund.application import Application
from terminal.refund.sale import Sale
from tests.unit.terminal.journal.test_journal import on, request

AT = "2026-11-23T10:00:00+08:00"


def application(id="000001"):
    original = Original("000001-000001", "000001", "000001", "091947145060", "", "1123", Money(1000))
    return Application(id, Sale(original, AT), FeeSheet(Money(1000)), "returned", Kind.REFUND, "01", AT, "factory")


async def fill(journal):
    """Something of every table."""
    await journal.begin(request(), b"sealed")
    for stage in (Connecting(request()), AwaitingReply(request()), Accepted(request(), Reply("0210", "00", rrn="1"))):
        await journal.enter(stage)
    await journal.next_stan()
    await journal.applications.next_id()
    await journal.applications.keep(application())
    await journal.attachments.keep("000001-000001", "paper", AT, b"paper")
    await journal.owed.keep(Owed("signature", "000001-000001", "owed", 0, b"picture"))


@pytest.fixture
def path(tmp_path):
    on(tmp_path / "j", fill)
    return tmp_path / "j"


def altered(path, statement, *arguments):
    with sqlite3.connect(path) as db:
        assert db.execute(statement, arguments).rowcount == 1
    db.close()


def verify(path, *more):
    return CliRunner().invoke(main, ["journal", "verify", str(path), *more])


def test_a_whole_journal_is_whole_and_nothing_of_it_is_written(path):
    before = {each.name: each.read_bytes() for each in path.parent.iterdir()}
    path.chmod(0o400)
    result = verify(path)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("whole: ")
    assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == before


def test_beside_a_running_terminal_it_is_as_it_is_at_that_moment(tmp_path):
    async def dialogue(journal):
        await fill(journal)
        before = examined(tmp_path / "j")
        await journal.record("fact", {})
        return before, examined(tmp_path / "j")

    before, after = on(tmp_path / "j", dialogue)
    assert before.findings == after.findings == ()
    assert after.events == before.events + 1


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE exchange SET amount = 1", "exchange"),
        ("UPDATE exchange SET state = 'refused'", "exchange"),
        ("UPDATE exchange SET is_open = 1", "exchange"),
        ("UPDATE exchange SET stage = CAST(replace(CAST(stage AS TEXT), '1000', '9000') AS BLOB)", "exchange"),
        ("UPDATE exchange SET stage = x'00'", "exchange"),
        ("DELETE FROM exchange", "exchange"),
        ("UPDATE application SET requester = '02'", "application"),
        (
            "UPDATE application SET body = CAST(replace(CAST(body AS TEXT), 'factory', 'another') AS BLOB)",
            "application",
        ),
        ("DELETE FROM application", "application"),
        ("UPDATE attachment SET body = x'00'", "attachment"),
        ("UPDATE attachment SET owner = '000001-000009'", "attachment"),
        ("DELETE FROM attachment", "attachment"),
        ("UPDATE setting SET value = '000900' WHERE name = 'stan'", "setting"),
        ("UPDATE owed SET state = 'sent'", "owed"),
        ("DELETE FROM owed", "owed"),
        ("UPDATE sealed_card SET sealed = x'00'", "sealed_card"),
    ],
)
def test_a_row_that_is_not_what_the_chain_says_is_named(path, statement, what):
    altered(path, statement)
    found = examined(path)
    assert found.is_chain_whole
    assert {finding.what for finding in found.findings} == {what}
    result = verify(path, "--json")
    assert result.exit_code == 3
    assert json.loads(result.output)["findings"][0]["what"] == what


def test_the_first_broken_link_is_named_and_nothing_after_it_is_believed(path):
    altered(path, "UPDATE event SET at = 'x' || substr(at, 2) WHERE seq = 3")
    result = verify(path)
    assert result.exit_code == 1
    assert result.output.startswith("broken at event 3 (")


def test_a_settlement_that_was_altered_is_named(tmp_path):
    on(tmp_path / "j", lambda journal: journal.settlements.close(Settled("000001", Totals(debit=5), 1, 1, 0, 0)))
    assert examined(tmp_path / "j").findings == ()
    altered(tmp_path / "j", "UPDATE settlement SET stage = CAST(replace(CAST(stage AS TEXT), '5', '6') AS BLOB)")
    assert [finding.what for finding in examined(tmp_path / "j").findings] == ["settlement"]


@pytest.mark.parametrize("content", [b"no database " * 1000, b""])
def test_what_is_no_journal_is_unreadable_and_not_made_one(tmp_path, content):
    (tmp_path / "j").write_bytes(content)
    assert verify(tmp_path / "j").exit_code == 4
    assert (tmp_path / "j").read_bytes() == content
    with pytest.raises(JournalFailed):
        examined(tmp_path / "j")


class Content(bytes):
    """Too long to be shown."""

    def __repr__(self):
        return f"Content({len(self)})"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("journal")
    on(folder / "j", fill)
    return Content((folder / "j").read_bytes())


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 1 << 30), bit=st.integers(0, 7))
def test_a_byte_altered_anywhere_never_passes_as_another_journal(whole, tmp_path, at, bit):
    """It is named, or unreadable, or it was in what says nothing (free space): then every row is as it was."""
    content = bytearray(whole)
    content[at % len(content)] ^= 1 << bit
    (tmp_path / "j").write_bytes(content)
    try:
        found = examined(tmp_path / "j")
    except JournalFailed:
        return
    (tmp_path / "whole").write_bytes(whole)
    if not found.findings:
        assert rows_of(tmp_path / "j") == rows_of(tmp_path / "whole")


def plain(row):
    """Whether SQLite calls bytes text or BLOB says nothing."""
    return tuple(value.encode() if isinstance(value, str) else value for value in row)


def rows_of(path):
    """Of what the chain speaks of; a signature's picture in `owed` and its index it does not."""
    tables = ("event", "exchange", "application", "settlement", "setting", "attachment", "sealed_card")
    db = sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)
    db.text_factory = bytes  # a hash that calls itself text cannot be decoded
    try:
        read = {table: db.execute(f"SELECT * FROM {table} NOT INDEXED").fetchall() for table in tables}
        return {table: sorted(map(plain, rows), key=repr) for table, rows in read.items()}
    finally:
        db.close()


def test_events_in_the_form_of_before_are_a_whole_chain_with_those_of_today(tmp_path):
    store = Store(tmp_path / "j")
    old = hashlib.sha256(b"\x1f".join((START, b"1", AT.encode(), b"fact", b"{}"))).digest()
    store.db.execute("INSERT INTO event VALUES (1, ?, 'fact', x'7b7d', ?)", (AT, old))
    store.write(AT, [("fact", b"{}")], lambda db: None)
    assert store.verify() is None
    assert store.rows("SELECT hash FROM event WHERE seq = 2") == [(chained(old, told(2, AT, "fact", b"{}")),)]
    store.close()


def test_two_that_write_at_once_make_one_chain(tmp_path):
    one, other = Store(tmp_path / "j"), Store(tmp_path / "j")
    for store in (one, other, other, one, other):
        store.write(AT, [("fact", b"{}"), ("fact", b"{}")], lambda db: None)
    assert one.verify() is None
    assert first_broken(other.db) is None
    assert one.rows("SELECT count(*) FROM event") == [(10,)]
    one.close()
    other.close()


def test_what_is_destroyed_leaves_nothing_in_the_file(tmp_path):
    secret = b"SEALED TEST CARD" * 20

    async def dialogue(journal):
        await journal.begin(request(sealed=secret), secret)
        await journal.enter(Accepted(request(sealed=secret), Reply("0210", "00")))
        await journal.settlements.close(Settled("000001", Totals(), 1, 1, 0, 0))

    on(tmp_path / "j", dialogue)
    assert secret not in (tmp_path / "j").read_bytes()


def test_pictures_are_dropped_by_age_but_never_those_of_what_is_open(tmp_path):
    waiting, done = request("000002", Kind.REFUND), request("000003", Kind.REFUND)

    async def dialogue(journal):
        await journal.enter(AwaitingReply(waiting))
        await journal.enter(Accepted(done, Reply("0230", "00")))
        await journal.applications.keep(application("000007"))  # a draft: open
        for owner in (waiting.id, done.id, "000007", "nobody"):
            await journal.attachments.keep(owner, "photo", "2025-01-01T10:00:00+08:00", owner.encode())
        await journal.attachments.keep(done.id, "paper", "2026-11-23T10:00:00+08:00", b"young")
        for id, state in ((done.id, "sent"), (waiting.id, "owed")):
            await journal.owed.keep(Owed("signature", id, state, 1, b"picture"))
        count = await drop_before("2025-06-01", journal.write, journal.rows)
        assert await drop_before("2025-06-01", journal.write, journal.rows) == 0
        await drop_before("2026-11-24", journal.write, journal.rows)
        kept = {
            owner: [one.kind for one in await journal.attachments.of(owner)]
            for owner in (waiting.id, done.id, "000007")
        }
        return count, kept, [(await journal.owed.one("signature", id)).body for id in (done.id, waiting.id)]

    count, kept, signatures = on(tmp_path / "j", dialogue)
    assert count == 2
    assert kept == {waiting.id: ["photo"], done.id: [], "000007": ["photo"]}
    assert signatures == [b"", b"picture"]
    assert examined(tmp_path / "j").findings == ()
