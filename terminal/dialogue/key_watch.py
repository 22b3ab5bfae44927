"""Are the keys still there, and did new ones come? Law: erased is on the screen at once; each that came is recorded."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec

from terminal.dialogue.room import Room
from terminal.journal.store import JournalFailed
from terminal.key_facts import VaultFacts
from terminal.ports import DeviceError

LOOK_AGAIN = 5.0  # seconds, for a vault that is away, or for keys that are loaded anew
LOOK_FOR_NEW = 60.0  # seconds, for keys that came past the desk
DELIVERED = ("bundle", "remote")
KNOWN = "keys-known"
ERASED = "erased"


async def watch_keys(room: Room) -> None:
    """Until cancelled."""
    while True:
        with contextlib.suppress(DeviceError, JournalFailed):
            facts = await room.hardware.loading.facts()
            await _record_new(room, facts)
            if facts.state != ERASED:
                room.desk.set_status(keys_erased="")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_FOR_NEW):
                    await _told(room, await room.hardware.loading.erased())
        await asyncio.sleep(LOOK_AGAIN)


async def _record_new(room: Room, facts: VaultFacts) -> None:
    """Keys that came past the desk, by `yuanlu keys load`: a ceremony is recorded by itself."""
    came = {fact.place: f"{fact.check_value} {fact.made}" for fact in facts.keys if fact.source in DELIVERED}
    known = msgspec.json.decode(await room.journal.setting(KNOWN, "{}"), type=dict[str, str])
    for fact in facts.keys:
        if fact.place in came and known.get(fact.place) != came[fact.place]:
            said = {"place": fact.place, "check_value": fact.check_value, "source": fact.source}
            await room.journal.record("key-loaded", said)
    if came != known:
        await room.journal.remember(KNOWN, msgspec.json.encode(came).decode())


async def _told(room: Room, why: str) -> None:
    if room.desk.status.keys_erased == why:
        return
    room.is_signed_in = False
    room.desk.set_status(keys_erased=why, is_signed_in=False)
    with contextlib.suppress(JournalFailed):  # the menu says so anyway
        await room.journal.record("keys-erased", {"why": why})
