"""A card that the core powered, lent to a process of its own for one VERIFY: over a real pcscd, in T=0 and T=1.

The other process is a real one: libpcsclite's locks are between processes. TEST card, TEST PIN.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from drivers.card_reader import PcscCard, PcscReader
from drivers.card_slots import PcscCardSlots
from simulator.acquirer.downloads import applications, capks
from simulator.acquirer.issuer import TestIssuer
from simulator.cards.application_cryptogram import PIN_FAILED, PIN_PERFORMED
from simulator.cards.chip import Chip, WasPulled, WentMute
from simulator.cards.pcscd import READER_NAME, PrivatePcscd
from simulator.cards.tray import card
from simulator.cards.vpcd import VpcdCard
from terminal.emv import sale, tags, tlv
from terminal.emv.apdu import verify
from terminal.emv.holder import EnterPin, PinForm
from terminal.emv.opening import PURCHASE, ChooseApplication, Deal
from terminal.emv.parameters import kernel
from terminal.emv.sale import Ended, GoOnline
from terminal.emv.transport import Link
from terminal.emv.verification import Tvr
from terminal.money import Money
from terminal.ports import CardMute, CardRemoved, ReaderMissing, VaultGone

pytestmark = pytest.mark.process
TRIES, SEEN_SECONDS = 4, 3.0
ROOT = Path(__file__).parents[3]
LISTS = kernel(applications().values(), (key.whole() for key in capks()), (), {})
ID = "unionpay-credit-offline-pin"
SLOT = f"{READER_NAME} 00 00"
RIGHT, WRONG = (verify(False, bytes.fromhex(f"26{pin}FFFFFFFF")) for pin in ("246801", "111111"))  # TEST PINs
SELECT = bytes.fromhex("00A4040008A000000333010102")
VERIFY = 0x20
CVR = slice(4, 7)  # of UnionPay's IAD, after length, key index, version and the length of the CVR
METHOD = 0x3F
PLAIN_ON_CARD, SUCCEEDED = 0x01, 0x02  # 9F34, first byte (plaintext PIN by the chip) and third
OTHER = """
import asyncio, sys
from drivers.card_slots import PcscCardSlots
try:
    print(asyncio.run(PcscCardSlots(float(sys.argv[3])).transmit(sys.argv[1], bytes.fromhex(sys.argv[2]))).hex())
except Exception as error:
    print(type(error).__name__, error)
"""
HOLDER = """
import os, sys, time
from drivers.card_slots import _Borrowed
held = _Borrowed(sys.argv[1])
held.take()
print("held", flush=True)
sys.stdin.read()
os.kill(os.getpid(), 9)
"""


@pytest.fixture(params=[0, 1], ids=["T=0", "T=1"])
def protocol(request: pytest.FixtureRequest) -> int:
    return request.param


class AtVerify:
    """A chip that does not live to answer VERIFY. `heard` are the instructions it was sent."""

    def __init__(self, chip: Chip, end: type[Exception] | None = None) -> None:
        self._chip, self._end, self.heard = chip, end, list[int]()
        self.atr, self.protocol = chip.atr, chip.protocol

    def reset(self) -> None:
        self._chip.reset()

    def respond(self, command: bytes) -> bytes:
        self.heard.append(command[1])
        if command[1] == VERIFY and self._end is not None:
            raise self._end
        return self._chip.respond(command)


async def other_process(apdu: bytes, seconds: float = 5.0) -> str:
    """What the vault's end hears: the answer in hex, or the error."""
    arguments = (sys.executable, "-c", OTHER, SLOT, apdu.hex(), str(seconds))
    process = await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return said.decode().strip()


