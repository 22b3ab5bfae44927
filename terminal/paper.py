"""A receipt typeset: what a printer is asked to put on paper, row by row. Law: a row fits the columns it was set for.

A Chinese character takes two columns, and a large row (double width and height) takes twice its columns.
"""

from __future__ import annotations

import msgspec


class TextRow(msgspec.Struct, frozen=True, tag="text"):
    """One row of text, already aligned with spaces; `is_large` is double width and height, `is_tall` double height."""

    text: str
    is_large: bool = False
    is_tall: bool = False


class QrRow(msgspec.Struct, frozen=True, tag="qr"):
    """A QR code, centred."""

    content: str


class ImageRow(msgspec.Struct, frozen=True, tag="image"):
    """A black and white picture, centred: rows of (width + 7) // 8 bytes, most significant bit left, 1 is ink."""

    width: int
    height: int
    bits: bytes


PaperRow = TextRow | QrRow | ImageRow
Paper = tuple[PaperRow, ...]
