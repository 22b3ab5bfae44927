"""Applications in step with their exchanges, and those that nobody waits for any more. Law: the exchange tells, alone.

| found                                        | becomes                                     |
|----------------------------------------------|---------------------------------------------|
| its exchange went on                         | as terminal/refund/application.py follows   |
| a draft, or approved by the policy alone     | withdrawn: the cashier begins anew          |
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

LISTENING = timedelta(days=30)  # to what a refused one may yet become; later than that the daily file tells


async def tidy(room: Room) -> None:
    """At a start, and before a dialogue that gives back: nobody is at work on any of them now."""
    await follow_applications(room, is_quiet=True)
    oldest = room.hardware.clock.now() - timedelta(days=room.policy.application_days)
    for application in await room.journal.applications.in_state(UNSENT):
        is_stale = datetime.fromisoformat(application.at) < oldest
        if is_stale or application.state is State.DRAFT or is_only_policys(application):
            await withdraw(room, application, TERMINAL, STALE if is_stale else LEFT)


async def follow_applications(room: Room, is_quiet: bool = False) -> None:
    """All whose exchange may have gone on. One that is not in the journal may just be beginning, unless it is quiet."""
    lately = (room.hardware.clock.now() - LISTENING).isoformat(timespec="seconds")
    applications = room.journal.applications
    refused = await applications.in_state((State.REFUSED,), lately)
    for application in [*await applications.in_state(SENT), *refused]:
        if is_quiet or await room.journal.exchange(application.exchange_id) is not None:
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


async def withdraw(room: Room, application: Application, by: str, why: str) -> None:
    """It ends, with nothing sent."""
    await room.journal.applications.keep(moved(application, Act.WITHDRAW, now_of(room), by, why))


def is_only_policys(application: Application) -> bool:
    """Nobody else had a part in it, so nobody misses it."""
    return application.state is State.APPROVED and application.approver == POLICY


def now_of(room: Room) -> str:
    """The terminal's time, as records have it."""
    return room.hardware.clock.now().isoformat(timespec="seconds")
