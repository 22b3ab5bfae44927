"""消费, 预授权: a payment by chip or stripe, so that there is something to give back, or held.

amount -> card (chip: up to the first GENERATE AC, PIN inside) -> PIN of a stripe -> agree -> carry out (chip:
completion inside) -> result -> paper
A wrong PIN (55) is asked for again with a new F11, a chip with a new cryptogram; a part (10) is kept or given back by
a void at once.
"""

from __future__ import annotations

import contextlib

from terminal.dialogue import card as cards
from terminal.dialogue.awaiting import Ways
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.chip_sale import ChipSale, on_chip
from terminal.dialogue.desk import Cancelled, TimedOut
from terminal.dialogue.outcome import carry_out, notice, tell_given_up
from terminal.dialogue.pin import TRIES, ask_pin, is_asked
from terminal.dialogue.presented import Handed, Presented, from_records, seal
from terminal.dialogue.printing import print_outcome
from terminal.dialogue.ready import fit_for_money
from terminal.dialogue.room import Room
from terminal.dialogue.wanted import wanted
from terminal.exchange.downloads import BLOCKED
from terminal.exchange.runner import PIN_OVERTAKEN
from terminal.exchange.stages import Accepted, NotSent, Refused, Stage
from terminal.iso8583.facts import Plastic
from terminal.iso8583.kinds import Kind
from terminal.iso8583.response_codes import PARTLY_APPROVED
from terminal.key_facts import SealedPin
from terminal.money import Money
from terminal.refund.sale import original_of
from terminal.screens import Item, Row, Say, Sheet, say

WRONG_PIN = "55"
TAKE_PART, GIVE_BACK = "take", "back"
STEPS = AMOUNT, CARD, SEND, RESULT = range(1, 5)  # as the title bar counts them


async def sell(room: Room) -> None:
    """The whole dialogue. Raises Cancelled, TimedOut, Stopped."""
    await charge(room, Kind.SALE)


async def charge(room: Room, kind: Kind) -> None:
    """A sale or a hold, from the amount to the paper. Raises Cancelled, TimedOut, Stopped."""
    with room.desk.steps(len(STEPS)):
        await _charge(room, kind)


async def _charge(room: Room, kind: Kind) -> None:
    title = say(f"kind.{kind.value}")
    room.desk.at_step(AMOUNT)
    await fit_for_money(room)
    await tell_given_up(room)
    amount = await room.desk.amount(title, say("sale.ask_amount"))
    if amount.minor <= 0:
        raise Stopped("amount-zero")
    stan = await room.journal.next_stan()
    rows = (Row(say("row.amount"), f"¥{amount}", is_strong=True),)
    room.desk.at_step(CARD)
    ways = Ways(has_keys=kind in room.config.cards.manual_entry)
    read = await cards.present(room, title, rows, lambda chip: on_chip(room, chip, amount, stan), ways)
    if isinstance(read, Handed):
        stage = await _by_stripe(room, kind, amount, stan, read)
    else:
        async with contextlib.aclosing(read):
            stage = await _by_chip(room, kind, amount, stan, read)
    if isinstance(stage, Accepted) and stage.reply.response_code == PARTLY_APPROVED:
        await _part(room, title, stage)
        return
    await print_outcome(room, stage, notice(stage, room))


async def _by_stripe(room: Room, kind: Kind, amount: Money, stan: str, read: Handed) -> Stage:
    """Asked of the acquirer, again after a wrong PIN."""
    title, presented = say(f"kind.{kind.value}"), await seal(room, read)
    await _not_blocked(room, read.plastic)
    pin = await ask_pin(room, title, amount, read.plastic.pan) if is_asked(room, kind) else None
    await _agree(room, title, amount, presented, is_chip=False)
    stage = await _asked(room, kind, amount, stan, presented, None, pin)
    with contextlib.suppress(Cancelled, TimedOut):  # who leaves here is told how the last request ended
        for _ in range(TRIES - 1):
            if not (pin and _is_wrong_pin(stage)):
                break
            pin = await ask_pin(room, title, amount, read.plastic.pan, is_again=isinstance(stage, Refused))
            stage = await _asked(room, kind, amount, "", presented, None, pin)
    return stage


async def _by_chip(room: Room, kind: Kind, amount: Money, stan: str, chip: ChipSale) -> Stage:
    """The same with a card that has a say: after a wrong PIN it makes a new cryptogram for a new F11."""
    title = say(f"kind.{kind.value}")
    await _not_blocked(room, chip.handed.plastic)
    presented = await seal(room, chip.handed)
    await _agree(room, title, amount, presented, is_chip=True)
    for turn in range(TRIES):
        stage = await _asked(room, kind, amount, stan, presented, chip, chip.pin)
        await chip.let_go(stage)
        if not (chip.pin and _is_wrong_pin(stage)) or turn == TRIES - 1:
            break
        stan = await room.journal.next_stan()
        try:
            if not await chip.again(stan):
                break
        except (Cancelled, TimedOut):  # told how the last request ended
            break
        presented = await seal(room, chip.handed)  # a new cryptogram
    return stage


async def _asked(
    room: Room,
    kind: Kind,
    amount: Money,
    stan: str,
    presented: Presented,
    chip: ChipSale | None,
    pin: SealedPin | None,
) -> Stage:
    request = await wanted(
        room,
        kind,
        amount,
        presented.card,
        stan,
        needs_completion=chip is not None,
        is_fallback=presented.is_fallback,
    )
    return await carry_out(room, request, presented.sealed, chip.complete if chip else None, pin)


def _is_wrong_pin(stage: Stage) -> bool:
    """Also one that could not be sent any more: it is typed again."""
    if isinstance(stage, NotSent):
        return stage.why == PIN_OVERTAKEN
    return isinstance(stage, Refused) and stage.response_code == WRONG_PIN


async def _agree(room: Room, title: Say, amount: Money, presented: Presented, *, is_chip: bool) -> None:
    room.desk.at_step(SEND)
    sheet = Sheet(
        title,
        (
            Row(say("row.amount"), f"¥{amount}", is_strong=True),
            Row(say("row.card"), presented.card.masked_pan),
        ),
        (say("sale.leave_card"),) if is_chip else (),
    )
    await room.desk.agree(sheet)


async def _not_blocked(room: Room, plastic: Plastic) -> None:
    """Cards whose first digits the acquirer blocked (cup.md 2.13) are not charged. Raises Stopped."""
    blocked = await room.journal.parameters.all(BLOCKED.kind)
    if any(plastic.pan.startswith(digits) for digits in blocked):
        raise Stopped("card-listed")


async def _part(room: Room, title: Say, stage: Accepted) -> None:
    """The acquirer approved a part (cup.md 4.5): kept, and the rest collected otherwise; or voided at once."""
    rest = stage.request.amount - stage.amount
    lines = (say("sale.part", part=str(stage.amount), rest=str(rest)),)
    choices = (
        (TAKE_PART, Item(say("sale.part.take"), f"¥{stage.amount}")),
        (GIVE_BACK, Item(say("sale.part.back"))),
    )
    try:
        choice = await room.desk.choose(title, choices, *lines)
    except (Cancelled, TimedOut):  # the part was charged: it is told and printed, and can be voided later
        choice = TAKE_PART
    if choice == TAKE_PART:
        await print_outcome(room, stage, notice(stage, room))
        return
    presented = await from_records(room, stage.request)
    request = await wanted(
        room, Kind.VOID, stage.amount, presented.card, original=original_of(stage), reason="cancelled"
    )
    undone = await carry_out(room, request, presented.sealed)
    await print_outcome(room, undone, notice(undone, room))
