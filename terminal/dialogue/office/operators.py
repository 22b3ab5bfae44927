"""操作员: who may work here, and with what rank. Law: each change has who and why; nobody changes himself.

The supervisor's code was asked for before; whose code is set anew types it himself (terminal/dialogue/people.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from terminal.dialogue.codes import OPERATOR, SENIOR
from terminal.dialogue.office.pages import come_back
from terminal.dialogue.people import add, lock, number, operators, remove, set_role, state, unlock
from terminal.dialogue.room import Room
from terminal.journal.journal import Operator
from terminal.screens import Item, Say, say

TITLE = say("office.operators")
WHYS = ("left-job", "forgot", "suspicion", "duty", "mistake", "other")


async def manage_operators(room: Room, boss: str) -> None:
    """Everybody, and one more. Raises Cancelled, TimedOut."""
    while True:
        everybody = [(one, Item(number(one), _standing(one))) for one in await operators(room)]
        choices: list[tuple[Operator | None, Item]] = [*everybody, (None, Item(say("people.add")))]
        one = await room.desk.choose(TITLE, choices)
        await come_back(room, TITLE, add(room, boss) if one is None else _one(room, one, boss))


async def _one(room: Room, one: Operator, boss: str) -> None:
    """What can be done to him."""
    acts: list[tuple[Callable[[], Awaitable[None]], Item]] = [
        (partial(_locked, room, one, boss), Item(say("operators.unlock" if one.lock else "operators.lock"))),
        (partial(_reset, room, one, boss), Item(say("operators.reset"))),
        (partial(_role, room, one, boss), Item(say("operators.senior" if one.role == OPERATOR else "operators.plain"))),
        (partial(_removed, room, one, boss), Item(say("operators.remove"))),
    ]
    act = await room.desk.choose(TITLE, acts, say("operators.who", id=one.id, state=_standing(one)))
    await act()


async def _locked(room: Room, one: Operator, boss: str) -> None:
    await (lock if one.lock is None else unlock)(room, one, boss, await _why(room, one))


async def _reset(room: Room, one: Operator, boss: str) -> None:
    """He types it himself; the old one holds until then."""
    await room.staff.proof.new_code(one, boss)


async def _role(room: Room, one: Operator, boss: str) -> None:
    role = SENIOR if one.role == OPERATOR else OPERATOR
    await set_role(room, one, role, boss, await _why(room, one))


async def _removed(room: Room, one: Operator, boss: str) -> None:
    await remove(room, one, boss, await _why(room, one))


async def _why(room: Room, one: Operator) -> str:
    choices = [(why, Item(say(f"operators.why.{why}"))) for why in WHYS]
    return await room.desk.choose(TITLE, choices, say("operators.ask_why", id=one.id))


def _standing(one: Operator) -> Say:
    return say("operators.standing", role=say(f"role.{one.role}"), state=state(one))
