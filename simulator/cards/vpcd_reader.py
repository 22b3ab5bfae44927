"""A card reader without PC/SC, for machines where pcscd cannot run. Law: the page says so; the cards are the same ones.

It speaks vpcd's side of the protocol (2-byte big-endian length, one-byte control commands) on a loopback port, so a
virtual card inserts itself by connecting, exactly as it does into the real vpcd. A contactless one has two slots, the
port and the next one: two cards in its field.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator

from terminal.emv import atr
from terminal.emv.contactless import atr as contactless_atr
from terminal.emv.errors import CardFaulty
from terminal.ports import CardMute, CardRemoved, NoCard, TwoCards

LOCALHOST = "127.0.0.1"
OFF, ON, RESET, ATR = b"\x00", b"\x01", b"\x02", b"\x04"
LENGTH_SIZE = 2
SLOT = "vpcd"  # no PC/SC reader has this name


class SlotCard:
    """The Card port over one card's socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_contactless: bool) -> None:
        self._reader, self._writer, self._is_contactless = reader, writer, is_contactless
        self.atr, self.protocol, self.slot = b"", 0, SLOT

    async def power_up(self) -> None:
        """Switch it on and take its ATR. Raises CardRemoved, CardMute."""
        self._send(ON)
        self.atr = await self._asked(ATR)
        try:
            self.protocol = (contactless_atr.check if self._is_contactless else atr.protocol)(self.atr)
        except CardFaulty as error:
            raise CardMute(str(error)) from None

    async def transmit(self, apdu: bytes) -> bytes:
        return await self._asked(apdu)

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        yield  # there is no PC/SC here, and no other way to the card

    async def close(self) -> None:
        with contextlib.suppress(OSError):
            self._send(OFF)

    async def _asked(self, command: bytes) -> bytes:
        try:
            self._send(command)
            length = int.from_bytes(await self._reader.readexactly(LENGTH_SIZE))
            return await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError):
            raise CardRemoved("the card left") from None

    def _send(self, command: bytes) -> None:
        self._writer.write(len(command).to_bytes(LENGTH_SIZE) + command)


class VpcdReader:
    """The CardReader port. A card that connects to a slot that is taken is turned away."""

    def __init__(self, is_contactless: bool = False) -> None:
        self._is_contactless = is_contactless
        self._cards: dict[int, SlotCard] = {}  # by slot
        self._changed = asyncio.Condition()

    @classmethod
    @contextlib.asynccontextmanager
    async def listening(cls, port: int, is_contactless: bool = False) -> AsyncIterator[VpcdReader]:
        """A reader whose slot is a loopback port; a contactless one has the next port too."""
        device = cls(is_contactless)
        async with contextlib.AsyncExitStack() as servers:
            for slot in range(2 if is_contactless else 1):
                server = await asyncio.start_server(functools.partial(device._inserted, slot), LOCALHOST, port + slot)
                servers.callback(server.close)
            yield device

    async def is_card_present(self) -> bool:
        return bool(self._cards)

    async def wait(self, present: bool) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._cards) is present)

    async def connect(self) -> SlotCard:
        if not self._cards:
            raise NoCard("the slot is empty")
        if len(self._cards) > 1:
            raise TwoCards("more than one card is in the field")
        (card,) = self._cards.values()
        await card.power_up()
        return card

    async def _inserted(self, slot: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if slot in self._cards:
            writer.close()
            return
        self._cards[slot] = SlotCard(reader, writer, self._is_contactless)
        await self._tell()
        try:
            # at_eof turns true only when the peer has gone and nothing is left to read; one that left with something
            # unread leaves an exception instead
            while not (reader.at_eof() or reader.exception()):  # noqa: ASYNC110 - a peer's leaving cannot be awaited beside a reader in use
                await asyncio.sleep(0.05)
        finally:
            del self._cards[slot]
            await self._tell()
            writer.close()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
