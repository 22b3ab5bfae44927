"""A Receipt set in rows for a printer. Law: no row is wider than the paper, and no control character gets to it.

A wide character takes two columns, and so does one of ambiguous width: GB18030 printers set them on a whole square.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from itertools import pairwise
from unicodedata import east_asian_width

from terminal.paper import ImageRow, Paper, PaperRow, QrRow, TextRow
from terminal.receipt import Blank, Code, Heading, Line, Pair, Receipt, Rule, Signature, Text
from ui.text import Words, words
from ui.wrap import wrap

SIGNATURE_WIDTH, SIGNATURE_HEIGHT = 384, 160  # dots: as wide as 58 mm paper prints
PEN = 1  # dots on each side of the line: three in all


def columns_of(text: str) -> int:
    """How many columns a text takes.

    >>> columns_of("退货 REFUND")
    11
    """
    return sum(2 if east_asian_width(char) in "WFA" else 1 for char in text)


def typeset(receipt: Receipt, columns: int) -> Paper:
    """The receipt in its own language on paper of so many columns (32 or 48)."""
    spoken = words(receipt.language)
    return tuple(row for line in receipt.lines for row in _rows(line, columns, spoken))


@singledispatch
def _rows(line: Line, columns: int, spoken: Words) -> Iterable[PaperRow]:
    raise TypeError(f"no rows for {type(line).__name__}")


@_rows.register
def _heading(line: Heading, columns: int, spoken: Words) -> Iterable[PaperRow]:
    for row in _wrapped(spoken.text(line.text), columns):
        yield TextRow(_centred(row, columns), is_tall=True)


@_rows.register
def _text(line: Text, columns: int, spoken: Words) -> Iterable[PaperRow]:
    for row in _wrapped(spoken.text(line.text), columns):
        yield TextRow(_centred(row, columns) if line.is_centred else row)


@_rows.register
def _pair(line: Pair, columns: int, spoken: Words) -> Iterable[PaperRow]:
    label, value = _clean(spoken.text(line.label)), _clean(spoken.text(line.value))
    if not line.is_large:
        yield from _pair_rows(label, value, columns)
    elif columns_of(label) + 1 + columns_of(value) <= columns // 2:
        yield TextRow(_apart(label, value, columns // 2), is_large=True)
    else:
        yield from (TextRow(row) for row in _wrapped(label, columns) if label)
        # an amount in two halves can be misread: it is set in tall rows before it is parted
        is_large = columns_of(value) <= columns // 2
        width = columns // 2 if is_large else columns
        for row in _wrapped(value, width):
            yield TextRow(_right(row, width), is_large=is_large, is_tall=not is_large)


@_rows.register
def _rule(line: Rule, columns: int, spoken: Words) -> Iterable[PaperRow]:
    yield TextRow("-" * columns)


@_rows.register
def _blank(line: Blank, columns: int, spoken: Words) -> Iterable[PaperRow]:
    yield from (TextRow("") for _ in range(line.rows))


@_rows.register
def _code(line: Code, columns: int, spoken: Words) -> Iterable[PaperRow]:
    yield QrRow(line.content)


@_rows.register
def _signature(line: Signature, columns: int, spoken: Words) -> Iterable[PaperRow]:
    yield signature_image(line.strokes)


def _pair_rows(label: str, value: str, columns: int) -> Iterable[PaperRow]:
    if columns_of(label) + 1 + columns_of(value) <= columns:
        yield TextRow(_apart(label, value, columns))
        return
    yield from (TextRow(row) for row in _wrapped(label, columns) if label)
    yield from (TextRow(_right(row, columns)) for row in _wrapped(value, columns))


def signature_image(strokes: Iterable[Iterable[tuple[int, int]]]) -> ImageRow:
    """Strokes in per mille of the pad as black dots."""
    wide, pitch = SIGNATURE_WIDTH, (SIGNATURE_WIDTH + 7) // 8
    bits = bytearray(pitch * SIGNATURE_HEIGHT)
    for stroke in strokes:
        points = [(_dot(x, wide), _dot(y, SIGNATURE_HEIGHT)) for x, y in stroke]
        for start, end in pairwise([*points[:1], *points]):
            for x, y in _line(start, end):
                _blot(bits, pitch, x, y)
    return ImageRow(wide, SIGNATURE_HEIGHT, bytes(bits))


def _dot(per_mille: int, length: int) -> int:
    return max(0, min(length - 1, per_mille * (length - 1) // 1000))


def _line(start: tuple[int, int], end: tuple[int, int]) -> Iterable[tuple[int, int]]:
    """Every dot from start to end, in integers (Bresenham 1965, as a share of the longer side)."""
    (x0, y0), (x1, y1) = start, end
    steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    for step in range(steps + 1):
        yield x0 + (2 * (x1 - x0) * step + steps) // (2 * steps), y0 + (2 * (y1 - y0) * step + steps) // (2 * steps)


def _blot(bits: bytearray, pitch: int, x: int, y: int) -> None:
    for row in range(max(0, y - PEN), min(SIGNATURE_HEIGHT, y + PEN + 1)):
        for dot in range(max(0, x - PEN), min(SIGNATURE_WIDTH, x + PEN + 1)):
            bits[row * pitch + dot // 8] |= 0x80 >> dot % 8


def _wrapped(text: str, columns: int) -> list[str]:
    return wrap(_clean(text), columns, columns_of)


def _clean(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text).strip()


def _apart(left: str, right: str, columns: int) -> str:
    return left + " " * (columns - columns_of(left) - columns_of(right)) + right


def _right(text: str, columns: int) -> str:
    return " " * (columns - columns_of(text)) + text


def _centred(text: str, columns: int) -> str:
    return " " * ((columns - columns_of(text)) // 2) + text
