"""Which key of a device is which key of the terminal, from TOML files. Law: a keymap that cannot be meant is refused.

| in a keymap file                | is                                                                              |
|---------------------------------|---------------------------------------------------------------------------------|
| KEY_ENTER = "enter"             | a Linux name (linux/input-event-codes.h), and a key of terminal/events.py        |
| KEY_POWER = "power"             | the same; a key of the front's own, of which the core never hears                |
| [match]                         | which devices it is for; without this table it is for whatever no other is for   |
| name = "Numeric Keypad"         | words that the device's name holds                                              |
| vendor = "1a86"                 | its maker, four hexadecimal digits as lsusb has them                             |
| product = "e129"                | its model, the same                                                              |

A folder of such files serves several models: of those that match, the one that says most of the device, then the first
by its file's name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from drivers.input_device import Identity
from terminal.events import KEYS
from terminal.ports import DeviceError

DEFAULT_KEYMAP = Path(__file__).parent / "keymaps" / "default.toml"
FRONT_KEYS = ("power",)  # the front's own: the screen off and on
FACTS = ("name", "vendor", "product")
HEX = re.compile(r"[0-9a-fA-F]{4}")


class KeymapRefused(DeviceError):
    """A keymap file names a key that does not exist; says file, line and reason."""


@dataclass(frozen=True)
class Keymap:
    """One file. `codes` are the terminal's keys, `front` the front's own, `match` what [match] wants."""

    codes: Mapping[int, str]
    front: Mapping[int, str] = field(default_factory=dict)
    match: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def keys(self) -> dict[int, str]:
        """All of them."""
        return {**self.codes, **self.front}

    def fits(self, device: Identity) -> bool:
        """Whether all that [match] wants is so."""
        return all(
            wanted.casefold() in device.name.casefold() if fact == "name" else int(wanted, 16) == getattr(device, fact)
            for fact, wanted in self.match.items()
        )


@dataclass(frozen=True)
class Keymaps:
    """Those of several models, and the one for all others."""

    models: tuple[Keymap, ...]
    other: Keymap

    def of(self, device: Identity) -> Keymap:
        """The keymap of a device."""
        return max((one for one in self.models if one.fits(device)), key=lambda one: len(one.match), default=self.other)


def load_keymap(path: Path = DEFAULT_KEYMAP) -> dict[int, str]:
    """Codes to keys of the terminal, whatever [match] wants. Raises KeymapRefused."""
    return dict(_read(path).codes)


def load_keymaps(place: Path = DEFAULT_KEYMAP.parent) -> Keymaps:
    """A file, or all *.toml of a folder. Raises KeymapRefused."""
    if not place.is_dir():
        return Keymaps((), _read(place))
    read = {path: _read(path) for path in sorted(place.glob("*.toml"))}
    others = [path for path, keymap in read.items() if not keymap.match]
    if len(others) > 1:
        raise KeymapRefused(f"{others[1]}: {others[0].name} is already for all that no [match] is for")
    other = read[others[0]] if others else _read(DEFAULT_KEYMAP)
    return Keymaps(tuple(keymap for keymap in read.values() if keymap.match), other)


def _read(path: Path) -> Keymap:
    from evdev import ecodes

    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as reason:
        raise KeymapRefused(f"{path}: {reason}") from reason
    match = _match(table.pop("match", {}), path, text)
    codes: dict[int, str] = {}
    for name, key in table.items():
        if name not in ecodes.ecodes or not name.startswith(("KEY_", "BTN_")):
            raise KeymapRefused(f"{path}:{_line_of(text, name)}: {name} is not a key of Linux input")
        if key not in (*KEYS, *FRONT_KEYS):
            known = ", ".join((*KEYS, *FRONT_KEYS))
            raise KeymapRefused(f"{path}:{_line_of(text, name)}: {key!r} is not one of {known}")
        codes[ecodes.ecodes[name]] = key
    front = {code: key for code, key in codes.items() if key in FRONT_KEYS}
    return Keymap({code: key for code, key in codes.items() if code not in front}, front, match)


def _match(wanted: Any, path: Path, text: str) -> dict[str, str]:
    """
    >>> _match({"vendor": "1A86"}, Path("pad.toml"), "")
    {'vendor': '1A86'}
    """
    if not isinstance(wanted, dict):
        raise KeymapRefused(f"{path}:{_line_of(text, 'match')}: match is a table")
    for fact, value in wanted.items():
        if fact not in FACTS:
            raise KeymapRefused(f"{path}:{_line_of(text, fact)}: {fact} is not one of {', '.join(FACTS)}")
        if not isinstance(value, str) or not (HEX.fullmatch(value) if fact != "name" else value.strip()):
            needed = "words of the device's name" if fact == "name" else "four hexadecimal digits"
            raise KeymapRefused(f"{path}:{_line_of(text, fact)}: {fact} needs {needed}")
    return dict(wanted)


def _line_of(text: str, name: str) -> int:
    found = re.search(rf"(?m)^\s*[\"']?{re.escape(name)}\b", text)
    return text.count("\n", 0, found.end()) + 1 if found else 1
