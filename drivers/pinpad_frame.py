"""What is said on the serial line of a PIN pad, as bytes. Law: docs/pin-pad.md; a damaged frame is not half believed.

| STX | length                            | number          | word   | data | ETX | LRC                    |
|-----|-----------------------------------|-----------------|--------|------|-----|------------------------|
| 02  | 2 bytes: how many from number to data | of the question | 1 byte |      | 03  | XOR from length to ETX |

A NAK (15) between frames says that the last one arrived damaged: it is sent again, as it was.

>>> framed(Said(7, Word.TYPED, bytes([4]))).hex().upper()
'0200030754040357'
>>> [heard.data.hex() for heard in Frames().take(bytes.fromhex("FF0200030754040357"))]
['04']
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator
from enum import IntEnum

import msgspec

STX, ETX, NAK = 0x02, 0x03, 0x15
LENGTH, HEAD, TAIL = 2, 2, 2  # bytes: of the length; number and word; ETX and LRC
LONGEST = 1024  # from number to data: an issuer's key has 248 bytes (EMV 4.4 Book 2, 5.1)


class Word(IntEnum):
    """The first is what an entry tells while it lasts, the others are questions and the answers to them."""

    TYPED = ord("T")  # how many digits there are: 1 byte
    LOAD_KEY = ord("K")
    ONLINE_PIN = ord("P")
    CARD_PIN = ord("C")
    ENCIPHER = ord("E")
    CANCEL = ord("X")  # has no answer of its own: the entry that it ends answers


class Status(IntEnum):
    """The first byte of an answer's data."""

    DONE = 0
    NO_PIN = 1  # the cardholder confirmed on nothing
    CANCELLED = 2
    TIMED_OUT = 3
    KEY_MISSING = 4
    REFUSED = 5
    TAMPERED = 6  # the pad was opened and has no keys any more


class Said(msgspec.Struct, frozen=True):
    """One frame. `data` may be an account or a PIN block, so it is not shown."""

    number: int
    word: int
    data: bytes = b""

    def __repr__(self) -> str:
        return f"Said({self.number}, {self.word:#04x}, {len(self.data)} bytes)"


class Damaged(msgspec.Struct, frozen=True):
    """A frame that did not arrive whole; what came with it is lost."""


class Again(msgspec.Struct, frozen=True):
    """A NAK."""


class Frames:
    """Makes frames of the bytes as they come."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def has_begun(self) -> bool:
        """Whether a piece of a frame waits for the rest."""
        return bool(self._rest)

    def take(self, more: bytes) -> Iterator[Said | Damaged | Again]:
        """What is whole now. Bytes between frames are noise."""
        self._rest += more
        while self._rest:
            first = self._rest[0]
            if first != STX:
                self._rest = self._rest[1:]
                if first == NAK:
                    yield Again()
                continue
            size = int.from_bytes(self._rest[1 : 1 + LENGTH])
            end = 1 + LENGTH + size + TAIL
            if len(self._rest) > LENGTH and not HEAD <= size <= LONGEST:
                self._rest = b""
                yield Damaged()
            elif len(self._rest) <= LENGTH or len(self._rest) < end:
                return
            else:
                frame, self._rest = self._rest[:end], self._rest[end:]
                if _is_whole(frame):
                    yield Said(frame[1 + LENGTH], frame[2 + LENGTH], frame[1 + LENGTH + HEAD : -TAIL])
                else:
                    self._rest = b""
                    yield Damaged()


def framed(said: Said) -> bytes:
    """The bytes of one frame."""
    body = bytes((said.number, said.word)) + said.data
    checked = len(body).to_bytes(LENGTH) + body + bytes((ETX,))
    return bytes((STX,)) + checked + bytes((_xor(checked),))


def _is_whole(frame: bytes) -> bool:
    return frame[-TAIL] == ETX and frame[-1] == _xor(frame[1:-1])


def _xor(data: bytes) -> int:
    return functools.reduce(operator.xor, data, 0)
