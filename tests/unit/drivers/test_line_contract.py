"""The Line port, the same contract for the TLS driver and its simulated twin; and servers that must not be believed."""

import asyncio
import ssl
from contextlib import asynccontextmanager

import pytest

from drivers.line import TlsLine, client_context
from keys.certificates import make_test_authority
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, open_test_branch
from simulator.acquirer.faults import Faults, LineState, Spoil
from simulator.acquirer.host import Host
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.line import SimulatedLine
from simulator.acquirer.server import serve
from simulator.counter.back_room import BankClock
from terminal.iso8583.codec import decode, encode
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.messages import Identity, echo
from terminal.ports import LinkDown, LinkLost

ME = Identity(TERMINAL_ID, MERCHANT_ID)
ECHO = Envelope(bytes.fromhex(ME.tpdu), bytes.fromhex(ME.header), encode(echo("000001", ME))).pack()


@asynccontextmanager
async def tls(folder, faults):
    make_test_authority(folder)
    with Ledger(":memory:") as ledger:
        open_test_branch(ledger)
        async with await serve(Host(ledger, BankClock(), bytes), faults, folder) as server:
            yield TlsLine("127.0.0.1", server.port, client_context(folder / "ca.pem"))


@asynccontextmanager
async def simulated(folder, faults):
    with Ledger(":memory:") as ledger:
        open_test_branch(ledger)
        yield SimulatedLine(Host(ledger, BankClock(), bytes), faults)


BOTH = pytest.mark.parametrize("kind", [tls, simulated], ids=["tls", "simulated"])


@BOTH
async def test_a_question_and_its_answer_twice_on_one_connection(tmp_path, kind):
    async with kind(tmp_path, Faults()) as line, line.connect() as connection:
        for _ in range(2):
            await connection.send(ECHO)
            answer = decode(unpack(await connection.receive()).body)
            assert (answer.mti, answer["response_code"]) == ("0830", "00")


@BOTH
async def test_down_is_link_down_before_anything_is_sent(tmp_path, kind):
    faults = Faults(LineState.DOWN)
    async with kind(tmp_path, faults) as line:
        with pytest.raises(LinkDown):
            async with line.connect():
                pytest.fail("connected to a line that is down")


@BOTH
async def test_a_lost_answer_is_waited_for_until_the_caller_gives_up(tmp_path, kind):
    async with kind(tmp_path, Faults(LineState.ANSWER_LOST)) as line, line.connect() as connection:
        await connection.send(ECHO)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await connection.receive()


@BOTH
async def test_a_line_that_breaks_while_waiting_is_link_lost(tmp_path, kind):
    faults = Faults(LineState.SLOW, delay=0.05)
    async with kind(tmp_path, faults) as line, line.connect() as connection:
        await connection.send(ECHO)
        faults.state = LineState.DOWN
        with pytest.raises(LinkLost):
            await go_on(connection)


@BOTH
async def test_a_spoiled_answer_comes_through_as_it_is(tmp_path, kind):
    faults = Faults()
    faults.spoil_next(Spoil.GARBAGE)
    async with kind(tmp_path, faults) as line, line.connect() as connection:
        await connection.send(ECHO)
        assert await connection.receive() != ECHO


async def go_on(connection):
    async with asyncio.timeout(5):
        await connection.receive()
        await connection.send(ECHO)
        await connection.receive()


async def heard_by(context, client) -> bytes:
    """What a server with this context is told after the handshake."""
    heard = bytearray()

    async def listen(reader, writer):
        heard.extend(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    try:
        line = TlsLine("127.0.0.1", server.sockets[0].getsockname()[1], client)
        with pytest.raises(LinkDown, match=r"proven|connection"):
            async with line.connect() as connection:
                await connection.send(ECHO)
    finally:
        server.close()
    return bytes(heard)


def server_context(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


async def test_a_server_of_another_authority_hears_nothing(tmp_path):
    make_test_authority(tmp_path / "ours")
    make_test_authority(tmp_path / "theirs")
    client = client_context(tmp_path / "ours" / "ca.pem")
    assert await heard_by(server_context(tmp_path / "theirs"), client) == b""


async def test_a_server_with_another_name_hears_nothing(tmp_path):
    make_test_authority(tmp_path, host="127.0.0.2")
    assert await heard_by(server_context(tmp_path), client_context(tmp_path / "ca.pem")) == b""


async def test_a_server_that_speaks_only_an_old_protocol_hears_nothing(tmp_path):
    make_test_authority(tmp_path)
    context = server_context(tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match=r"TLSv1_1 is"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert await heard_by(context, client_context(tmp_path / "ca.pem")) == b""


async def test_nobody_there_is_link_down():
    line = TlsLine("127.0.0.1", 1, ssl.create_default_context())
    with pytest.raises(LinkDown):
        async with line.connect():
            pass
