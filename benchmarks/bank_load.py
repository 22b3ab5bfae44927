"""The bank under load: refunds per second from many terminals at once, and whether its books still balance.

The bank is its own process with its books on disk, synced at every commit; each terminal is a connection of the
product's own line (TLS 1.3) that stays open. `--rate 0` asks again as soon as it was answered; `--rate R` asks by the
clock, R times a second over all terminals, and counts waiting from the moment a refund was due. The disk's own rate of
synced writes stands beside, for that is what a bank without group commit would be bound by.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import click

from drivers.line import TcpConnection, TcpLine
from drivers.tls import Proof, client_context
from keys.algorithms.mac import mac
from keys.algorithms.working_keys import unwrap
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, TEST_TMK
from simulator.acquirer.ledger import Ledger
from terminal.iso8583.answers import difference
from terminal.iso8583.codec import decode, encode, mac_block, mac_field
from terminal.iso8583.cup import CUP
from terminal.iso8583.dialect import SignIn
from terminal.iso8583.facts import Facts, Identity, Plastic
from terminal.iso8583.frame import Envelope, unpack
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import Message
from terminal.iso8583.messages import financial
from terminal.money import Money

PAN = "6225000000000014"  # a TEST card
CARD = Plastic(PAN, "022", track2=f"{PAN}=30122201000000000000")
OPENING, SALE = 10**13, 10**9  # fen
LARGEST_REFUND = 99  # fen
BLOCK, WATCH = 4_096, 1.0  # bytes, seconds
AT_ONCE = 50  # connections that are being opened
NEEDED_RATE, NEEDED_P99 = 300, 250.0  # per second, ms
TPDU = bytes.fromhex(CUP.choices.tpdu)
HEADER = bytes.fromhex(CUP.choices.header)


class BadAnswer(Exception):
    """An answer that is none, is not signed, or says no."""


class Terminal:
    """One terminal on its own connection: it signs what it says and checks what it hears."""

    def __init__(self, terminal_id: str, connection: TcpConnection) -> None:
        self._me, self._connection = Identity(terminal_id, MERCHANT_ID), connection
        self._batch, self._stan, self._mak = "000001", 0, b""
        self._dice = random.Random(terminal_id)
        self._rrn = self._date = ""
        self.accepted: list[int] = []

    async def open(self) -> None:
        """Sign-in, and a sale for all the refunds to come."""
        said = SignIn(self._next(), self._batch, "01", "2026-01-01T00:00:00+08:00")
        answer = await self._ask(CUP.sign_in(CUP, self._me, said))
        self._mak = unwrap(TEST_TMK, bytes.fromhex(answer["private_62"]))["mak"]
        self._batch = CUP.batch_of(answer)
        answer = await self._ask(financial(CUP, self._facts(Kind.SALE, SALE), CARD, self._me))
        self._rrn, self._date = answer["rrn"], answer["date"]

    async def refund(self) -> None:
        """Some fen of the sale. Raises BadAnswer, LinkLost."""
        amount = self._dice.randint(1, LARGEST_REFUND)
        await self._ask(financial(CUP, self._facts(Kind.REFUND, amount), CARD, self._me))
        self.accepted.append(amount)

    def _facts(self, kind: Kind, amount: int) -> Facts:
        rrn, date = (self._rrn, self._date) if kind is Kind.REFUND else ("", "")
        stan = self._next()
        return Facts(kind, stan, self._batch, Money(amount), original_rrn=rrn, original_date=date, operator="01")

    def _next(self) -> str:
        self._stan += 1
        return f"{self._stan:06d}"

    def _mac(self, message: Message) -> str:
        return mac(CUP.mac_rule, self._mak, mac_block(message, CUP.layout)).hex().upper()

    async def _ask(self, message: Message) -> Message:
        if message.mac:
            message = message.with_fields({mac_field(message): self._mac(message)})
        await self._connection.send(Envelope(TPDU, HEADER, encode(message, CUP.layout)).pack())
        answer = decode(unpack(await self._connection.receive(), CUP.frame).body, CUP.layout)
        if (found := difference(message, answer)) is not None:
            raise BadAnswer(f"{message.mti}: another {found.name}")
        if message.mac and answer.mac != self._mac(answer):
            raise BadAnswer(f"{message.mti}: the MAC is wrong")
        if answer["response_code"] != "00":
            raise BadAnswer(f"{message.mti}: response code {answer['response_code']}")
        return answer


# --- the bank's process ----------------------------------------------------------------------------------------------
class Bank:
    """`yuanlu-acquirer serve`, as a child."""

    def __init__(self, folder: Path, terminals: int) -> None:
        self.books, self.certificates, self._terminals = folder / "bank.db", folder / "tls", terminals
        self.port, self.cpu_seconds = 0, 0.0
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Bank:
        command = [sys.executable, "-m", "simulator.acquirer", "serve", "--port", "0", "--ledger", str(self.books)]
        command += ["--certificates", str(self.certificates), "--terminals", str(self._terminals)]
        command += ["--account", PAN, "Test Card", str(OPENING)]
        self._process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert self._process.stdout is not None
        line = (await self._process.stdout.readline()).decode()
        self.port = int(line.split(":")[1].split(",")[0])
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        await self._process.communicate()
        if self._process.returncode:
            raise SystemExit(f"the bank ended with {self._process.returncode}")

    def ticks(self) -> float:
        """Seconds of processor time so far."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def synced_writes(folder: Path) -> float:
    """Per second: 4 KiB appended and synced, alone."""
    path, block, count = folder / "sync", os.urandom(BLOCK), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    begin = time.perf_counter()
    while time.perf_counter() - begin < WATCH:
        os.write(descriptor, block)
        os.fdatasync(descriptor)
        count += 1
    took = time.perf_counter() - begin
    os.close(descriptor)
    path.unlink()
    return count / took


