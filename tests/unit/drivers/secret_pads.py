"""Every SecretKeypad there is, each with the hand that presses its keys: what the contract tests are run on."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from drivers.secret_glass import EvdevSecretGlass
from drivers.secret_keypad import EvdevSecretKeypad
from simulator.secret_keypad import KeyWire, QueueSecretKeypad, SocketSecretKeypad
from terminal.pad_link import Cell, Chance, Pad, PadLink, VaultLink
from terminal.ports import SecretKeypad
from tests.unit.drivers.fake_kernel import DOWN, EV_ABS, EV_KEY, SYN, UP, Kernel

BTN_TOUCH, ABS_X, ABS_Y = 0x14A, 0, 1
CODES = {"cancel": 1, **{str(digit): 2 + (digit - 1) % 10 for digit in range(10)}, "clear": 14, "enter": 28, "up": 103}
KEYMAP = {code: key for key, code in CODES.items()}
PIN_KEYS = ("1", "2", "3", "cancel", "4", "5", "6", "clear", "7", "8", "9", "func", "0", "enter")
PAD = Pad(
    480,
    800,
    tuple(Cell(key, 120 * (at % 4), 400 + 100 * (at // 4), 110, 90) for at, key in enumerate(PIN_KEYS)),
)


class Hand:
    """A SecretKeypad and what a test does to it."""

    pad: SecretKeypad

    async def press(self, key: str) -> None: ...

    @contextlib.asynccontextmanager
    async def held_elsewhere(self) -> AsyncIterator[None]:
        """Another holds it."""
        yield


class EvdevHand(Hand):
    """A keypad of the kernel."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.pad = EvdevSecretKeypad("keypad", KEYMAP, opener=self.kernel.open)

    async def press(self, key: str) -> None:
        self.kernel.press(CODES[key])

    @contextlib.asynccontextmanager
    async def held_elsewhere(self) -> AsyncIterator[None]:
        other = self.kernel.open("keypad")
        other.grab()
        yield
        other.close()


class GlassHand(Hand):
    """A touch panel of the kernel, and a front that shows what the vault says."""

    def __init__(self, path: Path, chance: Chance | None) -> None:
        self.kernel = Kernel({ABS_X: (0, 959), ABS_Y: (0, 1599)})  # finer than the picture
        self.path, self.link = path, PadLink()
        self.pad = EvdevSecretGlass("panel", self.link, chance, opener=self.kernel.open)
        self.labels: tuple[str, ...] = ()
        self.faces: list[tuple[str, ...]] = []
        self.is_drawing, self.draw_after = True, 0.0

    async def show(self, pad: Pad = PAD) -> None:
        """The front: it draws what it hears."""
        async with VaultLink.attach(self.path, pad) as link:
            async for face in link.faces():
                self.labels = face.labels
                self.faces.append(face.labels)
                await asyncio.sleep(self.draw_after)
                if face.labels and self.is_drawing:
                    link.drawn(face)

    async def press(self, key: str) -> None:
        """A tap on the cell that shows the key; where nothing is shown, on the place it had."""
        labels = self.labels or (self.faces[-2] if len(self.faces) > 1 else PIN_KEYS)
        cell = PAD.cells[labels.index(key)]
        self.tap(cell.x + cell.w // 2, cell.y + cell.h // 2)

    def tap(self, x: int, y: int) -> None:
        self.touch(x, y)
        self.kernel.events((EV_KEY, BTN_TOUCH, UP), SYN)

    def touch(self, x: int, y: int) -> None:
        self.kernel.events((EV_ABS, ABS_X, 2 * x), (EV_ABS, ABS_Y, 2 * y), (EV_KEY, BTN_TOUCH, DOWN), SYN)

    @contextlib.asynccontextmanager
    async def held_elsewhere(self) -> AsyncIterator[None]:
        other = self.kernel.open("panel")
        other.grab()
        yield
        other.close()


class QueueHand(Hand):
    """Keys of the same process."""

    def __init__(self) -> None:
        self.queue = self.pad = QueueSecretKeypad()

    async def press(self, key: str) -> None:
        self.queue.press(key)

    @contextlib.asynccontextmanager
    async def held_elsewhere(self) -> AsyncIterator[None]:
        async with self.pad.held():
            yield


class SocketHand(Hand):
    """Keys of another process."""

    def __init__(self, path: Path) -> None:
        self.path, self.pad, self.wire = path, SocketSecretKeypad(path), KeyWire(path)

    async def press(self, key: str) -> None:
        await self.wire.press(key)

    @contextlib.asynccontextmanager
    async def held_elsewhere(self) -> AsyncIterator[None]:
        async with SocketSecretKeypad(self.path).held():
            yield


def no_chance(below: int) -> int:
    """A shuffle that a test can foresee: it turns the digits by one place."""
    return 0


@contextlib.asynccontextmanager
async def glass(path: Path, chance: Chance | None = None, *, has_front: bool = True) -> AsyncIterator[GlassHand]:
    hand = GlassHand(path, chance)
    await hand.link.listen(path, {os.getuid()})
    showing = asyncio.ensure_future(hand.show()) if has_front else None
    try:
        yield hand
    finally:
        if showing is not None:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
        await hand.link.close()


@contextlib.asynccontextmanager
async def hand_on(kind: str, folder: Path) -> AsyncIterator[Hand]:
    match kind:
        case "evdev":
            yield EvdevHand()
        case "glass" | "shuffled glass":
            async with glass(folder / "glass.sock", None if kind == "glass" else no_chance) as hand:
                yield hand
        case "queue":
            yield QueueHand()
        case "socket":
            yield SocketHand(folder / "keys.sock")


KINDS = ("evdev", "glass", "shuffled glass", "queue", "socket")
