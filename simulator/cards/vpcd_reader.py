"""A card reader without PC/SC, for machines where pcscd cannot run. Law: the page says so; the cards are the same ones.

It speaks vpcd's side of the protocol (2-byte big-endian length, one-byte control commands) on a loopback port, so a
virtual card inserts itself by connecting, exactly as it does into the real vpcd.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from terminal.emv.atr import protocol
from terminal.emv.errors import CardFaulty
from terminal.ports import CardMute, CardRemoved, NoCard

OFF, ON, RESET, ATR = b"\x00", b"\x01", b"\x02", b"\x04"
LENGTH_SIZE = 2


class SlotCard:
    """The Card port over one card's socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.atr, self.protocol = b"", 0

    async def power_up(self) -> None:
        """Switch it on and take its ATR. Raises CardRemoved, CardMute."""
        self._send(ON)
        self.atr = await self._asked(ATR)
        try:
            self.protocol = protocol(self.atr)
        except CardFaulty as error:
            raise CardMute(str(error)) from None

    async def transmit(self, apdu: bytes) -> bytes:
        return await self._asked(apdu)

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
    """The CardReader port. One slot: a card that connects while another is in is turned away."""

    def __init__(self) -> None:
        self._card: SlotCard | None = None
        self._changed = asyncio.Condition()

    @classmethod
    @contextlib.asynccontextmanager
    async def listening(cls, port: int) -> AsyncIterator[VpcdReader]:
        """A reader whose slot is a loopback port."""
        slot = cls()
        server = await asyncio.start_server(slot._inserted, "127.0.0.1", port)
        try:
            yield slot
        finally:
            server.close()

    async def is_card_present(self) -> bool:
        return self._card is not None

    async def wait(self, present: bool) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: (self._card is not None) is present)

    async def connect(self) -> SlotCard:
        if self._card is None:
            raise NoCard("the slot is empty")
        await self._card.power_up()
        return self._card

    async def _inserted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._card is not None:
            writer.close()
            return
        await self._set(SlotCard(reader, writer))
        try:
            # at_eof turns true only when the peer has gone and nothing is left to read
            while not reader.at_eof():  # noqa: ASYNC110 - a peer's leaving cannot be awaited beside a reader in use
                await asyncio.sleep(0.05)
        finally:
            await self._set(None)
            writer.close()

    async def _set(self, card: SlotCard | None) -> None:
        async with self._changed:
            self._card = card
            self._changed.notify_all()


def free_port() -> int:
    """A loopback port that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
