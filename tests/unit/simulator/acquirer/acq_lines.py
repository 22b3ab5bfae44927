"""The ways to the bank, for tests that must hold on each of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from drivers.line import TcpLine
from drivers.tls import Proof, client_context
from simulator.acquirer.faults import Faults
from simulator.acquirer.line import SimulatedLine
from simulator.acquirer.server import serve
from terminal.iso8583.cup import CUP
from terminal.iso8583.facts import Facts
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import Message
from terminal.iso8583.messages import financial
from terminal.money import Money
from terminal.ports import Connection, Line
from tests.unit.simulator.acquirer.acq_terminal import CHIP, Bank, TestTerminal

WAYS = ("in process", *(pytest.param(way, marks=pytest.mark.process) for way in ("tls", "http")))
HTTP_PATH = "/mjc/webtrans/VPB_lb"  # cup.md 1.1
PATIENCE = 0.05  # seconds a test listens to silence
AT_LAST = 10.0  # seconds no test should ever reach
STEP = 0.003


@contextlib.asynccontextmanager
async def opened(way: str, bank: Bank, faults: Faults, certificates: Path) -> AsyncIterator[Line]:
    """A line to a bank that is open."""
    if way == "in process":
        yield SimulatedLine(bank.host, faults)
        return
    is_http = way == "http"
    async with await serve(bank.host, faults, certificates, wrap="http" if is_http else "length") as server:
        proof = Proof(client_context(certificates / "ca.pem"))
        yield TcpLine((f"127.0.0.1:{server.port}",), proof, http_path=HTTP_PATH if is_http else "")


def a_sale(terminal: TestTerminal, amount: int = 500) -> Message:
    return financial(CUP, Facts(Kind.SALE, terminal.stan(), terminal.batch, Money(amount)), CHIP, terminal.me)


def a_refund(terminal: TestTerminal, rrn: str, amount: int) -> Message:
    original = {"original_rrn": rrn, "original_date": "0314"}
    facts = Facts(Kind.REFUND, terminal.stan(), terminal.batch, Money(amount), **original, operator="01")
    return financial(CUP, facts, CHIP, terminal.me)


async def heard_over(line: Line, terminal: TestTerminal, message: Message) -> bytes:
    async with asyncio.timeout(AT_LAST), line.connect() as connection:
        await connection.send(terminal.frame(message))
        return await connection.receive()


async def told_over(line: Line, terminal: TestTerminal, message: Message) -> Message:
    """The answer, checked as a terminal checks it."""
    return terminal.heard(message, await heard_over(line, terminal, message))


async def asked_on(connection: Connection, frame: bytes) -> bytes:
    """One question on an open connection; where it breaks is the line's own affair."""
    await connection.send(frame)
    return await connection.receive()


async def silence_over(line: Line, terminal: TestTerminal, message: Message) -> None:
    """Nothing comes, and the line does not break."""
    async with line.connect() as connection:
        await connection.send(terminal.frame(message))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await connection.receive()


async def until(is_so: Callable[[], bool]) -> None:
    """As soon as it is so; nobody announces it."""
    end = asyncio.get_running_loop().time() + AT_LAST
    while not is_so():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(STEP)
