"""The Stripe port, the same contract for the line reader (on a FIFO) and its simulated twin."""

import asyncio
import os

import pytest

from drivers.magstripe import LineStripe, NoStripe
from simulator.cards.reader import SimulatedStripe
from terminal.ports import ReaderMissing

TRACK = b"6250000000000001=30122011"  # TEST CARD


class Fifo:
    """A reader's tty, played by a FIFO."""

    def __init__(self, folder):
        self.path = folder / "stripe"
        os.mkfifo(self.path)
        self.stripe = LineStripe(str(self.path))

    def swipe(self, track):
        self.write(b"%B^TEST^?;" + track + b"?\r\n")

    def write(self, raw):
        descriptor = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        os.write(descriptor, raw)
        os.close(descriptor)


class Twin:
    def __init__(self, _):
        self.stripe = SimulatedStripe()

    def swipe(self, track):
        self.stripe.swipe(track)


@pytest.fixture(params=[Fifo, Twin], ids=["tty", "simulated"])
def reader(request, tmp_path):
    return request.param(tmp_path)


async def swiped_while(reader, act):
    waiting = asyncio.create_task(reader.stripe.swiped())
    await asyncio.sleep(0.01)
    act()
    async with asyncio.timeout(2):
        return await waiting


async def test_a_swipe_is_its_track_2(reader):
    assert await swiped_while(reader, lambda: reader.swipe(TRACK)) == TRACK


async def test_waiting_can_be_given_up_and_taken_up_again(reader):
    waiting = asyncio.create_task(reader.stripe.swiped())
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await swiped_while(reader, lambda: reader.swipe(TRACK)) == TRACK


async def test_a_swipe_that_nobody_asked_for_is_forgotten(reader):
    await swiped_while(reader, lambda: reader.swipe(TRACK))
    reader.swipe(b"6250000000000019=30122011")
    assert await swiped_while(reader, lambda: reader.swipe(TRACK)) == TRACK


async def test_noise_is_passed_over(tmp_path):
    tty = Fifo(tmp_path)

    def act():
        tty.write(b"\x00\xff?\n" + b"x" * 2000 + b"\n;no end\n")
        tty.swipe(TRACK)

    assert await swiped_while(tty, act) == TRACK


async def test_a_reader_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(ReaderMissing):
        await LineStripe(str(tmp_path / "none")).swiped()


async def test_no_reader_never_swipes():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await NoStripe().swiped()
