"""Whoever must agree to an application, now or later. Law: on disk is every state that somebody else had a part in.

| the policy wants | asked                                       | who is not here                       |
|------------------|---------------------------------------------|---------------------------------------|
| nobody           | nothing: approved by the policy             |                                       |
| the supervisor   | his code                                    | 主管不在：交待审核, or 不退了          |
| a review         | 现在审核: number, code, then the application | 稍后审核: it waits in 待审核           |
| a second person  | after that: number and code                 | it stays approved, waits in 待审核     |
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from terminal.dialogue.applications import now_of
from terminal.dialogue.bad_news import Stopped, tell
from terminal.dialogue.consent import parties, reviewer, second_person, supervisor, why
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.documents import with_evidence
from terminal.dialogue.reviewing import decided_anew, kept, reviewed, why_returned
from terminal.dialogue.room import Room
from terminal.refund.application import LEFT, POLICY, Act, Application, NotAllowed, SamePerson, State, moved
from terminal.refund.policy import Need
from terminal.screens import Item, Notice, Row, Say, Sheet, Tone, say

TITLE = say("approval.title")
NOW, LATER, NO, MEND = "now", "later", "no", "mend"


async def agreed(room: Room, application: Application) -> Application | None:
    """One that was just submitted, approved here and now; None: it waits. Raises Stopped, Cancelled, TimedOut."""
    needs = {each.need for each in application.needs}
    asked: Application | None
    with translated(application):
        if Need.REVIEW in needs:
            asked = await _through_review(room, application)
        elif Need.SUPERVISOR in needs:
            asked = await _by_supervisor(room, application)
        else:
            asked = moved(application, Act.APPROVE, now_of(room), POLICY)
        return await with_second(room, asked) if asked is not None else None


@contextmanager
def translated(application: Application) -> Iterator[None]:
    """What an application does not allow, as bad news."""
    try:
        yield
    except SamePerson:
        raise Stopped("same-person") from None
    except NotAllowed:
        raise Stopped("application-moved", id=application.id) from None


async def with_second(room: Room, application: Application) -> Application | None:
    """One that is approved, and the second person's consent where it is wanted; None: it waits for him."""
    while application.waits_for(Need.SECOND_PERSON):
        try:
            by = await second_person(room, application)
        except Cancelled:
            choices = ((NOW, Item(say("approval.second_now"))), (LATER, Item(say("approval.second_later"))))
            if await room.desk.choose(say("approval.no_second"), choices, say("approval.nothing_sent")) == LATER:
                await _left_waiting(room, application)
                return None
        else:
            application = await kept(room, moved(application, Act.AGREE, now_of(room), by))
    return application


async def handed_in_again(room: Room, application: Application) -> Application:
    """One that was returned, as the policy has it today, with what was missing. Raises Cancelled.

    Raises Stopped when the policy forbids it now: it has to be begun anew.
    """
    application = await with_evidence(room, await decided_anew(room, application))
    return await kept(room, moved(application, Act.SUBMIT, now_of(room), room.operator))


async def withdrawn(room: Room, application: Application) -> None:
    """Asked once more: what others did for it is over then. Raises Cancelled when it stays."""
    rows = (Row(say("row.amount"), f"¥{application.amount}", is_strong=True), Row(say("review.number"), application.id))
    await room.desk.agree(Sheet(say("approval.withdraw"), rows, (say("approval.withdraw.sure"),)))
    await kept(room, moved(application, Act.WITHDRAW, now_of(room), room.operator, LEFT))
    await room.desk.tell(Notice(TITLE, Tone.OK, say("approval.withdrawn"), (say("approval.nothing_sent"),)), 5.0)


def title_of(application: Application) -> Say:
    """Number and amount."""
    return say("approval.one", amount=str(application.amount), id=application.id)


async def _by_supervisor(room: Room, application: Application) -> Application | None:
    """His code, now; who is not here, or is locked, can review it later."""
    try:
        by = await supervisor(room, application)
        return await kept(room, moved(application, Act.APPROVE, now_of(room), by))
    except Cancelled:
        pass
    except Stopped as stop:
        if stop.name != "password-locked":
            raise
        await tell(room.desk, room.journal, stop.name, TITLE, **stop.args_)
    choices = ((LATER, Item(say("approval.absent"))), (NO, Item(say("approval.no"))))
    if await room.desk.choose(say("approval.no_supervisor"), choices, say("approval.nothing_sent")) == NO:
        raise Cancelled
    await _left_waiting(room, application)
    return None


async def _through_review(room: Room, application: Application) -> Application | None:
    """Now, by one of rank who is here; or later. 取消 of his code asks again."""
    choices = ((NOW, Item(say("approval.now"))), (LATER, Item(say("approval.later"))))
    line = why(room, application, Need.REVIEW, Need.SUPERVISOR)
    while application.state is not State.APPROVED:
        if await room.desk.choose(say("approval.review"), choices, line) == LATER:
            await _left_waiting(room, application)
            return None
        try:
            by = await reviewer(room, parties(application), line)
        except Cancelled:
            continue
        application = await reviewed(room, application, by)
        if application.state is State.RETURNED:
            application = await _mended(room, application)
    return application


async def _mended(room: Room, application: Application) -> Application:
    """Sent back while the cashier stands here: mended at once, or left as it is. Raises Cancelled."""
    choices = ((MEND, Item(say("approval.mend"))), (NO, Item(say("approval.withdraw"))))
    if await room.desk.choose(title_of(application), choices, why_returned(application)) == MEND:
        return await handed_in_again(room, application)
    await withdrawn(room, application)
    raise Cancelled


async def _left_waiting(room: Room, application: Application) -> None:
    """It is said where it waits, and that nothing was sent."""
    await kept(room, application)
    lines = (say("approval.waits", id=application.id), say("approval.nothing_sent"))
    rows = (Row(say("row.amount"), f"¥{application.amount}", is_strong=True),)
    await room.desk.tell(Notice(TITLE, Tone.LOOK, say("approval.waiting"), lines, rows), 30.0)
