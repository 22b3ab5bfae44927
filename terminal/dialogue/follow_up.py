"""Asking about refunds nobody knows about, in the background. Law: refund.md 3's schedule; a clock never ends one.

Asked every half minute for ten minutes, then hourly, and whenever the merchant asks (records).
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from terminal.dialogue.room import Room
from terminal.exchange.runner import ReversalOwed
from terminal.exchange.stages import Reversing, Unknown
from terminal.journal.store import JournalFailed
from terminal.ports import DeviceError

SOON, SOON_FOR, LATER = 30.0, 600.0, 3600.0  # seconds


async def follow_up(room: Room) -> None:
    """For ever: one look every half minute, an inquiry for each refund whose time has come."""
    next_due: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(SOON)
        try:
            stages = await room.journal.open_stages()
            if any(not isinstance(stage, Unknown | Reversing) for stage in stages):
                await room.runner.pay_debts()
            for stage in stages:
                if isinstance(stage, Unknown) and loop.time() >= next_due.get(stage.request.id, 0.0):
                    await room.runner.ask_about(stage)
                    next_due[stage.request.id] = loop.time() + _pause(room, stage)
            await room.refresh_status()
        except (JournalFailed, ReversalOwed, DeviceError):
            continue  # the next dialogue says so; asking again later costs nothing


def _pause(room: Room, stage: Unknown) -> float:
    age = room.hardware.clock.now() - datetime.fromisoformat(stage.request.at)
    return 0.0 if age.total_seconds() < SOON_FOR else LATER
