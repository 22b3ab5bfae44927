"""SQLite under the journal: opening, schema, one transaction, the hash chain. Law: a commit that returned is on disk.

told(n) = SHA-256(seq | at | kind | body), fields joined by 0x1F
hash(n) = SHA-256(hash(n-1) told(n)); hash(0) is 32 zero bytes

So whoever has the told(n) of all events can follow the chain without reading what is not his (docs/evidence.md). Events
of before have hash(n) = SHA-256(hash(n-1) | seq | at | kind | body), and stay as they are.

Another process may write beside this one (`yuanlu evidence export`): where the chain ends is read within each
transaction, and whoever comes second waits for the first.
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


def told(seq: int, at: str, kind: str, body: bytes) -> bytes:
    """The digest of what one event says."""
    return hashlib.sha256(SEPARATOR.join((str(seq).encode(), at.encode(), kind.encode(), body))).digest()


def chained(previous: bytes, said: bytes) -> bytes:
    """The hash of one event, from the one before and its `told`."""
    return hashlib.sha256(previous + said).digest()


def follows(hash: object, previous: bytes, seq: int, at: str, kind: str, body: bytes) -> bool:
    """Whether this is the event's hash, in the form of today or that of before."""
    parts = (previous, str(seq).encode(), at.encode(), kind.encode(), body)
    return hash in (chained(previous, told(seq, at, kind, body)), hashlib.sha256(SEPARATOR.join(parts)).digest())


def links(db: sqlite3.Connection) -> Iterator[tuple[int, str, str, bytes, object]]:
    """Number, time, kind, body and hash of every event; a damaged file may hold anything. Raises sqlite3.Error."""
    columns = ", ".join(f"CAST({name} AS BLOB)" for name in ("at", "kind", "body", "hash"))
    for seq, at, kind, body, hash in db.execute(f"SELECT seq, {columns} FROM event ORDER BY seq"):  # noqa: S608 - fixed columns
        yield seq, (at or b"").decode("utf-8", "replace"), (kind or b"").decode("utf-8", "replace"), body or b"", hash


def first_broken(db: sqlite3.Connection) -> Broken | None:
    """Walk the whole chain; None when every event follows from the one before. Raises sqlite3.Error."""
    previous = START
    for expected, (seq, at, kind, body, hash) in enumerate(links(db), 1):
        if seq != expected or not follows(hash, previous, seq, at, kind, body):
            return Broken(seq, at, kind)
        assert isinstance(hash, bytes)  # it is one that was computed
        previous = hash
    return None


def head(db: sqlite3.Connection) -> tuple[int, bytes]:
    """Number and hash of the last event; 0 and START of none. Raises sqlite3.Error."""
    row = db.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else (0, START)


class Store:
    """One connection, used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        try:
            self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = FULL")  # a commit is on disk when it returns
            self.db.execute("PRAGMA foreign_keys = ON")
            self.db.execute("PRAGMA secure_delete = ON")  # a card that is destroyed leaves nothing on a free page
            self._migrate()
        except sqlite3.Error as error:
            raise JournalFailed(f"the journal cannot be opened: {error}") from error

    def close(self) -> None:
        """Fold the write-ahead log back and let go of the file."""
        self.db.close()

    def write(self, at: str, events: list[tuple[str, bytes]], project: Callable[[sqlite3.Connection], None]) -> None:
        """Append events and update what is drawn from them, in one transaction. Raises JournalFailed, and then
        nothing was written."""
        try:
            with self._transaction():
                seq, last = head(self.db)
                for kind, body in events:
                    seq, last = seq + 1, chained(last, told(seq + 1, at, kind, body))
                    self.db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?)", (seq, at, kind, body, last))
                project(self.db)
        except sqlite3.Error as error:
            raise JournalFailed(f"the journal cannot be written: {error}") from error

    def rows(self, query: str, *arguments: object) -> list[tuple[object, ...]]:
        """All rows of a query."""
        try:
            return self.db.execute(query, arguments).fetchall()
        except sqlite3.Error as error:
            raise JournalFailed(f"the journal cannot be read: {error}") from error

    def verify(self) -> Broken | None:
        """Walk the whole chain; None when every event follows from the one before. Raises JournalFailed."""
        try:
            return first_broken(self.db)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise JournalFailed(f"the journal cannot be read: {error}") from error

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
