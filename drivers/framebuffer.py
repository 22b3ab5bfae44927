"""A framebuffer device as a Display. Law: the newest picture is shown whole, and what is there already is not moved.

| happened                                    | then                                                              |
|---------------------------------------------|-------------------------------------------------------------------|
| the node is gone (unplugged, driver unbound) | the newest picture is kept; `watch` looks for it every second     |
| another node is in its place, another mode  | opened anew, the whole picture                                    |
| something else was drawn over it            | seen by `watch` in a sample of rows; the whole picture            |
| another has the console (`rest`)            | nothing is drawn until `resume`; then the whole picture           |

The mapped memory is never touched by this process itself: the kernel copies between it and an anonymous file of ours.
Where the memory went away the copy ends with EFAULT, where our own access would end us with SIGBUS.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import mmap
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from drivers.canvas import Canvas, Span
from drivers.pixels import FIXED_SIZE, VARIABLE_SIZE, Geometry, PanelMissing, geometry, unshowable

FBIOGET_VSCREENINFO, FBIOGET_FSCREENINFO, FBIOBLANK = 0x4600, 0x4602, 0x4611  # linux/fb.h
UNBLANK, POWERDOWN = 0, 4  # FB_BLANK_*
PULSE = 1.0  # seconds between two looks
SAMPLE = 16  # rows from one looked at to the next
AT_ONCE = 1024  # IOV_MAX


class Memory(Protocol):
    """The memory of an open panel. Places are bytes from its first visible pixel on."""

    shape: Geometry

    def is_here(self, is_mode_asked: bool) -> bool:
        """Whether the node is still this device; `is_mode_asked`: and in the mode it had."""
        ...

    def put(self, canvas: bytearray, spans: Sequence[Span]) -> None:
        """Copy these places. Raises OSError."""
        ...

    def get(self, spans: Sequence[Span]) -> bytes:
        """What is there, one after the other. Raises OSError."""
        ...

    def blank(self, is_dark: bool) -> None:
        """Raises OSError."""
        ...

    def close(self) -> None: ...


class MappedMemory:
    """A framebuffer device, or with a `shape` a plain file, mapped. Raises OSError, ValueError, PanelMissing.

    `ask` gives fb_var_screeninfo and fb_fix_screeninfo of an open file, one after the other.
    """

    def __init__(self, path: Path, shape: Geometry | None = None, ask: Callable[[int], bytes] | None = None) -> None:
        self._path, self._ask = path, ask or _mode
        with contextlib.ExitStack() as opened:
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            opened.callback(os.close, self._file)
            self._mode = b"" if shape else self._ask(self._file)
            self.shape = shape or geometry(self._mode[:VARIABLE_SIZE], self._mode[VARIABLE_SIZE:])
            if complaint := unshowable(self.shape):
                raise PanelMissing(complaint)
            self._mapped = mmap.mmap(self._file, self.shape.start + self.shape.size)
            opened.callback(self._mapped.close)
            self._between = os.memfd_create("panel", os.MFD_CLOEXEC)
            opened.callback(os.close, self._between)
            self._node = _node(os.fstat(self._file))
            self._opened = opened.pop_all()

    def close(self) -> None:
        self._opened.close()

    def is_here(self, is_mode_asked: bool) -> bool:
        try:
            if _node(os.stat(self._path)) != self._node:
                return False
            return not (is_mode_asked and self._mode) or self._ask(self._file) == self._mode
        except OSError:
            return False

    def put(self, canvas: bytearray, spans: Sequence[Span]) -> None:
        for at in range(0, len(spans), AT_ONCE):
            some = spans[at : at + AT_ONCE]
            with _Views(canvas, some) as ours:
                _whole(os.pwritev(self._between, ours, 0), some)
            with _Views(self._mapped, some, self.shape.start) as theirs:
                _whole(os.preadv(self._between, theirs, 0), some)

    def get(self, spans: Sequence[Span]) -> bytes:
        found = b""
        for at in range(0, len(spans), AT_ONCE):
            some = spans[at : at + AT_ONCE]
            with _Views(self._mapped, some, self.shape.start) as theirs:
                length = _whole(os.pwritev(self._between, theirs, 0), some)
            found += os.pread(self._between, length, 0)
        return found

    def blank(self, is_dark: bool) -> None:
        fcntl.ioctl(self._file, FBIOBLANK, POWERDOWN if is_dark else UNBLANK)


class _Views:
    """Pieces of a buffer for one system call; let go of at its end, so that the buffer can be closed."""

    def __init__(self, buffer: bytearray | mmap.mmap, spans: Sequence[Span], start: int = 0) -> None:
        self._whole = memoryview(buffer)
        self._views = [self._whole[start + first : start + stop] for first, stop in spans]

    def __enter__(self) -> list[memoryview]:
        return self._views

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for view in (*self._views, self._whole):
            view.release()


def _whole(moved: int, spans: Sequence[Span]) -> int:
    if moved != sum(stop - first for first, stop in spans):
        raise OSError(errno.EFAULT, "the panel's memory went away")
    return moved


def _node(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_dev, found.st_ino, found.st_rdev


def _mode(file: int) -> bytes:
    variable = fcntl.ioctl(file, FBIOGET_VSCREENINFO, bytes(VARIABLE_SIZE))
    return variable + fcntl.ioctl(file, FBIOGET_FSCREENINFO, bytes(FIXED_SIZE))


class FramebufferPanel:
    """A Display port over a framebuffer device, and a Backlight port for one whose light goes out with it.

    `shape`: for a plain file, which cannot be asked. `rotation`: degrees by which the picture is turned clockwise.
    `trouble`: why nothing can be seen at the moment, or "".
    """

    def __init__(
        self,
        path: Path,
        shape: Geometry | None = None,
        *,
        rotation: int = 0,
        open_memory: Callable[[Path, Geometry | None], Memory] = MappedMemory,
    ) -> None:
        self._path, self._shape, self._rotation, self._open_memory = path, shape, rotation, open_memory
        self._memory: Memory | None = None
        self._canvas: Canvas | None = None
        self._newest: tuple[bytes, int, int] | None = None
        self._drawn: tuple[bytes, int, int] | None = None
        self._is_resting, self._can_be_read, self._looks = False, False, 0
        self.trouble = ""

    def __enter__(self) -> FramebufferPanel:
        self._open()
        if self._memory is None:
            raise PanelMissing(self.trouble)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._leave("")

    def show(self, pixels: bytes, width: int, height: int) -> None:
        """Display port. Raises PanelMissing when the picture is larger than the panel."""
        if not self._is_resting:
            self._find(is_mode_asked=False)
        if self._canvas and (width > self._canvas.room[0] or height > self._canvas.room[1]):
            wide, high = self._canvas.room
            raise PanelMissing(f"{self._path} has {wide}x{high} pixels, the picture {width}x{height}")
        self._newest = bytes(pixels), width, height
        self._draw()

    async def watch(self) -> None:
        """Look after the panel, for ever."""
        while True:
            await asyncio.sleep(PULSE)
            self.tend()

    def tend(self) -> None:
        """One look: reopen what went away and came back, and draw again what was drawn over. Never raises."""
        if self._is_resting:
            return
        self._find(is_mode_asked=True)
        if self._drawn is not None and self._is_drawn_over():
            self._drawn = None
        self._draw()

    def rest(self) -> None:
        """Another has the console: draw nothing."""
        self._is_resting = True

    def resume(self) -> None:
        """The console is ours again: draw the whole newest picture."""
        self._is_resting, self._drawn = False, None
        self.tend()

    def shine(self, per_cent: int) -> None:
        """Backlight port, for a panel without one of its own: 0 blanks it, everything else does not."""
        if self._memory is None:
            return
        with contextlib.suppress(OSError):
            self._memory.blank(per_cent == 0)
            if per_cent:
                self._drawn = None  # some panels forget in the dark
                self._draw()

    def _find(self, is_mode_asked: bool) -> None:
        if self._memory is not None and not self._memory.is_here(is_mode_asked):
            self._leave(f"{self._path} is away")
        if self._memory is None:
            self._open()

    def _open(self) -> None:
        try:
            self._memory = self._open_memory(self._path, self._shape)
        except (OSError, ValueError, PanelMissing) as reason:
            self.trouble = f"{self._path}: {reason}"
            return
        if self._canvas is None or self._canvas.shape != self._memory.shape:
            self._canvas = Canvas(self._memory.shape, self._rotation)
        self._drawn, self.trouble = None, ""

    def _leave(self, why: str) -> None:
        if self._memory is not None:
            self._memory.close()
        self._memory, self._drawn, self.trouble = None, None, why

    def _draw(self) -> None:
        """Bring the newest picture to the panel, if both are there."""
        if self._memory is None or self._canvas is None or self._newest is None or self._is_resting:
            return
        before = self._drawn if self._drawn and self._drawn[1:] == self._newest[1:] else None
        if before is None:
            self._canvas.clear()
        try:
            spans = self._canvas.draw(*self._newest, before and before[0])
            if before is None:
                spans = [(0, self._canvas.shape.size)]
            if spans:
                self._memory.put(self._canvas.memory, spans)
            if before is None:
                self._can_be_read = self._is_as_drawn(0)  # some memory is for writing only
        except PanelMissing as reason:  # it came back smaller
            self.trouble = f"{self._path}: {reason}"
        except OSError as reason:
            self._leave(f"{self._path}: {reason}")
        else:
            self._drawn, self.trouble = self._newest, ""

    def _is_drawn_over(self) -> bool:
        self._looks += 1
        try:
            return self._can_be_read and not self._is_as_drawn(self._looks % SAMPLE)
        except OSError as reason:
            self._leave(f"{self._path}: {reason}")
            return False

    def _is_as_drawn(self, first: int) -> bool:
        """Whether a sample of rows holds what was put there. Raises OSError."""
        if self._memory is None or self._canvas is None:
            return False
        shape, memory = self._canvas.shape, self._canvas.memory
        starts = [row * shape.stride for row in range(first, shape.height, SAMPLE)]
        spans = [(at, at + shape.row_bytes) for at in starts]
        return self._memory.get(spans) == b"".join(memory[at:stop] for at, stop in spans)
