"""`yuanlu-front`: shows what the core says and reports what hands do. Law: it knows nothing of the business.

| comes from        | goes to                                                        |
|-------------------|----------------------------------------------------------------|
| a Shown           | the painter, then the Display port                             |
| a key             | the core, as it is                                             |
| a finger          | a drawn key, or a stroke of the signature                      |
| the core is away  | a waiting page; keys are dropped, never kept for a later page  |
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import click
import msgspec

from drivers.service import ALIVE, READY, STOPPING, notify, watchdog_interval
from terminal.events import Event, FrontAttached, KeyPressed
from terminal.front_link import CoreLink
from terminal.ports import DeviceError, Display, Keypad
from terminal.screens import Progress, Say, Shown
from ui.layout import DeviceClassUnknown
from ui.painter import Painter
from ui.theme import FontMissing

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds between attempts to reach the core
WINDOW_PULSE = 1 / 50  # seconds; a desktop window has no file to wait on


class FrontConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a front is told at its start. `keypad` and `touch` are "evdev:" with a path or a part of a name, or ""."""

    socket: str = "/run/yuanlu/front.sock"
    device_class: str = "touch-480x800"
    display: str = "none"
    keypad: str = ""
    keymap: str = ""
    touch: str = ""
    name: str = "panel"
    language: str = "zh_CN"


class ConfigRefused(ValueError):
    """A setting is not understood; says which."""


class Touch(Protocol):
    """A touch panel: the next point in pixels, and whether it is down."""

    async def touched(self) -> tuple[int, int, bool]: ...


class Blank:
    """A Display port that shows nothing: a dry run."""

    def show(self, pixels: bytes, width: int, height: int) -> None:
        return None


class Front:
    """One front: a painter, a display, and the hands on it."""

    def __init__(self, config: FrontConfig, display: Display, painter: Painter, *, has_glass: bool = False) -> None:
        self._config, self._display, self._painter = config, display, painter
        self._me = FrontAttached(config.name, has_glass)
        self._link: CoreLink | None = None
        self._shown: Shown | None = None
        self._seen: Shown | None = None
        self._path: list[tuple[int, int]] = []

    async def follow(self) -> None:
        """Show what the core shows, for ever; while it is away, say so."""
        loop = asyncio.get_running_loop()
        pause, away_since = FIRST_PAUSE, loop.time()
        while True:
            with contextlib.suppress(OSError, msgspec.DecodeError):
                async with CoreLink.attach(Path(self._config.socket), self._me) as link:
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
        """Paint and display, unless it is there already."""
        self._shown = shown
        if shown == self._seen:
            return
        self._display_now(self._painter.paint(shown))
        self._seen = shown

    def report(self, event: Event) -> None:
        """Tell the core; dropped while it is away, for the page it was meant for is gone."""
        if self._link is not None:
            self._link.report(event)

    def point(self, x: int, y: int, is_down: bool) -> None:
        """One point of a finger. Its lifting makes a key or a stroke of what was drawn."""
        if self._shown is None or self._link is None:
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

    def _display_now(self, surface: Any) -> None:
        self._display.show(surface.get_buffer().raw, surface.get_width(), surface.get_height())

    def _away(self, seconds: int) -> Shown:
        stage, more = Say("front.waiting"), Say("front.waiting.more")
        language = self._shown.language if self._shown else self._config.language
        return Shown(Progress(Say("front.title"), stage, seconds, lines=(more,)), language=language)


async def forward_keys(front: Front, keypad: Keypad) -> None:
    """Every key to the core."""
    while True:
        front.report(await keypad.pressed())


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


async def stay_alive() -> None:
    """Tell the supervisor that the loop still turns, if it watches."""
    interval = watchdog_interval()
    while interval is not None:
        notify(ALIVE)
        await asyncio.sleep(interval)
    await asyncio.Event().wait()


async def serve(config: FrontConfig) -> None:
    """Plug the drivers in and run until SIGTERM, SIGINT or the window's end."""
    with contextlib.ExitStack() as opened:
        painter = Painter(config.device_class)
        display, reported = _display(config, opened)
        has_glass = painter.device.is_touch and bool(config.touch or reported)
        front = Front(config, display, painter, has_glass=has_glass)
        works: list[Awaitable[None]] = [front.follow(), stay_alive()]
        if reported is not None:
            works.append(forward_window(front, reported))
        if config.keypad:
            works.append(forward_keys(front, _keypad(config, opened)))
        if config.touch:
            works.append(forward_touches(front, _touch(config, painter, opened)))
        await _until_told(works)


async def _until_told(works: list[Awaitable[None]]) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    tasks = [asyncio.ensure_future(work) for work in (told.wait(), *works)]
    notify(READY)
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        notify(STOPPING)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _display(config: FrontConfig, opened: contextlib.ExitStack) -> tuple[Display, Callable[[], list[Any]] | None]:
    from drivers.panel import FramebufferPanel, WindowPanel

    kind, _, where = config.display.partition(":")
    if kind == "fb" and where:
        return opened.enter_context(FramebufferPanel(Path(where))), None
    if config.display == "window":
        window = opened.enter_context(WindowPanel(config.name))
        return window, window.reported
    if config.display == "none":
        return Blank(), None
    raise ConfigRefused(f"display {config.display!r}: it is fb:PATH, window or none")


def _keypad(config: FrontConfig, opened: contextlib.ExitStack) -> Keypad:
    from drivers.keypad import DEFAULT_KEYMAP, EvdevKeypad, load_keymap

    keymap = load_keymap(Path(config.keymap) if config.keymap else DEFAULT_KEYMAP)
    return opened.enter_context(EvdevKeypad(_evdev(config.keypad, "keypad"), keymap))


def _touch(config: FrontConfig, painter: Painter, opened: contextlib.ExitStack) -> Touch:
    from drivers.touch import EvdevTouch

    device = painter.device
    return opened.enter_context(EvdevTouch(_evdev(config.touch, "touch"), device.width, device.height))


def _evdev(value: str, setting: str) -> str:
    kind, _, where = value.partition(":")
    if kind != "evdev" or not where:
        raise ConfigRefused(f"{setting} {value!r}: it is evdev:PATH or evdev:NAME")
    return where


def configured(file: Path | None, options: dict[str, str | None]) -> FrontConfig:
    """The settings of the file, overruled by the options that were given. Raises ConfigRefused."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = msgspec.toml.decode(file.read_bytes()) if file else {}
        return msgspec.convert(settings | given, FrontConfig)
    except (OSError, msgspec.MsgspecError) as reason:
        raise ConfigRefused(f"{file or 'options'}: {reason}") from reason


@click.command(name="yuanlu-front")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="a TOML file with these settings")
@click.option("--socket", help="where the core listens")
@click.option("--device-class", help="touch-480x800 or keypad-320x240")
@click.option("--display", help="fb:/dev/fb0, window or none")
@click.option("--keypad", help="evdev:PATH or evdev:NAME")
@click.option("--keymap", help="a TOML file: Linux key names to keys of the terminal")
@click.option("--touch", help="evdev:PATH or evdev:NAME")
@click.option("--name", help="what the core calls this front")
@click.option("--language", help="the language while the core has not spoken yet")
def main(config: Path | None, **options: str | None) -> None:
    """The screen and the keys of the terminal."""
    try:
        asyncio.run(serve(configured(config, options)))
    except (ConfigRefused, DeviceError, DeviceClassUnknown, FontMissing) as reason:
        raise click.ClickException(str(reason)) from reason


if __name__ == "__main__":
    main()
