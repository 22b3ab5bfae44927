"""管理后台: the supervisor's desk in the hand (guide G8). Law: who opens it has proven his rank; idle hands close it.

| entry        | file                 | who opens it                          |
|--------------|----------------------|---------------------------------------|
| 退款管理     | office/refunds.py    | supervisor, a senior                  |
| 交易记录     | office/story.py      | supervisor, a senior                  |
| 财务处理     | office/finance.py    | supervisor, a senior; export: supervisor |
| 操作员       | office/operators.py  | supervisor                            |
| 退款政策     | policy_view.py       | supervisor, a senior                  |
| 审计         | office/audit.py      | supervisor, a senior                  |

It stays open while keys are pressed; cancel on its menu leaves it, and so do 60 seconds without a key anywhere in it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from terminal.dialogue.approval import review_queue
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.codes import OPERATORS, SENIOR, SUPERVISOR
from terminal.dialogue.desk import Cancelled, TimedOut
from terminal.dialogue.office.audit import audit
from terminal.dialogue.office.finance import finance
from terminal.dialogue.office.operators import manage_operators
from terminal.dialogue.office.pages import come_back
from terminal.dialogue.office.refunds import refunds
from terminal.dialogue.office.search import search
from terminal.dialogue.office.story import tell
from terminal.dialogue.policy_view import show_policy
from terminal.dialogue.room import Room
from terminal.journal.journal import Operator
from terminal.screens import Item, say

TITLE = say("menu.office")


async def back_office(room: Room) -> None:
    """Raises Cancelled, TimedOut, Stopped before it is open; after that it only returns."""
    who = await _opened(room)
    await room.journal.record("office-opened", {"by": who, "operator": room.operator})
    try:
        while True:
            act = await room.desk.choose(TITLE, _entries(room, who), say("office.open", id=who))
            await come_back(room, TITLE, act())
    except (Cancelled, TimedOut):
        return


async def _opened(room: Room) -> str:
    """The number of who proved his rank. A number that has none is asked for its code first, and told after."""
    id = await room.desk.digits(TITLE, say("office.who"), (2, 2), say("office.who_hint"), typed=SUPERVISOR)
    if id == SUPERVISOR:
        return await room.staff.supervisor(say("office.opens"), room.operator)
    if id not in OPERATORS:
        raise Stopped("office-rank")
    found = await room.staff.proof.find(id) or Operator(id, "nobody", "", is_factory=False)
    if not await room.staff.prove(found, say("staff.ask_code", id=id), say("office.opens")):
        raise Cancelled
    if found.role != SENIOR:
        raise Stopped("office-rank")
    return id


def _entries(room: Room, who: str) -> list[tuple[Callable[[], Awaitable[None]], Item]]:
    return [
        (partial(refunds, room, review_queue), Item(say("office.refunds"))),
        (partial(search, room, partial(tell, room)), Item(say("records.title"))),
        (partial(finance, room), Item(say("office.finance"))),
        (partial(_operators, room, who), Item(say("office.operators"))),
        (partial(show_policy, room), Item(say("office.policy"))),
        (partial(audit, room), Item(say("office.audit"))),
    ]


async def _operators(room: Room, who: str) -> None:
    """Raises Stopped for a senior."""
    if who != SUPERVISOR:
        raise Stopped("office-rank")
    await manage_operators(room, who)
