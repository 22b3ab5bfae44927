"""A Linux input device that may be pulled out and put back. Law: whoever waits for its events just goes on waiting.

What a device needs when it has been opened (grabbing it, reading its ranges) is done by `prepare`, each time anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

REOPEN_AFTER = 0.5  # seconds between looks for a device that was pulled out


class Source(Protocol):
    """What is used of an evdev device."""

    def async_read_loop(self) -> AsyncIterator[Any]: ...

    def grab(self) -> None: ...

    def absinfo(self, axis: int) -> Any: ...

    def close(self) -> None: ...


Opener = Callable[[str], Source]


def open_evdev(path_or_name: str) -> Source:
    """The device at a path, or the first whose name holds these words. Raises OSError while there is none."""
    import evdev

    if path_or_name.startswith("/"):
        return evdev.InputDevice(path_or_name)
    for path in sorted(evdev.list_devices()):
        device = evdev.InputDevice(path)
        if path_or_name.casefold() in device.name.casefold():
            return device
        device.close()
    raise FileNotFoundError(f"no input device is called {path_or_name}")


class InputDevice:
    """The events of one device, over all its comings and goings."""

    def __init__(self, name: str, prepare: Callable[[Source], None], opener: Opener, reopen_after: float) -> None:
        self._name, self._prepare, self._opener, self._reopen_after = name, prepare, opener, reopen_after
        self._source: Source | None = None
        self._events: AsyncIterator[Any] | None = None

    async def event(self) -> Any:
        """The next event; a device that is away is waited for."""
        while True:
            try:
                return await anext(self._opened())
            except (OSError, StopAsyncIteration):  # not there, or ENODEV: pulled out
                self.close()
                await asyncio.sleep(self._reopen_after)

    def close(self) -> None:
        """Let go of the device."""
        source, self._source, self._events = self._source, None, None
        if source is not None:
            with contextlib.suppress(OSError):
                source.close()

    def _opened(self) -> AsyncIterator[Any]:
        if self._events is None:
            self._source = self._opener(self._name)
            self._prepare(self._source)
            self._events = self._source.async_read_loop()
        return self._events
