"""Where everything of one Shown goes, before any pixel. Law: a function of the Shown; what does not fit is in views.

From top to bottom: status bar, title bar, body, hint, keys (on glass). The body takes the first density that holds it;
where none does, it is set to be read and cut into views between its lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from terminal.screens import CardPrompt, Shown
from ui import layout, theme
from ui.composition import Composition
from ui.device_class import DeviceClass, Rect, Step
from ui.fonts import Fonts
from ui.layout import Keys
from ui.lines import composed
from ui.page import Page, page
from ui.text import Words, words
from ui.theme import Theme
from ui.wrap import evenly

LIFTED = ("notice", "progress", "card")  # these pages stand in the body's upper third
NOW_WIDE = 250  # the mark of the step at hand, per cent of a dot
DOT_PITCH = 175  # from one dot to the next, per cent of a dot
ARROWS = 2  # stand in the hint's bar, as wide as it is high
ARROW = 60  # the arrow of a longer page, per cent of the hint's height


@dataclass(frozen=True)
class Bar:
    """A bar's text, set: its rows, the size of the text, and where the bar is."""

    rows: tuple[str, ...]
    size: int
    top: int
    height: int


@dataclass(frozen=True)
class StatusBar:
    """The words of the status bar by rows."""

    rows: tuple[tuple[str, ...], ...]
    size: int
    height: int


@dataclass(frozen=True)
class Plan:
    """Where everything goes. `views` are parts of the body, from and to; `top` is where the body's first pixel is."""

    page: Page
    words: Words
    theme: Theme
    status: StatusBar
    title: Bar
    hint: Bar
    keys: Keys
    body: Rect
    composed: Composition
    top: int
    views: tuple[tuple[int, int], ...]


def plan(device: DeviceClass, fonts: Fonts, shown: Shown, has_pad: bool) -> Plan:
    """Of a Shown on a graphical device class."""
    return _Planner(device, fonts, shown, has_pad).plan()


def marks_width(device: DeviceClass, steps: int) -> int:
    """How wide the marks of so many steps are, in pixels."""
    dot = device.px(device.bars.dot)
    return (steps - 1) * (dot * DOT_PITCH // 100) + dot * NOW_WIDE // 100 if steps > 1 else 0


class _Planner:
    def __init__(self, device: DeviceClass, fonts: Fonts, shown: Shown, has_pad: bool) -> None:
        self._device, self._fonts, self._shown, self._has_pad = device, fonts, shown, has_pad
        self._words, self._theme = words(shown.language), theme.theme(shown.manner.theme)
        self._page = page(shown, self._words)
        self._inner = device.width - 2 * device.px(device.measures.margin)

    def plan(self) -> Plan:
        bars, told = self._device.bars, self._page
        status = self._status()
        title = self._bar(told.title, bars.title_sizes, bars.title, self._inner - self._beside_title(), status.height)
        above = status.height + title.height
        hint, keys, body, set_, views = self._fit(above)
        free = body.h - set_.height
        lift = free // 3 if told.kind in LIFTED and len(views) == 1 and free > 0 else 0
        return Plan(told, self._words, self._theme, status, title, hint, keys, body, set_, body.y + lift, views)

    def _beside_title(self) -> int:
        """What the marks of the steps, the place in a long sheet, and the mark before the title take."""
        device, told = self._device, self._page
        place = self._fonts.width(told.place, device.px(device.bars.hint_sizes[0])) if told.place else 0
        marks = marks_width(device, told.steps)
        right = place + marks + (device.px(device.measures.inset) if place and marks else 0)
        mark = device.px(device.bars.mark) if told.tone == "out" else 0
        space = device.px(device.measures.space) // 2
        return (right + space if right else 0) + (mark + space if mark else 0)

    def _status(self) -> StatusBar:
        """One row while a size fits, else as many rows of the smallest as it takes."""
        device, told = self._device, self._page.status
        for size in map(device.px, device.bars.status_sizes):
            rows = self._flow(told, size)
            if len(rows) == 1:
                break
        height = max(device.px(device.bars.status), len(rows) * self._fonts.height(size))
        return StatusBar(rows, size, height)

    def _flow(self, told: tuple[str, ...], size: int) -> tuple[tuple[str, ...], ...]:
        rows: list[tuple[str, ...]] = [()]
        left, space = 0, self._fonts.width("  ", size, True)
        for word in told:
            wide = self._fonts.width(word, size, True)
            if left and left + wide > self._inner:
                rows.append(())
                left = 0
            rows[-1] = (*rows[-1], word)
            left += wide + space
        return tuple(rows)

    def _bar(self, text: str, sizes: tuple[int, ...], per_cent: int, width: int, top: int) -> Bar:
        """One row if a size fits, else as many rows of the smallest as it takes."""
        height = self._device.px(per_cent)
        for size in map(self._device.px, sizes):
            if self._fonts.width(text, size, True) <= width:
                return Bar((text,), size, top, height)
        rows = evenly(text, width, partial(self._fonts.width, size=size, is_bold=True))
        return Bar(tuple(rows), size, top, max(height, len(rows) * self._fonts.height(size)))

    def _fit(self, above: int) -> tuple[Bar, Keys, Rect, Composition, tuple[tuple[int, int], ...]]:
        """The roomiest density and keyboard that hold the page; when none does, a readable one in views."""
        device, shown = self._device, self._shown
        large = device.large if shown.manner.is_large else ()
        for keys, steps in layout.keyboards(device, shown.screen, self._has_pad):
            hint, body = self._hint_and_body(above, keys, 0)
            for step in (*large, *steps):
                set_ = self._set(step, body.w)
                if set_.height <= body.h - self._reserve():
                    return hint, keys, body, set_, ((0, set_.height),)
        keys = layout.with_arrows(device, shown.screen, self._has_pad)
        arrows = ARROWS * device.px(device.bars.hint)
        hint, body = self._hint_and_body(above, keys, arrows)
        set_ = self._set(device.steps[min(layout.COMFORTABLE, len(device.steps)) - 1], body.w)
        return hint, keys, body, set_, set_.views(body.h - self._reserve())

    def _hint_and_body(self, above: int, keys: Keys, arrows: int) -> tuple[Bar, Rect]:
        device = self._device
        bars, margin, air = device.bars, device.px(device.measures.margin), device.px(device.measures.air)
        foot = layout.keys_top(device, keys)
        hint = self._bar(self._page.hint, bars.hint_sizes, bars.hint, self._inner - arrows, 0)
        hint = Bar(hint.rows, hint.size, foot - hint.height, hint.height)
        return hint, Rect(margin, above + air, self._inner, hint.top - above - air - air // 2)

    def _set(self, step: Step, width: int) -> Composition:
        screen = self._shown.screen
        accepts = screen.accepts if isinstance(screen, CardPrompt) else ()
        return composed(self._fonts, self._device, step, width, self._theme, self._page, accepts)

    def _reserve(self) -> int:
        return self._device.px(self._device.measures.strokes_least) if self._page.kind == "sign" else 0
