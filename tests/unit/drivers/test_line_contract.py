"""The Line port, the same contract for every way of the real line and for its simulated twin."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from drivers.tls import add_identity
from keys.certificates import make_test_authority
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, open_test_branch
from simulator.acquirer.faults import Faults, LineState, Spoil
from simulator.acquirer.host import Host
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.line import SimulatedLine
from simulator.acquirer.server import serve
from simulator.counter.back_room import BankClock
from terminal.ports import LinkDown, LinkLost
from tests.unit.drivers.line_servers import (
    ECHO,
    HERE,
    PATIENCE,
    is_echo_answer,
    line_to,
    nobody,
    proof,
)

NOWHERE = "192.0.2.1:9"  # RFC 5737: never configured, never there


PATH = "/mjc/webtrans/VPB_lb"


@asynccontextmanager
async def bank(host, faults, certificates, **options):
    """Its address. A bank whose line is down does not listen: over plain TCP that is all a terminal could notice."""
    if faults.state is LineState.DOWN:
        with nobody() as address:
            yield address
    else:
        async with await serve(host, faults, certificates, **options) as server:
            yield f"{HERE}:{server.port}"


@asynccontextmanager
async def tls(folder, host, faults):
    make_test_authority(folder)
    async with bank(host, faults, folder) as address:
        yield line_to(address, proof=proof(folder))


@asynccontextmanager
async def mutual(folder, host, faults):
    make_test_authority(folder)
    known = proof(folder)
    add_identity(known.context, folder / "client.pem", folder / "client.key")
    async with bank(host, faults, folder, asks_certificate=True) as address:
        yield line_to(address, proof=known)


@asynccontextmanager
async def plain(folder, host, faults):
    async with bank(host, faults, None) as address:
        yield line_to(address, proof=None)


@asynccontextmanager
async def http(folder, host, faults):
    make_test_authority(folder)
    async with bank(host, faults, folder, wrap="http") as address:
        yield line_to(address, proof=proof(folder), http_path=PATH)


@asynccontextmanager
async def plain_http(folder, host, faults):
    async with bank(host, faults, None, wrap="http") as address:
        yield line_to(address, proof=None, http_path=PATH)


@asynccontextmanager
async def simulated(folder, host, faults):
    yield SimulatedLine(host, faults)


@pytest.fixture(params=[tls, mutual, plain, http, plain_http, simulated], ids=lambda kind: kind.__name__)
def line_with(request, tmp_path):
    @asynccontextmanager
    async def opened(faults):
        with Ledger(":memory:") as ledger:
            open_test_branch(ledger)
            async with request.param(tmp_path, Host(ledger, BankClock(), bytes), faults) as line:
                yield line

    return opened


def test_the_echo_is_of_the_test_branch():
    assert TERMINAL_ID.encode() in ECHO
    assert MERCHANT_ID.encode() in ECHO


async def test_a_question_and_its_answer_twice_on_one_connection(line_with):
    async with line_with(Faults()) as line, line.connect() as connection:
        for _ in range(2):
            await connection.send(ECHO)
            assert is_echo_answer(await connection.receive())


async def test_a_conversation_goes_on_at_the_same_address(line_with):
    async with line_with(Faults()) as line:
        async with line.connect() as connection:
            address = connection.address
            await connection.send(ECHO)
            assert is_echo_answer(await connection.receive())
        async with line.connect(address) as again:
            assert again.address == address
            await again.send(ECHO)
            assert is_echo_answer(await again.receive())


async def test_an_address_that_is_not_configured_is_link_down(line_with):
    async with line_with(Faults()) as line:
        with pytest.raises(LinkDown, match="no longer configured"):
            async with line.connect(NOWHERE):
                pytest.fail("connected to an address that is not configured")


async def test_down_is_link_down_before_anything_is_sent(line_with):
    async with line_with(Faults(LineState.DOWN)) as line:
        with pytest.raises(LinkDown):
            async with line.connect():
                pytest.fail("connected to a line that is down")


async def test_a_lost_answer_is_waited_for_until_the_caller_gives_up(line_with):
    async with line_with(Faults(LineState.ANSWER_LOST)) as line, line.connect() as connection:
        await connection.send(ECHO)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await connection.receive()


@pytest.mark.parametrize("line_with", [tls, mutual, plain, simulated], indirect=True, ids=lambda kind: kind.__name__)
async def test_an_answer_that_was_given_up_is_what_the_next_receive_gives(line_with):
    """Nothing of it is lost half way: who asked must tell by its number that it is late."""
    faults = Faults(LineState.SLOW, delay=0.1)
    async with line_with(faults) as line, line.connect() as connection:
        await connection.send(ECHO)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await connection.receive()
        faults.state = LineState.UP
        await connection.send(ECHO)
        for _ in range(2):
            async with asyncio.timeout(PATIENCE):
                assert is_echo_answer(await connection.receive())


@pytest.mark.parametrize("line_with", [http, plain_http], indirect=True, ids=lambda kind: kind.__name__)
async def test_over_http_an_answer_that_was_given_up_ends_the_connection(line_with):
    faults = Faults(LineState.ANSWER_LOST)
    async with line_with(faults) as line, line.connect() as connection:
        await connection.send(ECHO)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await connection.receive()
        faults.state = LineState.UP
        with pytest.raises(LinkLost, match="nothing was sent"):
            await connection.send(ECHO)
        async with line.connect(connection.address) as other:
            await other.send(ECHO)
            assert is_echo_answer(await other.receive())
            with pytest.raises(LinkLost, match="nothing was asked"):
                await other.receive()


async def test_who_hangs_up_leaves_the_line_to_the_next(line_with):
    async with line_with(Faults()) as line:
        async with line.connect() as connection:
            await connection.send(ECHO)
        async with asyncio.timeout(PATIENCE), line.connect() as connection:
            await connection.send(ECHO)
            assert is_echo_answer(await connection.receive())


async def test_a_line_that_breaks_while_waiting_is_link_lost(line_with):
    faults = Faults(LineState.SLOW, delay=0.05)
    async with line_with(faults) as line, line.connect() as connection:
        await connection.send(ECHO)
        faults.state = LineState.DOWN
        with pytest.raises(LinkLost):
            await go_on(connection)


async def test_a_spoiled_answer_comes_through_as_it_is(line_with):
    faults = Faults()
    faults.spoil_next(Spoil.GARBAGE)
    async with line_with(faults) as line, line.connect() as connection:
        await connection.send(ECHO)
        assert set(await connection.receive()) == {0x55}


async def go_on(connection):
    async with asyncio.timeout(PATIENCE):
        await connection.receive()
        await connection.send(ECHO)
        await connection.receive()
