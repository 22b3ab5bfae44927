"""Servers on loopback for the line's tests: each counts what it is told, and ends with its context. TEST KEYS ONLY."""

import asyncio
import contextlib
import socket
import ssl

from drivers.line import TcpLine
from drivers.tls import Proof, client_context
from keys.certificates import public_key_pin

HERE = "127.0.0.1"
APPLICATION_DATA = 23  # RFC 8446, 5.1: the type of a record that carries what is said
RECORD_HEADER = 5
PATIENCE = 5.0  # seconds no test should ever reach
ECHO = bytes.fromhex(  # 0820/301 (cup.md 2.8) of the test branch: TPDU, header, MTI, bitmap, F41, F42, F60
    "6000030000 603100311108 0820 0000 0000 00C0 0010 3130303030303031 383938313030303132333435363738"
    "0011 0000 0001 3010"
)


def is_echo_answer(frame):
    return frame[11:13] == b"\x08\x30"


class Listening:
    """A running server. `callers` counts TCP connections, `heard` is what they said, `address` where it is."""

    def __init__(self):
        self.callers, self.heard, self.address, self._talks = 0, bytearray(), "", set()
        self._called = asyncio.Event()

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    @contextlib.asynccontextmanager
    async def serving(self, talk, context=None):
        """`talk(self, reader, writer)` holds each conversation; with a TLS context it begins after the handshake."""
        with socket.create_server((HERE, 0)) as listener:
            listener.setblocking(False)
            self.address = "{}:{}".format(*listener.getsockname())
            accepting = asyncio.create_task(self._accept(listener, talk, context))
            try:
                yield self
            finally:
                for task in (accepting, *self._talks):
                    task.cancel()
                await asyncio.gather(accepting, *self._talks, return_exceptions=True)

    async def settled(self, callers=1):
        """So many have called, all have hung up, and all they said is taken down."""
        async with asyncio.timeout(PATIENCE):
            while self.callers < callers:
                self._called.clear()
                await self._called.wait()
            await asyncio.gather(*self._talks)

    async def _accept(self, listener, talk, context):
        while True:
            caller, _ = await asyncio.get_running_loop().sock_accept(listener)
            self._talks.add(asyncio.create_task(self._talk(caller, talk, context)))
            self.callers += 1
            self._called.set()

    async def _talk(self, caller, talk, context):
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError, EOFError):
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, caller, ssl=context)
            try:
                await talk(self, reader, asyncio.StreamWriter(transport, protocol, reader, loop))
            finally:
                transport.abort()


async def listen(server, reader, writer):
    """Take down all that is said."""
    while data := await reader.read(4096):
        server.heard += data


def listen_raw(*replies, is_hanging=False):
    """A server on bare TCP: one reply after each piece it hears; then it hangs up, or for ever says nothing."""

    async def talk(server, reader, writer):
        for reply in replies:
            server.heard += await reader.read(4096)
            writer.write(reply)
        while is_hanging and (data := await reader.read(4096)):
            server.heard += data

    return talk


def application_bytes(raw):
    """How many bytes of a TLS client's stream are application data, or no TLS record at all (RFC 8446, 5.1)."""
    count, at = 0, 0
    while at < len(raw):
        kind, length = raw[at], int.from_bytes(raw[at + 3 : at + RECORD_HEADER])
        if kind not in (20, 21, 22, APPLICATION_DATA):
            return count + len(raw) - at
        count += length if kind == APPLICATION_DATA else 0
        at += RECORD_HEADER + length
    return count


def server_context(folder, stem="server"):
    """A good server, or as bad a one as its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0  # writing them to a caller who hung up would cost us what he said before
    context.set_ciphers("ALL:@SECLEVEL=0")  # it would show any certificate
    context.load_cert_chain(folder / f"{stem}.pem", folder / f"{stem}.key")
    return context


def proof(folder, *pins, floor="1.3"):
    return Proof(client_context(folder / "ca.pem", floor), frozenset(pins), public_key_pin)


def line_to(*addresses, proof, **options):
    return TcpLine(addresses, proof, **{"connect_seconds": PATIENCE, **options})


@contextlib.contextmanager
def nobody():
    """An address where nobody listens, and nobody else will while the test runs."""
    with socket.socket() as bound:
        bound.bind((HERE, 0))
        yield "{}:{}".format(*bound.getsockname())
