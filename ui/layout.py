"""Where things are on a device class. Law: rows and columns; a pixel is only ever a share of the device's row height.

| class          | rows | glass | body                                                   |
|----------------|------|-------|--------------------------------------------------------|
| touch-480x800  | 24   | yes   | keypad below questions and menus, buttons below sheets |
| keypad-320x240 | 10   | no    | all of it                                              |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from terminal.screens import Ask, CardPrompt, Menu, Notice, PinPad, Progress, Screen, Sheet, SignPad


class DeviceClassUnknown(ValueError):
    """There is no such device class; says which there are."""


class Rect(NamedTuple):
    """Left, top, width, height in pixels."""

    x: int
    y: int
    w: int
    h: int

    def has(self, x: int, y: int) -> bool:
        return self.x <= x < self.x + self.w and self.y <= y < self.y + self.h


@dataclass(frozen=True)
class Step:
    """One density of a page, sizes in per cent of a row; a page takes the first that holds all of it.

    `code` is the most that a QR code takes; it takes whole pixels a module, and never fewer than can be photographed.
    """

    text: int
    strong: int
    headline: int
    value: int
    counter: int
    picture: int
    gap: int
    item: int
    code: int


@dataclass(frozen=True)
class DeviceClass:
    """A kind of glass: its pixels, how many rows they are, and its densities from roomy to tight.

    `bars` are the heights of status, title and hint in per cent of a row.
    """

    name: str
    width: int
    height: int
    rows: int
    is_touch: bool
    bars: tuple[int, int, int]
    steps: tuple[Step, ...]

    @property
    def row(self) -> int:
        return self.height // self.rows

    @property
    def is_tall(self) -> bool:
        return self.height > self.width

    def px(self, per_cent: int) -> int:
        """A share of a row in pixels, at least one unless it is none."""
        return max(1, self.row * per_cent // 100) if per_cent else 0


TOUCH = DeviceClass(
    "touch-480x800",
    480,
    800,
    24,
    True,
    (100, 170, 110),
    (
        Step(70, 100, 105, 170, 380, 560, 44, 170, 1100),
        Step(70, 95, 100, 150, 320, 440, 26, 140, 950),
        Step(66, 85, 90, 140, 260, 360, 12, 112, 800),
        Step(60, 75, 80, 120, 200, 240, 6, 96, 700),
        Step(54, 66, 72, 110, 150, 0, 3, 0, 620),
        Step(48, 56, 62, 90, 120, 0, 1, 0, 560),
    ),
)
KEYPAD = DeviceClass(
    "keypad-320x240",
    320,
    240,
    10,
    False,
    (96, 132, 94),
    (
        Step(70, 90, 98, 150, 200, 270, 26, 0, 560),
        Step(70, 80, 92, 135, 150, 210, 12, 0, 540),
        Step(66, 74, 84, 120, 110, 170, 4, 0, 520),
        Step(60, 66, 72, 105, 90, 0, 0, 0, 520),
        Step(54, 60, 66, 90, 80, 0, 0, 0, 520),
        Step(50, 54, 58, 80, 70, 0, 0, 0, 520),
    ),
)
DEVICE_CLASSES = {device.name: device for device in (TOUCH, KEYPAD)}

STATUS_SIZES, TITLE_SIZES, HINT_SIZES = (58, 52, 46, 42), (92, 80, 70), (62, 56, 50)
MARGIN = 36
COMFORTABLE = 3  # so many densities from the roomy end can be read at arm's length
PAD_SHAPE = (384, 160)  # the signature pad has the proportions of the picture on paper

KEYPAD_ROWS, BUTTON_ROW = 1000, 230  # per cent of a row
ASK_KEYS = (("1", "2", "3", "cancel"), ("4", "5", "6", "clear"), ("7", "8", "9", "func"), ("00", "0", "", "enter"))
MENU_KEYS = (
    ("1", "2", "3", "cancel"),
    ("4", "5", "6", "up"),
    ("7", "8", "9", "down"),
    ("func", "0", "refund", "enter"),
)
PIN_KEYS = (("1", "2", "3", "cancel"), ("4", "5", "6", "clear"), ("7", "8", "9", "func"), ("", "0", "", "enter"))
MENU_BAR = (("cancel", "func", "refund", "up", "down"),)
STEADY_WAIT = "hint.wait"  # a Progress with this hint offers no way out, so it gets no button


class KeyBox(NamedTuple):
    """A key drawn on glass."""

    key: str
    rect: Rect


Keys = tuple[KeyBox, ...]


def device_class(name: str) -> DeviceClass:
    """Raises DeviceClassUnknown."""
    if name not in DEVICE_CLASSES:
        raise DeviceClassUnknown(f"no device class {name}: there are {', '.join(DEVICE_CLASSES)}")
    return DEVICE_CLASSES[name]


def keyboards(device: DeviceClass, screen: Screen, has_pad: bool) -> tuple[tuple[Keys, tuple[Step, ...]], ...]:
    """The keys this screen can be drawn with and the densities worth it, most comfortable first.

    A smaller keyboard comes before small type. A device without glass draws no keys. Where a secret is typed there are
    the cells of the vault's pad, if the device has one; what they are is for the vault to say.
    """
    if not device.is_touch:
        return (((), device.steps),)
    if isinstance(screen, PinPad):
        return ((pin_cells(device) if has_pad else (), device.steps),)
    boards = [_boxes(device, rows, height) for rows, height in _boards(screen)]
    return (*((keys, device.steps[:COMFORTABLE]) for keys in boards[:-1]), (boards[-1], device.steps))


def _boards(screen: Screen) -> tuple[tuple[tuple[tuple[str, ...], ...], int], ...]:
    match screen:
        case Ask():
            return ((ASK_KEYS, KEYPAD_ROWS), (ASK_KEYS, KEYPAD_ROWS * 3 // 4))
        case Menu():
            return ((MENU_KEYS, KEYPAD_ROWS), (MENU_BAR, BUTTON_ROW))
        case Sheet(pages=pages):
            keys = ("cancel", "func", "up", "down", "enter") if pages > 1 else ("cancel", "func", "enter")
            return (((keys,), BUTTON_ROW),)
        case Notice():
            return (((("cancel", "func", "enter"),), BUTTON_ROW),)
        case SignPad():
            return (((("cancel", "clear", "enter"),), BUTTON_ROW),)
        case Progress(hint=hint) if hint.id == STEADY_WAIT:
            return (((), 0),)
        case CardPrompt(has_keys=True):
            return ((ASK_KEYS, KEYPAD_ROWS),)
        case CardPrompt() | Progress():
            return (((("cancel",),), BUTTON_ROW),)
        case PinPad():
            return (((), 0),)


def pin_cells(device: DeviceClass) -> Keys:
    """Where a pad on glass has its keys, whatever else the page holds; `key` as it is when nothing is shuffled."""
    return _boxes(device, PIN_KEYS, KEYPAD_ROWS)


def _boxes(device: DeviceClass, rows: tuple[tuple[str, ...], ...], per_cent: int) -> Keys:
    if not rows:
        return ()
    gap = device.px(20)
    height = device.px(per_cent)
    top = device.height - height
    tall = (height - gap) // len(rows)
    boxes: list[KeyBox] = []
    for line, keys in enumerate(rows):
        wide = (device.width - gap) // len(keys)
        for column, key in enumerate(keys):
            if key:
                rect = Rect(gap + column * wide, top + line * tall, wide - gap, tall - gap)
                boxes.append(KeyBox(key, rect))
    return tuple(boxes)


def keys_top(device: DeviceClass, keys: Keys) -> int:
    """Where the keys begin; the bottom of the glass when there are none."""
    return min((box.rect.y for box in keys), default=device.height) - (device.px(12) if keys else 0)


def pad(device: DeviceClass, body: Rect) -> Rect:
    """The signature pad: as wide as the body, in the proportions of the printed picture."""
    wide, tall = PAD_SHAPE
    height = min(body.h, body.w * tall // wide)
    width = height * wide // tall
    return Rect(body.x + (body.w - width) // 2, body.y + (body.h - height) // 2, width, height)
