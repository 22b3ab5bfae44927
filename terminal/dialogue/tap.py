"""A card held to the contactless reader. Law: one card, its account and nothing else; it may leave at once."""

from __future__ import annotations

import os

from terminal.dialogue.room import Room
from terminal.dialogue.stretch import timed
from terminal.emv import tags
from terminal.emv.account import Account
from terminal.emv.contactless.account import read_tapped
from terminal.emv.opening import REFUND, UNPREDICTABLE
from terminal.ports import CardReader
from terminal.screens import Say, say


async def read_tap(room: Room, title: Say, reader: CardReader, wanted: bytes) -> Account:
    """`wanted` is the sale's application. Raises EmvError, TwoCards, CardRemoved, CardMute, NoCard, TimeoutError."""
    return await room.desk.work(title, timed(_read(room, reader, wanted)), lambda: say("card.reading"))


async def _read(room: Room, reader: CardReader, wanted: bytes) -> Account:
    now = room.hardware.clock.now()
    values = {
        tags.DATE: bytes.fromhex(now.strftime("%y%m%d")),
        tags.TIME: bytes.fromhex(now.strftime("%H%M%S")),
        tags.TYPE: REFUND,
        tags.UNPREDICTABLE_NUMBER: os.urandom(UNPREDICTABLE),
    }
    card = await reader.connect()
    try:
        return await read_tapped(card.transmit, room.kernel, values, wanted)
    finally:
        await card.close()
