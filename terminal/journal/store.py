"""SQLite under the journal: opening, schema, one transaction, the hash chain. Law: a commit that returned is on disk.

hash(n) = SHA-256(hash(n-1) | seq | at | kind | body), fields joined by 0x1F; hash(0) is 32 zero bytes.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import msgspec

SCHEMA_VERSION = 4
START = bytes(32)
SEPARATOR = b"\x1f"


class JournalFailed(Exception):
    """The journal could not be read or written (disk full, file damaged): nothing may be sent any more."""


class Broken(msgspec.Struct, frozen=True):
    """The first event whose hash does not follow from the one before."""

    seq: int
    at: str
    kind: str


def chained(previous: bytes, seq: int, at: str, kind: str, body: bytes) -> bytes:
    """The hash of one event."""
    return hashlib.sha256(SEPARATOR.join((previous, str(seq).encode(), at.encode(), kind.encode(), body))).digest()


class Store:
    """One connection, used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        try:
            self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = FULL")  # a commit is on disk when it returns
            self.db.execute("PRAGMA foreign_keys = ON")
            self._migrate()
            row = self.db.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        except sqlite3.Error as error:
            raise JournalFailed(f"the journal cannot be opened: {error}") from error
        self._seq: int = row[0] if row else 0
        self._hash: bytes = row[1] if row else START

    def close(self) -> None:
        """Fold the write-ahead log back and let go of the file."""
        self.db.close()

    def write(self, at: str, events: list[tuple[str, bytes]], project: Callable[[sqlite3.Connection], None]) -> None:
        """Append events and update what is drawn from them, in one transaction. Raises JournalFailed, and then
        nothing was written."""
        seq, last = self._seq, self._hash
        try:
            with self._transaction():
                for kind, body in events:
                    seq, last = seq + 1, chained(last, seq + 1, at, kind, body)
                    self.db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?)", (seq, at, kind, body, last))
                project(self.db)
        except sqlite3.Error as error:
            raise JournalFailed(f"the journal cannot be written: {error}") from error
        self._seq, self._hash = seq, last

    def rows(self, query: str, *arguments: object) -> list[tuple[object, ...]]:
        """All rows of a query."""
        try:
            return self.db.execute(query, arguments).fetchall()
        except sqlite3.Error as error:
            raise JournalFailed(f"the journal cannot be read: {error}") from error

    def verify(self) -> Broken | None:
        """Walk the whole chain; None when every event follows from the one before. Raises JournalFailed."""
        try:
            return self._first_broken()
        except sqlite3.Error as error:
            raise JournalFailed(f"the journal cannot be read: {error}") from error

    def _first_broken(self) -> Broken | None:
        previous = START
        columns = "seq, at, kind, CAST(body AS BLOB), CAST(hash AS BLOB)"
        rows = self.db.execute(f"SELECT {columns} FROM event ORDER BY seq")  # noqa: S608 - fixed columns
        for expected, (seq, at, kind, body, hash) in enumerate(rows, 1):
            if seq != expected or hash != chained(previous, seq, at, kind, body):
                return Broken(seq, at, kind)
            previous = hash
        return None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:  # whatever stopped it, half a transaction must not stay open
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise

    def _migrate(self) -> None:
        (version,) = self.db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise JournalFailed(f"the journal is of version {version}, this program knows {SCHEMA_VERSION}")
        for number in range(version + 1, SCHEMA_VERSION + 1):
            script = (files("terminal.journal") / "schema" / f"{number:03d}.sql").read_text("utf-8")
            self.db.executescript(f"BEGIN;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
