"""Asking about refunds nobody knows about, in the background. Law: refund.md 3's schedule; a clock never ends one.

Asked every half minute for ten minutes, then hourly, and whenever the merchant asks (records). The acquirer's daily
file, put into the inbox by field staff or the back office, is read at the next look; it is kept beside, marked as done
or as refused with its reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from terminal import log
from terminal.dialogue.applications import follow_applications
from terminal.dialogue.room import Room
from terminal.exchange.reconciliation import FileRefused, parsed, told
from terminal.exchange.runner import ReversalOwed
from terminal.exchange.stages import GivenUp, Reversing, Unknown, Uploading
from terminal.iso8583.message import WireError
from terminal.journal.store import JournalFailed
from terminal.ports import DeviceError

DONE, REFUSED = "done", "refused"
SOON, SOON_FOR, LATER = 30.0, 600.0, 3600.0  # seconds


async def follow_up(room: Room) -> None:
    """For ever: one look every half minute, an inquiry for each refund whose time has come."""
    next_due: dict[str, float] = {}
    while True:
        await asyncio.sleep(SOON)
        for step in (read_inbox, _pay, lambda room: _ask(room, next_due), follow_applications, Room.refresh_status):
            await _tried(room, step)


async def _tried(room: Room, step: Callable[[Room], Awaitable[None]]) -> None:
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
    for stage in await room.journal.open_stages():
        if isinstance(stage, Unknown) and loop.time() >= next_due.get(stage.request.id, 0.0):
            await _tried(room, partial(_ask_about, stage=stage))
            next_due[stage.request.id] = loop.time() + _pause(room, stage)


async def _ask_about(room: Room, stage: Unknown) -> None:
    await room.runner.ask_about(stage)


def _pause(room: Room, stage: Unknown) -> float:
    age = room.hardware.clock.now() - datetime.fromisoformat(stage.request.at)
    return 0.0 if age.total_seconds() < SOON_FOR else LATER


async def read_inbox(room: Room) -> None:
    """Every reconciliation file that waits, oldest name first."""
    for name, text in await room.hardware.inbox.waiting():
        digest = hashlib.sha256(text.encode()).hexdigest()
        try:
            file = parsed(text)
            said = told(file, await room.journal.open_stages(), room.acquirer.me)
        except FileRefused as refused:
            await room.journal.record("reconciliation-refused", {"file": name, "sha256": digest, "why": str(refused)})
            await room.hardware.inbox.put_by(name, REFUSED, str(refused))
            continue
        ended = await room.runner.reconcile(said)
        await room.journal.record(
            "reconciled", {"file": name, "sha256": digest, "ended": " ".join(stage.request.id for stage in ended)}
        )
        await room.hardware.inbox.put_by(name, DONE, "")
