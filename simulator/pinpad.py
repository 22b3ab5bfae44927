"""The twin of a PIN pad on a serial line: a pty, keys of its own, and the hand at its keys. Law: TEST keys only.

It makes real PIN blocks; what the line may do to a frame, and what may happen to a pad, is done to it from outside.
"""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import Callable
from types import TracebackType

from drivers.pinpad import CIPHERS, FORMATS
from drivers.pinpad_frame import Again, Damaged, Frames, Said, Status, Word, framed
from keys.algorithms.block_cipher import cipher_of
from keys.algorithms.offline_pin import CHALLENGE, enciphered
from keys.algorithms.pin_formats import format_of
from terminal.emv.oda.capk import PublicKey
from terminal.ports import KeyMissing, KeyRefused

CHUNK = 512
KEY_AT = 6  # after the slot, the cipher and a check value of 4 bytes
ENTRY = 5  # bytes: least, most, may skip, seconds for the first key, seconds between two
NAK = b"\x15"
CIPHER_NAMES = {number: name for name, number in CIPHERS.items()}
FORMAT_NAMES = {number: name for name, number in FORMATS.items()}


class SimulatedPinpad:
    """`path` is the tty it is at. `tmks`: TEST master keys by slot and cipher."""

    def __init__(self, tmks: dict[tuple[int, str], bytes]) -> None:
        self._tmks = dict(tmks)
        self._piks: dict[str, bytes] = {}
        self._entry: _Entry | None = None
        self._card_pin = ""
        self._frames, self._last = Frames(), b""
        self.is_mute = self._is_tampered = False
        self.spoils = self.cuts = 0  # so many of the next frames arrive damaged, or without their last byte
        self._line, self._far = pty.openpty()  # the far end stays open: a pad is there when nobody listens
        tty.setraw(self._far)
        self.path = os.ttyname(self._far)

    def __repr__(self) -> str:
        """No key, no PIN."""
        return f"SimulatedPinpad({self.path})"

    def __enter__(self) -> SimulatedPinpad:
        asyncio.get_running_loop().add_reader(self._line, self._hear)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.unplug()

    @property
    def is_asking(self) -> bool:
        """Whether a PIN is being typed."""
        return self._entry is not None

    def press(self, *keys: str) -> None:
        """Digits, "clear", "enter", "cancel"; without an entry they are for nobody."""
        for key in keys:
            if self._entry is not None:
                self._entry.press(key)

    def open(self) -> None:
        """Somebody opens the pad: it has no keys any more."""
        self._tmks.clear()
        self._piks.clear()
        self._is_tampered = True

    def unplug(self) -> None:
        """The line is gone."""
        if self._entry is not None:
            self._entry.forget()
            self._entry = None
        if self._line >= 0:
            asyncio.get_running_loop().remove_reader(self._line)
            os.close(self._line)
            os.close(self._far)
            self._line = -1

    def say(self, raw: bytes) -> None:
        """Bytes on the line, whatever they are."""
        os.write(self._line, raw)

    def _hear(self) -> None:
        for heard in self._frames.take(os.read(self._line, CHUNK)):
            if self.is_mute:
                continue
            match heard:
                case Again():
                    self._send(self._last)
                case Damaged():
                    self.say(NAK)
                case Said():
                    self._obey(heard)

    def _obey(self, said: Said) -> None:
        works: dict[int, Callable[[Said], None]] = {
            Word.LOAD_KEY: self._load,
            Word.ONLINE_PIN: self._online,
            Word.CARD_PIN: self._card,
            Word.ENCIPHER: self._encipher,
            Word.CANCEL: self._cancel,
        }
        if self._is_tampered:
            return self._answer(said, Status.TAMPERED)
        try:
            works[said.word](said)
        except KeyMissing:
            self._answer(said, Status.KEY_MISSING)
        except (KeyRefused, LookupError, ValueError):  # or a question that is none
            self._answer(said, Status.REFUSED)

    def _load(self, said: Said) -> None:
        slot, cipher, check, wrapped = said.data[0], said.data[1], said.data[2:KEY_AT], said.data[KEY_AT:]
        name = CIPHER_NAMES[cipher]
        if (slot, name) not in self._tmks:
            raise KeyMissing
        rule = cipher_of(name)
        key = rule.decrypt(self._tmks[slot, name], wrapped)
        if rule.check_value(key) != check:
            raise KeyRefused
        self._piks[name] = key
        self._answer(said, Status.DONE)

    def _online(self, said: Said) -> None:
        rule, pan = format_of(FORMAT_NAMES[said.data[0]]), said.data[1 + ENTRY :].decode("ascii")
        if rule.cipher not in self._piks:
            raise KeyMissing
        key = self._piks[rule.cipher]
        self._ask(said, said.data[1 : 1 + ENTRY], lambda pin: rule.seal(key, pin, pan))

    def _card(self, said: Said) -> None:
        def kept(pin: str) -> bytes:
            self._card_pin = pin
            return b""

        self._ask(said, said.data, kept)

    def _encipher(self, said: Said) -> None:
        pin, self._card_pin = self._card_pin, ""
        challenge, size = said.data[:CHALLENGE], said.data[CHALLENGE]
        exponent, modulus = said.data[CHALLENGE + 1 :][:size], said.data[CHALLENGE + 1 + size :]
        key = PublicKey(modulus, int.from_bytes(exponent))
        self._answer(said, Status.DONE, enciphered(pin, key, challenge))

    def _cancel(self, said: Said) -> None:
        if self._entry is not None:
            self._entry.end(Status.CANCELLED)

    def _ask(self, said: Said, limits: bytes, use: Callable[[str], bytes]) -> None:
        def ended(status: Status, pin: str) -> None:
            self._entry = None
            try:
                self._answer(said, status, use(pin) if status is Status.DONE else b"")
            except KeyRefused:  # a PAN that is none
                self._answer(said, Status.REFUSED)

        def typed(count: int) -> None:
            self._send(framed(Said(said.number, Word.TYPED, bytes((count,)))))

        if self._entry is not None:
            self._entry.end(Status.CANCELLED)
        self._entry = _Entry(limits, typed, ended)

    def _answer(self, said: Said, status: Status, data: bytes = b"") -> None:
        self._send(framed(Said(said.number, said.word, bytes((status,)) + data)))

    def _send(self, frame: bytes) -> None:
        self._last = frame
        if self.spoils:
            self.spoils -= 1
            frame = frame[:-1] + bytes((frame[-1] ^ 0xFF,))
        elif self.cuts:
            self.cuts -= 1
            frame = frame[:-1]
        self.say(frame)


