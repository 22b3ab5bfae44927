"""The keypad over evdev. Law: one press, one key; while this process holds it, nobody else sees its keys.

| event                     | becomes                                             |
|---------------------------|-----------------------------------------------------|
| EV_KEY, known code, down  | KeyPressed                                          |
| EV_KEY, known code, held  | KeyPressed for up, down and clear; nothing for others |
| the same, down from before it was opened | nothing                              |
| EV_KEY, unknown code      | nothing                                             |
| device vanishes           | waited for until it is there again                  |
| let go                    | closed: what comes now is another's, or nobody's    |
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
UP, DOWN, HELD = 0, 1, 2
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


class Presses:
    """The keys of a device from the moment it was opened: one that was down before counts when it goes down again."""

    def __init__(self, keymap: Mapping[int, str]) -> None:
        self._keymap = keymap
        self._down: set[int] = set()

    def on(self, kind: int, code: int, value: int) -> str | None:
        """The key that the next input event means, or None."""
        if kind == EV_KEY and value == DOWN:
            self._down.add(code)
        elif kind == EV_KEY and value == UP:
            self._down.discard(code)
        return key_of(kind, code, value, self._keymap) if code in self._down else None


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
        self._keymap, self._grab, self._presses = keymap, grab, Presses(keymap)
        self._device = InputDevice(path_or_name, self._prepare, opener, reopen_after)

    def __enter__(self) -> EvdevKeypad:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._device.close()

    async def pressed(self) -> KeyPressed:
        """The next key; a keypad that is away, or let go, is waited for."""
        while True:
            event = await self._device.event()
            if key := self._presses.on(event.type, event.code, event.value):
                return KeyPressed(key)

    def let_go(self) -> None:
        """The vault may have it, at once; keys pressed from now on are not ours."""
        self._device.let_go()

    def take(self) -> None:
        """It is ours again."""
        self._device.take()

    def _prepare(self, source: Source) -> None:
        self._presses = Presses(self._keymap)
        if self._grab:
            source.grab()
