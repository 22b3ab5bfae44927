"""A keypad whose keys are known before, for the vault's side of typing."""

import asyncio
from contextlib import asynccontextmanager

from terminal.events import KeyPressed


class ScriptedKeypad:
    """SecretKeypad: types `keys` as soon as it is held, and then nothing."""

    def __init__(self, *keys):
        self.keys, self.held_times, self.is_held = list(keys), 0, False

    @asynccontextmanager
    async def held(self):
        self.held_times, self.is_held = self.held_times + 1, True
        try:
            yield self
        finally:
            self.is_held = False

    async def pressed(self):
        if not self.keys:
            await asyncio.Event().wait()
        return KeyPressed(self.keys.pop(0))


def typing(digits, end="enter"):
    """The keys of a hand that types `digits`, hexadecimal ones by func and 1 to 6."""
    keys = []
    for digit in digits:
        keys += [digit] if digit.isdecimal() else ["func", str("ABCDEF".index(digit) + 1)]
    return [*keys, end]
