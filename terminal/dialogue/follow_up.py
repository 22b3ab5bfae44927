"""Asking about refunds nobody knows about, in the background. Law: refund.md 3's schedule; a clock never ends one.

Asked every half minute for ten minutes, then hourly, and whenever the merchant asks (records, tracker). What only two
people say is asked about too, hourly, until the acquirer says it. The acquirer's daily file, put into the inbox by
field staff or the back office, is read at the next look (terminal/dialogue/daily_file.py).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from terminal import log
from terminal.dialogue.applications import follow_applications
from terminal.dialogue.daily_file import attested, close_credited, follow_exchange, hearing
from terminal.dialogue.daily_file import read_inbox as read_inbox
from terminal.dialogue.room import Room
from terminal.exchange.runner import ReversalOwed
from terminal.exchange.stages import GivenUp, Reversing, Stage, Unknown, Uploading
from terminal.iso8583.message import WireError
from terminal.journal.store import JournalFailed
from terminal.ports import DeviceError

SOON, SOON_FOR, LATER = 30.0, 600.0, 3600.0  # seconds
Step = Callable[[Room], Awaitable[object]]


async def follow_up(room: Room) -> None:
    """For ever: one look every half minute, an inquiry for each refund whose time has come."""
    next_due: dict[str, float] = {}
    ask = partial(_ask, next_due=next_due)
    steps: tuple[Step, ...] = (read_inbox, _pay, ask, follow_applications, close_credited, Room.refresh_status)
    while True:
        await asyncio.sleep(SOON)
        for step in steps:
            await _tried(room, step)


async def _tried(room: Room, step: Step) -> None:
    """One step that fails must not stop the others, now or later: the next look tries again."""
    try:
        await step(room)
    except (JournalFailed, ReversalOwed, DeviceError, WireError):
        pass  # the next dialogue says so
    except Exception as error:  # noqa: BLE001 - a fault of the program: recorded, and the asking goes on
        log.write("program-fault", error=error)
        with contextlib.suppress(JournalFailed):
            await room.journal.record("program-fault", {"in": "follow-up", "kind": type(error).__name__})


async def _pay(room: Room) -> None:
    """What was left behind when its stage could not be written."""
    waiting = Unknown | Reversing | Uploading | GivenUp
    if any(not isinstance(stage, waiting) for stage in await room.journal.open_stages()):
        await room.runner.pay_debts()


async def _ask(room: Room, next_due: dict[str, float]) -> None:
    """About each refund whose time has come; one that cannot be asked about does not stop the others."""
    loop = asyncio.get_running_loop()
    unknown = [stage for stage in await room.journal.open_stages() if isinstance(stage, Unknown)]
    for stage in (*unknown, *await attested(room)):
        if loop.time() >= next_due.get(stage.request.id, 0.0):
            await _tried(room, partial(ask_about, stage=stage))
            next_due[stage.request.id] = loop.time() + _pause(room, stage)


async def ask_about(room: Room, stage: Stage) -> Stage:
    """Once, on demand or when its time has come; what overrules people is told (terminal/dialogue/findings.py)."""
    after = await room.runner.ask_about(stage, partial(hearing, room))
    if after != stage:
        await follow_exchange(room, stage.request.id)
    return after


def _pause(room: Room, stage: Stage) -> float:
    if not isinstance(stage, Unknown):
        return LATER
    age = room.hardware.clock.now() - datetime.fromisoformat(stage.request.at)
    return 0.0 if age.total_seconds() < SOON_FOR else LATER
