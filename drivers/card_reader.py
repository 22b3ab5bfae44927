"""The card reader, contact or contactless, by PC/SC (pyscard). Law: a card may be mute for ever; the terminal goes on.

Every blocking call runs in a thread of our own. A call that is given up leaves its thread behind; the thread undoes
what it did as soon as the call returns, and the next card gets a new thread and a new context.
pcscd takes cards that EMV forbids, so the ATR is checked here, and a contact card's wrong one gets EMV's one warm
reset. PC/SC has no word for two cards in a field: cards in two slots of the device are, and two that disturb each
other are one that does not answer.

A card is held for this process alone, so that another is refused at once instead of waiting in pcscd. While it is lent
(the vault hands it a PIN in clear) it is shared, keeps its power and its session, and is taken back right after; a card
that was reset or pulled meanwhile is noticed then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from drivers.own_thread import OwnThread, apart
from drivers.pcsc_handle import EMPTY, LEFT, connect_error, exchange, exchange_error
from drivers.pcsc_slots import Slots, Watch, pcsc_context, scard_module
from terminal.emv import atr as answer_to_reset
from terminal.emv.contactless import atr as contactless_atr
from terminal.emv.errors import CardFaulty
from terminal.ports import CardMute, CardRemoved, DeviceError, NoCard, TwoCards

T = TypeVar("T")

IDLE_POWER = 1.0  # seconds, with room to spare
RETURNED = 2.0  # seconds in which a borrower that is done lets go: it has two calls to make, and is asked each 0.1 s


class PcscReader:
    """The CardReader port. `reader` is a PC/SC name or its beginning; '' is the first that is not a SAM slot.

    A contactless one has every slot of its device; where contact slots bear the same name, give the whole name.
    """

    def __init__(self, reader: str = "", is_contactless: bool = False) -> None:
        self._slots = Slots(reader, is_contactless)
        self._closed_at = -IDLE_POWER
        self._thread: OwnThread | None = None  # of the card before, which may still hold the slot

    async def is_card_present(self) -> bool:
        """Raises ReaderMissing."""
        return await apart(self._look)

    async def wait(self, present: bool) -> None:
        """Raises ReaderMissing."""
        watch = Watch(self._slots, present)
        try:
            await apart(watch.run)
        except asyncio.CancelledError:
            watch.stop()
            raise

    async def connect(self) -> PcscCard:
        """Raises NoCard, TwoCards, CardMute, ReaderMissing. A stuck card must leave first: that is waited for."""
        if self._thread is not None:
            await self._thread.end_now()
        # pcscd leaves an idle card powered for half a second; EMV wants each session to begin with a cold reset
        is_still_warm = asyncio.get_running_loop().time() - self._closed_at < IDLE_POWER
        powered = _Powered(self._slots, is_still_warm)
        thread = self._thread = OwnThread(on_end=powered.release)
        try:
            await thread.call(powered.power_up)
        except DeviceError:
            await thread.end_now()
            raise
        return PcscCard(powered, thread, self._note_closed)

    def _look(self) -> bool:
        with pcsc_context() as context:
            return bool(self._slots.taken(context))

    def _note_closed(self) -> None:
        self._closed_at = asyncio.get_running_loop().time()


class PcscCard:
    """The Card port: one thread and one PC/SC context for as long as the card is powered."""

    def __init__(self, powered: _Powered, thread: OwnThread, on_close: Callable[[], None]) -> None:
        self._powered, self._thread, self._on_close = powered, thread, on_close
        self.atr, self.protocol, self.slot = powered.atr, powered.protocol, powered.slot

    async def transmit(self, apdu: bytes) -> bytes:
        """Raises CardRemoved, CardMute."""
        return await self._call(lambda: self._powered.exchange(apdu))

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Raises CardRemoved, CardMute at both ends (Card port)."""
        await self._call(self._powered.lend)
        try:
            yield
        except BaseException:  # also when whoever borrowed it gave up: the card is taken back
            with contextlib.suppress(DeviceError):  # what went wrong first is told; the card's next command tells this
                await self._take_back()
            raise
        await self._take_back()

    async def close(self) -> None:
        """Power the card down, unless a command is still stuck in it."""
        if not self._thread.is_given_up:
            await self._thread.end_now()
        self._on_close()

    async def _take_back(self) -> None:
        try:
            async with asyncio.timeout(RETURNED):
                await self._call(self._powered.take_back)
        except TimeoutError:
            raise CardMute("another program keeps the card") from None

    async def _call(self, work: Callable[[], T]) -> T:
        if self._thread.is_ending:
            raise CardMute("the card was given up") if self._thread.is_given_up else CardRemoved(LEFT)
        try:
            return await self._thread.call(work)
        except CardRemoved:
            self._thread.end()
            raise


