"""Screens out, Events in, over a Unix socket. Law: a front holds no state; whoever attaches is shown the last Screen.

Frames are a 4-byte big-endian length and a msgpack body: `Shown` from the core, one `Event` from the front.
The core listens, fronts connect. A front may die and come back in the middle of a refund: nothing is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from terminal.events import Event, FrontAttached, FrontDetached
from terminal.screens import Shown

LENGTH = struct.Struct(">I")
MAX_FRAME = 1 << 20  # a Screen is a few hundred bytes; anything near this is no front
_events: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)
_shown: msgspec.msgpack.Decoder[Shown] = msgspec.msgpack.Decoder(Shown)


async def _frames(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Whole frames until the peer leaves or sends one that is too long."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
            if length > MAX_FRAME:
                return
            yield await reader.readexactly(length)


def _framed(body: bytes) -> bytes:
    return LENGTH.pack(len(body)) + body


class FrontLink:
    """The core's end: a Front port over a socket that any number of fronts may join."""

    def __init__(self) -> None:
        self._last: Shown | None = None
        self._fronts: dict[asyncio.StreamWriter, str] = {}
        self._inbox: asyncio.Queue[Event] = asyncio.Queue()
        self._server: asyncio.Server | None = None

    async def listen(self, path: Path) -> None:
        """Open the socket (mode 0660). A stale file of an earlier run is replaced."""
        path.unlink(missing_ok=True)
        mask = os.umask(0o117)
        try:
            self._server = await asyncio.start_unix_server(self._attached, path=str(path))
        finally:
            os.umask(mask)

    async def close(self) -> None:
        """Stop listening and let every front go."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._fronts):
            writer.close()

    def show(self, shown: Shown) -> None:
        """Send to every front; a front too slow to read gets only what still fits."""
        self._last = shown
        body = _framed(msgspec.msgpack.encode(shown))
        for writer in self._fronts:
            if not writer.is_closing():
                writer.write(body)

    async def event(self) -> Event:
        """The next event of any front."""
        return await self._inbox.get()

    async def _attached(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._fronts[writer] = ""
        if self._last is not None:
            writer.write(_framed(msgspec.msgpack.encode(self._last)))
        try:
            async for body in _frames(reader):
                event = _events.decode(body)
                if isinstance(event, FrontAttached):
                    self._fronts[writer] = event.name
                self._inbox.put_nowait(event)
        except msgspec.DecodeError:
            pass  # not a front: let it go
        finally:
            name = self._fronts.pop(writer, "")
            self._inbox.put_nowait(FrontDetached(name))
            writer.close()


class CoreLink:
    """A front's end. `async with CoreLink.attach(path, me) as link: async for shown in link.screens(): ...`"""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    @contextlib.asynccontextmanager
    async def attach(cls, path: Path, me: FrontAttached) -> AsyncIterator[CoreLink]:
        """Raises OSError while the core does not listen."""
        reader, writer = await asyncio.open_unix_connection(str(path))
        link = cls(reader, writer)
        try:
            link.report(me)
            yield link
        finally:
            writer.close()

    def report(self, event: Event) -> None:
        """Send one event; never blocks."""
        if not self._writer.is_closing():
            self._writer.write(_framed(msgspec.msgpack.encode(event)))

    async def screens(self) -> AsyncIterator[Shown]:
        """Every Screen until the core goes away."""
        async for body in _frames(self._reader):
            yield _shown.decode(body)
