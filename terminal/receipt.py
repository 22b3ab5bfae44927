"""An outcome as paper: lines as data, printer-neutral. Law: no width, no language, no card number; only ids of words.

Layout: the merchant's guide, receipt section. `typeset` in ui/ turns a Receipt into rows of 32 or 48 columns.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from terminal.money import Money
from terminal.screens import Say, say

DUPLICATED = say("paper.duplicated")


class Copy(Enum):
    """Whose copy it is; "" for papers that are nobody's copy."""

    MERCHANT = "merchant"
    CARDHOLDER = "cardholder"
    NONE = ""


class Heading(msgspec.Struct, frozen=True, tag="heading"):
    """Centred, double height."""

    text: Say


class Type(msgspec.Struct, frozen=True, tag="type"):
    """What was done, centred, as large as it fits; a Chinese paper says it in English too (cup.md 4.9)."""

    text: Say


class Text(msgspec.Struct, frozen=True, tag="text"):
    """A sentence on as many rows as it needs; `is_centred` for notes between rules."""

    text: Say
    is_centred: bool = False


class Pair(msgspec.Struct, frozen=True, tag="pair"):
    """Label left, value right; on two rows when it does not fit one. `is_large` doubles width and height."""

    label: Say
    value: str | Say
    is_large: bool = False


class InWords(msgspec.Struct, frozen=True, tag="in-words"):
    """An amount written out as the language of the paper does: 大写金额, or English words."""

    label: Say
    amount: Money

    def written(self, words: str) -> Say:
        """With the currency before it, where the language has it there (支付结算办法, annex 1, rule 2)."""
        return say("paper.in_words.value", words=words)


class Rule(msgspec.Struct, frozen=True, tag="rule"):
    """A line across."""


class Blank(msgspec.Struct, frozen=True, tag="blank"):
    """Room, e.g. for a signature."""

    rows: int = 1


class Code(msgspec.Struct, frozen=True, tag="code"):
    """A QR code."""

    content: str


class Signature(msgspec.Struct, frozen=True, tag="signature"):
    """Strokes of the pad (per mille of its width and height), printed as an image."""

    strokes: tuple[tuple[tuple[int, int], ...], ...]


class Logo(msgspec.Struct, frozen=True, tag="logo"):
    """The shop's picture: rows of (width + 7) // 8 bytes, most significant bit left, 1 is ink; at most 384 wide."""

    width: int
    height: int
    bits: bytes


class Ruler(msgspec.Struct, frozen=True, tag="ruler"):
    """1234567890 to the last column: whether the paper is as wide as it was told to be."""


class Bar(msgspec.Struct, frozen=True, tag="bar"):
    """All dots of the head at once: a white line in it is a dead dot."""

    height: int = 16


Line = Heading | Type | Text | Pair | InWords | Rule | Blank | Code | Signature | Logo | Ruler | Bar


class Receipt(msgspec.Struct, frozen=True):
    """One paper, top to bottom, in the language of the paper ("zh_CN", "en" or "zh_CN+en")."""

    lines: tuple[Line, ...]
    copy: Copy = Copy.NONE
    language: str = "zh_CN"


def again(receipt: Receipt) -> Receipt:
    """The same paper once more, whole, after it broke off half way: 重打印 at its head and its foot.

    >>> [line.text.id for line in again(again(Receipt((Text(say("a")),)))).lines]
    ['paper.duplicated', 'a', 'paper.duplicated']
    """
    mark = Text(DUPLICATED, is_centred=True)
    kept = tuple(line for line in receipt.lines if not (isinstance(line, Text) and line.text == DUPLICATED))
    return msgspec.structs.replace(receipt, lines=(mark, *kept, mark))
