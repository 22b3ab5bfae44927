"""Asking for a card. Law: the slot is empty first (the last customer's card), and what is read is sealed at once.

Bad cards end in one of emv.md's outcomes; nothing is sent, and the next customer's card works.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from terminal.dialogue import bad_news
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.desk import PROMPT_SECONDS, Cancelled, TimedOut
from terminal.dialogue.room import Room
from terminal.emv.account import Account
from terminal.emv.errors import CardBlocked, CardFaulty, EmvError, NotAccepted
from terminal.emv.refund import read_account
from terminal.events import KeyPressed
from terminal.exchange.request import CardOnFile, Request
from terminal.iso8583.facts import Plastic
from terminal.iso8583.message import mask_pan
from terminal.money import Money
from terminal.ports import Card, CardMute, CardRemoved, NoCard, ReaderMissing
from terminal.screens import CardPrompt, Row, Say, say

T = TypeVar("T")
CHIP_DEADLINE = 8.0  # seconds for the whole reading: a mute card blocks PC/SC for ever
READER_DEADLINE = 3.0  # seconds for the reader to say whether a card is in
CHIP, STRIPE, RECORDS = "052", "022", "012"  # F22: no PIN
CHIP_SERVICE_CODES = frozenset("26")  # first digit of the service code, ISO/IEC 7813
LONGEST_TRACK2 = 37  # characters, ISO/IEC 7813 and F35
TROUBLE: tuple[tuple[type[Exception], str], ...] = (
    (CardMute, "card-mute"),
    (TimeoutError, "card-mute"),
    (CardRemoved, "card-removed"),
    (NoCard, "card-removed"),
    (CardBlocked, "card-blocked"),
    (NotAccepted, "card-not-accepted"),
    (CardFaulty, "card-faulty"),
    (EmvError, "card-faulty"),
    (ReaderMissing, "reader-missing"),
)


class Presented(msgspec.Struct, frozen=True):
    """A card that was read: `sealed` is the plastic under the vault's key, `card` is what the records keep."""

    card: CardOnFile
    sealed: bytes


async def present(room: Room, title: Say, rows: Sequence[Row], read: Callable[[Card], Awaitable[T]]) -> T | str:
    """Ask for a card until one is read. A chip gives what `read` makes of it, a stripe its track 2."""
    is_chip_wanted = False
    while True:
        try:
            await _empty_slot(room, title)
            presented = await _wait(room, title, rows, is_chip_wanted)
            if isinstance(presented, bytes):
                track2 = _track2(presented)
                is_chip_wanted = _has_chip(track2)
                if not is_chip_wanted:
                    return track2
                await bad_news.tell(room.desk, room.journal, "card-has-chip", title)
                continue
            return await _read_chip(room, title, read)
        except (CardMute, CardRemoved, NoCard, EmvError, ReaderMissing, TimeoutError) as error:
            name = next(name for kind, name in TROUBLE if isinstance(error, kind))
            if await bad_news.tell(room.desk, room.journal, name, title) != "enter":
                raise Cancelled from None
        except Stopped as stop:
            if await bad_news.tell(room.desk, room.journal, stop.name, title) != "enter":
                raise Cancelled from None


async def seal(room: Room, plastic: Plastic, account: Account | None = None) -> Presented:
    """Plastic as the records may keep it."""
    sealed = await room.hardware.vault.seal(msgspec.json.encode(plastic))
    card = CardOnFile(
        digest=hashlib.sha256(sealed).hexdigest(),
        fingerprint=await room.hardware.vault.fingerprint(plastic.pan.encode()),
        masked_pan=mask_pan(plastic.pan),
        entry="I" if plastic.entry_mode == CHIP else "S",
        aid=account.aid if account else "",
        label=account.label if account else "",
    )
    return Presented(card, sealed)


async def card_of(room: Room, title: Say, request: Request, amount: Money) -> Presented:
    """The card of an earlier request, proven by fingerprint (refund.md 2, rule 3). Raises Stopped(card-differs)."""
    rows = (
        Row(say("row.amount"), f"¥{amount}", is_strong=True),
        Row(say("row.card"), request.card.masked_pan),
    )
    read = await present(room, title, rows, lambda card: _account_of(room, card))
    presented = await seal(room, of_stripe(read)) if isinstance(read, str) else read
    if presented.card.fingerprint != request.card.fingerprint:
        raise Stopped("card-differs", card=request.card.masked_pan, other=presented.card.masked_pan)
    return presented


