"""The in-process twins of the card readers and the stripe reader. Law: no thread, no clock: virtual time is enough.

They pass the same contract test as drivers/card_reader.py over a real pcscd.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from simulator.cards.chip import Chip, WasPulled, WentMute, seconds_taken
from terminal.emv import atr
from terminal.emv.contactless import atr as contactless_atr
from terminal.emv.errors import CardFaulty
from terminal.ports import CardMute, CardRemoved, NoCard, ReaderMissing, TwoCards
from terminal.swipe import Swipe, parse

SLOT = "simulated"  # no PC/SC reader has this name


class SimulatedReader:
    """The CardReader port, and the hand that inserts and pulls."""

    def __init__(self) -> None:
        self._reach = _Reach()
        self._powered: SimulatedCard | None = None

    def insert(self, chip: Chip) -> None:
        """Put a card into the slot; one that is there is pulled first."""
        chip.reset()
        self._reach.hold(chip)

    def pull(self) -> None:
        """Take the card out, if there is one."""
        self._reach.hold()

    def unplug(self) -> None:
        """The reader, or its service, goes away."""
        self._reach.plug(False)

    def plug(self) -> None:
        """The reader comes back."""
        self._reach.plug(True)

    async def is_card_present(self) -> bool:
        return self._reach.is_card_present()

    async def wait(self, present: bool) -> None:
        await self._reach.wait(present)

    async def connect(self) -> SimulatedCard:
        chip = self._reach.sole()
        chip.reset()
        try:
            protocol = atr.protocol(chip.atr)
        except CardFaulty:
            protocol = self._warm(chip)
        self._powered = SimulatedCard(self._reach, chip, protocol)
        return self._powered

    def _warm(self, chip: Chip) -> int:
        chip.reset()  # EMV 4.4 Book 1, 6.1.3: a warm reset, once
        try:
            return atr.protocol(chip.atr, is_warm=True)
        except CardFaulty as error:
            raise CardMute(str(error)) from None

    def powered(self) -> SimulatedCard:
        """For a vault in the same process: the card that was connected last. Raises CardMute when there was none."""
        if self._powered is None:
            raise CardMute("no card is powered")
        return self._powered


class SimulatedTap:
    """The CardReader port of a contactless field, and the hand that taps: a second card joins the first."""

    def __init__(self) -> None:
        self._reach = _Reach()

    def tap(self, chip: Chip) -> None:
        """Bring a card into the field, whatever is there."""
        chip.reset()
        self._reach.hold(*self._reach.chips, chip)

    def pull(self) -> None:
        """Take away all that is there."""
        self._reach.hold()

    def unplug(self) -> None:
        """The reader, or its service, goes away."""
        self._reach.plug(False)

    def plug(self) -> None:
        """The reader comes back."""
        self._reach.plug(True)

    async def is_card_present(self) -> bool:
        return self._reach.is_card_present()

    async def wait(self, present: bool) -> None:
        await self._reach.wait(present)

    async def connect(self) -> SimulatedCard:
        chip = self._reach.sole()
        chip.reset()
        try:
            return SimulatedCard(self._reach, chip, contactless_atr.check(chip.atr))
        except CardFaulty as error:
            raise CardMute(str(error)) from None


class SimulatedCard:
    """The Card port over a virtual chip."""

    def __init__(self, reach: _Reach, chip: Chip, protocol: int) -> None:
        self._reach, self._chip, self.protocol, self.atr = reach, chip, protocol, chip.atr
        self.slot, self._is_open = SLOT, True

    async def transmit(self, apdu: bytes) -> bytes:
        if self._can_hear():
            try:
                answer = self._chip.respond(apdu)
                if seconds := seconds_taken(self._chip):
                    await asyncio.sleep(seconds)
                if self._can_hear():
                    return answer
            except WentMute:
                await self._reach.until_gone(self._chip)
            except WasPulled:
                self._reach.hold()
        raise CardRemoved("the card left the reader")

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        yield  # a vault in this process has other ways to the chip

    async def close(self) -> None:
        self._is_open = False

    def _can_hear(self) -> bool:
        return self._is_open and self._reach.holds(self._chip)


class _Reach:
    """What a reader can reach, and whether it can be reached itself."""

    def __init__(self) -> None:
        self.chips: tuple[Chip, ...] = ()
        self._is_plugged = True
        self._changed = asyncio.Event()

    def hold(self, *chips: Chip) -> None:
        """These, and nothing else."""
        self.chips = chips
        self._tell()

    def plug(self, is_plugged: bool) -> None:
        self._is_plugged = is_plugged
        self._tell()

    def is_card_present(self) -> bool:
        """Raises ReaderMissing."""
        if not self._is_plugged:
            raise ReaderMissing("the simulated card reader is unplugged")
        return bool(self.chips)

    async def wait(self, present: bool) -> None:
        """Raises ReaderMissing."""
        while self.is_card_present() is not present:
            await self._changed.wait()

    def sole(self) -> Chip:
        """Raises NoCard, TwoCards, ReaderMissing."""
        if not self.is_card_present():
            raise NoCard("there is no card in the reader")
        if len(self.chips) > 1:
            raise TwoCards("more than one card is in the field")
        return self.chips[0]

    def holds(self, chip: Chip) -> bool:
        """Whether this chip is there and can be reached."""
        return self._is_plugged and any(held is chip for held in self.chips)

    async def until_gone(self, chip: Chip) -> None:
        """Return when this chip can no longer be reached."""
        while self.holds(chip):
            await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class SimulatedStripe:
    """The Stripe port, and the hand that swipes. A swipe that nobody waits for is lost."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[Swipe]] = []

    async def swiped(self) -> Swipe:
        future: asyncio.Future[Swipe] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            return await future
        finally:
            self._waiting.remove(future)

    def swipe(self, track2: bytes, track1: bytes = b"", track3: bytes = b"") -> None:
        """Draw a card through that has these tracks, good or bad; b"" is none."""
        tracks = ((b"%", track1), (b";", track2), (b"+", track3))
        swipe = parse(b"".join(start + track + b"?" for start, track in tracks if track)) or Swipe()
        for future in self._waiting:
            if not future.done():
                future.set_result(swipe)
