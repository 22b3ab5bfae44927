"""A page set in type: which ink goes where, before any pixel. Law: every word of the page is in the composition, whole.

Positions are pixels from the body's left top; the painter moves them to the body and draws them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ui.fonts import Fonts
from ui.layout import DeviceClass, Rect, Step
from ui.page import GROUP, Page, PageLine
from ui.qr import dark_runs, modules
from ui.theme import ACCENT, FIELD, HAIRLINE, INK, KEY, MUTED, Colour
from ui.wrap import wrap

FIELD_SHRINKS = (100, 85, 70, 58)  # per cent: digits are set smaller before they are set on two rows
ROW_SHRINKS = (100, 88)  # the same for the value of a row, which stays about as tall as its label
MOST = 12  # digits of a PIN (ISO 9564-1, 4.1)
GROUPS = 4  # of digits of a component on one row
LEAST_MODULE = 2  # pixels: a smaller one is not photographed from a 3 inch screen
PER_ROW = GROUPS * (GROUP + 1) - 1  # dots, and the room between groups


@dataclass(frozen=True)
class Ink:
    """A run of text."""

    x: int
    y: int
    text: str
    size: int
    colour: Colour = INK
    is_bold: bool = False


@dataclass(frozen=True)
class Plate:
    """A filled rectangle, with an edge when `edge` has a colour."""

    rect: Rect
    colour: Colour
    edge: Colour | None = None
    radius: int = 0


@dataclass(frozen=True)
class Picture:
    """A drawn sign ("sign") or card picture ("card") by its name."""

    kind: str
    name: str
    rect: Rect


Piece = Ink | Plate | Picture


class Composer:
    """Sets lines one below the other at one density, in a body of a given width."""

    def __init__(self, fonts: Fonts, device: DeviceClass, step: Step, width: int, page: Page) -> None:
        self._fonts, self._device, self._step, self._width, self._page = fonts, device, step, width, page
        self._accent = ACCENT[page.tone]
        self.pieces: list[Piece] = []
        self.taps: list[tuple[Rect, str]] = []
        self.height = 0

    def compose(self, accepts: tuple[str, ...] = ()) -> Composer:
        """Every line of the page, and the pictures of what the card slot accepts."""
        if accepts:
            self._cards(accepts)
        for line in self._page.lines:
            getattr(self, f"_{line.style}")(line)
            self.height += self._device.px(self._step.gap)
        return self

    def _headline(self, line: PageLine) -> None:
        size = self._device.px(self._step.headline)
        sign = self._device.px(self._step.headline * 14 // 10)
        if self._page.kind != "notice":
            return self._centred(line.label, size, self._accent)
        if self._device.is_tall:
            sign = sign * 2
            self.pieces.append(
                Picture("sign", self._page.tone, Rect((self._width - sign) // 2, self.height, sign, sign))
            )
            self.height += sign + self._device.px(30)
            return self._centred(line.label, size, self._accent)
        left = sign + self._device.px(40)
        top = self.height
        self._text_at(left, line.label, size, self._accent, is_bold=True)
        self.height = max(self.height, top + sign)
        self.pieces.append(Picture("sign", self._page.tone, Rect(0, top, sign, sign)))
        return None

    def _code(self, line: PageLine) -> None:
        """A QR code in the middle, dark on light with its quiet zone; rows of modules as plates."""
        rows = modules(line.value)
        module = max(LEAST_MODULE, min(self._device.px(self._step.code), self._width) // len(rows))
        side = module * len(rows)
        left, top = (self._width - side) // 2, self.height
        self.pieces.append(Plate(Rect(left, top, side, side), FIELD))
        for down, row in enumerate(rows):
            for start, length in dark_runs(row):
                where = Rect(left + start * module, top + down * module, length * module, module)
                self.pieces.append(Plate(where, INK))
        self.height += side

    def _row(self, line: PageLine) -> None:
        self._pair(line, self._device.px(self._step.text), is_bold=False)

    def _strong(self, line: PageLine) -> None:
        self._pair(line, self._device.px(self._step.strong), is_bold=True)

    def _prompt(self, line: PageLine) -> None:
        self._text_at(0, line.label, self._device.px(self._step.strong), INK, is_bold=True)

    def _text(self, line: PageLine) -> None:
        if self._page.kind == "notice" and self._device.is_tall:
            return self._centred(line.label, self._device.px(self._step.text), INK, is_bold=False)
        return self._text_at(0, line.label, self._device.px(self._step.text), INK)

    def _value(self, line: PageLine) -> None:
        (self._counter if self._page.kind == "progress" else self._field)(line)

    def _field(self, line: PageLine) -> None:
        """The digits so far, right-aligned in a framed field, with a caret where the next one comes."""
        device = self._device
        inner, caret = device.px(30), device.px(8)
        unit_size = device.px(self._step.text)
        unit_wide = self._fonts.width(line.label, unit_size) + inner if line.label else 0
        room = self._width - 2 * inner - unit_wide - caret * 2
        size, rows = self._fitted(line.value, device.px(self._step.value), room, FIELD_SHRINKS, is_bold=True)
        tall = self._fonts.height(size)
        frame = Rect(0, self.height, self._width, tall * len(rows) + inner // 2)
        self.pieces.append(Plate(frame, FIELD, self._accent, device.px(20)))
        right = self._width - inner - unit_wide - caret * 2
        for row in rows:
            self._ink(right - self._fonts.width(row, size, True), self.height + inner // 4, row, size, INK, True)
            self.height += tall
        bottom = frame.y + frame.h - inner // 4
        if line.label:
            lift = self._fonts.height(unit_size) + (tall - self._fonts.height(unit_size)) // 4
            self._ink(self._width - unit_wide, bottom - lift, line.label, unit_size, MUTED, False)
        self.pieces.append(
            Plate(Rect(right + caret, bottom - tall * 85 // 100, caret // 2 + 1, tall * 7 // 10), self._accent)
        )
        self.height = frame.y + frame.h

    def _stars(self, line: PageLine) -> None:
        """A dot for each star, in its groups, in a frame as tall as it will be at the end."""
        frame, cell = self._star_frame(line.room)
        pitch = _pitch(cell, _star_rows(line.room))
        per_row = PER_ROW if line.room > MOST else len(line.value)
        left, dot = (self._width - per_row * cell) // 2, max(3, cell * 6 // 10)
        top = frame.y + (frame.h - pitch * (_star_rows(line.room) - 1) - dot) // 2
        for at, star in enumerate(line.value):
            row, column = divmod(at, PER_ROW + 1)  # the room after a row's last group is no place
            if star.strip():
                where = Rect(left + column * cell + (cell - dot) // 2, top + pitch * row, dot, dot)
                self.pieces.append(Plate(where, INK, None, dot // 2))
        if line.label:
            self._centred(line.label, self._device.px(self._step.text), MUTED, is_bold=False)

    def _wait(self, line: PageLine) -> None:
        """Why nothing may be typed yet, where the stars will be."""
        frame, _ = self._star_frame(line.room)
        room, wanted = frame.w - self._device.px(60), self._device.px(self._step.text)
        size, rows = self._fitted(line.label, wanted, room, FIELD_SHRINKS, is_bold=False)
        tall = self._fonts.height(size)
        top = frame.y + (frame.h - tall * len(rows)) // 2
        for row in rows:
            self._ink((self._width - self._fonts.width(row, size)) // 2, top, row, size, MUTED, False)
            top += tall

    def _star_frame(self, room: int) -> tuple[Rect, int]:
        """The frame, and the side of a star's cell, of which a whole row fits it."""
        most, share = (PER_ROW, 70) if room > MOST else (MOST, 100)
        cell = min(self._device.px(self._step.value * share // 100), (self._width - self._device.px(40)) // most)
        rows = _star_rows(room)
        frame = Rect(0, self.height, self._width, _pitch(cell, rows) * rows + cell // 2)
        self.pieces.append(Plate(frame, FIELD, self._accent, self._device.px(20)))
        self.height += frame.h + self._device.px(10)
        return frame, cell

    def _counter(self, line: PageLine) -> None:
        size, unit_size = self._device.px(self._step.counter), self._device.px(self._step.headline)
        wide, gap = self._fonts.width(line.value, size, False), self._device.px(20)
        left = (self._width - wide - gap - self._fonts.width(line.label, unit_size)) // 2
        self._ink(left, self.height, line.value, size, self._accent, False)
        drop = (self._fonts.height(size) - self._fonts.height(unit_size)) * 82 // 100
        self._ink(left + wide + gap, self.height + drop, line.label, unit_size, MUTED, False)
        self.height += self._fonts.height(size)

    def _item(self, line: PageLine) -> None:
        """A numbered choice; on glass the whole of it can be tapped."""
        device, fonts = self._device, self._fonts
        size = device.px(self._step.text)
        tall = fonts.height(size)
        top, badge = self.height, tall * 105 // 100
        left = badge + device.px(40)
        detail_size = size * 9 // 10
        detail_wide = fonts.width(line.value, detail_size) + device.px(40) if line.value else 0
        is_one_row = left + fonts.width(line.label, size) + detail_wide <= self._width
        above = max(0, device.px(self._step.item) - (tall if is_one_row else 2 * tall)) // 2
        self.height += above
        middle = self.height
        self._text_at(left, line.label, size, INK)
        if line.value and is_one_row:
            self._ink(
                self._width - detail_wide + device.px(40), middle + tall // 14, line.value, detail_size, MUTED, False
            )
        elif line.value:
            self._text_at(left, line.value, detail_size, MUTED)
        self.height += above
        self.pieces.append(Plate(Rect(0, middle, badge, tall), KEY, None, device.px(16)))
        number_at = (badge - fonts.width(line.number, size, True)) // 2
        self._ink(number_at, middle, line.number, size, ACCENT["plain"], True)
        if self._step.gap:
            self.pieces.append(Plate(Rect(left, self.height, self._width - left, 1), HAIRLINE))
        self.taps.append((Rect(0, top, self._width, max(1, self.height - top)), line.number))

    def _pair(self, line: PageLine, size: int, *, is_bold: bool) -> None:
        label_size = min(size, self._device.px(self._step.text))
        label_wide, gap = self._fonts.width(line.label, label_size), self._device.px(50)
        value_wide = self._fonts.width(line.value, size, is_bold)
        if label_wide + gap + value_wide <= self._width:
            lift = (self._fonts.height(size) - self._fonts.height(label_size)) * 3 // 4
            self._ink(0, self.height + lift, line.label, label_size, MUTED, False)
            self._ink(self._width - value_wide, self.height, line.value, size, INK, is_bold)
            self.height += self._fonts.height(size)
        else:
            self._text_at(0, line.label, label_size, MUTED)
            fitted, rows = self._fitted(line.value, size, self._width, ROW_SHRINKS, is_bold=is_bold)
            for row in rows:
                self._ink(self._width - self._fonts.width(row, fitted, is_bold), self.height, row, fitted, INK, is_bold)
                self.height += self._fonts.height(fitted)
        if self._step.gap >= 20:
            below = self.height + self._device.px(self._step.gap) // 2
            self.pieces.append(Plate(Rect(0, below, self._width, 1), HAIRLINE))

    def _cards(self, accepts: tuple[str, ...]) -> None:
        tall = self._device.px(self._step.picture)
        if not self._step.picture:
            return
        wide = self._width // len(accepts)
        for place, way in enumerate(accepts):
            self.pieces.append(Picture("card", way, Rect(place * wide, self.height, wide, tall)))
        self.height += tall + self._device.px(self._step.gap + 20)

    def _fitted(
        self, text: str, size: int, width: int, shrinks: tuple[int, ...], *, is_bold: bool
    ) -> tuple[int, list[str]]:
        """The size at which the text fits one row, or the smallest with as many rows as it takes."""
        sizes = [max(8, size * shrink // 100) for shrink in shrinks]
        for tried in sizes:
            if self._fonts.width(text, tried, is_bold) <= width:
                return tried, [text]
        return sizes[-1], wrap(text, width, partial(self._fonts.width, size=sizes[-1], is_bold=is_bold))

    def _centred(self, text: str, size: int, colour: Colour, *, is_bold: bool = True) -> None:
        for row in wrap(text, self._width, partial(self._fonts.width, size=size, is_bold=is_bold)):
            left = (self._width - self._fonts.width(row, size, is_bold)) // 2
            self._ink(left, self.height, row, size, colour, is_bold)
            self.height += self._fonts.height(size)

    def _text_at(self, left: int, text: str, size: int, colour: Colour, *, is_bold: bool = False) -> None:
        measure = partial(self._fonts.width, size=size, is_bold=is_bold)
        for row in wrap(text, self._width - left, measure):
            self._ink(left, self.height, row, size, colour, is_bold)
            self.height += self._fonts.height(size)

    def _ink(self, x: int, y: int, text: str, size: int, colour: Colour, is_bold: bool) -> None:
        if text:
            self.pieces.append(Ink(x, y, text, size, colour, is_bold))


def _star_rows(room: int) -> int:
    return max(1, -(-room // (GROUPS * GROUP)))


def _pitch(cell: int, rows: int) -> int:
    """From one row of dots to the next: a single row has more air."""
    return cell * (15 if rows == 1 else 11) // 10
