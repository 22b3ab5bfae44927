"""A bar code scanner that types like a keyboard (a wedge), over evdev. Law: one scan, one code; no card number, ever.

| event                                        | becomes                                              |
|----------------------------------------------|------------------------------------------------------|
| a key goes down                              | its character of the US layout, with or without shift |
| Enter                                        | the code is whole: CodeScanned                        |
| Enter, and the code may hold a card number   | nothing                                              |
| Enter, the code too long or events lost      | CodeScanned of "": it could not be read               |
| a pause within a code: pulled out, let go, a broken scan | what came before is forgotten            |
| any other key, a key held or let go          | nothing                                              |

It is grabbed while it is open, so that nobody else on this machine sees what is scanned. A scanner must be set to US
keyboard and to an Enter at the end, as they are delivered.
"""

from __future__ import annotations

import asyncio
import re
from types import TracebackType

from drivers.input_device import REOPEN_AFTER, InputDevice, Opener, Source, open_evdev
from drivers.stripe_keyboard import DOWN, EV_KEY, EV_SYN, LAYOUT, SHIFTS, SYN_DROPPED, UP
from terminal.events import CodeScanned
from terminal.swipe import has_check_digit

LONGEST = 256  # characters; a receipt's code has about fifty
BREAK = 0.5  # seconds between two characters of one code; a scanner takes some thousandths
CARD_DIGITS = range(13, 20)  # ISO/IEC 7812: what is shorter is no payment card of today
LOST = "\0"  # in place of what the kernel dropped
JOINED = re.compile(r"(?<=[0-9])[ -](?=[0-9])")  # a number may be written in groups
LONG_RUN = re.compile(r"[0-9]{13,}")


def may_be_card(code: str) -> bool:
    """Whether any 13 to 19 digits of it, in one run or in groups, have a card number's check digit.

    >>> may_be_card("PAN 6210 9400 0000 0003"), may_be_card("yuanlu:10000001:2026-11-23:091947145060:f8582d")
    (True, False)
    """
    return any(
        has_check_digit(run[start : start + size])
        for run in LONG_RUN.findall(JOINED.sub("", code))
        for size in CARD_DIGITS
        for start in range(len(run) - size + 1)
    )


def reported(code: str) -> CodeScanned | None:
    """What the core may hear of a scan; None: nothing. Printable ASCII is readable."""
    if len(code) > LONGEST or not (code.isascii() and code.isprintable()):
        return CodeScanned("")
    return None if may_be_card(code) else CodeScanned(code)


class TypedCode:
    """What a scanner has typed since its last Enter."""

    def __init__(self) -> None:
        self._shifts: set[int] = set()
        self._typed = ""

    @property
    def has_begun(self) -> bool:
        return bool(self._typed)

    def forget(self) -> None:
        """It has broken off."""
        self._shifts.clear()
        self._typed = ""

    def on(self, kind: int, code: int, value: int) -> str | None:
        """The whole code with its Enter; None before. An Enter alone is nothing."""
        if kind == EV_SYN and code == SYN_DROPPED:
            self.forget()
            self._typed = LOST
        elif kind == EV_KEY and code in SHIFTS:
            (self._shifts.discard if value == UP else self._shifts.add)(code)
        elif kind == EV_KEY and code in LAYOUT and value == DOWN:
            return self._add(LAYOUT[code][bool(self._shifts)], code)
        return None

    def _add(self, character: str, code: int) -> str | None:
        if character == "\r":
            whole, self._typed = self._typed, ""
            return whole or None
        plain = character if self._shifts else character.lower()
        self._typed = (self._typed + plain)[: LONGEST + 1]  # one too many says that it was too long
        return None


class EvdevScanner:
    """A Scanner port. `opener` is for tests: it gets the path or name and returns a Source."""

    def __init__(
        self,
        path_or_name: str,
        *,
        opener: Opener = open_evdev,
        reopen_after: float = REOPEN_AFTER,
        break_after: float = BREAK,
    ) -> None:
        self._typed, self._break_after = TypedCode(), break_after
        self._device = InputDevice(path_or_name, self._prepare, opener, reopen_after)

    def __enter__(self) -> EvdevScanner:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._device.close()

    async def scanned(self) -> CodeScanned:
        """The next code; a scanner that is away is waited for."""
        while True:
            try:
                async with asyncio.timeout(self._break_after if self._typed.has_begun else None):
                    event = await self._device.event()
            except TimeoutError:
                self._typed.forget()
                continue
            whole = self._typed.on(event.type, event.code, event.value)
            if whole is not None and (code := reported(whole)) is not None:
                return code

    def _prepare(self, source: Source) -> None:
        self._typed.forget()
        source.grab()
