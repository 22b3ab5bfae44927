"""An outcome as paper: lines as data, printer-neutral. Law: no width, no language, no card number; only ids of words.

Layout: the merchant's guide, receipt section. `typeset` in ui/ turns a Receipt into rows of 32 or 48 columns.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from terminal.screens import Say


class Copy(Enum):
    """Whose copy it is; "" for papers that are nobody's copy."""

    MERCHANT = "merchant"
    CARDHOLDER = "cardholder"
    NONE = ""


class Heading(msgspec.Struct, frozen=True, tag="heading"):
    """Centred, double height."""

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


Line = Heading | Text | Pair | Rule | Blank | Code | Signature


class Receipt(msgspec.Struct, frozen=True):
    """One paper, top to bottom, in the language of the paper ("zh_CN" or "en")."""

    lines: tuple[Line, ...]
    copy: Copy = Copy.NONE
    language: str = "zh_CN"
