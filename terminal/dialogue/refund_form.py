"""The form of a refund: reason, amount, fee sheet, and what the terminal makes of it. Law: 取消 goes one question back.

| question    | answers                                        | 取消           |
|-------------|------------------------------------------------|----------------|
| reason      | those of the policy                            | leaves         |
| how much    | all of it, a part of it, all less costs        | the reason     |
| amounts     | digits                                         | how much       |
| fee sheet   | 确认; 功能 shows the shop's policy              | how much       |
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import msgspec

from terminal.dialogue import bad_news
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.past import is_senior, past_of
from terminal.dialogue.policy_view import show_policy
from terminal.dialogue.room import Room
from terminal.exchange.request import FeeSheet
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.refund.application import Application
from terminal.refund.arrival import expected
from terminal.refund.fees import fee_sheet, most_costs, with_fee
from terminal.refund.policy import Decision, Need, Wanted, cap_of, decide, may_give_back
from terminal.refund.sale import Sale
from terminal.screens import Item, Row, Say, Sheet, say

TITLE = say("kind.give_back")
FEW_LINES, NOTHING = 2, "¥0.00"
WHOLE, PART, LESS_COSTS = "whole", "part", "less_costs"
MENDABLE = ("above-remaining", "costs-too-high", "amount-zero", "above-cap", "costs-above-policy")  # by another amount


class Form(msgspec.Struct, frozen=True):
    """Filled in and agreed to; `decision.kind` is not None."""

    wanted: Wanted
    decision: Decision


async def check(room: Room, sale: Sale) -> None:
    """May it at all? Raises Stopped with the reason when it may not."""
    past = await past_of(room, sale, room.operator)
    why_not = may_give_back(sale, past, room.hardware.clock.now(), room.policy)
    if why_not:
        raise _stopped(room, why_not, sale, fee_sheet(sale, past.given_back))


async def filled_in(room: Room, sale: Sale, reason: str = "") -> Form:
    """The whole form; a `reason` that is known already is not asked for. Raises Cancelled, TimedOut, Stopped."""
    if reason:
        return await _amount_agreed(room, sale, reason)
    while True:
        reason = await _reason(room)
        with suppress(Cancelled):
            return await _amount_agreed(room, sale, reason)


async def for_another_card(room: Room, sale: Sale, before: Application) -> Form:
    """The same once more, to a card that is not the sale's: stricter rules, said first."""
    wanted = await _wanted(room, before.fees, before.reason, before.has_typed_costs, is_other_card=True)
    decision = await decided(room, sale, wanted, before.id)
    await _explain(room, sale, decision)
    return Form(wanted, decision)


async def decided(room: Room, sale: Sale, wanted: Wanted, application: str = "", operator: str = "") -> Decision:
    """As the policy says now; `application` does not stand in its own way. Raises Stopped when it may not be done."""
    past = await past_of(room, sale, operator or room.operator, application)
    decision = decide(sale, wanted, past, room.policy)
    if decision.kind is None:
        raise _stopped(room, decision.why, sale, fee_sheet(sale, past.given_back))
    return decision


def fee_rows(fees: FeeSheet) -> tuple[Row, ...]:
    """The breakdown as the holder sees it, to the fen."""
    return (
        Row(say("fees.original"), f"¥{fees.original}"),
        Row(say("fees.before"), _less(fees.refunded_before)),
        *([Row(say("fees.part"), f"¥{fees.part}")] if fees.part is not None else []),
        Row(say("fees.kept_cost"), _less(fees.kept_cost)),
        Row(say("fees.handling_fee"), _less(fees.handling_fee)),
        Row(say("fees.this"), f"¥{fees.refund}", is_strong=True),
        Row(say("fees.left"), f"¥{fees.remaining - fees.refund}"),
    )


async def _reason(room: Room) -> str:
    items = [(reason.id, Item(say(f"reason.{reason.id}"))) for reason in room.policy.reasons]
    return await room.desk.choose(say("refund.reason"), items)


async def _amount_agreed(room: Room, sale: Sale, reason: str) -> Form:
    while True:
        wanted = await _how_much(room, sale, reason)
        try:
            decision = await decided(room, sale, wanted)
        except Stopped as stop:
            if stop.name not in MENDABLE:
                raise
            await bad_news.tell(room.desk, room.journal, stop.name, TITLE, **stop.args_)
            continue
        with suppress(Cancelled):
            await _explain(room, sale, decision)
            return Form(wanted, decision)


