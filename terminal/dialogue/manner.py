"""显示与声音: how people here want to be shown and told things. Law: a setting acts at once and outlives a restart.

| choice        | on                                                             |
|---------------|----------------------------------------------------------------|
| night         | light words on dark ground                                     |
| large         | digits and amounts as large as the glass allows                |
| still         | a new screen stands at once                                    |
| spoken        | prompts and amounts aloud, for who cannot see them             |
| quiet         | keys do not click                                              |
"""

from __future__ import annotations

import msgspec

from terminal.dialogue.room import Room
from terminal.screens import Item, Manner, Say, say

TITLE = say("manner.title")
KEPT = "manner"  # the journal's name for it
CHOICES = ("night", "large", "still", "spoken", "quiet")


async def take_up(room: Room) -> None:
    """As it was left. What an earlier version kept and this one cannot read is the shipped manner."""
    try:
        room.desk.manner = msgspec.json.decode(await room.journal.setting(KEPT, "{}"), type=Manner)
    except msgspec.MsgspecError:
        room.desk.manner = Manner()


async def choose_manner(room: Room) -> None:
    """One after the other is turned on and off, until cancel. Raises Cancelled, TimedOut."""
    while True:
        choices = [(name, Item(say(f"manner.{name}"), _state(room.desk.manner, name))) for name in CHOICES]
        room.desk.manner = turned(room.desk.manner, await room.desk.choose(TITLE, choices, say("manner.line")))
        await room.journal.remember(KEPT, msgspec.json.encode(room.desk.manner).decode())


def turned(manner: Manner, name: str) -> Manner:
    """
    >>> turned(turned(Manner(), "night"), "large")
    Manner(theme='night', is_large=True, is_still=False, is_spoken=False, is_quiet=False)
    """
    if name == "night":
        return msgspec.structs.replace(manner, theme="day" if manner.theme == "night" else "night")
    return msgspec.structs.replace(manner, **{f"is_{name}": not getattr(manner, f"is_{name}")})


def _state(manner: Manner, name: str) -> Say:
    is_on = manner.theme == "night" if name == "night" else getattr(manner, f"is_{name}")
    return say("manner.on") if is_on else say("manner.off")
