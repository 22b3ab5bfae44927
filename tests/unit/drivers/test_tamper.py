"""Tamper: a line that is active, one that becomes active, one that cannot be had; and how soon it is told.

The source is a pipe that plays the kernel's line: no GPIO chip is here, and no kernel module that would make one.
"""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from drivers.tamper import GpioTamper, TamperLine, TamperUnknown

LINE = TamperLine("/dev/gpiochip-of-nobody", 7)
SOON = 0.1  # seconds; keys that are erased later than that are not saved by it


class Wire:
    """A line whose changes are bytes in a pipe: "1" to active, "x" that the chip has gone."""

    def __init__(self, is_active: bool = False) -> None:
        self.level, self.had, self.closed = is_active, 0, 0
        self._out, self._in = os.pipe()

    def __call__(self, line: TamperLine) -> Wire:
        assert line == LINE
        self.had += 1
        return self

    def change(self, byte: bytes, level: bool = False) -> None:
        self.level = level
        os.write(self._in, byte)

    def fileno(self) -> int:
        return self._out

    def is_active(self) -> bool:
        return self.level

    def has_become_active(self) -> bool:
        heard = os.read(self._out, 64)
        if b"x" in heard:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return b"1" in heard

    def close(self) -> None:
        self.closed += 1


async def opened(wire: Wire) -> asyncio.Task[None]:
    """A wait that has begun."""
    waiting = asyncio.create_task(GpioTamper(LINE, wire).opened())
    for _ in range(3):
        await asyncio.sleep(0)
    return waiting


async def test_a_line_that_is_active_at_the_start_is_told_at_once():
    wire = Wire(is_active=True)
    async with asyncio.timeout(1):
        await GpioTamper(LINE, wire).opened()
    assert (wire.had, wire.closed) == (1, 1)


@pytest.mark.parametrize("level", [True, False], ids=["stays-active", "for-a-moment"])
async def test_a_line_that_becomes_active_is_told(level: bool):
    wire = Wire()
    waiting = await opened(wire)
    assert not waiting.done()
    wire.change(b"1", level)
    async with asyncio.timeout(1):
        await waiting
    assert wire.closed == 1


async def test_no_change_is_no_opening():
    wire = Wire()
    waiting = await opened(wire)
    wire.change(b"0")
    _, pending = await asyncio.wait({waiting}, timeout=0.05)
    assert pending
    wire.change(b"1")
    async with asyncio.timeout(1):
        await waiting


async def test_a_wait_that_is_given_up_lets_the_line_go():
    wire = Wire()
    waiting = await opened(wire)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert wire.closed == 1
    assert not asyncio.get_running_loop().remove_reader(wire.fileno())


async def test_a_chip_that_goes_is_an_error_and_not_silence():
    wire = Wire()
    waiting = await opened(wire)
    wire.change(b"x")
    with pytest.raises(TamperUnknown, match=r"tamper line 7 .*No such device"):
        async with asyncio.timeout(1):
            await waiting
    assert wire.closed == 1


@pytest.mark.parametrize("chip", ["/dev/gpiochip-of-nobody", "/dev/null", "/etc/passwd", "/"])
async def test_what_is_no_chip_is_an_error_by_the_real_gpiod(chip: str):
    with pytest.raises(TamperUnknown, match=f"the tamper line 7 of {chip} cannot be had: "):
        async with asyncio.timeout(1):
            await GpioTamper(TamperLine(chip, 7)).opened()


async def test_gpiod_that_is_missing_is_named():
    def missing(line: TamperLine) -> Wire:
        raise ModuleNotFoundError("No module named 'gpiod'", name="gpiod")

    with pytest.raises(TamperUnknown, match="gpiod is missing"):
        await GpioTamper(LINE, missing).opened()


async def test_it_is_told_soon():
    """From the change to the caller, the change coming from another thread as from a kernel."""
    slowest = 0.0
    for _ in range(20):
        wire, changed = Wire(), [0.0]
        waiting = await opened(wire)

        def change(wire: Wire = wire, changed: list[float] = changed) -> None:
            changed[0] = time.perf_counter()
            wire.change(b"1")

        threading.Timer(0.005, change).start()
        async with asyncio.timeout(1):
            await waiting
        slowest = max(slowest, time.perf_counter() - changed[0])
    print(f"slowest of 20: {slowest * 1e6:.0f} us")
    assert slowest < SOON


def test_gpiod_is_imported_by_who_has_a_line_only():
    code = "import sys, drivers.tamper; sys.exit('gpiod' in sys.modules)"
    subprocess.run((sys.executable, "-c", code), cwd=Path(__file__).parents[3], check=True)
