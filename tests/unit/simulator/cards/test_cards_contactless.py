"""The contactless test card and the reader without hardware, command by command."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from simulator.cards.chip import Misbehaving
from simulator.cards.contactless_card import ContactlessCard, ContactlessSettings, Kind
from simulator.cards.pcscd import free_pair
from simulator.cards.reader import SimulatedTap
from simulator.cards.vpcd import VpcdCard
from simulator.cards.vpcd_reader import VpcdReader
from terminal.ports import CardRemoved, NoCard, ReaderMissing, TwoCards
from tests.virtual_time import run

PAN, TRACK2 = "6228480000000000017", "6228480000000000017=30122010000000000"  # TEST
SELECT_PPSE = "00A404000E325041592E5359532E444446303100"
REST = "00" * 29  # of the PDOL's values, behind the qualifiers


def made(kind: Kind = "unionpay", **settings: str) -> ContactlessCard:
    return ContactlessCard(
        msgspec.convert(
            {"kind": kind, "pan": PAN, "expiry": "3012", "track2": TRACK2, "psn": "01", **settings}, ContactlessSettings
        )
    )


def say(chip: ContactlessCard, command: str) -> str:
    return chip.respond(bytes.fromhex(command)).hex().upper()


def start(chip: ContactlessCard, qualifiers: str = "36800080") -> str:
    assert say(chip, SELECT_PPSE).endswith("9000")
    say(chip, "00A4040008A00000033301010100")
    return say(chip, f"80A80000238321{qualifiers}{REST}00")


def test_a_card_that_need_not_go_online_approves_offline() -> None:
    chip = made()
    assert start(chip, "36800080").endswith("9F2701809000")
    assert chip.cid == b"\x80"
    chip.reset()
    assert start(chip, "36000080").endswith("9F2701409000")
    assert chip.cid == b"\x40"


def test_states_and_what_is_not_known() -> None:
    chip = made(gives="records")
    assert say(chip, f"80A80000238321{'36800080'}{REST}00") == "6985"  # nothing selected
    assert start(chip, "16800080") == "6985"  # the quick path is not spoken
    assert say(chip, "80A8000002830000") == "6700"
    assert say(chip, "00B2011400") == "6A83"
    assert start(chip)[:4] == "771E"
    assert say(chip, f"80A80000238321{'36800080'}{REST}00") == "6985"  # once
    assert say(chip, "00B2011400").startswith("70")
    assert say(chip, "00B2021400") == "6A83"
    assert say(chip, "00A4040007A000000003101000") == "6A82"
    assert say(chip, "80AE800000") == "6D00"
    assert say(chip, "00") == "6D00"
    chip.reset()
    assert chip.heard == []
    assert say(chip, "00B2011400") == "6A83"


def test_a_description_is_plain_values_that_are_refused_when_wrong_and_not_shown() -> None:
    with pytest.raises(msgspec.ValidationError):
        made(kind="girocard")  # type: ignore[arg-type]
    with pytest.raises(msgspec.ValidationError):
        made(colour="red")
    assert PAN not in repr(ContactlessSettings("visa", PAN, "3012", TRACK2))


def test_the_field_of_the_simulated_reader() -> None:
    async def about() -> None:
        tap, chip = SimulatedTap(), made()
        with pytest.raises(NoCard):
            await tap.connect()
        tap.tap(chip)
        powered = await tap.connect()
        tap.tap(made())
        with pytest.raises(TwoCards):
            await tap.connect()
        tap.unplug()
        for ask in (tap.connect, tap.is_card_present, lambda: tap.wait(True)):
            with pytest.raises(ReaderMissing):
                await ask()
        with pytest.raises(CardRemoved):
            await powered.transmit(bytes.fromhex(SELECT_PPSE))
        tap.plug()
        tap.pull()
        assert not await tap.is_card_present()

    run(about())


@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_a_slow_chip_takes_its_time(seconds: float) -> None:
    async def ask() -> float:
        tap, loop = SimulatedTap(), asyncio.get_running_loop()
        tap.tap(Misbehaving(made(), slow_at=1, seconds=seconds))
        powered = await tap.connect()
        started = loop.time()
        assert (await powered.transmit(bytes.fromhex(SELECT_PPSE)))[-2:] == b"\x90\x00"
        return loop.time() - started

    assert run(ask()) == pytest.approx(seconds)


def test_a_slow_chip_that_is_taken_away_meanwhile_is_removed() -> None:
    async def ask() -> None:
        tap = SimulatedTap()
        tap.tap(Misbehaving(made(), slow_at=1, seconds=3.0))
        powered = await tap.connect()
        asking = asyncio.create_task(powered.transmit(bytes.fromhex(SELECT_PPSE)))
        await asyncio.sleep(1)
        tap.pull()
        with pytest.raises(CardRemoved):
            await asking

    run(ask())


@pytest.mark.process
async def test_a_slow_chip_takes_its_time_over_a_socket() -> None:
    port, loop = free_pair(), asyncio.get_running_loop()
    async with asyncio.timeout(10), VpcdReader.listening(port, is_contactless=False) as reader:
        chip = Misbehaving(made(), slow_at=1, seconds=0.1)
        held = VpcdCard(chip, port)
        await held.insert()
        await reader.wait(True)
        (card,) = reader._cards.values()
        started = loop.time()
        await card.transmit(bytes.fromhex(SELECT_PPSE))
        assert loop.time() - started >= 0.1
        await held.pull()
        await reader.wait(False)
