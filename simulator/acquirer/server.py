"""The bank on 127.0.0.1, many terminals at once. Law: frames in, frames out; faults decide what is heard.

TLS, or plain TCP where that is asked for by name; a frame after its length in the dialect's form, or in a POST (cup.md
1.1). A connection carries as many messages as its terminal likes, one after the other. While the line is down a
connection is dropped before its handshake, which a terminal sees as a refused one.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from simulator.acquirer.channel import Channel
from simulator.acquirer.clerk import Clerk
from simulator.acquirer.faults import Faults, Heard, LineState
from simulator.acquirer.host import Host
from simulator.acquirer.stream import STREAMS, HttpRefused, Stream, WrapName
from terminal.ports import LinkLost

T = TypeVar("T")
LOOPBACK = "127.0.0.1"
HANDSHAKE_SECONDS = 10.0
CALLERS_WAITING = 512  # a whole shopping mall may call at once


class Server:
    """A running bank; `port` is the one it got. Ends with `close`."""

    def __init__(
        self, host: Host, faults: Faults, context: ssl.SSLContext | None, listener: socket.socket, wrap: WrapName
    ) -> None:
        self._host, self._faults, self._context, self._listener, self._wrap = host, faults, context, listener, wrap
        self.port: int = listener.getsockname()[1]
        self._clerk = Clerk(host)
        self._talks: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept())

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up on everybody; what the bank has begun is finished."""
        tasks = [self._accepting, *self._talks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listener.close()
        await self._clerk.close()

    def do(self, work: Callable[[], T]) -> T:
        """Something short with the books, between two messages: while the bank is open they are its thread's."""
        return self._clerk.do(work)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            caller, _ = await loop.sock_accept(self._listener)
            if self._faults.state is LineState.DOWN:
                caller.close()
                continue
            talk = asyncio.create_task(self._talk(caller))
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)

    async def _talk(self, caller: socket.socket) -> None:
        try:
            reader, writer = await self._secured(caller)
        except (OSError, TimeoutError):  # an SSLError is an OSError: a caller that does not trust us
            caller.close()
            return
        stream, channel = STREAMS[self._wrap](self._host.dialect.frame.length), Channel()
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, LinkLost, OSError):
                while True:
                    await self._exchange(stream, channel, reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _secured(self, caller: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol,
            caller,
            ssl=self._context,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if self._context else None,
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _exchange(
        self, stream: Stream, channel: Channel, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            frame = await stream.read(reader)
        except HttpRefused as refusal:
            writer.write(refusal.answer)
            raise
        passage = self._faults.meet(frame, self._host.dialect)
        heard = passage.heard(await self._clerk.answers(passage))
        for each in channel.due(heard):
            await self._say(each, stream, writer)

    async def _say(self, heard: Heard, stream: Stream, writer: asyncio.StreamWriter) -> None:
        if heard.delay:
            await asyncio.sleep(heard.delay)
        if self._faults.state is LineState.DOWN:
            raise LinkLost("the line broke before the answer")
        writer.write(stream.packed(heard.frame or b"", heard.cut))
        await writer.drain()
        if heard.cut is not None:
            raise LinkLost("the line broke in the answer")


async def serve(
    host: Host,
    faults: Faults,
    certificates: Path | None,
    port: int = 0,
    *,
    asks_certificate: bool = False,
    wrap: WrapName = "length",
) -> Server:
    """Listen on 127.0.0.1 with server.pem and server.key of `certificates`; port 0 takes a free one.

    `certificates` None is plain TCP. With `asks_certificate` a terminal must show one under ca.pem there.
    """
    context = _context(certificates, asks_certificate) if certificates is not None else None
    listener = socket.create_server((LOOPBACK, port), backlog=CALLERS_WAITING)
    listener.setblocking(False)
    return Server(host, faults, context, listener, wrap)


def _context(certificates: Path, asks_certificate: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.num_tickets = 0  # the terminal resumes no session
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    if asks_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates / "ca.pem")
    return context
