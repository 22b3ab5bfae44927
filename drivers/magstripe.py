"""A stripe reader that writes lines: `;PAN=YYMMSSS...?` (ISO/IEC 7811-6 track 2 with its sentinels).

Serial and USB-serial readers do so on their tty; the counter does so on a FIFO. Law: a line that is not a track 2 is
passed over, and nothing of any line is kept or logged.
"""

from __future__ import annotations

import asyncio
import os

from terminal.ports import ReaderMissing

START, END = b";", b"?"
LONGEST = 512  # bytes between line ends; a reader that sends more is noise


class LineStripe:
    """The Stripe port over a character device or FIFO."""

    def __init__(self, path: str) -> None:
        self._path, self._fd, self._rest = path, -1, b""

    async def swiped(self) -> bytes:
        """Wait for the next swipe; one that happened before nobody asked for it is forgotten."""
        self._open()
        self._drain()
        while True:
            chunk = await self._chunk()
            *lines, self._rest = (self._rest + chunk).replace(b"\r", b"\n").split(b"\n")
            self._rest = self._rest[-LONGEST:]
            for line in lines:
                track = track2(line)
                if track:
                    return track

    def _open(self) -> None:
        if self._fd < 0:
            try:
                # O_RDWR keeps a FIFO open while no writer is there
                self._fd = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
            except OSError as error:
                raise ReaderMissing(f"the stripe reader cannot be opened: {error.strerror}") from None

    def _drain(self) -> None:
        self._rest = b""
        while self._read():
            pass

    async def _chunk(self) -> bytes:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._fd, _once, ready)
        try:
            await ready
            return self._read()
        finally:
            if self._fd >= 0:
                loop.remove_reader(self._fd)

    def _read(self) -> bytes:
        """What has come, b"" for nothing. Raises ReaderMissing when the device is gone."""
        try:
            chunk = os.read(self._fd, LONGEST)
        except BlockingIOError:
            return b""
        except OSError:
            chunk = b""
        if not chunk:  # hung up, or unplugged
            descriptor, self._fd = self._fd, -1
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)
            raise ReaderMissing("the stripe reader is gone")
        return chunk


class NoStripe:
    """The Stripe port of a device without a stripe reader: nothing is ever swiped."""

    async def swiped(self) -> bytes:
        await asyncio.Event().wait()
        raise ReaderMissing("no stripe reader")


def _once(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def track2(line: bytes) -> bytes:
    """What stands between the sentinels of track 2, or nothing.

    >>> track2(b"%B^NAME^?;6250000000000001=30121011?")
    b'6250000000000001=30121011'
    """
    start = line.find(START)
    end = line.find(END, start)
    return line[start + 1 : end] if 0 <= start < end else b""
