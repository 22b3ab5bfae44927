"""The in-process twins of the card reader and the stripe reader. Law: no thread, no clock: virtual time is enough.

They pass the same contract test as drivers/card_reader.py over a real pcscd.
"""

from __future__ import annotations

import asyncio

from simulator.cards.chip import Chip, WasPulled, WentMute
from terminal.emv import atr
from terminal.emv.errors import CardFaulty
from terminal.ports import CardMute, CardRemoved, NoCard, ReaderMissing


class SimulatedReader:
    """The CardReader port, and the hand that inserts and pulls."""

    def __init__(self) -> None:
        self._chip: Chip | None = None
        self._is_plugged = True
        self._changed = asyncio.Event()

    def insert(self, chip: Chip) -> None:
        """Put a card into the slot; one that is there is pulled first."""
        self.pull()
        chip.reset()
        self._chip = chip
        self._tell()

    def pull(self) -> None:
        """Take the card out, if there is one."""
        self._chip = None
        self._tell()

    def unplug(self) -> None:
        """The reader, or its service, goes away."""
        self._is_plugged = False
        self._tell()

    def plug(self) -> None:
        """The reader comes back."""
        self._is_plugged = True
        self._tell()

    async def is_card_present(self) -> bool:
        if not self._is_plugged:
            raise ReaderMissing("the simulated card reader is unplugged")
        return self._chip is not None

    async def wait(self, present: bool) -> None:
        while await self.is_card_present() is not present:
            await self._changed.wait()

    async def connect(self) -> SimulatedCard:
        if not await self.is_card_present() or self._chip is None:
            raise NoCard("there is no card in the reader")
        chip = self._chip
        chip.reset()
        try:
            protocol = atr.protocol(chip.atr)
        except CardFaulty:
            protocol = self._warm(chip)
        return SimulatedCard(self, chip, protocol)

    def _warm(self, chip: Chip) -> int:
        chip.reset()  # EMV 4.4 Book 1, 6.1.3: a warm reset, once
        try:
            return atr.protocol(chip.atr, is_warm=True)
        except CardFaulty as error:
            raise CardMute(str(error)) from None

    def holds(self, chip: Chip) -> bool:
        """Whether this chip is in the slot and can be reached."""
        return self._is_plugged and self._chip is chip

    async def until_gone(self, chip: Chip) -> None:
        """Return when this chip is no longer in the slot."""
        while self.holds(chip):
            await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class SimulatedCard:
    """The Card port over a virtual chip."""

    def __init__(self, reader: SimulatedReader, chip: Chip, protocol: int) -> None:
        self._reader, self._chip, self.protocol, self.atr = reader, chip, protocol, chip.atr
        self._is_open = True

    async def transmit(self, apdu: bytes) -> bytes:
        if not (self._is_open and self._reader.holds(self._chip)):
            raise CardRemoved("the card left the reader")
        try:
            return self._chip.respond(apdu)
        except WentMute:
            await self._reader.until_gone(self._chip)
        except WasPulled:
            self._reader.pull()
        raise CardRemoved("the card left the reader")

    async def close(self) -> None:
        self._is_open = False


class SimulatedStripe:
    """The Stripe port, and the hand that swipes. A swipe that nobody waits for is lost."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[bytes]] = []

    async def swiped(self) -> bytes:
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            return await future
        finally:
            self._waiting.remove(future)

    def swipe(self, track2: bytes) -> None:
        """Draw a card through; `track2` as the port gives it."""
        for future in self._waiting:
            if not future.done():
                future.set_result(track2)
