"""What stands between a hasty or talked-into hand and the money. Law: a guard delays or asks; it decides no money.

| guard       | when                                 | what                                                          |
|-------------|--------------------------------------|---------------------------------------------------------------|
| pre-check   | before a sale is looked for (G1)     | a policy is in force, and the clock has not gone back         |
| undo hold   | after 确认, before anything is sent  | policy.undo_seconds with 撤回 on the screen (refund.md 2, 9)   |
| interrupter | a large refund, or one of no sale    | two questions and a pause: nobody may be on the phone         |

The questions have their calm answers on two different keys, and the one that stops it all on the key that a hand finds
first: who hammers one key is stopped. Factory codes are in ready.py, opening hours in the policy, the empty slot in
awaiting.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

from terminal.dialogue import bad_news
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.desk import Cancelled, TimedOut
from terminal.dialogue.ready import latest_written, signed_in
from terminal.dialogue.room import Room
from terminal.screens import Item, Notice, Progress, Row, Say, Tone, say

MOST_BACK = timedelta(minutes=5)  # a clock may be corrected by so much and nobody minds
LEAST_WAIT = 0.001  # seconds: a wait shorter than the clock can tell would never be over
STOPPED, PASSED = "scam-stopped", "scam-passed"
# question -> the answers in the order of their keys; True goes on
QUESTIONS = (("scam.phone", (False, True)), ("scam.told", (True, False)))
ANSWERS = {True: Item(say("scam.no")), False: Item(say("scam.yes"))}


class Undone(Cancelled):
    """撤回 was pressed in time: nothing was sent."""


# --- pre-check -------------------------------------------------------------------------------------------------------
async def may_begin(room: Room) -> None:
    """Before a sale is even looked for. Raises Stopped: no policy is in force; Cancelled: the clock went back."""
    if room.policy_trouble:
        raise Stopped("policy-refused", why=room.policy_trouble)
    if (latest := await latest_written(room)) - room.hardware.clock.now() > MOST_BACK:
        await _clock_set(room, latest)


async def _clock_set(room: Room, latest: datetime) -> None:
    """重新签到 takes over the acquirer's clock; whatever it says then is the time."""
    now, before = f"{room.hardware.clock.now():%m-%d %H:%M}", f"{latest:%m-%d %H:%M}"
    title = say("kind.give_back")
    if await bad_news.tell(room.desk, room.journal, "clock-went-back", title, now=now, latest=before) != "enter":
        raise Cancelled
    room.is_signed_in = False
    await signed_in(room)


# --- undo hold -------------------------------------------------------------------------------------------------------
async def undo_hold(room: Room, title: Say, rows: tuple[Row, ...]) -> None:
    """Seconds to think better of it; no other key ends them or outlasts them. Raises Undone: nothing was sent."""
    try:
        await _counted_down(
            room,
            room.policy.undo_seconds,
            lambda left: Progress(title, say("hold.sending", seconds=str(left)), left, rows, hint=say("hint.undo")),
        )
    except Cancelled:
        await room.desk.tell(Notice(title, Tone.LOOK, say("hold.undone"), (say("hold.undone.do"),)), 5.0)
        raise Undone from None


async def _counted_down(room: Room, seconds: int, screen: Callable[[int], Progress]) -> None:
    """So many seconds, whole ones on the screen; only 取消 is heard, up to the last moment. Raises Cancelled."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := end - loop.time()) > 0:
        whole = -int(-left // 1)
        room.desk.show(screen(whole))
        try:
            await room.desk.event(max(left - (whole - 1), LEAST_WAIT))
        except TimedOut:
            continue
    await room.desk.forget_keys()


# --- interrupter -----------------------------------------------------------------------------------------------------
async def interrupt(room: Room, title: Say, rules: tuple[str, ...]) -> None:
    """The acquirer does not call and ask for refunds. Raises Cancelled where somebody does, TimedOut."""
    said = {"operator": room.operator, "rules": " ".join(rules)}
    why = tuple(say("scam.why", rule=say(f"rule.{rule}")) for rule in rules[:1])
    at = ""
    try:
        for at, order in QUESTIONS:
            choices = [(is_calm, ANSWERS[is_calm]) for is_calm in order]
            if not await room.desk.choose(title, choices, say(at), *why, say("scam.fact")):
                await _talked_into(room, title)
        at = "scam.pause"
        await _counted_down(
            room,
            room.policy.pause_seconds,
            lambda left: Progress(title, say("scam.pause"), left, lines=(say("scam.fact"),), hint=say("hint.cancel")),
        )
    except (Cancelled, TimedOut):
        await room.journal.record(STOPPED, {**said, "at": at})
        raise
    await room.journal.record(PASSED, said)


async def _talked_into(room: Room, title: Say) -> None:
    """What to do about it, until a key or for half a minute. Raises Cancelled."""
    with contextlib.suppress(Cancelled):
        await room.desk.forget_keys()  # it must be read
    await room.desk.tell(Notice(title, Tone.WRONG, say("scam.stop"), (say("scam.stop.do"),)), 30.0)
    raise Cancelled
