"""A page being set in type: the ink so far, and how far down it reaches. Law: nothing is cut, what is long is wrapped.

Positions are pixels from the body's left top; the painter moves them to the body and draws them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from ui.device_class import DeviceClass, Rect, Step
from ui.fonts import Fonts
from ui.pieces import Ink as Ink
from ui.pieces import Picture as Picture
from ui.pieces import Piece as Piece
from ui.pieces import Plate as Plate
from ui.pieces import extent
from ui.theme import Colour, Theme
from ui.wrap import evenly

SMALLEST = 8  # pixels: no text is set smaller
STEPWISE = (100, 85, 70, 58)  # per cent: digits are set smaller before they are set on two rows


@dataclass(frozen=True)
class Tap:
    """A place that answers as a key does."""

    rect: Rect
    key: str


class Composition:
    """Sets pieces one below the other at one density, in a body of a given width."""

    def __init__(self, fonts: Fonts, device: DeviceClass, step: Step, width: int, theme: Theme, tone: str) -> None:
        self.fonts, self.device, self.step, self.width, self.theme = fonts, device, step, width, theme
        self.tone, self.accent = tone, theme.accent[tone]
        self.pieces: list[Piece] = []
        self.taps: list[Tap] = []
        self.ends: list[int] = []  # where a line of the page is over: it may be cut there
        self.height = 0

    def px(self, per_cent: int) -> int:
        return self.device.px(per_cent)

    def end_line(self) -> None:
        """A line of the page is over; the gap follows it."""
        self.ends.append(self.height)
        self.height += self.px(self.step.gap)

    def tap(self, x: int, top: int, width: int, key: str) -> None:
        """From `top` to here the body answers as that key does."""
        self.taps.append(Tap(Rect(x, top, width, max(1, self.height - top)), key))

    def put(self, piece: Piece) -> None:
        self.pieces.append(piece)

    def ink(self, x: int, y: int, text: str, size: int, colour: Colour, *, is_bold: bool = False) -> None:
        if text:
            self.pieces.append(Ink(x, y, text, size, colour, is_bold))

    def frame(self, rect: Rect) -> None:
        """What is typed stands in it."""
        line = self.px(self.device.measures.edge)
        self.put(Plate(rect, self.theme.field, self.accent, self.px(self.device.measures.radius), line))

    def hairline(self, x: int, y: int) -> None:
        self.put(Plate(Rect(x, y, self.width - x, self.px(self.device.measures.hairline)), self.theme.hairline))

    def baseline(self, size: int, other: int) -> int:
        """How much lower a row of the other size begins, so that both stand on one line."""
        return self.fonts.ascent(size) - self.fonts.ascent(other)

    def fitted(self, text: str, size: int, width: int, *, is_bold: bool) -> tuple[int, list[str]]:
        """The size at which the text fits one row, or the smallest with as many rows as it takes."""
        sizes = [max(SMALLEST, size * per_cent // 100) for per_cent in STEPWISE]
        for tried in sizes:
            if self.fonts.width(text, tried, is_bold) <= width:
                return tried, [text]
        return sizes[-1], self.rows(text, sizes[-1], width, is_bold=is_bold)

    def rows(self, text: str, size: int, width: int, *, is_bold: bool = False) -> list[str]:
        """The text on as many rows as it takes."""
        if self.fonts.width(text, size, is_bold) <= width:
            return [text]
        return evenly(text, width, partial(self.fonts.width, size=size, is_bold=is_bold))

    def left(self, x: int, text: str, size: int, colour: Colour, *, is_bold: bool = False) -> None:
        for row in self.rows(text, size, self.width - x, is_bold=is_bold):
            self.ink(x, self.height, row, size, colour, is_bold=is_bold)
            self.height += self.fonts.height(size)

    def centred(self, text: str, size: int, colour: Colour, *, is_bold: bool = False) -> None:
        for row in self.rows(text, size, self.width, is_bold=is_bold):
            x = (self.width - self.fonts.width(row, size, is_bold)) // 2
            self.ink(x, self.height, row, size, colour, is_bold=is_bold)
            self.height += self.fonts.height(size)

    def right(self, end: int, text: str, size: int, width: int, colour: Colour, *, is_bold: bool = False) -> None:
        """Right-aligned at `end`, set smaller before it is set on several rows."""
        size, rows = self.fitted(text, size, width, is_bold=is_bold)
        for row in rows:
            x = end - self.fonts.width(row, size, is_bold)
            self.ink(x, self.height, row, size, colour, is_bold=is_bold)
            self.height += self.fonts.height(size)

    def views(self, room: int) -> tuple[tuple[int, int], ...]:
        """Parts of at most `room` pixels, from and to: cut between lines, a long one between rows."""
        found: list[tuple[int, int]] = []
        top, bottom = 0, self.ends[-1] if self.ends else self.height
        while bottom - top > room > 0:
            lines = [end for end in self.ends if top < end <= top + room]
            cut = max(lines or self._between_rows(top, room) or [top + room])
            found.append((top, cut))
            top = min((self._extent(piece)[0] for piece in self.pieces if self._extent(piece)[0] >= cut), default=cut)
        return (*found, (top, bottom))

    def _between_rows(self, top: int, room: int) -> list[int]:
        """Where no text is cut through."""
        inks = [self._extent(piece) for piece in self.pieces if isinstance(piece, Ink)]
        ends = {end for _, end in inks if top < end <= top + room}
        return [end for end in ends if not any(first < end < last for first, last in inks)]

    def placed(self) -> Iterator[tuple[Piece, tuple[int, int]]]:
        """Each piece with its first pixel row and the first below it."""
        return ((piece, self._extent(piece)) for piece in self.pieces)

    def _extent(self, piece: Piece) -> tuple[int, int]:
        return extent(piece, self.fonts.height(piece.size) if isinstance(piece, Ink) else 0)
