"""消费, 预授权: a payment by chip or stripe, so that there is something to give back, or held.

amount -> card (chip: first GENERATE AC) -> PIN -> agree -> carry out (chip: completion inside) -> result -> paper
A wrong PIN (55) is asked for again with a new F11; a part (10) is kept or given back by a void at once.
"""

from __future__ import annotations

import asyncio
import os

import msgspec

from terminal.dialogue import card as cards
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.card import Presented
from terminal.dialogue.desk import Cancelled, TimedOut
from terminal.dialogue.outcome import carry_out, notice
from terminal.dialogue.pin import TRIES, ask_pin, is_asked
from terminal.dialogue.printing import print_outcome
from terminal.dialogue.ready import fit_for_money
from terminal.dialogue.room import Room
from terminal.dialogue.wanted import original_of, wanted
from terminal.emv import sale as chip_sale
from terminal.emv.errors import EmvError
from terminal.exchange.downloads import BLOCKED
from terminal.exchange.performer import Completion
from terminal.exchange.stages import Accepted, Refused, Stage
from terminal.iso8583.answers import Reply
from terminal.iso8583.facts import Plastic
from terminal.iso8583.kinds import Kind
from terminal.iso8583.response_codes import PARTLY_APPROVED
from terminal.money import Money
from terminal.ports import Card, CardMute, CardRemoved
from terminal.screens import Item, Row, Say, Sheet, say

WRONG_PIN = "55"
TAKE_PART, GIVE_BACK = "take", "back"


class _ChipRead(msgspec.Struct):
    card: Card
    online: chip_sale.GoOnline


async def sell(room: Room) -> None:
    """The whole dialogue. Raises Cancelled, TimedOut, Stopped."""
    await charge(room, Kind.SALE)


async def charge(room: Room, kind: Kind) -> None:
    """A sale or a hold, from the amount to the paper. Raises Cancelled, TimedOut, Stopped."""
    title = say(f"kind.{kind.value}")
    await fit_for_money(room)
    amount = await room.desk.amount(title, say("sale.ask_amount"))
    if amount.minor <= 0:
        raise Stopped("amount-zero")
    stan = await room.journal.next_stan()
    rows = (Row(say("row.amount"), f"¥{amount}", is_strong=True),)
    read = await cards.present(room, title, rows, lambda card: _begin(room, card, amount, stan))
    try:
        stage = await _charged(room, kind, amount, stan, read)
    finally:
        if isinstance(read, _ChipRead):
            await read.card.close()
    if isinstance(stage, Accepted) and stage.reply.response_code == PARTLY_APPROVED:
        await _part(room, title, stage)
        return
    await room.desk.tell(notice(stage, room))
    await print_outcome(room, stage)


async def _begin(room: Room, card: Card, amount: Money, stan: str) -> _ChipRead:
    """Selection up to the first GENERATE AC (EMV 4.4 Book 3)."""
    now = room.hardware.clock.now()
    try:
        result = await chip_sale.begin(
            card.transmit,
            card.protocol,
            room.kernel,
            amount,
            now.strftime("%y%m%d"),
            now.strftime("%H%M%S"),
            os.urandom(4),
            stan,
        )
    except BaseException:  # a cancelled or failed reading must not leave the chip powered
        await card.close()
        raise
    if isinstance(result, chip_sale.GoOnline):
        return _ChipRead(card, result)
    await card.close()
    raise Stopped("card-declined")


async def _charged(room: Room, kind: Kind, amount: Money, stan: str, read: _ChipRead | str) -> Stage:
    """Asked of the acquirer, again after a wrong PIN."""
    completion: Completion | None = None
    if isinstance(read, _ChipRead):
        account = read.online.account
        plastic = cards.of_chip(account, read.online.icc_data.hex().upper())
        presented, completion = await cards.seal(room, plastic, account), _completion(read)
    else:
        plastic = cards.of_stripe(read)
        presented = await cards.seal(room, plastic)
    await _not_blocked(room, plastic)
    asks_pin = completion is None and is_asked(room, kind)
    title = say(f"kind.{kind.value}")
    pin_block = await ask_pin(room, title, amount, plastic.pan) if asks_pin else ""
    await _agree(room, title, amount, presented, is_chip=completion is not None)
    stage = await _asked(room, kind, amount, stan, presented, completion, pin_block)
    for _ in range(TRIES - 1):
        if not (pin_block and isinstance(stage, Refused) and stage.response_code == WRONG_PIN):
            break
        pin_block = await ask_pin(room, title, amount, plastic.pan, is_again=True)
        stage = await _asked(room, kind, amount, "", presented, completion, pin_block)
    return stage


async def _asked(
    room: Room, kind: Kind, amount: Money, stan: str, presented: Presented, completion: Completion | None, pin: str
) -> Stage:
    request = await wanted(room, kind, amount, presented.card, stan, needs_completion=completion is not None)
    return await carry_out(room, request, presented.sealed, completion, pin)


async def _agree(room: Room, title: Say, amount: Money, presented: Presented, *, is_chip: bool) -> None:
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
        await room.desk.tell(notice(stage, room))
        await print_outcome(room, stage)
        return
    presented = await cards.from_records(room, stage.request)
    request = await wanted(
        room, Kind.VOID, stage.amount, presented.card, original=original_of(stage), reason="cancelled"
    )
    undone = await carry_out(room, request, presented.sealed)
    await room.desk.tell(notice(undone, room))
    await print_outcome(room, undone)


def _completion(read: _ChipRead) -> Completion:
    async def complete(reply: Reply) -> str | None:
        try:
            async with asyncio.timeout(cards.CHIP_DEADLINE):
                done = await chip_sale.complete(
                    read.card.transmit,
                    read.card.protocol,
                    read.online.session,
                    reply.response_code,
                    bytes.fromhex(reply.icc_data),
                )
        except (CardRemoved, CardMute, EmvError, TimeoutError):
            return None
        return done.icc_data.hex().upper() if done.is_approved else None

    return complete
