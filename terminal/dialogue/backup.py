"""A backup of the journal (guide G7), and what is too old dropped. Law: it never stops the shop, and says what failed.

| when                   | what                                                                    |
|------------------------|-------------------------------------------------------------------------|
| before a settlement    | `back_up`: where files.backup names a folder; said when it fails        |
| 终端管理, on demand     | `manage_backup`                                                         |
| self-check             | `backup_state` in its row; pictures older than policy.evidence_days go  |
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from terminal.dialogue import bad_news
from terminal.dialogue.applications import now_of
from terminal.dialogue.bad_news import Stopped, device_trouble
from terminal.dialogue.room import Room
from terminal.journal.backup import BackupFailed, Watch, header_at, header_of, kept, sealed_copy
from terminal.journal.backup import BackupRefused as Unreadable
from terminal.journal.evidence_book import drop_before
from terminal.journal.store import JournalFailed
from terminal.ports import KeyMissing, KeyRefused
from terminal.screens import Notice, Row, Say, Tone, say

TITLE = say("backup.title")
SNAPSHOT = ".snapshot"
OLD = timedelta(days=3)  # then the self-check wants to be looked at
DONE, FAILED = "backup", "backup-failed"  # events of the chain


class BackupState(msgspec.Struct, frozen=True):
    """`at` of the newest backup, "" when there is none; `is_there`: its medium can be read; `is_near`: it is on the
    journal's own disk, and would be lost with it."""

    is_configured: bool
    is_there: bool = False
    is_near: bool = False
    at: str = ""
    count: int = 0

    def is_fresh(self, now: datetime) -> bool:
        """None is wanted, or there is one that is not old."""
        return not self.is_configured or (bool(self.at) and now - datetime.fromisoformat(self.at) <= OLD)


async def back_up(room: Room) -> bool:
    """Before a settlement: whether there is a new backup. What fails is said, and confirm tries it again."""
    while room.config.files.backup:
        try:
            await _backed_up(room)
        except Stopped as stop:
            with suppress(JournalFailed):
                await room.journal.record(FAILED, {"name": stop.name})
            if await bad_news.tell(room.desk, room.journal, stop.name, TITLE, **stop.args_) != "enter":
                return False
        else:
            return True
    return False


async def manage_backup(room: Room) -> None:
    """备份, on demand: what there is, then a new one. Raises Stopped, Cancelled, TimedOut."""
    if not room.config.files.backup:
        raise Stopped("backup-off")
    if await back_up(room):
        state = await backup_state(room)
        lines = (say("backup.near"),) if state.is_near else ()
        rows = (Row(say("backup.at"), state.at[:19].replace("T", " ")), Row(say("backup.count"), str(state.count)))
        await room.desk.tell(Notice(TITLE, Tone.LOOK if state.is_near else Tone.OK, say("backup.done"), lines, rows))


async def backup_state(room: Room) -> BackupState:
    """For the self-check and the status page; never raises."""
    folder = room.config.files.backup
    if not folder:
        return BackupState(is_configured=False)
    journal, terminal_id = Path(room.config.files.journal), room.config.merchant.terminal_id
    return await asyncio.to_thread(_state, Path(folder), journal, terminal_id)


def row(state: BackupState, now: datetime) -> Row:
    """For the self-check."""
    return Row(say("check.backup"), _value(state, now))


async def drop_old_evidence(room: Room) -> int:
    """Pictures that need not be kept any longer, never of what is open; how many. Raises JournalFailed."""
    oldest = room.hardware.clock.now() - timedelta(days=room.policy.evidence_days)
    return await drop_before(oldest.date().isoformat(), room.journal.write, room.journal.rows)


# --- inside ----------------------------------------------------------------------------------------------------------
async def _backed_up(room: Room) -> None:
    """Raises Stopped."""
    latest = [say("backup.snapshot")]

    def watch(done: int, of: int) -> None:
        latest.append(say("backup.writing", done=str(done + 1), of=str(of)))

    try:
        async with room.runner.turn:  # no exchange is in the middle
            name = await room.desk.work(TITLE, _written(room, watch), lambda: latest[-1])
    except BackupFailed as failed:
        raise Stopped(f"backup-{failed.why}") from None
    except (KeyMissing, KeyRefused) as error:
        raise device_trouble(error) from None
    except JournalFailed:  # the snapshot found no room beside the journal
        raise Stopped("backup-no-room") from None
    await room.journal.record(DONE, {"name": name})


async def _written(room: Room, watch: Watch) -> str:
    snapshot, folder = Path(room.config.files.journal + SNAPSHOT), Path(room.config.files.backup)
    if not await asyncio.to_thread(folder.is_dir):
        raise BackupFailed("missing")
    try:
        await asyncio.to_thread(snapshot.unlink, True)
        await room.journal.rows("VACUUM INTO ?", str(snapshot))
        header = await asyncio.to_thread(header_of, snapshot, room.config.merchant.terminal_id, now_of(room))
        made = await sealed_copy(snapshot, header, folder, room.hardware.vault, asyncio.to_thread, watch)
    finally:
        with suppress(OSError):
            await asyncio.to_thread(snapshot.unlink, True)
    return made.name


def _state(folder: Path, journal: Path, terminal_id: str) -> BackupState:
    try:
        ours = kept(folder, terminal_id)
        is_near = folder.stat().st_dev == journal.parent.stat().st_dev
    except OSError:
        return BackupState(is_configured=True)
    for newest in ours:  # one that is not whole is none
        with suppress(OSError, Unreadable):
            return BackupState(True, True, is_near, header_at(newest).at, len(ours))
    return BackupState(True, True, is_near)


def _value(state: BackupState, now: datetime) -> Say:
    if not state.is_configured:
        return say("backup.off")
    if not state.is_there:
        return say("backup.missing")
    if not state.at:
        return say("backup.none")
    age = max(now - datetime.fromisoformat(state.at), timedelta())
    hours = int(age.total_seconds() // 3600)
    return say("backup.days", days=str(age.days)) if age.days else say("backup.hours", hours=str(hours))
