"""`yuanlu-front`: screen and hands of the terminal, plugged in. Law: what a setting cannot mean stops it, and says so.

What it does then is in ui/front_at_work.py; what it can be told in ui/front_config.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drivers.service import ALIVE, READY, STOPPING, notify, watchdog_interval
from terminal.events import FrontAttached
from terminal.ports import Backlight, Buzzer, DeviceError, Display, Voice
from ui.front_at_work import Front, Hand
from ui.front_config import ConfigRefused, FrontConfig, configured, evdev_place
from ui.front_hands import (
    follow_vault,
    forward_codes,
    forward_keys,
    forward_touches,
    forward_window,
    tend,
    vault_pad,
)
from ui.layout import DeviceClassUnknown, LayoutRefused
from ui.light import Light
from ui.painter import Painter
from ui.senses import Senses
from ui.theme import FontMissing

if TYPE_CHECKING:
    from drivers.keypad import EvdevKeypad
    from drivers.scanner import EvdevScanner
    from drivers.touch import EvdevTouch

BAD_CONFIGURATION = 78  # EX_CONFIG of sysexits.h: systemd does not restart on it

Reported = Callable[[], list[Any]]


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
        front = Front(me, display, painter, hands, config.language, _senses(config, painter, display, opened))
        works: list[Awaitable[None]] = [front.follow(Path(config.socket)), stay_alive(), tend(front)]
        if watch := getattr(display, "watch", None):
            works.append(watch())
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


def _display(config: FrontConfig, opened: contextlib.ExitStack) -> tuple[Display, Reported | None]:
    from drivers.panel import FramebufferPanel, WindowPanel, display

    try:
        panel: Any = opened.enter_context(display(config.display, rotation=config.rotation, title=config.name))
    except ValueError as reason:
        raise ConfigRefused(str(reason)) from None
    if config.console and isinstance(panel, FramebufferPanel):
        from drivers.console import Console

        opened.enter_context(Console(Path(config.console), panel))
    return panel, panel.reported if isinstance(panel, WindowPanel) else None


def _senses(config: FrontConfig, painter: Painter, display: Display, opened: contextlib.ExitStack) -> Senses:
    light = Light(config.dim_seconds, config.dark_seconds, time.monotonic())
    buzzer, voice = _heard(config, opened) if config.buzzer or config.voice else (None, None)
    return Senses(_backlight(config, display, opened), buzzer, voice, light, slides=painter.device.is_touch)


def _heard(config: FrontConfig, opened: contextlib.ExitStack) -> tuple[Buzzer, Voice]:
    """What sounds, on one loudspeaker; not even imported by a device that is silent."""
    from drivers.buzzer import opened_buzzer
    from drivers.speaker import Speaker
    from drivers.voice import opened_voice

    speaker = opened.enter_context(Speaker())
    buzzer = opened.enter_context(opened_buzzer(config.buzzer, speaker))
    return buzzer, opened.enter_context(opened_voice(config.voice, speaker))


def _backlight(config: FrontConfig, display: Any, opened: contextlib.ExitStack) -> Backlight | None:
    """The light that is named; else the panel itself, where it can be blanked."""
    if not config.backlight:
        return display if hasattr(display, "shine") else None
    from drivers.backlight import backlight

    found = backlight(config.backlight)
    return opened.enter_context(found) if found is not None else None


def _keypad(config: FrontConfig, opened: contextlib.ExitStack) -> EvdevKeypad:
    from drivers.keymap import load_keymaps
    from drivers.keypad import EvdevKeypad

    keymaps = load_keymaps(Path(config.keymap)) if config.keymap else load_keymaps()
    places = [evdev_place(value, "keypad") for value in config.keypad.split(";")]
    return opened.enter_context(EvdevKeypad(places, keymaps, stuck=_tell_stuck))


def _tell_stuck(key: str) -> None:
    click.echo(f"yuanlu-front: the key {key} is stuck; it is not heard until it is let go", err=True)


def _touch(config: FrontConfig, painter: Painter, opened: contextlib.ExitStack) -> EvdevTouch:
    from drivers.touch import EvdevTouch, matrix_of

    device, place = painter.device, evdev_place(config.touch, "touch")
    try:
        matrix, rotation = matrix_of(config.calibration), config.rotation
        panel = EvdevTouch(place, device.width, device.height, matrix=matrix, rotation=rotation)
    except ValueError as reason:
        raise ConfigRefused(f"calibration or rotation: {reason}") from None
    return opened.enter_context(panel)


def _scanner(config: FrontConfig, opened: contextlib.ExitStack) -> EvdevScanner:
    from drivers.scanner import EvdevScanner

    return opened.enter_context(EvdevScanner(evdev_place(config.scanner, "scanner")))


@click.command(name="yuanlu-front")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="a TOML file with these settings")
@click.option("--socket", help="where the core listens")
@click.option("--device-class", help="a name of ui/layouts, or the path of a layout file")
@click.option("--display", help="fb:/dev/fb0, window, kms or none")
@click.option("--rotation", help="degrees that the picture is turned clockwise on the panel")
@click.option("--backlight", help="auto, or a name in /sys/class/backlight")
@click.option("--console", help="the virtual terminal on the same panel, such as /dev/tty1")
@click.option("--keypad", help="evdev:PATH, evdev:NAME or evdev:@ROLE; several with ;")
@click.option("--keymap", help="a TOML file or a folder: Linux key names to keys of the terminal")
@click.option("--touch", help="evdev:PATH, evdev:NAME or evdev:@ROLE")
@click.option("--calibration", help="six numbers, as udev's LIBINPUT_CALIBRATION_MATRIX")
@click.option("--scanner", help="evdev:PATH, evdev:NAME or evdev:@ROLE of a bar code scanner that types")
@click.option("--buzzer", help="evdev:NAME, pwm:FOLDER or mixer")
@click.option("--voice", help="espeak: what reads aloud, where that is chosen")
@click.option("--glass", help="where the vault tells the pad on glass; without a keypad only")
@click.option("--dim-seconds", help="without a key until the light goes down; 0 is never")
@click.option("--dark-seconds", help="without a key until the glass is dark; 0 is never")
@click.option("--name", help="what the core calls this front")
@click.option("--language", help="the language while the core has not spoken yet")
def main(config: Path | None, **options: str | None) -> None:
    """The screen and the keys of the terminal."""
    try:
        asyncio.run(serve(configured(config, options)))
    except (ConfigRefused, DeviceError, DeviceClassUnknown, LayoutRefused, FontMissing) as reason:
        click.echo(f"yuanlu-front: {reason}", err=True)
        raise SystemExit(BAD_CONFIGURATION) from None


if __name__ == "__main__":
    main()
