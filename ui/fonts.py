"""Text as pixels, measured and kept. Law: one font; what was drawn once is not drawn again while it is still in use."""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ui.theme import FONT_PACKAGE, Colour, FontMissing, font_file

if TYPE_CHECKING:
    import pygame

KEPT = 160  # surfaces: several pages' worth, about 3 MB
OPEN = 12  # sizes of the font: each open one holds half a megabyte, and a page needs about eight
BOLDER = 22  # a bold stroke is a pixel thicker for every so many pixels of size: more, and large digits fill up


class Fonts:
    """The font in every size asked for; no display and no sound is started. Raises FontMissing."""

    def __init__(self, file: Path | None = None) -> None:
        import pygame

        pygame.font.init()
        self._open = pygame.font.Font
        self._file = str(_whole(file or font_file()))
        self._fonts: OrderedDict[int, pygame.font.Font] = OrderedDict()
        self._drawn: OrderedDict[tuple[str, int, Colour, bool], pygame.Surface] = OrderedDict()
        self.width = lru_cache(maxsize=4096)(self._width)
        self.height = lru_cache(maxsize=64)(self._height)
        self.ascent = lru_cache(maxsize=64)(self._ascent)

    def draw(self, text: str, size: int, colour: Colour, is_bold: bool) -> pygame.Surface:
        """The text on a transparent ground."""
        key = (text, size, colour, is_bold)
        if key in self._drawn:
            self._drawn.move_to_end(key)
            return self._drawn[key]
        surface = self._font(size).render(text, True, colour)
        self._drawn[key] = surface = self._bold(surface, size, colour) if is_bold else surface
        if len(self._drawn) > KEPT:
            self._drawn.popitem(last=False)
        return surface

    def _bold(self, thin: pygame.Surface, size: int, colour: Colour) -> pygame.Surface:
        """Drawn side by side with itself; the font has one weight."""
        import pygame

        surface = pygame.Surface((thin.get_width() + _thicker(size), thin.get_height()), pygame.SRCALPHA)
        surface.fill((*colour, 0))
        for at in range(_thicker(size) + 1):
            surface.blit(thin, (at, 0))
        return surface

    def _height(self, size: int) -> int:
        """The height of a row of text."""
        return int(self._font(size).get_linesize())

    def _ascent(self, size: int) -> int:
        """From the top of a row to the line the letters stand on."""
        return int(self._font(size).get_ascent())

    def _width(self, text: str, size: int, is_bold: bool = False) -> int:
        return int(self._font(size).size(text)[0]) + (_thicker(size) if is_bold else 0)

    def _font(self, size: int) -> pygame.font.Font:
        if size not in self._fonts:
            self._fonts[size] = self._open(self._file, size)
            if len(self._fonts) > OPEN:
                self._fonts.popitem(last=False)
        self._fonts.move_to_end(size)
        return self._fonts[size]


def _whole(file: Path) -> Path:
    """The file, if all tables of its first font are in it: pygame 2.6.1 takes what is no font, and falls over it."""
    try:
        with file.open("rb") as font:
            if all(_is_whole(font, file.stat().st_size)):
                return file
            reason = "it is not whole"
    except (OSError, struct.error) as error:
        reason = str(error)
    again = f"install the Debian package {FONT_PACKAGE} again"
    raise FontMissing(f"the font {file} cannot be opened ({reason}): {again}")


def _is_whole(font: BinaryIO, size: int) -> Iterator[bool]:
    """Whether it is one, and each of its tables is in it (OpenType 1.9.1, "Organization of an OpenType font")."""
    tag = font.read(4)
    if tag == b"ttcf":  # a collection: where its fonts begin stands after version and number
        font.seek(12)
        font.seek(struct.unpack(">I", font.read(4))[0])
        tag = font.read(4)
    yield tag in (b"\0\1\0\0", b"OTTO", b"true")
    tables = struct.unpack(">H6x", font.read(8))[0]
    yield tables > 0
    for _ in range(tables):
        offset, length = struct.unpack(">8xII", font.read(16))
        yield offset + length <= size


def _thicker(size: int) -> int:
    return max(1, size // BOLDER)
