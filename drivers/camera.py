"""A USB camera or document scanner over v4l2, by ioctl and mmap. Law: one picture is asked for, one leaves, of now.

open -> can it capture and stream? -> format -> buffers -> stream on -> SETTLE frames pass by -> one -> off -> closed

The camera is open for that picture only: its light shows when it looks. What leaves is a JPEG made here: what a camera
writes beside the picture (serial numbers, places, times) stays behind. No real camera was at hand for this; sizes and
numbers of the ioctls are compared with linux/videodev2.h (tests/unit/drivers/test_camera.py).
"""

from __future__ import annotations

import fcntl
import io
import mmap
import os
import select
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Protocol

from drivers import video_wire as wire
from drivers.own_thread import apart
from terminal.ports import CameraLost

SIZE = (1280, 720)
SETTLE = 8  # frames until brightness and focus are found
MOST_FRAMES = 60  # spoiled ones counted
BUFFERS = 4
SLICE = 0.2  # seconds between two looks whether anybody still waits
MOST_BYTES = 1 << 20
QUALITIES = (85, 60, 40, 20, 5)  # the first that is short enough


class Source(Protocol):
    """An open device. All but `close` may raise OSError."""

    def ioctl(self, number: int, value: wire.Struct) -> None:
        """`value` is changed in place."""
        ...

    def map(self, length: int, offset: int) -> mmap.mmap | memoryview: ...

    def wait(self, seconds: float) -> bool:
        """Whether a frame is there."""
        ...

    def close(self) -> None: ...


class Device:
    """A file of /dev."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def ioctl(self, number: int, value: wire.Struct) -> None:
        fcntl.ioctl(self._file, number, value)

    def map(self, length: int, offset: int) -> mmap.mmap:
        return mmap.mmap(self._file, length, mmap.MAP_SHARED, mmap.PROT_READ, offset=offset)

    def wait(self, seconds: float) -> bool:
        return bool(select.select([self._file], [], [], seconds)[0])

    def close(self) -> None:
        os.close(self._file)


class V4l2Camera:
    """The Camera port. `opener` is for tests: it gets the path and returns a Source."""

    def __init__(self, path: str, opener: Callable[[str], Source] = Device) -> None:
        self._path, self._opener = path, opener

    async def photo(self) -> bytes:
        """See terminal/ports.py. Whoever stops waiting leaves a thread that closes the camera and ends."""
        left = threading.Event()
        try:
            return await apart(lambda: self._taken(left.is_set))
        finally:
            left.set()

    def _taken(self, is_left: Callable[[], bool]) -> bytes:
        try:
            with _opened(self._opener, self._path) as source:
                form = _agreed_format(source)
                with closing(_frames(source, is_left)) as frames:
                    for number, frame in enumerate(frames):
                        if number >= SETTLE and (picture := _jpeg(frame, form)):
                            return picture
        except OSError as error:
            raise CameraLost(f"the camera fails: {error.strerror}") from None
        raise CameraLost("the camera gives no picture")


@contextmanager
def _opened(opener: Callable[[str], Source], path: str) -> Iterator[Source]:
    source = opener(path)
    try:
        capability = wire.Capability()
        source.ioctl(wire.QUERYCAP, capability)
        can = capability.device_caps if capability.capabilities & wire.HAS_DEVICE_CAPS else capability.capabilities
        if can & wire.NEEDED != wire.NEEDED:
            raise CameraLost("it is no camera that streams")
        yield source
    finally:
        source.close()


def _agreed_format(source: Source) -> wire.PixFormat:
    """The first of ours that the camera takes; it may change the size."""
    for pixels in wire.PIXELS:
        asked = wire.Format(type=wire.CAPTURE)
        asked.pix.width, asked.pix.height, asked.pix.pixelformat = *SIZE, pixels
        source.ioctl(wire.S_FMT, asked)
        if asked.pix.pixelformat in wire.PIXELS and asked.pix.width and asked.pix.height:
            agreed: wire.PixFormat = asked.pix
            return agreed
    raise CameraLost("the camera has no format that is read here")


def _frames(source: Source, is_left: Callable[[], bool]) -> Generator[bytes, None, None]:
    """Whole frames, oldest first, MOST_FRAMES at most; ends when nobody waits any more."""
    kind = wire.Int(wire.CAPTURE)
    with ExitStack() as stack:
        maps = [_mapped(source, index, stack) for index in range(_buffers(source))]
        source.ioctl(wire.STREAMON, kind)
        stack.callback(source.ioctl, wire.STREAMOFF, kind)
        for _ in range(MOST_FRAMES):
            while not source.wait(SLICE):
                if is_left():
                    return
            if is_left():
                return
            filled = wire.Buffer(type=wire.CAPTURE, memory=wire.MMAP)
            source.ioctl(wire.DQBUF, filled)
            frame = bytes(maps[filled.index][: filled.bytesused])
            is_spoiled = bool(filled.flags & wire.FLAG_ERROR) or not frame
            source.ioctl(wire.QBUF, filled)
            if not is_spoiled:
                yield frame


def _buffers(source: Source) -> int:
    """How many the camera gives."""
    asked = wire.RequestBuffers(count=BUFFERS, type=wire.CAPTURE, memory=wire.MMAP)
    source.ioctl(wire.REQBUFS, asked)
    if not asked.count:
        raise CameraLost("the camera has no room for a picture")
    return int(asked.count)


def _mapped(source: Source, index: int, stack: ExitStack) -> mmap.mmap | memoryview:
    buffer = wire.Buffer(index=index, type=wire.CAPTURE, memory=wire.MMAP)
    source.ioctl(wire.QUERYBUF, buffer)
    mapped = source.map(buffer.length, buffer.m.offset)
    stack.callback(mapped.close if isinstance(mapped, mmap.mmap) else mapped.release)
    source.ioctl(wire.QBUF, buffer)
    return mapped


def _jpeg(frame: bytes, form: wire.PixFormat) -> bytes:
    """A JPEG with nothing beside it; b"" for a frame that cannot be read."""
    from PIL import Image, ImageFile

    size = (form.width, form.height)
    try:
        if form.pixelformat in wire.COMPRESSED:
            parser = ImageFile.Parser()
            parser.feed(frame)
            picture = parser.close().convert("RGB")
        else:
            picture = Image.frombytes("L", size, _brightness(frame, form))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return b""
    if picture.size != size:
        return b""
    for quality in QUALITIES:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    return b""


def _brightness(frame: bytes, form: wire.PixFormat) -> bytes:
    """Of every pixel, row by row: a document needs no colours. Raises ValueError for a frame that is too short."""
    step = 2 if form.pixelformat == wire.YUYV else 1
    width, pitch = form.width * step, form.bytesperline or form.width * step
    if pitch < width or len(frame) < pitch * (form.height - 1) + width:
        raise ValueError("a frame is too short")
    return b"".join(frame[row * pitch : row * pitch + width : step] for row in range(form.height))
