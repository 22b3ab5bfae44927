"""A Shown as pixels. Law: the picture is a function of the Shown; it is painted again only when the Shown has changed.

What goes where is in ui/plan.py; on a grid of characters it is in ui/grid.py. `serial` is not seen, and paints nothing.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pygame

from terminal.events import StrokeDrawn
from terminal.screens import PinPad, Shown, SignPad
from ui import layout
from ui.brush import Brush
from ui.device_class import Rect
from ui.drawing import Drawing, arrow_places
from ui.fonts import Fonts
from ui.ink import Ink
from ui.page import page
from ui.pieces import Piece
from ui.plan import Plan, plan
from ui.text import words
from ui.theme import CODE_LIGHT, DAY

if TYPE_CHECKING:
    from ui.bitmap_fonts import BitmapFonts

Labels = tuple[str, ...]
Points = Sequence[tuple[int, int]]
MASKS = (0xFF0000, 0xFF00, 0xFF, 0)  # 0xXXRRGGBB, as the Display port wants it
Views = tuple[tuple[Piece, ...], ...]


class Trace(NamedTuple):
    """A stroke that is being drawn: on which picture, which points are on it, and its ink."""

    shown: Shown
    points: list[tuple[int, int]]
    ink: Ink


class Painter:
    """Paints for one device class, by its name or by its layout file.

    `has_pad`: secrets are typed on its glass, into the vault (terminal/pad_link.py). Raises DeviceClassUnknown,
    LayoutRefused, FontMissing.
    """

    def __init__(self, device_class: str, fonts: Fonts | BitmapFonts | None = None, *, has_pad: bool = False) -> None:
        self.device = layout.device_class(device_class)
        self._fonts: Any = fonts or _fonts(self.device.is_grid)
        self._has_pad = has_pad and self.device.is_touch
        self._surface = pygame.Surface((self.device.width, self.device.height), 0, 32, MASKS)
        self._brush = Brush(self._surface, self._fonts, is_smooth=not self.device.is_grid)
        self._drawing = Drawing(self.device, self._brush)
        self._painted: tuple[object, ...] = ()
        self._planned: tuple[Shown, Plan | Views] | None = None
        self._traced: Trace | None = None

    def paint(
        self, shown: Shown, labels: Labels = (), *, view: int = 0, pressed: str = "", slide: int = 0
    ) -> pygame.Surface:
        """The picture; the same surface every time, valid until the next call.

        `labels`: what the vault says that the cells of its pad are; () leaves their place empty. `view`: of a page
        that is longer than the glass, from 0. `pressed`: the key that is held down. `slide`: the body stands so many
        pixels to the right of its place. A grid of characters has neither: it always stands still.
        """
        what = (_seen(shown), view) if self.device.is_grid else (_seen(shown), labels, view, pressed, slide)
        if what != self._painted:
            at = self._plan(shown)
            if isinstance(at, Plan):
                self._drawing.draw(shown.screen, at, labels, min(view, len(at.views) - 1), pressed, slide)
            else:
                self._draw_grid(at[min(view, len(at) - 1)])
            self._painted, self._traced = what, None
        return self._surface

    def png(self, shown: Shown, labels: Labels = (), view: int = 0) -> bytes:
        """The picture as a PNG file."""
        file = io.BytesIO()
        pygame.image.save(self.paint(shown, labels, view=view), file, "screen.png")
        return file.getvalue()

    def views(self, shown: Shown) -> int:
        """How many views the page has: 1 unless it is longer than the glass."""
        at = self._plan(shown)
        return len(at.views if isinstance(at, Plan) else at)

    def overflows(self, shown: Shown) -> bool:
        """Whether it takes more than one view where that is not the rule; on a grid of characters it is."""
        return not self.device.is_grid and self.views(shown) > 1

    def hit(self, shown: Shown, x: int, y: int, *, view: int = 0) -> str | None:
        """The key that a touch at these pixels means; on the vault's pad that is nothing that is known here."""
        at = self._plan(shown)
        if not self.device.is_touch or isinstance(shown.screen, PinPad) or not isinstance(at, Plan):
            return None
        for box in at.keys:
            if box.rect.has(x, y):
                return box.key
        for way, rect in arrow_places(self.device, at, min(view, len(at.views) - 1)):
            if rect.has(x, y):
                return way
        first, last = at.views[min(view, len(at.views) - 1)]
        down = y - at.top + first
        if at.body.has(x, y) and first <= down < last:
            return next((tap.key for tap in at.composed.taps if tap.rect.has(x - at.body.x, down)), None)
        return None

    def stroke(self, shown: Shown, points: Points) -> StrokeDrawn | None:
        """Pixels on the signature pad as a stroke; None when the pen was not set down on a pad."""
        area = self._pad(shown)
        if area is None or not points or not area.has(*points[0]):
            return None
        line = Ink(area, self._drawing.pen)
        for x, y in points:
            line.add(x, y)
        return StrokeDrawn(line.points)

    def trace(self, shown: Shown, points: Points, pressure: int | None = None) -> pygame.Surface:
        """The picture with a stroke that is still being drawn, all of it so far, clipped to the pad.

        Only what is new is drawn where the stroke goes on from that of the last call. `pressure` is that of the newest
        point, 0 to 255, None where the panel feels none.
        """
        area, seen = self._pad(shown), _seen(shown)
        if area is None:
            return self.paint(shown)
        traced = self._traced
        if traced is None or traced.shown != seen or traced.points != list(points[: len(traced.points)]):
            self._painted = () if traced else self._painted
            self.paint(shown)
            traced = Trace(seen, [], Ink(area, self._drawing.pen))
        self._surface.set_clip(area)
        for x, y in points[len(traced.points) :]:
            self._drawing.segments(traced.ink.add(x, y, pressure), seen.manner.theme)
        self._surface.set_clip(None)
        self._painted, self._traced = (), Trace(seen, list(points), traced.ink)
        return self._surface

    def _pad(self, shown: Shown) -> Rect | None:
        at = self._plan(shown)
        if not self.device.is_touch or not isinstance(shown.screen, SignPad) or not isinstance(at, Plan):
            return None
        return self._drawing.pad(at)

    def _plan(self, shown: Shown) -> Plan | Views:
        seen = _seen(shown)
        if self._planned is None or self._planned[0] != seen:
            self._planned = (seen, self._plan_anew(seen))
        return self._planned[1]

    def _plan_anew(self, shown: Shown) -> Plan | Views:
        if not self.device.is_grid:
            return plan(self.device, self._fonts, shown, self._has_pad)
        from ui.grid import grid

        return grid(page(shown, words(shown.language)), self.device, self._fonts, shown)

    def _draw_grid(self, pieces: tuple[Piece, ...]) -> None:
        self._surface.fill(CODE_LIGHT)
        for piece in pieces:
            self._brush.piece(piece, 0, 0, DAY.ink, DAY)


def _fonts(is_grid: bool) -> Fonts | BitmapFonts:
    if not is_grid:
        return Fonts()
    from ui.bitmap_fonts import BitmapFonts

    return BitmapFonts()


def _seen(shown: Shown) -> Shown:
    """What of it can be seen."""
    return msgspec.structs.replace(shown, serial=0) if shown.serial else shown
