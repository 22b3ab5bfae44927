"""A touch panel as the vault has it, where a cardholder types on glass. Law: a point becomes a key here, and only here.

| happens                                        | becomes                          |
|------------------------------------------------|----------------------------------|
| a finger set down and lifted in the same cell  | the key that this cell shows     |
| slid from one cell to another, or beside a cell | nothing                          |
| a finger that was there before the face        | nothing                          |
| the panel, or the front that shows the face, goes | PinpadLost                    |
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncIterator

from drivers.held_device import HOLD_SECONDS, HeldDevice, held_alone
from drivers.input_device import Opener, open_evdev
from drivers.touch import IDENTITY, Glass, Matrix, Mounting, Point
from terminal.events import KeyPressed
from terminal.pad_link import Chance, PadFace, PadLink
from terminal.ports import Keypad, PinpadLost

Place = tuple[int, int]  # x, y in pixels of the pad's panel


class EvdevSecretGlass:
    """A SecretKeypad port. With `chance` (secrets.randbelow) the digits stand elsewhere at every entry.

    `matrix` and `rotation` are those of the front's touch panel (drivers/touch.py): it is the same glass.
    """

    def __init__(
        self,
        path_or_name: str,
        front: PadLink,
        chance: Chance | None = None,
        *,
        matrix: Matrix = IDENTITY,
        rotation: int = 0,
        opener: Opener = open_evdev,
        seconds: float = HOLD_SECONDS,
    ) -> None:
        """Raises ValueError for a matrix or a rotation that cannot be."""
        self._mounting = Mounting(matrix, rotation)
        self._name, self._front, self._chance = path_or_name, front, chance
        self._opener, self._seconds = opener, seconds

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[Keypad]:
        """Entering raises PinpadLost: no panel, or no front shows the face (SecretKeypad port)."""
        async with (
            held_alone(self._name, self._opener, self._seconds) as device,
            self._front.faced(self._chance, self._seconds) as face,
        ):
            device.drain()  # a touch of what nobody had seen yet
            yield _HeldGlass(device, face, self._mounting)


class _HeldGlass:
    def __init__(self, device: HeldDevice, face: PadFace, mounting: Mounting) -> None:
        """Raises PinpadLost."""
        self._device, self._face = device, face
        face.when_gone = device.give_up
        try:
            self._glass = Glass(device, face.pad.width, face.pad.height, mounting)
        except OSError:
            raise PinpadLost("the panel has no axes") from None
        self._points: deque[Point] = deque()
        self._begun: Place | None = None
        self._last: Place = (0, 0)

    async def pressed(self) -> KeyPressed:
        """Raises PinpadLost."""
        while True:
            while self._points:
                if key := self._tapped(*self._points.popleft()):
                    return KeyPressed(key)
            event = await self._device.event()
            self._points.extend(self._glass.on(event.type, event.code, event.value))

    def _tapped(self, x: int, y: int, is_down: bool) -> str | None:
        if is_down:
            self._last = x, y
            self._begun = self._begun or self._last
            return None
        begun, self._begun = self._begun, None
        key = self._face.key_at(*begun) if begun else None
        return key if key == self._face.key_at(*self._last) else None
