"""A message in a POST, its answer in the response (cup.md 1.1). Law: whatever is no such answer is no answer.

A file of its own: h11 is imported only where an acquirer wants its messages wrapped.
"""

from __future__ import annotations

import asyncio

import h11

from drivers.wrap import CR_LF, MOST, LengthWrap
from terminal.iso8583.length import LengthForm
from terminal.ports import LinkLost

MOST_HEADERS = 8192  # bytes of the headers of an answer
PIECE = 4096
OK = 200
HEADERS = (  # cup.md 1.1, in its order and spelling; HOST comes before, Content-Length after
    ("User-Agent", "Donjin Http 0.1"),
    ("Cache-Control", "no-cache"),
    ("Content-Type", "x-ISO-TPDU/x-auth"),
    ("Accept", "*/*"),
)


class HttpWrap:
    """One POST per message, its body LEN and the message; so is the body of the answer (cup.md 1.1)."""

    def __init__(self, address: str, path: str, length: LengthForm) -> None:
        self._address, self._path = address, path
        self._inner, self._most = LengthWrap(length), length.size + MOST + len(CR_LF)
        self._http = _new_cycle()

    def packed(self, frame: bytes) -> bytes:
        if self._http.our_state is not h11.IDLE:
            is_over = (self._http.our_state, self._http.their_state) == (h11.DONE, h11.DONE)
            if not is_over or self._http.trailing_data[0] not in (b"", CR_LF):
                raise LinkLost("nothing was sent: the server ends the connection after its answer")
            self._http = _new_cycle()
        body = self._inner.packed(frame)
        headers = [("HOST", self._address), *HEADERS, ("Content-Length", str(len(body)))]
        post = h11.Request(method="POST", target=self._path, headers=headers)
        return b"".join(self._http.send(event) or b"" for event in (post, h11.Data(body), h11.EndOfMessage()))

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        if self._http.our_state is h11.IDLE or self._http.their_state in (h11.DONE, h11.CLOSED, h11.ERROR):
            raise LinkLost("nothing was asked: the server answers a message once")
        body = bytearray()
        self._http.receive_data(await _begun(reader))
        while True:
            match await self._event(reader):
                case h11.Response(status_code=status) if status != OK:
                    raise LinkLost(f"the server answers with HTTP status {status}")
                case h11.Data(data=data):
                    body += data
                case h11.EndOfMessage():
                    return self._inner.unpacked(bytes(body))
            if len(body) > self._most:
                raise LinkLost("the answer cannot be read: its body is too long")

    async def _event(self, reader: asyncio.StreamReader) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await reader.read(PIECE))
        except h11.RemoteProtocolError:  # its words may quote the answer
            raise LinkLost("the server does not speak HTTP as it must") from None
        if isinstance(event, h11.ConnectionClosed):
            raise LinkLost("the line broke before the answer")
        return event


def _new_cycle() -> h11.Connection:
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEADERS)


async def _begun(reader: asyncio.StreamReader) -> bytes:
    """The first bytes of an answer, or none at the end. A line end before it belongs to the one before."""
    while piece := await reader.read(PIECE):
        if answer := piece.lstrip(CR_LF):
            return answer
    return b""
