"""Who must agree, and what must be there. Law: nobody agrees to what he asked for himself (refund.md 2, rule 8)."""

from __future__ import annotations

from terminal.dialogue.applications import now_of
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.room import Room
from terminal.money import Money
from terminal.refund.application import (
    POLICY,
    UNSENT,
    WAITING,
    Act,
    Application,
    Document,
    SamePerson,
    State,
    moved,
    with_document,
)
from terminal.refund.policy import Need
from terminal.refund.sale import Sale
from terminal.screens import Item, say


async def with_evidence(room: Room, application: Application) -> Application:
    """The checklist of the policy, each document asked for until it is there. Raises Cancelled."""
    for kind in application.missing:
        title = say(f"evidence.{kind}")
        await room.desk.choose(title, ((True, Item(say("evidence.seen"))),))
        application = with_document(application, Document(kind, now_of(room), room.operator))
    return application


async def agreed(room: Room, application: Application) -> Application | None:
    """Whoever must agree, here and now; None: it waits for its review. Raises Stopped, Cancelled."""
    try:
        return await _agreed(room, application)
    except SamePerson:
        raise Stopped("same-person") from None


async def pending(room: Room, sale: Sale) -> Application | None:
    """An application for this sale that is approved and may be carried out; None: there is none that has not ended.

    Raises Stopped (application-open) for one that waits.
    """
    id = await room.journal.applications.open_of_sale(sale.id)
    application = await room.journal.applications.one(id) if id else None
    if application is None or application.state is State.APPROVED:
        return application
    if application.state in UNSENT:
        raise Stopped("application-open", id=application.id)
    return None  # the policy says what its exchange stands in the way of


async def _agreed(room: Room, application: Application) -> Application:
    if application.waits_for(Need.REVIEW) or application.waits_for(Need.SUPERVISOR):
        limit, amount = Money(room.policy.supervisor_above), application.amount
        why = say("refund.needs_supervisor", amount=str(amount), limit=str(limit))
        by = await room.staff.supervisor(why, application.requester)
        return moved(application, Act.APPROVE, now_of(room), by)
    return moved(application, Act.APPROVE, now_of(room), POLICY)


async def review_queue(room: Room) -> None:
    """待审核: what waits for review, and what is approved and waits to be carried out. Raises Cancelled, TimedOut."""
    if not await room.journal.applications.in_state((*WAITING, State.APPROVED)):
        raise Stopped("no-reviews")
