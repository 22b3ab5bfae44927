"""What a picture is made of, before any pixel is drawn. Law: a piece says where and how, in pixels, no more."""

from __future__ import annotations

from dataclasses import dataclass

from ui.device_class import Rect
from ui.theme import DAY, Colour


@dataclass(frozen=True)
class Ink:
    """A run of text."""

    x: int
    y: int
    text: str
    size: int
    colour: Colour = DAY.ink
    is_bold: bool = False


@dataclass(frozen=True)
class Plate:
    """A filled rectangle, with an edge of `line` pixels when `edge` has a colour."""

    rect: Rect
    colour: Colour
    edge: Colour | None = None
    radius: int = 0
    line: int = 1


@dataclass(frozen=True)
class Picture:
    """A drawn sign ("sign") or card picture ("card") by its name."""

    kind: str
    name: str
    rect: Rect


Piece = Ink | Plate | Picture


def extent(piece: Piece, row_height: int) -> tuple[int, int]:
    """The first pixel row of a piece, and the first below it; `row_height` is that of an Ink."""
    if isinstance(piece, Ink):
        return piece.y, piece.y + row_height
    return piece.rect.y, piece.rect.y + piece.rect.h