class _Powered:
    """A card that has power: what only its own thread may touch."""

    def __init__(self, slots: Slots, is_still_warm: bool) -> None:
        self._slots, self._is_still_warm = slots, is_still_warm
        self._stack = contextlib.ExitStack()
        self.slot = ""
        self._handle: Any = None
        self.atr, self.protocol = b"", 0

    def power_up(self) -> None:
        """Raises NoCard, TwoCards, CardMute, ReaderMissing."""
        scard = scard_module()
        context = self._stack.enter_context(pcsc_context())
        taken = self._slots.taken(context)
        if not taken:
            raise NoCard(EMPTY)
        if len(taken) > 1:
            raise TwoCards("more than one card is in the field")
        self.slot = taken[0]
        code, handle, _ = scard.SCardConnect(context, self.slot, scard.SCARD_SHARE_EXCLUSIVE, self._protocols())
        if code != scard.SCARD_S_SUCCESS:
            raise connect_error(code)
        self._handle = handle
        self._stack.callback(self._disconnect)
        if self._is_still_warm:
            self._reset(scard.SCARD_UNPOWER_CARD)
        self._accept()

    def exchange(self, apdu: bytes) -> bytes:
        """Raises CardRemoved, CardMute."""
        return exchange(self._handle, self.protocol, self.slot, apdu)

    def lend(self) -> None:
        """From now on another process may connect, too. Raises CardRemoved, CardMute."""
        scard = scard_module()
        self._checked(self._reconnected(scard.SCARD_SHARE_SHARED, scard.SCARD_LEAVE_CARD))
        # pcscd 1.9.9 keeps the lock of exclusive use, and whoever connects hangs; a later one may have none to end
        scard.SCardEndTransaction(self._handle, scard.SCARD_LEAVE_CARD)

    def take_back(self) -> None:
        """For this process alone again; both steps wait for the other. Raises CardRemoved, CardMute."""
        scard = scard_module()
        self._checked(scard.SCardBeginTransaction(self._handle))  # tells of a reset, which reconnecting forgives
        self._checked(scard.SCardEndTransaction(self._handle, scard.SCARD_LEAVE_CARD))
        self._checked(self._reconnected(scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_LEAVE_CARD))

    def release(self) -> None:
        """Undo power_up, however far it came."""
        with contextlib.suppress(SystemError):
            self._stack.close()

    def _disconnect(self) -> None:
        # pcscd powers an idle card down by itself after half a second. Asking it to, when the card has just left,
        # makes it overlook the next card that comes within its polling time.
        scard = scard_module()
        scard.SCardDisconnect(self._handle, scard.SCARD_LEAVE_CARD)

    def _accept(self) -> None:
        """EMV 4.4 Book 1, 6.1.3: a wrong answer to the cold reset gets one warm reset."""
        scard = scard_module()
        try:
            self._take_atr(is_warm=False)
        except CardFaulty as error:
            if self._slots.is_contactless:
                raise CardMute(str(error)) from None
            self._reset(scard.SCARD_RESET_CARD)
            try:
                self._take_atr(is_warm=True)
            except CardFaulty as error:
                raise CardMute(str(error)) from None

    def _reset(self, how: int) -> None:
        """Cold (SCARD_UNPOWER_CARD) or warm (SCARD_RESET_CARD)."""
        scard = scard_module()
        code = self._reconnected(scard.SCARD_SHARE_EXCLUSIVE, how)
        if code != scard.SCARD_S_SUCCESS:
            raise connect_error(code) from None

    def _reconnected(self, share: int, how: int) -> int:
        return int(scard_module().SCardReconnect(self._handle, share, self._protocols(), how)[0])

    def _checked(self, code: int) -> None:
        if code != scard_module().SCARD_S_SUCCESS:
            raise exchange_error(code, self.slot)

    def _take_atr(self, is_warm: bool) -> None:
        scard = scard_module()
        code, _, _, active, atr = scard.SCardStatus(self._handle)
        if code != scard.SCARD_S_SUCCESS:
            raise connect_error(code)
        self.atr = bytes(atr)
        is_tapped = self._slots.is_contactless
        self.protocol = contactless_atr.check(self.atr) if is_tapped else answer_to_reset.protocol(self.atr, is_warm)
        if active != (scard.SCARD_PROTOCOL_T1 if self.protocol else scard.SCARD_PROTOCOL_T0):
            raise CardFaulty("the reader does not speak the protocol that the card names first")

    def _protocols(self) -> int:
        """What the terminal can speak there: a contactless reader makes ISO 14443-4 look like T=1."""
        scard = scard_module()
        contact = 0 if self._slots.is_contactless else scard.SCARD_PROTOCOL_T0
        return int(scard.SCARD_PROTOCOL_T1 | contact)
