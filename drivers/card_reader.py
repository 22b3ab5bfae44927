"""The contact card reader, by PC/SC (pyscard). Law: a card may be mute for ever, and the terminal goes on all the same.

Every blocking call runs in a thread of our own. A call that is given up leaves its thread behind; the thread undoes
what it did as soon as the call returns, and the next card gets a new thread and a new context.
pcscd takes cards that EMV forbids, so the ATR is checked here, and a wrong one gets EMV's one warm reset.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

from drivers.own_thread import OwnThread, apart
from terminal.emv import atr as answer_to_reset
from terminal.emv.errors import CardFaulty
from terminal.ports import CardMute, CardRemoved, DeviceError, NoCard, ReaderMissing

SAM = "SAM"  # in the name of a reader whose slot is inside the terminal
LOOK_AGAIN_MS = 1_000  # a status call ends by itself; a change ends it at once
POLLED_MS = 500  # pcscd looks at a slot that does not report by itself every 400 ms
STATUS_WORD = 2
IDLE_POWER = 1.0  # seconds, with room to spare
NO_SERVICE = "the card reader's service (pcscd) does not run"
NO_READER = "no card reader is connected"
LEFT = "the card left the reader"


class PcscReader:
    """The CardReader port. `reader` is a PC/SC name or its beginning; '' is the first that is not a SAM slot."""

    def __init__(self, reader: str = "") -> None:
        self._reader = reader
        self._closed_at = -IDLE_POWER
        self._thread: OwnThread | None = None  # of the card before, which may still hold the slot

    async def is_card_present(self) -> bool:
        """Raises ReaderMissing."""
        return await apart(lambda: _look(self._reader))

    async def wait(self, present: bool) -> None:
        """Raises ReaderMissing."""
        watch = _Watch(self._reader, present)
        try:
            await apart(watch.run)
        except asyncio.CancelledError:
            watch.stop()
            raise

    async def connect(self) -> PcscCard:
        """Raises NoCard, CardMute, ReaderMissing. A stuck card must leave the slot first: that is waited for."""
        if self._thread is not None:
            await self._thread.end_now()
        # pcscd leaves an idle card powered for half a second; EMV wants each session to begin with a cold reset
        is_still_warm = asyncio.get_running_loop().time() - self._closed_at < IDLE_POWER
        powered = _Powered(self._reader, is_still_warm)
        thread = self._thread = OwnThread(on_end=powered.release)
        try:
            await thread.call(powered.power_up)
        except DeviceError:
            await thread.end_now()
            raise
        return PcscCard(powered, thread, self._note_closed)

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

    def __init__(self, reader: str, is_still_warm: bool) -> None:
        self._wanted, self._is_still_warm = reader, is_still_warm
        self._stack = contextlib.ExitStack()
        self._handle: Any = None
        self.atr, self.protocol = b"", 0

    def power_up(self) -> None:
        """Raises NoCard, CardMute, ReaderMissing."""
        scard = _scard()
        context = self._stack.enter_context(_context())
        reader = _find(context, self._wanted)
        any_protocol = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        code, handle, _ = scard.SCardConnect(context, reader, scard.SCARD_SHARE_EXCLUSIVE, any_protocol)
        if code != scard.SCARD_S_SUCCESS:
            raise _connect_error(code)
        self._handle = handle
        self._stack.callback(self._disconnect)
        if self._is_still_warm:
            self._reset(scard.SCARD_UNPOWER_CARD)
        self._accept()

    def exchange(self, apdu: bytes) -> bytes:
        """Raises CardRemoved, CardMute."""
        scard = _scard()
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
        scard = _scard()
        scard.SCardDisconnect(self._handle, scard.SCARD_LEAVE_CARD)

    def _accept(self) -> None:
        """EMV 4.4 Book 1, 6.1.3: a wrong answer to the cold reset gets one warm reset."""
        scard = _scard()
        try:
            self._take_atr(is_warm=False)
        except CardFaulty:
            self._reset(scard.SCARD_RESET_CARD)
            try:
                self._take_atr(is_warm=True)
            except CardFaulty as error:
                raise CardMute(str(error)) from None

    def _reset(self, how: int) -> None:
        """Cold (SCARD_UNPOWER_CARD) or warm (SCARD_RESET_CARD)."""
        scard = _scard()
        any_protocol = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        code, _ = scard.SCardReconnect(self._handle, scard.SCARD_SHARE_EXCLUSIVE, any_protocol, how)
        if code != scard.SCARD_S_SUCCESS:
            raise _connect_error(code) from None

    def _take_atr(self, is_warm: bool) -> None:
        scard = _scard()
        code, _, _, active, atr = scard.SCardStatus(self._handle)
        if code != scard.SCARD_S_SUCCESS:
            raise _connect_error(code)
        self.atr = bytes(atr)
        self.protocol = answer_to_reset.protocol(self.atr, is_warm)
        if active != (scard.SCARD_PROTOCOL_T1 if self.protocol else scard.SCARD_PROTOCOL_T0):
            raise CardFaulty("the reader does not speak the protocol that the card names first")

    def _transmit_error(self, code: int) -> DeviceError:
        """A pulled card and a mute one can give the same code: the slot knows, when it has been looked at again."""
        scard = _scard()
        if code == scard.SCARD_E_NOT_TRANSACTED and self._stays_in_slot():
            return CardMute("the card does not answer")
        if code in (scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED, scard.SCARD_F_COMM_ERROR):
            return CardMute(NO_SERVICE)
        if code in (scard.SCARD_W_RESET_CARD, scard.SCARD_W_UNRESPONSIVE_CARD, scard.SCARD_W_UNPOWERED_CARD):
            return CardMute("the card lost its power or was reset")
        return CardRemoved(LEFT)

    def _stays_in_slot(self) -> bool:
        try:
            with _context() as context:
                reader = _find(context, self._wanted)
                state = _status(context, reader, 0, 0)
                return _is_present(state) and _is_present(_status(context, reader, state, POLLED_MS))
        except ReaderMissing:
            return False


class _Watch:
    """One wait for a card to come or go, which another thread may stop."""

    def __init__(self, reader: str, present: bool) -> None:
        self._wanted, self._present = reader, present
        self._context: Any = None
        self._is_stopped = False

    def run(self) -> None:
        """Raises ReaderMissing."""
        with _context() as context:
            reader = _find(context, self._wanted)
            state = _status(context, reader, 0, 0)
            self._context = context
            try:
                while not self._is_stopped and _is_present(state) is not self._present:
                    state = _status(context, reader, state, LOOK_AGAIN_MS)
            finally:
                self._context = None

    def stop(self) -> None:
        """The thread ends at once, or when its status call does. The service may be stuck, so it is asked aside."""
        self._is_stopped = True
        if self._context is not None:
            threading.Thread(target=_scard().SCardCancel, args=(self._context,), daemon=True).start()


def _scard() -> Any:
    """pyscard, imported by the first who needs it: start-up does not pay for it. Raises ReaderMissing."""
    try:
        from smartcard import scard
    except ImportError as error:
        raise ReaderMissing(f"PC/SC cannot be used: {error.name or 'smartcard'} is missing") from None
    return scard


@contextlib.contextmanager
def _context() -> Any:
    scard = _scard()
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if code != scard.SCARD_S_SUCCESS:
        raise ReaderMissing(NO_SERVICE)
    try:
        yield context
    finally:
        scard.SCardReleaseContext(context)


def _look(wanted: str) -> bool:
    with _context() as context:
        return _is_present(_status(context, _find(context, wanted), 0, 0))


def _find(context: Any, wanted: str) -> str:
    scard = _scard()
    code, names = scard.SCardListReaders(context, [])
    found = [name for name in names if name.startswith(wanted)] if code == scard.SCARD_S_SUCCESS else []
    if not wanted:
        found = [name for name in found if SAM not in name.upper()]
    if not found:
        raise ReaderMissing(NO_READER)
    return str(found[0])


def _status(context: Any, reader: str, known: int, milliseconds: int) -> int:
    """The reader's state; `known` is the state from which a change is waited for."""
    scard = _scard()
    code, states = scard.SCardGetStatusChange(context, milliseconds, [(reader, known)])
    if code not in (scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED):
        raise ReaderMissing(NO_READER if code == scard.SCARD_E_UNKNOWN_READER else NO_SERVICE)
    state = int(states[0][1])
    if state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
        raise ReaderMissing(NO_READER)
    return state & ~int(scard.SCARD_STATE_CHANGED)


def _is_present(state: int) -> bool:
    return bool(state & _scard().SCARD_STATE_PRESENT)


def _connect_error(code: int) -> DeviceError:
    scard = _scard()
    if code in (scard.SCARD_E_NO_SMARTCARD, scard.SCARD_W_REMOVED_CARD):
        return NoCard("there is no card in the reader")
    if code == scard.SCARD_E_SHARING_VIOLATION:
        return ReaderMissing("another program holds the card reader")
    if code in (scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED, scard.SCARD_F_COMM_ERROR):
        return ReaderMissing(NO_SERVICE)
    if code in (scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE):
        return ReaderMissing(NO_READER)
    return CardMute("the card does not answer as it should")
