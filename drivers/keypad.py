"""The keypad over evdev. Law: one press, one key; while this process holds it, nobody else sees its keys.

| event                     | becomes                                             |
|---------------------------|-----------------------------------------------------|
| EV_KEY, known code, down  | KeyPressed; FrontKey for a key of the front's own   |
| EV_KEY, known code, held  | KeyPressed for up, down and clear; nothing for others |
| the same for STUCK_AFTER  | told once (`stuck`), and nothing until it is let go |
| the same, down from before it was opened | nothing                              |
| EV_KEY, unknown code      | nothing                                             |
| SYN_DROPPED: the kernel lost events | what is down is forgotten, no key is invented |
| device vanishes           | waited for until it is there again; what was down is forgotten |
| let go                    | closed: what comes now is another's, or nobody's    |

Several keyboards are one keypad: each with the keymap of its model (drivers/keymap.py). A scanner or stripe reader that
types (udev's role "scanner" or "other") is never taken for one. A device without any key of the terminal, such as the
case's power button, is heard but not grabbed: systemd-logind sees it too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any

from drivers.input_device import EV_KEY, REOPEN_AFTER, InputDevice, Opener, Source, identity_of, open_evdev
from drivers.keymap import DEFAULT_KEYMAP as DEFAULT_KEYMAP
from drivers.keymap import Keymap, Keymaps
from drivers.keymap import KeymapRefused as KeymapRefused
from drivers.keymap import load_keymap as load_keymap
from drivers.keymap import load_keymaps as load_keymaps
from terminal.events import DIGITS, KEYS, KeyPressed

EV_SYN, SYN_REPORT, SYN_DROPPED = 0x00, 0, 3  # linux/input-event-codes.h
UP, DOWN, HELD = 0, 1, 2
REPEATS = ("up", "down", "clear")
STUCK_AFTER = 10.0  # seconds; nobody scrolls that long
NO_KEYPAD = ("scanner", "other")  # roles (systemd/60-yuanlu-input.rules)

open_keypad = partial(open_evdev, but=NO_KEYPAD)


@dataclass(frozen=True)
class FrontKey:
    """A key that is the front's own, by its name in drivers/keymap.py: FRONT_KEYS."""

    key: str


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

    def __init__(self, keymap: Mapping[int, str], stuck_after: float = STUCK_AFTER) -> None:
        self._keymap, self._stuck_after = keymap, stuck_after
        self._down: dict[int, float] = {}  # since when
        self._stuck: set[int] = set()
        self._is_lost = False

    def on(self, kind: int, code: int, value: int, now: float = 0.0) -> str | None:
        """The key that the next input event means, or None. `now` in seconds; who has none knows no stuck keys."""
        if kind == EV_SYN and code in (SYN_DROPPED, SYN_REPORT):
            self._is_lost = code == SYN_DROPPED  # what comes up to the next report is in pieces
            if self._is_lost:
                self._forget()
        if kind != EV_KEY or self._is_lost:
            return None
        if value == DOWN:
            self._down.setdefault(code, now)
        elif value == UP:
            self._down.pop(code, None)
            self._stuck.discard(code)
        if code not in self._down or code in self._stuck or self._is_stuck(code, now):
            return None
        return key_of(kind, code, value, self._keymap)

    def stuck(self, now: float) -> list[str]:
        """The keys that are stuck and have not been told yet. A digit is told as "digit": it may be of a code."""
        told = [code for code in self._down if code not in self._stuck and self._is_stuck(code, now)]
        self._stuck.update(told)
        keys = [self._keymap[code] for code in told if code in self._keymap]
        return ["digit" if key in (*DIGITS, "00") else key for key in keys]

    def due(self) -> float | None:
        """When the next key will have been down for too long."""
        since = [at for code, at in self._down.items() if code not in self._stuck]
        return min(since) + self._stuck_after if since else None

    def _is_stuck(self, code: int, now: float) -> bool:
        return now >= self._down[code] + self._stuck_after

    def _forget(self) -> None:
        self._down.clear()
        self._stuck.clear()


