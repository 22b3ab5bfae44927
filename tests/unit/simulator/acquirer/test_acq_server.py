"""The bank behind real TLS on loopback, met by the product's own line."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.line import TlsLine, client_context
from keys.certificates import make_test_authority
from simulator.acquirer.faults import Faults, LineState, Spoil
from simulator.acquirer.server import serve
from terminal.iso8583.codec import Message
from terminal.iso8583.messages import Facts, Identity, Kind, financial, sign_in
from terminal.money import Money
from terminal.ports import LinkDown, LinkLost
from tests.unit.simulator.acquirer.acq_terminal import CHIP, OPENING, PAN, Bank, TestTerminal

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_test_authority(folder)
    return folder


@contextlib.asynccontextmanager
async def served(bank: Bank, faults: Faults, certificates: Path) -> AsyncIterator[TlsLine]:
    async with await serve(bank.host, faults, certificates) as server:
        yield TlsLine("127.0.0.1", server.port, client_context(certificates / "ca.pem"))


def a_sale(terminal: TestTerminal) -> Message:
    return financial(Facts(Kind.SALE, terminal.stan(), terminal.batch, Money(500)), CHIP, terminal.me)


async def heard_over(line: TlsLine, terminal: TestTerminal, message: Message) -> bytes:
    async with line.connect() as connection:
        await connection.send(terminal.frame(message))
        return await connection.receive()


async def test_several_messages_on_one_connection(bank: Bank, terminal: TestTerminal, certificates: Path) -> None:
    async with served(bank, Faults(), certificates) as line, line.connect() as connection:
        for _ in range(3):
            sale = a_sale(terminal)
            await connection.send(terminal.frame(sale))
            assert terminal.heard(sale, await connection.receive())["response_code"] == "00"
    assert bank.balance() == OPENING - 1500


async def test_several_terminals_at_once(bank: Bank, terminal: TestTerminal, certificates: Path) -> None:
    terminals = []
    for number in range(5):
        me = Identity(f"3000000{number}", terminal.me.merchant_id)
        bank.ledger.add_terminal(
            me.terminal_id, me.merchant_id, "TEST", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
        )
        other = replace(terminal, me=me, mak=b"", last_stan=0, answers=[])
        other.sign_in()
        terminals.append(other)
    async with served(bank, Faults(), certificates) as line:
        sales = [a_sale(one) for one in terminals]
        frames = await asyncio.gather(
            *(heard_over(line, one, sale) for one, sale in zip(terminals, sales, strict=True))
        )
    said = [one.heard(sale, frame) for one, sale, frame in zip(terminals, sales, frames, strict=True)]
    assert {answer["response_code"] for answer in said} == {"00"}
    assert bank.balance() == OPENING - 2500


async def test_down_is_a_refused_connection(bank: Bank, terminal: TestTerminal, certificates: Path) -> None:
    faults = Faults(LineState.DOWN)
    async with served(bank, faults, certificates) as line:
        with pytest.raises(LinkDown):
            await heard_over(line, terminal, a_sale(terminal))
        faults.state = LineState.UP
        async with line.connect() as connection:
            faults.state = LineState.DOWN
            await connection.send(terminal.frame(a_sale(terminal)))
            with pytest.raises(LinkLost):
                await connection.receive()
    assert bank.balance() == OPENING


async def test_lost_slow_and_spoiled(bank: Bank, terminal: TestTerminal, certificates: Path) -> None:
    faults = Faults(LineState.ANSWER_LOST, delay=0.02)
    async with served(bank, faults, certificates) as line:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await heard_over(line, terminal, a_sale(terminal))
        assert bank.balance() == OPENING - 500
        faults.state = LineState.SLOW
        sale = a_sale(terminal)
        terminal.heard(sale, await heard_over(line, terminal, sale))
        faults.state = LineState.UP
        faults.spoil_next(Spoil.GARBAGE)
        assert set(await heard_over(line, terminal, a_sale(terminal))) == {0x55}


async def test_who_does_not_trust_the_bank_is_let_go(bank: Bank, certificates: Path, tmp_path: Path) -> None:
    make_test_authority(tmp_path)
    async with await serve(bank.host, Faults(), certificates) as server:
        with pytest.raises(LinkDown):
            async with TlsLine("127.0.0.1", server.port, client_context(tmp_path / "ca.pem")).connect():
                pass


async def test_the_command(bank: Bank, stranger: TestTerminal, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator.acquirer", "serve", "--port", "0", "--ledger", str(tmp_path / "bank")]
    command += ["--certificates", str(tmp_path / "tls"), "--account", PAN, "Test Card", "1000"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        port = int(line.split(":")[1].split(",")[0])
        bearer = TlsLine("127.0.0.1", port, client_context(tmp_path / "tls" / "ca.pem"))
        message = sign_in("000001", "000001", "01", stranger.me)
        assert stranger.heard(message, await heard_over(bearer, stranger, message))["response_code"] == "00"
    finally:
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert process.returncode == 0
