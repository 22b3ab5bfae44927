"""A settlement of 500 transactions that is not balanced, over TLS on loopback, both books synced. Limit: 5 s.

The bank is a process of its own; the terminal's journal is a file with synchronous FULL. 300 swiped sales, 100 chip
sales with their certificate, 100 refunds; then one sale is taken out of the terminal's books, so that the totals
differ and everything is uploaded. TEST CARDS AND TEST KEYS ONLY.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from drivers.clock import SystemClock
from drivers.line import TcpLine
from drivers.tls import Proof, client_context
from keys.vault import Vault
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, TEST_TMK, TEST_TMK_KCV
from terminal.app import in_thread
from terminal.exchange.acquirer import Acquirer, Deadlines
from terminal.exchange.request import CardOnFile, Original, Request, terms
from terminal.exchange.runner import Runner
from terminal.exchange.settler import Settler
from terminal.exchange.settling import Settled
from terminal.exchange.stages import Accepted
from terminal.iso8583.cup import CUP
from terminal.iso8583.dialect import SignIn
from terminal.iso8583.facts import Identity, Plastic
from terminal.iso8583.kinds import Kind
from terminal.journal.journal import Journal
from terminal.money import Money
from tests.journey.teller import TC

SWIPED, CHIPS, REFUNDS, LIMIT = 300, 100, 100, 5.0
PAN = "6210940000000003"  # TEST CARD
AMOUNT = 1_00
ME = Identity(TERMINAL_ID, MERCHANT_ID)


class Till:
    """A terminal without screen, reader and printer."""

    def __init__(self, folder: Path, port: int, worker: ThreadPoolExecutor) -> None:
        self.clock = SystemClock("Asia/Shanghai")
        self.vault = Vault.at(folder / "vault", bytes(32))
        self.vault.install_tmk(TEST_TMK, TEST_TMK_KCV)
        self.journal = Journal(folder / "journal", self.clock, in_thread(worker))
        line = TcpLine((f"127.0.0.1:{port}",), Proof(client_context(folder / "tls" / "ca.pem")))
        self.acquirer = Acquirer(line, self.vault, self.journal, ME, CUP, Deadlines())
        self.runner = Runner(self.journal, self.acquirer, self.vault)
        self.settler = Settler(self.journal, self.acquirer, self.runner)

    async def sign_in(self) -> None:
        said = SignIn(await self.journal.next_stan(), await self.journal.batch(), "01", "")
        reply = await self.acquirer.ask_once(CUP.sign_in(CUP, ME, said))
        await self.vault.load_working_keys(bytes.fromhex(reply.private))
        await self.journal.remember("batch", reply.batch)

    async def do(self, kind: Kind, is_chip: bool = False, sale: Accepted | None = None) -> Accepted:
        chip = Plastic(PAN, "052", "3012", "001", icc_data=TC)
        plastic = chip if is_chip else Plastic(PAN, "022", "3012", track2=f"{PAN}=30122201000000000000")
        sealed = await self.vault.seal(msgspec.json.encode(plastic))
        card = CardOnFile(hashlib.sha256(sealed).hexdigest(), "print", "621094******0003", "I" if is_chip else "S")
        stan, batch = await self.journal.next_stan(), await self.journal.batch()
        at = self.clock.now().isoformat(timespec="seconds")
        of = sale and Original(
            sale.request.id, sale.request.stan, batch, sale.reply.rrn, "", sale.reply.date, Money(AMOUNT)
        )
        request = Request(
            f"{batch}-{stan}", kind, stan, batch, Money(AMOUNT // 2 if sale else AMOUNT), at, "01", card,
            terms(CUP, kind), original=of, needs_completion=is_chip,
        )  # fmt: skip

        async def complete(_: object) -> str:
            return TC

        stage = await self.runner.carry_out(request, sealed, complete if is_chip else None)
        assert isinstance(stage, Accepted), stage
        return stage


async def measured(folder: Path, port: int) -> tuple[Settled, float]:
    with ThreadPoolExecutor(1) as worker:
        till = Till(folder, port, worker)
        await till.sign_in()
        sales = [await till.do(Kind.SALE) for _ in range(SWIPED)]
        for _ in range(CHIPS):
            await till.do(Kind.SALE, is_chip=True)
        for sale in sales[:REFUNDS]:
            await till.do(Kind.REFUND, sale=sale)
        lost = sales[-1].request.id
        await till.journal.write([], lambda db: db.execute("DELETE FROM exchange WHERE id = ?", (lost,)))
        start = time.perf_counter()
        settled = await till.settler.settle("01", lambda *_: None)
        seconds = time.perf_counter() - start
        await till.journal.close()
        return settled, seconds


def fsyncs_per_second(folder: Path) -> float:
    """A 4 KiB append and fdatasync, again and again for a second: what the disk gives."""
    count, start = 0, time.perf_counter()
    with (folder / "sync").open("wb", buffering=0) as file:
        while time.perf_counter() - start < 1.0:
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            count += 1
    return count / (time.perf_counter() - start)


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "simulator.acquirer", "serve", "--ledger", str(folder / "bank.db")]
        command += ["--port", "0", "--certificates", str(folder / "tls"), "--account", PAN, "TEST", "100000000"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bank:
            try:
                assert bank.stdout is not None
                port = int(bank.stdout.readline().split("127.0.0.1:")[1].split(",")[0])
                settled, seconds = asyncio.run(measured(folder, port))
            finally:
                bank.terminate()
        with sqlite3.connect(folder / "bank.db") as books:
            (postings,) = books.execute("SELECT SUM(balance) FROM account").fetchone()
        total = SWIPED + CHIPS + REFUNDS
        print(f"settlement of {total} transactions, not balanced: {seconds:.2f} s (limit {LIMIT:.0f} s)")
        print(f"  uploaded {settled.count}, missing {settled.missing}, refused {settled.refused}")
        print(f"  this disk: {fsyncs_per_second(folder):.0f} fdatasync/s; the bank's postings sum to {postings}")
        is_right = not settled.is_balanced and not settled.missing and postings == 0
        return 0 if is_right and seconds <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
