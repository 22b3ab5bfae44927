"""The CardReader port, one contract for all: simulated readers, and pyscard over a real pcscd; slot and field."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest

from drivers.card_reader import PcscReader
from simulator.cards.chip import Chip, Misbehaving
from simulator.cards.contactless_card import ContactlessCard, ContactlessSettings
from simulator.cards.pcscd import TAP_NAME, PcscUnavailable, PrivatePcscd, free_pair
from simulator.cards.reader import SimulatedReader, SimulatedTap
from simulator.cards.tray import card
from simulator.cards.vpcd import VpcdCard
from simulator.cards.vpcd_reader import VpcdReader
from terminal.emv import refund, sale
from terminal.emv.account import Account
from terminal.emv.contactless.account import read_tapped
from terminal.emv.opening import ChooseApplication, Deal
from terminal.emv.terminal_data import UNIONPAY_TEST
from terminal.emv.transport import Link
from terminal.money import Money
from terminal.ports import Card, CardMute, CardReader, CardRemoved, NoCard, ReaderMissing, TwoCards

SELECT_PSE = bytes.fromhex("00A404000E315041592E5359532E444446303100")
SELECT_APPLICATION = bytes.fromhex("00A4040008A00000033301010100")
GET_ATC = bytes.fromhex("80CA9F3600")
DEADLINE = 0.05  # for what must not come; a mute card is given up after it
TAP_BUDGET = 0.5  # issue 4: from the tap to the account
TAPPED_PAN, OTHER_PAN = "6228480000000000017", "6228480000000000025"  # TEST


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


@pytest.fixture(params=["simulated", pytest.param("pcsc", marks=pytest.mark.process)])
async def counter(request: pytest.FixtureRequest) -> AsyncIterator[Counter]:
    made: Counter = PcscCounter(request.getfixturevalue("pcscd")) if request.param == "pcsc" else SimulatedCounter()
    async with asyncio.timeout(10):
        yield made
        await made.pull()
        await made.reader.wait(False)


async def read_account(powered: Card) -> Account:
    link = Link(powered.transmit, powered.protocol)
    step = await refund.start(
        link, Deal(UNIONPAY_TEST, Money(0), "261123", "104500", bytes(4), "000001", refund.REFUND)
    )
    while isinstance(step, ChooseApplication):
        step = await refund.choose(link, step, 0)
    assert isinstance(step, refund.Captured)
    return step.account


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
        account = await read_account(powered)
        assert (account.pan, account.aid) == (card(id).pan, aid)
        await powered.close()
        with pytest.raises(CardRemoved):
            await powered.transmit(SELECT_PSE)


@pytest.mark.parametrize("id", ["unionpay-trace", "unionpay-credit"])
async def test_a_whole_sale(counter: Counter, id: str) -> None:
    await counter.insert(id)
    await counter.reader.wait(True)
    powered = await counter.reader.connect()
    link = Link(powered.transmit, powered.protocol)
    asked = await sale.start(link, Deal(UNIONPAY_TEST, Money(6580), "261123", "104500", bytes(4), "000001"))
    while isinstance(asked, ChooseApplication):
        asked = await sale.choose(link, asked, 0)
    assert isinstance(asked, sale.GoOnline)
    done = await sale.complete(link, asked.session, "00", b"")
    assert done.is_approved
    await powered.close()


async def test_a_card_that_was_lent_goes_on_in_its_session(counter: Counter) -> None:
    await counter.insert("unionpay-debit")
    await counter.reader.wait(True)
    powered = await counter.reader.connect()
    assert powered.slot
    assert (await powered.transmit(SELECT_APPLICATION))[-2:] == b"\x90\x00"
    for _ in range(2):
        async with powered.lent():
            assert await counter.reader.is_card_present()
    assert (await powered.transmit(GET_ATC))[-2:] == b"\x90\x00"  # 6985 without a selected application
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
    account = await read_account(powered)
    assert account.pan == card("unionpay-debit-other").pan
    await powered.close()


class Field(Protocol):
    """A contactless reader and the hands around it."""

    reader: CardReader

    async def tap(self, chip: Chip) -> None:
        """A card more; the reader has noticed it."""
        ...

    async def take_first(self) -> None: ...

    async def take_all(self) -> None: ...


class Waited(Protocol):
    """What can be waited for."""

    async def wait(self, present: bool) -> None: ...


class SimulatedField:
    def __init__(self) -> None:
        self.reader, self.chips = SimulatedTap(), list[Chip]()

    async def tap(self, chip: Chip) -> None:
        self.chips.append(chip)
        self.reader.tap(chip)

    async def take_first(self) -> None:
        self.chips = self.chips[1:]
        self.reader.pull()
        for chip in self.chips:
            self.reader.tap(chip)

    async def take_all(self) -> None:
        self.chips.clear()
        self.reader.pull()


class SlotsField:
    """Two slots on two ports, each of which notices its card in its own time."""

    def __init__(self, reader: CardReader, port: int, slots: tuple[Waited, ...]) -> None:
        self.reader, self.port, self.slots = reader, port, slots
        self.cards: dict[int, VpcdCard] = {}

    async def tap(self, chip: Chip) -> None:
        slot = len(self.cards)
        self.cards[slot] = VpcdCard(chip, self.port + slot)
        await self.cards[slot].insert()
        await self.slots[slot].wait(True)

    async def take_first(self) -> None:
        await self.cards.pop(0).pull()
        await self.slots[0].wait(False)

    async def take_all(self) -> None:
        for slot in tuple(self.cards):
            await self.cards.pop(slot).pull()


class VpcdSlot:
    """One slot of a VpcdReader, to wait for."""

    def __init__(self, reader: VpcdReader, slot: int) -> None:
        self.reader, self.slot = reader, slot

    async def wait(self, present: bool) -> None:
        while (self.slot in self.reader._cards) is not present:  # noqa: ASYNC110 - the reader tells of all slots at once
            await asyncio.sleep(0.005)


@pytest.fixture(params=["simulated", *(pytest.param(kind, marks=pytest.mark.process) for kind in ("vpcd", "pcsc"))])
async def field(request: pytest.FixtureRequest) -> AsyncIterator[Field]:
    async with asyncio.timeout(10), contextlib.AsyncExitStack() as stack:
        made: Field = SimulatedField()
        if request.param == "vpcd":
            port = free_pair()
            device = await stack.enter_async_context(VpcdReader.listening(port, is_contactless=True))
            made = SlotsField(device, port, (VpcdSlot(device, 0), VpcdSlot(device, 1)))
        elif request.param == "pcsc":
            port = request.getfixturevalue("pcscd").tap_port
            slots = tuple(PcscReader(f"{TAP_NAME} 00 0{slot}", is_contactless=True) for slot in range(2))
            made = SlotsField(PcscReader(TAP_NAME, is_contactless=True), port, slots)
        yield made
        await made.take_all()
        await made.reader.wait(False)


def tapped(pan: str = TAPPED_PAN) -> ContactlessCard:
    return ContactlessCard(ContactlessSettings("unionpay", pan, "3012", f"{pan}=30122010000000000", "01"))


async def test_a_tapped_account_is_read_and_the_card_taken_away(field: Field) -> None:
    assert not await field.reader.is_card_present()
    with pytest.raises(NoCard):
        await field.reader.connect()
    coming = asyncio.create_task(field.reader.wait(True))
    await asyncio.sleep(0)
    assert not coming.done()
    await field.tap(tapped())
    await coming
    for _ in range(2):
        powered = await field.reader.connect()
        assert (powered.protocol, powered.atr) == (1, tapped().atr)
        assert (await read_tapped(powered.transmit, UNIONPAY_TEST, {})).pan == TAPPED_PAN
        await powered.close()
    assert await field.reader.is_card_present()
    await field.take_all()
    await field.reader.wait(False)


async def test_two_cards_are_one_too_many_until_one_is_taken_away(field: Field) -> None:
    await field.tap(tapped())
    await field.tap(tapped(OTHER_PAN))
    with pytest.raises(TwoCards):
        await field.reader.connect()
    await field.take_first()
    assert await field.reader.is_card_present()
    powered = await field.reader.connect()
    assert (await read_tapped(powered.transmit, UNIONPAY_TEST, {})).pan == OTHER_PAN
    await powered.close()


async def test_a_contact_card_in_the_field_is_a_mute_one(field: Field) -> None:
    for id in ("unionpay-credit", "unionpay-debit"):  # T=0 and T=1
        await field.tap(card(id).virtual())
        with pytest.raises(CardMute):
            await field.reader.connect()
        await field.take_all()
        await field.reader.wait(False)


async def test_a_card_that_leaves_the_field_too_early_is_removed_and_the_next_one_works(field: Field) -> None:
    await field.tap(Misbehaving(tapped(), pull_at=3))
    powered = await field.reader.connect()
    with pytest.raises(CardRemoved):
        await read_tapped(powered.transmit, UNIONPAY_TEST, {})
    await powered.close()
    await field.take_all()
    await field.reader.wait(False)
    await field.tap(tapped())
    powered = await field.reader.connect()
    assert (await read_tapped(powered.transmit, UNIONPAY_TEST, {})).pan == TAPPED_PAN
    await powered.close()


@pytest.mark.process
async def test_from_tap_to_account_in_half_a_second(pcscd: PrivatePcscd) -> None:
    reader = PcscReader(TAP_NAME, is_contactless=True)
    waiting = asyncio.create_task(reader.wait(True))
    await asyncio.sleep(DEADLINE)
    held = VpcdCard(tapped(), pcscd.tap_port)
    started = time.perf_counter()
    await held.insert()
    await waiting
    powered = await reader.connect()
    account = await read_tapped(powered.transmit, UNIONPAY_TEST, {})
    assert time.perf_counter() - started < TAP_BUDGET
    assert account.pan == TAPPED_PAN
    await powered.close()
    await held.pull()
    await reader.wait(False)


@pytest.mark.process
async def test_a_tap_is_nothing_to_the_slot_and_the_reverse(pcscd: PrivatePcscd) -> None:
    contact, tap = PcscReader(), PcscReader(TAP_NAME, is_contactless=True)
    held = VpcdCard(tapped(), pcscd.tap_port + 1)
    await held.insert()
    await tap.wait(True)
    assert not await contact.is_card_present()
    assert not await PcscReader(f"{TAP_NAME} 00 00", is_contactless=True).is_card_present()
    await held.pull()
    await tap.wait(False)


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
