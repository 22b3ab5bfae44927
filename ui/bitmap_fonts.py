"""Text on a grid of one-bit pixels. Law: a character is one cell of 8 or 16 pixels, and a missing one is a box.

| size | a row  | half-width    | full-width | for                                                    |
|------|--------|---------------|------------|--------------------------------------------------------|
| 16   | 16 px  | 8 px          | 16 px      | everything                                             |
| 32   | 32 px  | 16 px         | 32 px      | amounts: the same pixels doubled, `.` `,` `:` half as wide |

GNU Unifont 15 draws every character of GB 2312 exactly as its bitmaps are (7,539 compared with unifont.hex, none
differs), opens in 0.4 ms and takes 1 MB. The song of WenQuanYi (xfonts-wqy) draws the same Chinese, with digits of
several widths; its Zen Hei at this size is an outline in ruins.
"""

from __future__ import annotations

import unicodedata
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ui.theme import FONT_ROOTS, Colour, FontMissing

if TYPE_CHECKING:
    import pygame

NAME, PACKAGE = "unifont.otf", "fonts-unifont"
CELL, ROW = 8, 16  # pixels: a half-width character, a row
NARROW = ".,:"  # doubled, these leave half of their cell empty, and an amount would not fit
NARROW_CELL, NARROW_FROM = 4, 2  # pixels of the 8, before they are doubled
KEPT = 160  # surfaces of text: several screens' worth, under 1 MB


def bitmap_font_file(roots: tuple[Path, ...] = FONT_ROOTS) -> Path:
    """The file of the font, wherever the distribution keeps it. Raises FontMissing."""
    for root in roots:
        for found in sorted(root.rglob(NAME)):
            return found
    raise FontMissing(f"the font {NAME} is missing: install the Debian package {PACKAGE}")


class BitmapFonts:
    """The bitmap font with the methods of ui.fonts.Fonts. Raises FontMissing."""

    def __init__(self, roots: tuple[Path, ...] = FONT_ROOTS) -> None:
        import pygame

        pygame.font.init()
        self._pygame = pygame
        file = bitmap_font_file(roots)
        try:
            self._font = pygame.font.Font(str(file), ROW)
            self._font.size("0")  # pygame 2.6 opens what is no font; this refuses it, get_height would end the process
        except (pygame.error, OSError) as reason:
            raise FontMissing(f"the font {file} cannot be opened: install the Debian package {PACKAGE}") from reason
        self._drawn: OrderedDict[tuple[str, int, Colour, bool], pygame.Surface] = OrderedDict()
        self._cell = lru_cache(maxsize=2048)(self._measured)
        self._glyph = lru_cache(maxsize=512)(self._rendered)
        self.width = lru_cache(maxsize=4096)(self._width)

    def draw(self, text: str, size: int, colour: Colour, is_bold: bool) -> pygame.Surface:
        """The text on a transparent ground, every pixel of it wholly there or not."""
        key = (text, size, colour, is_bold)
        if key not in self._drawn:
            self._drawn[key] = self._set(text, _scale(size), colour, is_bold)
            if len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
        self._drawn.move_to_end(key)
        return self._drawn[key]

    def height(self, size: int) -> int:
        """The height of a row of text."""
        return ROW * _scale(size)

    def _width(self, text: str, size: int, is_bold: bool = False) -> int:
        scale = _scale(size)
        return scale * sum(self._advance(char, scale) for char in unicodedata.normalize("NFC", text))

    def _advance(self, char: str, scale: int) -> int:
        return NARROW_CELL if scale > 1 and char in NARROW else self._cell(char)[0]

    def _set(self, text: str, scale: int, colour: Colour, is_bold: bool) -> pygame.Surface:
        chars = unicodedata.normalize("NFC", text)
        wide = sum(self._advance(char, scale) for char in chars)
        surface = self._pygame.Surface((wide, ROW), self._pygame.SRCALPHA, 32)
        left = 0
        for char in chars:
            advance = self._advance(char, scale)
            start = NARROW_FROM if advance == NARROW_CELL else 0
            surface.blit(self._glyph(char, colour), (left, 0), (start, 0, advance, ROW))
            if is_bold and advance <= CELL:  # Chinese would run together; latin has a free column
                surface.blit(self._glyph(char, colour), (left + 1, 0), (start, 0, advance - 1, ROW))
            left += advance
        return self._pygame.transform.scale_by(surface, scale) if scale > 1 else surface

    def _measured(self, char: str) -> tuple[int, bool]:
        """How wide its cell is, and whether the font has it; a mark without a width of its own it has not."""
        wide = self._font.size(char)[0]
        if self._font.metrics(char)[0] is not None and wide in (CELL, 2 * CELL):
            return int(wide), True
        return (2 * CELL if unicodedata.east_asian_width(char) in "WF" else CELL), False

    def _rendered(self, char: str, colour: Colour) -> pygame.Surface:
        wide, is_known = self._cell(char)
        if is_known:
            return self._font.render(char, False, colour)
        box = self._pygame.Surface((wide, ROW), self._pygame.SRCALPHA, 32)
        self._pygame.draw.rect(box, colour, (1, 2, wide - 2, ROW - 4), 1)
        return box


def _scale(size: int) -> int:
    """How often a pixel is repeated: sizes between two are the smaller one."""
    return max(1, size // ROW)
