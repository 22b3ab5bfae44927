"""A Linux input device in the hands of this process alone, for the time of one entry. Law: nobody else hears it.

| happens                                  | becomes                                              |
|------------------------------------------|------------------------------------------------------|
| another process holds it                 | tried again for `seconds`, then PinpadLost           |
| it is not there, or is pulled out        | PinpadLost                                           |
| events from before it was held           | forgotten                                            |
| the entry ends, however                  | it is let go and closed                              |

EVIOCGRAB gives the events to the one open file that has it, and to no other handler of the kernel: not to the console
either (linux/drivers/input/evdev.c).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator
from typing import Any

from drivers.input_device import EventQueue, Identity, Opener, identity_of
from terminal.ports import PinpadLost

HOLD_SECONDS = 1.0  # a front lets go in milliseconds
TRY_AFTER = 0.01


class HeldDevice:
    """The device while it is held."""

    def __init__(self, queue: EventQueue, name: str) -> None:
        self._queue, self._name = queue, name

    async def event(self) -> Any:
        """The next event. Raises PinpadLost: pulled out, or no longer held."""
        try:
            return await self._queue.event()
        except OSError:
            raise PinpadLost(f"{self._name} is gone") from None

    def drain(self) -> None:
        """What has come until now was not meant. Raises PinpadLost."""
        try:
            self._queue.drain()
        except OSError:
            raise PinpadLost(f"{self._name} is gone") from None

    def identity(self) -> Identity:
        """What it says of itself. Raises PinpadLost."""
        try:
            return identity_of(self._queue.source)
        except OSError:
            raise PinpadLost(f"{self._name} is gone") from None

    def fileno(self) -> int:
        """For questions that python-evdev does not ask."""
        return self._queue.source.fileno()

    def absinfo(self, axis: int) -> Any:
        """The range of an axis and where it is. Raises OSError when it has none."""
        return self._queue.source.absinfo(axis)

    def give_up(self) -> None:
        """Whoever waits for an event gets PinpadLost."""
        self._queue.close()


@contextlib.asynccontextmanager
async def held_alone(name: str, opener: Opener, seconds: float = HOLD_SECONDS) -> AsyncIterator[HeldDevice]:
    """The device at a path, or by a part of its name. Raises PinpadLost."""
    try:
        queue = EventQueue(opener(name))
    except OSError:
        raise PinpadLost(f"{name} is not there") from None
    try:
        await _grabbed(queue, name, seconds)
        device = HeldDevice(queue, name)
        device.drain()
        yield device
    finally:
        if not queue.is_closed:
            with contextlib.suppress(OSError):
                queue.source.ungrab()
            queue.close()


async def _grabbed(queue: EventQueue, name: str, seconds: float) -> None:
    """Raises PinpadLost."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        try:
            return queue.source.grab()
        except OSError as reason:
            if reason.errno != errno.EBUSY:
                raise PinpadLost(f"{name} is gone") from None
        if loop.time() >= deadline:
            raise PinpadLost(f"another process holds {name} on")
        await asyncio.sleep(TRY_AFTER)
