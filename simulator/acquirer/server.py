"""The bank behind TLS on 127.0.0.1, many terminals at once. Law: frames in, frames out; faults decide what is heard.

A frame on the line is a 2-byte big-endian length and so many bytes (cup.md 1.1). While the line is down a connection
is dropped before its handshake, which a terminal sees as a refused one.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path

from simulator.acquirer.faults import Faults, LineState, pass_on
from simulator.acquirer.host import Host
from terminal.ports import LinkLost

LOOPBACK = "127.0.0.1"
LENGTH_SIZE = 2
HANDSHAKE_SECONDS = 10.0


class Server:
    """A running bank; `port` is the one it got. Ends with `close`."""

    def __init__(self, host: Host, faults: Faults, context: ssl.SSLContext, listener: socket.socket) -> None:
        self._host, self._faults, self._context, self._listener = host, faults, context, listener
        self.port: int = listener.getsockname()[1]
        self._talks: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept())

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up on everybody."""
        tasks = [self._accepting, *self._talks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listener.close()

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
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, LinkLost, OSError):
                while True:
                    await self._exchange(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _secured(self, caller: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol, caller, ssl=self._context, ssl_handshake_timeout=HANDSHAKE_SECONDS
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(LENGTH_SIZE))
        heard = pass_on(self._host, self._faults, await reader.readexactly(length))
        if heard.frame is None:
            return
        answer = await heard.wait()
        writer.write(len(answer).to_bytes(LENGTH_SIZE) + answer)
        await writer.drain()


async def serve(host: Host, faults: Faults, certificates: Path, port: int = 0) -> Server:
    """Listen on 127.0.0.1 with server.pem and server.key of `certificates`; port 0 takes a free one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    listener = socket.create_server((LOOPBACK, port))
    listener.setblocking(False)
    return Server(host, faults, context, listener)
