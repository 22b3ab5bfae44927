"""A Linux input device that may be pulled out and put back. Law: whoever waits for its events just goes on waiting.

What a device needs when it has been opened (grabbing it, reading its ranges) is done by `prepare`, each time anew.
A device can be let go: then it is closed, what it has said and nobody has heard is forgotten, and it is opened again
when it is taken back. While another process holds it on, that is tried again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

REOPEN_AFTER = 0.5  # seconds between looks for a device that was pulled out
BUSY_AFTER = 0.05  # seconds between attempts at a device that another process holds


class Source(Protocol):
    """What is used of an evdev device. `read` raises BlockingIOError when nothing has come, ENODEV when it is gone."""

    def fileno(self) -> int: ...

    def read(self) -> Iterable[Any]: ...

    def grab(self) -> None: ...

    def ungrab(self) -> None: ...

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


class EventQueue:
    """The events of one open device, in order; whoever gives up waiting loses none."""

    def __init__(self, source: Source) -> None:
        self.source, self.is_closed = source, False
        self._events: deque[Any] = deque()
        self._waiting: asyncio.Future[None] | None = None

    async def event(self) -> Any:
        """The next event. Raises OSError when the device is gone, or is closed meanwhile."""
        while not self._events:
            await self._readable()
            self._read()
        return self._events.popleft()

    def drain(self) -> None:
        """Forget all that has come until now. Raises OSError when the device is gone."""
        self._events.clear()
        while self._read():
            self._events.clear()

    def close(self) -> None:
        """Let go of the device, at once; never raises."""
        if self.is_closed:
            return
        waiting = self._waiting
        self._ignore()
        self.is_closed = True
        self._events.clear()
        with contextlib.suppress(OSError):
            self.source.close()
        if waiting is not None and not waiting.done():
            waiting.set_exception(OSError(errno.EBADF, "let go"))

    def _read(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            self._events.extend(self.source.read())
        return bool(self._events)

    async def _readable(self) -> None:
        if self.is_closed:
            raise OSError(errno.EBADF, "let go")
        loop = asyncio.get_running_loop()
        self._waiting = waiting = loop.create_future()
        loop.add_reader(self.source.fileno(), _wake, waiting)
        try:
            await waiting
        finally:
            self._ignore()

    def _ignore(self) -> None:
        """A closed descriptor's number may be another file's already: it is given back before, and only once."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not (loop := waiting.get_loop()).is_closed():
            loop.remove_reader(self.source.fileno())


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


class InputDevice:
    """The events of one device, over all its comings and goings."""

    def __init__(self, name: str, prepare: Callable[[Source], None], opener: Opener, reopen_after: float) -> None:
        self._name, self._prepare, self._opener, self._reopen_after = name, prepare, opener, reopen_after
        self._queue: EventQueue | None = None
        self._is_ours = asyncio.Event()
        self._is_ours.set()

    async def event(self) -> Any:
        """The next event; a device that is away, or let go, is waited for."""
        while True:
            await self._is_ours.wait()
            queue = self._queue
            try:
                queue = queue or self._opened()
                return await queue.event()
            except OSError as reason:  # not there, another's, ENODEV: pulled out; or let go
                if queue is None or not queue.is_closed:
                    self.close()
                    await asyncio.sleep(BUSY_AFTER if reason.errno == errno.EBUSY else self._reopen_after)

    def let_go(self) -> None:
        """Another process may have it, at once."""
        self._is_ours.clear()
        self.close()

    def take(self) -> None:
        """It is ours again, as soon as the other process lets it go."""
        self._is_ours.set()

    def close(self) -> None:
        """Let go of the device; never raises."""
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.close()

    def _opened(self) -> EventQueue:
        queue = EventQueue(self._opener(self._name))
        try:
            self._prepare(queue.source)
        except OSError:
            queue.close()
            raise
        self._queue = queue
        return queue