# --- the load --------------------------------------------------------------------------------------------------------
async def by_turns(
    terminals: list[Terminal], seconds: float, timed: Callable[[Terminal, float], Awaitable[None]]
) -> None:
    """Each terminal asks again as soon as it was answered."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds

    async def one(terminal: Terminal) -> None:
        while (now := loop.time()) < end:
            await timed(terminal, now)

    await asyncio.gather(*map(one, terminals))


async def by_clock(
    terminals: list[Terminal], seconds: float, rate: float, timed: Callable[[Terminal, float], Awaitable[None]]
) -> None:
    """Every terminal has its own moments, evenly spread; who is late catches up, and his waiting counts."""
    loop = asyncio.get_running_loop()
    begin, all_of_them, step = loop.time(), int(seconds * rate), len(terminals)

    async def one(place: int, terminal: Terminal) -> None:
        for number in range(place, all_of_them, step):
            due = begin + number / rate
            await asyncio.sleep(due - loop.time())
            await timed(terminal, due)

    await asyncio.gather(*(one(place, terminal) for place, terminal in enumerate(terminals)))


class Run:
    """What came of it; times in seconds."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.took = self.cpu = 0.0
        self.accepted = (0, 0)  # refunds, fen


async def load(bank: Bank, count: int, rate: float, seconds: float) -> Run:
    """Open, refund, count."""
    run, loop = Run(), asyncio.get_running_loop()
    proof = Proof(client_context(bank.certificates / "ca.pem"))
    gate = asyncio.Semaphore(AT_ONCE)

    async def timed(terminal: Terminal, since: float) -> None:
        await terminal.refund()
        run.latencies.append(loop.time() - since)

    async with AsyncExitStack() as stack:

        async def opened(number: int) -> Terminal:
            terminal_id = f"{int(TERMINAL_ID) + number:08d}"
            line = TcpLine((f"127.0.0.1:{bank.port}",), proof)
            async with gate:
                terminal = Terminal(terminal_id, await stack.enter_async_context(line.connect()))
                await terminal.open()
            return terminal

        terminals = list(await asyncio.gather(*map(opened, range(count))))
        begin, cpu = loop.time(), bank.ticks()
        await (by_clock(terminals, seconds, rate, timed) if rate else by_turns(terminals, seconds, timed))
        run.took, run.cpu = loop.time() - begin, bank.ticks() - cpu
    amounts = [amount for terminal in terminals for amount in terminal.accepted]
    run.accepted = len(amounts), sum(amounts)
    return run


def booked(books: Path) -> tuple[int, int, int]:
    """Refunds, their fen, and the sum of all postings."""
    with Ledger(books) as ledger:
        refunds = [
            entry["amount"]
            for entry in ledger.report()["transactions"]
            if entry["kind"] == Kind.REFUND.value and entry["response_code"] == "00"
        ]
        return len(refunds), sum(refunds), ledger.sum_of_postings()


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder, prefix="bank-load-") as made:
        yield Path(made)


async def measure(folder: Path, count: int, rate: float, seconds: float) -> bool:
    """One run and its table; whether the books balance to the fen."""
    syncs = synced_writes(folder)
    async with Bank(folder, count) as bank:
        run = await load(bank, count, rate, seconds)
    number, fen, postings = booked(bank.books)
    is_balanced = (number, fen) == run.accepted and postings == 0
    ordered = sorted(run.latencies)
    per_second = len(ordered) / run.took
    p50, p99 = (ordered[int(len(ordered) * part)] * 1e3 for part in (0.50, 0.99))
    rows = (
        ("terminals", f"{count}", ""),
        ("asked for", f"{rate:g} /s" if rate else "as fast as answered", ""),
        ("refunds", f"{per_second:.0f} /s", f">= {NEEDED_RATE}"),
        ("latency p50", f"{p50:.1f} ms", ""),
        ("latency p99", f"{p99:.1f} ms", f"<= {NEEDED_P99:.0f}"),
        ("latency max", f"{ordered[-1] * 1e3:.1f} ms", ""),
        ("bank's processor time per refund", f"{run.cpu / len(ordered) * 1e3:.2f} ms", ""),
        ("synced 4 KiB writes of this disk", f"{syncs:.0f} /s", ""),
        ("accepted", f"{run.accepted[0]} refunds, {run.accepted[1]} fen", ""),
        ("booked", f"{number} refunds, {fen} fen", "the same"),
        ("sum of postings", f"{postings}", "0"),
    )
    for name, value, needed in rows:
        sys.stdout.write(f"{name:<36}{value:<28}{needed}\n")
    return is_balanced


@click.command()
@click.option("--terminals", default=200, show_default=True)
@click.option("--rate", default=0.0, show_default=True, help="Refunds a second over all; 0: as fast as answered.")
@click.option("--seconds", default=10.0, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path, exists=True), default=".", help="Whose disk holds the books.")
def main(terminals: int, rate: float, seconds: float, folder: Path) -> None:
    """Refunds from many terminals at once; exit status 1 when the books do not balance."""
    with workplace(folder) as place:
        is_balanced = asyncio.run(measure(place.resolve(), terminals, rate, seconds))
    sys.exit(0 if is_balanced else 1)


if __name__ == "__main__":
    main()
