"""退款追踪: accepted, and when it is credited (guide G12)."""

from __future__ import annotations

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.room import Room


async def track(room: Room) -> None:
    """Raises Cancelled, TimedOut, Stopped."""
    del room
    raise Stopped("not-offered")