async def _how_much(room: Room, sale: Sale, reason: str) -> Wanted:
    """How much: all that remains, a part of it, or all less costs (guide G3)."""
    sheet = fee_sheet(sale, await room.journal.given_back(sale.id))
    whole = with_fee(sheet, reason, room.policy)
    choices = (
        (WHOLE, Item(say("refund.whole"), f"¥{whole.refund}")),
        (PART, Item(say("refund.part"))),
        (LESS_COSTS, Item(say("refund.less_costs"))),
    )
    while True:
        left = say("refund.remaining", amount=str(sheet.remaining))
        how = await room.desk.choose(say("refund.how_much"), choices, left)
        if how == WHOLE:
            return await _wanted(room, whole, reason)
        with suppress(Cancelled):
            if how == PART:
                part = await room.desk.amount(TITLE, say("refund.ask_amount"), _head_rows(sheet))
                return await _wanted(
                    room, with_fee(msgspec.structs.replace(sheet, part=part), reason, room.policy), reason
                )
            return await _wanted(room, await _less_costs(room, sheet, reason), reason, has_typed_costs=True)


async def _less_costs(room: Room, sheet: FeeSheet, reason: str) -> FeeSheet:
    """The kept cost is typed; the handling fee too, unless the policy takes one for this reason."""
    most = (say("refund.costs_most", costs=str(most_costs(sheet, room.policy))),)
    kept = await room.desk.amount(TITLE, say("refund.ask_kept_cost"), _head_rows(sheet), *most)
    sheet = msgspec.structs.replace(sheet, kept_cost=kept)
    if room.policy.reason(reason).fee:
        return with_fee(sheet, reason, room.policy)
    fee = await room.desk.amount(TITLE, say("refund.ask_handling_fee"), _head_rows(sheet), *most)
    return msgspec.structs.replace(sheet, handling_fee=fee)


async def _wanted(
    room: Room, fees: FeeSheet, reason: str, has_typed_costs: bool = False, is_other_card: bool = False
) -> Wanted:
    return Wanted(
        fees,
        reason,
        room.hardware.clock.now(),
        await is_senior(room, room.operator),
        is_other_card,
        has_typed_costs,
        has_void(room),
    )


def has_void(room: Room) -> bool:
    """Whether this acquirer's dialect can take a whole sale of today back."""
    return Kind.VOID in room.acquirer.dialect.forms


async def _explain(room: Room, sale: Sale, decision: Decision) -> None:
    """The fee sheet, what it will be and why, who must agree, and what the cardholder will see (guide G2, G3, G10)."""
    assert decision.kind is not None
    first, last = expected(room.hardware.clock.now().date(), sale.card, room.policy.arrival, room.calendar)
    sees = say(f"sees.{decision.sees}", first=f"{first.month}/{first.day}", last=f"{last.month}/{last.day}")
    kind = say(f"kind.{decision.kind.value}")
    lines = (
        say(f"why.{decision.why}", kind=kind),
        sees,
        *_listed("need.list", [say(f"need.{need.value}") for need in Need if decision.rules(need)]),
        *_listed("rule.warning", [say(f"rule.{rule}") for rule in decision.warnings]),
    )
    rows = fee_rows(decision.fees)
    if len(lines) > FEW_LINES:  # a small screen has no room for costs of nothing then
        rows = (*(row for row in rows[:-2] if row.value != NOTHING), *rows[-2:])
    sheet = Sheet(say("fees.title"), rows, lines, hint=say("hint.policy"))
    await room.desk.agree(sheet, aside=partial(show_policy, room))


def _listed(id: str, what: list[Say]) -> tuple[Say, ...]:
    """One line, however many there are: a small screen has few."""
    if not what:
        return ()
    spoken = what[0]
    for each in what[1:]:
        spoken = say("need.and", first=spoken, second=each)
    return (say(id, what=spoken),)


def _head_rows(fees: FeeSheet) -> tuple[Row, ...]:
    return (*fee_rows(fees)[:2], Row(say("fees.remaining"), f"¥{fees.remaining}", is_strong=True))


def _stopped(room: Room, why: str, sale: Sale, fees: FeeSheet) -> Stopped:
    policy = room.policy
    return Stopped(
        why,
        remaining=str(fees.remaining),
        cap=str(Money(cap_of(sale, policy))),
        day_cap=str(Money(policy.day_cap)),
        days=str(policy.days),
        date=sale.at[:10],
        seconds=str(policy.seconds_between),
        costs=str(most_costs(fees, policy)),
    )


def _less(amount: Money) -> str:
    return f"−¥{amount}" if amount.minor else f"¥{amount}"
