"""帮助: what is wrong, who must act, the next key, with checks that run on the spot (guide G13)."""

from __future__ import annotations

from terminal.dialogue.room import Room
from terminal.screens import Notice, Tone, say


async def help_on(room: Room, topic: str) -> None:
    """The page for a topic: a name of bad news, or "" for the menu of all. Raises Cancelled, TimedOut."""
    del topic
    phone = room.config.merchant.support_phone
    lines = tuple(say(f"help.{number}") for number in range(1, 6))
    await room.desk.tell(
        Notice(say("help.title"), Tone.PLAIN, say("help.head"), (*lines, say("help.phone", phone=phone))), 60.0
    )
