"""How messages lie on a connection at the bank's end: after their length, or in a POST (cup.md 1.1).

Law: a wrap moves bytes and knows no message; `cut` is how many bytes of the frame still go out before the line breaks.
"""

from __future__ import annotations

import asyncio
from typing import Literal, Protocol

import h11

from terminal.iso8583.length import LengthForm, LengthWrong
from terminal.ports import LinkLost

WrapName = Literal["length", "http"]
CR_LF = b"\r\n"  # some append it to a body and do not count it (cup.md 1.1)
MOST_BODY = 65_536
PIECE = 4_096
ANSWER_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: x-ISO-TPDU/x-auth\r\nContent-Length: {}\r\n\r\n"


class HttpRefused(LinkLost):
    """What is no POST of a message. `answer` is said before the bank hangs up."""

    def __init__(self, status: str) -> None:
        super().__init__(f"answered with HTTP status {status}")
        self.answer = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()


class Stream(Protocol):
    """What a connection needs to know of its wrap."""

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """The next frame. Raises LinkLost, and what the reader raises."""
        ...

    def packed(self, frame: bytes, cut: int | None) -> bytes:
        """All bytes that go out of an answer."""
        ...


class LengthStream:
    """LEN, then so many bytes."""

    def __init__(self, length: LengthForm) -> None:
        self._length = length

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        try:
            length = self._length.parsed(await reader.readexactly(self._length.size))
        except LengthWrong as error:
            raise LinkLost(str(error)) from None
        return await reader.readexactly(length)

    def packed(self, frame: bytes, cut: int | None) -> bytes:
        return _cut(b"", self._length.packed(len(frame)), frame, cut)


class HttpStream:
    """One POST per message, to any path; its body is LEN and the frame, and so is the answer's."""

    def __init__(self, length: LengthForm) -> None:
        self._length, self._rest = length, b""

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        http, body = h11.Connection(h11.SERVER), bytearray()
        await self._skip_blank(reader)
        http.receive_data(self._rest)
        while True:
            match await self._event(http, reader):
                case h11.Request(method=method) if method != b"POST":
                    raise HttpRefused("405 Method Not Allowed")
                case h11.Data(data=data):
                    body += data
                case h11.EndOfMessage():
                    self._rest = http.trailing_data[0]
                    return self._unpacked(bytes(body))
                case h11.ConnectionClosed():
                    raise LinkLost("the terminal hung up")
            if len(body) > MOST_BODY:
                raise HttpRefused("413 Content Too Large")

    def packed(self, frame: bytes, cut: int | None) -> bytes:
        length = self._length.packed(len(frame))
        return _cut(ANSWER_HEAD.format(len(length) + len(frame)).encode(), length, frame, cut)

    async def _skip_blank(self, reader: asyncio.StreamReader) -> None:
        """Until the first byte of a request is there."""
        while not (rest := self._rest.lstrip(CR_LF)):
            self._rest = await reader.read(PIECE)
            if not self._rest:
                raise LinkLost("the terminal hung up")
        self._rest = rest

    async def _event(self, http: h11.Connection, reader: asyncio.StreamReader) -> object:
        try:
            while (event := http.next_event()) is h11.NEED_DATA:
                http.receive_data(await reader.read(PIECE))
        except h11.RemoteProtocolError:  # its words may quote the request
            raise HttpRefused("400 Bad Request") from None
        return event

    def _unpacked(self, body: bytes) -> bytes:
        size = self._length.size
        try:
            length = self._length.parsed(body[:size])
        except LengthWrong:
            raise HttpRefused("400 Bad Request") from None
        frame, rest = body[size : size + length], body[size + length :]
        if len(frame) < length or rest not in (b"", CR_LF):
            raise HttpRefused("400 Bad Request")
        return frame


STREAMS: dict[str, type[LengthStream] | type[HttpStream]] = {"length": LengthStream, "http": HttpStream}


def _cut(head: bytes, length: bytes, frame: bytes, cut: int | None) -> bytes:
    if cut is None:
        return head + length + frame
    return head + length + frame[:cut] if cut else b""
