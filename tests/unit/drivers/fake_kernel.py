"""The kernel's side of an input device, for tests: who has it open, who has grabbed it, who gets what.

This machine has no uinput. What is played is linux/drivers/input/evdev.c: each open file has a queue of its own; while
one of them holds EVIOCGRAB the events go to that one alone, and another's EVIOCGRAB is EBUSY; an axis that did not
change is not told (input.c); a file of a device that was pulled out reads ENODEV.
"""

from __future__ import annotations

import asyncio
import errno
import os
import struct
from collections.abc import Callable, Iterator
from types import SimpleNamespace

EVENT = struct.Struct("llHHi")  # linux/input.h: struct input_event
EV_SYN, EV_KEY, EV_ABS = 0, 1, 3
SYN = (EV_SYN, 0, 0)
UP, DOWN, HELD = 0, 1, 2
PATIENCE = 5  # seconds, for a machine under load; nothing here waits that long


class OpenFile:
    """As evdev.InputDevice; `read` is a generator, as there."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self.is_closed = False

    def fileno(self) -> int:
        return self._reading

    def read(self) -> Iterator[SimpleNamespace]:
        raw = os.read(self._reading, 64 * EVENT.size)
        if not raw:
            raise OSError(errno.ENODEV, "No such device")
        for _, _, kind, code, value in EVENT.iter_unpack(raw):
            yield SimpleNamespace(type=kind, code=code, value=value)

    def grab(self) -> None:
        self._kernel.grab(self)

    def ungrab(self) -> None:
        if self._kernel.holder is not self:
            raise OSError(errno.EINVAL, "Invalid argument")
        self._kernel.holder = None

    def absinfo(self, axis: int) -> SimpleNamespace:
        if axis not in self._kernel.axes:
            raise OSError(errno.EINVAL, "Invalid argument")
        low, high = self._kernel.axes[axis]
        return SimpleNamespace(min=low, max=high, value=self._kernel.places.get(axis, 0))

    def close(self) -> None:
        assert not self.is_closed, "closed twice"
        self.is_closed = True
        os.close(self._reading)
        self._kernel.closed(self)


class Kernel:
    """One device. `axes` are code to (lowest, highest)."""

    def __init__(self, axes: dict[int, tuple[int, int]] | None = None) -> None:
        self.axes, self.places = axes or {}, dict.fromkeys(axes or {}, 0)
        self.files: list[OpenFile] = []
        self.holder: OpenFile | None = None
        self.is_there = True
        self._changed = asyncio.Event()

    def open(self, name: str) -> OpenFile:
        if not self.is_there:
            raise FileNotFoundError(errno.ENOENT, name)
        self.files.append(OpenFile(self))
        self._changed.set()
        return self.files[-1]

    def grab(self, file: OpenFile) -> None:
        if not self.is_there:
            raise OSError(errno.ENODEV, "No such device")
        if self.holder is not None:
            raise OSError(errno.EBUSY, "Device or resource busy")
        self.holder = file
        self._changed.set()

    async def until(self, is_it: Callable[[Kernel], object]) -> None:
        """Wait for whoever opens and grabs."""
        async with asyncio.timeout(PATIENCE):
            while not is_it(self):
                self._changed.clear()
                await self._changed.wait()

    def closed(self, file: OpenFile) -> None:
        if self.holder is file:
            self.holder = None
        if file in self.files:
            self.files.remove(file)
            os.close(file.writing)
            self._changed.set()

    def events(self, *events: tuple[int, int, int]) -> None:
        told = [event for event in events if self._is_told(*event)]
        raw = b"".join(EVENT.pack(0, 0, *event) for event in told)
        for file in [self.holder] if self.holder else self.files:
            os.write(file.writing, raw)

    def _is_told(self, kind: int, code: int, value: int) -> bool:
        if kind != EV_ABS or code not in self.axes:
            return True
        is_new, self.places[code] = self.places[code] != value, value
        return is_new

    def press(self, code: int) -> None:
        self.events((EV_KEY, code, DOWN), SYN, (EV_KEY, code, UP), SYN)

    def pull_out(self) -> None:
        self.is_there, self.holder = False, None
        for file in self.files:
            os.close(file.writing)
        self.files.clear()
