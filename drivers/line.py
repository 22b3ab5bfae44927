"""The line to the acquirer: TLS over TCP, two addresses. Law: not one byte to who is not proven.

| connect         | goes to                                                               | when that fails           |
|-----------------|-----------------------------------------------------------------------|---------------------------|
| ""              | the preferred address: the primary, or the one that last worked       | the other, then LinkDown  |
| a given address | that one only: the other may not know its exchange, and pay it twice  | LinkDown                  |

An address fails when it refuses, hangs for its share of the connect deadline, cannot be proven (drivers/tls.py) or
loses a connection; the next new exchange then begins with the other. An open one never moves.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator

from drivers.tls import Proof, reason_of
from drivers.wrap import MOST, LengthWrap, Wrap
from terminal.iso8583.length import BINARY_2, LengthForm
from terminal.ports import LinkDown, LinkLost

USER_TIMEOUT_MS = 20_000  # unacknowledged bytes for this long mean that the bearer is gone


class TcpConnection:
    """A Connection port over one stream. `is_lost` says that it broke."""

    def __init__(self, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wrap: Wrap) -> None:
        self.address, self.is_lost = address, False
        self._reader, self._writer, self._wrap = reader, writer, wrap

    async def send(self, frame: bytes) -> None:
        packed = self._wrap.packed(frame)
        with self._losing("while sending"):
            self._writer.write(packed)
            await self._writer.drain()

    async def receive(self) -> bytes:
        with self._losing("before the answer was whole"):
            return await self._wrap.read(self._reader)

    def hang_up(self) -> None:
        """At once: our goodbye goes out, the other's is not waited for."""
        if not self._writer.is_closing():  # Python 3.11 forgets the stream at a second close
            self._writer.close()
        self._writer.transport.abort()

    @contextlib.contextmanager
    def _losing(self, moment: str) -> Iterator[None]:
        try:
            yield
        except LinkLost:
            self.is_lost = True
            raise
        except (OSError, EOFError) as error:  # ssl.SSLError is an OSError
            self.is_lost = True
            raise LinkLost(f"the line broke {moment}: {reason_of(error)}") from error


class TcpLine:
    """The Line port.

    `addresses` are one or two "host:port", the primary first. `proof` None is plain TCP, by explicit configuration
    only. `http_path` "" is the bare stream, else each message is a POST to it. `connect_seconds` is for all addresses.
    """

    def __init__(
        self,
        addresses: tuple[str, ...],
        proof: Proof | None,
        *,
        length: LengthForm = BINARY_2,
        http_path: str = "",
        connect_seconds: float = 15.0,
    ) -> None:
        self._addresses, self._proof = addresses, proof
        self._length, self._http_path, self._connect_seconds = length, http_path, connect_seconds
        self._preferred = addresses[0]

    @contextlib.asynccontextmanager
    async def connect(self, address: str = "") -> AsyncIterator[TcpConnection]:
        """Raises LinkDown: refused, hanging, not proven, or an address that is not configured."""
        if address and address not in self._addresses:
            raise LinkDown(f"the acquirer's address {address} is no longer configured")
        connection = await self._first(self._in_order() if not address else (address,))
        if not address:
            self._preferred = connection.address
        try:
            yield connection
        finally:
            connection.hang_up()
            if connection.is_lost:
                self._leave(connection.address)

    def _in_order(self) -> tuple[str, ...]:
        start = self._addresses.index(self._preferred)
        return self._addresses[start:] + self._addresses[:start]

    def _leave(self, address: str) -> None:
        if address == self._preferred:
            self._preferred = self._in_order()[-1]

    async def _first(self, addresses: tuple[str, ...]) -> TcpConnection:
        """The first that can be opened; each has its share of the time that is left."""
        loop, failures = asyncio.get_running_loop(), []
        end = loop.time() + self._connect_seconds
        for place, address in enumerate(addresses):
            share = (end - loop.time()) / (len(addresses) - place)
            try:
                async with asyncio.timeout(share):
                    return await self._open(address)
            except TimeoutError:
                failures.append(f"{address} does not answer")
            except LinkDown as error:
                failures.append(f"{address}: {error}")
            self._leave(address)
        raise LinkDown("no connection to the acquirer: " + "; ".join(failures))

    async def _open(self, address: str) -> TcpConnection:
        host, _, port = address.rpartition(":")
        context = self._proof.context if self._proof else None
        try:
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port), ssl=context, limit=MOST)
        except ssl.SSLError as error:
            raise LinkDown(f"the server could not be proven: {reason_of(error)}") from error
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that cannot be one
            raise LinkDown(reason_of(error)) from error
        try:
            if self._proof:
                self._proof.check(writer.get_extra_info("ssl_object"))
            tune(writer.get_extra_info("socket"))
        except (LinkDown, OSError) as error:
            writer.transport.abort()
            raise LinkDown(str(error)) from error
        return TcpConnection(address, reader, writer, self._wrap(address))

    def _wrap(self, address: str) -> Wrap:
        if not self._http_path:
            return LengthWrap(self._length)
        from drivers.http_wrap import HttpWrap

        return HttpWrap(address, self._http_path, self._length)


def tune(stream: socket.socket) -> None:
    """A message is one write and goes at once; a dead bearer is noticed."""
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
