"""A plan as pixels: bars, body, keys. Law: it measures nothing and decides nothing; the plan has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from terminal.screens import PinPad, Screen, SignPad
from ui import layout, shapes
from ui.brush import Brush
from ui.composition import SMALLEST
from ui.device_class import DeviceClass, Rect
from ui.ink import Segment, segments
from ui.layout import KeyBox, Keys
from ui.plan import ARROW, DOT_PITCH, NOW_WIDE, Plan, marks_width
from ui.theme import Colour, Theme, mixed, theme

WATERMARK = 22  # the size of the pad's watermark, per cent of its height
ARROW_KEY = 40  # the arrow on a key cap, per cent of its shorter side
CAP_ROOM = 88  # a word on a cap takes at most so many per cent of its width
ALERT_ROUND, ALERT_ROOM = 20, 33  # corners, per cent of its height; beside its word, per cent of the space between
LIP = 22  # the lower edge of a cap is so much darker, per cent of black
THINNEST = 2  # pixels, of the pen
BLACK = (0, 0, 0)


class Drawing:
    """Draws plans of one device class."""

    def __init__(self, device: DeviceClass, brush: Brush) -> None:
        self._device, self._brush, self._fonts = device, brush, brush.fonts
        self.pen = max(THINNEST, device.px(device.measures.pen))
        self._margin = device.px(device.measures.margin)

    def draw(self, screen: Screen, plan: Plan, labels: tuple[str, ...], view: int, pressed: str, slide: int) -> None:
        """All of it."""
        surface, colours = self._brush.surface, plan.theme
        surface.fill(colours.ground)
        top = plan.title.top + plan.title.height
        surface.set_clip((0, top, self._device.width, plan.hint.top - top))
        self._body(plan, view, pressed, slide)
        if isinstance(screen, SignPad):
            self._sign_pad(screen, plan, slide)
        surface.set_clip(None)
        self._status(plan)
        self._title(plan)
        self._hint(plan, view)
        if plan.keys:
            foot = layout.keys_top(self._device, plan.keys)
            surface.fill(colours.tray, (0, foot, self._device.width, self._device.height - foot))
        for box in _labelled(plan.keys, screen, labels) if isinstance(screen, PinPad) else plan.keys:
            self._key(box, plan, box.key == pressed)

    def pad(self, plan: Plan) -> Rect:
        """Where the signature pad is."""
        above = plan.composed.height
        return layout.pad(self._device, Rect(plan.body.x, plan.body.y + above, plan.body.w, plan.body.h - above))

    def _status(self, plan: Plan) -> None:
        """Words side by side; what asks for attention stands inverted."""
        brush, fonts, colours, size = self._brush, self._fonts, plan.theme, plan.status.size
        brush.surface.fill(colours.bar, (0, 0, self._device.width, plan.status.height))
        space, tall = fonts.width("  ", size, True), fonts.height(size)
        pitch = plan.status.height // len(plan.status.rows)
        for line, row in enumerate(plan.status.rows):
            left, top = self._margin, line * pitch + (pitch - tall) // 2
            for word in row:
                is_alert = word in plan.page.alerts
                wide = fonts.width(word, size, is_alert)
                if is_alert:
                    around = space * ALERT_ROOM // 100
                    plate = Rect(left - around, top, wide + 2 * around, tall)
                    brush.plate(plate, colours.alert, tall * ALERT_ROUND // 100)
                brush.ink(left, top, word, size, colours.bar if is_alert else colours.status, is_bold=is_alert)
                left += wide + space

    def _title(self, plan: Plan) -> None:
        device, brush, fonts, colours, bar = self._device, self._brush, self._fonts, plan.theme, plan.title
        brush.surface.fill(colours.banner[plan.page.tone], (0, bar.top, device.width, bar.height))
        left, tall = self._margin, fonts.height(bar.size)
        if plan.page.tone == "out":
            side = device.px(device.bars.mark)
            place = Rect(left, bar.top + (bar.height - side) // 2, side, side)
            brush.sign("out", place, colours.on_banner, colours.banner["out"])
            left += side + device.px(device.measures.space) // 2
        top = bar.top + (bar.height - tall * len(bar.rows)) // 2
        for row in bar.rows:
            brush.ink(left, top, row, bar.size, colours.on_banner, is_bold=True)
            top += tall
        self._beside_title(plan)

    def _beside_title(self, plan: Plan) -> None:
        """At the right the marks of the steps, before them the place in a long sheet."""
        device, bar, told, colour = self._device, plan.title, plan.page, plan.theme.on_banner
        dot, end = device.px(device.bars.dot), device.width - self._margin
        left, top = end - marks_width(device, told.steps), bar.top + (bar.height - dot) // 2
        if told.place:
            size = device.px(device.bars.hint_sizes[0])
            at = left - self._fonts.width(told.place, size) - (device.px(device.measures.inset) if left < end else 0)
            self._brush.ink(at, bar.top + (bar.height - self._fonts.height(size)) // 2, told.place, size, colour)
        for step in range(1, told.steps + 1 if told.steps > 1 else 1):
            state = "now" if step == told.step else "done" if step < told.step else "next"
            wide = dot * NOW_WIDE // 100 if state == "now" else dot
            self._brush.step_mark(state, Rect(left, top, wide, dot), colour)
            left += wide + dot * DOT_PITCH // 100 - dot

    def _hint(self, plan: Plan, view: int) -> None:
        brush, colours, bar = self._brush, plan.theme, plan.hint
        line = self._device.px(self._device.measures.hairline)
        brush.surface.fill(colours.ground, (0, bar.top, self._device.width, bar.height))
        brush.surface.fill(colours.hairline, (0, bar.top, self._device.width, line))
        tall = self._fonts.height(bar.size)
        top = bar.top + (bar.height - tall * len(bar.rows)) // 2
        for row in bar.rows:
            brush.ink(self._margin, top, row, bar.size, colours.muted)
            top += tall
        for way, rect in arrow_places(self._device, plan, view):
            side = rect.h * ARROW // 100
            inner = Rect(rect.x + (rect.w - side) // 2, rect.y + (rect.h - side) // 2, side, side)
            brush.arrow(way, inner, colours.accent[plan.page.tone])

    def _body(self, plan: Plan, view: int, pressed: str, slide: int) -> None:
        first, last = plan.views[view]
        dx, dy = plan.body.x + slide, plan.top - first
        accent = plan.theme.accent[plan.page.tone]
        for tap in plan.composed.taps:
            if tap.key == pressed:
                air = self._margin // 2
                lit = Rect(tap.rect.x + dx - air, tap.rect.y + dy, tap.rect.w + 2 * air, tap.rect.h)
                self._brush.plate(lit, plan.theme.lit, self._device.px(self._device.measures.radius))
        for piece, (top, bottom) in plan.composed.placed():
            if bottom > first and top < last:
                self._brush.piece(piece, dx, dy, accent, plan.theme)

    def _sign_pad(self, screen: SignPad, plan: Plan, slide: int) -> None:
        area, brush, colours = self.pad(plan), self._brush, plan.theme
        area = area._replace(x=area.x + slide)
        line = self._device.px(self._device.measures.edge)
        brush.plate(area, colours.field, 0, colours.muted, line)
        size = max(SMALLEST, area.h * WATERMARK // 100)
        for text, place in ((screen.amount, 1), (screen.feature_code, 3)):
            x = area.x + (area.w - self._fonts.width(text, size)) // 2
            y = area.y + area.h * place // 4 - self._fonts.height(size) // 2
            brush.ink(x, y, text, size, colours.watermark)
        for points in screen.strokes:
            self.segments(segments(area, points, self.pen), colours.name)

    def segments(self, lines: Iterable[Segment], name: str) -> None:
        """Ink of a pen, in the theme of that name."""
        colour = theme(name).ink
        for x, y, to_x, to_y, width in lines:
            shapes.stroke(self._brush.surface, ((x, y), (to_x, to_y)), colour, (width,))

    def _key(self, box: KeyBox, plan: Plan, is_pressed: bool) -> None:
        """A cap with a darker lower edge; pressed, it is down and inverted."""
        device, brush, fonts, (key, rect) = self._device, self._brush, self._fonts, box
        ground, ink = keycap(plan.theme, key)
        if is_pressed:
            ground, ink = ink, ground
        radius, lip = device.px(device.keys.radius), device.px(device.keys.lip)
        if not is_pressed:
            brush.plate(rect, mixed(ground, BLACK, LIP), radius)
        face = Rect(rect.x, rect.y + (lip if is_pressed else 0), rect.w, rect.h - lip)
        brush.plate(face, ground, radius)
        if key in ("up", "down"):
            side = min(face.w, face.h) * ARROW_KEY // 100
            brush.arrow(key, Rect(face.x + (face.w - side) // 2, face.y + (face.h - side) // 2, side, side), ink)
            return
        cap = key if key.isdigit() else plan.words.sentences.get(f"key.{key}", key)
        size = device.px(device.keys.digit if key.isdigit() else device.keys.word)
        while fonts.width(cap, size, True) > face.w * CAP_ROOM // 100 and size > SMALLEST:
            size -= 1
        left = face.x + (face.w - fonts.width(cap, size, True)) // 2
        brush.ink(left, face.y + (face.h - fonts.height(size)) // 2, cap, size, ink, is_bold=True)


def keycap(colours: Theme, key: str) -> tuple[Colour, Colour]:
    """Ground and ink of a key's cap."""
    return colours.keycap["digit" if key.isdigit() else key if key in colours.keycap else "plain"]


def arrow_places(device: DeviceClass, plan: Plan, view: int) -> Iterator[tuple[str, Rect]]:
    """Where the hint bar says that there is more above, and below."""
    side, margin = plan.hint.height, device.px(device.measures.margin)
    if view > 0:
        yield "up", Rect(device.width - margin // 2 - 2 * side, plan.hint.top, side, side)
    if view < len(plan.views) - 1:
        yield "down", Rect(device.width - margin // 2 - side, plan.hint.top, side, side)


def _labelled(cells: Keys, screen: PinPad, labels: tuple[str, ...]) -> Keys:
    """The pad's cells as the vault calls them; a key that types nothing here is not drawn."""
    if len(labels) != len(cells):
        return ()
    boxes = (KeyBox(label, cell.rect) for label, cell in zip(labels, cells, strict=True))
    return tuple(box for box in boxes if screen.is_hex or box.key != "func")
