"""Lines of a page as strips of a character display. Law: a strip is never parted, and holds whole words.

| style           | strips                                                                                |
|-----------------|---------------------------------------------------------------------------------------|
| text, headline  | as many as it wraps to; a notice's headline beside the sign of its tone                |
| row, strong     | label left and value right on one, or the value right-aligned below; strong is bold    |
| item            | its number, a space, the choice; its detail right-aligned, below when there is no room |
| value, stars    | 32 pixels high where the page has room, else 16                                        |
| code            | a whole glass, a pixel or more a module; as text when that many pixels are not there   |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol
from unicodedata import east_asian_width

from ui.device_class import Rect
from ui.grid_marks import BLACK, MARK_WIDE, MARKS, WHITE, mark, star_dots
from ui.grid_phrases import parts, phrased
from ui.page import GROUP, PageLine, stands_before
from ui.pieces import Ink, Piece, Plate
from ui.qr import dark_runs, modules

SIZE, LARGE = 16, 32  # pixels: a line, two lines
GAP = 8  # pixels: a half-width character
SIGN_ROOM = 16  # pixels: the sign of a tone and the air behind it
BRACKET = 4  # pixels on each side of a hint
PIN_MOST = 12  # digits of a PIN (ISO 9564-1, 4.1)
PER_ROW = 4 * GROUP  # dots of a component: four groups, as on paper
ROWS_OF_DOTS = 4  # on a line
LONGEST_CODE = 552  # characters: a code of more has more modules than 64 pixels hold (ISO/IEC 18004, version 9-L)


class Letters(Protocol):
    """What is asked of a font here: the width of a text in pixels."""

    def width(self, text: str, size: int, is_bold: bool = False) -> int: ...


@dataclass(frozen=True)
class Strip:
    """Pieces on so many lines, y from its own top. `is_glass`: it takes the whole glass, the title's line too."""

    pieces: tuple[Piece, ...]
    lines: int = 1
    is_glass: bool = False


Block = tuple[Strip, ...]  # strips that stay together where a view holds them


