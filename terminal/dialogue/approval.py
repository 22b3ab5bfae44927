"""What waits: for a review, to be mended, to be carried out. Law: nobody agrees to what he asked for (refund.md 2, 8).

| an application              | offers                            | and then                                     |
|-----------------------------|-----------------------------------|----------------------------------------------|
| approved by people          | 现在退, 撤回                       | goes on with the card                        |
| waits for its review        | 现在审核, 撤回                     | as the reviewer leaves it                    |
| returned                    | 补材料并重新提交, 撤回               | as when it was first handed in               |
| a draft, policy's approval  | nothing: the power failed meanwhile | withdrawn; the cashier begins anew         |
| too old                     | nothing, and it is said           | withdrawn; the cashier begins anew           |

A reviewer's code holds for the applications of one visit to the queue, until he leaves it or nobody presses a key.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from terminal.dialogue.agreement import (
    LATER,
    MEND,
    NO,
    NOW,
    TITLE,
    handed_in_again,
    title_of,
    translated,
    with_second,
    withdrawn,
)
from terminal.dialogue.agreement import agreed as agreed
from terminal.dialogue.applications import is_only_policys, tidy, withdraw
from terminal.dialogue.bad_news import Stopped, tell
from terminal.dialogue.carry_on import Changed, carry_on
from terminal.dialogue.consent import parties, reviewer
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.documents import with_evidence as with_evidence
from terminal.dialogue.guards import may_begin
from terminal.dialogue.outcome import tell_given_up
from terminal.dialogue.ready import fit_for_money, no_factory_codes
from terminal.dialogue.reviewing import age_words, as_of_now, reviewed, short_state, state_words, waiting_since
from terminal.dialogue.room import Room
from terminal.refund.application import LEFT, STALE, UNSENT, WAITING, Application, State
from terminal.refund.sale import Sale
from terminal.screens import Item, say

GO = "go"
QUEUE = (*WAITING, State.RETURNED, State.APPROVED)


class Visit:
    """One way through what waits: `by` is the reviewer once his code was right; a queue lists on after each."""

    def __init__(self, is_queue: bool) -> None:
        self.is_queue, self.by = is_queue, ""


async def pending(room: Room, sale: Sale) -> Application | None:
    """An application for this sale that may be carried out now; None: there is none that has not ended.

    Raises Cancelled when it goes on waiting, or was withdrawn; Stopped, TimedOut.
    """
    await _say_stale(room, sale)
    while id := await room.journal.applications.open_of_sale(sale.id):
        application = await room.journal.applications.one(id)
        if application is None or application.state not in UNSENT:
            return None  # the policy says what its exchange stands in the way of
        if application.state is not State.DRAFT and not is_only_policys(application):
            with translated(application):
                return await _brought_on(room, application, Visit(is_queue=False))
        await withdraw(room, application, room.operator, LEFT)
    return None


async def review_queue(room: Room) -> None:
    """待审核: all that waits for somebody. Raises Cancelled, TimedOut, Stopped."""
    await tidy(room)
    visit = Visit(is_queue=True)
    while True:
        waiting = await _waiting(room)
        if not waiting:
            raise Stopped("no-reviews")
        chosen = await room.desk.choose(say("review.queue"), [(one, _item(room, one)) for one in waiting])
        with suppress(Cancelled), translated(chosen):
            return await _carried_out(room, await _brought_on(room, chosen, visit))


async def overdue(room: Room) -> list[Application]:
    """What waits for somebody longer than the policy's nag_hours, oldest first."""
    since = room.hardware.clock.now() - timedelta(hours=room.policy.nag_hours)
    return [one for one in await _waiting(room) if waiting_since(one) < since]


async def _waiting(room: Room) -> list[Application]:
    """Oldest first; what only this cashier had a part in waits for nobody."""
    return [one for one in await room.journal.applications.in_state(QUEUE) if not is_only_policys(one)]


async def _brought_on(room: Room, application: Application, visit: Visit) -> Application:
    """As far as those who are here can bring it: approved, by all who must agree. Raises Cancelled, Stopped."""
    is_asked = True
    while application.state is not State.APPROVED:
        act = await _act(room, application, visit)
        if act == MEND:
            handed_in = await agreed(room, await handed_in_again(room, application))
            return _there(handed_in)
        if act == NO:
            await withdrawn(room, application)
            raise Cancelled
        application = await _reviewed(room, application, visit)
        if application.state is not State.APPROVED:
            if visit.is_queue:
                raise Cancelled
            visit.by = ""  # he left it to the cashier
        is_asked = visit.is_queue
    if is_asked:
        await _choose_to_go(room, application)
    visit.by = ""  # from here on it is the cashier's
    return _there(await with_second(room, await as_of_now(room, application)))


async def _act(room: Room, application: Application, visit: Visit) -> str:
    """NOW at once for a reviewer who is at it."""
    if application.state in WAITING and visit.by:
        return NOW
    first = (NOW, "approval.now") if application.state in WAITING else (MEND, "approval.mend")
    choices = ((first[0], Item(say(first[1]))), (NO, Item(say("approval.withdraw"))))
    lines = (state_words(application), say("review.waited", age=age_words(room, application)))
    return await room.desk.choose(title_of(application), choices, *lines)


async def _reviewed(room: Room, application: Application, visit: Visit) -> Application:
    """By who is at it already, unless he had a part in this one."""
    if visit.by in parties(application):
        await tell(room.desk, room.journal, "same-person", TITLE)
        visit.by = ""
    visit.by = visit.by or await reviewer(room, parties(application))
    return await reviewed(room, application, visit.by)


async def _choose_to_go(room: Room, application: Application) -> None:
    """Raises Cancelled: not now, or never more."""
    names = ((GO, "approval.go"), (NO, "approval.withdraw"), (LATER, "approval.back"))
    by = say("approval.agreed_by", ids=" ".join(application.agreed))
    lines = (state_words(application), by)
    act = await room.desk.choose(title_of(application), [(name, Item(say(label))) for name, label in names], *lines)
    if act == NO:
        await withdrawn(room, application)
    if act != GO:
        raise Cancelled


async def _carried_out(room: Room, application: Application) -> None:
    """By whoever is logged in, as from 退款. Raises as carry_on, and Stopped (begin-anew)."""
    await no_factory_codes(room)
    await may_begin(room)
    await fit_for_money(room)
    await tell_given_up(room)
    try:
        await carry_on(room, application)
    except Changed:
        raise Stopped("begin-anew") from None


async def _say_stale(room: Room, sale: Sale) -> None:
    """The last one was withdrawn because it waited too long: that is why it is asked for anew."""
    earlier = await room.journal.applications.of_sale(sale.id)
    last = earlier[-1] if earlier else None
    if last is not None and last.state is State.CLOSED and last.marks[-1].why == STALE:
        days = str(room.policy.application_days)
        await tell(room.desk, room.journal, "application-stale", TITLE, id=last.id, days=days)


def _item(room: Room, application: Application) -> Item:
    label = say("review.item", amount=str(application.amount), requester=application.requester)
    return Item(label, say("review.item.detail", age=age_words(room, application), state=short_state(application)))


def _there(application: Application | None) -> Application:
    """Raises Cancelled for one that waits on."""
    if application is None:
        raise Cancelled
    return application
