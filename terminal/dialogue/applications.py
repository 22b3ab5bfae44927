"""Applications in step with their exchanges, and those that nobody waits for any more. Law: the exchange tells, alone.

| found                                        | becomes                                     |
|----------------------------------------------|---------------------------------------------|
| its exchange went on                         | as terminal/refund/application.py follows   |
| approved by the policy, the dialogue is over | withdrawn: the cashier begins anew          |
| approved by a person                         | kept, to be carried out                     |
| older than the policy's application_days     | withdrawn                                   |
"""

from __future__ import annotations

from datetime import datetime, timedelta

from terminal.dialogue.room import Room
from terminal.refund.application import (
    LEFT,
    POLICY,
    SENT,
    STALE,
    TERMINAL,
    UNSENT,
    Act,
    Application,
    State,
    followed,
    moved,
)


async def follow_applications(room: Room, is_start: bool = False) -> None:
    """All whose exchange may have gone on. Of one that is not there yet nothing is said but at a start."""
    for application in await room.journal.applications.in_state((*SENT, State.REFUSED)):
        if is_start or await room.journal.exchange(application.exchange_id) is not None:
            await follow_one(room, application)


async def follow_one(room: Room, application: Application) -> Application:
    """One, as its exchange is now; an exchange that never began is as if nothing had been done."""
    if not application.exchange_id:
        return application
    stage = await room.journal.exchange(application.exchange_id)
    after = followed(application, stage, now_of(room))
    if after is not application:
        await room.journal.applications.keep(after)
    return after


async def clear_away(room: Room, is_start: bool = False) -> None:
    """Withdraw what is too old; at a start also what only the cashier of before was waiting for."""
    oldest = room.hardware.clock.now() - timedelta(days=room.policy.application_days)
    for application in await room.journal.applications.in_state(UNSENT):
        is_stale = datetime.fromisoformat(application.at) < oldest
        if is_stale or (is_start and is_only_policys(application)):
            await withdraw(room, application, TERMINAL, STALE if is_stale else LEFT)


async def withdraw(room: Room, application: Application, by: str, why: str) -> None:
    """It ends, with nothing sent."""
    await room.journal.applications.keep(moved(application, Act.WITHDRAW, now_of(room), by, why))


def is_only_policys(application: Application) -> bool:
    """Nobody else had a part in it, so nobody misses it."""
    return application.state is State.APPROVED and application.approver == POLICY


def now_of(room: Room) -> str:
    """The terminal's time, as records have it."""
    return room.hardware.clock.now().isoformat(timespec="seconds")
