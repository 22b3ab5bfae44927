"""One application in front of a reviewer: read, then approved, sent back, or more is asked for. Law: each is on disk.

| the reviewer     | the application                                                     |
|------------------|---------------------------------------------------------------------|
| opens it         | under review; whoever comes later may open it again                 |
| leaves it        | under review, and it waits on                                       |
| approves         | approved                                                            |
| sends it back    | returned, with one of RETURNED                                      |
| asks for more    | returned, with one document more on its checklist                   |

`why` of a mark is an id of words: `returned.<why>`, `wants.<document>`, `bad.<name>` when the terminal returned it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from terminal.dialogue.applications import is_only_policys, now_of
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.consent import why
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.documents import words_of
from terminal.dialogue.past import is_senior
from terminal.dialogue.refund_form import decided, fee_rows, has_void
from terminal.dialogue.room import Room
from terminal.refund.application import TERMINAL, WAITING, Act, Application, NotAllowed, State, moved
from terminal.refund.policy import Decision, Need, Wanted
from terminal.refund.rules import DOCUMENTS
from terminal.refund.sale import Origin
from terminal.screens import Item, Row, Say, Sheet, say

TITLE = say("review.title")
APPROVE, RETURN, ASK = "approve", "return", "ask"
RETURNED = ("amount", "reason", "documents", "sale", "policy", "cardholder", "other")
# what the policy says against it that no waiting puts right: it is returned, and does not stay approved
LASTING = frozenset(
    (
        *("sheet-stale", "above-remaining", "nothing-left", "voided", "too-many", "too-old", "above-cap"),
        *("elsewhere-off", "naked-off", "other-card-off", "reason-gone", "sale-not-found"),
        *("costs-above-policy", "costs-too-high", "amount-zero"),
    )
)


async def reviewed(room: Room, application: Application, by: str) -> Application:
    """As `by` leaves it. Raises TimedOut, SamePerson, NotAllowed; Stopped: it is returned, the policy forbids it."""
    application = await as_it_would_go(room, application)
    application = await kept(room, moved(application, Act.REVIEW, now_of(room), by))
    while True:
        try:
            await room.desk.agree(Sheet(TITLE, _rows(room, application), (_why(room, application),), hint=_HINT))
        except Cancelled:
            return application
        try:
            return await _verdict(room, application, by)
        except Cancelled:
            continue


async def as_it_would_go(room: Room, application: Application) -> Application:
    """The same, as the void or refund that it would be now. Raises Stopped, and it is returned, when it can never go as
    it stands; what passes by itself stops no review."""
    try:
        decision = await _decided(room, application)
    except Stopped as stop:
        if stop.name in LASTING:
            await returned_if_lasting(room, application, stop.name)
            raise
        return application
    assert decision.kind is not None
    return msgspec.structs.replace(application, kind=decision.kind)


async def as_of_now(room: Room, application: Application) -> Application:
    """One that is approved, with what the policy wants now. Raises Stopped; what will not pass is returned first."""
    try:
        decision = await _decided(room, application)
        assert decision.kind is not None
        fresh = msgspec.structs.replace(application, kind=decision.kind, needs=decision.needs)
        is_short = set(decision.documents) - set(application.documents_wanted)
        if is_short or fresh.waits_for(Need.REVIEW) or fresh.waits_for(Need.SUPERVISOR):
            raise Stopped("sheet-stale")
        return fresh
    except Stopped as stop:
        await returned_if_lasting(room, application, stop.name)
        raise


async def decided_anew(room: Room, application: Application) -> Application:
    """One that was returned, with what the policy wants of it today. Raises Stopped: it has to be begun anew."""
    decision = await _decided(room, application)
    assert decision.kind is not None
    return msgspec.structs.replace(
        application,
        kind=decision.kind,
        needs=decision.needs,
        documents_wanted=tuple(dict.fromkeys((*decision.documents, *application.documents_wanted))),
        policy_version=room.policy.version,
    )


async def _decided(room: Room, application: Application) -> Decision:
    wanted = Wanted(
        application.fees,
        application.reason,
        room.hardware.clock.now(),
        await is_senior(room, application.requester),
        application.is_other_card,
        application.has_typed_costs,
        has_void(room),
    )
    return await decided(room, application.sale, wanted, application.id, application.requester)


async def returned_if_lasting(room: Room, application: Application, name: str) -> None:
    """One that people approved, or wait for, and that cannot be carried out any more: back to who asked for it.

    What only the cashier had a part in is withdrawn as he leaves (terminal/dialogue/applications.py).
    """
    newest = await room.journal.applications.one(application.id)
    if name not in LASTING or newest is None or newest.state not in (*WAITING, State.APPROVED):
        return
    if is_only_policys(newest):
        return
    if newest.state is State.SUBMITTED:
        newest = moved(newest, Act.REVIEW, now_of(room), TERMINAL)
    await kept(room, moved(newest, Act.SEND_BACK, now_of(room), TERMINAL, f"bad.{name}"))


def state_words(application: Application) -> Say:
    """Where it is; of what was returned, why."""
    return why_returned(application) if application.state is State.RETURNED else short_state(application)


def short_state(application: Application) -> Say:
    """One word; of what is approved, whom it still waits for."""
    if application.state is State.APPROVED and application.waits_for(Need.SECOND_PERSON):
        return say("review.state.second-person")
    return say(f"review.state.{application.state.value}")


def why_returned(application: Application) -> Say:
    """The reason of who sent it back."""
    why = next((mark.why for mark in reversed(application.marks) if mark.act is Act.SEND_BACK), "")
    if why.startswith("bad."):
        return say("returned.stale")
    return say(why) if why else say("returned.other")


def waiting_since(application: Application) -> datetime:
    """When it was handed in, while it waits for a review; else when the last thing was done to it."""
    marks = application.marks
    if application.state in WAITING:
        marks = tuple(mark for mark in marks if mark.act is Act.SUBMIT) or marks
    return datetime.fromisoformat(marks[-1].at if marks else application.at)


def age_words(room: Room, application: Application) -> Say:
    """How long it has waited: minutes, hours or days."""
    minutes = max(0, int((room.hardware.clock.now() - waiting_since(application)).total_seconds()) // 60)
    for size, name in ((24 * 60, "days"), (60, "hours")):
        if minutes >= size:
            return say(f"review.age.{name}", count=str(minutes // size))
    return say("review.age.minutes", count=str(minutes))


_HINT = say("hint.review")


def _rows(room: Room, application: Application) -> tuple[Row, ...]:
    """All that is known of it, what matters most first."""
    sale, card = application.sale, application.sale.card
    number = f"#{sale.original.stan}" if sale.origin is Origin.HERE else sale.original.rrn
    named = Row(say("row.original"), f"{number} {sale.at[:10]} ¥{sale.amount}")
    return (
        Row(say("row.amount"), f"¥{application.amount}", is_strong=True),
        Row(say("row.kind"), say(f"kind.{application.kind.value}")),
        Row(say("row.original"), say("review.no_original")) if sale.origin is Origin.NAKED else named,
        *([Row(say("row.card"), card.masked_pan)] if card is not None else []),
        Row(say("row.reason"), say(f"reason.{application.reason}")),
        Row(say("review.requester"), application.requester),
        Row(say("review.number"), application.id),
        Row(say("review.age"), age_words(room, application)),
        *(Row(say(f"papers.{each.kind}"), words_of(each)) for each in application.documents),
        *(Row(say(f"papers.{kind}"), say("papers.missing")) for kind in application.missing),
        *(row for row in fee_rows(application.fees) if not row.is_strong),
        *([Row(say("row.agreed"), " ".join(application.agreed))] if application.agreed else []),
    )


def _why(room: Room, application: Application) -> Say:
    return why(room, application, Need.REVIEW, Need.SUPERVISOR)


async def _verdict(room: Room, application: Application, by: str) -> Application:
    """Raises Cancelled: back to the page."""
    now = now_of(room)
    verdict = await room.desk.choose(TITLE, [(act, Item(say(f"review.{act}"))) for act in (APPROVE, RETURN, ASK)])
    if verdict == APPROVE:
        application = await as_it_would_go(room, application)  # minutes may have passed
        return await kept(room, moved(application, Act.APPROVE, now_of(room), by))
    if verdict == RETURN:
        reasons = [(reason, Item(say(f"returned.{reason}"))) for reason in RETURNED]
        reason = await room.desk.choose(say("review.return"), reasons)
        return await kept(room, moved(application, Act.SEND_BACK, now, by, f"returned.{reason}"))
    there = {document.kind for document in application.documents}
    lacking = [kind for kind in DOCUMENTS if kind not in there]
    if not lacking:
        raise Cancelled
    kind = await room.desk.choose(say("review.ask"), [(kind, Item(say(f"papers.{kind}"))) for kind in lacking])
    wanted = tuple(dict.fromkeys((*application.documents_wanted, kind)))
    more = msgspec.structs.replace(application, documents_wanted=wanted)
    return await kept(room, moved(more, Act.SEND_BACK, now, by, f"wants.{kind}"))


async def kept(room: Room, application: Application) -> Application:
    """On disk. Raises NotAllowed when it went on meanwhile, by a late answer say: nobody writes over that."""
    newest = await room.journal.applications.one(application.id)
    if newest is not None and application.marks[: len(newest.marks)] != newest.marks:
        raise NotAllowed("it went on meanwhile")
    await room.journal.applications.keep(application)
    return application
