"""Which keys stand where on a device class. Law: a key on glass is 9 mm or more both ways; the rest is the page's.

| screen     | keys on glass                                                                       |
|------------|-------------------------------------------------------------------------------------|
| Ask        | the keypad                                                                          |
| Menu       | the keypad while the choices keep their room; else one line of keys, choices are tapped |
| PinPad     | the cells of the vault's pad, if the device has one                                 |
| the others | one line with the keys that answer                                                  |

A page of several views gets the arrows. A device without glass draws no keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from terminal.screens import Ask, CardPrompt, Menu, Notice, PinPad, Progress, Screen, Sheet, SignPad
from ui.device_class import FOLDER, DeviceClass, Rect, Step, read
from ui.device_class import LayoutRefused as LayoutRefused

NAMES = ("lcd-128x64", "keypad-320x240", "keypad-480x320", "touch-480x800", "touch-720x1280")
COMFORTABLE = 4  # so many densities from the roomy end can be read at arm's length
PAD_SHAPE = (384, 160)  # the signature pad has the proportions of the picture on paper

Board = tuple[tuple[str, ...], ...]  # lines of keys; a key named twice side by side is that wide; "" is no key
ASK_KEYS: Board = (
    ("1", "2", "3", "cancel"),
    ("4", "5", "6", "clear"),
    ("7", "8", "9", "func"),
    ("00", "0", "enter", "enter"),
)
MENU_KEYS: Board = (
    ("1", "2", "3", "cancel"),
    ("4", "5", "6", "up"),
    ("7", "8", "9", "down"),
    ("func", "0", "refund", "enter"),
)
PIN_KEYS: Board = (
    ("1", "2", "3", "cancel"),
    ("4", "5", "6", "clear"),
    ("7", "8", "9", "func"),
    ("", "0", "enter", "enter"),
)
MENU_BAR: Board = (("cancel", "func", "refund", "up", "down"),)
STEADY_WAIT = "hint.wait"  # a Progress with this hint offers no way out, so it gets no button


class DeviceClassUnknown(ValueError):
    """There is no such device class; says which there are."""


class KeyBox(NamedTuple):
    """A key drawn on glass."""

    key: str
    rect: Rect


Keys = tuple[KeyBox, ...]
Keyboard = tuple[Keys, tuple[Step, ...]]


def device_class(name: str) -> DeviceClass:
    """One of NAMES, or a layout file by its path. Raises DeviceClassUnknown, LayoutRefused."""
    if "/" in name or name.endswith(".toml"):
        return read(Path(name))
    if name not in NAMES:
        raise DeviceClassUnknown(f"no device class {name}: there are {', '.join(NAMES)}, or the path of a layout file")
    return _shipped(name)


@cache
def _shipped(name: str) -> DeviceClass:
    return read(FOLDER / f"{name}.toml")


class _Shipped(Mapping[str, DeviceClass]):
    """Each is read when it is asked for."""

    def __getitem__(self, name: str) -> DeviceClass:
        if name not in NAMES:
            raise KeyError(name)
        return _shipped(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


DEVICE_CLASSES: Mapping[str, DeviceClass] = _Shipped()


def keyboards(device: DeviceClass, screen: Screen, has_pad: bool) -> tuple[Keyboard, ...]:
    """The keys this screen can be drawn with and the densities worth it, most comfortable first.

    A smaller keyboard comes before small type. Where a secret is typed there are the cells of the vault's pad, if the
    device has one; what they are is for the vault to say.
    """
    if not device.is_touch:
        return (((), device.steps),)
    if isinstance(screen, PinPad):
        return ((pin_cells(device) if has_pad else (), device.steps),)
    keys = [boxes(device, board) for board in _boards(screen)]
    return (*((each, device.steps[:COMFORTABLE]) for each in keys[:-1]), (keys[-1], device.steps))


def with_arrows(device: DeviceClass, screen: Screen, has_pad: bool) -> Keys:
    """The keys of a page that is longer than the glass: one line of keys takes in the arrows."""
    if not device.is_touch or isinstance(screen, PinPad):
        return keyboards(device, screen, has_pad)[-1][0]
    board = _boards(screen)[-1]
    if len(board) == 1 and "up" not in board[0]:
        board = ((*board[0][:-1], "up", "down", board[0][-1]),)
    return boxes(device, board)


def _boards(screen: Screen) -> tuple[Board, ...]:
    match screen:
        case Ask() | CardPrompt(has_keys=True):
            return (ASK_KEYS,)
        case Menu():
            return (MENU_KEYS, MENU_BAR)
        case Sheet(pages=pages) if pages > 1:
            return ((("cancel", "func", "up", "down", "enter"),),)
        case Sheet() | Notice():
            return ((("cancel", "func", "enter"),),)
        case SignPad():
            return ((("cancel", "clear", "enter"),),)
        case Progress(hint=hint) if hint.id == STEADY_WAIT:
            return ((),)
        case CardPrompt() | Progress():
            return ((("cancel",),),)
        case PinPad():
            return ((),)


def pin_cells(device: DeviceClass) -> Keys:
    """Where a pad on glass has its keys, whatever else the page holds; `key` as it is when nothing is shuffled."""
    return boxes(device, PIN_KEYS)


def boxes(device: DeviceClass, board: Board) -> Keys:
    """The keys of a board at the foot of the glass; four lines are a keypad, one is a line of buttons."""
    if not board:
        return ()
    gap = device.px(device.keys.gap)
    height = device.px(device.keys.keypad if len(board) > 1 else device.keys.buttons)
    top, tall = device.height - height, (height - gap) // len(board)
    placed: dict[str, Rect] = {}
    for line, keys in enumerate(board):
        wide = (device.width - gap) // len(keys)
        for column, key in enumerate(keys):
            if key in placed:
                placed[key] = placed[key]._replace(w=placed[key].w + wide)
            elif key:
                placed[key] = Rect(gap + column * wide, top + gap + line * tall, wide - gap, tall - gap)
    return tuple(KeyBox(key, rect) for key, rect in placed.items())


def keys_top(device: DeviceClass, keys: Keys) -> int:
    """Where the keys begin; the bottom of the glass when there are none."""
    return min((box.rect.y for box in keys), default=device.height) - (device.px(device.keys.gap) if keys else 0)


def pad(device: DeviceClass, body: Rect) -> Rect:
    """The signature pad: as wide as the body, in the proportions of the printed picture."""
    wide, tall = PAD_SHAPE
    height = min(body.h, body.w * tall // wide)
    width = height * wide // tall
    return Rect(body.x + (body.w - width) // 2, body.y + (body.h - height) // 2, width, height)
