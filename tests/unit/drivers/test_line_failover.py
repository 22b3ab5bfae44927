"""Two addresses as dialogues: which one a new exchange goes to, and that an open one never moves."""

import asyncio
import ssl

import pytest

from drivers.tls import Proof, add_identity
from keys.certificates import make_test_authority, self_signed
from terminal.ports import LinkDown, LinkLost
from tests.unit.drivers.line_servers import (
    ECHO,
    PATIENCE,
    Listening,
    line_to,
    listen_raw,
    nobody,
    proof,
    server_context,
)

TRUSTS_NOBODY = Proof(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
SAID = len(ECHO).to_bytes(2) + ECHO


async def repeat(server, reader, writer):
    """An acquirer that says everything again."""
    while data := await reader.read(4096):
        server.heard += data
        writer.write(data)


async def hang_up_on_the_message(server, reader, _):
    server.heard += await reader.read(4096)


def up(context=None):
    return Listening().serving(repeat, context)


async def answered_by(line, address=""):
    """Where one message went, and came back from."""
    async with asyncio.timeout(PATIENCE), line.connect(address) as connection:
        await connection.send(ECHO)
        assert await connection.receive() == ECHO
        return connection.address


async def test_the_primary_is_asked_first():
    async with up() as first, up() as second:
        line = line_to(first.address, second.address, proof=None)
        assert [await answered_by(line) for _ in range(2)] == [first.address] * 2
        assert second.callers == 0


async def test_a_primary_that_refuses_gives_way_and_the_secondary_stays_until_it_fails():
    with nobody() as dead:
        async with up() as second:
            line = line_to(dead, second.address, proof=None)
            assert await answered_by(line) == second.address


async def test_after_a_failover_the_primary_is_not_asked_until_the_secondary_fails():
    async with Listening().serving(hang_up_on_the_message) as first:
        async with up() as second:
            line = line_to(first.address, second.address, proof=None)
            with pytest.raises(LinkLost):
                await answered_by(line)
            assert [await answered_by(line) for _ in range(2)] == [second.address] * 2
            assert first.callers == 1
        with pytest.raises(LinkLost):  # the secondary is gone; the primary takes the connection again
            await answered_by(line)
        assert first.callers == 2


async def test_a_primary_that_hangs_costs_no_more_than_its_share(tmp_path):
    make_test_authority(tmp_path)
    async with Listening().serving(listen_raw(is_hanging=True)) as first, up(server_context(tmp_path)) as second:
        line = line_to(first.address, second.address, proof=proof(tmp_path), connect_seconds=1.0)
        async with asyncio.timeout(1.0):  # the caller's deadline is the sum of the shares
            async with line.connect() as connection:
                assert connection.address == second.address
        assert first.callers == 1


async def test_two_that_hang_are_link_down():
    hanging = Listening().serving(listen_raw(is_hanging=True))
    other = Listening().serving(listen_raw(is_hanging=True))
    async with hanging as first, other as second:
        line = line_to(first.address, second.address, proof=TRUSTS_NOBODY, connect_seconds=0.1)
        with pytest.raises(LinkDown) as refusal:
            await answered_by(line)
        for server in (first, second):
            assert f"{server.address} does not answer" in str(refusal.value)


async def test_a_primary_that_cannot_be_proven_hears_nothing_and_gives_way(tmp_path):
    make_test_authority(tmp_path)
    self_signed().issue().write(tmp_path, "theirs")
    bad = server_context(tmp_path, "theirs")
    async with up(bad) as first, up(server_context(tmp_path)) as second:
        line = line_to(first.address, second.address, proof=proof(tmp_path))
        assert await answered_by(line) == second.address
        await first.settled()
        assert first.heard == b""


async def test_both_down_says_why_of_both():
    with nobody() as first, nobody() as second:
        line = line_to(first, second, proof=None)
        with pytest.raises(LinkDown) as refusal:
            await answered_by(line)
        for address in (first, second):
            assert f"{address}: " in str(refusal.value)


async def test_an_open_exchange_never_moves():
    with nobody() as dead:
        async with up() as second:
            line = line_to(dead, second.address, proof=None)
            for _ in range(2):
                with pytest.raises(LinkDown, match=dead):
                    await answered_by(line, dead)
            assert second.callers == 0


async def test_an_open_exchange_goes_where_it_was_and_a_new_one_where_it_works():
    async with Listening().serving(hang_up_on_the_message) as first, up() as second:
        line = line_to(first.address, second.address, proof=None)
        async with line.connect() as connection:
            home = connection.address
            await connection.send(ECHO)
            with pytest.raises(LinkLost):
                await connection.receive()
        assert home == first.address
        with pytest.raises(LinkLost):
            await answered_by(line, home)
        assert second.callers == 0
        assert await answered_by(line) == second.address
        assert first.heard == SAID + SAID


async def test_asking_about_an_old_exchange_does_not_change_where_new_ones_go():
    async with up() as first, up() as second:
        line = line_to(first.address, second.address, proof=None)
        assert await answered_by(line, second.address) == second.address
        assert await answered_by(line) == first.address


async def test_an_answer_that_only_does_not_come_is_no_failure_of_the_address():
    async with Listening().serving(listen_raw(is_hanging=True)) as first, up() as second:
        line = line_to(first.address, second.address, proof=None)
        for _ in range(2):
            async with line.connect() as connection:
                await connection.send(ECHO)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await connection.receive()
        assert (first.callers, second.callers) == (2, 0)


@pytest.mark.parametrize("bad", ["a..b:1", "x" * 64 + ".test:1"])
async def test_a_name_that_cannot_be_one_is_link_down(bad):
    with pytest.raises(LinkDown):
        await answered_by(line_to(bad, proof=None))


async def test_a_caller_that_gives_up_while_connecting_leaves_the_line_free():
    async with Listening().serving(listen_raw(is_hanging=True)) as first:
        line = line_to(first.address, proof=TRUSTS_NOBODY, connect_seconds=PATIENCE)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02), line.connect():
                    pytest.fail("connected to a server that says nothing")
        await first.settled(callers=2)


async def test_a_server_that_asks_for_a_certificate_gets_no_answerable_message_without_one(tmp_path):
    make_test_authority(tmp_path)
    context = server_context(tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(tmp_path / "ca.pem")
    async with up(context) as server:
        known = proof(tmp_path)
        with pytest.raises(LinkLost):  # TLS 1.3: the server's no comes after our handshake has ended
            await answered_by(line_to(server.address, proof=known))
        await server.settled()
        assert server.heard == b""
        add_identity(known.context, tmp_path / "client.pem", tmp_path / "client.key")
        assert await answered_by(line_to(server.address, proof=known)) == server.address
