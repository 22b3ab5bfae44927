"""练习: every refusal and time-out, nothing real (guide G13). Law: the real room is left as it was, plus two records.

The real desk lends its front and shows nothing meanwhile; the real room's follow-up goes on behind. What practises is
terminal/practice.py's: another room, with no device of this one but the screen and, on demand, the printer. Both are
imported when somebody practises, and not before.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from terminal import log
from terminal.dialogue.desk import Desk
from terminal.dialogue.room import Room
from terminal.events import Event
from terminal.ports import Front
from terminal.screens import Shown

BEGAN, ENDED = "practice-began", "practice-ended"


async def practise(room: Room) -> None:
    """Until somebody leaves the lessons. Raises TimedOut."""
    from terminal.dialogue.lessons import lessons
    from terminal.practice import School

    said = {"operator": room.operator}
    await room.journal.record(BEGAN, said)
    log.write(BEGAN, operator=room.operator)  # what the log tells until it ends is of the practice
    with _lent(room.desk) as front:
        school = School(room, front)
        try:
            await lessons(school)
        finally:
            await school.close()
            room.desk.has_glass = school.desk.has_glass  # another front may have come meanwhile
            log.write(ENDED, operator=room.operator)
            await room.journal.record(ENDED, said)


class _Nobody:
    """The Front port with nobody before it."""

    def show(self, shown: Shown) -> None:
        del shown

    async def event(self) -> Event:
        return await asyncio.Event().wait()  # type: ignore[return-value] # never comes


@contextlib.contextmanager
def _lent(desk: Desk) -> Iterator[Front]:
    """The front of a desk for somebody else's; what the desk itself wants to show meanwhile is shown afterwards."""
    front, desk._front = desk._front, _Nobody()
    try:
        yield front
    finally:
        desk._front = front
