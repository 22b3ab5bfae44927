"""The Stripe port, the same contract for its simulated twin, a FIFO, a serial line (on a pty) and a keyboard wedge."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import select
import termios
from pathlib import Path

import pytest

from drivers.magstripe import tty_stripe
from simulator.cards.reader import SimulatedStripe
from terminal.app import _stripe
from terminal.ports import ReaderMissing, Stripe
from terminal.swipe import Swipe
from tests.unit.drivers.device_time import run
from tests.unit.drivers.wedge import Wedge

TRACK1 = b"B6210948000000110^TEST/CARD^35121010000000000"  # TEST CARD
TRACK2 = b"6210948000000110=35121010000000000"
TRACK3 = b"996210948000000110=1561560000000000000003000000114000003512=000000000000=000000000000=0"
OTHER = b"6250946000000016=33121010000000000"
READ = Swipe("", TRACK2.decode())


def line(track2: bytes = b"", track1: bytes = b"", track3: bytes = b"") -> bytes:
    return b"".join(s + track + b"?" for s, track in ((b"%", track1), (b";", track2), (b"+", track3)) if track) + b"\r"


class Twin:
    """The simulated reader."""

    def __init__(self, _: Path) -> None:
        self.stripe: Stripe = SimulatedStripe()

    def swipe(self, *tracks: bytes) -> None:
        self.stripe.swipe(*tracks)


class Fifo:
    """A reader's tty, played by a FIFO."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "stripe"
        os.mkfifo(self.path)
        self.stripe = tty_stripe(str(self.path))

    def swipe(self, *tracks: bytes) -> None:
        self.write(line(*tracks) + b"\n")

    def write(self, raw: bytes) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        os.write(descriptor, raw)
        os.close(descriptor)


