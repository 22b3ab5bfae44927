"""Console: played answers of a virtual terminal; a file that is none is left alone."""

import asyncio
import os
import signal
import struct
from pathlib import Path

import pytest

from drivers.console import (
    KD_GRAPHICS,
    KDGETMODE,
    KDSETMODE,
    VT_GETMODE,
    VT_GETSTATE,
    VT_RELDISP,
    VT_SETMODE,
    Console,
)

AUTO, PROCESS = struct.pack("@bbhhh", 0, 0, 0, 0, 0), struct.pack("@bbhhh", 1, 0, signal.SIGUSR1, signal.SIGUSR2, 0)


class Kernel:
    """Answers as a virtual terminal, and keeps what was set; and a panel that keeps what it was told."""

    def __init__(self, active: int = 0, refuses: int = 0) -> None:
        self.active, self.refuses, self.heard = active, refuses, list[object]()
        self.told = asyncio.Event()

    def ioctl(self, file: int, request: int, value: int | bytes) -> int | bytes:
        assert os.fstat(file)
        if request == self.refuses:
            raise OSError(1, "Operation not permitted")
        if request == KDGETMODE:
            return bytes(4)
        if request == VT_GETMODE:
            return AUTO
        if request == VT_GETSTATE:
            return struct.pack("@HHH", self.active, 0, 0b11)
        self.heard.append((request, value))
        return 0

    def rest(self) -> None:
        self.heard.append("rest")
        self.told.set()

    def resume(self) -> None:
        self.heard.append("resume")
        self.told.set()


HELD, GIVEN = [(VT_SETMODE, PROCESS), (KDSETMODE, KD_GRAPHICS)], [(KDSETMODE, 0), (VT_SETMODE, AUTO)]


async def test_given_away_and_taken_back(tmp_path: Path):
    kernel = Kernel()
    (tmp_path / "tty").touch()
    before = signal.getsignal(signal.SIGUSR1), len(os.listdir("/proc/self/fd"))
    with Console(tmp_path / "tty", kernel, kernel.ioctl) as console:
        assert console.trouble == ""
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            os.kill(os.getpid(), number)
            async with asyncio.timeout(5):
                await kernel.told.wait()
            kernel.told.clear()
    assert kernel.heard == [*HELD, "rest", (VT_RELDISP, 1), (VT_RELDISP, 2), "resume", *GIVEN]
    assert (signal.getsignal(signal.SIGUSR1), len(os.listdir("/proc/self/fd"))) == before


async def test_another_is_in_front_at_the_start(tmp_path: Path):
    kernel = Kernel(active=7)
    with Console(Path("/dev/null"), kernel, kernel.ioctl):  # minor 3
        assert kernel.heard == [*HELD, "rest"]


@pytest.mark.parametrize(("refused", "undone"), [(VT_SETMODE, []), (KDSETMODE, [(VT_SETMODE, PROCESS), GIVEN[1]])])
async def test_rights_are_missing(refused: int, undone: list[object]):
    kernel = Kernel(refuses=refused)
    with Console(Path("/dev/null"), kernel, kernel.ioctl) as console:
        assert "not permitted" in console.trouble
        assert kernel.heard == undone
    assert kernel.heard == undone


async def test_no_virtual_terminal(tmp_path: Path):
    kernel = Kernel()
    main, side = os.openpty()
    try:
        for path in (tmp_path / "nowhere", Path("/dev/null"), Path(os.ttyname(side))):
            with Console(path, kernel) as console:
                assert str(path) in console.trouble
    finally:
        os.close(main)
        os.close(side)
    assert kernel.heard == []
