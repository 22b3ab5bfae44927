"""Each part of the terminal in one word, at power-on. Law: a part that does not answer in time is bad."""

from __future__ import annotations

import asyncio

from terminal.dialogue.awaiting import READER_DEADLINE
from terminal.dialogue.paper_queue import STATUS
from terminal.dialogue.room import Room
from terminal.journal.store import JournalFailed
from terminal.ports import DeviceError, ReaderMissing
from terminal.screens import Say, say

PAPER_WORDS = {"ok": "check.ok", "low": "check.low_paper", "out": "check.no_paper"}


async def records(room: Room) -> Say:
    try:
        broken = await room.journal.verify()
    except JournalFailed:
        return say("check.bad")
    return say("check.broken", seq=str(broken.seq)) if broken else say("check.ok")


async def reader(room: Room) -> Say:
    try:
        async with asyncio.timeout(READER_DEADLINE):
            await room.hardware.card_reader.is_card_present()
    except (ReaderMissing, TimeoutError):
        return say("check.bad")
    return say("check.ok")


async def printer(room: Room) -> Say:
    try:
        left = await room.hardware.printer.paper_left()
    except DeviceError:
        room.desk.set_status(paper="bad")
        return say("check.bad")
    room.desk.set_status(paper=STATUS[left])
    return say(PAPER_WORDS[left])


async def keys(room: Room) -> Say:
    """Those that this acquirer's keys come under."""
    try:
        facts = await room.hardware.loading.facts()
    except DeviceError:
        return say("check.no_vault")
    if facts.erased:
        return say("check.keys_erased")
    wanted = f"tmk.{room.config.keys.tmk_slot}" if room.acquirer.dialect.has_working_keys else "dukpt"
    return say("check.ok" if wanted in {fact.place for fact in facts.keys} else "check.no_keys")
