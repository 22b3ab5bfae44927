"""人员管理: operators by the supervisor, custodians by the administrator. Law: each sets the own code, in person.

| entry                          | whose code first | source     |
|--------------------------------|------------------|------------|
| show, add, remove, unlock      | supervisor 00    | cup.md 4.1 |
| an operator's code anew        | supervisor 00    | cup.md 4.1 |
| lock, another role             | supervisor 00    | ours       |
| custodians                     | administrator 99 | ours       |
| the own code of 00, of 99      | the own          | cup.md 4.1 |

Nobody is given a factory code: who forgot his code comes, and types a new one. Nobody locks, removes or promotes who is
logged in, so that nobody does it to himself, and one who is not locked always stays. Locking, another role and removing
are from the supervisor's desk too (office/operators.py), and there the journal has the reason beside the name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from terminal.dialogue import locks
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.codes import CUSTODIANS, OPERATOR, OPERATORS, SENIOR
from terminal.dialogue.room import Room
from terminal.journal.journal import Operator
from terminal.screens import Item, Notice, Row, Say, Sheet, Tone, say

TITLE = say("people.title")


async def people(room: Room) -> None:
    """One entry. Raises Cancelled, TimedOut, Stopped."""
    act = await room.desk.choose(TITLE, [(act, Item(say(label))) for act, label in ENTRIES])
    await act(room)


# --- operators -------------------------------------------------------------------------------------------------------
async def _show(room: Room) -> None:
    await _supervisor(room, say("people.show"))
    rows = tuple(Row(number(one), state(one)) for one in await operators(room))
    await room.desk.agree(Sheet(TITLE, rows, hint=say("hint.any")))


async def _add(room: Room) -> None:
    await add(room, await _supervisor(room, say("people.add")))


async def add(room: Room, boss: str) -> None:
    """The number is the lowest that is free, unless the supervisor types another."""
    taken = {one.id for one in await operators(room)}
    id, lines = next((id for id in OPERATORS if id not in taken), ""), (say("people.add_hint"),)
    while True:
        id = await room.desk.digits(TITLE, say("people.ask_number"), (2, 2), *lines, typed=id)
        if id in OPERATORS and id not in taken:
            break
        id, lines = "", (say("people.number_taken", id=id),)
    await room.staff.enrol(id, "operator", boss)


async def _remove(room: Room) -> None:
    """Not who is logged in, so one is always left."""
    boss = await _supervisor(room, say("people.remove"))
    gone = await _chosen(room, [one for one in await operators(room) if one.id != room.operator])
    if gone is not None:
        await remove(room, gone, boss)


async def _unlock(room: Room) -> None:
    boss = await _supervisor(room, say("people.unlock"))
    locked = await _chosen(room, [one for one in await operators(room) if one.lock is not None])
    if locked is not None:
        await unlock(room, locked, boss)


async def _reset(room: Room) -> None:
    """Who forgot his code types a new one; the old one holds until then."""
    boss = await _supervisor(room, say("people.reset"))
    forgetful = await _chosen(room, await operators(room))
    if forgetful is not None:
        await room.staff.proof.new_code(forgetful, boss)


async def _supervisor_code(room: Room) -> None:
    """`supervisor` itself replaces a factory code: then it has been done."""
    await _own_code(room, room.staff.supervisor(say("people.supervisor_code"), room.operator))


# --- what the supervisor does to one, his code proven; `why` stands in the journal ------------------------------------
async def remove(room: Room, one: Operator, boss: str, why: str = "") -> None:
    """He is asked once more. Raises Stopped (own-role, last-operator), Cancelled."""
    await _may_go(room, one, boss)
    await room.desk.agree(Sheet(TITLE, (Row(number(one), state(one)),), (say("people.remove.sure"),)))
    await room.journal.drop_operator(one, _with("removed", why), boss)
    await _done(room, say("people.removed", id=one.id))


async def lock(room: Room, one: Operator, boss: str, why: str) -> None:
    """No log-in and no approval until it is unlocked. Raises Stopped (own-role, last-operator)."""
    await _may_go(room, one, boss)
    until_unlocked = locks.begun(room.hardware.clock.uptime(), None)
    await room.staff.proof.keep(one, _with("locked", why), boss, lock=until_unlocked)
    await _done(room, say("people.locked", id=one.id))


async def unlock(room: Room, one: Operator, boss: str, why: str = "") -> None:
    await room.staff.proof.keep(one, _with("unlocked", why), boss, failures=0, lock=None)
    await _done(room, say("people.unlocked", id=one.id))


async def set_role(room: Room, one: Operator, role: str, boss: str, why: str) -> None:
    """OPERATOR or SENIOR; his code stays. Raises Stopped (own-role)."""
    _not_himself(room, one, boss)
    await room.staff.proof.keep(one, _with(f"role {role}", why), boss, role=role)
    await _done(room, say("people.role_set", id=one.id, role=say(f"role.{role}")))


async def _may_go(room: Room, one: Operator, boss: str) -> None:
    _not_himself(room, one, boss)
    if not any(other.lock is None for other in await operators(room) if other.id != one.id):
        raise Stopped("last-operator")


def _not_himself(room: Room, one: Operator, boss: str) -> None:
    if one.id in (boss, room.operator):
        raise Stopped("own-role", id=one.id)


def _with(what: str, why: str) -> str:
    return f"{what}, {why}" if why else what


# --- custodians, the administrator -----------------------------------------------------------------------------------
async def _custodians(room: Room) -> None:
    """Enrol one, let one set a new code, or remove one."""
    boss = await room.staff.administrator(say("people.custodians"))
    found = {id: await room.staff.proof.find(id) for id in CUSTODIANS}
    items = [(id, Item(say("people.custodian_number", id=id), state(one))) for id, one in found.items()]
    id = await room.desk.choose(TITLE, items)
    custodian = found[id]
    if custodian is None:
        await room.staff.enrol(id, "custodian", boss)
        return
    choices = [(True, Item(say("people.custodian_anew"))), (False, Item(say("people.custodian_remove")))]
    if await room.desk.choose(TITLE, choices, say("people.custodian_number", id=id)):
        await room.staff.proof.new_code(custodian, boss)
    else:
        await room.journal.drop_operator(custodian, "removed", boss)
        await _done(room, say("people.removed", id=id))


async def _administrator_code(room: Room) -> None:
    await _own_code(room, room.staff.administrator(say("people.administrator_code")))


async def _own_code(room: Room, proven: Awaitable[str]) -> None:
    before = await room.staff.factory_codes()
    id = await proven
    own = await room.staff.proof.find(id)
    if own is not None and id not in before:
        await room.staff.proof.new_code(own)


# --- in common -------------------------------------------------------------------------------------------------------
async def _supervisor(room: Room, why: Say) -> str:
    return await room.staff.supervisor(why, room.operator)


async def operators(room: Room) -> list[Operator]:
    """By number, those with rank too."""
    return [one for one in await room.staff.proof.everybody() if one.role in (OPERATOR, SENIOR)]


async def _chosen(room: Room, operators: list[Operator]) -> Operator | None:
    """None, and said, when there is nobody to choose."""
    if not operators:
        await room.desk.tell(Notice(TITLE, Tone.LOOK, say("people.none")))
        return None
    return await room.desk.choose(TITLE, [(one, Item(number(one), state(one))) for one in operators])


async def _done(room: Room, what: Say) -> None:
    await room.desk.tell(Notice(TITLE, Tone.OK, what), 3.0)


def number(one: Operator) -> Say:
    return say("people.number", id=one.id)


def state(one: Operator | None) -> Say:
    if one is None:
        return say("people.state.none")
    if one.lock is not None:
        return say("people.state.locked")
    return say("people.state.factory") if one.is_factory else say("people.state.fine")


ENTRIES: tuple[tuple[Callable[[Room], Awaitable[None]], str], ...] = (
    (_show, "people.show"),
    (_add, "people.add"),
    (_remove, "people.remove"),
    (_unlock, "people.unlock"),
    (_reset, "people.reset"),
    (_supervisor_code, "people.supervisor_code"),
    (_custodians, "people.custodians"),
    (_administrator_code, "people.administrator_code"),
)
