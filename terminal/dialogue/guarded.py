"""The one place where a dialogue that ends early is caught. Law: whatever happens, back to where it was begun."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from terminal import log
from terminal.dialogue import bad_news
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.customer import hand_back
from terminal.dialogue.desk import Cancelled, TimedOut
from terminal.dialogue.room import Room
from terminal.exchange.runner import ReversalOwed
from terminal.journal.store import JournalFailed
from terminal.ports import DeviceError
from terminal.screens import Notice, Tone, say

Dialogue = Callable[[Room], Awaitable[None]]
TITLE = say("menu.title")


async def guarded(room: Room, dialogue: Dialogue) -> None:
    """Carry a dialogue out; say what went wrong; never let it take the terminal down with it."""
    try:
        await dialogue(room)
    except Cancelled:
        pass
    except TimedOut:
        await room.desk.tell(Notice(TITLE, Tone.LOOK, say("desk.timed_out"), (say("desk.nothing_done"),)), 3.0)
    except Stopped as stop:
        await bad_news.tell(room.desk, room.journal, stop.name, TITLE, **stop.args_)
    except ReversalOwed:
        await bad_news.tell(room.desk, room.journal, "reversal-owed", TITLE)
    except JournalFailed as error:
        log.write("journal-failed", error=error)
        await room.desk.tell(bad_news.notice("journal-failed", TITLE), 30.0)
    except DeviceError as error:
        log.write("device-failed", error=error)
        trouble = bad_news.device_trouble(error)
        await bad_news.tell(room.desk, room.journal, trouble.name, TITLE, **trouble.args_)
    except Exception as error:  # noqa: BLE001 - a fault of the program: said and recorded, and the shop goes on
        log.write("program-fault", error=error)
        await bad_news.tell(room.desk, room.journal, "program-fault", TITLE, kind=type(error).__name__)
    finally:
        await asyncio.shield(_refresh(room))
    await hand_back(room)  # a cardholder who left in the middle does not get at the menu


async def _refresh(room: Room) -> None:
    try:
        await room.refresh_status()
    except JournalFailed:
        room.desk.set_status(line="bad")
