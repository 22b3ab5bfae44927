"""The panel: pixels out of the process, by /dev/fb0 or a desktop window. Law: the picture is shown whole and unscaled.

A picture smaller than the panel stands in its middle; a larger one is refused. Layouts: 32 bits XRGB, 16 bits RGB565.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from terminal.events import DIGITS, KeyPressed
from terminal.ports import DeviceError

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

FBIOGET_VSCREENINFO, FBIOGET_FSCREENINFO = 0x4600, 0x4602  # linux/fb.h
VARIABLE = struct.Struct("=7I")  # xres yres xres_virtual yres_virtual xoffset yoffset bits_per_pixel
FIXED = struct.Struct("@16sLIIIIHHHI")  # fb_fix_screeninfo up to line_length
XRGB, RGB565 = (0xFF0000, 0xFF00, 0xFF, 0), (0xF800, 0x07E0, 0x001F, 0)


class PanelMissing(DeviceError):
    """The panel is not there, or cannot show this picture."""


@dataclass(frozen=True)
class Geometry:
    """Visible pixels, bits per pixel, bytes from one row to the next, and bytes before the first visible pixel."""

    width: int
    height: int
    bits: int
    stride: int
    start: int = 0


def geometry(variable: bytes, fixed: bytes) -> Geometry:
    """What the two ioctl answers say."""
    width, height, _, _, left, top, bits = VARIABLE.unpack_from(variable)
    stride = FIXED.unpack_from(fixed)[-1]
    return Geometry(width, height, bits, stride, top * stride + left * bits // 8)


def rows(pixels: bytes, width: int, height: int, bits: int) -> list[memoryview]:
    """The picture's rows in the panel's own pixel layout."""
    if bits == 32:
        return [memoryview(pixels)[row * width * 4 : (row + 1) * width * 4] for row in range(height)]
    narrow = pygame.Surface((width, height), 0, 16, RGB565)
    narrow.blit(_opaque(pixels, width, height), (0, 0))
    packed, pitch = memoryview(narrow.get_buffer().raw), narrow.get_pitch()
    return [packed[row * pitch : row * pitch + width * 2] for row in range(height)]


def _opaque(pixels: bytes, width: int, height: int) -> pygame.Surface:
    """A surface over 0xXXRRGGBB pixels whose X is not taken for transparency."""
    surface = pygame.Surface((width, height), 0, 32, XRGB)
    surface.get_buffer().write(pixels, 0)
    return surface


class FramebufferPanel:
    """A Display port over a framebuffer device; a test hands in the geometry and a plain file."""

    def __init__(self, path: Path, shape: Geometry | None = None) -> None:
        self._path, self._shape = path, shape
        self._file: int | None = None
        self._memory: mmap.mmap | None = None

    def __enter__(self) -> FramebufferPanel:
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            if self._shape is None:
                self._shape = _asked(self._file)
            size = self._shape.start + self._shape.stride * self._shape.height
            self._memory = mmap.mmap(self._file, size)
        except (OSError, ValueError) as reason:
            self.__exit__(None, None, None)
            raise PanelMissing(f"{self._path}: {reason}") from reason
        if self._shape.bits not in (16, 32):
            self.__exit__(None, None, None)
            raise PanelMissing(f"{self._path}: {self._shape.bits} bits per pixel; 16 and 32 are known")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._memory is not None:
            self._memory.close()
        if self._file is not None:
            os.close(self._file)
        self._memory = self._file = None

    def show(self, pixels: bytes, width: int, height: int) -> None:
        """Display port. Raises PanelMissing when the picture is larger than the panel."""
        shape, memory = self._shape, self._memory
        if shape is None or memory is None:
            raise PanelMissing(f"{self._path} is not open")
        if width > shape.width or height > shape.height:
            raise PanelMissing(f"{self._path} has {shape.width}x{shape.height} pixels, the picture {width}x{height}")
        depth = shape.bits // 8
        at = shape.start + (shape.height - height) // 2 * shape.stride + (shape.width - width) // 2 * depth
        for row in rows(pixels, width, height, shape.bits):
            memory[at : at + len(row)] = row
            at += shape.stride


def _asked(file: int) -> Geometry:
    variable = fcntl.ioctl(file, FBIOGET_VSCREENINFO, bytes(160))
    return geometry(variable, fcntl.ioctl(file, FBIOGET_FSCREENINFO, bytes(80)))


WINDOW_KEYS = {
    **{getattr(pygame, f"K_{digit}"): digit for digit in DIGITS},
    **{getattr(pygame, f"K_KP{digit}"): digit for digit in DIGITS},
    pygame.K_RETURN: "enter",
    pygame.K_KP_ENTER: "enter",
    pygame.K_BACKSPACE: "clear",
    pygame.K_ESCAPE: "cancel",
    pygame.K_UP: "up",
    pygame.K_DOWN: "down",
    pygame.K_PERIOD: "00",
    pygame.K_F1: "func",
    pygame.K_F2: "refund",
}
Pointer = tuple[int, int, bool]  # x, y, whether it is down


class WindowPanel:
    """A Display port in a desktop window, which also has keys and a mouse."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._window: pygame.Surface | None = None

    def __enter__(self) -> WindowPanel:
        try:
            pygame.display.init()
        except pygame.error as reason:
            raise PanelMissing(f"no window: {reason}") from reason
        pygame.display.set_caption(self._title)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pygame.display.quit()

    def show(self, pixels: bytes, width: int, height: int) -> None:
        """Display port; the window takes the size of the first picture."""
        if self._window is None:
            self._window = pygame.display.set_mode((width, height))
        self._window.blit(_opaque(pixels, width, height), (0, 0))
        pygame.display.flip()

    def reported(self) -> list[KeyPressed | Pointer | None]:
        """What happened since the last call; None when the window was closed."""
        found: list[KeyPressed | Pointer | None] = []
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                found.append(None)
            elif event.type == pygame.KEYDOWN and event.key in WINDOW_KEYS:
                found.append(KeyPressed(WINDOW_KEYS[event.key]))
            elif event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP) and event.button == 1:
                found.append((*event.pos, event.type == pygame.MOUSEBUTTONDOWN))
            elif event.type == pygame.MOUSEMOTION and event.buttons[0]:
                found.append((*event.pos, True))
        return found
