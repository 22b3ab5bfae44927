"""An electronic signature on its way to the acquirer: its picture and its receipt elements. Law: cup.md 5.1-5.3.

| what             | where     | form                                                                   |
|------------------|-----------|------------------------------------------------------------------------|
| Picture          | F62       | 224 x 160 dots, smooth, through a PictureCoder, <= SIGNATURE_MOST; a   |
|                  |           | larger one once more with the THIN_PEN, which takes a sixth less       |
| ReceiptElements  | F55       | tag (2) length (1) value, a row of ELEMENTS each, <= 255               |

Nothing drawn is no signature: `drawn` refuses it, and the caller prints the line to sign on (cup.md 5.3).

>>> elements = ReceiptElements("原路商店", "退货", "01", "20260427103000", "02", original_rrn="091947145060")
>>> receipt_elements(elements)[:11].hex(" ")
'ff 00 08 d4 ad c2 b7 c9 cc b5 ea'
>>> decoded(receipt_elements(elements)) == elements
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from terminal.strokes import dots, smooth

WIDTH, HEIGHT = 224, 160  # dots, cup.md 5.3
MARGIN = 4  # white dots around the middle of the outermost line
PAD_SHAPE = (12, 5)  # width : height of the pad, whose points are per mille of each
PER_MILLE = 1000
CUT = 60  # of PAD_SHAPE x PER_MILLE: two pixels of a pad 400 wide, as the cardholder saw it (ui/ink.py)
PEN = ((0, -1), (-1, 0), (0, 0), (1, 0), (0, 1))  # a disc three dots wide: a line of three, with round ends and joints
THIN_PEN = ((0, 0),)
SIGNATURE_MOST = 999  # bytes of F62 (cup.md 5.1); a larger one is signed again
ELEMENTS_MOST = 255  # bytes of F55 (cup.md 1.4)

Dot = tuple[int, int]
Pen = tuple[Dot, ...]  # the dots that are ink around the one it is on


class NothingDrawn(ValueError):
    """There is not one point: the cardholder signs on paper."""


class TooLong(ValueError):
    """The picture does not fit into F62, however thin the pen: the cardholder signs again."""


class ElementRefused(ValueError):
    """A receipt element that its form does not allow. Names the element, never its value."""


# --- the picture -----------------------------------------------------------------------------------------------------
class Picture(msgspec.Struct, frozen=True):
    """Rows of (width + 7) // 8 bytes, most significant bit left, 1 is ink; bits after the last dot of a row are 0."""

    width: int
    height: int
    bits: bytes

    def __post_init__(self) -> None:
        """Raises ValueError when the bits are not the rows of such a picture."""
        pitch, spare = (self.width + 7) // 8, -self.width % 8
        if self.width < 1 or self.height < 1 or len(self.bits) != pitch * self.height:
            raise ValueError("a picture whose bits do not fill its rows")
        if any(byte & ((1 << spare) - 1) for byte in self.bits[pitch - 1 :: pitch]):
            raise ValueError("a picture with ink beyond its width")

    def __repr__(self) -> str:
        """Never the signature."""
        return f"Picture({self.width} x {self.height})"


