"""A PIN pad of its own on a serial line, by pyserial: an EXAMPLE to adapt (docs/pin-pad.md), not a certified driver.

Law: a PIN comes out of the pad as a PIN block or under the card's key, never in clear; its keys are in the pad alone.

| the pad answers | becomes        | | on the line                         | becomes                             |
|-----------------|----------------|-|-------------------------------------|-------------------------------------|
| done            | the answer     | | a damaged frame, or a piece of one  | a NAK, three times; then PinpadLost |
| no PIN          | None, False    | | a NAK                               | said again, three times             |
| cancelled       | EntryCancelled | | silence                             | PinpadLost                          |
| timed out       | EntryTimedOut  | | the answer to another question      | nothing                             |
| key missing     | KeyMissing     | | no line                             | PinpadLost; tried anew when needed  |
| refused         | KeyRefused     |
| tampered        | KeysErased     |
| anything else   | PinpadLost     |

It has the PIN part of the Vault port, so that the dialogue cannot tell it from the vault's keypad.
"""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Any, Protocol

from drivers.pinpad_frame import Again, Damaged, Frames, Said, Status, Word, framed
from terminal.emv.oda.capk import PublicKey
from terminal.key_facts import SealedPin, SecretEntry
from terminal.ports import (
    DeviceError,
    EntryCancelled,
    EntryTimedOut,
    KeyMissing,
    KeyRefused,
    KeysErased,
    PinpadLost,
    Typed,
)

BAUD = 115_200
FRAME_SECONDS = 0.5  # between two bytes of a frame
TRIES = 3
CHUNK = 512
NAK = b"\x15"
NUMBERS = 256
FORMATS = {"iso-0": 0x00, "iso-3": 0x03, "iso-4": 0x04, "iso-0-sm4": 0x10}  # keys/algorithms/pin_formats.py
CIPHERS = {"des": 0, "sm4": 1, "aes": 2}
ERRORS: dict[int, tuple[type[DeviceError], str]] = {
    Status.CANCELLED: (EntryCancelled, "cancelled at the PIN pad"),
    Status.TIMED_OUT: (EntryTimedOut, "nobody typed at the PIN pad"),
    Status.KEY_MISSING: (KeyMissing, "the PIN pad has no such key"),
    Status.REFUSED: (KeyRefused, "the PIN pad refuses this"),
    Status.TAMPERED: (KeysErased, "the PIN pad was opened and has erased its keys"),
}
UNKNOWN = (PinpadLost, "the PIN pad answers what nobody knows")


class Port(Protocol):
    """What is used of a serial.Serial."""

    def fileno(self) -> int: ...
    def read(self, size: int) -> bytes: ...
    def write(self, data: bytes) -> Any: ...
    def close(self) -> None: ...


