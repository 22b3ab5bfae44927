"""The card of an earlier request, read again. Law: proven by fingerprint, never by what somebody says (refund.md 2, 3).

The chip is read by its refund profile; the application of the sale is selected at once, which is also the right one
where a card holds several accounts. Only the profile FULL leaves the chip in the conversation (`Same.chip`).
"""

from __future__ import annotations

import os

import msgspec

from terminal.dialogue import card as cards
from terminal.dialogue.awaiting import Ways
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.chip import CHANCE, Chip, converse, deal
from terminal.dialogue.chip_sale import ChipSale, declined
from terminal.dialogue.outcome import carry_out
from terminal.dialogue.presented import Handed, Presented, of_chip, seal
from terminal.dialogue.room import Room
from terminal.emv import refund
from terminal.emv.refund import REFUND, Captured
from terminal.emv.sale import GoOnline
from terminal.exchange.request import CardOnFile, Request
from terminal.exchange.stages import Stage
from terminal.money import Money
from terminal.screens import Row, Say, say


class Same(msgspec.Struct, frozen=True):
    """The right card, presented; `chip` when it still has a say."""

    presented: Presented
    chip: ChipSale | None = None

    async def carry_out(self, room: Room, request: Request) -> Stage:
        """The exchange with this card; a chip that has a say hears how it went. It changes nothing for the money."""
        if self.chip is None:
            return await carry_out(room, request, self.presented.sealed)
        stage = await carry_out(room, request, self.presented.sealed, self.chip.complete, self.chip.pin)
        await self.chip.let_go(stage)
        return stage

    async def aclose(self) -> None:
        """Power a chip down that is still in the conversation."""
        if self.chip is not None:
            await self.chip.aclose()


async def card_of(room: Room, title: Say, card: CardOnFile, amount: Money, *, has_tap: bool = True) -> Same:
    """To be closed by the caller; no tap where money is taken. Raises Stopped (card-differs, card-unproven)."""
    rows = (
        Row(say("row.amount"), f"¥{amount}", is_strong=True),
        Row(say("row.card"), card.masked_pan),
    )
    read = await _read(room, title, rows, amount, Ways(has_tap=has_tap, aid=bytes.fromhex(card.aid)))
    if not isinstance(read, ChipSale):
        return Same(await _proven(room, read, card))
    try:
        return Same(await _proven(room, read.handed, card), read)
    except BaseException:
        await read.aclose()
        raise


async def another_card(room: Room, title: Say, amount: Money) -> Same:
    """A card that nothing here can be compared with; the acquirer decides. To be closed by the caller."""
    rows = (Row(say("row.amount"), f"¥{amount}", is_strong=True),)
    read = await _read(room, title, rows, amount, Ways())
    if not isinstance(read, ChipSale):
        return Same(await seal(room, read))
    try:
        return Same(await seal(room, read.handed), read)
    except BaseException:
        await read.aclose()
        raise


async def _proven(room: Room, handed: Handed, card: CardOnFile) -> Presented:
    presented = await seal(room, handed)
    if presented.card.masked_pan != card.masked_pan:
        raise Stopped("card-differs", card=card.masked_pan, other=presented.card.masked_pan)
    if presented.card.fingerprint != card.fingerprint:  # mostly: keys were erased since (docs/adr/0009)
        raise Stopped("card-unproven", card=card.masked_pan)
    return presented


async def any_card(room: Room, title: Say) -> Handed:
    """A card whose account is all that is wanted. Raises Cancelled, TimedOut, Stopped."""
    read = await _read(room, title, (), Money(0), Ways())
    if isinstance(read, ChipSale):
        await read.aclose()
        return read.handed
    return read


async def _read(room: Room, title: Say, rows: tuple[Row, ...], amount: Money, ways: Ways) -> Handed | ChipSale:
    return await cards.present(room, title, rows, lambda chip: _captured(room, chip, amount, ways.aid), ways)


async def _captured(room: Room, chip: Chip, amount: Money, aid: bytes) -> Handed | ChipSale:
    """By the application's profile (emv.md 2)."""
    wanted = deal(room, amount, "0", REFUND, os.urandom(CHANCE))
    talked = await converse(room, chip, refund.start(chip.link, wanted, aid), refund.choose, amount)
    if isinstance(talked.end, GoOnline):
        return ChipSale(room, chip, amount, talked)
    await chip.close()
    if not isinstance(talked.end, Captured):
        raise declined(talked)
    if talked.end.trouble:
        await room.journal.record("chip-not-closed", {"why": talked.end.trouble})
    return of_chip(talked.end.account)