class _Keyboard:
    """One of the keyboards that are the keypad."""

    def __init__(
        self, name: str, keymaps: Keymaps, grab: bool, opener: Opener, reopen_after: float, stuck_after: float
    ) -> None:
        self._keymaps, self._grab, self._stuck_after = keymaps, grab, stuck_after
        self._device = InputDevice(name, self._prepare, opener, reopen_after, self._forget)
        self._event: asyncio.Future[Any] | None = None
        self.presses = Presses({})

    def coming(self) -> asyncio.Future[Any]:
        """Done when there is an event; it stays so until it is taken, whoever gave up waiting."""
        if self._event is None:
            self._event = asyncio.ensure_future(self._device.event())
        return self._event

    def taken(self) -> Any:
        """The event that has come, or None."""
        if self._event is None or not self._event.done():
            return None
        event, self._event = self._event.result(), None
        return event

    def let_go(self) -> None:
        """An event that has come and was not taken yet means nothing any more: nothing is down."""
        self._device.let_go()

    def take(self) -> None:
        self._device.take()

    def close(self) -> None:
        self._device.close()
        if self._event is not None:
            self._event.cancel()
            self._event = None

    def _prepare(self, source: Source) -> None:
        identity = identity_of(source)
        keymap = self._keymaps.of(identity)
        self.presses = Presses(keymap.keys, self._stuck_after)
        has_ours = not identity.keys or not identity.keys.isdisjoint(keymap.codes)
        if self._grab and has_ours:
            source.grab()

    def _forget(self) -> None:
        self.presses = Presses({})


class EvdevKeypad:
    """A Keypad port over one or several devices, named as drivers/input_device.py tells.

    `stuck` hears once of each key that is stuck, as Presses.stuck names it. `opener` is for tests: it gets the path or
    name and returns a Source.
    """

    def __init__(
        self,
        names: str | Iterable[str],
        keymap: Mapping[int, str] | Keymaps,
        grab: bool = True,
        *,
        stuck: Callable[[str], None] = lambda key: None,
        opener: Opener = open_keypad,
        reopen_after: float = REOPEN_AFTER,
        stuck_after: float = STUCK_AFTER,
    ) -> None:
        keymaps = keymap if isinstance(keymap, Keymaps) else Keymaps((), Keymap(keymap))
        places = [names] if isinstance(names, str) else list(names)
        self._keyboards = [_Keyboard(name, keymaps, grab, opener, reopen_after, stuck_after) for name in places]
        self._tell_stuck = stuck

    def __enter__(self) -> EvdevKeypad:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for keyboard in self._keyboards:
            keyboard.close()

    async def pressed(self) -> KeyPressed:
        """The next key; a keypad that is away, or let go, is waited for. The front's own keys fall away."""
        while True:
            happened = await self.happened()
            if isinstance(happened, KeyPressed):
                return happened

    async def happened(self) -> KeyPressed | FrontKey:
        """The next key, the front's own among them."""
        loop = asyncio.get_running_loop()
        while True:
            for keyboard in self._keyboards:
                event = keyboard.taken()
                key = event and keyboard.presses.on(event.type, event.code, event.value, loop.time())
                if key:
                    return KeyPressed(key) if key in KEYS else FrontKey(key)
            coming = {keyboard.coming() for keyboard in self._keyboards}
            await asyncio.wait(coming, timeout=self._until_stuck(loop.time()), return_when=asyncio.FIRST_COMPLETED)
            for keyboard in self._keyboards:
                for key in keyboard.presses.stuck(loop.time()):
                    self._tell_stuck(key)

    def let_go(self) -> None:
        """The vault may have it, at once; keys pressed from now on are not ours."""
        for keyboard in self._keyboards:
            keyboard.let_go()

    def take(self) -> None:
        """It is ours again."""
        for keyboard in self._keyboards:
            keyboard.take()

    def _until_stuck(self, now: float) -> float | None:
        due = [at for keyboard in self._keyboards if (at := keyboard.presses.due()) is not None]
        return max(0.0, min(due) - now) if due else None
