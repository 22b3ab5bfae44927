"""A journal looked into from outside, beside a running terminal. Law: nothing of the file is changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from terminal.journal.store import SCHEMA_VERSION, JournalFailed


@contextmanager
def looked_into(journal: Path) -> Iterator[sqlite3.Connection]:
    """As it is now, as long as this is open, whatever a terminal writes meanwhile. Raises JournalFailed."""
    # without a write-ahead log nobody has it open; then not even a file beside it is made (SQLite, URI filenames)
    way = "mode=ro" if Path(f"{journal}-wal").exists() else "mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(f"{journal.absolute().as_uri()}?{way}", uri=True, isolation_level=None)) as db:
            db.text_factory = lambda raw: raw.decode("utf-8", "replace")  # a damaged file may hold anything
            db.execute("BEGIN")
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if not 0 < version <= SCHEMA_VERSION:
                raise JournalFailed(f"the journal is of version {version}, this program knows 1 to {SCHEMA_VERSION}")
            yield db
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the second: of names in a damaged schema
        raise JournalFailed(f"the journal cannot be read: {error}") from error


def version(journal: Path) -> int:
    """Of its tables. Raises JournalFailed."""
    with looked_into(journal) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def parameters(journal: Path, kind: str) -> dict[str, bytes]:
    """What the acquirer had the terminal download of one kind (parameters.py). Raises JournalFailed."""
    with looked_into(journal) as db:
        rows = db.execute("SELECT key, value FROM parameter WHERE kind = ? ORDER BY key", (kind,)).fetchall()
    return {str(key): value for key, value in rows if isinstance(value, bytes)}
