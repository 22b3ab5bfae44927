"""A Linux input device that may be pulled out and put back. Law: whoever waits for its events just goes on waiting.

| it is named by    | and is then                                                                          |
|-------------------|--------------------------------------------------------------------------------------|
| /dev/input/...    | the device at this path                                                              |
| @keypad, @scanner, @touch | the first with this role in udev's database (systemd/60-yuanlu-input.rules) |
| anything else     | the first whose name holds these words                                               |

What a device needs when it has been opened (grabbing it, reading its ranges) is done by `prepare`, each time anew.
A device can be let go: then it is closed, what it has said and nobody has heard is forgotten, and it is opened again
when it is taken back. While another process holds it on, that is tried again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections import deque
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

REOPEN_AFTER = 0.5  # seconds between looks for a device that was pulled out
BUSY_AFTER = 0.05  # seconds between attempts at a device that another process holds
EV_KEY = 0x01  # linux/input-event-codes.h
UNRULED = {"ID_INPUT_TOUCHSCREEN": "touch", "ID_INPUT_KEYBOARD": "keypad"}  # udev's own marks


class Source(Protocol):
    """What is used of an evdev device. `read` raises BlockingIOError when nothing has come, ENODEV when it is gone."""

    def fileno(self) -> int: ...

    def read(self) -> Iterable[Any]: ...

    def grab(self) -> None: ...

    def ungrab(self) -> None: ...

    def absinfo(self, axis: int) -> Any: ...

    def close(self) -> None: ...


Opener = Callable[[str], Source]


@runtime_checkable
class Described(Protocol):
    """A Source that also tells what it is, as an evdev device does."""

    name: str
    info: Any  # bustype, vendor, product, version

    def capabilities(self) -> dict[int, list[Any]]: ...


@dataclass(frozen=True)
class Identity:
    """What a device says of itself; empty where it says nothing. `keys` are the codes of EV_KEY that it can send."""

    name: str = ""
    vendor: int = 0
    product: int = 0
    keys: frozenset[int] = frozenset()


def identity_of(source: object) -> Identity:
    """Raises OSError when the device is gone."""
    if not isinstance(source, Described):
        return Identity()
    keys = source.capabilities().get(EV_KEY, [])
    return Identity(source.name, source.info.vendor, source.info.product, frozenset(keys))


@dataclass(frozen=True)
class Udev:
    """What udev knows of input devices. Its folders are the system's; others are for tests.

    A device's file in the database is named by its number: c13:64 holds lines such as "E:YUANLU_ROLE=keypad".
    """

    database: Path = Path("/run/udev/data")
    classes: Path = Path("/sys/class/input")
    devices: Path = Path("/dev/input")

    def role(self, path: str) -> str:
        """One of keypad, scanner, touch, other; "" where udev knows none. `path` may be a link to the device."""
        noted = self._noted(Path(path).resolve().name)
        if "YUANLU_ROLE" in noted:
            return noted["YUANLU_ROLE"]
        # a database from before our rules: what udev itself found out
        return next((role for mark, role in UNRULED.items() if noted.get(mark) == "1"), "")

    def of_role(self, role: str) -> list[str]:
        """The paths of all devices with this role, in the order of their numbers."""
        names = sorted((entry.name for entry in self.classes.glob("event*")), key=lambda name: (len(name), name))
        return [path for path in (str(self.devices / name) for name in names) if self.role(path) == role]

    def _noted(self, name: str) -> dict[str, str]:
        try:
            number = (self.classes / name / "dev").read_text("ascii").strip()
            text = (self.database / f"c{number}").read_text("utf-8", "replace")
        except (OSError, UnicodeDecodeError):
            return {}
        pairs = (line[2:].partition("=") for line in text.splitlines() if line.startswith("E:"))
        return {name: value for name, _, value in pairs}


def open_evdev(name: str, *, udev: Udev = Udev(), but: Container[str] = ()) -> Source:
    """The device of this name (see the table), unless its role is one of `but`. Raises OSError while there is none."""
    import evdev

    if name.startswith(("/", "@")):
        path = name if name.startswith("/") else _first(udev.of_role(name[1:]), name)
        if but and udev.role(path) in but:
            raise PermissionError(errno.EPERM, f"{path} is a {udev.role(path)}")
        return evdev.InputDevice(path)
    for path in sorted(evdev.list_devices()):
        device = evdev.InputDevice(path)
        if name.casefold() in device.name.casefold() and (not but or udev.role(path) not in but):
            return device
        device.close()
    raise FileNotFoundError(f"no input device is called {name}")


def _first(paths: list[str], name: str) -> str:
    if not paths:
        raise FileNotFoundError(f"no input device has the role {name[1:]}")
    return paths[0]


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
            if self.is_closed:  # between the wake-up and now
                raise OSError(errno.EBADF, "let go")
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
    """The events of one device, over all its comings and goings. `closed` hears of each time that it is closed."""

    def __init__(
        self,
        name: str,
        prepare: Callable[[Source], None],
        opener: Opener,
        reopen_after: float,
        closed: Callable[[], None] = lambda: None,
    ) -> None:
        self._name, self._prepare, self._opener, self._reopen_after = name, prepare, opener, reopen_after
        self._closed = closed
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
            self._closed()

    def _opened(self) -> EventQueue:
        queue = EventQueue(self._opener(self._name))
        try:
            self._prepare(queue.source)
        except OSError:
            queue.close()
            raise
        self._queue = queue
        return queue
