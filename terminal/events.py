"""What a front may report. Law: an event is past tense, a value, and holds no card data."""

from __future__ import annotations

import msgspec

DIGITS = tuple("0123456789")
KEYS = (*DIGITS, "00", "enter", "clear", "cancel", "func", "up", "down", "refund")


class KeyPressed(msgspec.Struct, frozen=True, tag="key"):
    """A key by its name in KEYS."""

    key: str


class StrokeDrawn(msgspec.Struct, frozen=True, tag="stroke"):
    """One stroke on the signature pad: points in per mille of the pad's width and height."""

    points: tuple[tuple[int, int], ...]


class CodeScanned(msgspec.Struct, frozen=True, tag="scan"):
    """What a scanner read; no card data: a code that looks like a card number is not reported."""

    text: str


class FrontAttached(msgspec.Struct, frozen=True, tag="attached"):
    """A front has come (or come back); `has_glass` says whether it can take a signature."""

    name: str
    has_glass: bool = False


class FrontDetached(msgspec.Struct, frozen=True, tag="detached"):
    """A front has gone; the core goes on without it."""

    name: str


Event = KeyPressed | StrokeDrawn | CodeScanned | FrontAttached | FrontDetached
