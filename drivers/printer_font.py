"""Rows of text as dots, for printers without a Chinese font. Law: the printers' grid, each character in its own cell.

A column is `cell` dots wide (12 at 203 dpi) and a row two and a half times as high, as printers with a font set it:
what GB18030 writes in two bytes or more stands on two columns, large rows are twice as wide and high, tall ones twice
as high.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from terminal.paper import TextRow
from terminal.ports import PrinterLost

if TYPE_CHECKING:
    from PIL import Image, ImageFont

FONT, FONT_PACKAGE = "wqy-microhei.tt[cf]", "fonts-wqy-microhei"
FONT_ROOTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
MONOSPACED = 1  # the face in the font's collection whose Latin letters are all 0.6 of their size wide
HALF_SIZE, FULL_SIZE = 5 / 3, 2  # of a cell's width: letters fill one cell, Chinese characters two
ROW_HEIGHT, BASELINE = 5 / 2, 23 / 30  # of a cell's width, and of the row
INK = 140  # of 255: what is darker becomes a dot
CONTROLS = dict.fromkeys((*range(0x20), 0x7F), " ")
GLYPHS = 2048  # kept: a few hundred bytes each


def text_picture(row: TextRow, columns: int, cell: int) -> Image.Image:
    """The row, as wide as the paper, wrapped as printers do where it is longer. Raises PrinterLost without a font."""
    from PIL import Image

    wide, tall = (2 if row.is_large else 1), (2 if row.is_large or row.is_tall else 1)
    width, height = columns * cell, int(cell * ROW_HEIGHT) * tall
    placed, x, y = [], 0, 0
    # what GB18030 cannot write is a question mark, as on printers with a font
    for character in row.text.translate(CONTROLS).encode("gb18030", "replace").decode("gb18030"):
        glyph = _glyph(character, cell, wide, tall)
        if x + glyph.width > width:
            x, y = 0, y + height
        placed.append((glyph, (x, y)))
        x += glyph.width
    strip = Image.new("1", (width, y + height), 1)
    for glyph, place in placed:
        strip.paste(glyph, place)
    return strip


@lru_cache(maxsize=GLYPHS)
def _glyph(character: str, cell: int, wide: int, tall: int) -> Image.Image:
    from PIL import Image, ImageDraw

    is_full = len(character.encode("gb18030", "replace")) > 1
    width, height = cell * (2 if is_full else 1), int(cell * ROW_HEIGHT)
    grey = Image.new("L", (width, height), 255)
    font = _font(round(cell * (FULL_SIZE if is_full else HALF_SIZE)))
    ImageDraw.Draw(grey).text((width / 2, height * BASELINE), character, 0, font, anchor="ms")
    return grey.resize((width * wide, height * tall)).point(lambda dot: 255 if dot > INK else 0).convert("1")


@lru_cache(maxsize=4)
def _font(size: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    for root in FONT_ROOTS:
        for found in sorted(root.rglob(FONT)):
            return ImageFont.truetype(str(found), size, index=MONOSPACED)
    raise PrinterLost(f"the font wqy-microhei is missing: install the Debian package {FONT_PACKAGE}")
