"""`yuanlu-front`: screen and hands of the terminal, plugged in. Law: what a setting cannot mean stops it, and says so.

What it does then is in ui/front_at_work.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from drivers.service import ALIVE, READY, STOPPING, notify, watchdog_interval
from terminal.events import FrontAttached
from terminal.ports import DeviceError, Display
from ui.front_at_work import (
    Blank,
    Front,
    Hand,
    follow_vault,
    forward_codes,
    forward_keys,
    forward_touches,
    forward_window,
    vault_pad,
)
from ui.layout import DeviceClassUnknown
from ui.painter import Painter
from ui.theme import FontMissing

if TYPE_CHECKING:
    from drivers.keypad import EvdevKeypad
    from drivers.scanner import EvdevScanner
    from drivers.touch import EvdevTouch


class FrontConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a front is told at its start. `keypad`, `touch`, `scanner`: "evdev:" and a path or a part of a name, or "".

    `glass` is where the vault tells the pad on which a cardholder types, on a device without keypad; or "".
    """

    socket: str = "/run/yuanlu/front.sock"
    device_class: str = "touch-480x800"
    display: str = "none"
    keypad: str = ""
    keymap: str = ""
    touch: str = ""
    scanner: str = ""
    glass: str = ""
    name: str = "panel"
    language: str = "zh_CN"

    def __post_init__(self) -> None:
        if self.glass and (self.keypad or not self.touch):
            raise ValueError("glass: where PINs are typed on glass there is a touch panel and no keypad")


BAD_CONFIGURATION = 78  # EX_CONFIG of sysexits.h: systemd does not restart on it


class ConfigRefused(ValueError):
    """A setting is not understood; says which."""


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
        painter = Painter(config.device_class, has_pad=bool(config.glass))
        display, reported = _display(config, opened)
        keypad = _keypad(config, opened) if config.keypad else None
        touch = _touch(config, painter, opened) if config.touch else None
        hands: list[Hand] = [hand for hand in (keypad, touch) if hand is not None]
        me = FrontAttached(config.name, painter.device.is_touch and bool(touch or reported))
        front = Front(me, display, painter, hands, config.language)
        works: list[Awaitable[None]] = [front.follow(Path(config.socket)), stay_alive()]
        if reported is not None:
            works.append(forward_window(front, reported))
        if keypad is not None:
            works.append(forward_keys(front, keypad))
        if config.scanner:
            works.append(forward_codes(front, _scanner(config, opened)))
        if touch is not None:
            works.append(forward_touches(front, touch))
        if config.glass:
            works.append(follow_vault(front, Path(config.glass), vault_pad(painter.device)))
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


def _keypad(config: FrontConfig, opened: contextlib.ExitStack) -> EvdevKeypad:
    from drivers.keypad import DEFAULT_KEYMAP, EvdevKeypad, load_keymap

    keymap = load_keymap(Path(config.keymap) if config.keymap else DEFAULT_KEYMAP)
    return opened.enter_context(EvdevKeypad(_evdev(config.keypad, "keypad"), keymap))


def _touch(config: FrontConfig, painter: Painter, opened: contextlib.ExitStack) -> EvdevTouch:
    from drivers.touch import EvdevTouch

    device = painter.device
    return opened.enter_context(EvdevTouch(_evdev(config.touch, "touch"), device.width, device.height))


def _scanner(config: FrontConfig, opened: contextlib.ExitStack) -> EvdevScanner:
    from drivers.scanner import EvdevScanner

    return opened.enter_context(EvdevScanner(_evdev(config.scanner, "scanner")))


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
@click.option("--scanner", help="evdev:PATH or evdev:NAME of a bar code scanner that types")
@click.option("--glass", help="where the vault tells the pad on glass; without a keypad only")
@click.option("--name", help="what the core calls this front")
@click.option("--language", help="the language while the core has not spoken yet")
def main(config: Path | None, **options: str | None) -> None:
    """The screen and the keys of the terminal."""
    try:
        asyncio.run(serve(configured(config, options)))
    except (ConfigRefused, DeviceError, DeviceClassUnknown, FontMissing) as reason:
        click.echo(f"yuanlu-front: {reason}", err=True)
        raise SystemExit(BAD_CONFIGURATION) from None


if __name__ == "__main__":
    main()
