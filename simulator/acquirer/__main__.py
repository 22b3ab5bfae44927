"""`yuanlu-acquirer`: the bank by itself, for a terminal on this machine. TEST KEYS AND TEST CARDS ONLY."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import click

from drivers.clock import SystemClock
from keys.certificates import make_test_authority
from simulator.acquirer.branch import MERCHANT_ID, TERMINAL_ID, TEST_TMK_KCV, open_test_branch
from simulator.acquirer.faults import Faults
from simulator.acquirer.host import Host
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.server import serve as listen

ZONE = "Asia/Shanghai"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A test bank that speaks ISO 8583 in the CUP dialect."""


@main.command()
@click.option("--ledger", "books", type=click.Path(path_type=Path), required=True, help="The bank's SQLite file.")
@click.option("--port", default=8583, show_default=True, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--certificates", type=click.Path(path_type=Path), required=True, help="Folder; made when missing.")
@click.option("--account", "accounts", type=(str, str, int), multiple=True, help="A test card: PAN NAME FEN.")
def serve(books: Path, port: int, certificates: Path, accounts: tuple[tuple[str, str, int], ...]) -> None:
    """Open the test branch and answer until told to stop."""
    if not (certificates / "server.pem").exists():
        make_test_authority(certificates)
    with Ledger(books) as ledger:
        open_test_branch(ledger)
        for pan, name, balance in accounts:
            ledger.add_account(pan, name, balance)
        asyncio.run(_until_told(Host(ledger, SystemClock(ZONE), os.urandom), certificates, port))


async def _until_told(host: Host, certificates: Path, port: int) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with await listen(host, Faults(), certificates, port) as server:
        click.echo(f"listening on 127.0.0.1:{server.port}, terminal {TERMINAL_ID}, merchant {MERCHANT_ID}")
        click.echo(f"TMK check value {TEST_TMK_KCV.hex().upper()} (a public TEST key)")
        with contextlib.suppress(asyncio.CancelledError):
            await told.wait()


if __name__ == "__main__":
    main()