class Serial:
    """A serial reader, played by the other end of a pty; its device is a link, as udev makes them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "reader"
        self.plug()
        self.stripe = tty_stripe(str(self.path), 9600)

    def plug(self) -> None:
        self.end, device = pty.openpty()
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(device))
        self._device = device

    def unplug(self) -> None:
        os.close(self._device)
        os.close(self.end)
        self.path.unlink()

    def swipe(self, *tracks: bytes) -> None:
        self.write(line(*tracks))

    def write(self, raw: bytes) -> None:
        os.write(self.end, raw)
        assert select.select([self._device], [], [], 1)[0]  # the kernel carries it over in its own time


class Keyboard:
    """A wedge."""

    def __init__(self, folder: Path) -> None:
        self.wedge = Wedge(str(folder / "event0"))
        self.stripe = self.wedge.stripe
        self.plug, self.unplug = self.wedge.plug, self.wedge.unplug

    def swipe(self, *tracks: bytes) -> None:
        self.write(line(*tracks))

    def write(self, raw: bytes) -> None:
        self.wedge.type(raw.decode())


@pytest.fixture(params=[Twin, Fifo, Serial, Keyboard])
def reader(request, tmp_path):
    return request.param(tmp_path)


@pytest.fixture(params=[Serial, Keyboard])
def removable(request, tmp_path):
    return request.param(tmp_path)


async def swiped_while(reader, act):
    waiting = asyncio.create_task(reader.stripe.swiped())
    await asyncio.sleep(0.01)
    act()
    async with asyncio.timeout(2):
        return await waiting


async def test_a_swipe_is_its_tracks(reader):
    assert await swiped_while(reader, lambda: reader.swipe(TRACK2)) == READ
    three = await swiped_while(reader, lambda: reader.swipe(TRACK2, TRACK1, TRACK3))
    assert three == Swipe(TRACK1.decode(), TRACK2.decode(), TRACK3.decode())


async def test_a_swipe_that_could_not_be_read_is_one(reader):
    assert await swiped_while(reader, lambda: reader.swipe(b"E")) == Swipe()
    assert await swiped_while(reader, lambda: reader.swipe(TRACK2)) == READ


async def test_waiting_can_be_given_up_and_taken_up_again(reader):
    waiting = asyncio.create_task(reader.stripe.swiped())
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await swiped_while(reader, lambda: reader.swipe(TRACK2)) == READ


async def test_a_swipe_that_nobody_asked_for_is_forgotten(reader):
    await swiped_while(reader, lambda: reader.swipe(TRACK2))
    for _ in range(3):
        reader.swipe(OTHER, TRACK1, TRACK3)
    assert await swiped_while(reader, lambda: reader.swipe(TRACK2)) == READ


async def test_a_reader_that_is_pulled_out_is_missing_until_it_is_back(removable):
    waiting = asyncio.create_task(removable.stripe.swiped())
    await asyncio.sleep(0.01)
    removable.unplug()
    async with asyncio.timeout(2):
        with pytest.raises(ReaderMissing, match="gone"):
            await waiting
        with pytest.raises(ReaderMissing, match="cannot be opened: No such file"):
            await removable.stripe.swiped()
    removable.plug()
    assert await swiped_while(removable, lambda: removable.swipe(TRACK2)) == READ


async def test_noise_is_passed_over(tmp_path):
    tty = Fifo(tmp_path)

    def act():
        tty.write(b"\x00\xff?\n" + b"x" * 2000 + b"\n;no end\n")
        tty.swipe(TRACK2)

    assert await swiped_while(tty, act) == READ


@pytest.mark.parametrize("end", [b"", b"\r", b"\n", b"\r\n", b"\x03"])
def test_each_track_on_its_own_line_and_no_line_at_all(tmp_path, end):
    tty = Fifo(tmp_path)

    async def script():
        waiting = asyncio.create_task(tty.stripe.swiped())
        for raw in (b"\x02%" + TRACK1 + b"?" + end, b";" + TRACK2 + b"?" + end, b"+" + TRACK3 + b"?" + end):
            await asyncio.sleep(0.05)
            tty.write(raw)
        return await asyncio.wait_for(waiting, 5)

    assert run(script()) == Swipe(TRACK1.decode(), TRACK2.decode(), TRACK3.decode())


@pytest.mark.parametrize("rig", [Fifo, Serial, Keyboard])
def test_a_pause_within_a_line_drops_the_half_line(tmp_path, rig):
    reader = rig(tmp_path)

    async def script():
        waiting = asyncio.create_task(reader.stripe.swiped())
        for seconds, raw in ((0.1, b"%" + TRACK1 + b"?;" + TRACK2[:9]), (1.1, TRACK2[9:] + b"?\r"), (1.1, b";")):
            await asyncio.sleep(seconds)
            reader.write(raw)
        for character in OTHER + b"?\r":  # half a minute is a long line, but no pause
            await asyncio.sleep(0.9)
            assert not waiting.done()
            reader.write(bytes((character,)))
        return await waiting

    assert run(script()) == Swipe("", OTHER.decode())


async def test_noise_without_end_is_not_kept(tmp_path):
    tty = Fifo(tmp_path)

    def act():
        tty.write(b"%" + b"x" * 600)
        tty.swipe(TRACK2)

    assert await swiped_while(tty, act) == READ


async def test_a_reader_that_is_not_there_is_missing(tmp_path):
    opened = len(os.listdir("/proc/self/fd"))
    with tty_stripe(str(tmp_path / "none")) as stripe, pytest.raises(ReaderMissing, match="cannot be opened"):
        await stripe.swiped()
    with pytest.raises(ReaderMissing, match="cannot be opened"):
        await tty_stripe(str(Fifo(tmp_path).path), 9600).swiped()  # no tty: it has no speed
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    with pytest.raises(ReaderMissing):
        await tty_stripe(str(plain)).swiped()
    plain.write_bytes(line(TRACK2) * 2000)
    with pytest.raises(ReaderMissing, match="cannot be waited for"):
        await tty_stripe(str(plain)).swiped()
    assert len(os.listdir("/proc/self/fd")) == opened


async def test_a_serial_line_is_raw_and_says_nothing_back(tmp_path):
    reader = Serial(tmp_path)
    with reader.stripe:
        settings = termios.tcgetattr(reader.end)
        assert settings[4:6] == [termios.B9600, termios.B9600]
        assert settings[2] & (termios.CSIZE | termios.PARENB | termios.CSTOPB | termios.CRTSCTS) == termios.CS8
        assert not settings[3] & (termios.ECHO | termios.ICANON | termios.ISIG)
        await swiped_while(reader, lambda: reader.swipe(TRACK2))
    os.set_blocking(reader.end, False)
    with pytest.raises(BlockingIOError):
        os.read(reader.end, 1)


def test_nothing_of_a_line_stays_behind_or_is_logged(tmp_path, caplog, capfd):
    tty = Fifo(tmp_path)

    async def script():
        return await swiped_while(tty, lambda: tty.swipe(TRACK2))

    caplog.set_level(0)
    run(script())
    kept = repr(vars(tty.stripe)) + caplog.text + "".join(capfd.readouterr())
    assert TRACK2.decode()[:16] not in kept


@pytest.mark.parametrize(
    ("target", "rig"), [("{folder}/stripe", Fifo), ("serial:{folder}/reader:9600", Serial), ("", None)]
)
async def test_as_configured(tmp_path, target, rig):
    reader = rig(tmp_path) if rig else None
    async with contextlib.AsyncExitStack() as stack:
        stripe = _stripe(target.format(folder=tmp_path), stack)
        if reader is None:
            assert stripe is None
            return
        if rig is Serial:
            assert termios.tcgetattr(reader.end)[4:6] == [termios.B9600, termios.B9600]
        reader.stripe = stripe
        assert await swiped_while(reader, lambda: reader.swipe(TRACK2)) == READ


async def test_a_configured_keyboard_that_is_not_there_is_missing(tmp_path):
    async with contextlib.AsyncExitStack() as stack:
        stripe = _stripe(f"keyboard:{tmp_path}/event0", stack)
        with pytest.raises(ReaderMissing, match="No such file"):
            await stripe.swiped()
