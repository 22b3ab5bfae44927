"""The bank's books in SQLite. Law: whole numbers only; one message is one commit; the sum of all postings is 0.

One connection, used by one thread. Reading outside `commit` is allowed; writing is not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from terminal.iso8583.codec import Message, mask_pan
from terminal.iso8583.messages import Kind

EQUITY = "bank"  # the account that opening balances come from
LAST_BATCH = 999_999
MESSAGES_SHOWN = 50


class State(Enum):
    """What became of an entry."""

    APPROVED = "approved"
    REFUSED = "refused"
    VOIDED = "voided"
    REVERSED = "reversed"


class Terminal(msgspec.Struct, frozen=True):
    """A terminal as the bank knows it; keys are plain bytes, TEST KEYS ONLY."""

    terminal_id: str
    merchant_id: str
    tmk: bytes
    pik: bytes
    mak: bytes
    batch: str
    is_signed_in: bool

    def __repr__(self) -> str:
        """Never a key."""
        return f"Terminal({self.terminal_id}, batch {self.batch})"


class Entry(msgspec.Struct, frozen=True):
    """A decided sale, void or refund; `at` is ISO 8601, `date` the clearing day YYYY-MM-DD, `amount` minor units."""

    rrn: str
    kind: Kind
    mti: str
    stan: str
    batch: str
    terminal_id: str
    merchant_id: str
    amount: int
    pan: str
    approval_code: str
    response_code: str
    state: State
    original_rrn: str
    at: str
    date: str

    def __repr__(self) -> str:
        """Never the card number."""
        return f"Entry({self.kind.value}, {self.rrn}, {self.state.value})"


class Ledger:
    """`path` is a file or ":memory:"."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        self._db.executescript(files(__package__).joinpath("schema.sql").read_text())
        with self.commit():
            self._db.execute("INSERT INTO last_number SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM last_number)")
            self._db.execute("INSERT OR IGNORE INTO account (id, kind, name) VALUES (?, 'bank', ?)", (EQUITY, EQUITY))

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

    # --- who is known ------------------------------------------------------------------------------------------------
    def add_terminal(self, terminal_id: str, merchant_id: str, merchant_name: str, tmk: bytes) -> None:
        """A merchant, its account and its terminal; what is known already is left as it is."""
        with self.commit():
            self._add_account(merchant_id, "merchant", merchant_name)
            self._db.execute(
                "INSERT OR IGNORE INTO terminal (terminal_id, merchant_id, tmk) VALUES (?, ?, ?)",
                (terminal_id, merchant_id, tmk),
            )

    def add_account(self, pan: str, name: str, balance: int) -> None:
        """A card's account with `balance` minor units from the bank's own; a known one is left as it is."""
        with self.commit():
            if self._add_account(pan, "card", name) and balance:
                self.post("", EQUITY, pan, balance)

    def _add_account(self, account: str, kind: str, name: str) -> bool:
        row = (account, kind, name)
        return self._db.execute("INSERT OR IGNORE INTO account (id, kind, name) VALUES (?, ?, ?)", row).rowcount == 1

    def card_balance(self, pan: str) -> int | None:
        """In minor units; None when no card has this number."""
        row = self._one("SELECT balance FROM account WHERE id = ? AND kind = 'card'", pan)
        return None if row is None else int(row["balance"])

    def terminal(self, terminal_id: str) -> Terminal | None:
        row = self._one("SELECT * FROM terminal WHERE terminal_id = ?", terminal_id)
        return None if row is None else msgspec.convert(dict(row), Terminal, strict=False)

    def sign_in(self, terminal_id: str, pik: bytes, mak: bytes) -> None:
        self._db.execute(
            "UPDATE terminal SET pik = ?, mak = ?, is_signed_in = 1 WHERE terminal_id = ?", (pik, mak, terminal_id)
        )

    def close_batch(self, terminal_id: str) -> None:
        """The next batch begins; the terminal must sign in again (cup.md 2.7)."""
        with self.commit():
            self._db.execute(
                "UPDATE terminal SET is_signed_in = 0, batch = printf('%06d', batch % ? + 1) WHERE terminal_id = ?",
                (LAST_BATCH, terminal_id),
            )

    # --- what was decided --------------------------------------------------------------------------------------------
    def next_number(self) -> int:
        """Counts every answer of this bank; reference numbers are made of it."""
        self._db.execute("UPDATE last_number SET number = number + 1")
        return int(self._db.execute("SELECT number FROM last_number").fetchone()[0])

    def book(self, entry: Entry) -> None:
        row = msgspec.to_builtins(entry)
        names = ", ".join(row)
        self._db.execute(f"INSERT INTO entry ({names}) VALUES (:{', :'.join(row)})", row)  # noqa: S608 - our own names

    def post(self, rrn: str, debit: str, credit: str, amount: int) -> None:
        """Move `amount` minor units from `debit` to `credit`."""
        self._db.execute(
            "INSERT INTO posting (rrn, debit, credit, amount) VALUES (?, ?, ?, ?)", (rrn, debit, credit, amount)
        )
        self._db.execute("UPDATE account SET balance = balance - ? WHERE id = ?", (amount, debit))
        self._db.execute("UPDATE account SET balance = balance + ? WHERE id = ?", (amount, credit))

    def mark(self, rrn: str, state: State) -> None:
        self._db.execute("UPDATE entry SET state = ? WHERE rrn = ?", (state.value, rrn))

    def entry_of(self, terminal_id: str, mti: str, batch: str, stan: str) -> Entry | None:
        """What a request (its own MTI, F60.2, F11) became."""
        where = "SELECT * FROM entry WHERE terminal_id = ? AND mti = ? AND batch = ? AND stan = ?"
        return _entry(self._one(where, terminal_id, mti, batch, stan))

    def entry(self, rrn: str) -> Entry | None:
        """By F37."""
        return _entry(self._one("SELECT * FROM entry WHERE rrn = ?", rrn))

    def refunded(self, rrn: str) -> int:
        """The sum of accepted refunds of a sale, in minor units."""
        row = self._one(
            "SELECT COALESCE(SUM(amount), 0) AS total FROM entry"
            " WHERE original_rrn = ? AND kind = 'refund' AND state = 'approved'",
            rrn,
        )
        assert row is not None
        return int(row["total"])

    def bury(self, terminal_id: str, mti: str, batch: str, stan: str) -> None:
        """Whatever comes under this number later is never booked."""
        self._db.execute("INSERT OR IGNORE INTO dead_request VALUES (?, ?, ?, ?)", (terminal_id, mti, batch, stan))

    def is_dead(self, terminal_id: str, mti: str, batch: str, stan: str) -> bool:
        where = "SELECT 1 FROM dead_request WHERE terminal_id = ? AND mti = ? AND batch = ? AND stan = ?"
        return self._one(where, terminal_id, mti, batch, stan) is not None

    def note(self, direction: str, at: str, message: Message) -> None:
        """Keep a message, masked. `direction` is "received" or "sent"."""
        self._db.execute(
            "INSERT INTO message (at, direction, mti, stan, terminal_id, response_code, fields)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                at,
                direction,
                message.mti,
                message["stan"],
                message["terminal_id"],
                message["response_code"],
                msgspec.json.encode(message.masked_fields()).decode(),
            ),
        )

    # --- what may be shown -------------------------------------------------------------------------------------------
    def sum_of_postings(self) -> int:
        """Both sides of every posting, as the balances have them: always 0."""
        return int(self._db.execute("SELECT SUM(balance) FROM account").fetchone()[0])

    def report(self) -> dict[str, Any]:
        """The books as JSON-ready values, card numbers masked, newest first; amounts in minor units."""
        accounts = self._db.execute("SELECT id, kind, name, balance FROM account ORDER BY kind, rowid")
        entries = self._db.execute(
            "SELECT kind, amount, state, response_code, rrn, original_rrn, stan, batch, pan, at"
            " FROM entry ORDER BY rowid DESC"
        )
        messages = self._db.execute(
            "SELECT mti, stan, response_code, direction, at FROM message ORDER BY id DESC LIMIT ?", (MESSAGES_SHOWN,)
        )
        return {
            "accounts": [
                {
                    "kind": row["kind"],
                    "name": row["name"],
                    "masked_pan": mask_pan(row["id"]) if row["kind"] == "card" else "",
                    "balance": row["balance"],
                }
                for row in accounts
            ],
            "transactions": [_shown(dict(row)) for row in entries],
            "messages": [dict(row) for row in messages],
            "sum_of_postings": self.sum_of_postings(),
        }

    def _one(self, where: str, *values: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(where, values).fetchone()
        return row


def _entry(row: sqlite3.Row | None) -> Entry | None:
    return None if row is None else msgspec.convert(dict(row), Entry)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in row.items() if name != "pan"}, "masked_pan": mask_pan(row["pan"])}
