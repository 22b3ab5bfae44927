"""管理后台: the supervisor's desk in the hand (guide G8)."""

from __future__ import annotations

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.room import Room


async def back_office(room: Room) -> None:
    """Raises Cancelled, TimedOut, Stopped."""
    del room
    raise Stopped("not-offered")