@dataclass(frozen=True)
class Setter:
    """Sets lines on a glass of this width. `is_large`: strong values are doubled where they fit."""

    fonts: Letters
    width: int
    height: int
    is_large: bool = False

    def line(self, line: PageLine, tone: str, lines: int) -> Iterable[Block]:
        """Any line but those that a kind of page sets for itself (question and digits, stars, seconds)."""
        if line.style in ("text", "prompt", "wait"):
            yield from map(self.text, parts(line.label, lambda text: len(self.rows(text)) <= lines))
        else:
            yield self._kept(line, tone)

    def _kept(self, line: PageLine, tone: str) -> Block:
        match line.style:
            case "row" | "strong":
                return self.pair(line.label, line.value, is_strong=line.style == "strong")
            case "item":
                return self._item(line)
            case "headline" if tone in MARKS:
                first, *rest = self.text(line.label, SIGN_ROOM) or (Strip(()),)
                return replace(first, pieces=(*mark(tone, 0, 1, BLACK), *first.pieces)), *rest
            case "code":
                return self._code(line)
        return self.text(" ".join(part for part in (line.label, line.value) if part))

    def rows(self, text: str, width: int | None = None) -> list[str]:
        return phrased(text, width or self.width, partial(self.fonts.width, size=SIZE))

    def text(self, text: str, left: int = 0) -> Block:
        return (
            tuple(_strip(Ink(left, 0, row, SIZE, BLACK)) for row in self.rows(text, self.width - left)) if text else ()
        )

    def pair(self, label: str, value: str, *, is_strong: bool) -> Block:
        """What it is and how much."""
        if is_strong and self.is_large and value and self.fonts.width(value, LARGE, True) <= self.width:
            return *self.text(label), self._right(value, LARGE, is_bold=True)
        return self._beside(self.text(label), value, 0, is_bold=is_strong)

    def inverted(self, text: str) -> Block:
        """The title where it goes on."""
        ground = Plate(Rect(0, 0, self.width, SIZE), BLACK)
        return tuple(_strip(ground, Ink(0, 0, row, SIZE, WHITE)) for row in self.rows(text)) if text else ()

    def hint(self, text: str) -> Block:
        """Between brackets that hold all of it: what the keys do is not what happened."""
        rows = self.rows(text, self.width - 2 * BRACKET) if text else []
        return tuple(
            _strip(*self._bracket(is_first=at == 0, is_last=at == len(rows) - 1), Ink(BRACKET, 0, row, SIZE, BLACK))
            for at, row in enumerate(rows)
        )

    def status(self, told: tuple[str, ...], alerts: tuple[str, ...]) -> Block:
        """Words side by side; what asks for attention is inverted."""
        strips: list[Strip] = []
        pieces: list[Piece] = []
        left = 0
        for word in told:
            for part in self.rows(word):
                wide = self.fonts.width(part, SIZE)
                if pieces and left + wide > self.width:
                    strips.append(_strip(*pieces))
                    pieces, left = [], 0
                if word in alerts:
                    pieces.append(Plate(Rect(left, 0, wide, SIZE), BLACK))
                pieces.append(Ink(left, 0, part, SIZE, WHITE if word in alerts else BLACK))
                left += wide + GAP
        return (*strips, _strip(*pieces)) if pieces else ()

    def value(self, prompt: str, line: PageLine, lines: int) -> Block:
        """The question and what is typed, as large as so many lines allow; too long a question comes second."""
        rows = self.rows(prompt) if prompt else []
        asked, last = self.text(prompt), rows[-1] if rows else ""
        large, unit = self.fonts.width(line.value, LARGE), self.fonts.width(line.label, SIZE)
        if len(rows) + 2 <= lines and large + unit <= self.width:
            return *asked, self._field(line.value, LARGE, line.label)
        if last and len(rows) + 2 <= lines and max(large, self.fonts.width(last, SIZE) + GAP + unit) <= self.width:
            told = Ink(self.width - unit, 0, line.label, SIZE, BLACK)
            return *asked[:-1], replace(asked[-1], pieces=(*asked[-1].pieces, told)), self._field(line.value, LARGE, "")
        typed = self._small_value(line)
        return (*asked, *typed) if len(asked) + len(typed) <= lines else (*typed, *asked)

    def tail(self, line: PageLine) -> Block:
        """The end of what is typed, on one line: for views on which the question does not stand."""
        room, text = self.width - self.fonts.width(line.label, SIZE), line.value
        while self.fonts.width(text, SIZE) > room and len(text) > 1:
            text = "…" + text[2:]
        field = self._field(text, SIZE, line.label)
        return (replace(field, pieces=(Plate(Rect(0, 0, self.width, 1), BLACK), *field.pieces)),)

    def seconds(self, stage: Block, line: PageLine, size: int) -> Block:
        """The stage and how long it has lasted: doubled below it, or small at its end."""
        wide = self.fonts.width(line.value, size) + self.fonts.width(line.label, SIZE)
        if size == LARGE and wide <= self.width:
            return *stage, self._amount(line.value, size, line.label)
        return self._beside(stage, line.value + line.label, 0)

    def stars(self, line: PageLine) -> Block:
        """Dots for what is typed into the vault, as many lines as it will be at the end; how many, at the right."""
        is_component = line.room > PIN_MOST
        per_row, count = PER_ROW if is_component else PIN_MOST, len(line.value.replace(" ", ""))
        dot_rows = max(1, -(-max(line.room, count) // per_row))
        unit = self.fonts.width(line.label, SIZE)
        pitch = min(10, (self.width - unit) // PIN_MOST) if dot_rows == 1 else 5 if dot_rows == 2 else 4
        here = per_row * min(dot_rows, ROWS_OF_DOTS)
        strips = []
        for first in range(0, per_row * dot_rows, here):
            stars = max(0, min(here, count - first))
            dots = star_dots(stars, per_row, GROUP if is_component else 0, max(4, pitch), dot_rows)
            told = (Ink(self.width - unit, 0, line.label, SIZE, BLACK),) if line.label and not first else ()
            strips.append(Strip((*dots, *told)))
        return *strips[:-1], replace(strips[-1], pieces=(*self._rule(1), *strips[-1].pieces))

    # -- parts --------------------------------------------------------------------------------------------------------

    def _item(self, line: PageLine) -> Block:
        left = self.fonts.width(line.number, SIZE) + GAP
        first, *rest = self.text(line.label, left) or (Strip(()),)
        numbered = replace(first, pieces=(Ink(0, 0, line.number, SIZE, BLACK), *first.pieces))
        return self._beside((numbered, *rest), line.value, left)

    def _beside(self, strips: Block, value: str, left: int, *, is_bold: bool = False) -> Block:
        """The value at the right end of the last strip, or right-aligned below."""
        wide = self.fonts.width(value, SIZE, is_bold)
        if not value:
            return strips
        inks = [piece for piece in strips[-1].pieces if isinstance(piece, Ink)] if strips else []
        taken = max((ink.x + self.fonts.width(ink.text, SIZE) for ink in inks), default=0)
        if inks and taken + _gap(inks[-1].text, value) + wide <= self.width:
            ink = Ink(self.width - wide, 0, value, SIZE, BLACK, is_bold)
            return *strips[:-1], replace(strips[-1], pieces=(*strips[-1].pieces, ink))
        below = (self._right(row, SIZE, is_bold=is_bold) for row in self.rows(value, self.width - left))
        return *strips, *below

    def _right(self, text: str, size: int, *, is_bold: bool) -> Strip:
        left = self.width - self.fonts.width(text, size, is_bold)
        return Strip((Ink(left, 0, text, size, BLACK, is_bold),), size // SIZE)

    def _small_value(self, line: PageLine) -> Block:
        """On as many lines as it takes, the unit behind the last or on its own."""
        *above, last = self.rows(line.value)
        is_beside = self.fonts.width(last, SIZE) + self.fonts.width(line.label, SIZE) <= self.width
        strips = [self._right(row, SIZE, is_bold=False) for row in above]
        if is_beside:
            return *strips, self._field(last, SIZE, line.label)
        units = (self._right(row, SIZE, is_bold=False) for row in self.rows(line.label))
        return *strips, self._field(last, SIZE, ""), *units

    def _field(self, value: str, size: int, unit: str) -> Strip:
        """What is typed over the line it is written on."""
        amount = self._amount(value, size, unit)
        return replace(amount, pieces=(*self._rule(amount.lines), *amount.pieces))

    def _amount(self, value: str, size: int, unit: str) -> Strip:
        unit_left, wide = self.width - self.fonts.width(unit, SIZE), self.fonts.width(value, size)
        if unit and value and stands_before(unit):
            sign = Ink(max(0, unit_left - wide), size - SIZE, unit, SIZE, BLACK)
            return Strip((Ink(self.width - wide, 0, value, size, BLACK), sign), size // SIZE)
        gap = _gap(unit, value) if unit and value else 0
        pieces = []
        if value:
            pieces.append(Ink(max(0, unit_left - wide - gap), 0, value, size, BLACK))
        if unit:  # both stand on one base line
            pieces.append(Ink(unit_left, size - SIZE, unit, SIZE, BLACK))
        return Strip(tuple(pieces), size // SIZE)

    def _rule(self, lines: int) -> Iterable[Plate]:
        yield Plate(Rect(0, lines * SIZE - 1, self.width, 1), BLACK)

    def _bracket(self, *, is_first: bool, is_last: bool) -> Iterable[Plate]:
        for x, end in ((0, 0), (self.width - 1, self.width - 3)):
            yield Plate(Rect(x, 0, 1, SIZE), BLACK)
            if is_first:
                yield Plate(Rect(end, 0, 3, 1), BLACK)
            if is_last:
                yield Plate(Rect(end, SIZE - 1, 3, 1), BLACK)

    def _code(self, line: PageLine) -> Block:
        rows = modules(line.value) if len(line.value) <= LONGEST_CODE else ()
        module = self.height // len(rows) if rows else 0
        if not module:
            return *self.text(line.label), *self.text(line.value)
        side = module * len(rows)
        room = self.width - side - MARK_WIDE["arrows"]
        beside = self.rows(line.label, max(room, 1))
        is_beside = len(beside) * SIZE <= self.height and all(self.fonts.width(row, SIZE) <= room for row in beside)
        top = (self.height - side) // 2
        pieces: list[Piece] = [
            Plate(Rect(start * module, top + down * module, length * module, module), BLACK)
            for down, row in enumerate(rows)
            for start, length in dark_runs(row)
        ]
        if is_beside:
            pieces += (Ink(side, at * SIZE, row, SIZE, BLACK) for at, row in enumerate(beside))
        whole = Strip(tuple(pieces), self.height // SIZE, is_glass=True)
        return (whole,) if is_beside else (*self.text(line.label), whole)


def _gap(label: str, value: str) -> int:
    """Pixels that part a label from its value: Chinese and a figure are told apart without."""
    return 0 if east_asian_width(label[-1]) in "WF" and east_asian_width(value[0]) not in "WF" else GAP


def _strip(*pieces: Piece) -> Strip:
    return Strip(pieces)


def _moved(piece: Piece, down: int) -> Piece:
    """The piece so many pixels lower."""
    if isinstance(piece, Ink):
        return replace(piece, y=piece.y + down)
    rect = piece.rect
    return replace(piece, rect=Rect(rect.x, rect.y + down, rect.w, rect.h))


def placed(strip: Strip, top: int) -> Iterable[Piece]:
    """The pieces of a strip whose top is at this pixel."""
    return (_moved(piece, top) for piece in strip.pieces)
