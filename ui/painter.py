"""A Shown as pixels. Law: the picture is a function of the Shown; it is painted again only when the Shown has changed.

From top to bottom: status bar, title bar, body, keys (on glass), hint. The body takes the first density that holds it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pygame

from terminal.events import StrokeDrawn
from terminal.screens import CardPrompt, PinPad, Say, Shown, SignPad
from ui import layout, shapes, theme
from ui.composition import Composer, Ink, Piece, Plate
from ui.fonts import Fonts
from ui.layout import KeyBox, Keys, Rect
from ui.page import Page, page
from ui.text import Words, words
from ui.wrap import wrap

Labels = tuple[str, ...]
Points = Sequence[tuple[int, int]]
MASKS = (0xFF0000, 0xFF00, 0xFF, 0)  # 0xXXRRGGBB, as the Display port wants it


@dataclass(frozen=True)
class Bar:
    """A bar's text, set: its rows, their size, and the height of the bar."""

    rows: tuple[str, ...]
    size: int
    height: int


@dataclass(frozen=True)
class Plan:
    """Where everything of one Shown goes."""

    page: Page
    words: Words
    status: Bar
    title: Bar
    hint: Bar
    keys: Keys
    body: Rect
    composed: Composer
    top: int
    is_full: bool


class Painter:
    """Paints for one device class. `has_pad`: secrets are typed on its glass, into the vault (terminal/pad_link.py)."""

    def __init__(self, device_class: str, fonts: Fonts | None = None, *, has_pad: bool = False) -> None:
        self.device = layout.device_class(device_class)
        self._fonts = fonts or Fonts()
        self._has_pad = has_pad and self.device.is_touch
        self._surface = pygame.Surface((self.device.width, self.device.height), 0, 32, MASKS)
        self._painted: tuple[Shown, Labels] | None = None
        self._planned: tuple[Shown, Plan] | None = None

    def paint(self, shown: Shown, labels: Labels = ()) -> pygame.Surface:
        """The picture; the same surface every time, valid until the next call.

        `labels`: what the vault says that the cells of its pad are; () leaves their place empty.
        """
        if (shown, labels) != self._painted:
            self._draw(shown, self._plan(shown), labels)
            self._painted = shown, labels
        return self._surface

    def png(self, shown: Shown, labels: Labels = ()) -> bytes:
        """The picture as a PNG file."""
        file = io.BytesIO()
        pygame.image.save(self.paint(shown, labels), file, "screen.png")
        return file.getvalue()

    def overflows(self, shown: Shown) -> bool:
        """Whether even the tightest density leaves something out of the body or the bars."""
        return self._plan(shown).is_full

    def hit(self, shown: Shown, x: int, y: int) -> str | None:
        """The key that a touch at these pixels means; on the vault's pad that is nothing that is known here."""
        if not self.device.is_touch or isinstance(shown.screen, PinPad):
            return None
        plan = self._plan(shown)
        for box in plan.keys:
            if box.rect.has(x, y):
                return box.key
        for rect, key in plan.composed.taps:
            if rect.has(x - plan.body.x, y - plan.top):
                return key
        return None

    def stroke(self, shown: Shown, points: Points) -> StrokeDrawn | None:
        """Pixels on the signature pad as a stroke; None when the pen was not set down on a pad."""
        area = self._pad(shown)
        if area is None or not points or not area.has(*points[0]):
            return None
        return StrokeDrawn(tuple((_per_mille(x - area.x, area.w), _per_mille(y - area.y, area.h)) for x, y in points))

    def trace(self, shown: Shown, points: Points) -> pygame.Surface:
        """The picture with a stroke that is still being drawn, all of it so far, clipped to the pad."""
        surface = self.paint(shown)
        if area := self._pad(shown):
            surface.set_clip(area)
            shapes.stroke(surface, points, theme.INK, self._pen())
            surface.set_clip(None)
            self._painted = None
        return surface

    def _pad(self, shown: Shown) -> Rect | None:
        if not self.device.is_touch or not isinstance(shown.screen, SignPad):
            return None
        return self._pad_area(self._plan(shown))

    def _pad_area(self, plan: Plan) -> Rect:
        above = plan.composed.height
        return layout.pad(self.device, Rect(plan.body.x, plan.body.y + above, plan.body.w, plan.body.h - above))

    def _pen(self) -> int:
        return max(2, self.device.px(10))

    # -- planning ---------------------------------------------------------------------------------------------------

    def _plan(self, shown: Shown) -> Plan:
        if self._planned is None or self._planned[0] != shown:
            self._planned = (shown, self._plan_anew(shown))
        return self._planned[1]

    def _plan_anew(self, shown: Shown) -> Plan:
        device, spoken = self.device, words(shown.language)
        told = page(shown, spoken)
        margin = device.px(layout.MARGIN)
        status = self._bar("  ".join(told.status), layout.STATUS_SIZES, device.bars[0], device.width - 2 * margin)
        place = self._fonts.width(told.place, device.px(layout.HINT_SIZES[0])) + margin if told.place else 0
        title = self._bar(told.title, layout.TITLE_SIZES, device.bars[1], device.width - 2 * margin - place)
        hint = self._bar(told.hint, layout.HINT_SIZES, device.bars[2], device.width - 2 * margin)
        body, composed, keys = self._fit(shown, told, status.height + title.height, hint.height)
        free = body.h - composed.height
        lift = free // 3 if told.kind in ("notice", "progress", "card") and free > 0 else 0
        is_full = free < 0 or len(status.rows) > 1
        return Plan(told, spoken, status, title, hint, keys, body, composed, body.y + lift, is_full)

    def _fit(self, shown: Shown, told: Page, above: int, hint: int) -> tuple[Rect, Composer, Keys]:
        """The roomiest density and keyboard that hold the page; when none does, the tightest."""
        device, margin = self.device, self.device.px(layout.MARGIN)
        accepts = shown.screen.accepts if isinstance(shown.screen, CardPrompt) else ()
        boards = layout.keyboards(device, shown.screen, self._has_pad)
        for keys, steps in boards:
            bottom = layout.keys_top(device, keys) - hint
            body = Rect(margin, above + margin // 2, device.width - 2 * margin, bottom - above - margin // 2)
            for step in steps:
                composed = Composer(self._fonts, device, step, body.w, told).compose(accepts)
                if composed.height <= body.h - self._reserve(told):
                    return body, composed, keys
        return body, composed, keys

    def _reserve(self, told: Page) -> int:
        return self.device.px(300) if told.kind == "sign" else 0

    def _bar(self, text: str, sizes: tuple[int, ...], per_cent: int, width: int) -> Bar:
        """One row if a size fits, else as many rows of the smallest as it takes."""
        height = self.device.px(per_cent)
        for size in map(self.device.px, sizes):
            if self._fonts.width(text, size, True) <= width:
                return Bar((text,), size, height)
        rows = wrap(text, width, partial(self._fonts.width, size=size, is_bold=True))
        return Bar(tuple(rows), size, max(height, len(rows) * self._fonts.height(size) + 2))

    # -- drawing ----------------------------------------------------------------------------------------------------

    def _draw(self, shown: Shown, plan: Plan, labels: Labels) -> None:
        self._surface.fill(theme.GROUND)
        self._draw_bars(plan)
        self._surface.set_clip(plan.body)
        for piece in plan.composed.pieces:
            self._draw_piece(piece, plan)
        self._surface.set_clip(None)
        if plan.is_full:
            self._draw_more(plan)
        if isinstance(shown.screen, SignPad):
            self._draw_pad(shown.screen, plan)
        for box in _labelled(plan.keys, shown.screen, labels) if isinstance(shown.screen, PinPad) else plan.keys:
            self._draw_key(box.key, box.rect, plan.words)

    def _draw_bars(self, plan: Plan) -> None:
        width, margin = self.device.width, self.device.px(layout.MARGIN)
        self._surface.fill(theme.BAR, (0, 0, width, plan.status.height))
        self._draw_status(plan, margin)
        accent = theme.ACCENT[plan.page.tone]
        self._surface.fill(accent, (0, plan.status.height, width, plan.title.height))
        self._draw_rows(plan.title, plan.status.height, theme.ON_DARK, is_bold=True)
        if plan.page.place:
            size = self.device.px(layout.HINT_SIZES[0])
            at = width - margin - self._fonts.width(plan.page.place, size)
            drop = plan.status.height + (plan.title.height - self._fonts.height(size)) // 2
            self._ink(at, drop, plan.page.place, size, theme.ON_DARK)
        bottom = layout.keys_top(self.device, plan.keys) - plan.hint.height
        self._surface.fill(theme.HAIRLINE, (margin, bottom, width - 2 * margin, 1))
        self._draw_rows(plan.hint, bottom, theme.MUTED)

    def _draw_status(self, plan: Plan, margin: int) -> None:
        """Words side by side; what asks for attention stands inverted behind a drawn mark."""
        size, left = plan.status.size, margin
        top = (plan.status.height - self._fonts.height(size)) // 2
        space = self._fonts.width("  ", size, True)
        for word in plan.page.status:
            is_alert = word in plan.page.alerts
            wide = self._fonts.width(word, size, is_alert)
            if is_alert:
                plate = (left - space // 3, 2, wide + space * 2 // 3, plan.status.height - 4)
                pygame.draw.rect(self._surface, theme.ALERT, plate, border_radius=3)
            self._ink(left, top, word, size, theme.BAR if is_alert else theme.STATUS, is_alert)
            left += wide + space

    def _draw_rows(self, bar: Bar, top: int, colour: theme.Colour, *, is_bold: bool = False) -> None:
        tall = self._fonts.height(bar.size)
        top += (bar.height - tall * len(bar.rows)) // 2
        for row in bar.rows:
            self._ink(self.device.px(layout.MARGIN), top, row, bar.size, colour, is_bold)
            top += tall

    def _draw_more(self, plan: Plan) -> None:
        """Says that the page did not fit: nothing is cut in silence."""
        size = self.device.px(self.device.steps[-1].text)
        tall = self._fonts.height(size)
        top = plan.body.y + plan.body.h - tall
        self._surface.fill(theme.ALERT, (0, top, self.device.width, tall))
        self._ink(plan.body.x, top, plan.words.text(Say("page.more")), size, theme.BAR, True)

    def _draw_piece(self, piece: Piece, plan: Plan) -> None:
        dx, dy = plan.body.x, plan.top
        if isinstance(piece, Ink):
            self._ink(piece.x + dx, piece.y + dy, piece.text, piece.size, piece.colour, piece.is_bold)
            return
        rect = Rect(piece.rect.x + dx, piece.rect.y + dy, piece.rect.w, piece.rect.h)
        if isinstance(piece, Plate):
            pygame.draw.rect(self._surface, piece.colour, rect, border_radius=piece.radius)
            if piece.edge:
                pygame.draw.rect(self._surface, piece.edge, rect, 2, border_radius=piece.radius)
            return
        accent = theme.ACCENT[plan.page.tone]
        if piece.kind == "sign":
            shapes.sign(self._surface, self._fonts, piece.name, rect, accent)
        else:
            shapes.card_picture(self._surface, piece.name, rect, accent)

    def _draw_pad(self, screen: SignPad, plan: Plan) -> None:
        area = self._pad_area(plan)
        pygame.draw.rect(self._surface, theme.FIELD, area)
        size = max(8, area.h * 22 // 100)
        for text, place in ((screen.amount, 1), (screen.feature_code, 3)):
            wide = self._fonts.width(text, size)
            at = area.x + (area.w - wide) // 2
            self._ink(at, area.y + area.h * place // 4 - size * 6 // 10, text, size, theme.WATERMARK)
        pygame.draw.rect(self._surface, theme.INK, area, 2)
        self._surface.set_clip(area)
        for points in screen.strokes:
            placed = [(area.x + x * area.w / 1000, area.y + y * area.h / 1000) for x, y in points]
            shapes.stroke(self._surface, placed, theme.INK, self._pen())
        self._surface.set_clip(None)

    def _draw_key(self, key: str, rect: Rect, spoken: Words) -> None:
        role = "digit" if key.isdigit() else key if key in theme.KEYCAP else "plain"
        ground, ink = theme.KEYCAP[role]
        pygame.draw.rect(self._surface, ground, rect, border_radius=self.device.px(24))
        if key in ("up", "down"):
            side = min(rect.w, rect.h) * 35 // 100
            place = Rect(rect.x + (rect.w - side) // 2, rect.y + (rect.h - side) // 2, side, side)
            shapes.arrow(self._surface, key, place, ink)
            return
        cap = key if key.isdigit() else spoken.sentences.get(f"key.{key}", key)
        size = self.device.px(105 if key.isdigit() else 75)
        while self._fonts.width(cap, size, True) > rect.w - 4 and size > 8:
            size -= 1
        left = rect.x + (rect.w - self._fonts.width(cap, size, True)) // 2
        self._ink(left, rect.y + (rect.h - self._fonts.height(size)) // 2, cap, size, ink, True)

    def _ink(self, x: int, y: int, text: str, size: int, colour: theme.Colour, is_bold: bool = False) -> None:
        self._surface.blit(self._fonts.draw(text, size, colour, is_bold), (x, y))


def _labelled(cells: Keys, screen: PinPad, labels: Labels) -> Keys:
    """The pad's cells as the vault calls them; a key that types nothing here is not drawn."""
    if len(labels) != len(cells):
        return ()
    boxes = (KeyBox(label, cell.rect) for label, cell in zip(labels, cells, strict=True))
    return tuple(box for box in boxes if screen.is_hex or box.key != "func")


def _per_mille(offset: int, length: int) -> int:
    return max(0, min(1000, offset * 1000 // max(1, length - 1)))
