"""How one message lies on the stream: after its length, or in a POST. Law: no memory follows a length unchecked.

A wrap holds the state of one connection and moves nothing: `packed` gives bytes, `read` takes them from a reader.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from terminal.iso8583.length import LengthForm, LengthWrong
from terminal.ports import LinkLost

CR_LF = b"\r\n"  # some append it to a body and do not count it (cup.md 1.1)
MOST = 8192  # bytes of an answer; the longest of the dialects is under 2000


class Wrap(Protocol):
    """What a connection needs to know."""

    def packed(self, frame: bytes) -> bytes:
        """All bytes that go out for one message. Raises LinkLost when it cannot be said on this connection."""
        ...

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """One message. Raises LinkLost, and what the reader raises."""
        ...


class LengthWrap:
    """LEN, then so many bytes (cup.md 1.1). A read that is given up half way is gone on with by the next."""

    def __init__(self, length: LengthForm) -> None:
        self._length, self._due = length, 0

    def packed(self, frame: bytes) -> bytes:
        try:
            return self._length.packed(len(frame)) + frame
        except LengthWrong as error:
            raise LinkLost(f"nothing was sent: {error}") from None

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        if not self._due:
            self._due = self.announced(await reader.readexactly(self._length.size))
        frame = await reader.readexactly(self._due)
        self._due = 0
        return frame

    def unpacked(self, body: bytes) -> bytes:
        """The message in a body that ended. Raises LinkLost unless the body is LEN and so many bytes."""
        size = self._length.size
        length = self.announced(body[:size])
        message, rest = body[size : size + length], body[size + length :]
        if len(message) < length or rest not in (b"", CR_LF):
            raise LinkLost("the answer is not as long as it says")
        return message

    def announced(self, raw: bytes) -> int:
        """Raises LinkLost for what no answer can have: nothing, or more than MOST."""
        try:
            length = self._length.parsed(raw)
        except LengthWrong as error:
            raise LinkLost(f"the answer cannot be read: {error}") from None
        if not 0 < length <= MOST:
            raise LinkLost(f"the answer cannot be read: a length of {length}")
        return length
