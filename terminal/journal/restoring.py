"""A backup in the journal's place. Law: what stood there is put aside, never lost; no number is given out twice.

What happened since the backup is missing. Numbers that may have been used meanwhile are jumped over: the acquirer knows
them, and would take a new transaction of such a number for the old one.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from terminal.journal.application_book import NUMBER
from terminal.journal.backup import BackupRefused, Header, synced
from terminal.journal.batch_book import LAST_NUMBER
from terminal.journal.look import looked_into
from terminal.journal.store import JournalFailed, Store, head

STANS_SINCE, APPLICATIONS_SINCE = 10_000, 1_000  # a batch has 500 transactions at most (cup.md 4.2)
BESIDE = ("", "-wal", "-shm")  # a journal's files


def check_place(target: Path, snapshot: Path, header: Header) -> None:
    """Whether the backup may stand there. Raises BackupRefused when what is there knows more, or something else."""
    if not target.exists():
        return
    try:
        with looked_into(target) as db:
            seq, hash = head(db)
        with looked_into(snapshot) as db:
            row = db.execute("SELECT hash FROM event WHERE seq = ?", (seq,)).fetchone()
    except JournalFailed as error:
        raise BackupRefused(f"the journal that is there cannot be read ({error}); --force puts it aside") from None
    if seq > header.head:
        more = seq - header.head
        raise BackupRefused(
            f"the journal that is there is newer: {more} events would be missing; --force puts it aside"
        )
    if seq and (row is None or row[0] != hash):
        raise BackupRefused("the journal that is there is another one, or was altered; --force puts it aside")


def check_idle(target: Path) -> None:
    """Nobody has it open. Raises BackupRefused."""
    if not target.exists():
        return
    try:
        with closing(sqlite3.connect(target, isolation_level=None, timeout=0)) as db:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("BEGIN EXCLUSIVE")
            db.execute("ROLLBACK")
    except sqlite3.OperationalError:
        raise BackupRefused("the journal is in use: stop yuanlu-terminal first") from None
    except sqlite3.DatabaseError:
        return  # damaged, which is why there are backups


def put_in_place(snapshot: Path, target: Path, header: Header, at: str) -> Path | None:
    """Where what was there is now; None when nothing was. Raises OSError, JournalFailed."""
    _carry_on(snapshot, header, at)
    aside = None
    if target.exists():
        stamp = at[:19].replace("-", "").replace(":", "")
        aside = target.with_name(f"{target.name}.before-restore-{stamp}")
        for more in BESIDE:
            if Path(f"{target}{more}").exists():
                os.replace(f"{target}{more}", f"{aside}{more}")
    owner = target.parent.stat()
    if os.geteuid() == 0:  # a technician as root; the terminal is not
        os.chown(snapshot, owner.st_uid, owner.st_gid)
    os.replace(snapshot, target)
    synced(target.parent)
    return aside


def _carry_on(snapshot: Path, header: Header, at: str) -> None:
    """Say in the chain that it was restored, and jump over the numbers that may have been used since."""
    store = Store(snapshot)
    try:
        found = store.rows("SELECT name, value FROM setting WHERE name IN ('stan', ?)", NUMBER)
        rows = {str(name): int(str(value)) for name, value in found}
        stan = (rows.get("stan", 0) + STANS_SINCE - 1) % LAST_NUMBER + 1
        fresh = {"stan": f"{stan:06d}"}
        if NUMBER in rows:
            fresh[NUMBER] = f"{rows[NUMBER] + APPLICATIONS_SINCE:06d}"
        restored = msgspec.json.encode({"backup_at": header.at, "head": str(header.head)})
        store.write(
            at,
            [("restored", restored), ("setting", msgspec.json.encode(fresh))],
            lambda db: _remember(db, fresh),
        )
    finally:
        store.close()


def _remember(db: sqlite3.Connection, fresh: dict[str, str]) -> None:
    db.executemany("INSERT OR REPLACE INTO setting VALUES (?, ?)", fresh.items())
