"""Papers and signatures of a refund as PNG. Law: what the printer was given, row by row; nothing is set anew.

The characters are the screen's font, not the printer's. What was kept lies beside the picture in every bundle.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from terminal.evidence import Strokes
from terminal.paper import ImageRow, Paper, QrRow, TextRow
from terminal.signature import NothingDrawn, Picture, drawn

if TYPE_CHECKING:
    from PIL import Image, ImageFont

COLUMN, ROW, SIZE, MARGIN, QR_DOT = 12, 30, 22, 16, 6  # pixels
LARGE = 2
SIGNATURE = (448, 320)  # pixels


def paper_png(paper: Paper) -> bytes:
    """One paper, black on white."""
    from PIL import Image

    from ui.paper import columns_of

    columns = max(
        (columns_of(row.text) * (LARGE if row.is_large else 1) for row in paper if isinstance(row, TextRow)), default=32
    )
    width = columns * COLUMN
    rows = [_row(row, width) for row in paper]
    height = sum(row.height for row in rows)
    whole, y = Image.new("1", (width + 2 * MARGIN, height + 2 * MARGIN), 1), MARGIN
    for row in rows:
        x = MARGIN if row.width == width else MARGIN + max(0, width - row.width) // 2
        whole.paste(row, (x, y))
        y += row.height
    return _png(whole)


def strokes_png(strokes: Strokes) -> bytes:
    """A signature; white when nothing was drawn."""
    try:
        picture = drawn(strokes, *SIGNATURE)
    except NothingDrawn:
        picture = Picture(8, 1, b"\0")
    return _png(_bits(picture.width, picture.height, picture.bits))


def _row(row: TextRow | QrRow | ImageRow, width: int) -> Image.Image:
    if isinstance(row, ImageRow):
        return _bits(row.width, row.height, row.bits)
    return _code(row.content) if isinstance(row, QrRow) else _text(row, width)


def _text(row: TextRow, width: int) -> Image.Image:
    """Each character on its columns, as a receipt printer sets them."""
    from PIL import Image, ImageDraw

    from ui.paper import columns_of

    across, down = (LARGE if row.is_large else 1), (LARGE if row.is_large or row.is_tall else 1)
    image, x = Image.new("1", (width // across, ROW), 1), 0
    pen = ImageDraw.Draw(image)
    for character in row.text:
        pen.text((x, 2), character, font=_font(), fill=0)
        x += columns_of(character) * COLUMN
    return image.resize((width, ROW * down)) if across > 1 or down > 1 else image


def _code(content: str) -> Image.Image:
    import qrcode  # type: ignore[import-untyped]
    from PIL import Image

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=2)
    code.add_data(content)
    code.make(fit=True)
    dots: Iterable[Iterable[bool]] = code.get_matrix()
    lines = [[0 if dot else 1 for dot in line] for line in dots]
    image = Image.new("1", (len(lines[0]), len(lines)))
    image.putdata([dot for line in lines for dot in line])
    return image.resize((image.width * QR_DOT, image.height * QR_DOT))


def _bits(width: int, height: int, bits: bytes) -> Image.Image:
    from PIL import Image

    return Image.frombytes("1", (width, height), bytes(byte ^ 0xFF for byte in bits))


@cache
def _font() -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    from ui.theme import font_file

    return ImageFont.truetype(str(font_file()), SIZE)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
