"""Decoded rows as a picture and as text, so that the page shows what the printer really got.

A column is 12 dots and a row 30: 32 columns are the 384 dots of 58 mm paper, 48 columns the 576 of 80 mm paper.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from terminal.paper import ImageRow, PaperRow, TextRow
from ui.theme import font_file

COLUMN, ROW, MARGIN = 12, 30, 12
BASELINE = 23  # of the 30 dots of a row
FULL, HALF = 24, 20  # sizes at which a Chinese character is two columns wide, and a Latin one exactly one
MONOSPACED = 1  # the face in the font's collection whose Latin letters are all 0.6 of their size wide
INK, PAPER = 40, 252


def as_text(rows: Sequence[PaperRow]) -> str:
    """The rows as lines; a picture is named by its size."""
    return "\n".join(row.text if isinstance(row, TextRow) else _named(row) for row in rows).rstrip("\n")


def as_png(rows: Sequence[PaperRow], columns: int) -> bytes:
    """The paper, drawn."""
    width = columns * COLUMN
    height = sum(_height(row) for row in rows) + 2 * MARGIN
    sheet = Image.new("L", (width + 2 * MARGIN, height), PAPER)
    y = MARGIN
    for row in rows:
        if isinstance(row, TextRow):
            _draw_text(sheet, row, y)
        elif isinstance(row, ImageRow):
            ink = Image.frombytes("1", (row.width, row.height), row.bits)
            sheet.paste(INK, (MARGIN + max(0, width - row.width) // 2, y), ink)
        y += _height(row)
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


def _named(row: PaperRow) -> str:
    return f"[{row.width}x{row.height}]" if isinstance(row, ImageRow) else ""


def _height(row: PaperRow) -> int:
    if isinstance(row, ImageRow):
        return row.height + ROW // 3
    return ROW * 2 if isinstance(row, TextRow) and (row.is_large or row.is_tall) else ROW


def _draw_text(sheet: Image.Image, row: TextRow, y: int) -> None:
    """Each character in its own cell, as a dot printer does; large ones in four cells."""
    x, wide = MARGIN, 2 if row.is_large else 1
    tall = 2 if row.is_large or row.is_tall else 1
    for character in row.text:
        # what takes two bytes or four in GB18030 stands on a whole square
        is_full = len(character.encode("gb18030", "replace")) > 1
        cell = COLUMN * (2 if is_full else 1)
        if character != " ":
            glyph = Image.new("L", (cell, ROW), PAPER)
            font = _font(FULL if is_full else HALF)
            ImageDraw.Draw(glyph).text((cell / 2, BASELINE), character, INK, font, anchor="ms")
            sheet.paste(glyph.resize((cell * wide, ROW * tall)), (x, y))
        x += cell * wide


@lru_cache(maxsize=2)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_file()), size, index=MONOSPACED)
