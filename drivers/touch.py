"""A touch panel over evdev, one finger. Law: every report is a point in pixels of the picture, and whether it is down.

| what                         | becomes                                                                 |
|------------------------------|-------------------------------------------------------------------------|
| the finger that is followed  | where it is (drivers/fingers.py)                                        |
| the matrix                   | its place as the calibration has it, then as the picture is turned      |
| a place off the picture      | the nearest pixel of the picture                                        |
| the same pixel again         | nothing: a finger that trembles is still                                |
| the finger is lifted         | always a report, at the pixel of the last one                           |
| pressure                     | 0 to 255 of the panel's range; None where the panel does not feel it    |
| pulled out with a finger on  | lifted, as soon as the panel is back                                    |
| let go                       | closed: what comes now is another's                                     |
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, Protocol

from drivers.fingers import ABS_MT_SLOT, AXES, MOST_CONTACTS, ONE_PLACE, PLACES, Contact, Fingers, Seen
from drivers.input_device import REOPEN_AFTER, InputDevice, Opener, Source, open_evdev

Matrix = tuple[float, float, float, float, float, float]  # of libinput: x' = ax + by + c, y' = dx + ey + f, each 0 to 1
IDENTITY: Matrix = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
# The picture is turned clockwise by so many degrees: where a place on the panel is in the picture.
ROTATIONS: dict[int, Matrix] = {
    0: IDENTITY,
    90: (0.0, 1.0, 0.0, -1.0, 0.0, 1.0),
    180: (-1.0, 0.0, 1.0, 0.0, -1.0, 1.0),
    270: (0.0, -1.0, 1.0, 1.0, 0.0, 0.0),
}
MOST_PRESSURE = 255
EVIOCGMTSLOTS = 0x8000450A  # linux/input.h; the size goes into bits 16 to 29 (asm-generic/ioctl.h)


class _Place(NamedTuple):
    x: int
    y: int
    is_down: bool


class Point(_Place):
    """x, y in pixels and whether it is down: three values to unpack and to compare; `pressure` comes with it."""

    pressure: int | None

    def __new__(cls, x: int, y: int, is_down: bool, pressure: int | None = None) -> Point:
        point = super().__new__(cls, x, y, is_down)
        point.pressure = pressure
        return point


class Panel(Protocol):
    """A device with axes. `absinfo` raises OSError for one that it has not."""

    def absinfo(self, axis: int) -> Any: ...


SlotReader = Callable[[Panel, int, int], Sequence[int]]


def matrix_of(text: str) -> Matrix:
    """Six numbers as in udev's LIBINPUT_CALIBRATION_MATRIX; "" is IDENTITY. Raises ValueError.

    >>> matrix_of("-1 0 1 0 1 0")
    (-1.0, 0.0, 1.0, 0.0, 1.0, 0.0)
    """
    if not text.strip():
        return IDENTITY
    try:
        a, b, c, d, e, f = map(float, text.split())
    except ValueError:
        raise ValueError("a calibration matrix is six numbers") from None
    return a, b, c, d, e, f


@dataclass(frozen=True)
class Mounting:
    """How the panel lies on the picture: its calibration, and how far the picture is turned on it, clockwise.

    Raises ValueError for a matrix of no six numbers or with all touches on one line, and for another angle.
    """

    matrix: Matrix = IDENTITY
    rotation: int = 0

    def __post_init__(self) -> None:
        a, b, _, d, e, _ = self.matrix
        if not all(map(math.isfinite, self.matrix)) or a * e == b * d:
            raise ValueError("a calibration matrix is six numbers, and no two directions become one")
        if self.rotation not in ROTATIONS:
            raise ValueError(f"a picture is turned by {', '.join(map(str, ROTATIONS))} degrees")

    def placed(self, x: float, y: float) -> tuple[float, float]:
        """A place on the panel in the picture, both in shares of the whole."""
        return turned(ROTATIONS[self.rotation], *turned(self.matrix, x, y))


STRAIGHT = Mounting()


def turned(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """A place after the matrix, both in shares of the whole.

    >>> turned(ROTATIONS[90], 1.0, 0.25)  # near the panel's top right is near the picture's top left
    (0.25, 0.0)
    """
    a, b, c, d, e, f = matrix
    return a * x + b * y + c, d * x + e * y + f


def share(value: int, low: int, high: int) -> float:
    """The middle of an axis value in shares of its range; what is outside is at its end."""
    return (max(low, min(high, value)) - low + 0.5) / (high - low + 1)


def pixel(at: float, pixels: int) -> int:
    """A share of the picture as a pixel.

    >>> pixel(0.5, 480), pixel(7.0, 480), pixel(float("nan"), 480)
    (240, 479, 479)
    """
    return min(pixels - 1, int(max(0.0, min(1.0, at)) * pixels))


def evdev_slots(panel: Panel, code: int, many: int) -> Sequence[int]:
    """One value of each slot, as they are now. Raises OSError where that cannot be asked."""
    fileno = getattr(panel, "fileno", None)
    if fileno is None:
        raise OSError("no device to ask")
    words = struct.Struct(f"I{many}i")
    asked = bytearray(words.pack(code, *[0] * many))
    fcntl.ioctl(fileno(), EVIOCGMTSLOTS | words.size << 16, asked)
    return words.unpack(asked)[1:]


class Glass:
    """A panel just opened: the places its events tell, in pixels of a picture of `width` by `height`.

    Raises OSError when the panel has not both axes.
    """

    def __init__(
        self,
        panel: Panel,
        width: int,
        height: int,
        mounting: Mounting = STRAIGHT,
        *,
        read_slots: SlotReader = evdev_slots,
    ) -> None:
        self._size, self._mounting = (width, height), mounting
        self._panel, self._read_slots = panel, read_slots
        self._axes = _axes(panel, AXES) or _axes(panel, ONE_PLACE)
        if not self._axes:
            raise OSError("the device has not both axes")
        is_multitouch = self._axes.keys() <= AXES.keys()
        self._names = {(AXES if is_multitouch else ONE_PLACE)[code]: code for code in self._axes}
        self._fingers = Fingers(self._look, is_multitouch=is_multitouch)
        self._last: Point | None = None  # None while no finger is down

    def on(self, kind: int, code: int, value: int) -> tuple[Point, ...]:
        """The reports that an event ends: none, one, or the lifting of one finger and the setting down of another."""
        told = self._fingers.on(kind, code, value)
        return tuple(point for contact in told for point in (self._point(contact) if contact else self.lifted()))

    def lifted(self) -> tuple[Point, ...]:
        """The finger is gone: its last report, if it was down."""
        last, self._last = self._last, None
        return () if last is None else (Point(last.x, last.y, False),)

    def _point(self, contact: Contact) -> tuple[Point, ...]:
        x, y = self._mounting.placed(share(contact.x, *self._range("x")), share(contact.y, *self._range("y")))
        point = Point(pixel(x, self._size[0]), pixel(y, self._size[1]), True, self._pressure(contact.pressure))
        if point == self._last:
            return ()
        self._last = point
        return (point,)

    def _pressure(self, value: int | None) -> int | None:
        if value is None or "pressure" not in self._names:
            return None
        low, high = self._range("pressure")
        return (max(low, min(high, value)) - low) * MOST_PRESSURE // (high - low)

    def _range(self, name: str) -> tuple[int, int]:
        return self._axes[self._names[name]]

    def _look(self) -> Seen:
        """Where everything is now. Raises OSError."""
        here = {name: self._panel.absinfo(code).value for name, code in self._names.items()}
        slot = many = 0
        with contextlib.suppress(OSError):
            found = self._panel.absinfo(ABS_MT_SLOT)
            slot, many = found.value, max(0, min(found.max + 1, MOST_CONTACTS))
        slots: dict[int, dict[str, int]] = {at: {} for at in range(many)}
        with contextlib.suppress(OSError):
            columns = {name: self._read_slots(self._panel, code, many) for code, name in PLACES.items()}
            slots = {at: {name: told[at] for name, told in columns.items()} for at in range(many)}
        return Seen(here, slot, slots)


def _axes(panel: Panel, names: dict[int, str]) -> dict[int, tuple[int, int]]:
    """Lowest and highest value of each axis; none unless there are both x and y."""
    found: dict[int, tuple[int, int]] = {}
    for code in names:
        with contextlib.suppress(OSError):
            axis = panel.absinfo(code)
            if axis.max > axis.min:  # the kernel answers zeros for an axis that there is not
                found[code] = axis.min, axis.max
    return found if {"x", "y"} <= {names[code] for code in found} else {}


class EvdevTouch:
    """Touches in pixels of a picture of `width` by `height`, turned clockwise on the panel by `rotation` degrees."""

    def __init__(
        self,
        path_or_name: str,
        width: int,
        height: int,
        *,
        matrix: Matrix = IDENTITY,
        rotation: int = 0,
        opener: Opener = open_evdev,
        reopen_after: float = REOPEN_AFTER,
    ) -> None:
        """Raises ValueError for a matrix or a rotation that cannot be."""
        self._size, self._mounting = (width, height), Mounting(matrix, rotation)
        self._device = InputDevice(path_or_name, self._prepare, opener, reopen_after)
        self._glass: Glass | None = None
        self._points: deque[Point] = deque()

    def __enter__(self) -> EvdevTouch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._device.close()

    async def touched(self) -> Point:
        """The next report; a panel that is away, or let go, is waited for, and its finger is up when it is back."""
        while not self._points:
            event = await self._device.event()
            if self._glass:
                self._points.extend(self._glass.on(event.type, event.code, event.value))
        return self._points.popleft()

    def let_go(self) -> None:
        """The vault may have it, at once; touches from now on are not ours."""
        self._device.let_go()
        self._points.clear()
        self._glass = None

    def take(self) -> None:
        """It is ours again."""
        self._device.take()

    def _prepare(self, source: Source) -> None:
        before = self._glass
        self._glass = Glass(source, *self._size, self._mounting)
        if before is not None:
            self._points.extend(before.lifted())
