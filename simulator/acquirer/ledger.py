"""The bank's books in SQLite. Law: whole numbers only; one commit is all or nothing; the sum of all postings is 0.

One connection, used by one thread at a time. Reading outside `commit` is allowed; writing is not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from simulator.acquirer.entry import Account, Entry, State, Terminal
from simulator.acquirer.report import report
from terminal.iso8583.message import Message

EQUITY = "bank"  # the account that opening balances come from
CLEARING = "clearing"  # what is on its way to cardholders
LAST_BATCH = 999_999
SCHEMA_VERSION = 2
STATEMENTS = 256  # kept prepared by the connection
_TERMINAL = "SELECT * FROM terminal WHERE terminal_id = ?"
_ENTRY_OF = (
    "SELECT * FROM entry WHERE terminal_id = ? AND mti = ? AND batch = ? AND stan = ? ORDER BY copy DESC LIMIT 1"
)
_BATCH = "SELECT * FROM entry WHERE terminal_id = ? AND batch = ? ORDER BY rowid"
_ENTRIES = "SELECT * FROM entry WHERE terminal_id = ? AND batch = ? AND stan = ? ORDER BY rowid"
_BOOK = (
    f"INSERT INTO entry ({', '.join(Entry.__struct_fields__)})"  # noqa: S608 - our own names
    f" VALUES ({', '.join('?' * len(Entry.__struct_fields__))})"
)
_to_json = msgspec.json.Encoder()


class Ledger:
    """`path` is a file or ":memory:"."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, cached_statements=STATEMENTS, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        self._claim()
        self._db.executescript(files(__package__).joinpath("schema.sql").read_text())
        with self.commit():
            self.run("INSERT INTO last_number SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM last_number)")
            for name in (EQUITY, CLEARING):
                self._add_account(name, "bank", name)

    def _claim(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        is_new = self._db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0] == 0
        if not is_new and version != SCHEMA_VERSION:
            self._db.close()
            raise ValueError("these books were kept by another version of the bank: start with a new file")
        self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def commit(self) -> Iterator[None]:
        """All of it or nothing; when it returns, it is on disk."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:  # whatever stopped it, half a booking must not stay
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Inside a commit: all of this part or nothing of it."""
        self._db.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:  # whatever stopped it, half of this part must not stay
            self._db.execute("ROLLBACK TO part")
            self._db.execute("RELEASE part")
            raise
        self._db.execute("RELEASE part")

    def run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """A statement with its values: for those who keep a table of their own here."""
        return self._db.execute(sql, values)

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return row

    # --- accounts ----------------------------------------------------------------------------------------------------
    def add_account(
        self, pan: str, name: str, balance: int, pin: str = "", *, organisation: str = "CUP", points: int = 0
    ) -> None:
        """A card's account with `balance` minor units from the bank's own; a known one is left as it is.

        `pin` is a TEST PIN; without one any PIN is right. `points` are 积分, spent like money at 1 to 1.
        """
        with self.commit():
            if self._add_account(pan, "card", name, pin, organisation):
                self._give("", pan, balance)
                if points:
                    self._give("", self.sub_account("points", pan), points)

    def sub_account(self, kind: str, pan: str) -> str:
        """The account "hold", "purse" or "points" of a card; opened when it is not there yet."""
        self._add_account(f"{kind}:{pan}", kind, kind)
        return f"{kind}:{pan}"

    def _add_account(self, id: str, kind: str, name: str, pin: str = "", organisation: str = "CUP") -> bool:
        sql = "INSERT OR IGNORE INTO account (id, kind, name, pin, organisation) VALUES (?, ?, ?, ?, ?)"
        return self.run(sql, id, kind, name, pin, organisation).rowcount == 1

    def _give(self, rrn: str, account: str, amount: int) -> None:
        if amount:
            self.post(rrn, EQUITY, account, amount)

    def account(self, pan: str) -> Account | None:
        """None when no card has this number."""
        sql = "SELECT balance, pin, pin_wrong, organisation FROM account WHERE id = ? AND kind = 'card'"
        row = self.one(sql, pan)
        return None if row is None else Account(*row)

    def card_balance(self, pan: str) -> int | None:
        """What is available, in minor units; None when no card has this number."""
        account = self.account(pan)
        return None if account is None else account.balance

    def balance(self, id: str) -> int:
        """Of any account; 0 when it was never opened."""
        row = self.one("SELECT balance FROM account WHERE id = ?", id)
        return 0 if row is None else int(row[0])

    def note_pin(self, pan: str, wrong: int) -> None:
        """How often the PIN was wrong in a row."""
        self.run("UPDATE account SET pin_wrong = ? WHERE id = ?", wrong, pan)

    # --- terminals ---------------------------------------------------------------------------------------------------
    def add_terminal(self, terminal_id: str, merchant_id: str, merchant_name: str, tmk: bytes) -> None:
        """A merchant, its account and its terminal; what is known already is left as it is."""
        with self.commit():
            self._add_account(merchant_id, "merchant", merchant_name)
            sql = "INSERT OR IGNORE INTO terminal (terminal_id, merchant_id, tmk) VALUES (?, ?, ?)"
            self.run(sql, terminal_id, merchant_id, tmk)

    def terminal(self, terminal_id: str) -> Terminal | None:
        row = self.one(_TERMINAL, terminal_id)
        return None if row is None else msgspec.convert(dict(row), Terminal, strict=False)

    def change_terminal(self, terminal_id: str, **columns: Any) -> None:
        """Set columns of a terminal, inside a commit."""
        names = ", ".join(f"{name} = ?" for name in columns)
        self.run(f"UPDATE terminal SET {names} WHERE terminal_id = ?", *columns.values(), terminal_id)  # noqa: S608 - our own names

    def close_batch(self, terminal_id: str) -> None:
        """The next batch begins; the terminal must sign in again (cup.md 2.7)."""
        with self.commit():
            self.next_batch(terminal_id)

    def next_batch(self, terminal_id: str) -> None:
        """The same inside a commit."""
        sql = "UPDATE terminal SET is_signed_in = 0, batch = printf('%06d', batch % ? + 1) WHERE terminal_id = ?"
        self.run(sql, LAST_BATCH, terminal_id)

    # --- what was decided --------------------------------------------------------------------------------------------
    def next_number(self) -> int:
        """Counts every answer of this bank; reference numbers are made of it."""
        return int(self._db.execute("UPDATE last_number SET number = number + 1 RETURNING number").fetchone()[0])

    def book(self, entry: Entry) -> None:
        self._db.execute(_BOOK, [getattr(value, "value", value) for value in msgspec.structs.astuple(entry)])

    def post(self, rrn: str, debit: str, credit: str, amount: int) -> None:
        """Move `amount` minor units from `debit` to `credit`."""
        self.run("INSERT INTO posting (rrn, debit, credit, amount) VALUES (?, ?, ?, ?)", rrn, debit, credit, amount)
        self.run("UPDATE account SET balance = balance - ? WHERE id = ?", amount, debit)
        self.run("UPDATE account SET balance = balance + ? WHERE id = ?", amount, credit)

    def undo(self, rrn: str, by: str) -> None:
        """Every posting of `rrn` the other way, as `by`. A correction may overdraw an account: it is never refused."""
        sql = "SELECT debit, credit, amount FROM posting WHERE rrn = ?"
        for debit, credit, amount in self.run(sql, rrn).fetchall():
            self.post(by, credit, debit, amount)

    def mark(self, rrn: str, state: State) -> None:
        self.run("UPDATE entry SET state = ? WHERE rrn = ?", state.value, rrn)

    def entry_of(self, terminal_id: str, mti: str, batch: str, stan: str) -> Entry | None:
        """What a request (its own MTI, F60.2, F11) became; of several copies the last."""
        return _entry(self.one(_ENTRY_OF, terminal_id, mti, batch, stan))

    def entry(self, rrn: str) -> Entry | None:
        """By F37."""
        return _entry(self.one("SELECT * FROM entry WHERE rrn = ?", rrn))

    def entries_of(self, terminal_id: str, batch: str, stan: str = "") -> list[Entry]:
        """What a terminal did in a batch (under one number), oldest first."""
        rows = self.run(_ENTRIES, terminal_id, batch, stan) if stan else self.run(_BATCH, terminal_id, batch)
        return [msgspec.convert(dict(row), Entry) for row in rows]

    def refunded(self, rrn: str) -> int:
        """The sum of accepted refunds of a sale, in minor units; pending ones count."""
        row = self.one("SELECT refunded FROM entry WHERE rrn = ?", rrn)
        return 0 if row is None else int(row[0])

    def add_refunded(self, rrn: str, amount: int) -> None:
        self.run("UPDATE entry SET refunded = refunded + ? WHERE rrn = ?", amount, rrn)

    def credit_due(self, at: str) -> int:
        """Inside a commit: refunds due by `at` (ISO 8601) reach their cardholders; returns how many."""
        due = self.run("SELECT rrn, pan, amount FROM entry WHERE state = 'pending' AND due <= ?", at).fetchall()
        for rrn, pan, amount in due:
            self.post(rrn, CLEARING, pan, amount)
            self.mark(rrn, State.CREDITED)
        return len(due)

    def has_pending(self) -> bool:
        return self.one("SELECT 1 FROM entry WHERE state = 'pending' LIMIT 1") is not None

    def bury(self, terminal_id: str, mti: str, batch: str, stan: str) -> None:
        """Whatever comes under this number later is never booked."""
        self.run("INSERT OR IGNORE INTO dead_request VALUES (?, ?, ?, ?)", terminal_id, mti, batch, stan)

    def is_dead(self, terminal_id: str, mti: str, batch: str, stan: str) -> bool:
        where = "SELECT 1 FROM dead_request WHERE terminal_id = ? AND mti = ? AND batch = ? AND stan = ?"
        return self.one(where, terminal_id, mti, batch, stan) is not None

    def note(self, at: str, received: Message, sent: Message) -> None:
        """Keep a message and its answer, masked."""
        self.run(
            "INSERT INTO message (at, mti, answer_mti, stan, terminal_id, response_code, received, sent)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            at,
            received.mti,
            sent.mti,
            received["stan"],
            received["terminal_id"],
            sent["response_code"],
            _to_json.encode(received.masked_fields()).decode(),
            _to_json.encode(sent.masked_fields()).decode(),
        )

    # --- what may be shown -------------------------------------------------------------------------------------------
    def sum_of_postings(self) -> int:
        """Both sides of every posting, as the balances have them: always 0."""
        return int(self._db.execute("SELECT SUM(balance) FROM account").fetchone()[0])

    def signature(self, id: int) -> bytes:
        """The JBIG bytes. Raises KeyError."""
        row = self.one("SELECT image FROM signature WHERE id = ?", id)
        if row is None:
            raise KeyError(id)
        return bytes(row[0])

    def report(self) -> dict[str, Any]:
        """The books as JSON-ready values (report.py)."""
        return {**report(self._db), "sum_of_postings": self.sum_of_postings()}


def _entry(row: sqlite3.Row | None) -> Entry | None:
    return None if row is None else msgspec.convert(dict(row), Entry)
