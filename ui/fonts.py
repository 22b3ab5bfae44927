"""Text as pixels, measured and kept. Law: one font; what was drawn once is not drawn again while it is still in use."""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING

from ui.theme import Colour, font_file

if TYPE_CHECKING:
    import pygame

KEPT = 160  # surfaces: several pages' worth, about 3 MB
OPEN = 12  # sizes of the font: each open one holds half a megabyte, and a page needs about eight


class Fonts:
    """The font in every size asked for. Only pygame's font part is started: no display, no sound."""

    def __init__(self) -> None:
        import pygame

        pygame.font.init()
        self._open = pygame.font.Font
        self._file = str(font_file())
        self._fonts: OrderedDict[tuple[int, bool], pygame.font.Font] = OrderedDict()
        self._drawn: OrderedDict[tuple[str, int, Colour, bool], pygame.Surface] = OrderedDict()
        self.width = lru_cache(maxsize=4096)(self._width)
        self.height = lru_cache(maxsize=64)(self._height)

    def draw(self, text: str, size: int, colour: Colour, is_bold: bool) -> pygame.Surface:
        """The text on a transparent ground."""
        key = (text, size, colour, is_bold)
        if key in self._drawn:
            self._drawn.move_to_end(key)
            return self._drawn[key]
        surface = self._font(size, is_bold).render(text, True, colour)
        self._drawn[key] = surface
        if len(self._drawn) > KEPT:
            self._drawn.popitem(last=False)
        return surface

    def _height(self, size: int) -> int:
        """The height of a row of text."""
        return int(self._font(size, False).get_linesize())

    def _width(self, text: str, size: int, is_bold: bool = False) -> int:
        return int(self._font(size, is_bold).size(text)[0])

    def _font(self, size: int, is_bold: bool) -> pygame.font.Font:
        if (size, is_bold) not in self._fonts:
            font = self._open(self._file, size)
            font.set_bold(is_bold)
            self._fonts[size, is_bold] = font
            if len(self._fonts) > OPEN:
                self._fonts.popitem(last=False)
        self._fonts.move_to_end((size, is_bold))
        return self._fonts[size, is_bold]
