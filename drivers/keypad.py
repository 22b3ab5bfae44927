"""The keypad over evdev. Law: one press, one key; while this process holds it, nobody else sees its keys.

| event                     | becomes                                             |
|---------------------------|-----------------------------------------------------|
| EV_KEY, known code, down  | KeyPressed                                          |
| EV_KEY, known code, held  | KeyPressed for up, down and clear; nothing for others |
| EV_KEY, unknown code      | nothing                                             |
| device vanishes           | waited for until it is there again                  |
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from drivers.input_device import REOPEN_AFTER, InputDevice, Opener, Source, open_evdev
from terminal.events import KEYS, KeyPressed
from terminal.ports import DeviceError

EV_KEY = 0x01  # linux/input-event-codes.h
DOWN, HELD = 1, 2
REPEATS = ("up", "down", "clear")
DEFAULT_KEYMAP = Path(__file__).parent / "keymaps" / "default.toml"


class KeymapRefused(DeviceError):
    """A keymap file names a key that does not exist; says file, line and reason."""


def key_of(kind: int, code: int, value: int, keymap: Mapping[int, str]) -> str | None:
    """The key that one input event means, or None.

    >>> key_of(EV_KEY, 28, DOWN, {28: "enter"})
    'enter'
    >>> key_of(EV_KEY, 28, HELD, {28: "enter"})
    """
    key = keymap.get(code) if kind == EV_KEY else None
    if value == DOWN or (value == HELD and key in REPEATS):
        return key
    return None


def load_keymap(path: Path = DEFAULT_KEYMAP) -> dict[int, str]:
    """Codes to keys. Raises KeymapRefused."""
    from evdev import ecodes

    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as reason:
        raise KeymapRefused(f"{path}: {reason}") from reason
    codes: dict[int, str] = {}
    for name, key in table.items():
        if name not in ecodes.ecodes or not name.startswith(("KEY_", "BTN_")):
            raise KeymapRefused(f"{path}:{_line_of(text, name)}: {name} is not a key of Linux input")
        if key not in KEYS:
            raise KeymapRefused(f"{path}:{_line_of(text, name)}: {key!r} is not one of {', '.join(KEYS)}")
        codes[ecodes.ecodes[name]] = key
    return codes


def _line_of(text: str, name: str) -> int:
    found = re.search(rf"(?m)^\s*[\"']?{re.escape(name)}\b", text)
    return text.count("\n", 0, found.end()) + 1 if found else 1


class EvdevKeypad:
    """A Keypad port. `opener` is for tests: it gets the path or name and returns a Source."""

    def __init__(
        self,
        path_or_name: str,
        keymap: Mapping[int, str],
        grab: bool = True,
        *,
        opener: Opener = open_evdev,
        reopen_after: float = REOPEN_AFTER,
    ) -> None:
        self._keymap, self._grab = keymap, grab
        self._device = InputDevice(path_or_name, self._take, opener, reopen_after)

    def __enter__(self) -> EvdevKeypad:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._device.close()

    async def pressed(self) -> KeyPressed:
        """The next key; a keypad that is away is waited for."""
        while True:
            event = await self._device.event()
            if key := key_of(event.type, event.code, event.value, self._keymap):
                return KeyPressed(key)

    def _take(self, source: Source) -> None:
        if self._grab:
            source.grab()
