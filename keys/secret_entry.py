"""What is typed where nobody sees it: a PIN, a component of a key. Law: of what is typed only the count goes out.

| key            | does                                                              |
|----------------|-------------------------------------------------------------------|
| 0-9, 00        | digits                                                            |
| func, then 1-6 | A-F, where a component is typed                                   |
| clear          | takes the last one away                                           |
| enter          | ends it, when there are enough; the count is told again otherwise |
| cancel         | EntryCancelled                                                    |
| (none in time) | EntryTimedOut                                                     |
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from terminal.events import DIGITS
from terminal.key_facts import SecretEntry
from terminal.ports import EntryCancelled, EntryTimedOut, Keypad, PinpadLost, SecretKeypad, Typed

Alphabet = Mapping[tuple[bool, str], str]  # (after func, key) -> what it types
PLAIN: Alphabet = {(False, digit): digit for digit in (*DIGITS, "00")}
NUMBERS: Alphabet = {**PLAIN, **{(True, digit): digit for _, digit in PLAIN}}  # func is no key of a PIN
HEX: Alphabet = {**PLAIN, **{(True, str(place)): letter for place, letter in enumerate("ABCDEF", 1)}}


async def typed_secret(pad: SecretKeypad | None, entry: SecretEntry, typed: Typed, alphabet: Alphabet = NUMBERS) -> str:
    """What was typed; "" when it was skipped. Raises EntryCancelled, EntryTimedOut, PinpadLost."""
    if pad is None:
        raise PinpadLost("the vault has no keypad: --keypad names it")
    async with pad.held() as keypad:
        typed(0)
        return await _until_confirmed(keypad, entry, typed, alphabet)


async def _until_confirmed(keypad: Keypad, entry: SecretEntry, typed: Typed, alphabet: Alphabet) -> str:
    so_far, is_after_func = "", False
    while True:
        key = await _key(keypad, entry.between_seconds if so_far else entry.first_seconds)
        if key == "cancel":
            raise EntryCancelled("cancelled")
        if key == "enter":
            if entry.least <= len(so_far) or (entry.may_skip and not so_far):
                return so_far
            typed(len(so_far))
        elif key == "clear" and so_far:
            so_far = so_far[:-1]
            typed(len(so_far))
        elif more := alphabet.get((is_after_func, key), "")[: entry.most - len(so_far)]:
            so_far += more
            typed(len(so_far))
        is_after_func = key == "func"


async def _key(keypad: Keypad, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            return (await keypad.pressed()).key
    except TimeoutError:
        raise EntryTimedOut("nobody typed") from None
