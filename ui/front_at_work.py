"""A front at work: it shows what the core says and reports what hands do. Law: it knows nothing of the business.

| comes from        | goes to                                                                           |
|-------------------|-----------------------------------------------------------------------------------|
| a Shown           | the painter, then the Display port                                                |
| a PinPad          | first keypad and touch panel are let go: they are the vault's until another screen |
| a face            | the cells of the vault's pad on glass; it says when they can be seen              |
| a key             | the core, as it is                                                                |
| a finger          | a drawn key, or a stroke of the signature                                         |
| a scanned code    | the core, as it is; nothing while the hands are the vault's                        |
| the core is away  | a waiting page; keys are dropped, never kept for a later page                     |

It begins without keypad and touch panel: until the first screen is there, a PIN may be under way.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from terminal.events import CodeScanned, Event, FrontAttached, KeyPressed
from terminal.front_link import CoreLink
from terminal.pad_link import Cell, Face, Pad, VaultLink
from terminal.ports import Display, Keypad
from terminal.screens import PinPad, Progress, Say, Shown
from ui.layout import DeviceClass, pin_cells
from ui.painter import Painter

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds between attempts to reach the core, or the vault
WINDOW_PULSE = 1 / 50  # seconds; a desktop window has no file to wait on


class Touch(Protocol):
    """A touch panel: the next point in pixels, and whether it is down."""

    async def touched(self) -> tuple[int, int, bool]: ...


class Scanner(Protocol):
    """A bar code scanner: the next code. Nothing that may hold a card number is one."""

    async def scanned(self) -> CodeScanned: ...


class Hand(Protocol):
    """A keypad or a touch panel that the vault can have."""

    def let_go(self) -> None: ...

    def take(self) -> None: ...


class Blank:
    """A Display port that shows nothing: a dry run."""

    def show(self, pixels: bytes, width: int, height: int) -> None:
        return None


class Front:
    """One front: a painter, a display, and the hands on it."""

    def __init__(
        self, me: FrontAttached, display: Display, painter: Painter, hands: Iterable[Hand] = (), language: str = "zh_CN"
    ) -> None:
        self._me, self._display, self._painter, self._language = me, display, painter, language
        self._hands = tuple(hands)
        self._link: CoreLink | None = None
        self._shown: Shown | None = None
        self._seen: tuple[Shown, tuple[str, ...]] | None = None
        self._path: list[tuple[int, int]] = []
        self._face = Face()
        self._tell_drawn: Callable[[Face], None] = _nobody
        for hand in self._hands:
            hand.let_go()

    async def follow(self, socket: Path) -> None:
        """Show what the core shows, for ever; while it is away, say so."""
        loop = asyncio.get_running_loop()
        pause, away_since = FIRST_PAUSE, loop.time()
        while True:
            with contextlib.suppress(OSError, msgspec.DecodeError):
                async with CoreLink.attach(socket, self._me) as link:
                    self._link = link
                    async for shown in link.screens():
                        self.show(shown)
                        pause, away_since = FIRST_PAUSE, 0.0
            self._link = None
            away_since = away_since or loop.time()
            self.show(self._away(int(loop.time() - away_since)))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def show(self, shown: Shown) -> None:
        """Let go of the hands or take them, then paint and display, unless it is there already."""
        self._shown = shown
        for hand in self._hands:
            if self._is_secret:
                hand.let_go()
            else:
                hand.take()
        self._refresh()

    def turn(self, face: Face, drawn: Callable[[Face], None]) -> None:
        """The vault's pad has this face from now on; `drawn` hears when it can be seen."""
        self._face, self._tell_drawn = face, drawn
        self._refresh()

    def report(self, event: Event) -> None:
        """Tell the core; dropped while it is away, and while the hands are the vault's."""
        if self._link is not None and not self._is_secret:
            self._link.report(event)

    def point(self, x: int, y: int, is_down: bool) -> None:
        """One point of a finger. Its lifting makes a key or a stroke of what was drawn."""
        if self._shown is None or self._link is None or self._is_secret:
            self._path.clear()
            return
        if is_down:
            self._path.append((x, y))
            if self._painter.stroke(self._shown, self._path[:1]):
                self._display_now(self._painter.trace(self._shown, self._path))
                self._seen = None
            return
        path, self._path = self._path, []
        if path:
            self._lifted(self._shown, path)

    def _lifted(self, shown: Shown, path: list[tuple[int, int]]) -> None:
        if stroke := self._painter.stroke(shown, path):
            self.report(stroke)
        elif (key := self._painter.hit(shown, *path[0])) and key == self._painter.hit(shown, *path[-1]):
            self.report(KeyPressed(key))

    @property
    def _is_secret(self) -> bool:
        return self._shown is None or isinstance(self._shown.screen, PinPad)

    def _refresh(self) -> None:
        if self._shown is None:
            return
        labels = self._face.labels if self._is_secret else ()
        if (self._shown, labels) != self._seen:
            self._display_now(self._painter.paint(self._shown, labels))
            self._seen = self._shown, labels
        if labels:
            tell, self._tell_drawn = self._tell_drawn, _nobody
            tell(self._face)

    def _display_now(self, surface: Any) -> None:
        self._display.show(surface.get_buffer().raw, surface.get_width(), surface.get_height())

    def _away(self, seconds: int) -> Shown:
        stage, more = Say("front.waiting"), Say("front.waiting.more")
        language = self._shown.language if self._shown else self._language
        return Shown(Progress(Say("front.title"), stage, seconds, lines=(more,)), language=language)


def _nobody(face: Face) -> None:
    """Nobody waits to hear that it is drawn."""


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
        front.turn(Face(), _nobody)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def forward_keys(front: Front, keypad: Keypad) -> None:
    """Every key to the core."""
    while True:
        front.report(await keypad.pressed())


async def forward_codes(front: Front, scanner: Scanner) -> None:
    """Every code to the core."""
    while True:
        front.report(await scanner.scanned())


async def forward_touches(front: Front, touch: Touch) -> None:
    """Every point to the front."""
    while True:
        front.point(*await touch.touched())


async def forward_window(front: Front, reported: Callable[[], list[Any]]) -> None:
    """Keys and mouse of a desktop window, until it is closed."""
    while True:
        for happened in reported():
            if happened is None:
                return
            if isinstance(happened, KeyPressed):
                front.report(happened)
            else:
                front.point(*happened)
        await asyncio.sleep(WINDOW_PULSE)
