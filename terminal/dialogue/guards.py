"""What stands between a hasty or talked-into hand and the money. Law: a guard delays or asks; it decides no money.

| guard       | when                                  | what                                                       |
|-------------|---------------------------------------|------------------------------------------------------------|
| undo hold   | after 确认, before anything is sent   | policy.undo_seconds with 撤回 on the screen (refund.md 2, 9)|
| interrupter | a large refund, or one of no sale     | two questions and a pause: nobody may be on the phone      |
"""

from __future__ import annotations

import asyncio

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.desk import Cancelled, TimedOut
from terminal.dialogue.room import Room
from terminal.screens import Item, Notice, Progress, Row, Say, Tone, say


async def may_begin(room: Room) -> None:
    """Before a sale is even looked for. Raises Stopped: no policy is in force, or the clock went back."""
    if room.policy_trouble:
        raise Stopped("policy-refused", why=room.policy_trouble)


async def undo_hold(room: Room, title: Say, rows: tuple[Row, ...]) -> None:
    """Seconds to think better of it. Raises Cancelled: nothing was sent."""
    loop = asyncio.get_running_loop()
    end = loop.time() + room.policy.undo_seconds
    while (left := end - loop.time()) > 0:
        seconds = -int(-left // 1)
        room.desk.show(Progress(title, say("hold.sending", seconds=str(seconds)), seconds, rows, hint=say("hint.undo")))
        try:
            await room.desk.event(min(1.0, left))
        except TimedOut:
            continue
        except Cancelled:
            await room.desk.tell(Notice(title, Tone.LOOK, say("hold.undone"), (say("desk.nothing_done"),)), 5.0)
            raise


async def interrupt(room: Room, title: Say, rules: tuple[str, ...]) -> None:
    """The acquirer does not call and ask for refunds. Raises Cancelled where somebody does."""
    del rules
    calm, talked = Item(say("scam.no")), Item(say("scam.yes"))
    for question in ("scam.phone", "scam.told"):
        if await room.desk.choose(say(question), ((True, calm), (False, talked)), say("scam.fact")) is False:
            await room.journal.record("scam-stopped", {"operator": room.operator})
            await room.desk.tell(Notice(title, Tone.WRONG, say("scam.stop"), (say("scam.stop.do"),)), 30.0)
            raise Cancelled
    end = asyncio.get_running_loop().time() + room.policy.pause_seconds
    while (left := end - asyncio.get_running_loop().time()) > 0:
        room.desk.show(Progress(title, say("scam.pause"), -int(-left // 1), lines=(say("scam.fact"),)))
        try:
            await room.desk.event(min(1.0, left))
        except TimedOut:
            continue
