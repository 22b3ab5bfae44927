"""A journal looked into from outside, beside a running terminal. Law: nothing of the file is changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from terminal.journal.store import JournalFailed


def parameters(journal: Path, kind: str) -> dict[str, bytes]:
    """What the acquirer had the terminal download of one kind (parameters.py). Raises JournalFailed."""
    try:
        with closing(sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT key, value FROM parameter WHERE kind = ? ORDER BY key", (kind,)).fetchall()
    except sqlite3.Error as error:
        raise JournalFailed(f"the journal cannot be read: {error}") from error
    return {str(key): value for key, value in rows if isinstance(value, bytes)}