class _Entry:
    """Digits until a key ends it, or the time does. A key that changes nothing gives no more time."""

    def __init__(self, limits: bytes, typed: Callable[[int], None], ended: Callable[[Status, str], None]) -> None:
        self._least, self._most, self._may_skip, first, self._between = limits
        self._typed, self._ended, self._digits = typed, ended, ""
        self._wait(first)
        typed(0)

    def press(self, key: str) -> None:
        """One key."""
        count = len(self._digits)
        if key == "cancel":
            self.end(Status.CANCELLED)
        elif key == "enter" and (self._least <= count or (self._may_skip and not count)):
            self.end(Status.DONE if count else Status.NO_PIN)
        elif key == "enter":
            self._tell()
        elif key == "clear" and count:
            self._digits = self._digits[:-1]
            self._tell()
        elif key.isdecimal() and count < self._most:
            self._digits += key
            self._tell()

    def end(self, status: Status) -> None:
        """Over; the digits are handed on, once."""
        digits, self._digits = self._digits, ""
        self.forget()
        self._ended(status, digits)

    def forget(self) -> None:
        """The time no longer runs."""
        self._timer.cancel()

    def _tell(self) -> None:
        self._timer.cancel()
        self._wait(self._between)
        self._typed(len(self._digits))

    def _wait(self, seconds: int) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self.end, Status.TIMED_OUT)
