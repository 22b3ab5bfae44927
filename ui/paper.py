"""A Receipt set in rows for a printer. Law: no row is wider than the paper, and no control character gets to it.

A wide character takes two columns, and so does one of ambiguous width: GB18030 printers set them on a whole square.
Labels and headings are in capitals, where a script has them: some words are a screen's, where they are not.
On a paper in two languages a label says both, a sentence stands twice, one below the other, and a value once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from itertools import pairwise
from unicodedata import east_asian_width

from terminal.paper import ImageRow, Paper, PaperRow, QrRow, TextRow
from terminal.receipt import (
    Bar,
    Blank,
    Code,
    Heading,
    InWords,
    Line,
    Logo,
    Pair,
    Receipt,
    Rule,
    Ruler,
    Signature,
    Text,
    Type,
)
from ui.text import Words, words
from ui.wrap import wrap

SIGNATURE_WIDTH, SIGNATURE_HEIGHT = 384, 160  # dots: as wide as 58 mm paper prints
COLUMN = 12  # dots: 32 columns are the 384 of 58 mm paper, 48 the 576 of 80 mm
CHINESE, IN_BOTH = "zh_CN", "zh_CN+en"
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
    for row in _together(tuple(text.upper() for text in spoken.texts(line.text)), columns):
        yield TextRow(_centred(row, columns), is_tall=True)


@_rows.register
def _type(line: Type, columns: int, spoken: Words) -> Iterable[PaperRow]:
    named = words(IN_BOTH) if spoken.language == CHINESE else spoken
    texts = tuple(text.upper() for text in named.texts(line.text))
    is_large = all(columns_of(text) <= columns // 2 for text in texts)
    width = columns // 2 if is_large else columns
    for row in _together(texts, width):
        yield TextRow(_centred(row, width), is_large=is_large, is_tall=not is_large)


@_rows.register
def _text(line: Text, columns: int, spoken: Words) -> Iterable[PaperRow]:
    for text in spoken.texts(line.text):
        for row in _wrapped(text, columns):
            yield TextRow(_centred(row, columns) if line.is_centred else row)


@_rows.register
def _pair(line: Pair, columns: int, spoken: Words) -> Iterable[PaperRow]:
    labels, values = (tuple(map(_clean, spoken.texts(side))) for side in (line.label, line.value))
    labels = tuple(map(str.upper, labels))
    label, value = " ".join(labels), " ".join(values)
    if not line.is_large:
        yield from _pair_rows(labels, values, columns)
    elif columns_of(label) + 1 + columns_of(value) <= columns // 2:
        yield TextRow(_apart(label, value, columns // 2), is_large=True)
    else:
        yield from (TextRow(row) for row in _together(labels, columns) if label)
        # an amount in two halves can be misread: it is set in tall rows before it is parted
        is_large = columns_of(value) <= columns // 2
        width = columns // 2 if is_large else columns
        for row in _wrapped(value, width):
            yield TextRow(_right(row, width), is_large=is_large, is_tall=not is_large)


@_rows.register
def _in_words(line: InWords, columns: int, spoken: Words) -> Iterable[PaperRow]:
    for tongue in spoken.tongues:
        written = line.amount.in_words() if tongue.language == CHINESE else line.amount.in_english()
        label, value = (_clean(tongue.text(said)) for said in (line.label, line.written(written)))
        if columns_of(label) + 1 + columns_of(value) <= columns:
            yield TextRow(_apart(label, value, columns))
        else:
            yield from (TextRow(row) for text in (label, value) for row in _wrapped(text, columns))


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


@_rows.register
def _logo(line: Logo, columns: int, spoken: Words) -> Iterable[PaperRow]:
    yield ImageRow(line.width, line.height, line.bits)


@_rows.register
def _ruler(line: Ruler, columns: int, spoken: Words) -> Iterable[PaperRow]:
    yield TextRow("".join(str(column % 10) for column in range(1, columns + 1)))


@_rows.register
def _bar(line: Bar, columns: int, spoken: Words) -> Iterable[PaperRow]:
    width = columns * COLUMN
    yield ImageRow(width, line.height, b"\xff" * (width // 8) * line.height)


def _pair_rows(labels: tuple[str, ...], values: tuple[str, ...], columns: int) -> Iterable[PaperRow]:
    """On one row; else each label on its own, the last one beside the value where there is room."""
    label, value = " ".join(labels), " ".join(values)
    if columns_of(label) + 1 + columns_of(value) <= columns:
        yield TextRow(_apart(label, value, columns))
        return
    *others, last = labels
    if others and columns_of(last) + 1 + columns_of(value) <= columns:
        yield from (TextRow(row) for other in others for row in _wrapped(other, columns))
        yield TextRow(_apart(last, value, columns))
        return
    yield from (TextRow(row) for row in _together(labels, columns) if label)
    yield from (TextRow(_right(row, columns)) for text in values for row in _wrapped(text, columns))


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


def _together(texts: tuple[str, ...], columns: int) -> list[str]:
    """What is said in each language on one row, or on rows of its own."""
    whole = " ".join(map(_clean, texts))
    return [whole] if columns_of(whole) <= columns else [row for text in texts for row in _wrapped(text, columns)]


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
