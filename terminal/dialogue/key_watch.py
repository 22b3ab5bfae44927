"""Are the keys still there? Law: that they were erased is on the screen at once, not at the next payment."""

from __future__ import annotations

import asyncio
import contextlib

from terminal.dialogue.room import Room
from terminal.journal.store import JournalFailed
from terminal.ports import DeviceError

LOOK_AGAIN = 5.0  # seconds, for a vault that is away, or for keys that are loaded anew
ERASED = "erased"


async def watch_keys(room: Room) -> None:
    """Until cancelled."""
    while True:
        with contextlib.suppress(DeviceError):
            if (await room.hardware.loading.facts()).state != ERASED:
                room.desk.set_status(keys_erased="")
            await _told(room, await room.hardware.loading.erased())
        await asyncio.sleep(LOOK_AGAIN)


async def _told(room: Room, why: str) -> None:
    if room.desk.status.keys_erased == why:
        return
    room.is_signed_in = False
    room.desk.set_status(keys_erased=why, is_signed_in=False)
    with contextlib.suppress(JournalFailed):  # the menu says so anyway
        await room.journal.record("keys-erased", {"why": why})
