"""A touch panel over evdev, one finger. Law: every report is a point in pixels of the picture, and whether it is down.

| event                                   | becomes                              |
|-----------------------------------------|--------------------------------------|
| ABS_X, ABS_Y, ABS_MT_POSITION_X, _Y     | the place, scaled from the axis range |
| BTN_TOUCH (or ABS_MT_TRACKING_ID)       | down, up                             |
| SYN_REPORT                              | one report, if anything has changed  |
| let go                                  | closed: what comes now is another's  |
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Protocol

from drivers.input_device import REOPEN_AFTER, InputDevice, Opener, Source, open_evdev

EV_SYN, EV_KEY, EV_ABS = 0x00, 0x01, 0x03  # linux/input-event-codes.h
SYN_REPORT, BTN_TOUCH, ABS_MT_SLOT, ABS_MT_TRACKING_ID = 0, 0x14A, 0x2F, 0x39
AXES = {0x00: "x", 0x01: "y", 0x35: "x", 0x36: "y"}  # ABS_X, ABS_Y, ABS_MT_POSITION_X, ABS_MT_POSITION_Y
LIFTED = 0xFFFFFFFF, -1  # ABS_MT_TRACKING_ID of a finger that has gone
Point = tuple[int, int, bool]  # x, y in pixels, whether it is down


@dataclass(frozen=True)
class Finger:
    """Where the first finger is, in units of the device; `is_changed` since the last report."""

    x: int = 0
    y: int = 0
    is_down: bool = False
    slot: int = 0
    is_changed: bool = False

    def on(self, kind: int, code: int, value: int) -> Finger:
        """The finger after one event; only SYN_REPORT makes it a report."""
        if kind == EV_ABS and code == ABS_MT_SLOT:
            return replace(self, slot=value)
        if self.slot:
            return self  # a second finger writes nothing
        if kind == EV_ABS and code in AXES:
            moved = replace(self, x=value) if AXES[code] == "x" else replace(self, y=value)
            return replace(moved, is_changed=True)
        if kind == EV_KEY and code == BTN_TOUCH:
            return replace(self, is_down=bool(value), is_changed=True)
        if kind == EV_ABS and code == ABS_MT_TRACKING_ID:
            return replace(self, is_down=value not in LIFTED, is_changed=True)
        return self


def scaled(value: int, low: int, high: int, pixels: int) -> int:
    """An axis value as a pixel.

    >>> scaled(16384, 0, 32767, 480), scaled(99999, 0, 32767, 480)
    (240, 479)
    """
    return max(0, min(pixels - 1, (value - low) * pixels // max(1, high - low + 1)))


class Panel(Protocol):
    """A device with axes. `absinfo` raises OSError for one that it has not."""

    def absinfo(self, axis: int) -> Any: ...


class Glass:
    """A panel just opened: the places its events tell, in pixels of a picture of `width` by `height`.

    Raises OSError when the panel has not both axes.
    """

    def __init__(self, panel: Panel, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._left, self._right, x = _axis(panel, "x")
        self._top, self._bottom, y = _axis(panel, "y")
        self._finger = Finger(x, y)  # the kernel tells an axis only when it changes

    def on(self, kind: int, code: int, value: int) -> Point | None:
        """The report that an event ends, if anything has changed."""
        self._finger = self._finger.on(kind, code, value)
        if (kind, code) != (EV_SYN, SYN_REPORT) or not self._finger.is_changed:
            return None
        self._finger = finger = replace(self._finger, is_changed=False)
        x = scaled(finger.x, self._left, self._right, self._width)
        return x, scaled(finger.y, self._top, self._bottom, self._height), finger.is_down


def _axis(panel: Panel, axis: str) -> tuple[int, int, int]:
    """Lowest and highest value of an axis, and where it is; a panel has the plain one, the multitouch one, or both."""
    for code in (code for code, name in AXES.items() if name == axis):
        with contextlib.suppress(OSError):
            found = panel.absinfo(code)
            if found.max > found.min:
                return found.min, found.max, found.value
    raise OSError(f"the device has no axis {axis}")


class EvdevTouch:
    """Touches in pixels of a picture of `width` by `height`."""

    def __init__(
        self,
        path_or_name: str,
        width: int,
        height: int,
        *,
        opener: Opener = open_evdev,
        reopen_after: float = REOPEN_AFTER,
    ) -> None:
        self._width, self._height = width, height
        self._device = InputDevice(path_or_name, self._prepare, opener, reopen_after)
        self._glass: Glass | None = None

    def __enter__(self) -> EvdevTouch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._device.close()

    async def touched(self) -> Point:
        """The next report; a panel that is away, or let go, is waited for, and its finger is up when it is back."""
        while True:
            event = await self._device.event()
            if self._glass and (point := self._glass.on(event.type, event.code, event.value)):
                return point

    def let_go(self) -> None:
        """The vault may have it, at once; touches from now on are not ours."""
        self._device.let_go()

    def take(self) -> None:
        """It is ours again."""
        self._device.take()

    def _prepare(self, source: Source) -> None:
        self._glass = Glass(source, self._width, self._height)
