"""锁屏, and every other door that a code opens. Law: closed until the right code; nothing that fails opens it.

    shut --operator's code--> open
      | 取消 --> whose code? --> operator's | supervisor's --> open, and the operator is logged out (cup.md 4.1)
      +-- time, wrong codes, another key: shut as before; three wrong ones lock the code as always
      +-- a fault of program or journal, where no code can be proven any more: logged out, so the log-in screen is next

While it is shut only digits, confirm, clear and cancel are heard. What is open with the acquirer goes on behind it.
"""

from __future__ import annotations

import contextlib

from terminal import log
from terminal.dialogue import bad_news
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.codes import SUPERVISOR
from terminal.dialogue.desk import Cancelled, TimedOut
from terminal.dialogue.room import Room
from terminal.journal.store import JournalFailed
from terminal.screens import Item, Say, say

TITLE = say("lock.title")


async def lock(room: Room) -> None:
    """Until a code opens the menu again."""
    with contextlib.suppress(JournalFailed):  # it locks all the same
        await room.journal.record("locked", {"operator": room.operator})
    await opened(room, TITLE, say("lock.line"))


async def opened(room: Room, title: Say, *lines: Say) -> None:
    """Shut until the operator's code, or the supervisor's; `title` is asked in its place. Never raises but to end."""
    desk = room.desk
    desk.is_shut = True
    try:
        while not await _proven(room, title, lines):
            pass
    except Exception as error:  # noqa: BLE001 - whatever it is, the door does not fall open for it
        log.write("journal-failed" if isinstance(error, JournalFailed) else "program-fault", error=error)
        room.operator = ""
        await desk.tell(bad_news.notice("door-stuck", title), 30.0)
    desk.is_shut = False


async def _proven(room: Room, title: Say, lines: tuple[Say, ...]) -> bool:
    """One try to open: whether it did."""
    staff, id = room.staff, room.operator
    operator = await staff.proof.find(id)
    try:
        if operator is not None and await staff.prove(operator, say("lock.ask_code", title=title, id=id), *lines):
            return True
    except Cancelled:
        return await _another(room, title, lines)
    except TimedOut:
        return False
    except Stopped as stop:  # the supervisor who should unlock it is locked himself
        await bad_news.tell(room.desk, room.journal, stop.name, title, **stop.args_)
        return False
    return await _another(room, title, lines)  # locked, and nobody unlocked it; or he is not there any more


async def _another(room: Room, title: Say, lines: tuple[Say, ...]) -> bool:
    """The operator once more, or the supervisor, who takes over; not by the factory's code, which everybody knows."""
    choices = [(False, Item(say("lock.again", id=room.operator))), (True, Item(say("lock.supervisor")))]
    factory = await room.staff.factory_codes()
    try:
        if not await room.desk.choose(title, choices[: 1 if SUPERVISOR in factory else 2], *lines):
            return False
        await room.staff.supervisor(say("lock.takes_over"), room.operator)
    except (Cancelled, TimedOut):
        return False
    except Stopped as stop:
        await bad_news.tell(room.desk, room.journal, stop.name, title, **stop.args_)
        return False
    await room.journal.record("logged-out", {"operator": room.operator, "by": SUPERVISOR})
    room.operator, room.is_signed_in = "", False
    return True
