"""An approved application, carried out: card, one page to confirm, time to undo, the exchange, the paper.

card of the sale -> decided once more -> confirm -> undo hold -> application and exchange on disk -> the wire -> result

The application is written before the exchange begins, so after a power cut it is known what went and what did not; what
did not is approved as before. A void that the acquirer will not have is offered as a refund, with the same card.
"""

from __future__ import annotations

import contextlib

import msgspec

from terminal.dialogue.applications import follow_one, is_only_policys, now_of, withdraw
from terminal.dialogue.bad_news import Stopped, tell
from terminal.dialogue.customer import hand_back
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.guards import Undone, undo_hold
from terminal.dialogue.outcome import notice, refusal
from terminal.dialogue.printing import print_outcome
from terminal.dialogue.refund_form import TITLE
from terminal.dialogue.reviewing import as_of_now
from terminal.dialogue.room import Room
from terminal.dialogue.same_card import Same, another_card, card_of
from terminal.dialogue.wanted import wanted
from terminal.exchange.stages import Refused, Stage
from terminal.iso8583.kinds import Kind
from terminal.refund.application import LEFT, Act, Application, State, moved
from terminal.refund.policy import NO_VOID, Need, may_take_other_card
from terminal.screens import Item, Row, Sheet, say

AMOUNT, ANOTHER_CARD = "amount", "another-card"