class SerialPinpad:
    """One pad at one tty. `answer_seconds` is what an answer may take, beyond the time of the hand at the keys."""

    def __init__(self, path: str, baud: int = BAUD, answer_seconds: float = 2.0) -> None:
        self._path, self._baud, self._answer_seconds = path, baud, answer_seconds
        self._port: Port | None = None
        self._frames, self._waiting = Frames(), list[Said | Damaged | Again]()
        self._turn = asyncio.Lock()
        self._number = 0

    def __enter__(self) -> SerialPinpad:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._let_go()

    async def load_pin_key(self, wrapped: bytes, check: bytes, cipher: str = "des", slot: int = 1) -> None:
        """The PIK under the pad's own TMK of that slot, and 4 bytes of its check value; the pad compares.

        Raises KeyMissing, KeyRefused, PinpadLost.
        """
        if cipher not in CIPHERS:
            raise KeyRefused(f"the PIN pad has no cipher {cipher!r}, only {', '.join(CIPHERS)}")
        await self._asked(Word.LOAD_KEY, bytes((slot, CIPHERS[cipher])) + check + wrapped)

    async def enter_pin(self, entry: SecretEntry, pan: str, format: str, typed: Typed) -> SealedPin | None:
        """(Vault port)."""
        if format not in FORMATS:
            raise KeyRefused(f"the PIN pad makes no PIN block {format!r}, only {', '.join(FORMATS)}")
        question = bytes((FORMATS[format],)) + _entry(entry) + pan.encode("ascii")
        status, block = await self._asked(Word.ONLINE_PIN, question, entry, typed)
        return SealedPin(block) if status == Status.DONE else None

    async def enter_card_pin(self, entry: SecretEntry, typed: Typed) -> bool:
        """(Vault port)."""
        status, _ = await self._asked(Word.CARD_PIN, _entry(entry), entry, typed)
        return status == Status.DONE

    async def encipher_card_pin(self, key: PublicKey, challenge: bytes) -> bytes:
        """(Vault port)."""
        exponent = key.exponent.to_bytes((key.exponent.bit_length() + 7) // 8)
        question = challenge + bytes((len(exponent),)) + exponent + key.modulus
        return (await self._asked(Word.ENCIPHER, question))[1]

    async def show_card_pin(self, slot: str) -> int:
        """Never: the pad and the card reader are two devices (ISO 9564-1: between them a PIN is enciphered).

        Raises PinpadLost, so that the kernel goes on with the card's next method (EMV 4.4 Book 3, 10.5.1).
        """
        raise PinpadLost("the PIN pad hands no PIN out in clear")

    async def _asked(
        self, word: Word, data: bytes, entry: SecretEntry | None = None, typed: Typed = lambda _: None
    ) -> tuple[int, bytes]:
        """DONE or NO_PIN and the rest of the answer. Raises what the table says."""
        async with self._turn:
            self._number = (self._number + 1) % NUMBERS
            question = framed(Said(self._number, word, data))
            try:
                answer = await self._answered(question, word, typed, self._answer_seconds + _patience(entry))
            except asyncio.CancelledError:
                if entry is not None:
                    with contextlib.suppress(PinpadLost):
                        self._write(framed(Said(self._number, Word.CANCEL)))
                raise
        status = answer.data[0] if answer.data else -1
        if status not in (Status.DONE, Status.NO_PIN):
            error, why = ERRORS.get(status, UNKNOWN)
            raise error(why)
        return status, answer.data[1:]

    async def _answered(self, question: bytes, word: Word, typed: Typed, seconds: float) -> Said:
        self._write(question)
        tries = TRIES
        while tries:
            match await self._next(seconds):
                case Said(number=self._number, word=Word.TYPED, data=data) if len(data) == 1:
                    typed(data[0])
                case Said(number=self._number, word=answers) as answer if answers == word:
                    return answer
                case Damaged():
                    tries -= 1
                    self._write(NAK)
                case Again():
                    tries -= 1
                    self._write(question)
        raise PinpadLost("nothing arrives whole from the PIN pad")

    async def _next(self, seconds: float) -> Said | Damaged | Again:
        """Raises PinpadLost: silence, or no line."""
        while not self._waiting:
            try:
                async with asyncio.timeout(FRAME_SECONDS if self._frames.has_begun else seconds):
                    more = await self._more()
            except TimeoutError:
                if not self._frames.has_begun:
                    raise PinpadLost("the PIN pad does not answer") from None
                self._frames = Frames()
                return Damaged()
            self._waiting += self._frames.take(more)
        return self._waiting.pop(0)

    async def _more(self) -> bytes:
        port, loop = self._opened(), asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        descriptor = port.fileno()
        loop.add_reader(descriptor, lambda: None if ready.done() else ready.set_result(None))
        try:
            await ready
        finally:
            loop.remove_reader(descriptor)
        try:
            return port.read(CHUNK)
        except OSError:  # serial.SerialException is one
            self._let_go()
            raise PinpadLost("the PIN pad is gone") from None

    def _write(self, data: bytes) -> None:
        try:
            self._opened().write(data)
        except OSError:
            self._let_go()
            raise PinpadLost("the PIN pad is gone") from None

    def _opened(self) -> Port:
        if self._port is None:
            import serial

            self._frames, self._waiting = Frames(), []
            self._port = serial.Serial(
                self._path, self._baud, timeout=0, write_timeout=self._answer_seconds, exclusive=True
            )
        return self._port

    def _let_go(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(OSError):
                port.close()


def _entry(entry: SecretEntry) -> bytes:
    """Least, most, whether none is an answer, and the seconds for the first key and between two."""
    seconds = (min(255, max(1, round(each))) for each in (entry.first_seconds, entry.between_seconds))
    return bytes((entry.least, entry.most, entry.may_skip, *seconds))


def _patience(entry: SecretEntry | None) -> float:
    return max(entry.first_seconds, entry.between_seconds) if entry else 0.0
