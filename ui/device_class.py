"""A kind of glass, read from its layout file. Law: rows and columns; every size is a share of the device's row height.

| table      | what it says                                        | of what                                    |
|------------|-----------------------------------------------------|--------------------------------------------|
| (top)      | name, glass in pixels, how many rows                | `rows` of text from top to bottom          |
| [bars]     | heights of status, title, hint; sizes of their text | per cent of a row; sizes from large to small |
| [measures] | margins, gaps, radii, lines                         | per cent of a row                          |
| [keys]     | the keyboards drawn on glass                        | per cent of a row                          |
| [[steps]]  | densities of a page, from roomy to tight            | per cent of a row                          |
| [[large]]  | the same, tried first in large-digit mode           | per cent of a row                          |

A grid (`is_grid`) is a display of whole characters: it has its rows, and none of the tables.
"""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

FOLDER = Path(__file__).with_name("layouts")
KEY_MM = 9.0  # a key on glass, both ways, in millimetres: what a finger hits without looking
LEAST_ROW = 12  # pixels
KEY_LINES = 4  # of keys, on the tallest keyboard

Pixels = Annotated[int, msgspec.Meta(ge=16, le=4096)]
Share = Annotated[int, msgspec.Meta(ge=0, le=3000)]  # per cent of a row
Size = Annotated[int, msgspec.Meta(ge=20, le=1000)]  # per cent of a row, of something that is read
Sizes = Annotated[tuple[Size, ...], msgspec.Meta(min_length=1)]


class LayoutRefused(ValueError):
    """A layout file cannot be used; says which file, the line, and what is missing or wrong."""


class Rect(NamedTuple):
    """Left, top, width, height in pixels."""

    x: int
    y: int
    w: int
    h: int

    def has(self, x: int, y: int) -> bool:
        return self.x <= x < self.x + self.w and self.y <= y < self.y + self.h


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a layout file: each key is wanted, no other is allowed."""


class Bars(Table, frozen=True):
    """Status, title and hint: heights, and the sizes of text that are tried in them."""

    status: Share
    title: Share
    hint: Share
    status_sizes: Sizes
    title_sizes: Sizes
    hint_sizes: Sizes
    dot: Share  # of the steps, in the title
    mark: Share  # what stands before the title while money goes out


class Measures(Table, frozen=True):
    """Margins, gaps, radii and lines that are the same at every density."""

    margin: Share  # left and right of everything
    inset: Share  # within a frame or a band, left and right
    air: Share  # the same, above and below
    space: Share  # between a label and its value
    radius: Share  # of frames, bands and badges
    hairline: Share
    edge: Share  # of a frame
    pen: Share  # of the signature
    strokes_least: Share  # the pad is never less high


class Keys(Table, frozen=True):
    """Keyboards on glass: their heights, and how a key cap looks."""

    keypad: Share  # four lines of keys
    buttons: Share  # one line of keys
    gap: Share  # between caps
    radius: Share
    lip: Share  # the cap's lower edge
    digit: Share  # size of a digit
    word: Share  # size of a word, at most


class Step(Table, frozen=True):
    """One density of a page; a page takes the first that holds all of it.

    `code` is the most that a QR code takes; it takes whole pixels a module, and never fewer than can be photographed.
    """

    text: Size
    prompt: Size
    strong: Size  # amounts
    headline: Size
    value: Size  # what is being typed
    counter: Share  # the seconds of a progress
    sign: Share  # the sign of a notice
    picture: Share  # of cards
    gap: Share  # between lines
    item: Share  # the least height of a choice
    code: Share


NO_BARS = Bars(0, 0, 0, (), (), (), 0, 0)
NO_MEASURES = Measures(0, 0, 0, 0, 0, 0, 0, 0, 0)
NO_KEYS = Keys(0, 0, 0, 0, 0, 0, 0)


class DeviceClass(Table, frozen=True, kw_only=True):
    """A kind of glass. `pixels_per_mm` is 0 where no finger touches it. Raises ValueError for what cannot be built."""

    name: str
    width: Pixels
    height: Pixels
    rows: Annotated[int, msgspec.Meta(ge=2, le=64)]
    is_touch: bool
    is_grid: bool = False
    pixels_per_mm: Annotated[float, msgspec.Meta(ge=0, le=40)] = 0
    bars: Bars = NO_BARS
    measures: Measures = NO_MEASURES
    keys: Keys = NO_KEYS
    steps: tuple[Step, ...] = ()
    large: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if self.row < LEAST_ROW:
            raise ValueError(f"rows: they are {self.row} pixels high, and nobody reads fewer than {LEAST_ROW}")
        if self.is_grid:
            return
        self._refuse_what_lacks()
        bars = self.bars.status + self.bars.title + self.bars.hint
        if (bars + self.keys.keypad) * 4 > self.rows * 100 * 3:
            raise ValueError("keys: bars and keypad leave less than a quarter of the glass")
        if self.is_touch and min(self.cap(self.keys.keypad, KEY_LINES), self.cap(self.keys.buttons, 1)) < self.finger:
            raise ValueError(f"keys: on {self.pixels_per_mm} pixels a mm a key is less than {KEY_MM:.0f} mm high")

    def _refuse_what_lacks(self) -> None:
        if self.is_touch and (self.keys == NO_KEYS or not self.pixels_per_mm):
            raise ValueError("keys: it is on glass, and pixels_per_mm or the table keys is missing")
        for table, none in (("bars", NO_BARS), ("measures", NO_MEASURES), ("steps", ()), ("large", ())):
            if getattr(self, table) == none:
                raise ValueError(f"{table}: it is missing, and only a grid goes without")
        for sizes in (self.bars.status_sizes, self.bars.title_sizes, self.bars.hint_sizes):
            if list(sizes) != sorted(set(sizes), reverse=True):
                raise ValueError("bars: sizes go from large to small")

    @property
    def row(self) -> int:
        """The height of a row in pixels."""
        return self.height // self.rows

    @property
    def is_tall(self) -> bool:
        return self.height > self.width

    @property
    def finger(self) -> int:
        """The least side of a key on this glass, in pixels."""
        return ceil(self.pixels_per_mm * KEY_MM)

    def px(self, per_cent: int) -> int:
        """A share of a row in pixels, at least one unless it is none."""
        return max(1, self.row * per_cent // 100) if per_cent else 0

    def cap(self, keyboard: int, lines: int) -> int:
        """The height of a key cap in pixels, on a keyboard of this height in per cent of a row."""
        gap = self.px(self.keys.gap)
        return (self.px(keyboard) - gap) // lines - gap


def read(path: Path) -> DeviceClass:
    """The device class that a layout file describes. Raises LayoutRefused."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise LayoutRefused(f"{path}: it cannot be read: {reason}") from reason
    try:
        return msgspec.toml.decode(text, type=DeviceClass)
    except msgspec.DecodeError as reason:  # ValidationError is one
        raise LayoutRefused(f"{path}:{_line(text, reason)}: {reason}") from reason


def _line(text: str, reason: msgspec.DecodeError) -> int:
    from terminal.toml_lines import line_of_error, syntax_line

    if not isinstance(reason, msgspec.ValidationError):
        return syntax_line(text, str(reason))
    return line_of_error(text, msgspec.toml.decode(text), str(reason), lambda raw: msgspec.convert(raw, DeviceClass))
