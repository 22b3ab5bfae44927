"""A magnetic stripe reader that writes lines like `;PAN=YYMMSSS...?` (terminal/swipe.py). Law: nothing is kept.

Serial and USB-serial readers do so on their tty; the counter does so on a FIFO; a keyboard wedge types
(drivers/stripe_keyboard.py). A control character ends a line; a swipe is over a moment after that, for some readers
give each track its own line. Nothing of any line is logged, and what is no swipe is passed over.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import termios
import tty
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from terminal.ports import ReaderMissing
from terminal.swipe import Swipe, parse

LONGEST = 512  # bytes: three tracks with all they may have around them are half of it
MORE_LINES = 0.1  # seconds after a line's end in which another track's line begins
PAUSE = 1.0  # seconds within a line: more than that, and the swipe has broken off
WHOLE = re.compile(rb"\?[ -_]?\Z")  # how a reader ends that sends no line ends: with LRC, or without
DEEPEST = 65536 // LONGEST  # reads that empty a FIFO; a tty and an input device hold less (pipe(7))


class Characters(Protocol):
    """An opened reader: where its characters come from."""

    def fileno(self) -> int: ...

    def read(self) -> bytes:
        """What has come. Raises BlockingIOError while that is nothing, any other OSError when the reader is gone."""
        ...

    def close(self) -> None: ...


class TtyCharacters:
    """A character device or FIFO, as it is set up; `baud` makes it a raw serial line of 8 bits, no parity, 1 stop."""

    def __init__(self, path: str, baud: int = 0) -> None:
        # O_RDWR keeps a FIFO open while no writer is there
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        if baud:
            try:
                _make_raw(self._fd, baud)
            except termios.error as error:
                os.close(self._fd)
                raise OSError(*error.args) from None

    def fileno(self) -> int:
        return self._fd

    def read(self) -> bytes:
        chunk = os.read(self._fd, LONGEST)
        if not chunk:
            raise OSError(errno.ENODEV, "hung up")
        return chunk

    def close(self) -> None:
        os.close(self._fd)


class LineStripe:
    """The Stripe port over whatever gives characters; `opener` raises OSError while it is not there."""

    def __init__(self, opener: Callable[[], Characters]) -> None:
        self._opener = opener
        self._characters: Characters | None = None

    def __enter__(self) -> LineStripe:
        """Take hold of the reader, if it is there, so that nobody else hears a swipe."""
        with contextlib.suppress(ReaderMissing):
            self._opened()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._let_go()

    async def swiped(self) -> Swipe:
        self._forget()
        heard = b""
        while True:
            try:
                async with asyncio.timeout(_patience(heard)):
                    heard = (heard + await self._more())[-LONGEST:]
            except TimeoutError:
                swipe = parse(heard) if _is_line(heard) or WHOLE.search(heard) else None
                if swipe is not None:
                    return swipe
                heard = b""

    def _opened(self) -> Characters:
        if self._characters is None:
            try:
                self._characters = self._opener()
            except OSError as error:
                raise ReaderMissing(f"the stripe reader cannot be opened: {error.strerror}") from None
        return self._characters

    def _forget(self) -> None:
        """What came while nobody asked."""
        characters = self._opened()
        with contextlib.suppress(BlockingIOError):
            for _ in range(DEEPEST):
                self._read(characters)

    async def _more(self) -> bytes:
        characters, loop = self._opened(), asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        descriptor = characters.fileno()
        try:
            loop.add_reader(descriptor, _once, ready)
        except OSError as error:  # a plain file
            self._let_go()
            raise ReaderMissing(f"the stripe reader cannot be waited for: {error.strerror}") from None
        try:
            await ready
        finally:
            loop.remove_reader(descriptor)
        try:
            return self._read(characters)
        except BlockingIOError:
            return b""

    def _read(self, characters: Characters) -> bytes:
        """Raises BlockingIOError for nothing, ReaderMissing when the device is gone."""
        try:
            return characters.read()
        except BlockingIOError:
            raise
        except OSError:
            self._let_go()
            raise ReaderMissing("the stripe reader is gone") from None

    def _let_go(self) -> None:
        characters, self._characters = self._characters, None
        if characters is not None:
            with contextlib.suppress(OSError):
                characters.close()


def tty_stripe(path: str, baud: int = 0) -> LineStripe:
    """The Stripe port over a tty or FIFO; arguments as TtyCharacters."""
    return LineStripe(lambda: TtyCharacters(path, baud))


def _patience(heard: bytes) -> float | None:
    """Seconds to wait for what comes next."""
    if not heard:
        return None
    return MORE_LINES if _is_line(heard) else PAUSE


def _is_line(heard: bytes) -> bool:
    return heard[-1] < 0x20


def _make_raw(descriptor: int, baud: int) -> None:
    """Raises termios.error for what is no tty."""
    tty.setraw(descriptor)  # CS8, no parity, no echo; VMIN 1, without which nothing to read would look like a hang-up
    settings = termios.tcgetattr(descriptor)
    settings[2] = settings[2] & ~(termios.CSTOPB | termios.CRTSCTS) | termios.CLOCAL | termios.CREAD
    settings[4] = settings[5] = getattr(termios, f"B{baud}")
    termios.tcsetattr(descriptor, termios.TCSAFLUSH, settings)


def _once(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
