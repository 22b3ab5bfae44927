"""锁屏: the menu, until the operator's code."""

from __future__ import annotations

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.room import Room


async def lock(room: Room) -> None:
    """Raises Cancelled, TimedOut, Stopped."""
    del room
    raise Stopped("not-offered")