class Holding:
    """A process that takes the card and dies with it in hand."""

    async def take(self) -> None:
        pipe = asyncio.subprocess.PIPE
        arguments = (sys.executable, "-c", HOLDER, SLOT)
        self.process = await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stdin=pipe, stdout=pipe)
        assert self.process.stdout is not None
        assert await self.process.stdout.readline() == b"held\n"

    async def die(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.wait()


class Counter:
    """A reader, a card in it, and the power that the core gave it."""

    def __init__(self, service: PrivatePcscd, chip: Chip) -> None:
        self.reader, self.chip, self.held = PcscReader(READER_NAME), chip, VpcdCard(chip, service.port)

    async def __aenter__(self) -> PcscCard:
        for _ in range(TRIES):  # vpcd loses a card that comes while it still takes leave of the one before
            await self.held.insert()
            with suppress(TimeoutError):
                async with asyncio.timeout(SEEN_SECONDS):
                    await self.reader.wait(True)
                    break
        self.powered = await self.reader.connect()
        return self.powered

    async def __aexit__(self, *_: object) -> None:
        await self.held.pull()
        await self.powered.close()
        await self.reader.wait(False)


async def session(powered: PcscCard) -> EnterPin:
    """To the question for a PIN in clear."""
    link = Link(powered.transmit, powered.protocol)
    deal = Deal(LISTS, Money(6580), "261124", "120000", bytes.fromhex("7863AFC6"), "000403", PURCHASE)
    step = await sale.start(link, deal)
    while isinstance(step, ChooseApplication):
        step = await sale.choose(link, step, 0)
    assert isinstance(step, EnterPin)
    assert step.form is PinForm.PLAIN
    return step


async def test_the_other_process_verifies_and_the_session_goes_on(pcscd: PrivatePcscd, protocol: int) -> None:
    async with asyncio.timeout(20), Counter(pcscd, card(ID).virtual_in(protocol)) as powered:
        assert (powered.slot, powered.protocol) == (SLOT, protocol)
        link, asked = Link(powered.transmit, protocol), await session(powered)
        async with powered.lent():
            assert await other_process(WRONG) == "63c2"
        asked = await sale.pin_tried(link, asked, 0x63C2)
        assert isinstance(asked, EnterPin)
        assert (asked.is_again, asked.tries_left) == (True, 2)
        async with powered.lent():
            assert await other_process(RIGHT) == "9000"
        online = await sale.pin_tried(link, asked, 0x9000)
        assert isinstance(online, GoOnline)
        said = dict(tlv.parse(online.icc_data))
        assert Tvr.from_bytes(said[tags.TVR]) == Tvr.FLOOR_LIMIT_EXCEEDED | Tvr.SDA_SELECTED
        assert (said[tags.CVM_RESULTS][0] & METHOD, said[tags.CVM_RESULTS][2]) == (PLAIN_ON_CARD, SUCCEEDED)
        assert int.from_bytes(said[tags.IAD][CVR]) & (PIN_PERFORMED | PIN_FAILED) == PIN_PERFORMED  # in the cryptogram
        answer = TestIssuer().authenticate(online.account.pan, online.account.psn, online.icc_data, "00")
        done = await sale.complete(link, online.session, "00", answer)
        assert isinstance(done, Ended)
        assert done.is_approved


async def test_a_card_that_is_not_lent_hears_nothing(pcscd: PrivatePcscd, protocol: int) -> None:
    chip = AtVerify(card(ID).virtual_in(protocol))
    counter = Counter(pcscd, chip)
    async with asyncio.timeout(20), counter as powered:
        await powered.transmit(SELECT)
        started = time.perf_counter()
        assert await other_process(RIGHT) == "CardMute the card is not lent"
        async with powered.lent():
            pass
        assert await other_process(RIGHT) == "CardMute the card is not lent"
        assert time.perf_counter() - started < 4  # two processes were started; a deadline is 5 s each
        await powered.close()
        assert await other_process(RIGHT) == "CardMute the card is not lent"  # nobody holds it now
        assert VERIFY not in chip.heard


async def test_while_it_is_lent_nobody_else_can_have_it_alone(pcscd: PrivatePcscd) -> None:
    async with asyncio.timeout(20), Counter(pcscd, card(ID).virtual_in(1)) as powered:
        await powered.transmit(SELECT + b"\0")
        with pytest.raises(ReaderMissing, match="another program"):
            await PcscReader(READER_NAME).connect()  # as `yuanlu card inspect` does
        async with powered.lent():
            with pytest.raises(ReaderMissing, match="another program"):
                await PcscReader(READER_NAME).connect()
            assert await PcscReader(READER_NAME).is_card_present()
        assert (await powered.transmit(SELECT + b"\0"))[-2:] == b"\x90\x00"


async def lend(powered: PcscCard, *happens: Callable[[], Awaitable[object]]) -> None:
    async with powered.lent():
        for act in happens:
            await act()


async def hears(apdu: bytes, said: str, seconds: float = 5.0) -> None:
    assert (await other_process(apdu, seconds)).startswith(said)


async def test_a_card_pulled_while_it_is_lent(pcscd: PrivatePcscd, protocol: int) -> None:
    async with asyncio.timeout(20):
        counter = Counter(pcscd, card(ID).virtual_in(protocol))
        async with counter as powered:
            with pytest.raises(CardRemoved):
                await lend(
                    powered,
                    counter.held.pull,
                    partial(counter.reader.wait, False),
                    partial(hears, RIGHT, "CardRemoved"),
                )
            with pytest.raises(CardRemoved):
                await powered.transmit(SELECT)
        await the_next_card_works(pcscd)


async def test_a_card_pulled_during_the_other_s_command(pcscd: PrivatePcscd, protocol: int) -> None:
    async with asyncio.timeout(20):
        async with Counter(pcscd, AtVerify(card(ID).virtual_in(protocol), WasPulled)) as powered:
            with suppress(CardMute, CardRemoved):  # pcscd looks every 0.4 s: the core may know now, or at its next word
                await lend(powered, partial(hears, RIGHT, "CardRemoved"))
            with pytest.raises((CardMute, CardRemoved)):
                await powered.transmit(SELECT)
        await the_next_card_works(pcscd)


async def test_a_card_that_falls_mute_at_verify_is_told_in_time_and_the_next_one_works(
    pcscd: PrivatePcscd, protocol: int
) -> None:
    async with asyncio.timeout(20):
        async with Counter(pcscd, AtVerify(card(ID).virtual_in(protocol), WentMute)) as powered:
            with pytest.raises(CardMute, match="another program keeps the card"):
                await lend(powered, partial(hears, RIGHT, "CardMute the card does not answer in time", 0.4))
            with pytest.raises(CardMute):
                await powered.transmit(SELECT)
        await the_next_card_works(pcscd)


async def test_who_dies_with_the_card_in_hand_resets_it_and_the_core_is_told(pcscd: PrivatePcscd) -> None:
    async with asyncio.timeout(20):
        async with Counter(pcscd, card(ID).virtual_in(1)) as powered:
            other = Holding()
            await powered.transmit(SELECT + b"\0")
            with pytest.raises(CardMute, match="was reset"):
                await lend(powered, other.take, other.die)
            with pytest.raises(CardMute, match="was reset"):
                await powered.transmit(SELECT + b"\0")
        await the_next_card_works(pcscd)


async def test_what_went_wrong_first_is_told(pcscd: PrivatePcscd) -> None:
    async def fail() -> None:
        raise VaultGone("the vault does not answer")

    async with asyncio.timeout(20), Counter(pcscd, card(ID).virtual_in(1)) as powered:
        other = Holding()
        with pytest.raises(VaultGone):
            await lend(powered, other.take, other.die, fail)


async def test_a_third_that_keeps_the_card_is_not_waited_for(pcscd: PrivatePcscd) -> None:
    other = Holding()
    async with asyncio.timeout(20), Counter(pcscd, card(ID).virtual_in(1)) as powered:
        with pytest.raises(CardMute, match="another program keeps the card"):
            await lend(powered, other.take, partial(hears, RIGHT, "CardMute the card does not answer in time", 0.4))
        await other.die()
    await the_next_card_works(pcscd)


async def test_a_service_that_goes_while_a_card_is_lent_and_comes_back(pcscd: PrivatePcscd) -> None:
    async def is_gone() -> None:
        pcscd.stop()
        try:
            await hears(RIGHT, "ReaderMissing")
        finally:
            pcscd.start()

    async with asyncio.timeout(30):
        async with Counter(pcscd, card(ID).virtual_in(1)) as powered:
            with pytest.raises((CardMute, CardRemoved)):
                await lend(powered, is_gone)
        await the_next_card_works(pcscd)


async def test_an_unknown_slot_is_missing(pcscd: PrivatePcscd) -> None:
    with pytest.raises(ReaderMissing):
        await PcscCardSlots().transmit("No such reader 00 00", RIGHT)


async def the_next_card_works(service: PrivatePcscd) -> None:
    async with Counter(service, card(ID).virtual_in(1)) as powered:
        async with powered.lent():
            assert (await other_process(SELECT + b"\0")).endswith("9000")
        assert (await powered.transmit(SELECT + b"\0"))[-2:] == b"\x90\x00"


def test_pyscard_is_imported_by_who_needs_it_only() -> None:
    code = "import sys, drivers.card_slots; sys.exit('smartcard' in sys.modules)"
    subprocess.run((sys.executable, "-c", code), cwd=ROOT, check=True)