def drawn(strokes: Iterable[Sequence[Dot]], width: int = WIDTH, height: int = HEIGHT, *, pen: Pen = PEN) -> Picture:
    """Strokes in per mille of the pad (what is off it is set on its edge): smoothed, cropped, scaled as one, centred.

    Raises NothingDrawn without a point, ValueError when the picture has no room inside its margin.
    """
    across, down = PAD_SHAPE
    placed = [[(_on_pad(x) * across, _on_pad(y) * down) for x, y in stroke] for stroke in strokes if stroke]
    inked = [smooth(stroke, CUT) for stroke in placed]
    if not inked:
        raise NothingDrawn("a signature without a point")
    if min(width, height) <= 2 * MARGIN:
        raise ValueError("a picture without room inside its margin")
    place = _fitting([point for stroke in inked for point in stroke], width, height)
    rows, leftmost = [0] * height, (width + 7) // 8 * 8 - 1
    for stroke in inked:
        line = [place(point) for point in stroke]
        for start, end in pairwise([*line[:1], *line]):
            for x, y in dots(start, end):
                for dx, dy in pen:
                    rows[y + dy] |= 1 << (leftmost - x - dx)
    return Picture(width, height, b"".join(row.to_bytes((width + 7) // 8) for row in rows))


def sent(strokes: Sequence[Sequence[Dot]], encode: Callable[[Picture], bytes]) -> bytes:
    """The picture as F62 (cup.md 5.1), with the thin pen where the other is too much. Raises NothingDrawn, TooLong."""
    for pen in (PEN, THIN_PEN):
        if len(raw := encode(drawn(strokes, pen=pen))) <= SIGNATURE_MOST:
            return raw
    raise TooLong(f"more than {SIGNATURE_MOST} bytes")


def _on_pad(per_mille: int) -> int:
    return max(0, min(PER_MILLE, per_mille))


def _fitting(points: list[Dot], width: int, height: int) -> Callable[[Dot], Dot]:
    """The map from the points' box to the picture inside its margin, the same scale both ways, in integers."""
    left, top = min(x for x, _ in points), min(y for _, y in points)
    wide, tall = max(x for x, _ in points) - left, max(y for _, y in points) - top
    room_x, room_y = width - 1 - 2 * MARGIN, height - 1 - 2 * MARGIN
    over, under = (room_x, max(wide, 1)) if wide * room_y >= tall * room_x else (room_y, tall)
    from_x, from_y = (width - 1 - wide * over // under) // 2, (height - 1 - tall * over // under) // 2

    def place(point: Dot) -> Dot:
        x, y = ((2 * (at - edge) * over + under) // (2 * under) for at, edge in zip(point, (left, top), strict=True))
        return from_x + x, from_y + y

    return place


# --- the receipt elements --------------------------------------------------------------------------------------------
class ReceiptElements(msgspec.Struct, frozen=True):
    """What the acquirer needs to set the receipt itself. "" is absent; digits are given in full, binaries as hex."""

    merchant_name: str
    kind_text: str  # 消费, 消费撤销, 退货
    operator: str
    at: str  # YYYYMMDDhhmmss
    copies: str  # "01" to "03"
    acquirer: str = ""
    issuer: str = ""
    expiry: str = ""  # YYMM
    approval_code: str = ""
    card_organisation: str = ""  # of a refund, always: " " when it is not known
    currency: str = "156"
    application_label: str = ""
    preferred_name: str = ""
    aid: str = ""
    cryptogram: str = ""
    balance: str = ""  # 12 digits, minor units
    remark: str = ""
    original_stan: str = ""  # of a void
    original_batch: str = ""
    original_rrn: str = ""  # of a refund
    original_date: str = ""  # of a refund, MMDD
    original_approval_code: str = ""
    original_terminal_id: str = ""

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"ReceiptElements(kind_text={self.kind_text!r})"


class Element(msgspec.Struct, frozen=True):
    """A row of cup.md 5.2; `least` and `most` are bytes on the wire."""

    tag: int
    name: str
    form: str
    least: int
    most: int
    is_due: bool = False


# Forms: G is GBK, cut to fit; P is ASCII padded with spaces; A is ASCII; N is digits as BCD; B is hex as bytes.
# As tags ascend, so do the elements on the wire.
ELEMENTS = (
    Element(0xFF00, "merchant_name", "G", 1, 40, is_due=True),
    Element(0xFF01, "kind_text", "G", 1, 40, is_due=True),
    Element(0xFF02, "operator", "N", 1, 1, is_due=True),
    Element(0xFF03, "acquirer", "P", 11, 11),
    Element(0xFF04, "issuer", "P", 11, 11),
    Element(0xFF05, "expiry", "N", 2, 2),
    Element(0xFF06, "at", "N", 7, 7, is_due=True),
    Element(0xFF07, "approval_code", "P", 6, 6),
    Element(0xFF09, "card_organisation", "P", 3, 3),
    Element(0xFF0A, "currency", "P", 3, 3, is_due=True),
    Element(0xFF22, "aid", "B", 5, 16),  # EMV 4.4 Book 3, annex A: 4F
    Element(0xFF23, "cryptogram", "B", 8, 8),
    Element(0xFF30, "application_label", "A", 1, 16),  # EMV 4.4 Book 3, annex A: 50
    Element(0xFF31, "preferred_name", "A", 1, 16),  # EMV 4.4 Book 3, annex A: 9F12
    Element(0xFF40, "remark", "G", 1, 40),
    Element(0xFF4A, "balance", "N", 6, 6),
    Element(0xFF60, "original_stan", "N", 3, 3),
    Element(0xFF61, "original_batch", "N", 3, 3),
    Element(0xFF62, "original_rrn", "N", 6, 6),
    Element(0xFF63, "original_date", "N", 2, 2),
    Element(0xFF64, "original_approval_code", "P", 6, 6),
    Element(0xFF65, "original_terminal_id", "P", 8, 8),
    Element(0xFF70, "copies", "N", 1, 1, is_due=True),
)
BY_TAG = {element.tag: element for element in ELEMENTS}
# Our rule, where cup.md only names the limit: what the acquirer misses least goes first. Without these all of the rest
# fits, however long it is.
SPARED = ("remark", "preferred_name", "application_label")
DIGITS, HEX = frozenset("0123456789"), frozenset("0123456789ABCDEFabcdef")


def receipt_elements(elements: ReceiptElements) -> bytes:
    """F55 of an electronic signature (cup.md 5.2): SPARED are left out one by one until it fits.

    Raises ElementRefused for an element that is due and empty, or that its form cannot take.
    """
    parts = {element.name: _part(element, getattr(elements, element.name)) for element in ELEMENTS}
    for name in SPARED:
        if sum(map(len, parts.values())) <= ELEMENTS_MOST:
            break
        parts[name] = b""
    return b"".join(parts.values())


def decoded(raw: bytes) -> ReceiptElements:
    """The acquirer's side. Tags that are not ours are passed over. Raises ElementRefused."""
    found: dict[str, Any] = {}
    for tag, value in _parts(raw):
        element = BY_TAG.get(tag)
        if element is None:
            continue
        if element.name in found:
            raise ElementRefused(f"{element.name} comes twice")
        found[element.name] = _text(element, value)
    if missing := [element.name for element in ELEMENTS if element.is_due and element.name not in found]:
        raise ElementRefused(f"{missing[0]} is missing")
    return ReceiptElements(**found)


def _part(element: Element, text: str) -> bytes:
    if not text:
        if element.is_due:
            raise ElementRefused(f"{element.name} is missing")
        return b""
    try:
        value = _value(element, text)
    except ValueError:
        raise ElementRefused(f"{element.name} is not of its form") from None
    _check(element, value)
    return element.tag.to_bytes(2) + bytes((len(value),)) + value


def _value(element: Element, text: str) -> bytes:
    match element.form:
        case "G":
            # the last character goes whole
            return text.encode("gbk")[: element.most].decode("gbk", "ignore").encode("gbk")
        case "P" | "A":
            return _ascii(text).ljust(element.least if element.form == "P" else 0)
    if not set(text) <= (DIGITS if element.form == "N" else HEX):
        raise ValueError
    return bytes.fromhex(text)


def _text(element: Element, value: bytes) -> str:
    _check(element, value)
    try:
        match element.form:
            case "G":
                return value.decode("gbk")
            case "P":
                return _ascii(value.decode("ascii")).decode().rstrip(" ") or " "
            case "A":
                return _ascii(value.decode("ascii")).decode()
    except ValueError:
        raise ElementRefused(f"{element.name} is not of its form") from None
    text = value.hex().upper()
    if element.form == "N" and not set(text) <= DIGITS:
        raise ElementRefused(f"{element.name} is not of its form")
    return text


def _ascii(text: str) -> bytes:
    if not text.isprintable():
        raise ValueError
    return text.encode("ascii")


def _check(element: Element, value: bytes) -> None:
    if not element.least <= len(value) <= element.most:
        raise ElementRefused(f"{element.name} has {len(value)} bytes, not {element.least} to {element.most}")


def _parts(raw: bytes) -> Iterator[tuple[int, bytes]]:
    while raw:
        if len(raw) < 3 or len(raw) < 3 + raw[2]:
            raise ElementRefused("the elements end in the middle of one")
        yield int.from_bytes(raw[:2]), raw[3 : 3 + raw[2]]
        raw = raw[3 + raw[2] :]
