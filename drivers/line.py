"""The line to the acquirer: TLS over TCP, two addresses, one message in flight. Law: no byte to who is not proven.

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
from drivers.wrap import MOST, HttpWrap, LengthWrap, Wrap
from terminal.iso8583.length import BINARY_2, LengthForm
from terminal.ports import LinkDown, LinkLost

USER_TIMEOUT_MS = 20_000  # unacknowledged bytes for this long mean that the bearer is gone


class Turn:
    """One message in flight on the whole line: from its sending until its answer is whole, given up or lost."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def wait(self) -> None:
        """Until none is in flight."""
        async with self._lock:
            pass

    def part(self) -> Part:
        """One connection's part in it."""
        return Part(self._lock)


class Part:
    """A question and its answer by turns on one connection. An answer that was not heard out ends the connection."""

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock
        self._is_owed = self._is_in_flight = False

    async def begin(self) -> None:
        """Wait for the turn. Raises LinkLost when an earlier answer is still owed: nothing was sent."""
        if self._is_owed:
            raise LinkLost("nothing was sent: an earlier answer is still owed on this connection")
        await self._lock.acquire()
        self._is_owed = self._is_in_flight = True

    def answered(self) -> None:
        """The answer is whole."""
        self._is_owed = False
        self.end()

    def end(self) -> None:
        """Nothing of this connection is in flight any more."""
        if self._is_in_flight:
            self._is_in_flight = False
            self._lock.release()


class TcpConnection:
    """A Connection port over one stream. `is_lost` says that it broke."""

    def __init__(
        self, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wrap: Wrap, part: Part
    ) -> None:
        self.address, self.is_lost = address, False
        self._reader, self._writer, self._wrap, self._part = reader, writer, wrap, part

    async def send(self, frame: bytes) -> None:
        await self._part.begin()
        try:
            packed = self._wrap.packed(frame)
            with self._losing("while sending"):
                self._writer.write(packed)
                await self._writer.drain()
        except BaseException:
            self._part.end()
            raise

    async def receive(self) -> bytes:
        try:
            with self._losing("before the answer was whole"):
                answer = await self._wrap.read(self._reader)
            self._part.answered()
        finally:
            self._part.end()
        return answer

    def hang_up(self) -> None:
        """At once: our goodbye goes out, the other's is not waited for."""
        self._part.end()
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
        self._preferred, self._turn = addresses[0], Turn()

    @contextlib.asynccontextmanager
    async def connect(self, address: str = "") -> AsyncIterator[TcpConnection]:
        """Raises LinkDown: refused, hanging, not proven, or an address that is not configured."""
        if address and address not in self._addresses:
            raise LinkDown(f"the acquirer's address {address} is no longer configured")
        await self._turn.wait()
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
        wrap = HttpWrap(address, self._http_path, self._length) if self._http_path else LengthWrap(self._length)
        return TcpConnection(address, reader, writer, wrap, self._turn.part())


def tune(stream: socket.socket) -> None:
    """A message is one write and goes at once; a dead bearer is noticed."""
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
