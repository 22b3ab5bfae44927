"""The keypad as the vault has it, over evdev. Law: nobody else hears it while it is held; what was before is forgotten.

A key that is down when it is taken counts when it goes down again. What the keys mean is not known here.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping

from drivers.held_device import HOLD_SECONDS, HeldDevice, held_alone
from drivers.input_device import Opener
from drivers.keymap import Keymap, Keymaps
from drivers.keypad import Presses, open_keypad
from terminal.events import KeyPressed
from terminal.ports import Keypad


class EvdevSecretKeypad:
    """A SecretKeypad port. `keymap` as drivers/keymap.py has it, of one model or of several; `opener` is for tests."""

    def __init__(
        self,
        path_or_name: str,
        keymap: Mapping[int, str] | Keymaps,
        *,
        opener: Opener = open_keypad,
        seconds: float = HOLD_SECONDS,
    ) -> None:
        self._keymaps = keymap if isinstance(keymap, Keymaps) else Keymaps((), Keymap(keymap))
        self._name, self._opener, self._seconds = path_or_name, opener, seconds

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[Keypad]:
        """Entering raises PinpadLost (SecretKeypad port)."""
        async with held_alone(self._name, self._opener, self._seconds) as device:
            yield _HeldKeypad(device, Presses(self._keymaps.of(device.identity()).codes))


class _HeldKeypad:
    def __init__(self, device: HeldDevice, presses: Presses) -> None:
        self._device, self._presses = device, presses

    async def pressed(self) -> KeyPressed:
        """Raises PinpadLost when it is pulled out."""
        while True:
            event = await self._device.event()
            if key := self._presses.on(event.type, event.code, event.value):
                return KeyPressed(key)
