"""A stripe reader that types like a keyboard (a wedge), over evdev. Law: while it is held, nobody else sees its keys.

| event                                | becomes                                                          |
|--------------------------------------|------------------------------------------------------------------|
| a key goes down                      | its character of the US layout, with or without shift            |
| a letter                             | the capital: a stripe has no other (ISO/IEC 7811-2), caps lock or not |
| Enter                                | a line's end                                                     |
| any other key, a key held or let go  | nothing                                                          |
| SYN_DROPPED: the kernel lost events  | a NUL, which is in no track: the line cannot be read             |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from drivers.input_device import open_evdev
from drivers.magstripe import LineStripe

EV_SYN, EV_KEY, SYN_DROPPED = 0x00, 0x01, 3  # linux/input-event-codes.h, as all the numbers here
UP, DOWN = 0, 1
SHIFTS = (42, 54)
ROWS = (  # the first code, what its keys type in order, and the same with shift
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "QWERTYUIOP[]\r", "QWERTYUIOP{}\r"),
    (30, "ASDFGHJKL;'`", 'ASDFGHJKL:"~'),
    (43, "\\ZXCVBNM,./", "|ZXCVBNM<>?"),
    (55, "*", "*"),  # 55 and up: the number block
    (57, " ", " "),
    (71, "789-456+1230.", "789-456+1230."),
    (96, "\r", "\r"),
    (98, "/", "/"),
)
LAYOUT = {
    start + index: pair for start, plain, shifted in ROWS for index, pair in enumerate(zip(plain, shifted, strict=True))
}


class Keyboard(Protocol):
    """What is used of an evdev device; `read` raises as drivers/magstripe.py's does."""

    def fileno(self) -> int: ...

    def grab(self) -> None: ...

    def read(self) -> Iterable[Any]: ...

    def close(self) -> None: ...


class TypedCharacters:
    """The characters that an evdev device types."""

    def __init__(self, device: Keyboard) -> None:
        self._device = device
        try:
            device.grab()
        except OSError:  # another process holds it
            device.close()
            raise
        self._shifts: set[int] = set()

    def fileno(self) -> int:
        return self._device.fileno()

    def read(self) -> bytes:
        return "".join(self._typed(event.type, event.code, event.value) for event in self._device.read()).encode(
            "ascii"
        )

    def close(self) -> None:
        self._device.close()

    def _typed(self, kind: int, code: int, value: int) -> str:
        if kind == EV_SYN and code == SYN_DROPPED:
            self._shifts.clear()
            return "\0"
        if kind != EV_KEY:
            return ""
        if code in SHIFTS:
            (self._shifts.discard if value == UP else self._shifts.add)(code)
            return ""
        return LAYOUT[code][bool(self._shifts)] if value == DOWN and code in LAYOUT else ""


def keyboard_stripe(path: str, opener: Callable[[str], Any] = open_evdev) -> LineStripe:
    """The Stripe port over the input device at a path. `opener` is for tests: it returns a Keyboard."""
    return LineStripe(lambda: TypedCharacters(opener(path)))
