"""A picture as the bytes of a panel's memory. Law: what is changed in the memory is what changed in the picture.

| turned by | a changed row of the picture is                                 |
|-----------|-----------------------------------------------------------------|
| 0, 180    | a row of the panel                                              |
| 90, 270   | a column; all from the first to the last that changed are taken |

The picture stands in the middle, black around it. One bit: white from half brightness on; a byte is the least that
can change.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache, cached_property

from drivers.pixels import Field, Geometry, PanelMissing

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

XRGB = (0xFF0000, 0xFF00, 0xFF, 0)  # 0xXXRRGGBB, as the Display port has it; X is no transparency
ROTATIONS = (0, 90, 180, 270)
HALF = 128  # of 256 steps of brightness
Span = tuple[int, int]  # first byte and the one after the last, from the first visible pixel on
Run = tuple[int, int]  # first row and the one after the last


class Canvas:
    """The visible memory of one panel. `rotation`: degrees by which the picture is turned clockwise on it."""

    def __init__(self, shape: Geometry, rotation: int = 0) -> None:
        if rotation not in ROTATIONS:
            raise ValueError(f"rotation {rotation}: it is 0, 90, 180 or 270")
        self.shape, self._rotation = shape, rotation
        self._black = ord("0" if shape.is_one_white else "1")
        self._dots = bytearray()  # one bit: every pixel as "0" or "1"
        self.memory = bytearray()
        self.clear()

    def clear(self) -> None:
        """All black."""
        if self.shape.bits == 1:
            self._dots = bytearray([self._black]) * (self.shape.width * self.shape.height)
            self.memory = bytearray(b"\0" if self.shape.is_one_white else b"\xff") * self.shape.size
        else:
            self.memory = bytearray(self.shape.size)

    @property
    def room(self) -> tuple[int, int]:
        """Width and height of the largest picture."""
        wide, high = self.shape.width, self.shape.height
        return (high, wide) if self._rotation in (90, 270) else (wide, high)

    def draw(self, pixels: bytes, width: int, height: int, before: bytes | None = None) -> list[Span]:
        """Bytes of `memory` that are new. `before`: the picture of this size that is there. Raises PanelMissing."""
        if width > self.room[0] or height > self.room[1]:
            raise PanelMissing(f"the panel has {self.room[0]}x{self.room[1]} pixels, the picture {width}x{height}")
        runs = [(0, height)] if before is None else changed_rows(pixels, before, width * 4)
        if not runs:
            return []
        band = runs[0][0], runs[-1][1]
        if self._rotation in (90, 270):
            runs = [band]
        surface = _turned(pixels, width, band, self._rotation)
        store = self._store_dots if self.shape.bits == 1 else self._store
        left, top, _, _ = self._place(width, height, band)
        store(surface, left, top)
        return list(_joined(span for run in runs for span in self._spans(*self._place(width, height, run))))

    def _place(self, width: int, height: int, run: Run) -> tuple[int, int, int, int]:
        """Rows of a picture as left, top, width and height on the panel."""
        first, stop = run
        rows = stop - first
        if self._rotation in (0, 180):
            place = 0, first if self._rotation == 0 else height - stop, width, rows
            wide, high = width, height
        else:
            place = height - stop if self._rotation == 90 else first, 0, rows, width
            wide, high = height, width
        return place[0] + (self.shape.width - wide) // 2, place[1] + (self.shape.height - high) // 2, *place[2:]

    def _spans(self, left: int, top: int, width: int, height: int) -> Iterator[Span]:
        first, stop = left * self.shape.bits // 8, ((left + width) * self.shape.bits + 7) // 8
        for at in range(top * self.shape.stride, (top + height) * self.shape.stride, self.shape.stride):
            yield at + first, at + stop

    def _store(self, surface: pygame.Surface, left: int, top: int) -> None:
        depth, stride = self.shape.bits // 8, self.shape.stride
        packed, pitch = self._packed(surface)
        length, at = surface.get_width() * depth, top * stride + left * depth
        for row in range(0, pitch * surface.get_height(), pitch):
            self.memory[at : at + length] = packed[row : row + length]
            at += stride

    def _packed(self, surface: pygame.Surface) -> tuple[bytes, int]:
        """The surface in the panel's pixels, and bytes from one row to the next."""
        if self._masks == XRGB and self.shape.bits == 32:
            return surface.get_buffer().raw, surface.get_pitch()
        if not self._is_known_to_sdl:
            return packed(surface.get_buffer().raw, self.shape), surface.get_width() * self.shape.bits // 8
        narrow = pygame.Surface(surface.get_size(), 0, self.shape.bits, self._masks)
        narrow.blit(surface, (0, 0))
        return narrow.get_buffer().raw, narrow.get_pitch()

    @cached_property
    def _masks(self) -> tuple[int, int, int, int]:
        red, green, blue, opaque = (((1 << bits) - 1) << at for at, bits in (*self.shape.colours, self.shape.opaque))
        return red, green, blue, opaque

    @cached_property
    def _is_known_to_sdl(self) -> bool:
        if any(bits > 8 for _, bits in self.shape.colours):
            return False
        try:
            made = pygame.Surface((1, 1), 0, self.shape.bits, self._masks)
        except (ValueError, pygame.error):
            return False
        return made.get_masks() == self._masks

    def _store_dots(self, surface: pygame.Surface, left: int, top: int) -> None:
        wide, width = self.shape.width, surface.get_width()
        grey = pygame.transform.grayscale(surface).get_buffer().raw[::4]
        lit = grey.translate(_dot_table(self.shape.is_one_white))
        for row in range(surface.get_height()):
            at = (top + row) * wide + left
            self._dots[at : at + width] = lit[row * width : (row + 1) * width]
            self._store_bits(top + row, left // 8, (left + width + 7) // 8)

    def _store_bits(self, row: int, first: int, stop: int) -> None:
        """Bytes `first` to `stop` of a row, from its dots."""
        at = row * self.shape.width
        dots = bytes(self._dots[at + first * 8 : at + min(stop * 8, self.shape.width)])
        dots = dots.ljust((stop - first) * 8, bytes([self._black]))
        is_high = self.shape.is_leftmost_high
        bits = int(dots if is_high else dots[::-1], 2).to_bytes(stop - first, "big" if is_high else "little")
        at = row * self.shape.stride + first
        self.memory[at : at + len(bits)] = bits


def changed_rows(pixels: bytes, before: bytes, pitch: int) -> list[Run]:
    """Rows of `pitch` bytes in which two pictures of one size differ, neighbours together."""
    if pixels == before:
        return []
    runs: list[Run] = []
    for row, at in enumerate(range(0, len(pixels), pitch)):
        if pixels[at : at + pitch] != before[at : at + pitch]:
            if runs and runs[-1][1] == row:
                runs[-1] = runs[-1][0], row + 1
            else:
                runs.append((row, row + 1))
    return runs


def opaque(pixels: bytes | memoryview, width: int, height: int) -> pygame.Surface:
    """A surface of 0xXXRRGGBB pixels whose X is not taken for transparency."""
    surface = pygame.Surface((width, height), 0, 32, XRGB)
    surface.get_buffer().write(bytes(pixels), 0)
    return surface


def _turned(pixels: bytes, width: int, band: Run, rotation: int) -> pygame.Surface:
    first, stop = band
    surface = opaque(memoryview(pixels)[first * width * 4 : stop * width * 4], width, stop - first)
    return pygame.transform.rotate(surface, -rotation) if rotation else surface


def _joined(spans: Iterator[Span]) -> Iterator[Span]:
    """Spans that touch as one."""
    first, stop = -1, -1
    for begin, end in spans:
        if begin == stop:
            stop = end
            continue
        if stop > first:
            yield first, stop
        first, stop = begin, end
    if stop > first:
        yield first, stop


@cache
def _dot_table(is_one_white: bool) -> bytes:
    return bytes(ord("1") if (level >= HALF) == is_one_white else ord("0") for level in range(256))


def packed(pixels: bytes, shape: Geometry) -> bytes:
    """0xXXRRGGBB pixels in any layout of whole bytes; some ten times slower than SDL, which knows the usual ones."""
    depth = shape.bits // 8
    made = bytearray(len(pixels) // 4 * depth)
    opaque_bits = ((1 << shape.opaque[1]) - 1) << shape.opaque[0]
    for byte in range(depth):
        plane = int.from_bytes(bytes([opaque_bits >> 8 * byte & 0xFF]) * (len(pixels) // 4), "little")
        for colour, field in zip((2, 1, 0), shape.colours, strict=True):
            if any(share := _share(field, byte)):
                plane |= int.from_bytes(pixels[colour::4].translate(share), "little")
        made[byte::depth] = plane.to_bytes(len(pixels) // 4, "little")
    return bytes(made)


@cache
def _share(field: Field, byte: int) -> bytes:
    """What each of 256 levels of a colour puts into this byte of a pixel."""
    offset, bits = field
    levels = (level >> 8 - bits if bits <= 8 else (level << 8 | level) >> 16 - bits for level in range(256))
    return bytes(level << offset >> 8 * byte & 0xFF for level in levels)
