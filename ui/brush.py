"""Pieces as pixels: rounded plates, signs, text. Law: what is drawn smooth is drawn once, and little is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import pygame

from ui import shapes
from ui.device_class import Rect
from ui.fonts import Fonts
from ui.pieces import Ink, Piece, Plate
from ui.theme import Colour, Theme

if TYPE_CHECKING:
    from ui.bitmap_fonts import BitmapFonts

FINER = 4  # smooth shapes are drawn so many times larger, and made small
KEPT = 96  # stamps: corners, dots and a few signs, together well below a megabyte
CLEAR = 0  # alpha


class Brush:
    """Draws on one surface. `is_smooth`: with soft edges, which a display of one colour cannot show."""

    def __init__(self, surface: pygame.Surface, fonts: Fonts | BitmapFonts, *, is_smooth: bool) -> None:
        self.surface, self.fonts = surface, fonts
        self._finer = FINER if is_smooth else 1
        self._stamps: OrderedDict[tuple[object, ...], pygame.Surface] = OrderedDict()

    def ink(self, x: int, y: int, text: str, size: int, colour: Colour, *, is_bold: bool = False) -> None:
        self.surface.blit(self.fonts.draw(text, size, colour, is_bold), (x, y))

    def piece(self, piece: Piece, dx: int, dy: int, accent: Colour, theme: Theme) -> None:
        """A piece, moved by so many pixels."""
        if isinstance(piece, Ink):
            self.ink(piece.x + dx, piece.y + dy, piece.text, piece.size, piece.colour, is_bold=piece.is_bold)
            return
        rect = Rect(piece.rect.x + dx, piece.rect.y + dy, piece.rect.w, piece.rect.h)
        if isinstance(piece, Plate):
            self.plate(rect, piece.colour, piece.radius, piece.edge, piece.line)
        elif piece.kind == "sign":
            self.sign(piece.name, rect, accent, theme.on_accent)
        else:
            self.card(piece.name, rect, accent, theme)

    def sign(self, tone: str, rect: Rect, colour: Colour, on: Colour) -> None:
        """The sign of a tone."""
        key = ("sign", tone, rect.w, rect.h, colour, on)
        self._stamp(key, rect, colour, lambda large, place: shapes.sign(large, tone, place, colour, on))

    def card(self, way: str, rect: Rect, accent: Colour, theme: Theme) -> None:
        """A card at the terminal."""
        key = ("card", way, rect.w, rect.h, accent, theme.name)
        draw = shapes.card_picture
        self._stamp(key, rect, theme.ground, lambda large, place: draw(large, way, place, accent, theme))

    def step_mark(self, state: str, rect: Rect, colour: Colour) -> None:
        """One of the marks in the title."""
        key = ("step", state, rect.w, rect.h, colour)
        self._stamp(key, rect, colour, lambda large, place: shapes.step_mark(large, state, place, colour))

    def arrow(self, way: str, rect: Rect, colour: Colour) -> None:
        """A triangle."""
        key = ("arrow", way, rect.w, rect.h, colour)
        self._stamp(key, rect, colour, lambda large, place: shapes.arrow(large, way, place, colour))

    def plate(self, rect: Rect, colour: Colour, radius: int = 0, edge: Colour | None = None, line: int = 1) -> None:
        """A rectangle with round corners."""
        if edge is not None:
            self.plate(rect, edge, radius)
            rect = Rect(rect.x + line, rect.y + line, rect.w - 2 * line, rect.h - 2 * line)
            radius = max(0, radius - line)
        radius = min(radius, rect.w // 2, rect.h // 2)
        if not radius:
            self.surface.fill(colour, rect)
            return
        x, y, wide, tall = rect
        self.surface.fill(colour, (x + radius, y, wide - 2 * radius, tall))
        self.surface.fill(colour, (x, y + radius, radius, tall - 2 * radius))
        self.surface.fill(colour, (x + wide - radius, y + radius, radius, tall - 2 * radius))
        disc = self._disc(radius, colour)
        for right in (0, 1):
            for down in (0, 1):
                at = (x + right * (wide - radius), y + down * (tall - radius))
                self.surface.blit(disc, at, (right * radius, down * radius, radius, radius))

    def _disc(self, radius: int, colour: Colour) -> pygame.Surface:
        """Whose quarters are the corners of a plate."""

        def draw(large: pygame.Surface, place: Rect) -> None:
            pygame.draw.circle(large, colour, (place.w / 2, place.h / 2), place.w / 2)

        return self._drawn(("disc", radius, colour), 2 * radius, 2 * radius, colour, draw)

    def _stamp(
        self, key: tuple[object, ...], rect: Rect, under: Colour, draw: Callable[[pygame.Surface, Rect], None]
    ) -> None:
        self.surface.blit(self._drawn(key, rect.w, rect.h, under, draw), (rect.x, rect.y))

    def _drawn(
        self,
        key: tuple[object, ...],
        wide: int,
        tall: int,
        under: Colour,
        draw: Callable[[pygame.Surface, Rect], None],
    ) -> pygame.Surface:
        """`under` is the colour that soft edges fade to."""
        if key in self._stamps:
            self._stamps.move_to_end(key)
            return self._stamps[key]
        finer = self._finer
        large = pygame.Surface((wide * finer, tall * finer), pygame.SRCALPHA)
        large.fill((*under, CLEAR))
        draw(large, Rect(0, 0, wide * finer, tall * finer))
        self._stamps[key] = large if finer == 1 else pygame.transform.smoothscale(large, (wide, tall))
        if len(self._stamps) > KEPT:
            self._stamps.popitem(last=False)
        return self._stamps[key]
