"""The card reader, contact or contactless, by PC/SC (pyscard). Law: a card may be mute for ever; the terminal goes on.

Every blocking call runs in a thread of our own. A call that is given up leaves its thread behind; the thread undoes
what it did as soon as the call returns, and the next card gets a new thread and a new context.
pcscd takes cards that EMV forbids, so the ATR is checked here, and a contact card's wrong one gets EMV's one warm
reset. PC/SC has no word for two cards in a field: cards in two slots of the device are, and two that disturb each
other are one that does not answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from drivers.own_thread import OwnThread, apart
from drivers.pcsc_slots import NO_READER, NO_SERVICE, Slots, Watch, pcsc_context, scard_module
from terminal.emv import atr as answer_to_reset
from terminal.emv.contactless import atr as contactless_atr
from terminal.emv.errors import CardFaulty
from terminal.ports import CardMute, CardRemoved, DeviceError, NoCard, ReaderMissing, TwoCards

POLLED_MS = 500  # pcscd looks at a slot that does not report by itself every 400 ms
STATUS_WORD = 2
IDLE_POWER = 1.0  # seconds, with room to spare
EMPTY = "there is no card in the reader"
LEFT = "the card left the reader"


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
        self.atr, self.protocol = powered.atr, powered.protocol

    async def transmit(self, apdu: bytes) -> bytes:
        """Raises CardRemoved, CardMute."""
        if self._thread.is_ending:
            raise CardMute("the card was given up") if self._thread.is_given_up else CardRemoved(LEFT)
        try:
            return await self._thread.call(lambda: self._powered.exchange(apdu))
        except CardRemoved:
            self._thread.end()
            raise

    async def close(self) -> None:
        """Power the card down, unless a command is still stuck in it."""
        if not self._thread.is_given_up:
            await self._thread.end_now()
        self._on_close()


class _Powered:
    """A card that has power: what only its own thread may touch."""

    def __init__(self, slots: Slots, is_still_warm: bool) -> None:
        self._slots, self._is_still_warm = slots, is_still_warm
        self._stack = contextlib.ExitStack()
        self._slot = ""
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
        self._slot = taken[0]
        code, handle, _ = scard.SCardConnect(context, self._slot, scard.SCARD_SHARE_EXCLUSIVE, self._protocols())
        if code != scard.SCARD_S_SUCCESS:
            raise _connect_error(code)
        self._handle = handle
        self._stack.callback(self._disconnect)
        if self._is_still_warm:
            self._reset(scard.SCARD_UNPOWER_CARD)
        self._accept()

    def exchange(self, apdu: bytes) -> bytes:
        """Raises CardRemoved, CardMute."""
        scard = scard_module()
        pci = scard.SCARD_PCI_T1 if self.protocol else scard.SCARD_PCI_T0
        try:
            code, answer = scard.SCardTransmit(self._handle, pci, list(apdu))
        except SystemError:  # pyscard, on a handle whose service has gone
            raise CardRemoved(LEFT) from None
        if code != scard.SCARD_S_SUCCESS:
            raise self._transmit_error(code)
        if len(answer) < STATUS_WORD:  # a card pulled during a command: success, and nothing
            raise CardRemoved(LEFT)
        return bytes(answer)

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
        code, _ = scard.SCardReconnect(self._handle, scard.SCARD_SHARE_EXCLUSIVE, self._protocols(), how)
        if code != scard.SCARD_S_SUCCESS:
            raise _connect_error(code) from None

    def _take_atr(self, is_warm: bool) -> None:
        scard = scard_module()
        code, _, _, active, atr = scard.SCardStatus(self._handle)
        if code != scard.SCARD_S_SUCCESS:
            raise _connect_error(code)
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

    def _transmit_error(self, code: int) -> DeviceError:
        """A pulled card and a mute one can give the same code: the slot knows, when it has been looked at again."""
        scard = scard_module()
        if code == scard.SCARD_E_NOT_TRANSACTED and self._stays_in_slot():
            return CardMute("the card does not answer")
        if code in (scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED, scard.SCARD_F_COMM_ERROR):
            return CardMute(NO_SERVICE)
        if code in (scard.SCARD_W_RESET_CARD, scard.SCARD_W_UNRESPONSIVE_CARD, scard.SCARD_W_UNPOWERED_CARD):
            return CardMute("the card lost its power or was reset")
        return CardRemoved(LEFT)

    def _stays_in_slot(self) -> bool:
        try:
            with pcsc_context() as context:
                return Slots(self._slot).still_taken(context, POLLED_MS)
        except ReaderMissing:
            return False


def _connect_error(code: int) -> DeviceError:
    scard = scard_module()
    if code in (scard.SCARD_E_NO_SMARTCARD, scard.SCARD_W_REMOVED_CARD):
        return NoCard(EMPTY)
    if code == scard.SCARD_E_SHARING_VIOLATION:
        return ReaderMissing("another program holds the card reader")
    if code in (scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED, scard.SCARD_F_COMM_ERROR):
        return ReaderMissing(NO_SERVICE)
    if code in (scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE):
        return ReaderMissing(NO_READER)
    return CardMute("the card does not answer as it should")
