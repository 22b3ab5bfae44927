"""A settlement that the acquirer never takes, ended here by two people. Law: it moves no money and hides nothing.

| attempt                                | counts | why                                                         |
|----------------------------------------|--------|-------------------------------------------------------------|
| the acquirer answered otherwise        | yes    | it had its chance                                           |
| it was reached, and said nothing       | yes    | the same                                                    |
| the line was down, or broke            | no     | nobody asked it                                             |

After FORCED_TRIES such attempts over FORCED_AFTER the supervisor and one more person, neither of them who is logged in,
may end it. The batch is then over here and not settled: what the acquirer has not acknowledged is on the paper and in
the journal, one by one, and the cards of it are kept. Who is owed what is found by the acquirer, from that paper.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from terminal.dialogue import bad_news
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.codes import ADMINISTRATOR, OPERATORS
from terminal.dialogue.consent import one_more
from terminal.dialogue.outcome import sentence
from terminal.dialogue.room import Room
from terminal.exchange.settler import HOPELESS
from terminal.exchange.settling import Settled, may_be_forced
from terminal.screens import Item, Say, say

TITLE = say("menu.settlement")
FAILURES = "settlement-failures"  # the setting that counts them


class Failures(msgspec.Struct, frozen=True):
    """Attempts at the settlement of a batch that the acquirer did not take; `since` is ISO 8601, of the first."""

    batch: str = ""
    count: int = 0
    since: str = ""


async def ended_after(room: Room, fault: str) -> Settled:
    """What comes after a failed attempt: it is counted, and said; at last it may be ended by force.

    Raises Stopped (settlement-stuck) where it goes on another time; Cancelled, TimedOut.
    """
    failures = await _counted(room, fault)
    stuck = Stopped("settlement-stuck", why=why_stuck(fault))
    now = room.hardware.clock.now()
    if not failures.count or not may_be_forced(failures.count, datetime.fromisoformat(failures.since), now):
        raise stuck
    await bad_news.tell(room.desk, room.journal, stuck.name, TITLE, **stuck.args_)
    choices = ((False, Item(say("forced.later"))), (True, Item(say("forced.now"))))
    lines = (say("forced.failed", count=str(failures.count), since=failures.since[5:16].replace("T", " ")),)
    if not await room.desk.choose(TITLE, choices, *lines, say("forced.what")):
        raise stuck
    return await _forced(room, fault)


async def forget_failures(room: Room) -> None:
    """It has ended."""
    await room.journal.remember(FAILURES, "")


def why_stuck(fault: str) -> Say:
    """In words; `fault` as in SettlementStuck."""
    if len(fault) == 2:
        return say(sentence(fault), code=fault)
    return say(f"fault.{fault}")


async def _forced(room: Room, fault: str) -> Settled:
    why = say("forced.why")
    boss = await room.staff.supervisor(why, room.operator)
    but = frozenset((room.operator, boss))
    by = (boss, await one_more(room, say("forced.ask_second"), (*OPERATORS, ADMINISTRATOR), but, why))
    settled = await room.desk.work(TITLE, room.settler.force(by, fault), lambda: say("forced.busy"))
    facts = {"batch": settled.batch, "operator": room.operator, "by": " ".join(by), "fault": fault}
    await room.journal.record("settlement-forced", facts)
    return settled


async def _counted(room: Room, fault: str) -> Failures:
    """With this one, where it counts."""
    stage, kept = await room.journal.settlements.open(), await room.journal.setting(FAILURES, "")
    batch = stage.batch if stage is not None else ""
    before = msgspec.json.decode(kept, type=Failures) if kept else Failures()
    if before.batch != batch:
        before = Failures(batch, 0, room.hardware.clock.now().isoformat(timespec="seconds"))
    if fault in HOPELESS:
        return before
    after = msgspec.structs.replace(before, count=before.count + 1)
    await room.journal.remember(FAILURES, msgspec.json.encode(after).decode())
    return after
