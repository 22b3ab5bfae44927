"""练习: every refusal and time-out, nothing real (guide G13)."""

from __future__ import annotations

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.room import Room


async def practise(room: Room) -> None:
    """Raises Cancelled, TimedOut, Stopped."""
    del room
    raise Stopped("not-offered")
