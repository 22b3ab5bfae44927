"""退款: the merchant gives money back. One key; the terminal decides void or refund, and says why.

pre-check -> sale -> may it? -> reason -> amount and fee sheet -> void or refund, and why -> supervisor -> card of the
sale -> one page to confirm -> intent on disk, then the wire -> result -> paper
"""

from __future__ import annotations

import contextlib

import msgspec

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.find_sale import find_sale
from terminal.dialogue.outcome import notice, tell_given_up
from terminal.dialogue.printing import print_outcome
from terminal.dialogue.ready import fit_for_money, no_factory_codes
from terminal.dialogue.room import Room
from terminal.dialogue.same_card import Same, card_of
from terminal.dialogue.wanted import original_of, wanted
from terminal.exchange.request import FeeSheet
from terminal.exchange.stages import Accepted, Stage
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.refund.policy import Decision, decide, fee_sheet, may_give_back
from terminal.screens import Item, Row, Say, Sheet, say

TITLE = say("kind.give_back")
WHOLE, PART, LESS_COSTS = "whole", "part", "less_costs"


async def give_back(room: Room) -> None:
    """The whole dialogue. Raises Cancelled, TimedOut, Stopped."""
    await no_factory_codes(room)
    await fit_for_money(room)
    await tell_given_up(room)
    sale = await find_sale(room)
    await _check(room, sale)
    reason = await _reason(room)
    fees, amount = await _amount(room, sale)
    decision = await _decision(room, sale, fees, amount)
    await _explain(room, sale, fees, amount, decision)
    supervisor = await _supervisor(room, amount) if decision.needs_supervisor else ""
    async with contextlib.aclosing(await card_of(room, TITLE, sale.request, amount)) as same:
        stage = await _given_back(room, sale, fees, amount, reason, supervisor, same)
    await room.desk.tell(notice(stage, room))
    await print_outcome(room, stage)


async def _given_back(
    room: Room, sale: Accepted, fees: FeeSheet, amount: Money, reason: str, supervisor: str, same: Same
) -> Stage:
    """The one page to confirm, then the wire."""
    decision = await _decision(room, sale, fees, amount)  # minutes may have passed: midnight, another refund
    assert decision.kind is not None
    await _confirm(room, sale, fees, amount, decision.kind, reason, same)
    request = await wanted(
        room,
        decision.kind,
        amount,
        same.presented.card,
        original=original_of(sale),
        fee_sheet=fees,
        reason=reason,
        supervisor=supervisor,
        is_fallback=same.presented.is_fallback,
    )
    return await same.carry_out(room, request)


async def _check(room: Room, sale: Accepted) -> None:
    given_back = await room.journal.given_back(sale.request.id)
    policy = room.config.policy
    why_not = may_give_back(sale, given_back, room.hardware.clock.now(), policy)
    if why_not:
        raise Stopped(why_not, days=str(policy.days), date=sale.request.at[:10], seconds=str(policy.seconds_between))


async def _reason(room: Room) -> str:
    reasons = room.config.policy.reasons
    return await room.desk.choose(say("refund.reason"), [(reason, Item(say(f"reason.{reason}"))) for reason in reasons])


async def _amount(room: Room, sale: Accepted) -> tuple[FeeSheet, Money]:
    """How much: all that remains, a part of it, or all less costs (guide G3)."""
    fees = fee_sheet(sale, await room.journal.given_back(sale.request.id))
    rows = (*_fee_rows(fees)[:2], Row(say("fees.remaining"), f"¥{fees.remaining}", is_strong=True))
    choices = (
        (WHOLE, Item(say("refund.whole"), f"¥{fees.remaining}")),
        (PART, Item(say("refund.part"))),
        (LESS_COSTS, Item(say("refund.less_costs"))),
    )
    how = await room.desk.choose(say("refund.how_much"), choices, say("refund.remaining", amount=str(fees.remaining)))
    if how == WHOLE:
        return fees, fees.remaining
    if how == PART:
        return fees, await room.desk.amount(TITLE, say("refund.ask_amount"), rows)
    kept = await room.desk.amount(TITLE, say("refund.ask_kept_cost"), rows)
    fee = await room.desk.amount(TITLE, say("refund.ask_handling_fee"), rows)
    fees = msgspec.structs.replace(fees, kept_cost=kept, handling_fee=fee)
    return fees, fees.refund


async def _decision(room: Room, sale: Accepted, fees: FeeSheet, amount: Money) -> Decision:
    """Raises Stopped with the reason when it may not be done."""
    journal, now = room.journal, room.hardware.clock.now()
    decision = decide(
        sale,
        await journal.given_back(sale.request.id),
        fees,
        amount,
        now,
        await journal.batch(),
        await journal.refunded_on(now.date().isoformat()),
        room.config.policy,
    )
    if decision.kind is None:
        policy = room.config.policy
        raise Stopped(
            decision.why,
            remaining=str(fees.remaining),
            cap=str(Money(policy.cap)),
            day_cap=str(Money(policy.day_cap)),
            days=str(policy.days),
            date=sale.request.at[:10],
            seconds=str(policy.seconds_between),
        )
    return decision


async def _explain(room: Room, sale: Accepted, fees: FeeSheet, amount: Money, decision: Decision) -> None:
    """The fee sheet, what it will be and why, and what the cardholder will see (guide G2, G3)."""
    assert decision.kind is not None
    rows = (
        *_fee_rows(fees),
        Row(say("fees.this"), f"¥{amount}", is_strong=True),
        Row(say("fees.left"), f"¥{fees.remaining - amount}"),
    )
    first, last = room.config.policy.arrival_days
    sees: Say = say(f"sees.{decision.kind.value}", first=str(first), last=str(last))
    kind = say(f"kind.{decision.kind.value}")
    await room.desk.agree(Sheet(say("fees.title"), rows, (say(f"why.{decision.why}", kind=kind), sees)))


async def _supervisor(room: Room, amount: Money) -> str:
    limit = Money(room.config.policy.supervisor_above)
    return await room.staff.supervisor(
        say("refund.needs_supervisor", amount=str(amount), limit=str(limit)), room.operator
    )


async def _confirm(
    room: Room, sale: Accepted, fees: FeeSheet, amount: Money, kind: Kind, reason: str, same: Same
) -> None:
    """Everything that will be sent, on one page (guide G5)."""
    costs = fees.kept_cost + fees.handling_fee
    rows = (
        Row(say("row.kind"), say(f"kind.{kind.value}")),
        Row(say("row.amount"), f"¥{amount}", is_strong=True),
        Row(say("row.card"), same.presented.card.masked_pan),
        Row(say("row.original"), f"#{sale.request.stan} {sale.request.at[5:10]} ¥{sale.amount}"),
        Row(say("row.reason"), say(f"reason.{reason}")),
        *([Row(say("row.costs"), f"¥{costs}")] if costs.minor else []),
    )
    card = say("refund.may_remove") if same.chip is None else say("sale.leave_card")
    await room.desk.agree(Sheet(say("refund.confirm"), rows, (card,), hint=say("hint.send")))


def _fee_rows(fees: FeeSheet) -> tuple[Row, ...]:
    return (
        Row(say("fees.original"), f"¥{fees.original}"),
        Row(say("fees.before"), _less(fees.refunded_before)),
        Row(say("fees.kept_cost"), _less(fees.kept_cost)),
        Row(say("fees.handling_fee"), _less(fees.handling_fee)),
    )


def _less(amount: Money) -> str:
    return f"−¥{amount}" if amount.minor else f"¥{amount}"
