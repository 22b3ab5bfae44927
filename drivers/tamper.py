"""The switch or mesh that tells when the device is opened: one GPIO line, by gpiod. Law: doubt is an error, not quiet.

| the line                                     | `opened`                                           |
|----------------------------------------------|----------------------------------------------------|
| is active when it is first asked             | returns at once                                    |
| becomes active, and be it for a moment       | returns, though it may be inactive again           |
| cannot be had, or is lost while it is heard  | raises TamperUnknown                               |

The line is had before it is looked at, so nothing falls between. What happens without power is not heard: only a latch
on the board's own battery remembers that, and shows it here as a line that is active at the start.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

import msgspec

from terminal.ports import DeviceError

CONSUMER = "yuanlu-vault"  # what gpioinfo(1) shows


class TamperUnknown(DeviceError):
    """Whether the device was opened cannot be told."""


class TamperLine(msgspec.Struct, frozen=True):
    """`chip` as "/dev/gpiochip0", `line` its offset there or its name; a mesh that breaks mostly is active high.

    A change that lasts less than `debounce_ms` is none; 0: every one is.
    """

    chip: str
    line: int | str
    is_active_low: bool = False
    debounce_ms: int = 5


class Source(Protocol):
    """A line that was had, with its changes to active. All but `close` may raise OSError."""

    def fileno(self) -> int: ...

    def is_active(self) -> bool: ...

    def has_become_active(self) -> bool:
        """Whether there is such a change among those that `fileno` has for reading; they are read."""
        ...

    def close(self) -> None: ...


class GpioSource:
    """A line of the kernel's GPIO character device, version 2 (linux/gpio.h)."""

    def __init__(self, line: TamperLine) -> None:
        import gpiod

        self._line, self._active = line.line, gpiod.line.Value.ACTIVE
        settings = gpiod.LineSettings(
            direction=gpiod.line.Direction.INPUT,
            edge_detection=gpiod.line.Edge.RISING,  # from inactive to active, whichever level that is
            active_low=line.is_active_low,
            debounce_period=timedelta(milliseconds=line.debounce_ms),
        )
        self._request = gpiod.request_lines(line.chip, consumer=CONSUMER, config={line.line: settings})

    def fileno(self) -> int:
        return int(self._request.fd)

    def is_active(self) -> bool:
        return bool(self._request.get_value(self._line) == self._active)

    def has_become_active(self) -> bool:
        return bool(self._request.read_edge_events())  # no other edge was asked for

    def close(self) -> None:
        self._request.release()


class GpioTamper:
    """The TamperSwitch port. `opener` is for tests."""

    def __init__(self, line: TamperLine, opener: Callable[[TamperLine], Source] = GpioSource) -> None:
        self._line, self._opener = line, opener

    async def opened(self) -> None:
        """Raises TamperUnknown (TamperSwitch port)."""
        try:
            with contextlib.closing(self._opener(self._line)) as source:
                while not (source.is_active() or await _has_become_active(source)):
                    pass
        except ImportError as error:
            raise TamperUnknown(f"the tamper line cannot be had: {error.name or 'gpiod'} is missing") from None
        except (OSError, ValueError) as error:
            why, line = getattr(error, "strerror", None) or str(error), self._line
            raise TamperUnknown(f"the tamper line {line.line} of {line.chip} cannot be had: {why}") from None


async def _has_become_active(source: Source) -> bool:
    """At the next change; an event too many does no harm. Raises OSError."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    descriptor = source.fileno()
    loop.add_reader(descriptor, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
    return source.has_become_active()


def _settle(ready: asyncio.Future[Any]) -> None:
    if not ready.done():
        ready.set_result(None)
