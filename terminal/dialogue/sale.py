"""消费: a sale by chip or stripe, so that there is something to give back.

amount -> card (chip: first GENERATE AC) -> agree -> carry out (chip: completion inside) -> result -> paper
"""

from __future__ import annotations

import asyncio
import os

import msgspec

from terminal.dialogue import card as cards
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.card import Presented
from terminal.dialogue.outcome import carry_out, notice
from terminal.dialogue.printing import print_outcome
from terminal.dialogue.ready import fit_for_money
from terminal.dialogue.room import Room
from terminal.emv import sale as chip_sale
from terminal.emv.errors import EmvError
from terminal.exchange.request import Request
from terminal.exchange.runner import Completion
from terminal.exchange.stages import Stage
from terminal.iso8583.messages import Kind, Reply
from terminal.money import Money
from terminal.ports import Card, CardMute, CardRemoved
from terminal.screens import Row, Sheet, say

TITLE = say("kind.sale")


class _ChipRead(msgspec.Struct):
    card: Card
    online: chip_sale.GoOnline


async def sell(room: Room) -> None:
    """The whole dialogue. Raises Cancelled, TimedOut, Stopped."""
    await fit_for_money(room)
    amount = await room.desk.amount(TITLE, say("sale.ask_amount"))
    if amount.minor <= 0:
        raise Stopped("amount-zero")
    stan = await room.journal.next_stan()
    rows = (Row(say("row.amount"), f"¥{amount}", is_strong=True),)
    read = await cards.present(room, TITLE, rows, lambda card: _begin(room, card, amount, stan))
    try:
        await _charge(room, amount, stan, read)
    finally:
        if isinstance(read, _ChipRead):
            await read.card.close()


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


async def _charge(room: Room, amount: Money, stan: str, read: _ChipRead | str) -> None:
    completion: Completion | None = None
    if isinstance(read, _ChipRead):
        account = read.online.account
        presented = await cards.seal(room, cards.of_chip(account, read.online.icc_data.hex().upper()), account)
        completion = _completion(read)
    else:
        presented = await cards.seal(room, cards.of_stripe(read))
    sheet = Sheet(
        TITLE,
        (
            Row(say("row.amount"), f"¥{amount}", is_strong=True),
            Row(say("row.card"), presented.card.masked_pan),
        ),
        (say("sale.leave_card"),) if completion else (),
    )
    await room.desk.agree(sheet)
    stage = await _carry_out(room, amount, stan, presented, completion)
    await room.desk.tell(notice(stage, room))
    await print_outcome(room, stage)


async def _carry_out(
    room: Room, amount: Money, stan: str, presented: Presented, completion: Completion | None
) -> Stage:
    batch = await room.journal.batch()
    request = Request(
        id=f"{batch}-{stan}",
        kind=Kind.SALE,
        stan=stan,
        batch=batch,
        amount=amount,
        at=room.hardware.clock.now().isoformat(timespec="seconds"),
        operator=room.operator,
        card=presented.card,
        needs_completion=completion is not None,
    )
    return await carry_out(room, request, presented.sealed, completion)


def _completion(read: _ChipRead) -> Completion:
    async def complete(reply: Reply) -> bool:
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
            return False
        return done.is_approved

    return complete
