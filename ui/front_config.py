"""What a front is told at its start. Law: an unknown setting, or one that nothing can be made of, is refused by name.

| setting        | means                                                                                       |
|----------------|---------------------------------------------------------------------------------------------|
| device_class   | a name of ui/layouts, or the path of a layout file                                          |
| display        | fb:PATH, window, kms or none                                                                |
| rotation       | 0, 90, 180 or 270 degrees that the picture is turned clockwise on the panel                  |
| backlight      | "" (blanked by the panel), auto, or a name in /sys/class/backlight                           |
| console        | the virtual terminal on the same panel, e.g. /dev/tty1, or ""                                |
| keypad, touch, scanner | evdev:PATH, evdev:NAME or evdev:@ROLE (udev's YUANLU_ROLE), or ""; keypads with ; |
| calibration    | of the touch panel: six numbers as udev's LIBINPUT_CALIBRATION_MATRIX                        |
| buzzer         | evdev:NAME, pwm:FOLDER, mixer or ""                                                         |
| voice          | espeak or "": what reads aloud when the merchant has chosen that                             |
| glass          | where the vault tells the pad on which a cardholder types; a device without keypad only      |
| dim_seconds, dark_seconds | until the light goes down, and out; 0 is never                                     |
"""

from __future__ import annotations

from pathlib import Path

import msgspec


class ConfigRefused(ValueError):
    """A setting is not understood; says which."""


class FrontConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See the table above."""

    socket: str = "/run/yuanlu/front.sock"
    device_class: str = "touch-480x800"
    display: str = "none"
    rotation: int = 0
    backlight: str = ""
    console: str = ""
    keypad: str = ""
    keymap: str = ""
    touch: str = ""
    calibration: str = ""
    scanner: str = ""
    buzzer: str = ""
    voice: str = ""
    glass: str = ""
    dim_seconds: float = 60.0
    dark_seconds: float = 600.0
    name: str = "panel"
    language: str = "zh_CN"

    def __post_init__(self) -> None:
        if self.glass and (self.keypad or not self.touch):
            raise ValueError("glass: where PINs are typed on glass there is a touch panel and no keypad")
        if min(self.dim_seconds, self.dark_seconds) < 0:
            raise ValueError("dim_seconds and dark_seconds are 0 or more")


def configured(file: Path | None, options: dict[str, str | None]) -> FrontConfig:
    """The settings of the file, overruled by the options that were given. Raises ConfigRefused."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = msgspec.toml.decode(file.read_bytes()) if file else {}
        return msgspec.convert(settings | given, FrontConfig, strict=False)
    except (OSError, msgspec.MsgspecError) as reason:
        raise ConfigRefused(f"{file or 'options'}: {reason}") from reason


def evdev_place(value: str, setting: str) -> str:
    """The path, name or role of an evdev setting. Raises ConfigRefused."""
    kind, _, where = value.strip().partition(":")
    if kind != "evdev" or not where:
        raise ConfigRefused(f"{setting} {value!r}: it is evdev:PATH, evdev:NAME or evdev:@ROLE")
    return where
