"""What hands, scanner, window and vault do, carried to the front. Law: each for ever, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from terminal.events import CodeScanned, KeyPressed
from terminal.pad_link import Cell, Face, Pad, VaultLink
from ui.device_class import DeviceClass
from ui.front_at_work import FIRST_PAUSE, LONGEST_PAUSE, Front
from ui.layout import pin_cells

WINDOW_PULSE = 1 / 50  # seconds; a desktop window has no file to wait on
TEND_PULSE = 0.5  # seconds between looks at what changes by itself: a long page, the light


class Key(Protocol):
    @property
    def key(self) -> str: ...


class Point(Protocol):
    """Where a finger is, in pixels of the picture; `pressure` None where the panel has none."""

    @property
    def x(self) -> int: ...
    @property
    def y(self) -> int: ...
    @property
    def is_down(self) -> bool: ...
    @property
    def pressure(self) -> int | None: ...


class Keys(Protocol):
    """A keypad: the next key, the front's own among them, by its name in drivers/keymap.py."""

    async def happened(self) -> Key: ...


class Touch(Protocol):
    """A touch panel: the next point."""

    async def touched(self) -> Point: ...


class Scanner(Protocol):
    """A bar code scanner: the next code. Nothing that may hold a card number is one."""

    async def scanned(self) -> CodeScanned: ...


def vault_pad(device: DeviceClass) -> Pad:
    """The cells of the vault's pad on this glass."""
    return Pad(device.width, device.height, tuple(Cell(box.key, *box.rect) for box in pin_cells(device)))


async def follow_vault(front: Front, socket: Path, pad: Pad) -> None:
    """Show the faces of the vault's pad, for ever; while it is away there is none."""
    pause = FIRST_PAUSE
    while True:
        with contextlib.suppress(OSError, ValueError):
            async with VaultLink.attach(socket, pad) as link:
                async for face in link.faces():
                    front.turn(face, link.drawn)
                    pause = FIRST_PAUSE
        front.turn(Face())
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def forward_keys(front: Front, keypad: Keys) -> None:
    """Every key to the front, which reports it or scrolls by it."""
    while True:
        front.press((await keypad.happened()).key)


async def forward_codes(front: Front, scanner: Scanner) -> None:
    """Every code to the core."""
    while True:
        front.report(await scanner.scanned())


async def forward_touches(front: Front, touch: Touch) -> None:
    """Every point to the front."""
    while True:
        point = await touch.touched()
        front.point(point.x, point.y, point.is_down, point.pressure)


async def forward_window(front: Front, reported: Callable[[], list[Any]]) -> None:
    """Keys and mouse of a desktop window, until it is closed."""
    while True:
        for happened in reported():
            if happened is None:
                return
            if isinstance(happened, KeyPressed):
                front.press(happened.key)
            else:
                front.point(*happened)
        await asyncio.sleep(WINDOW_PULSE)


async def tend(front: Front) -> None:
    """What changes without anybody: a page that is longer than the glass, the light."""
    while True:
        await asyncio.sleep(TEND_PULSE)
        front.tend(TEND_PULSE)