class Changed(Exception):
    """The cashier wants it otherwise: `what` is AMOUNT or ANOTHER_CARD. The application of before is withdrawn."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


async def carry_on(room: Room, application: Application) -> None:
    """From the card to the paper. Raises Changed, Cancelled, TimedOut, Stopped."""
    await room.journal.applications.keep(application)
    try:
        stage = await _with_card(room, application)
    finally:
        await _left(room, application.id)
    await print_outcome(room, stage, notice(stage, room))


async def _with_card(room: Room, application: Application) -> Stage:
    """Raises as carry_on."""
    await _as_decided(room, application)
    async with contextlib.aclosing(await _card(room, application)) as same:
        await hand_back(room)  # a card that asked for a PIN: its holder neither confirms nor changes anything
        if not room.operator:  # nobody's code was right, or a supervisor took over: it was the other one's
            raise Cancelled
        application = await _as_decided(room, application)  # minutes may have passed: midnight, another refund
        stage = await _sent(room, application, same)
        if is_void_refused(stage) and same.chip is None:
            return await _refund_instead(room, application, same, stage)
        return stage


async def _card(room: Room, application: Application) -> Same:
    """The sale's own; another only where that was approved, or where nobody here knows the sale's."""
    sale, amount = application.sale, application.amount
    if application.is_other_card or sale.card is None:
        return await another_card(room, TITLE, amount)
    while True:
        try:
            return await card_of(room, TITLE, sale.card, amount)
        except Stopped as stop:
            may = may_take_other_card(sale, room.hardware.clock.now(), room.policy)
            if stop.name != "card-differs" and not (stop.name == "card-unproven" and may):
                raise
            if await tell(room.desk, room.journal, stop.name, TITLE, **stop.args_) != "enter":
                raise Cancelled from None
        if may:
            await _ask_for_another_card(room, application)


async def _ask_for_another_card(room: Room, application: Application) -> None:
    """Or the right one after all. Raises Changed, Cancelled."""
    choices = ((False, Item(say("another_card.no"))), (True, Item(say("another_card.yes"))))
    if await room.desk.choose(say("another_card.title"), choices, say("another_card.why")):
        raise await _changed(room, application, ANOTHER_CARD)


async def _as_decided(room: Room, application: Application) -> Application:
    """Still as the policy decides; what needs somebody it has not had is Stopped (sheet-stale), and returned."""
    fresh = await as_of_now(room, application)
    if fresh.waits_for(Need.SECOND_PERSON):
        raise Stopped("sheet-stale")
    return msgspec.structs.replace(application, kind=fresh.kind)


async def _sent(room: Room, application: Application, same: Same) -> Stage:
    """The one page to confirm, time to undo, then the wire; the application follows."""
    room.desk.at_step(-2)
    while True:
        await _confirm(room, application, same)
        confirmed: Application | None = application
        try:
            await undo_hold(room, TITLE, (Row(say("row.amount"), f"¥{application.amount}", is_strong=True),))
        except Undone:
            confirmed = None
        application = await _as_decided(room, application)  # a late answer may have come while the page was read
        if application == confirmed:
            break  # and it is what was confirmed: midnight makes a refund of a void
    request = await wanted(
        room,
        application.kind,
        application.amount,
        same.presented.card,
        original=application.sale.original,
        fee_sheet=application.fees,
        reason=application.reason,
        supervisor=" ".join(application.agreed),
        is_fallback=same.presented.is_fallback,
        application=application.id,
    )
    sent = moved(application, Act.CARRY_OUT, now_of(room), room.operator)
    await room.journal.applications.keep(msgspec.structs.replace(sent, exchange_id=request.id))
    return await same.carry_out(room, request)


async def _confirm(room: Room, application: Application, same: Same) -> None:
    """Everything that will be sent, on one page (guide G5); 取消 changes. Raises Changed, Cancelled."""
    sale, fees = application.sale, application.fees
    costs = fees.kept_cost + fees.handling_fee
    rows = (
        Row(say("row.kind"), say(f"kind.{application.kind.value}")),
        Row(say("row.amount"), f"¥{application.amount}", is_strong=True),
        Row(say("row.card"), same.presented.card.masked_pan),
        Row(say("row.original"), f"#{sale.original.stan} {sale.at[5:7]}/{sale.at[8:10]} ¥{sale.amount}"),
        Row(say("row.reason"), say(f"reason.{application.reason}")),
        *([Row(say("row.costs"), f"¥{costs}")] if costs.minor else []),
        *([Row(say("row.agreed"), " ".join(application.agreed))] if application.agreed else []),
    )
    card = say("refund.may_remove") if same.chip is None else say("sale.leave_card")
    sheet = Sheet(say("refund.confirm"), rows, (card,), hint=say("hint.send_or_change"))
    while True:
        with contextlib.suppress(Cancelled):
            return await room.desk.agree(sheet)
        choices = ((False, Item(say("refund.back"))), (True, Item(say("refund.change"))))
        if await room.desk.choose(say("refund.confirm"), choices, say("refund.leave_hint")):
            raise await _changed(room, application, AMOUNT)


async def _refund_instead(room: Room, application: Application, same: Same, void: Stage) -> Stage:
    """The acquirer says: not as a void (refund.md 2, rule 1). Cancel leaves it refused."""
    assert isinstance(void, Refused)
    refused = await follow_one(room, await _newest(room, application))
    await room.desk.tell(refusal(TITLE, void.response_code))
    try:
        await room.desk.agree(Sheet(TITLE, (), (say("refund.instead"),)))
    except Cancelled:
        return void
    fresh = msgspec.structs.replace(
        application,
        id=await room.journal.applications.next_id(),
        at=now_of(room),
        documents=refused.documents,
        exchange_id="",
    )
    fresh = await _as_decided(room, fresh)
    await room.journal.applications.keep(fresh)
    try:
        return await _sent(room, fresh, same)
    finally:
        await _left(room, fresh.id)


def is_void_refused(stage: Stage) -> bool:
    """A void that may go as a refund."""
    is_void = stage.request.kind is Kind.VOID
    return is_void and isinstance(stage, Refused) and stage.response_code in NO_VOID


async def _changed(room: Room, application: Application, what: str) -> Changed:
    await withdraw(room, await _newest(room, application), room.operator, what)
    return Changed(what)


async def _newest(room: Room, application: Application) -> Application:
    return await room.journal.applications.one(application.id) or application


async def _left(room: Room, id: str) -> None:
    """What only this cashier had a part in, and was not sent, is withdrawn; the rest follows its exchange."""
    application = await room.journal.applications.one(id)
    if application is None:
        return
    application = await follow_one(room, application)
    if application.state is State.APPROVED and is_only_policys(application):
        await withdraw(room, application, room.operator, LEFT)