async def _account_of(room: Room, card: Card) -> Presented:
    """READ_ONLY: the account data, nothing more; the card may leave at once (emv.md 2)."""
    try:
        account = await read_account(card.transmit, card.protocol, room.kernel)
    finally:
        await card.close()
    return await seal(room, of_chip(account), account)


async def from_records(room: Room, request: Request) -> Presented:
    """The card of an earlier request, without its track: number and expiry only (F22 012, cup.md 2.3)."""
    plastic = await room.runner.plastic_of(request)
    bare = Plastic(plastic.pan, RECORDS, plastic.expiry)
    sealed = await room.hardware.vault.seal(msgspec.json.encode(bare))
    card = msgspec.structs.replace(request.card, digest=hashlib.sha256(sealed).hexdigest(), entry="N")
    return Presented(card, sealed)


def of_stripe(track2: str) -> Plastic:
    """PAN and expiry from track 2 (ISO/IEC 7813): PAN = YYMM service code, discretionary data."""
    pan, _, rest = track2.partition("=")
    return Plastic(pan, STRIPE, expiry=rest[:4], track2=track2)


def of_chip(account: Account, icc_data: str = "") -> Plastic:
    """What the wire needs of a chip's account data."""
    return Plastic(account.pan, CHIP, account.expiry, account.psn, account.track2, icc_data)


async def _empty_slot(room: Room, title: Say) -> None:
    reader = room.hardware.card_reader
    async with asyncio.timeout(READER_DEADLINE):
        is_occupied = await reader.is_card_present()
    if is_occupied:
        room.desk.show(CardPrompt(title, ("remove",), lines=(say("card.empty_first"),)))
        await _until_key_cancels(room, reader.wait(False))


async def _wait(room: Room, title: Say, rows: Sequence[Row], is_chip_only: bool) -> bytes | None:
    """A swipe's bytes, or None for an inserted chip."""
    accepts = ("insert",) if is_chip_only else ("insert", "swipe")
    room.desk.show(CardPrompt(title, accepts, tuple(rows)))
    inserted = asyncio.ensure_future(room.hardware.card_reader.wait(True))
    swiped = asyncio.ensure_future(room.hardware.stripe.swiped())
    try:
        await _until_key_cancels(room, asyncio.wait({inserted, swiped}, return_when=asyncio.FIRST_COMPLETED))
        if swiped.done() and isinstance(swiped.exception(), ReaderMissing):  # the chip will do
            await _until_key_cancels(room, inserted)
        if inserted.done():
            inserted.result()
            return None
        return swiped.result()
    finally:
        inserted.cancel()
        swiped.cancel()


async def _until_key_cancels(room: Room, waiting: Awaitable[T]) -> T:
    """Await it, but let cancel and the deadline end it. Raises Cancelled, TimedOut."""
    task = asyncio.ensure_future(waiting)
    keys = asyncio.ensure_future(_cancel_pressed(room))
    try:
        done, _ = await asyncio.wait({task, keys}, timeout=PROMPT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if task in done:
            return task.result()
        if keys in done:
            keys.result()
        raise TimedOut
    finally:
        task.cancel()
        keys.cancel()


async def _cancel_pressed(room: Room) -> None:
    while await room.desk.event(PROMPT_SECONDS) != KeyPressed("cancel"):
        pass


async def _read_chip(room: Room, title: Say, read: Callable[[Card], Awaitable[T]]) -> T:
    async def reading() -> T:
        async with asyncio.timeout(CHIP_DEADLINE):
            return await read(await room.hardware.card_reader.connect())

    return await room.desk.work(title, reading(), lambda: say("card.reading"))


def _track2(raw: bytes) -> str:
    """Raises Stopped when it is not PAN = expiry and service code."""
    track2 = raw.decode("ascii", "replace")
    pan, separator, rest = track2.partition("=")
    if not (
        separator
        and pan.isdigit()
        and rest.isdigit()
        and 12 <= len(pan) <= 19
        and len(rest) >= 7
        and len(track2) <= LONGEST_TRACK2
    ):
        raise Stopped("stripe-unreadable")
    return track2


def _has_chip(track2: str) -> bool:
    return track2.partition("=")[2][4] in CHIP_SERVICE_CODES
