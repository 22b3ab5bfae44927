"""A keyboard wedge for tests: a device whose kernel side is a pipe of real `struct input_event` records.

This machine has no uinput; what is played is the kernel, from the layout's names in linux/input-event-codes.h on.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from types import SimpleNamespace

from evdev import ecodes

from drivers.stripe_keyboard import keyboard_stripe

EVENT = struct.Struct("llHHi")  # linux/input.h: struct input_event
SHIFTED = dict(zip('!@#$%^&*()_+{}|:"<>?~', "1234567890-=[]\\;',./`", strict=True))
NAMES = {
    "-": "MINUS",
    "=": "EQUAL",
    "[": "LEFTBRACE",
    "]": "RIGHTBRACE",
    "\\": "BACKSLASH",
    ";": "SEMICOLON",
    "'": "APOSTROPHE",
    ",": "COMMA",
    ".": "DOT",
    "/": "SLASH",
    "`": "GRAVE",
    " ": "SPACE",
    "\r": "ENTER",
}
SHIFT = ecodes.KEY_LEFTSHIFT


class Device:
    """As evdev.InputDevice: `read` gives what has come, or BlockingIOError, or ENODEV."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self.is_grabbed, self.is_closed = descriptor, False, False

    def fileno(self) -> int:
        return self._descriptor

    def grab(self) -> None:
        self.is_grabbed = True

    def read(self) -> Iterator[SimpleNamespace]:
        raw = os.read(self._descriptor, 64 * EVENT.size)
        if not raw:
            raise OSError(errno.ENODEV, "No such device")
        return (
            SimpleNamespace(type=kind, code=code, value=value) for _, _, kind, code, value in EVENT.iter_unpack(raw)
        )

    def close(self) -> None:
        self.is_closed = True
        os.close(self._descriptor)


class Wedge:
    """The hand that swipes, and the stripe port that listens."""

    def __init__(self, path: str) -> None:
        self.stripe, self._path = keyboard_stripe(path, self._open), path
        self.plug()

    def plug(self) -> None:
        reading, self._kernel = os.pipe()
        os.set_blocking(reading, False)
        fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, 1 << 20)
        self.device = Device(reading)
        self._is_there = True

    def unplug(self) -> None:
        os.close(self._kernel)
        self._is_there = False

    def events(self, *events: tuple[int, int, int]) -> None:
        os.write(self._kernel, b"".join(EVENT.pack(0, 0, *event) for event in events))

    def press(self, code: int) -> None:
        self.events((ecodes.EV_MSC, ecodes.MSC_SCAN, 458756), (ecodes.EV_KEY, code, 1), (0, 0, 0))
        self.events((ecodes.EV_KEY, code, 0), (0, 0, 0))

    def type(self, text: str) -> None:
        for character in text:
            plain = SHIFTED.get(character, character.lower())
            is_shifted = plain != character
            code = ecodes.ecodes["KEY_" + NAMES.get(plain, plain.upper())]
            if is_shifted:
                self.events((ecodes.EV_KEY, SHIFT, 1), (0, 0, 0))
            self.press(code)
            if is_shifted:
                self.events((ecodes.EV_KEY, SHIFT, 0), (0, 0, 0))

    def _open(self, path: str) -> Device:
        assert path == self._path
        if not self._is_there:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return self.device
