"""The CardReader port, one contract for both: the simulated reader, and pyscard over a real pcscd."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from drivers.card_reader import PcscReader
from simulator.cards.pcscd import ENVIRONMENT, PcscUnavailable, PrivatePcscd
from simulator.cards.reader import SimulatedReader
from simulator.cards.tray import card
from simulator.cards.vpcd import VpcdCard
from terminal.emv import sale
from terminal.emv.refund import read_account
from terminal.emv.terminal_data import UNIONPAY_TEST
from terminal.money import Money
from terminal.ports import CardMute, CardReader, CardRemoved, NoCard, ReaderMissing

SELECT_PSE = bytes.fromhex("00A404000E315041592E5359532E444446303100")
DEADLINE = 0.05  # for what must not come; a mute card is given up after it


class Counter(Protocol):
    """A reader and the hand at its slot."""

    reader: CardReader

    async def insert(self, id: str, **behaviour: int) -> None: ...

    async def pull(self) -> None: ...

    async def unplug(self) -> None: ...

    async def plug(self) -> None: ...


class SimulatedCounter:
    def __init__(self) -> None:
        self.reader = SimulatedReader()

    async def insert(self, id: str, **behaviour: int) -> None:
        self.reader.insert(card(id).virtual(**behaviour))

    async def pull(self) -> None:
        self.reader.pull()

    async def unplug(self) -> None:
        self.reader.unplug()

    async def plug(self) -> None:
        self.reader.plug()


class PcscCounter:
    def __init__(self, service: PrivatePcscd) -> None:
        self.reader, self.service = PcscReader(), service
        self.card: VpcdCard | None = None

    async def insert(self, id: str, **behaviour: int) -> None:
        self.card = VpcdCard(card(id).virtual(**behaviour), self.service.port)
        await self.card.insert()

    async def pull(self) -> None:
        if self.card is not None:
            await self.card.pull()
            self.card = None

    async def unplug(self) -> None:
        self.service.stop()

    async def plug(self) -> None:
        self.service.start()


@pytest.fixture(scope="module")
def pcscd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivatePcscd]:
    """One for the process: libpcsclite reads its environment once."""
    with PrivatePcscd(tmp_path_factory.mktemp("pcscd")) as service:
        os.environ.update(service.environment)
        yield service
        del os.environ[ENVIRONMENT]


@pytest.fixture(params=["simulated", pytest.param("pcsc", marks=pytest.mark.process)])
async def counter(request: pytest.FixtureRequest) -> AsyncIterator[Counter]:
    made: Counter = PcscCounter(request.getfixturevalue("pcscd")) if request.param == "pcsc" else SimulatedCounter()
    async with asyncio.timeout(10):
        yield made
        await made.pull()
        await made.reader.wait(False)


async def test_a_card_comes_and_goes(counter: Counter) -> None:
    assert not await counter.reader.is_card_present()
    with pytest.raises(NoCard):
        await counter.reader.connect()
    coming = asyncio.create_task(counter.reader.wait(True))
    await asyncio.sleep(0)
    assert not coming.done()
    await counter.insert("unionpay-debit")
    await coming
    assert await counter.reader.is_card_present()
    going = asyncio.create_task(counter.reader.wait(False))
    await counter.pull()
    await going
    assert not await counter.reader.is_card_present()


async def test_a_wait_that_nobody_wants_any_more_ends_at_once(counter: Counter) -> None:
    waiting = asyncio.create_task(counter.reader.wait(True))
    await asyncio.sleep(DEADLINE)
    started = time.perf_counter()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert time.perf_counter() - started < 0.25
    for _ in range(100):
        if not any(thread.name == "own" for thread in threading.enumerate()):
            break
        await asyncio.sleep(0.005)
    else:
        pytest.fail("the thread of a cancelled wait goes on")


@pytest.mark.parametrize(
    ("id", "protocol", "aid"),
    [
        ("unionpay-trace", 1, "A000000333010102"),
        ("unionpay-credit", 0, "A000000333010102"),
        ("unionpay-debit", 1, "A000000333010101"),
    ],
)
async def test_an_account_is_read_and_the_next_power_up_is_fresh(
    counter: Counter, id: str, protocol: int, aid: str
) -> None:
    await counter.insert(id)
    await counter.reader.wait(True)
    for _ in range(2):
        powered = await counter.reader.connect()
        assert powered.protocol == protocol
        assert powered.atr == card(id).virtual().atr
        account = await read_account(powered.transmit, powered.protocol, UNIONPAY_TEST)
        assert (account.pan, account.aid) == (card(id).pan, aid)
        await powered.close()
        with pytest.raises(CardRemoved):
            await powered.transmit(SELECT_PSE)


@pytest.mark.parametrize("id", ["unionpay-trace", "unionpay-credit"])
async def test_a_whole_sale(counter: Counter, id: str) -> None:
    await counter.insert(id)
    await counter.reader.wait(True)
    powered = await counter.reader.connect()
    asked = await sale.begin(
        powered.transmit, powered.protocol, UNIONPAY_TEST, Money(6580), "261123", "104500", bytes(4), "000001"
    )
    assert isinstance(asked, sale.GoOnline)
    done = await sale.complete(powered.transmit, powered.protocol, asked.session, "00", b"")
    assert done.is_approved
    await powered.close()


async def test_a_card_pulled_in_a_command_is_removed_and_the_next_one_works(counter: Counter) -> None:
    await counter.insert("unionpay-debit", pull_at=2)
    await counter.reader.wait(True)
    powered = await counter.reader.connect()
    await powered.transmit(SELECT_PSE)
    with pytest.raises(CardRemoved):
        await powered.transmit(SELECT_PSE)
    with pytest.raises(CardRemoved):
        await powered.transmit(SELECT_PSE)
    await powered.close()
    await counter.pull()
    await counter.reader.wait(False)
    await the_next_one_works(counter)


async def test_a_card_pulled_between_commands_is_removed(counter: Counter) -> None:
    await counter.insert("unionpay-debit")
    await counter.reader.wait(True)
    powered = await counter.reader.connect()
    await powered.transmit(SELECT_PSE)
    await counter.pull()
    with pytest.raises(CardRemoved):
        await powered.transmit(SELECT_PSE)
    await powered.close()


async def test_a_mute_card_that_is_pulled_at_last_is_removed(counter: Counter) -> None:
    await counter.insert("unionpay-debit", mute_at=1)
    await counter.reader.wait(True)
    powered = await counter.reader.connect()
    asking = asyncio.create_task(powered.transmit(SELECT_PSE))
    await asyncio.sleep(DEADLINE)
    await counter.pull()
    with pytest.raises(CardRemoved):
        await asking


async def test_a_mute_card_is_given_up_and_the_next_one_works(counter: Counter) -> None:
    await counter.insert("unionpay-debit", mute_at=1)
    await counter.reader.wait(True)
    powered = await counter.reader.connect()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(DEADLINE):
            await powered.transmit(SELECT_PSE)
    assert await counter.reader.is_card_present()
    await powered.close()
    await counter.pull()
    await counter.reader.wait(False)
    await the_next_one_works(counter)


async def test_a_card_whose_caller_forgot_to_close_it_does_not_keep_the_slot(counter: Counter) -> None:
    await counter.insert("unionpay-debit")
    await counter.reader.wait(True)
    await counter.reader.connect()
    again = await counter.reader.connect()
    assert (await again.transmit(SELECT_PSE))[-2:] == b"\x90\x00"
    await again.close()


async def test_what_is_no_answer_to_reset_is_a_mute_card(counter: Counter) -> None:
    await counter.insert("wrong-way")
    await counter.reader.wait(True)
    with pytest.raises(CardMute):
        await counter.reader.connect()


async def test_a_reader_that_goes_away_is_missing_and_comes_back(counter: Counter) -> None:
    waiting = asyncio.create_task(counter.reader.wait(True))
    await asyncio.sleep(DEADLINE)
    await counter.unplug()
    with pytest.raises(ReaderMissing):
        await waiting
    for ask in (counter.reader.is_card_present, counter.reader.connect):
        with pytest.raises(ReaderMissing) as caught:
            await ask()
    assert len(str(caught.value)) > 20
    await counter.plug()
    await the_next_one_works(counter)


async def the_next_one_works(counter: Counter) -> None:
    await counter.insert("unionpay-debit-other")
    await counter.reader.wait(True)
    powered = await counter.reader.connect()
    account = await read_account(powered.transmit, powered.protocol, UNIONPAY_TEST)
    assert account.pan == card("unionpay-debit-other").pan
    await powered.close()


@pytest.mark.process
async def test_a_reader_is_found_by_its_name(pcscd: PrivatePcscd) -> None:
    assert not await PcscReader("Virtual PCD 00 01").is_card_present()
    with pytest.raises(ReaderMissing, match="no card reader"):
        await PcscReader("Another").is_card_present()


@pytest.mark.process
def test_no_service_of_ours_outlives_its_maker(tmp_path: Path) -> None:
    made = (
        "import os, sys, pathlib\n"
        "from simulator.cards.pcscd import PrivatePcscd\n"
        "service = PrivatePcscd(pathlib.Path(sys.argv[1]))\n"
        "service.start()\n"
        "print(service._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).parents[3]
    ended = subprocess.run((sys.executable, "-c", made, str(tmp_path)), cwd=root, capture_output=True, text=True)
    stat = Path(f"/proc/{int(ended.stdout)}/stat")
    until = time.monotonic() + 2
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PcscUnavailable, match="install the package"):
        PrivatePcscd(tmp_path).start()


def test_pyscard_is_imported_by_who_needs_it_only() -> None:
    code = "import sys, drivers.card_reader; sys.exit('smartcard' in sys.modules)"
    subprocess.run((sys.executable, "-c", code), cwd=Path(__file__).parents[3], check=True)
