"""退款: the merchant gives money back. One key; the terminal decides void or refund, and says why.

pre-check -> sale -> may it? -> reason -> amount and fee sheet -> void or refund, and why -> documents, who must agree
-> card of the sale -> one page to confirm -> time to undo -> intent on disk, then the wire -> result -> paper

An application is on disk from when somebody else has a part in it, or before the card is asked for; what only this
cashier had a part in is withdrawn when he leaves (terminal/dialogue/applications.py).
"""

from __future__ import annotations

from terminal.dialogue.applications import now_of, tidy
from terminal.dialogue.approval import agreed, pending, with_evidence
from terminal.dialogue.carry_on import ANOTHER_CARD, Changed, carry_on
from terminal.dialogue.find_sale import find_sale
from terminal.dialogue.guards import interrupt, may_begin
from terminal.dialogue.outcome import tell_given_up
from terminal.dialogue.ready import fit_for_money, line_is_up, no_factory_codes
from terminal.dialogue.refund_form import TITLE, Form, check, filled_in, for_another_card
from terminal.dialogue.room import Room
from terminal.refund.application import Act, Application, moved
from terminal.refund.policy import Need
from terminal.refund.sale import Sale

STEPS = FIND, FORM, AGREE, CARD, CONFIRM, RESULT = range(1, 7)  # as the title bar counts them


async def give_back(room: Room, scanned: str | None = None) -> None:
    """The whole dialogue; `scanned`: a receipt's code, which began it. Raises Cancelled, TimedOut, Stopped."""
    with room.desk.steps(len(STEPS)):
        await _give_back(room, scanned)


async def _give_back(room: Room, scanned: str | None) -> None:
    room.desk.at_step(FIND)
    await no_factory_codes(room)
    await may_begin(room)
    await fit_for_money(room)
    await line_is_up(room)
    await tell_given_up(room)
    await tidy(room)
    sale = await find_sale(room, scanned)
    application = await pending(room, sale)
    if application is None:
        room.desk.at_step(FORM)
        await check(room, sale)
        application = await _handed_in(room, sale, await filled_in(room, sale))
    while application is not None:
        try:
            room.desk.at_step(CARD)
            await carry_on(room, application)
            return
        except Changed as changed:
            application = await _handed_in(room, sale, await _changed(room, sale, application, changed.what))


async def _changed(room: Room, sale: Sale, before: Application, what: str) -> Form:
    """The form again: for another card as it was, else from the amount on."""
    room.desk.at_step(FORM)
    if what == ANOTHER_CARD:
        return await for_another_card(room, sale, before)
    return await filled_in(room, sale, before.reason)


async def _handed_in(room: Room, sale: Sale, form: Form) -> Application | None:
    """Approved, by people where the policy wants them; None: it waits for its review. Raises Cancelled, Stopped."""
    wanted, decision = form.wanted, form.decision
    assert decision.kind is not None
    application = Application(
        id=await room.journal.applications.next_id(),
        sale=sale,
        fees=wanted.fees,
        reason=wanted.reason,
        kind=decision.kind,
        requester=room.operator,
        at=now_of(room),
        policy_version=room.policy.version,
        needs=decision.needs,
        documents_wanted=decision.documents,
        is_other_card=wanted.is_other_card,
        has_typed_costs=wanted.has_typed_costs,
    )
    room.desk.at_step(AGREE)
    application = await with_evidence(room, application)
    if rules := decision.rules(Need.PAUSE):
        await interrupt(room, TITLE, rules)
    application = moved(application, Act.SUBMIT, now_of(room), room.operator)
    return await agreed(room, application)
